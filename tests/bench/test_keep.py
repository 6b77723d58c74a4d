"""``xnnkit results``: what a file says, as text and JSON, and kept as a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gbench import output, write
from xnnkit.bench import parts, runs, sides
from xnnkit.cli import main as cli

TABLE = """\
husky:/data/local/tmp/gen_ai $ ./llm_test --num_threads=4
2024-05-28T10:27:27-05:00
Running ./llm_test
----------------------------------------------------------------------------
Benchmark                 Time             CPU   Iterations UserCounters...
----------------------------------------------------------------------------
BM_a/64/real_time 435261231 ns    431100073 ns            2 items_per_second=147.038/s
BM_a/64/real_time 435 ns    43110
"""
EVENTS = "event_name\tp50 (ms)\traw\nAdd #1\t0.5\t[0.5, 0.6]\nMethod::execute\t7\t[]\n"


def keep(path: Path, *more: str) -> int:
    where = ["--device", "Pixel 8 Pro", "--flavour", "kleidiai", "--profile", "gemma-2024-05"]
    return cli.main(["results", str(path), "--keep", str(path.parent / "runs"), *where, *more])


def test_what_a_table_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pasted.txt"
    path.write_text(TABLE)
    assert cli.main(["results", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Google Benchmark's table\n\nbenchmark")
    assert out.splitlines()[-1].split() == ["BM_a/64/real_time", "1", "435.3", "ms", "147.038"]
    assert f"{path}: line 8: no row: 'BM_a/64/real_time 435 ns    43110'" in err
    assert cli.main(["results", "--json", str(path)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["benchmarks"][0]["samples"][0]["real_ns"] == 435261231
    assert shown["problems"] == [{"line": 8, "text": "no row: 'BM_a/64/real_time 435 ns    43110'"}]


def test_a_table_becomes_json_for_compare_py(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pasted.txt"
    path.write_text(TABLE)
    assert cli.main(["results", "--gbench", str(path)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["context"]["json_schema_version"] == 1
    (entry,) = shown["benchmarks"]
    assert (entry["real_time"], entry["time_unit"], entry["iterations"]) == (435261231, "ns", 2)


def test_a_table_becomes_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pasted.txt"
    path.write_text(TABLE)
    assert keep(path) == 0
    kept = tmp_path / "runs" / "gemma-2024-05" / "kleidiai" / "Pixel-8-Pro-1.json"
    assert f"kept {kept}" in capsys.readouterr().err
    run = runs.load(kept)
    assert run.identity.started == "2024-05-28T15:27:27+00:00"
    assert (run.identity.threads, run.identity.binary["name"]) == (4, "llm_test")
    side = sides.load(kept)
    assert side.samples == {"BM_a/64/real_time": (435261231.0,)}
    assert (side.device, side.flavour) == ("Pixel 8 Pro", "kleidiai")


def test_events_become_a_run_with_operators(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "events.tsv"
    path.write_text(EVENTS)
    assert cli.main(["results", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[4].split() == ["Method::execute", "?", "7.000", "ms"]
    assert out.splitlines()[-1].split() == ["0", "Add", "#1", "2", "550.0", "us", "13.5", "%"]
    assert keep(path, "--threads", "6", "--started", "2025-08-08T18:54:00Z") == 0
    part = parts.load(next((tmp_path / "runs").rglob("*.json")))
    assert part.run is not None
    assert (part.run.identity.threads, part.started) == (6, "2025-08-08T18:54:00Z")
    (operator,) = part.results.operators
    assert (operator.name, operator.times) == ("Add #1", (500e3, 600e3))
    assert part.results.benchmarks["Method::execute"].aggregates == {"median": 7e6}


def test_what_is_missing_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.json", output({"BM": [1]}))
    assert cli.main(["results", str(path), "--keep", str(tmp_path), "--device", "x"]) == 2
    assert "--keep RUNS --device NAME --flavour NAME --profile NAME" in capsys.readouterr().err
    assert cli.main(["results", str(tmp_path / "missing")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_operators_that_somebody_broke(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "events.tsv"
    path.write_text(EVENTS)
    keep(path)
    kept = next((tmp_path / "runs").rglob("*.json"))
    data = json.loads(kept.read_text())
    data["results"]["operators"] = [{"key": 1}]
    data["checksum"] = runs.checksum(data)
    kept.write_text(json.dumps(data))
    capsys.readouterr()
    assert cli.main(["results", str(kept)]) == 2
    assert "a run whose operators cannot be read" in capsys.readouterr().err
