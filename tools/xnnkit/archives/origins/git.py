"""The ``git`` origin: the host's archive, made again from a clone under the git root."""

from __future__ import annotations

from pathlib import Path

from xnnkit.archives import regenerate
from xnnkit.archives.http import Tick, Unreachable
from xnnkit.archives.origins.place import Place
from xnnkit.archives.stream import Digest
from xnnkit.profile import GitOrigin


def obtain(
    origin: GitOrigin, commit: str, place: Place, bound: int, tick: Tick
) -> tuple[Path, Digest]:
    """Make the origin's file from its clone; see `xnnkit.archives.origins.obtain`."""
    if place.git_root is None:
        raise Unreachable("no git root is set", "export XNNKIT_GIT_ROOT=FOLDER OF CLONES")
    clone = regenerate.find_clone(place.git_root, origin.repository)
    if clone is None:
        raise Unreachable(
            f"no clone of {origin.repository} under {place.git_root}",
            f"git clone --bare URL {place.git_root / origin.repository}.git",
        )
    part = place.cache.scratch(origin.sha256, "git")
    with place.cache.scratch_dir(origin.sha256, "gitdir") as scratch, place.cache.writing():
        return part, regenerate.archive(
            clone, origin, commit, part, scratch, bound=bound, tick=tick
        )
