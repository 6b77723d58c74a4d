"""Hash files and streams, in pieces large enough that Python's share of the work is nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20


@dataclass(frozen=True)
class Digest:
    """What a file is, by its bytes."""

    sha256: str
    size: int
    """Bytes."""


class TooLong(Exception):
    """More bytes came than the bound allows.

    Args:
        bound: the bound in bytes.
    """

    def __init__(self, bound: int) -> None:
        super().__init__(f"more than {bound:,} bytes came")
        self.bound = bound


def digest_file(path: Path) -> Digest:
    """Return sha256 and size of a file.

    Raises:
        OSError: it cannot be read.
    """
    hasher = hashlib.sha256()
    buffer = bytearray(CHUNK)
    view = memoryview(buffer)
    size = 0
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            hasher.update(view[:count])
            size += count
    return Digest(hasher.hexdigest(), size)


def copy(
    source: BinaryIO,
    target: Path,
    *,
    bound: int,
    tick: Callable[[int], None] | None = None,
) -> Digest:
    """Write ``source`` to the new file ``target`` and flush it to the disk.

    Args:
        source: what to read until its end.
        target: the file to write; what was there is lost.
        bound: bytes at most.
        tick: told the bytes written so far, after each piece.

    Raises:
        TooLong: the bound was passed.
        OSError: it cannot be written.
    """
    hasher = hashlib.sha256()
    size = 0
    with target.open("wb", buffering=0) as out:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > bound:
                raise TooLong(bound)
            hasher.update(chunk)
            write_all(out.fileno(), chunk)
            if tick:
                tick(size)
        os.fsync(out.fileno())
    return Digest(hasher.hexdigest(), size)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data`` to a file descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
