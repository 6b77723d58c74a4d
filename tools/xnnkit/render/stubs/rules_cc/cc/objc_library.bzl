"""`objc_library`, built into Bazel."""

objc_library = native.objc_library
