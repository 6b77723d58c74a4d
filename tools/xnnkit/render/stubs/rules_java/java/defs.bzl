"""The Java rules that are built into Bazel before version 8; nothing here builds with them."""

java_binary = native.java_binary
java_library = native.java_library
java_lite_proto_library = native.java_lite_proto_library
java_proto_library = native.java_proto_library
java_test = native.java_test
