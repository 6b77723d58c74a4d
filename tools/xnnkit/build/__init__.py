"""From a profile to proved binaries: fetch, render, one Bazel invocation, ELF proof, manifest.

``prepare`` makes the workspace, ``invoke`` runs Bazel in it, ``manifest`` writes ``build.json``,
``stamp`` tells that nothing changed, ``explain`` says which actions ran and which were shared.
"""
