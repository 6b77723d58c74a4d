"""What Google's compare.py takes and writes; and beside the real script on the same data.

The script comes from a clone of google/benchmark below XNNKIT_GIT_ROOT.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gbench import CONTEXT, keep, output, write
from xnnkit.bench import readers
from xnnkit.cli import main as cli

TEN = [100.0, 100.4, 99.7, 100.1, 99.9, 100.6, 99.5, 100.2, 99.8, 100.3]


def times(factor: float) -> list[float]:
    return [factor * x for x in TEN]


def shown(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[dict[str, Any]]]:
    code = cli.main(["compare", "--json", *args])
    out, err = capsys.readouterr()
    assert out, err
    return code, json.loads(out)["comparisons"]


# ---------------------------------------------------------------------------- modes and filters


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    a = {"BM_up/64": TEN, "BM_up/512": times(8), "BM_kai/64": times(0.9), "BM_kai/512": times(7)}
    b = {name: [1.1 * x for x in values] for name, values in a.items()}
    return [str(write(tmp_path / f"{n}.json", output(s))) for n, s in (("a", a), ("b", b))]


def test_mode_benchmarks(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, (found,) = shown(capsys, "benchmarks", *files)
    assert (code, found["verdict"], len(found["benchmarks"])) == (0, "slower", 4)


def test_mode_filters(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, (found,) = shown(capsys, "filters", files[0], "BM_up", "BM_kai")
    assert code == 0
    assert [row["name"] for row in found["benchmarks"]] == [
        "[BM_up vs. BM_kai]/64",
        "[BM_up vs. BM_kai]/512",
    ]
    assert [row["ratio"]["value"] for row in found["benchmarks"]] == pytest.approx([0.9, 7 / 8])
    assert found["verdict"] == "faster"


def test_mode_benchmarksfiltered(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    args = ["benchmarksfiltered", files[0], "BM_up/64", files[1], "BM_kai/64"]
    _, (found,) = shown(capsys, *args)
    (row,) = found["benchmarks"]
    assert row["name"] == "[BM_up/64 vs. BM_kai/64]"
    assert row["ratio"]["value"] == pytest.approx(0.9 * 1.1)


@pytest.mark.parametrize("option", ["--benchmark_filter=64$", "--filter=64$"])
def test_a_filter_for_both(
    option: str, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, (found,) = shown(capsys, option, *files)
    assert [row["name"] for row in found["benchmarks"]] == ["BM_up/64", "BM_kai/64"]
    _, (found,) = shown(capsys, "-a", "--no-color", "--alpha", "0.01", "benchmarks", *files)
    assert found["rules"]["alpha"] == 0.01


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (["filters", "a.json", "x"], "the mode 'filters' takes 3 arguments, not 2"),
        (["benchmarks", "a.json"], "a folder of that name is ./benchmarks"),
        (["filters", "a.json", "(", "x"], "'(' is no regular expression"),
        (["filters", "a.json", "BM_x", "BM_up"], "no benchmark of a.json (BM_x) fits 'BM_x'"),
        (["--filter", "nothing", "a.json", "b.json"], "there are: BM_up/64, BM_up/512"),
        (["--alpha", "2", "a.json", "b.json"], "not in the range"),
        (["program", "b.json"], "a program, not its results"),
    ],
)
def test_refusals(
    args: list[str],
    what: str,
    files: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = Path(files[0]).parent
    monkeypatch.chdir(folder)
    (folder / "program").write_bytes(b"\x7fELF\x02\x01")
    assert cli.main(["compare", *args]) == 2
    assert what in " ".join(capsys.readouterr().err.split())


def test_the_dump(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump = tmp_path / "new" / "dump.json"
    assert cli.main(["compare", "-d", str(dump), *files]) == 0
    *entries, overall = json.loads(dump.read_text())
    assert [entry["name"] for entry in entries] == [
        "BM_up/64",
        "BM_up/512",
        "BM_kai/64",
        "BM_kai/512",
    ]
    first = entries[0]["measurements"][0]
    assert (first["real_time"], first["time"]) == (1e8, pytest.approx(0.1))
    assert entries[0]["utest"]["nr_of_repetitions"] == 10
    assert overall["name"] == "OVERALL_GEOMEAN"
    assert overall["measurements"][0]["time"] == pytest.approx(0.1)


def test_the_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [
        str(keep(tmp_path, {"BM_a": times(f)}, flavour))
        for flavour, f in (("upstream", 1), ("kleidiai", 0.9))
    ]
    out = tmp_path / "export"
    assert cli.main(["compare", "--export", str(out), *paths]) == 0
    assert sorted(p.name for p in out.iterdir()) == ["kleidiai.json", "upstream.json"]
    again = readers.read(out / "kleidiai.json")
    assert again.problems == ()
    assert [s.real_ns for s in again.benchmarks["BM_a"].samples] == pytest.approx(
        [0.9e6 * x for x in TEN]
    )


# ---------------------------------------------------------------------------- a pasted table

SECOND = """\
husky:/data/local/tmp/gen_ai $ ./llm_test
Run on (9 X 1704 MHz CPU s)
-------------------------------------------------------------------------------------------
Benchmark                                  Time             CPU   Iterations UserCounters...
-------------------------------------------------------------------------------------------
BM_Llm_QCINT8/64/real_time         {q64} ns    431100073 ns            2 items_per_second=147/s
BM_Llm_QCINT8/512/real_time       {q512} ns   4311715132 ns            1 items_per_second=117/s
BM_Llm_Mixed_INT48/64/real_time    {m64} ns    346436742 ns            2 items_per_second=182/s
BM_Llm_Mixed_INT48/512/real_time  {m512} ns   3155323312 ns            1 items_per_second=160/s
"""
BEFORE = {"q64": 435261231, "q512": 4351431155, "m64": 500000000, "m512": 4549268045}
AFTER = {"q64": 435261231, "q512": 4351431155, "m64": 350508464, "m512": 3184487632}


def test_two_pasted_tables_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One repetition each: the ratios are there, a verdict cannot be."""
    paths = []
    for name, figures in (("before", BEFORE), ("after", AFTER)):
        path = tmp_path / f"{name}.txt"
        path.write_text(SECOND.format(**figures))
        paths.append(f"{name}={path}")
    code, (found,) = shown(capsys, *paths)
    assert code == 4
    ratios = {row["name"]: row["ratio"]["value"] for row in found["benchmarks"]}
    # The int8 lines are the same. 350508464 / 500000000 = 0.701016928;
    # 3184487632 / 4549268045 = 0.7000000. The geometric mean of all four:
    # (1 * 1 * 0.701017 * 0.7) ** (1/4) = 0.49071185 ** 0.25 = 0.836964.
    assert ratios == {
        "BM_Llm_QCINT8/64/real_time": 1,
        "BM_Llm_QCINT8/512/real_time": 1,
        "BM_Llm_Mixed_INT48/64/real_time": pytest.approx(0.701016928, rel=1e-9),
        "BM_Llm_Mixed_INT48/512/real_time": pytest.approx(0.7, rel=1e-9),
    }
    assert found["overall_ratio"]["value"] == pytest.approx(0.836964, abs=5e-7)
    assert (found["baseline"], found["other"]) == ("before", "after")
    assert found["reason"] == "too few repetitions: 1, at least 5 each are needed"
    assert cli.main(["compare", *paths]) == 4
    line = capsys.readouterr().out.splitlines()[0]
    assert line.endswith("Measured, not proved: 16.3 % less time.")


def test_ten_repetitions_of_such_tables_are_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = []
    for name, figures in (("before", BEFORE), ("after", AFTER)):
        source = random.Random(name)
        head, *rows = SECOND.partition("BM_")[0], *SECOND.split("\n")[5:9]
        body = "\n".join(rows)
        text = head + "\n".join(
            body.format(
                **{k: round(v * source.lognormvariate(0, 0.005)) for k, v in figures.items()}
            )
            for _ in range(10)
        )
        path = tmp_path / f"{name}.txt"
        path.write_text(text)
        paths.append(f"{name}={path}")
    code, (found,) = shown(capsys, *paths)
    words = {row["name"]: row["verdict"] for row in found["benchmarks"]}
    assert code == 0
    assert words["BM_Llm_Mixed_INT48/64/real_time"] == "faster"
    assert words["BM_Llm_Mixed_INT48/512/real_time"] == "faster"
    assert words["BM_Llm_QCINT8/64/real_time"] == "no difference"
    assert found["verdict"] == "faster"


# ---------------------------------------------------------------------------- the real script


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Google's compare.py, taken out of a clone."""
    root = Path(os.environ["XNNKIT_GIT_ROOT"])
    names = ("google/benchmark", "google/benchmark.git", "google+benchmark/repo")
    clone = next((root / name for name in names if (root / name).is_dir()), None)
    if clone is None:
        pytest.skip(f"no clone of google/benchmark below {root}")
    out = tmp_path_factory.mktemp("benchmark")
    archive = ["git", "-C", str(clone), "archive", "HEAD", "tools/compare.py", "tools/gbench"]
    packed = subprocess.run(archive, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(out)], input=packed, check=True)
    return out / "tools" / "compare.py"


def real(script: Path, first: Path, second: Path, *more: str) -> tuple[str, list[dict[str, Any]]]:
    dump = first.with_suffix(".dump")
    command = [sys.executable, str(script), "--no-color", *more, "-d", str(dump)]
    done = subprocess.run(
        [*command, "benchmarks", str(first), str(second)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(dump.read_text())


def p_values(dump: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    return {
        entry["name"]: (entry["utest"]["time_pvalue"], entry["utest"]["cpu_pvalue"])
        for entry in dump
        if entry["utest"]
    }


@pytest.mark.upstream
def test_the_same_p_values(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = random.Random(1)
    a: dict[str, list[float]] = {}
    b: dict[str, list[float]] = {}
    for n in (2, 3, 5, 8, 9, 10, 30):
        for effect in (1.0, 1.03):
            a[f"BM_{n}/{effect}"] = [source.gauss(100, 2) for _ in range(n)]
            b[f"BM_{n}/{effect}"] = [source.gauss(100 * effect, 2) for _ in range(n + 1)]
    a["BM_ties"], b["BM_ties"] = [1, 2, 2, 3, 3], [2, 2, 3, 3, 4]
    first, second = (write(tmp_path / f"{n}.json", output(s)) for n, s in (("a", a), ("b", b)))
    _, theirs = real(script, first, second)
    ours = tmp_path / "ours.json"
    _, (found,) = shown(capsys, "-d", str(ours), str(first), str(second))
    known = p_values(theirs)
    assert len(known) == 15
    assert p_values(json.loads(ours.read_text())) == {
        name: pytest.approx(pair, rel=1e-9) for name, pair in known.items()
    }
    assert {row["name"]: row["p"] for row in found["benchmarks"]} == {
        name: pytest.approx(pair[0], rel=1e-9) for name, pair in known.items()
    }
    geomeans = [
        entry["measurements"][0] for entry in (theirs[-1], json.loads(ours.read_text())[-1])
    ]
    assert geomeans[1] == pytest.approx(geomeans[0], rel=1e-9)


@pytest.mark.upstream
def test_the_script_reads_what_is_written(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [
        str(keep(tmp_path, {"BM_a": times(f)}, flavour))
        for flavour, f in (("upstream", 1), ("kleidiai", 0.9))
    ]
    out = tmp_path / "export"
    assert cli.main(["compare", "--export", str(out), *paths]) == 0
    text, dump = real(script, out / "upstream.json", out / "kleidiai.json")
    assert dump[0]["measurements"][0]["time"] == pytest.approx(-0.1)
    table = tmp_path / "pasted.txt"
    table.write_text(SECOND.format(**AFTER))
    capsys.readouterr()
    assert cli.main(["results", "--gbench", str(table)]) == 0
    as_json = tmp_path / "pasted.json"
    as_json.write_text(capsys.readouterr().out)
    text, _ = real(script, as_json, as_json)
    assert "BM_Llm_Mixed_INT48/512/real_time" in text


@pytest.mark.upstream
def test_three_repetitions_mislead_there(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints a change and a p-value that can never be small; nothing says what follows."""
    first = write(tmp_path / "a.json", output({"BM_a": [100, 101, 99]}))
    second = write(tmp_path / "b.json", output({"BM_a": [80, 81, 79]}))
    text, dump = real(script, first, second)
    assert "-0.2" in text
    assert dump[0]["utest"]["time_pvalue"] == pytest.approx(0.1)
    code, (found,) = shown(capsys, str(first), str(second))
    assert (code, found["verdict"]) == (4, "inconclusive")
    assert found["reason"] == "too few repetitions: 3, at least 4 each are needed"


@pytest.mark.upstream
def test_a_hundredth_of_a_percent_misleads_there(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With repetitions enough every difference is significant, also one that nobody can use."""
    source = random.Random(2)
    sides = [[f * source.gauss(100, 0.5) for _ in range(1000)] for f in (1.0, 1.001)]
    first, second = (
        write(tmp_path / f"{n}.json", output({"BM_a": side}))
        for n, side in zip("ab", sides, strict=True)
    )
    _, dump = real(script, first, second)
    assert dump[0]["utest"]["time_pvalue"] < 0.05
    code, (found,) = shown(capsys, str(first), str(second))
    assert (code, found["verdict"]) == (0, "no difference")


@pytest.mark.upstream
def test_many_benchmarks_mislead_there(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of forty benchmarks without any difference some are below 0.05: nothing is corrected."""
    source = random.Random(3)
    sides = [
        {f"BM_{i}": [source.gauss(100, 2) for _ in range(10)] for i in range(40)} for _ in "ab"
    ]
    first, second = (
        write(tmp_path / f"{n}.json", output(side)) for n, side in zip("ab", sides, strict=True)
    )
    _, dump = real(script, first, second)
    assert sum(p[0] < 0.05 for p in p_values(dump).values()) >= 1
    _, (found,) = shown(capsys, str(first), str(second))
    assert {row["verdict"] for row in found["benchmarks"]} <= {"inconclusive", "no difference"}


@pytest.mark.upstream
def test_what_only_one_side_has_misleads_there(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its overall mean takes in benchmarks that only one side has."""
    first = write(tmp_path / "a.json", output({"BM_a": TEN, "BM_short": times(0.01)}))
    second = write(tmp_path / "b.json", output({"BM_a": times(0.9)}))
    _, dump = real(script, first, second)
    assert dump[-1]["measurements"][0]["time"] > 5  # "six times slower"
    _, (found,) = shown(capsys, str(first), str(second))
    assert (found["verdict"], found["overall_ratio"]["value"]) == ("faster", pytest.approx(0.9))
    assert found["only"] == {"a.json": ["BM_short"]}


@pytest.mark.upstream
def test_other_threads_mislead_there(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It compares four threads with one."""
    first = write(tmp_path / "a.json", output({"BM_a": TEN}))
    one = {**CONTEXT, "num_threads": "1"}
    second = write(tmp_path / "b.json", output({"BM_a": times(3)}, one))
    text, _ = real(script, first, second)
    assert "+2.0000" in text
    assert cli.main(["compare", str(first), str(second)]) == 2
    assert "num_threads: 4 and 1" in capsys.readouterr().err
