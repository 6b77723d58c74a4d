"""The rules for protocol buffers that are built into Bazel before version 8."""

load("//proto:native.bzl", "NativeProtoInfo")

ProtoInfo = NativeProtoInfo
proto_lang_toolchain = native.proto_lang_toolchain
proto_library = native.proto_library
