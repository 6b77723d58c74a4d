"""The C++ rules that are built into Bazel before version 8."""

cc_binary = native.cc_binary
cc_library = native.cc_library
cc_proto_library = native.cc_proto_library
cc_test = native.cc_test
objc_library = native.objc_library
