"""`cc_test`, built into Bazel."""

cc_test = native.cc_test
