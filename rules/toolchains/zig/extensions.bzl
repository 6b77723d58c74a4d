"""`zig`: the module extension that declares the zig toolchain in a MODULE.bazel."""

load("//rules/private:zig_extension.bzl", _zig = "zig")

zig = _zig
