"""Executed guest instructions under qemu: in the whole program, in windows, and per function.

A number of instructions is the same in every run and on every machine. It says how much work a
program is, and nothing of caches, memory or time: it is never turned into a time or a rate.

    python -m xnnkit.device.count [--begin FUNCTION --end FUNCTION] PROGRAM ARGUMENTS...
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xnnkit.device.count_file import CountFile
from xnnkit.errors import BadInput

if TYPE_CHECKING:
    from xnnkit.elf import ElfFacts, Function

ELSEWHERE = "(no function)"
"""Stands for instructions that are in no function that the binary names."""

_INSTRUCTION = 4


@dataclass(frozen=True)
class Marks:
    """Functions whose entry begins, ends, pauses and resumes a window, by symbol name.

    A window holds what is executed from the entry of a ``begin`` to the entry of an ``end``.
    Names that a binary does not have are passed over, as long as one of each kind is there.
    """

    begin: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    pause: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()


GOOGLE_BENCHMARK = Marks(
    begin=("_ZN9benchmark5State16StartKeepRunningEv",),
    end=("_ZN9benchmark5State17FinishKeepRunningEv",),
    pause=("_ZN9benchmark5State11PauseTimingEv",),
    resume=("_ZN9benchmark5State12ResumeTimingEv",),
)
"""The loop ``for (auto _ : state)``: the same functions in Google Benchmark 1.6 to 1.9."""


@dataclass(frozen=True)
class SymbolCount:
    """What a function executed.

    Attributes:
        name: its symbol.
        entries: how often its first instruction began a block: calls, and jumps back to it.
        instructions: executed in it, in all; not in what it calls.
    """

    name: str
    entries: int
    instructions: int


@dataclass(frozen=True)
class Counted:
    """Instructions, and where they were.

    Attributes:
        instructions: executed, in all.
        symbols: the most executed first; None when the binary is stripped.
    """

    instructions: int
    symbols: tuple[SymbolCount, ...] | None

    def to_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        symbols = None if self.symbols is None else [vars(one) for one in self.symbols]
        return {"instructions": self.instructions, "symbols": symbols}


@dataclass(frozen=True)
class Counts:
    """What one run of a program executed.

    Attributes:
        whole: from its start to its end.
        windows: each finished one, in order.
        ended: it ended by itself, and not by a signal.
        threads: how many there were.
        forks: processes that it made; what those executed is not counted.
    """

    whole: Counted
    windows: tuple[Counted, ...]
    ended: bool
    threads: int
    forks: int


def options(facts: ElfFacts, marks: Marks) -> list[str]:
    """Return the plugin's arguments for a binary, but for ``out``.

    Raises:
        BadInput: windows are asked for, and the binary has no function that begins or ends one.
    """
    at: dict[str, int] = {}
    for function in facts.functions:
        at.setdefault(function.name, function.address)
    found = [] if facts.kind == "executable" else [f"code={facts.code_address or 0:x}"]
    for kind, names in vars(marks).items():
        places = [f"{at[name]:x}" for name in names if name in at]
        if names and not places and kind in ("begin", "end"):
            raise BadInput(
                f"nothing in the program {kind}s a window",
                where=str(facts.path),
                why=f"{'none' if facts.has_symbols else 'it is stripped, so none'} of its "
                f"functions is {' or '.join(names)}",
                fix="xnnkit build; do not strip what is to be counted",
            )
        if places:
            found.append(f"{kind}={':'.join(places)}")
    return found


def attribute(facts: ElfFacts, file: CountFile) -> Counts:
    """Say of which functions the counted instructions are.

    Args:
        facts: of the binary that was run.
        file: what the plugin counted.
    """
    where = _Places(facts.functions) if facts.has_symbols else None

    def counted(executed: Mapping[int, int]) -> Counted:
        symbols = None if where is None else tuple(_symbols(where, file, executed))
        return Counted(file.instructions(executed), symbols)

    return Counts(
        whole=counted(file.whole()),
        windows=tuple(counted(window) for window in file.windows),
        ended=file.ended,
        threads=file.vcpus,
        forks=file.forks,
    )


def entered(facts: ElfFacts, file: CountFile, names: Iterable[str]) -> dict[str, bool]:
    """Return, for each name, whether a function so called was entered in the whole program."""
    wanted = dict.fromkeys(names, False)
    starts = {file.blocks[i].address for i in file.whole()}
    for function in facts.functions:
        if function.name in wanted and function.address in starts:
            wanted[function.name] = True
    return wanted


_NEVER = 1 << 65
"""Beyond the end of any function."""


class _Places:
    """Which function an address belongs to; of several that hold it, the one begun last."""

    def __init__(self, functions: Sequence[Function]) -> None:
        from xnnkit.elf import is_kernel

        best: dict[int, Function] = {}
        for one in functions:
            other = best.get(one.address)
            # Two names of one function: a micro-kernel's, then the longer one's, then by alphabet.
            if other is None or (not is_kernel(one.name), -one.size, one.name) < (
                not is_kernel(other.name),
                -other.size,
                other.name,
            ):
                best[one.address] = one
        self.starts: list[int] = []
        self.names: list[str] = []
        self.begins = {address: one.name for address, one in best.items()}
        open_: list[tuple[int, str]] = []  # end, name; the innermost last
        addresses = sorted(best)
        for address, following in itertools.pairwise([*addresses, _NEVER]):
            self._close(open_, address)
            one = best[address]
            self._add(address, one.name)
            # Without a size: as long as nothing else begins.
            open_.append((address + one.size if one.size else following, one.name))
        self._close(open_, _NEVER)

    def _close(self, open_: list[tuple[int, str]], until: int) -> None:
        """End the functions that end before ``until``; what is around them goes on."""
        while open_ and open_[-1][0] <= until:
            end = open_.pop()[0]
            while open_ and open_[-1][0] <= end:
                open_.pop()
            if end != until:
                self._add(end, open_[-1][1] if open_ else ELSEWHERE)

    def _add(self, address: int, name: str) -> None:
        self.starts.append(address)
        self.names.append(name)

    def runs(self, address: int, end: int) -> Iterable[tuple[str, int]]:
        """Yield (function, bytes) for the parts of [address, end)."""
        while address < end:
            i = bisect_right(self.starts, address) - 1
            here = self.starts[i + 1] if i + 1 < len(self.starts) else end
            stop = min(end, here)
            yield (self.names[i] if i >= 0 else ELSEWHERE), stop - address
            address = stop


def _symbols(where: _Places, file: CountFile, executed: Mapping[int, int]) -> list[SymbolCount]:
    entries: dict[str, int] = {}
    instructions: dict[str, int] = {}
    for number, times in executed.items():
        block = file.blocks[number]
        if begun := where.begins.get(block.address):
            entries[begun] = entries.get(begun, 0) + times
        end = block.address + block.instructions * _INSTRUCTION
        for name, size in where.runs(block.address, end):
            instructions[name] = instructions.get(name, 0) + size // _INSTRUCTION * times
    found = [SymbolCount(n, entries.get(n, 0), count) for n, count in instructions.items()]
    return sorted(found, key=lambda one: (-one.instructions, one.name))


def _main(arguments: Sequence[str]) -> int:
    """Count one program and print the totals and the ten most executed functions."""
    import argparse

    from xnnkit.device.base import Job
    from xnnkit.device.qemu import Qemu

    parser = argparse.ArgumentParser(prog="python -m xnnkit.device.count")
    parser.add_argument("--begin", action="append", default=[])
    parser.add_argument("--end", action="append", default=[])
    parser.add_argument("--cpu", default="max")
    parser.add_argument("--top", type=int, default=10)
    parser.add_argument("program", type=Path)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    marks = Marks(begin=tuple(given.begin), end=tuple(given.end))
    done = Qemu(given.cpu).run(Job(given.program, given.arguments, count=marks), print)
    assert done.counts is not None
    parts = [("the whole program", done.counts.whole)]
    parts += [(f"window {i}", one) for i, one in enumerate(done.counts.windows, 1)]
    for title, one in parts:
        print(f"{title}: {one.instructions} guest instructions")
        for symbol in (one.symbols or ())[: given.top]:
            print(f"  {symbol.instructions:>16} in {symbol.entries:>10} entries of {symbol.name}")
    return done.code


if __name__ == "__main__":
    import sys

    from xnnkit.errors import XnnkitError

    try:
        sys.exit(_main(sys.argv[1:]))
    except XnnkitError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
