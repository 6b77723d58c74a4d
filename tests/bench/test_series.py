"""The file of a series that is under way: the order of turns, what is kept, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from xnnkit.bench import runs, series
from xnnkit.bench.plan import Binary, Plan
from xnnkit.errors import BadInput, Finding

A, B, C = (Binary(name, Path(name), name * 4, 1, {}, []) for name in "abc")
IDENTITY = runs.Identity(
    binary={"name": "a", "sha256": "aaaa", "size": 1},
    profile="small",
    flavour="a",
    toolchain="zig",
    device={"name": "adb:X"},
    arguments=[],
    threads=None,
    started="2026-01-01T00:00:00+00:00",
    seconds=1.0,
    host={},
    xnnkit="0",
)


def plan(root: Path, **changes: Any) -> Plan:
    return Plan(root, root, **{"repetitions": 2, "interleave": True, **changes})


def order(turns: list[series.Turn]) -> str:
    return " ".join(f"{turn.binary.flavour}{turn.repetition}" for turn in turns)


@pytest.mark.parametrize(
    ("binaries", "repetitions", "interleave", "apart", "expected"),
    [
        ([A, B], 3, True, True, "a1 b1 b2 a2 a3 b3"),
        ([A, B, C], 2, True, True, "a1 b1 c1 c2 b2 a2"),
        ([A, B], 2, False, True, "a1 a2 b1 b2"),
        ([A, B], 2, False, False, "a0 b0"),
        ([A], 1, True, True, "a1"),
    ],
)
def test_order(
    binaries: list[Binary], repetitions: int, interleave: bool, apart: bool, expected: str
) -> None:
    given = plan(Path("."), repetitions=repetitions, interleave=interleave)
    turns = series.turns(binaries, given, apart=apart)
    assert order(turns) == expected
    assert [turn.number for turn in turns] == list(range(1, len(turns) + 1))


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    one, lost = series.begin(plan(tmp_path), "small", "adb:X", [A, B], apart=True)
    assert not lost
    first, second, *_ = series.turns([A, B], plan(tmp_path), apart=True)
    run = runs.Run(IDENTITY, {"benchmarks": []})
    path = runs.save(run, tmp_path)
    one.keep(first, runs.Run(IDENTITY, run.raw, path), tmp_path)
    assert series.begin(plan(tmp_path), "small", "adb:X", [A, B], apart=True)[1]
    again, _ = series.begin(plan(tmp_path, resume=True), "small", "adb:X", [A, B], apart=True)
    assert again.name == one.name
    found = again.find(first, tmp_path)
    assert found is not None
    assert found.path == path
    assert again.find(second, tmp_path) is None
    path.unlink()  # somebody removed it: it is run again
    assert again.find(first, tmp_path) is None
    again.end()
    with pytest.raises(BadInput, match="no series to go on with"):
        series.begin(plan(tmp_path, resume=True), "small", "adb:X", [A, B], apart=True)


@pytest.mark.parametrize(
    ("changes", "binaries", "why"),
    [
        ({"repetitions": 3}, [A, B], "repetitions: 2, now 3"),
        ({"interleave": False}, [A, B], "interleave: True, now False"),
        ({"arguments": ["-x"]}, [A, B], "arguments: [], now ['-x']"),
        ({}, [A, C], "binaries: {'a': 'aaaa', 'b': 'bbbb'}, now {'a': 'aaaa', 'c': 'cccc'}"),
    ],
)
def test_another_series_is_not_gone_on_with(
    changes: dict[str, Any], binaries: list[Binary], why: str, tmp_path: Path
) -> None:
    one, _ = series.begin(plan(tmp_path), "small", "adb:X", [A, B], apart=True)
    path = runs.save(runs.Run(IDENTITY, {}), tmp_path)
    first = series.turns([A, B], plan(tmp_path), apart=True)[0]
    one.keep(first, runs.Run(IDENTITY, {}, path), tmp_path)
    with pytest.raises(BadInput, match="was another one") as caught:
        series.begin(plan(tmp_path, resume=True, **changes), "small", "adb:X", binaries, apart=True)
    assert caught.value.why == why


@pytest.mark.parametrize("text", ["", "[]", "{", json.dumps({"schema_version": 1, "name": 3})])
def test_a_damaged_file_is_a_finding(text: str, tmp_path: Path) -> None:
    path = tmp_path / "small" / ".adb-X.series"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(Finding) as caught:
        series.begin(plan(tmp_path, resume=True), "small", "adb:X", [A], apart=True)
    assert caught.value.fix == f"rm {path}"
