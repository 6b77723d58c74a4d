"""Tell, from file sizes and times alone, that nothing changed since the last build.

A no-op ``xnnkit build`` should cost little more than a no-op ``bazel build``: verifying, rendering
and proving again what is untouched would be most of its time. Only the standard library is
imported here. A file that changed without a change of size, time or inode is the one thing this
does not see; ``--no-stamp`` and ``xnnkit verify`` do.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

NAME = "stamp.json"


def _fact(path: str) -> list[int] | None:
    try:
        seen = os.stat(path)
    except OSError:
        return None
    # A directory's time changes when an entry comes or goes; its size is the file system's affair.
    size = -1 if os.path.isdir(path) else seen.st_size
    return [size, seen.st_mtime_ns, seen.st_ino]


def facts(paths: Iterable[str]) -> dict[str, list[int] | None]:
    """Return size, time and inode of each file, or None for one that is not there."""
    return {path: _fact(path) for path in sorted(set(paths))}


def watched(roots: Iterable[Path]) -> list[str]:
    """Return every file and folder below ``roots``, themselves included, but no bytecode."""
    found: list[str] = []
    for root in roots:
        found.append(str(root))
        if not root.is_dir():
            continue
        for folder, names, files in os.walk(root):
            names[:] = sorted(name for name in names if name != "__pycache__")
            found += [os.path.join(folder, name) for name in [*names, *sorted(files)]]
    return found


def write(out: Path, key: dict[str, Any], paths: Iterable[str], result: dict[str, Any]) -> None:
    """Remember that ``result`` came from ``key`` with these files as they are now.

    Args:
        out: the build's output directory.
        key: everything of the request that decides the result, JSON-ready.
        paths: files and folders whose change makes the result stale.
        result: what ``read`` returns while nothing changed.
    """
    data = {
        "schema_version": 1,
        "key": key,
        "files": facts(paths),
        "result": result,
    }
    partial = out / f".{NAME}.{os.getpid()}"
    partial.write_text(json.dumps(data))
    os.replace(partial, out / NAME)


def read(out: Path, key: dict[str, Any]) -> dict[str, Any] | None:
    """Return the remembered result, or None when there is none or anything changed.

    Args:
        out: the build's output directory.
        key: as given to ``write``.
    """
    try:
        data = json.loads((out / NAME).read_text())
        if data["schema_version"] != 1 or data["key"] != key:
            return None
        if all(_fact(path) == fact for path, fact in data["files"].items()):
            result: dict[str, Any] = data["result"]
            return result
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None


def rebuild(out: Path, key: dict[str, Any]) -> dict[str, Any] | None:
    """Run the last build's Bazel command again and return its manifest, if nothing else changed.

    Bazel itself still decides whether an action must run. None means: go the whole way.

    Args:
        out: the build's output directory.
        key: as given to ``write``.
    """
    result = read(out, key)
    if result is None:
        return None
    code = subprocess.call(
        result["argv"],
        cwd=result["workspace"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if code or facts(result["outputs"]) != result["outputs"]:
        return None
    manifest: dict[str, Any] = json.loads((out / "build.json").read_text())
    return manifest
