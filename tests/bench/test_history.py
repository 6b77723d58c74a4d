"""A benchmark over time: the order, the steps, and what changed with them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from gbench import identity, keep, output
from xnnkit.bench import history, runs, steps
from xnnkit.cli import main as cli
from xnnkit.errors import BadInput


def level(source: random.Random, n: int, middle: float, noise: float = 0.01) -> list[float]:
    return [middle * source.lognormvariate(0, noise) for _ in range(n)]


# ---------------------------------------------------------------------------- steps


def test_a_plain_step() -> None:
    source = random.Random(1)
    (step,) = steps.find([*level(source, 8, 100), *level(source, 8, 104)])
    assert step.at == 8
    assert step.ratio == pytest.approx(1.04, abs=0.015)
    assert step.sure


def test_two_steps_and_back() -> None:
    source = random.Random(2)
    values = [*level(source, 10, 100), *level(source, 10, 110), *level(source, 10, 95)]
    assert [step.at for step in steps.find(values)] == [10, 20]


def test_steps_that_are_not_there_are_rare() -> None:
    source = random.Random(3)
    found = sum(
        any(step.sure for step in steps.find(level(source, 20, 100, noise)))
        for noise in (0.01, 0.05)
        for _ in range(100)
    )
    assert found <= 10 + 3 * (200 * 0.05 * 0.95) ** 0.5


def test_three_percent_are_found_where_they_are() -> None:
    source = random.Random(4)
    hits = 0
    for _ in range(100):
        sure = [s for s in steps.find([*level(source, 10, 100), *level(source, 10, 103)]) if s.sure]
        hits += len(sure) == 1 and abs(sure[0].at - 10) <= 1
    assert hits >= 90


def test_one_far_off_is_no_step() -> None:
    source = random.Random(5)
    values = level(source, 20, 100)
    values[7] = 300
    assert steps.find(values) == []


def test_one_at_the_end_may_become_one() -> None:
    source = random.Random(8)
    (step,) = steps.find([*level(source, 10, 100), 120.0])
    assert (step.at, step.p, step.sure) == (10, None, False)
    assert step.ratio == pytest.approx(1.2, abs=0.02)


def test_small_steps_and_short_series_are_left_alone() -> None:
    assert steps.find([100.0] * 10 + [100.5] * 10) == []
    assert steps.find([100.0] * 2 + [200.0] * 2) == []
    assert steps.find([]) == []
    assert steps.find([1.0]) == []


def test_the_same_series_gives_the_same_answer() -> None:
    source = random.Random(7)
    values = [*level(source, 9, 100, 0.03), *level(source, 9, 104, 0.03)]
    assert steps.find(values) == steps.find(values)


# ---------------------------------------------------------------------------- runs


def over_time(root: Path, flavour: str = "upstream", n: int = 12, at: int = 6) -> None:
    """Runs of n days, slower by 10 % from one day on, when the binary and Android changed."""
    source = random.Random(f"{flavour} {n}")
    for day in reversed(range(n)):  # written in another order than they were made
        new = day >= at
        keep(
            root,
            {"BM_64": level(source, 5, 110 if new else 100), "BM_1": level(source, 5, 7)},
            flavour,
            started=f"2026-11-{day + 1:02d}T08:00:00+00:00",
            binary={"name": "b", "sha256": ("f" if new else "a") * 64, "size": 1},
            device={"kind": "adb", "name": "adb:1", "emulated": False, "android": 14 + new},
            archives=[{"name": "XNNPACK", "sha256": "1" * 64 if new else "0" * 64}],
        )


def test_a_step_is_marked_with_what_changed(tmp_path: Path) -> None:
    over_time(tmp_path)
    (line, other) = history.lines([tmp_path])[::-1]
    assert (line.benchmark, line.flavour, line.device) == ("BM_64", "upstream", "adb:1")
    assert [p.started[8:10] for p in line.points] == [f"{day:02d}" for day in range(1, 13)]
    (mark,) = line.marks
    assert mark.step.at == 6
    assert mark.changed == (
        "binary: aaaaaaaaaaaa -> ffffffffffff",
        "archive XNNPACK: 000000000000 -> 111111111111",
        "device android: 14 -> 15",
    )
    assert (other.benchmark, other.marks) == ("BM_1", ())


def test_history_in_print(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    over_time(tmp_path)
    assert cli.main(["history", str(tmp_path), "--filter", "64$"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("BM_64: upstream on adb:1 (small, 4 threads)\nstarted")
    (marked,) = [line for line in out.splitlines() if "->" in line]
    assert marked.startswith("2026-11-07T08:00:00+00:00  5  1")
    assert "; binary: aaaaaaaaaaaa -> ffffffffffff; archive XNNPACK" in marked
    assert cli.main(["history", str(tmp_path), "--last", "3"]) == 0
    out = capsys.readouterr().out
    assert "9 earlier ones are not shown (--last 12)" in out
    assert "step at 2026-11-07T08:00:00+00:00: +" in out
    assert cli.main(["history", str(tmp_path), "--fail-on-step"]) == 1
    assert cli.main(["history", str(tmp_path), "--fail-on-step", "--filter", "BM_1$"]) == 0
    capsys.readouterr()
    assert cli.main(["history", str(tmp_path), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["lines"][1]
    assert len(shown["points"]) == 12
    assert shown["steps"][0]["changed"][2] == "device android: 14 -> 15"


def test_flavours_and_devices_are_apart(tmp_path: Path) -> None:
    over_time(tmp_path)
    over_time(tmp_path, "kleidiai", 3)
    assert len(history.lines([tmp_path])) == 4
    assert {line.flavour for line in history.lines([tmp_path], flavours=["kleidiai"])} == {
        "kleidiai"
    }
    with pytest.raises(BadInput, match="there is no run of that"):
        history.lines([tmp_path], devices=["adb:2"])
    with pytest.raises(BadInput, match="is no regular expression"):
        history.lines([tmp_path], wanted="(")


def test_the_processes_of_a_series_are_one_measurement(tmp_path: Path) -> None:
    for turn in range(5):
        keep(tmp_path, {"BM": [100.0 + turn]}, series={"name": "s1", "turn": turn, "of": 5})
    keep(tmp_path, {"BM": [100.0]}, started="2026-11-22T08:00:00+00:00")
    (line,) = history.lines([tmp_path])
    assert [point.summary.n for point in line.points] == [5, 1]


def test_counted_runs_are_no_times(tmp_path: Path) -> None:
    counts: dict[str, Any] = {"benchmarks": []}
    runs.save(runs.Run(identity(), output({"BM": [1]}), counts=counts), tmp_path)
    with pytest.raises(BadInput, match="there is no run of that"):
        history.lines([tmp_path])


def test_the_default_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["history"]) == 2
    capsys.readouterr()
    keep(tmp_path / ".xnnkit" / "small" / "runs", {"BM": [1.0]})
    assert cli.main(["history"]) == 0
    assert capsys.readouterr().out.startswith("BM: upstream on adb:1")
