"""Unpack an archive safely: what could harm is refused by name, before it is written.

Kept: contents, the owner's execute bit, symlinks that stay inside. Dropped: owners, times, every
other bit. Links are made last, so that no member can be written through one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from xnnkit.archives import readers
from xnnkit.archives.members import Gate, Limits, Member, refuse
from xnnkit.errors import BadInput
from xnnkit.profile import Format

__all__ = ["Limits", "unpack"]

_CHUNK = 1 << 20
_SUFFIXES = {"tar.gz": "gz", "tar.xz": "xz"}


def unpack(
    blob: Path,
    fmt: Format,
    dest: Path,
    *,
    strip_prefix: str,
    limits: Limits | None = None,
    name: str = "",
) -> None:
    """Unpack ``blob`` into ``dest``.

    Args:
        blob: the file.
        fmt: ``zip``, ``tar.gz``, ``tar.xz``, ``deb`` (its data.tar) or ``whl``.
        dest: a directory that is empty or does not exist yet.
        strip_prefix: the folder in the archive whose contents are wanted; "" for all.
        limits: bounds on count, depth and size; `Limits()` when None.
        name: what to call the file in refusals; the blob's path when "".

    Raises:
        Finding: a member is refused, or the file is not what ``fmt`` says.
        BadInput: ``dest`` holds something.
    """
    limits = limits or Limits()
    name = name or str(blob)
    if dest.exists() and any(dest.iterdir()):
        raise BadInput("the directory to unpack into is not empty", where=str(dest))
    dest.mkdir(parents=True, exist_ok=True)
    allowance = limits.allowance(blob.stat().st_size)
    gate = Gate(name, limits, strip_prefix)
    writer = _Writer(dest, gate, name, allowance)
    try:
        with blob.open("rb") as file, _members(file, fmt, allowance, name) as members:
            for member in members:
                writer.add(member)
    except readers.BROKEN as error:
        refuse(name, "", f"it is no sound {fmt} file: {error}", "it is cut off or damaged")
    writer.link(gate.finish())


@contextmanager
def _members(file: BinaryIO, fmt: Format, allowance: int, name: str) -> Iterator[Iterator[Member]]:
    if fmt in ("zip", "whl"):
        yield readers.zip_members(file)
        return
    packed, suffix = (file, _SUFFIXES[fmt]) if fmt != "deb" else readers.deb_data(file, name)
    with readers.decompressed(packed, suffix) as stream:
        yield readers.tar_members(stream, allowance, name)


class _Writer:
    """Writes what the gate admits."""

    def __init__(self, dest: Path, gate: Gate, archive: str, allowance: int) -> None:
        self._dest = dest
        self._gate = gate
        self._archive = archive
        self._allowance = allowance
        self._written = 0

    def add(self, member: Member) -> None:
        path = self._gate.admit(member)
        if path is None or member.kind == "symlink":
            return
        place = self._dest / path
        if member.kind == "directory":
            place.mkdir(parents=True, exist_ok=True)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        if member.kind == "hardlink":
            source = self._dest / self._gate.hardlink_source(member)
            self._count(source.stat().st_size)
            shutil.copy(source, place)
            return
        self._write(member, place)

    def link(self, links: dict[str, str]) -> None:
        for path, target in links.items():
            place = self._dest / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(target)

    def _write(self, member: Member, place: Path) -> None:
        assert member.open is not None
        mode = 0o755 if member.mode & 0o100 else 0o644
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        size = 0
        with os.fdopen(descriptor, "wb", buffering=0) as out, member.open() as source:
            os.fchmod(descriptor, mode)
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                self._count(len(chunk))
                # Unbuffered: on a disk that is nearly full a write takes a part and says so.
                view = memoryview(chunk)
                while view:
                    view = view[out.write(view) :]
        if size != member.size:
            refuse(self._archive, member.name, "a member is not as long as it says")

    def _count(self, size: int) -> None:
        self._written += size
        if self._written > self._allowance:
            readers.too_much(self._archive, self._allowance)
