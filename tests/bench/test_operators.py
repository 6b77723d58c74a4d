"""Two profiles beside each other."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from gbench import identity, output
from xnnkit.bench import operators, runs
from xnnkit.bench.model import Operator
from xnnkit.bench.verdict import Verdict
from xnnkit.cli import main as cli

GEMM = "Fully Connected (NC, {}, F32, QC8W) GEMM #7"


def one(key: str, name: str, *times_us: float) -> Operator:
    return Operator(key, name, tuple(1e3 * x for x in times_us))


def test_the_published_layer() -> None:
    # On the phone 0.75 -> 0.6048 ms, on the laptop 0.4935 -> 0.648 ms.
    for before, after, share in ((750, 604.8, -0.1936), (493.5, 648, 0.3131)):
        table = operators.compare(
            "upstream",
            [one("834", GEMM.format("QD8"), before)],
            "kleidiai",
            [one("834", GEMM.format("QP8"), after)],
        )
        (row,) = table.rows
        assert (row.key, row.name, row.other_name) == (
            "834",
            "Fully Connected (NC, QD8, F32, QC8W) GEMM #7",
            "Fully Connected (NC, QP8, F32, QC8W) GEMM #7",
        )
        assert (row.first_ns, row.second_ns) == (before * 1e3, after * 1e3)
        assert row.ratio is not None
        # 604.8 / 750 - 1 = -0.1936; 648 / 493.5 - 1 = 0.31307.
        assert row.ratio - 1 == pytest.approx(share, abs=5e-5)
        assert row.verdict is Verdict.INCONCLUSIVE
        assert row.evidence.figures
        assert row.to_json()["low"] is None


def test_repetitions_give_a_verdict() -> None:
    source = random.Random(1)

    def times(middle: float) -> list[float]:
        return [source.gauss(middle, middle / 100) for _ in range(12)]

    first = [one("0", "Convert", *times(100)), one("1", "GEMM", *times(750))]
    second = [one("0", "Convert", *times(100)), one("1", "GEMM", *times(600))]
    table = operators.compare("a", first, "b", second)
    assert [row.verdict for row in table.rows][1] is Verdict.FASTER
    assert table.rows[0].verdict is not Verdict.FASTER
    assert table.by_gain[0].name == "GEMM"
    assert table.by_gain[0].saved_ns == pytest.approx(150e3, rel=0.05)
    assert table.totals == pytest.approx((850e3, 700e3), rel=0.02)
    assert table.to_json()["operators"][1]["verdict"] == "faster"


def test_another_graph_is_matched_by_kind_and_order() -> None:
    first = [one("0", "Add (ND)", 1), one("1", GEMM.format("QD8"), 7), one("2", "Mul (ND)", 2)]
    second = [
        one("0", "Add (ND)", 1),
        one("1", "Pack (NC, QP8)", 3),
        one("2", GEMM.format("QP8"), 5),
        one("3", "Mul (ND)", 2),
    ]
    table = operators.compare("a", first, "b", second)
    assert [(row.key, operators.kind(row.other_name)) for row in table.rows] == [
        ("0", "Add"),
        ("1", "Fully Connected GEMM"),
        ("2", "Mul"),
    ]
    assert table.only == {"b": ["1 Pack (NC, QP8)"]}


def test_operators_that_take_no_time() -> None:
    table = operators.compare("a", [one("0", "Copy", 0, 0)], "b", [one("0", "Copy", 0, 1)])
    (row,) = table.rows
    assert (row.ratio, row.verdict) == (None, Verdict.INCONCLUSIVE)
    assert row.to_json()["ratio"] is None


def test_nothing_in_common() -> None:
    table = operators.compare("a", [one("0", "Add", 1)], "b", [one("0", "Mul", 1)])
    assert (table.rows, table.totals) == ((), (0, 0))
    assert table.only == {"a": ["0 Add"], "b": ["0 Mul"]}


def test_two_profiles_in_print(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = []
    for name, took in (("before", 750), ("after", 600)):
        path = tmp_path / f"{name}.csv"
        lines = [f"{n}; {took + n + i}; Op {n}" for i in range(10) for n in range(2)]
        path.write_text("node_id; time(us); op_name\n" + "\n".join(lines))
        paths.append(f"{name}={path}")
    assert cli.main(["compare", *paths]) == 4
    out = capsys.readouterr().out
    assert out.startswith("after against before (baseline): inconclusive: these are profiles")
    assert [line.split()[-1] for line in out.splitlines() if " Op " in line] == ["faster"] * 2
    assert "all 2 operators: 1.5100 ms, 1.2100 ms" in out
    assert cli.main(["compare", "--markdown", *paths]) == 4
    assert "\n| 0 | Op 0 | 0.7545 ms | 0.6045 ms | -19.9 % | faster |" in capsys.readouterr().out
    assert cli.main(["compare", "--json", *paths]) == 4
    shown = json.loads(capsys.readouterr().out)
    assert shown["operators"][0]["operators"][1]["name"] == "Op 1"


@pytest.mark.parametrize("kind", ["qemu", "adb"])
def test_an_emulator_judges_no_operator(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for flavour, middle in (("upstream", 100), ("kleidiai", 50)):
        found = output({"BM": [middle + i for i in range(10)]})
        times = [1e6 * (middle + i) for i in range(10)]
        found["operators"] = [{"key": "1", "name": "GEMM", "times_ns": times}]
        said = identity(flavour, device={"kind": kind, "name": kind, "emulated": kind == "qemu"})
        runs.save(runs.Run(said, found), tmp_path / flavour)
    cli.main(["compare", "--json", str(tmp_path / "upstream"), str(tmp_path / "kleidiai")])
    (table,) = json.loads(capsys.readouterr().out)["operators"]
    word = "inconclusive" if kind == "qemu" else "faster"
    assert [row["verdict"] for row in table["operators"]] == [word]
