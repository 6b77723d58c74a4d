"""Patch sets: anchored edits of one archive's tree, rendered to unified diffs.

model (load, validate) -> anchor (where) -> apply (what the tree becomes) -> diff, render (the
file that ``git apply``, ``patch`` and Bazel take) -> check, explain.

Nothing of the edited project is committed: an edit names a place by a regular expression and brings
our own words. An anchor that does not match as often as the edit says is an error, never a guess.
"""
