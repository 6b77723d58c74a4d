"""Where an origin works: the cache it fills, the clones and the connections it may use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from xnnkit import apt
from xnnkit.archives.cache import Cache
from xnnkit.archives.http import Net


@dataclass(frozen=True)
class Place:
    """What every origin is given."""

    cache: Cache
    net: Net
    git_root: Path | None
    """The folder of clones, None for none."""

    @cached_property
    def mirrors(self) -> list[str]:
        """Base URLs of the machine's Debian mirrors; apt is asked once."""
        return apt.mirrors()
