"""The local module registry for Debian's Bazel, which brings its rule sets as directories.

Modules that Debian ships are overridden with their directory. The rest of the graph of
``bazel_tools`` is named but never loaded by a C++ build; for those a MODULE.bazel is enough. Only
``bazel mod`` loads one of them, buildozer, even where it does not run it: that one is a stand-in.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

# Apparent module name -> directory under /usr/share/bazel.
SHIPPED = {
    "bazel_features": "tools/features",
    "bazel_skylib": "tools/skylib",
    "platforms": "tools/platforms",
    "rules_cc": "rules/cc",
    "rules_java": "rules/java",
    "rules_license": "rules/license",
    "rules_proto": "rules/proto",
    "rules_python": "rules/python",
}

# Below the registry; the folder of modules that have more than a MODULE.bazel.
STAND_INS = "stand_ins"

_BUILDOZER = '''"""Stands in for buildozer, which Debian lacks and only `bazel mod tidy` runs."""

def _program_impl(rctx):
    rctx.file("BUILD.bazel", 'exports_files(["buildozer.exe"])')
    rctx.file("buildozer.exe", """#!/bin/sh
echo >&2 "buildozer is not part of Debian's Bazel: 'bazel mod tidy' needs an upstream Bazel"
exit 1
""")

_program = repository_rule(implementation = _program_impl)

buildozer_binary = module_extension(
    implementation = lambda mctx: _program(name = "buildozer_binary"),
)
'''

_DEP = re.compile(r'bazel_dep\(\s*name\s*=\s*"([^"]+)"\s*,\s*version\s*=\s*"([^"]+)"([^)]*)\)')


def named_modules(share: Path) -> set[tuple[str, str]]:
    """Return (name, version) of every module that Bazel's own modules name but Debian lacks.

    Args:
        share: the unpacked ``/usr/share/bazel``.
    """
    found: set[tuple[str, str]] = set()
    for directory in ["embedded_tools", *SHIPPED.values()]:
        text = (share / directory / "MODULE.bazel").read_text()
        for name, version, rest in _DEP.findall(text):
            if name not in SHIPPED and "dev_dependency" not in rest:
                found.add((name, version))
    return found


def write(root: Path, share: Path) -> None:
    """Write the registry, or write it again where an older xnnkit made another one.

    Args:
        root: directory to make, in the form that ``--registry=file://ROOT`` wants.
        share: the unpacked ``/usr/share/bazel``.
    """
    buildozer = root / STAND_INS / "buildozer"
    buildozer.mkdir(parents=True, exist_ok=True)
    (buildozer / "REPO.bazel").write_text("")
    (buildozer / "BUILD.bazel").write_text("")
    (buildozer / "buildozer_binary.bzl").write_text(_BUILDOZER)
    (root / "bazel_registry.json").write_text(json.dumps({"module_base_path": STAND_INS}) + "\n")
    for name, version in sorted(named_modules(share)):
        folder = root / "modules" / name / version
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "MODULE.bazel").write_text(f'module(name = "{name}", version = "{version}")\n')
        # Only a repository that is loaded is looked for, and of these only the stand-ins are.
        source = {"type": "local_path", "path": name}
        (folder / "source.json").write_text(json.dumps(source) + "\n")


def bazelrc(registry: Path) -> str:
    """Return the rc file that makes Debian's Bazel use its own rule sets and this registry."""
    # Whether MODULE.bazel or WORKSPACE counts is for the workspace's own .bazelrc to say: this file
    # is read after it and would have the last word.
    lines = [f"common --registry=file://{registry}"]
    lines += [
        f"common --override_module={name}=/usr/share/bazel/{directory}"
        for name, directory in SHIPPED.items()
    ]
    return "\n".join(lines) + "\n"
