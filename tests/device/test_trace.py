"""Reading qemu's log: by address, whatever names it prints."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from xnnkit.device import trace
from xnnkit.elf import ElfFacts, Function

A, B, C = Function(0x1000, 8, "a"), Function(0x1008, 0, "b"), Function(0x5000, 64, "c")


def facts(kind: str = "executable", code: int | None = 0x1000) -> ElfFacts:
    return ElfFacts(
        Path("p"), 0, "AArch64", 64, kind, "", (), "", (), True, (A, B, C), code_address=code
    )


def test_entered_by_address() -> None:
    log = [
        "----------------\n",
        "IN: some_other_name\n",
        "0x00001000:  d503201f  nop\n",
        "0x00001008:  d65f03c0  ret\n",  # the same block goes on: b itself was not entered
        "\n",
        "IN: \n",
        "0x00005000:  d65f03c0  ret\n",
    ]
    assert trace.entered(facts(), (A, B, C), log) == {"a": True, "b": False, "c": True}
    assert trace.entered(facts(), (A, B, C), []) == {"a": False, "b": False, "c": False}


def test_position_independent() -> None:
    log = ["start_code  0x0000005500001000\n", "IN: a\n", "0x5500005000:  nop\n"]
    found = trace.entered(facts("position-independent"), (A, C), log)
    assert found == {"a": False, "c": True}


def test_options() -> None:
    options = trace.options(facts(), (C, A, B))
    assert options == ["-d", "in_asm", "-dfilter", "0x1000..0x100b,0x5000..0x503f"]
    assert trace.options(facts("position-independent"), (A,)) == ["-d", "in_asm,page"]


@given(st.lists(st.tuples(st.integers(0, 2**32), st.integers(0, 999)), min_size=1, max_size=300))
def test_every_first_address_is_in_a_range(places: list[tuple[int, int]]) -> None:
    functions = [Function(at, size, "f") for at, size in places]
    ranges = trace._ranges(functions)
    assert all(any(b <= f.address < e for b, e in ranges) for f in functions)
    assert all(first[1] < second[0] for first, second in pairwise(ranges))


def test_many_functions_still_fit_on_a_command_line() -> None:
    functions = [Function(i * 1000, 8, str(i)) for i in range(50_001)]
    ranges = trace._ranges(functions)
    assert len(ranges) <= trace.MAX_RANGES
    assert ranges[0][0] == 0
    assert ranges[-1][1] == 50_000_008
    assert len(trace.options(facts(), functions)[-1]) < 100_000
