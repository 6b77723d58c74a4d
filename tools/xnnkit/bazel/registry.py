"""The local module registry for Debian's Bazel, which brings its rule sets as directories.

Modules that Debian ships are overridden with their directory. The rest of the graph of
``bazel_tools`` is named but never loaded by a C++ build; for those a MODULE.bazel is enough.
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
    """Write the registry.

    Args:
        root: directory to make, in the form that ``--registry=file://ROOT`` wants.
        share: the unpacked ``/usr/share/bazel``.
    """
    root.mkdir(parents=True)
    (root / "bazel_registry.json").write_text("{}\n")
    for name, version in sorted(named_modules(share)):
        folder = root / "modules" / name / version
        folder.mkdir(parents=True)
        (folder / "MODULE.bazel").write_text(f'module(name = "{name}", version = "{version}")\n')
        # Only a repository that is loaded is looked for, and none of these is.
        source = {"type": "local_path", "path": f"/usr/share/bazel/absent/{name}"}
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
