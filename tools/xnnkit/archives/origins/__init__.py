"""Origins: one module for each way to get a file's bytes. `obtain` picks the module.

An origin hands over what it got, judged by nobody yet, or raises `Unreachable`: then the next one
is tried. Belongs here: how to reach the place, and nothing about hashes or trees.
"""

from __future__ import annotations

from pathlib import Path

from xnnkit.archives.http import Net, Tick, Unreachable
from xnnkit.archives.origins.place import Place
from xnnkit.archives.stream import Digest
from xnnkit.profile import DebianOrigin, GitOrigin, HttpOrigin, Origin, PypiOrigin

__all__ = ["Net", "Place", "Tick", "Unreachable", "obtain"]


def obtain(
    origin: Origin, commit: str, place: Place, *, bound: int, tick: Tick
) -> tuple[Path, Digest]:
    """Get the origin's file into the cache's ``partial/``.

    Args:
        origin: what to get; the caller holds the lock of its sha256.
        commit: the archive's commit, "" for a toolchain.
        place: where things are.
        bound: bytes at most.
        tick: told the bytes that are there so far.

    Returns:
        The file and what it is; nothing is verified.

    Raises:
        Unreachable: it cannot be had from there now.
        TooLong: it is larger than ``bound``.
        Stopped: the work ended meanwhile.
    """
    if isinstance(origin, HttpOrigin):
        from xnnkit.archives.origins import http

        return http.obtain(origin, place, bound, tick)
    if isinstance(origin, GitOrigin):
        from xnnkit.archives.origins import git

        return git.obtain(origin, commit, place, bound, tick)
    if isinstance(origin, DebianOrigin):
        from xnnkit.archives.origins import debian

        return debian.obtain(origin, place, bound, tick)
    assert isinstance(origin, PypiOrigin)
    from xnnkit.archives.origins import pypi

    return pypi.obtain(origin, place, bound, tick)
