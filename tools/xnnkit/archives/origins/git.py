"""The ``git`` origin: the host's archive, made again from a repository.

From a clone under the git root; without one, from the host's repository itself, of which only the
commit and the wanted paths are fetched.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from xnnkit.archives import regenerate, remote
from xnnkit.archives.cache import remove_tree
from xnnkit.archives.http import Tick, Unreachable
from xnnkit.archives.origins.place import Place
from xnnkit.archives.stream import Digest
from xnnkit.errors import BadInput
from xnnkit.profile import GitOrigin

MIRROR = "XNNKIT_GIT_MIRROR"
"""The variable with a base URL that stands in for every host."""


def obtain(
    origin: GitOrigin, commit: str, place: Place, bound: int, tick: Tick
) -> tuple[Path, Digest]:
    """Make the origin's file from its repository; see `xnnkit.archives.origins.obtain`."""
    cache = place.cache
    part = cache.scratch(origin.sha256, "git")
    with cache.scratch_dir(origin.sha256, "gitdir") as scratch, cache.writing():

        def make(source: Path) -> tuple[Path, Digest]:
            return part, regenerate.archive(
                source, origin, commit, part, scratch, bound=bound, tick=tick
            )

        try:
            return make(_clone(origin, place))
        except Unreachable as error:
            first = error
        # Swept away with the other parts once the archive is in the cache.
        store = cache.scratch(origin.sha256, "store.part")
        try:
            remote.fill(store, address(origin), commit, origin.paths, scratch, place.net, tick=tick)
            try:
                return make(store)
            except Unreachable:
                remove_tree(store)  # the next run starts anew
                raise
        except Unreachable as second:
            fixes = [fix for fix in (first.fix, second.fix) if fix]
            raise Unreachable(f"{first.reason}; {second.reason}", "\n".join(fixes)) from second


def address(origin: GitOrigin) -> str:
    """Return the URL of the origin's repository.

    Raises:
        BadInput: XNNKIT_GIT_MIRROR is no URL.
    """
    base = os.environ.get(MIRROR, "")
    if not base:
        return origin.url or f"https://github.com/{origin.repository}"
    if not re.fullmatch(r"(https?|file)://[!-~]+", base):
        raise BadInput(
            f"{MIRROR} is no address of repositories: {base!r}",
            why="it must start with https://, http:// or file://, without blanks",
            fix=f"export {MIRROR}=https://HOST/PATH    (OWNER/NAME is put behind it)",
        )
    return f"{base.rstrip('/')}/{origin.repository}"


def _clone(origin: GitOrigin, place: Place) -> Path:
    if place.git_root is None:
        raise Unreachable("no git root is set", "export XNNKIT_GIT_ROOT=FOLDER OF CLONES")
    clone = regenerate.find_clone(place.git_root, origin.repository)
    if clone is None:
        raise Unreachable(
            f"no clone of {origin.repository} under {place.git_root}",
            f"git clone --bare {address(origin)} {place.git_root / origin.repository}.git",
        )
    return clone
