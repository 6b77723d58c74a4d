"""Look after the cache: what is in it, whether it is sound, and how to get rid of leftovers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from xnnkit.archives.cache import Cache, remove_tree
from xnnkit.errors import Finding

# "sysroot" is the repository rules' (rules/private/zig_sysroot.bzl).
_KEPT = ["sha256", "tree", "accepted", "sysroot"]

_NAMED = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Inventory:
    """What a cache holds."""

    root: Path
    blobs: int
    blob_bytes: int
    accepted: int
    """Files that were accepted by tree."""
    leftover_bytes: int
    """Bytes of interrupted downloads and of files that were moved aside."""

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON-ready object."""
        return {**self.__dict__, "root": str(self.root)}


def inventory(cache: Cache) -> Inventory:
    """Count what the cache holds; nothing is verified."""
    found = blobs(cache)
    return Inventory(
        root=cache.root,
        blobs=len(found),
        blob_bytes=sum(blob.stat().st_size for blob in found),
        accepted=len(list((cache.root / "accepted").glob("*"))),
        leftover_bytes=sum(_bytes(cache.root / name) for name in ("partial", "quarantine")),
    )


def blobs(cache: Cache) -> list[Path]:
    """Return every file of the cache, sorted."""
    return sorted((cache.root / "sha256").glob("??/*"))


def check(cache: Cache, *, repair: bool = False) -> list[Finding]:
    """Verify the bytes of every file in the cache; return what is wrong.

    Args:
        cache: which.
        repair: move each damaged file to ``quarantine/``, so that the next fetch gets it again.

    Raises:
        BadEnvironment: repairing, the cache cannot be written.
    """
    wrong = []
    for blob in blobs(cache):
        try:
            cache.get(blob.name)
        except Finding as finding:
            wrong.append(finding)
            if repair:
                cache.quarantine(blob.name)
    return wrong


def clean(cache: Cache, *, everything: bool = False) -> int:
    """Remove interrupted downloads and files that were moved aside; return the bytes freed.

    What a running fetch is working on stays: its lock is held.

    Args:
        cache: which.
        everything: remove the verified files, the notes on trees, what was accepted and the
            libraries that zig built, too.
    """
    import filelock

    freed = 0
    folders = ["quarantine", "partial"] + (_KEPT if everything else [])
    with cache.writing():
        for folder in folders:
            pattern = "??/*" if folder == "sha256" else "*"
            for place in sorted((cache.root / folder).glob(pattern)):
                lock = cache.root / "locks" / (_name(place) or "clean")
                lock.parent.mkdir(parents=True, exist_ok=True)
                try:
                    with filelock.FileLock(lock, timeout=0):
                        size = _bytes(place)
                        remove_tree(place)
                        freed += size
                except filelock.Timeout:
                    continue
    return freed


def _name(place: Path) -> str:
    match = _NAMED.match(place.name)
    return match[0] if match else ""


def _bytes(place: Path) -> int:
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.lstat().st_size for file in files if file.is_file() or file.is_symlink())
