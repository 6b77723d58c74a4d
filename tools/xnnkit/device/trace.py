"""Which functions were entered, read from qemu's log of the code it translated.

qemu translates a block of code when it is about to execute it, and not before. The log of the
translated blocks (``-d in_asm``) therefore names, by address, all code that was executed at least
once. A function counts as entered when the block at its first address is among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from xnnkit.elf import ElfFacts, Function
from xnnkit.errors import BadEnvironment

MAX_RANGES = 2000
"""More ranges than this are merged into fewer, wider ones: a command line has an end."""

_BLOCK = "IN:"
_ADDRESS = re.compile(r"0x([0-9a-fA-F]+):")
_START_CODE = re.compile(r"start_code\s+0x([0-9a-fA-F]+)")


def options(facts: ElfFacts, functions: Sequence[Function]) -> list[str]:
    """Return qemu's options that log the blocks of these functions, but for ``-D``.

    Args:
        facts: of the binary.
        functions: those to look for; at least one.
    """
    if facts.kind != "executable":
        # Where it will lie is known only when it is loaded: log everything, and where it begins.
        return ["-d", "in_asm,page"]
    ranges = ",".join(f"{a:#x}..{b - 1:#x}" for a, b in _ranges(functions))
    return ["-d", "in_asm", "-dfilter", ranges]


def entered(facts: ElfFacts, functions: Iterable[Function], log: Iterable[str]) -> dict[str, bool]:
    """Return, for each function's name, whether the log shows that it was entered.

    Args:
        facts: of the binary.
        functions: those looked for.
        log: the lines of qemu's log.

    Raises:
        BadEnvironment: the log does not say where a position-independent binary was loaded.
    """
    starts: set[int] = set()
    loaded: int | None = None
    after = False
    for line in log:
        if after:
            after = False
            if match := _ADDRESS.match(line):
                starts.add(int(match[1], 16))
        elif line.startswith(_BLOCK):
            after = True
        elif loaded is None and (match := _START_CODE.match(line)):
            loaded = int(match[1], 16)
    bias = 0
    if facts.kind != "executable":
        if loaded is None or facts.code_address is None:
            raise BadEnvironment(
                "qemu does not say where it loaded the program",
                where=str(facts.path),
                why="without it nothing can be said about the functions that were entered",
                fix="run without the trace (--no-trace), or link without PIE",
            )
        bias = loaded - facts.code_address
    seen: dict[str, bool] = {}
    for function in functions:
        seen[function.name] = seen.get(function.name, False) or function.address + bias in starts
    return dict(sorted(seen.items()))


def _ranges(functions: Sequence[Function]) -> list[tuple[int, int]]:
    """Return [begin, end) ranges that hold every function's first address."""
    ranges: list[tuple[int, int]] = []
    for begin, end in sorted((f.address, f.address + max(f.size, 4)) for f in functions):
        if ranges and begin <= ranges[-1][1] + 16:
            ranges[-1] = (ranges[-1][0], max(end, ranges[-1][1]))
        else:
            ranges.append((begin, end))
    while len(ranges) > MAX_RANGES:
        ranges = [
            (pair[0][0], pair[-1][1])
            for pair in (ranges[i : i + 2] for i in range(0, len(ranges), 2))
        ]
    return ranges
