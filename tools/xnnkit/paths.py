"""Where things live: the project's data beside the package, the user's cache, the clones; and where
a path leads."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from xnnkit.errors import BadEnvironment, BadInput


def home() -> Path:
    """Return the directory that holds ``profiles/``, ``patches/``, ``rules/``, ``benchmarks/``.

    ``XNNKIT_HOME`` if set; the checkout that this package stands in; else the data shipped inside
    the installed package.

    Raises:
        BadEnvironment: none of them holds a ``profiles`` folder.
    """
    here = Path(__file__).resolve()
    candidates = [here.parents[2], here.parent / "data"]
    if override := os.environ.get("XNNKIT_HOME"):
        candidates = [Path(override)]
    for candidate in candidates:
        if (candidate / "profiles").is_dir():
            return candidate
    raise BadEnvironment(
        "xnnkit cannot find its own data",
        where=", ".join(str(c) for c in candidates),
        why="profiles, patches, rules and the benchmark are read from there",
        fix="unset XNNKIT_HOME, or point it at a checkout of xnnkit",
    )


def cache_dir() -> Path:
    """Return the user's cache directory: ``XNNKIT_CACHE`` or the platform's own (XDG on Linux)."""
    if override := os.environ.get("XNNKIT_CACHE"):
        return Path(override).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("xnnkit"))


def git_root() -> Path | None:
    """Return the folder of clones that ``git`` origins are made from (``XNNKIT_GIT_ROOT``)."""
    value = os.environ.get("XNNKIT_GIT_ROOT", "")
    return Path(value).expanduser().absolute() if value else None


def is_inside(path: Path, root: Path) -> bool:
    """Tell whether a path lies in a folder, links followed; no path does that goes in a ring."""
    return not _is_ring(path) and path.resolve().is_relative_to(root.resolve())


def refuse_lost(folder: Path) -> None:
    """Refuse a folder to write to that is a link to nothing or to itself.

    Raises:
        BadInput: its links lead in a ring, or it is a link to what is not there.
    """
    ring = _is_ring(folder)
    if ring or (folder.is_symlink() and not folder.exists()):
        raise BadInput(
            f"a link leads {'to itself' if ring else 'nowhere'}",
            where=str(folder),
            why="nothing can be written there",
            fix="remove the link, or name another folder",
        )


def _is_ring(path: Path) -> bool:
    try:
        os.stat(path)
    except OSError as error:
        return error.errno == errno.ELOOP
    return False
