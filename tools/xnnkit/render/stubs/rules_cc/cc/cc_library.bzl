"""`cc_library`, built into Bazel."""

cc_library = native.cc_library
