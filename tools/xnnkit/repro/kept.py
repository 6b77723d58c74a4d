"""What a cache had for a build to take: results of Bazel's actions, and zig's libraries."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def state(cache: Path, disk_cache: Path) -> dict[str, Any]:
    """Return what is in it now, JSON-ready.

    Args:
        cache: xnnkit's.
        disk_cache: Bazel's.

    Returns:
        ``results``, how many actions the disk cache knows, and ``libraries``, the targets whose
        libraries zig has compiled, with what they were compiled by.
    """
    return {
        "results": sum(len(files) for _, _, files in os.walk(disk_cache / "ac")),
        "libraries": sorted(
            path.name
            for path in (cache / "sysroot").glob("*")
            if path.is_dir() and ".partial" not in path.name
        ),
    }
