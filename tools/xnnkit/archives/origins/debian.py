"""The ``debian`` origin: a file of the pool of the machine's own Debian mirror."""

from __future__ import annotations

from pathlib import Path

from xnnkit.archives.http import Tick, Unreachable
from xnnkit.archives.origins import http
from xnnkit.archives.origins.place import Place
from xnnkit.archives.stream import Digest
from xnnkit.profile import DebianOrigin


def obtain(origin: DebianOrigin, place: Place, bound: int, tick: Tick) -> tuple[Path, Digest]:
    """Download the origin's file from the first mirror that has it; see `origins.obtain`."""
    if not place.mirrors:
        raise Unreachable(
            "apt knows no Debian mirror here", "export XNNKIT_DEBIAN_MIRROR=URL of a Debian mirror"
        )
    reasons: dict[str, None] = {}
    for mirror in place.mirrors:
        try:
            return http.get(mirror + origin.path, origin, place, bound, tick)
        except Unreachable as error:
            reasons[error.reason] = None
    raise Unreachable("; ".join(reasons))
