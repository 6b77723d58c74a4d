"""`cc_binary`, built into Bazel."""

cc_binary = native.cc_binary
