"""`CcInfo`, built into Bazel."""

load("//cc:native.bzl", "NativeCcInfo")

CcInfo = NativeCcInfo
