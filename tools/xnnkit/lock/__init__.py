"""Keeping pins fresh: move one archive of a profile to another commit, and find what is not pinned.

``update`` writes a hash only when the bytes and the tree of the commit agree. ``audit`` reads
WORKSPACE files, MODULE.bazel, .bzl files and profiles, and never runs one: Starlark is parsed
(``starlark``), what is declared is collected (``declared``), addresses are judged (``addresses``).

Recording a release of the NDK is `xnnkit.ndk.lock`.
"""
