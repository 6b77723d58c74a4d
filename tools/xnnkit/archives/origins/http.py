"""The ``http`` origin: a file at a fixed URL."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from xnnkit.archives.http import Tick, download
from xnnkit.archives.origins.place import Place
from xnnkit.archives.stream import Digest
from xnnkit.profile import DebianOrigin, HttpOrigin


def obtain(origin: HttpOrigin, place: Place, bound: int, tick: Tick) -> tuple[Path, Digest]:
    """Download the origin's file; see `xnnkit.archives.origins.obtain`."""
    return get(origin.url, origin, place, bound, tick)


def get(
    url: str, origin: HttpOrigin | DebianOrigin, place: Place, bound: int, tick: Tick
) -> tuple[Path, Digest]:
    """Download ``url``, continuing what an earlier attempt at the same URL left."""
    suffix = sha256(url.encode()).hexdigest()[:8] + ".part"
    part = place.cache.scratch(origin.sha256, suffix)
    want = Digest(origin.sha256, origin.size)
    with place.cache.writing():
        return part, download(url, part, want, place.net, bound=bound, tick=tick)
