"""`cc_proto_library`, built into Bazel."""

cc_proto_library = native.cc_proto_library
