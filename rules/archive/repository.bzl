"""`archive`: a repository from the first of several origins that can be had, verified by sha256.

Usable from a WORKSPACE; a MODULE.bazel uses `//rules/archive:extensions.bzl`.
"""

load("//rules/private:archive_repository.bzl", _archive = "archive", _origin = "origin")

archive = _archive
origin = _origin
