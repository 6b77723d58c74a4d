"""Look after the cache: what is in it, whether it is sound, and how to get rid of leftovers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xnnkit.archives.cache import Cache, remove_tree
from xnnkit.errors import Finding

_HASH = r"[0-9a-f]{64}"

# Folder (a pattern) -> what xnnkit calls its own there. XNNKIT_CACHE may name a folder with more in
# it, even one that has a folder called partial: what is called otherwise is never touched.
_LEFT = {
    "quarantine": rf"{_HASH}\.\d+",
    "partial": rf"({_HASH}|[0-9a-f]{{40}}|list-r\d+[a-z]?|gone)\..+",
}
_MADE = {
    "sha256/??": _HASH,
    "tree": rf"{_HASH}-.*",
    "accepted": _HASH,
    "patches": _HASH,
    "plugins": r"count-\d+-[0-9a-f]{16}\.so|zig-[0-9a-f]{16}|\.(count|zig)-.+",
    # rules/private/zig_sysroot.bzl and python_command.sh
    "sysroot": rf"(aarch64|x86_64)-{_HASH}-\d+(\.partial\.\d+)?",
    "python": rf"{_HASH}|\.new\.\w{{6}}",
    # Debian's, unpacked, and the results that Bazel keeps.
    "bazel": r"debian-.+-\d+\.\d+\.\d+",
    "bazel/disk/ac/??": _HASH,
    "bazel/disk/cas/??": _HASH,
    "bazel/disk/tmp": r"[0-9a-f-]{36}",
    "": r"stamp\.key",
}

_NAMED = re.compile(_HASH)
_OF_ARCHIVES = ("quarantine", "partial", "sha256", "tree", "accepted")


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

    What a running fetch is working on stays: its lock is held. So do locks, since who waits for one
    has its file open.

    Args:
        cache: which.
        everything: remove all else that xnnkit made there, too: files, patches, what zig built,
            Bazel, and the results that Bazel keeps.
    """
    import filelock

    freed = 0
    with cache.writing():
        for place in _places(cache, _LEFT | (_MADE if everything else {})):
            lock = _lock(cache, place)
            lock.parent.mkdir(parents=True, exist_ok=True)
            try:
                with filelock.FileLock(lock, timeout=0):
                    freed += _remove(cache, place)
            except filelock.Timeout:
                continue
    return freed


def _places(cache: Cache, named: Mapping[str, str]) -> Iterator[Path]:
    for pattern, names in named.items():
        for folder in sorted(cache.root.glob(pattern)) if pattern else [cache.root]:
            if folder.is_dir():
                yield from sorted(one for one in folder.iterdir() if re.fullmatch(names, one.name))


def _lock(cache: Cache, place: Path) -> Path:
    """Return the lock of whoever would be making what is there."""
    if place.parent == cache.root / "bazel":
        return place.with_name(f"{place.name}.lock")
    return cache.root / "locks" / (_name(cache, place) or "clean")


def _remove(cache: Cache, place: Path) -> int:
    """Remove a file or folder and return its bytes. No half of a folder is left to be used."""
    size = _bytes(place)
    if place.is_dir() and not place.is_symlink() and place.parent != cache.partial:
        gone = cache.partial / f"gone.{os.getpid()}.{place.name}"
        cache.partial.mkdir(exist_ok=True)
        with suppress(OSError):  # it is on another disk
            place = place.rename(gone)
    remove_tree(place)
    return size - (_bytes(place) if os.path.lexists(place) else 0)


def _name(cache: Cache, place: Path) -> str:
    """Return the sha256 of the archive that it belongs to; "" for what is no archive's."""
    match = _NAMED.match(place.name)
    folder = place.relative_to(cache.root).parts[0]
    return match[0] if match and folder in _OF_ARCHIVES else ""


def _bytes(place: Path) -> int:
    files = place.rglob("*") if place.is_dir() and not place.is_symlink() else [place]
    return sum(file.lstat().st_size for file in files if file.is_file() or file.is_symlink())
