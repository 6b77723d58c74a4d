"""A rule that Bazel's own packages load; nothing here documents anything."""

def bzl_library(**_kwargs):
    pass
