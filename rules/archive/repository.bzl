"""`archive`: a repository from the first of several origins that can be had, verified by sha256.

Beside it `alias_repository`, whose targets stand for another repository's by flavour, and
`stub_repository`, which has nothing but what load() wants. Usable from a WORKSPACE; a MODULE.bazel
uses `//rules/archive:extensions.bzl`.
"""

load(
    "//rules/private:alias_repository.bzl",
    _alias_repository = "alias_repository",
    _stub_repository = "stub_repository",
)
load("//rules/private:archive_repository.bzl", _archive = "archive", _origin = "origin")

alias_repository = _alias_repository
archive = _archive
origin = _origin
stub_repository = _stub_repository
