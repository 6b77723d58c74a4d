"""`zig_repository`, `zig_sysroot`, `zig_toolchains`: the zig toolchain for a WORKSPACE.

A MODULE.bazel uses `//rules/toolchains/zig:extensions.bzl`.
"""

load(
    "//rules/private:zig_repository.bzl",
    _zig_repository = "zig_repository",
    _zig_toolchains = "zig_toolchains",
)
load("//rules/private:zig_sysroot.bzl", _zig_sysroot = "zig_sysroot")

zig_repository = _zig_repository
zig_sysroot = _zig_sysroot
zig_toolchains = _zig_toolchains
