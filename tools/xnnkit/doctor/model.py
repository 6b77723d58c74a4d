"""A need and the places it is looked for in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Need:
    """One thing that is needed.

    Args:
        name: short, such as ``git``.
        ok: whether the machine has it.
        required: without it a build cannot work; otherwise it only makes more possible.
        found: what was seen.
        fix: one line to paste, "" when nothing is to be done.
    """

    name: str
    ok: bool
    required: bool
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Places:
    """Where this xnnkit would write and look.

    Args:
        cache: the cache directory.
        output: the directory that workspaces and results go to.
        git_root: the folder of clones, None when not configured.
    """

    cache: Path
    output: Path
    git_root: Path | None = None
