"""`ndk_repository`, `ndk_toolchains`: the NDK toolchain for a WORKSPACE.

A MODULE.bazel uses `//rules/toolchains/ndk:extensions.bzl`. `origin` is in
`//rules/archive:repository.bzl`.
"""

load(
    "//rules/private:ndk_repository.bzl",
    _ndk_repository = "ndk_repository",
    _ndk_toolchains = "ndk_toolchains",
)

ndk_repository = _ndk_repository
ndk_toolchains = _ndk_toolchains
