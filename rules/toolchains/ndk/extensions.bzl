"""`ndk`: the module extension that declares the NDK toolchain in a MODULE.bazel."""

load("//rules/private:ndk_extension.bzl", _ndk = "ndk")

ndk = _ndk
