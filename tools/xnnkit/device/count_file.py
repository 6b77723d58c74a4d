"""The files that the counting plugin (``plugin/count.c``) leaves: counters and windows."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from xnnkit.errors import BadEnvironment

MAGIC = b"xnnkit-count-1\n\0"
HEAD_BYTES = 1 << 16

_HEAD = struct.Struct("=16s7Q")
_BLOCK = struct.Struct("=3Q")
_LENGTH = struct.Struct("=Q")
_PAIR = struct.Struct("=2Q")


@dataclass(frozen=True)
class Block:
    """Instructions in a row that were translated together, four bytes each.

    Attributes:
        address: of the first, as linked.
        instructions: how many.
    """

    address: int
    instructions: int


@dataclass(frozen=True)
class CountFile:
    """What one program executed.

    Attributes:
        blocks: every block, by number.
        executed: how often each block was executed, from the program's start to its end.
        windows: of each finished window, how often blocks were executed in it, by number.
        ended: the program ended by itself, and not by a signal.
        vcpus: threads that there were.
        forks: processes that it made; what those executed is not counted.
    """

    blocks: tuple[Block, ...]
    executed: tuple[int, ...]
    windows: tuple[Mapping[int, int], ...]
    ended: bool
    vcpus: int
    forks: int

    def whole(self) -> dict[int, int]:
        """Return how often blocks were executed in the whole program, by number."""
        return {i: times for i, times in enumerate(self.executed) if times}

    def instructions(self, executed: Mapping[int, int]) -> int:
        """Return how many instructions so many executions of blocks are.

        Args:
            executed: block's number -> executions, such as a window.
        """
        return sum(self.blocks[i].instructions * times for i, times in executed.items())


def read(path: Path) -> CountFile:
    """Read the counters, and the windows that lie beside them.

    Args:
        path: what the plugin was given as ``out``.

    Raises:
        BadEnvironment: there is no such file, or it was not written by this plugin.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size or head[: len(MAGIC)] != MAGIC:
                raise _damaged(path, "it does not begin as the plugin's file does")
            _, blocks, ended, vcpus, forks, bias, _, finished = _HEAD.unpack(head)
            # The number is only the file's word; memory for it would be taken at once.
            if blocks * _BLOCK.size > path.stat().st_size:
                raise _damaged(path, "it is cut: is the disk full?")
            file.seek(HEAD_BYTES)
            data = file.read(blocks * _BLOCK.size)
        beside = path.with_name(path.name + ".windows")
        windows = tuple(_windows(beside.read_bytes(), beside, blocks)) if finished else ()
    except OSError as error:
        raise BadEnvironment(
            f"the counters cannot be read: {error.strerror}", where=str(path)
        ) from error
    if len(data) < blocks * _BLOCK.size or len(windows) != finished:
        raise _damaged(path, "it is cut: is the disk full?")
    rows = list(_BLOCK.iter_unpack(data))
    return CountFile(
        blocks=tuple(Block(address - bias, number) for address, number, _ in rows),
        executed=tuple(times for _, _, times in rows),
        windows=windows,
        ended=bool(ended),
        vcpus=vcpus,
        forks=forks,
    )


def _windows(data: bytes, path: Path, blocks: int) -> Iterable[dict[int, int]]:
    at = 0
    while at < len(data):
        if at + _LENGTH.size > len(data):
            raise _damaged(path, "it is cut: is the disk full?")
        (pairs,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        end = at + pairs * _PAIR.size
        if end > len(data):
            raise _damaged(path, "it is cut: is the disk full?")
        window = dict(_PAIR.iter_unpack(data[at:end]))
        if any(number >= blocks for number in window):
            raise _damaged(path, "a window holds a block that there is not")
        yield window
        at = end


def _damaged(path: Path, why: str) -> BadEnvironment:
    return BadEnvironment("the counters are damaged", where=str(path), why=why)
