"""Programs of Debian testing for tests: unpacked into the cache, never installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock
from xnnkit import apt, paths
from xnnkit.errors import BadEnvironment

SUITE = "testing"


def unpacked(name: str, packages: Sequence[str]) -> Path:
    """Return the folder that packages and all they depend on are unpacked in; kept for later runs.

    Args:
        name: what the folder is for, a plain word.
        packages: Debian's names of them.

    Raises:
        BadEnvironment: this is no x86-64 machine, or the mirror does not have them.
    """
    if os.uname().machine != "x86_64":
        raise BadEnvironment("this is no x86-64 machine")
    root = paths.cache_dir() / "tests" / f"{name}-{SUITE}"
    root.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{root}.lock"):
        if not (root / "READY").is_file():
            shutil.rmtree(root, ignore_errors=True)
            state = root / "apt"
            apt.PrivateApt(state, SUITE, "amd64").unpack(packages, root)
            shutil.rmtree(state)
            (root / "READY").touch()
    return root
