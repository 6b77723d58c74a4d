"""Comparisons: known truth gives the verdict, and what is not comparable is refused."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gbench import CONTEXT, identity, keep, output, write
from xnnkit.bench import runs, show_compare, sides, verdict
from xnnkit.bench.compare import Comparison, compare_paths
from xnnkit.bench.parts import Source
from xnnkit.bench.verdict import Rules, Verdict
from xnnkit.errors import BadInput, Finding

TEN = [100.0, 100.4, 99.7, 100.1, 99.9, 100.6, 99.5, 100.2, 99.8, 100.3]


def times(factor: float, values: list[float] = TEN) -> list[float]:
    return [factor * x for x in values]


def two(
    path: Path, a: dict[str, list[float]], b: dict[str, list[float]], rules: Rules | None = None
) -> Comparison:
    first = write(path / "a.json", output(a))
    second = write(path / "b.json", output(b))
    (found,) = compare_paths([first, second], rules)
    return found


def noisy(source: random.Random, n: int, factor: float, noise: float) -> list[float]:
    return [100 * factor * source.lognormvariate(0, noise) for _ in range(n)]


@pytest.mark.parametrize(
    ("factor", "word", "code"),
    [(1.0, Verdict.SAME, 0), (0.9, Verdict.FASTER, 0), (1.1, Verdict.SLOWER, 0)],
)
def test_clear_cases(factor: float, word: Verdict, code: int, tmp_path: Path) -> None:
    found = two(tmp_path, {"BM_a": TEN}, {"BM_a": times(factor)})
    (row,) = found.rows
    assert row.verdict is word
    assert found.verdict is word
    assert found.exit_code == code
    assert row.evidence.ratio is not None
    assert row.evidence.ratio.value == pytest.approx(factor)
    assert (found.baseline, found.other) == ("a.json", "b.json")


@pytest.mark.parametrize(
    ("n", "benchmarks", "need"), [(1, 1, 4), (3, 1, 4), (4, 2, 5), (5, 8, 6), (1, 6, 5)]
)
def test_too_few_repetitions_says_how_many(
    n: int, benchmarks: int, need: int, tmp_path: Path
) -> None:
    # Smallest p of n against n: 4: 2/70, 5: 2/252, 6: 2/924. Times 1, 2, 6 or 8.
    a = {f"BM_{i}": TEN[:n] for i in range(benchmarks)}
    b = {f"BM_{i}": times(0.5, TEN[:n]) for i in range(benchmarks)}
    found = two(tmp_path, a, b)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.exit_code == 4
    for row in found.rows:
        assert row.reason == f"too few repetitions: {n}, at least {need} each are needed"
    assert verdict.needed(benchmarks, 0.05) == need
    enough = TEN[:need] if need <= 10 else TEN
    c = dict.fromkeys(a, enough)
    d = {name: times(0.5, enough) for name in a}
    assert two(tmp_path, c, d).verdict is Verdict.FASTER


def test_noise_is_named(tmp_path: Path) -> None:
    a, b = [100.0, 80, 120, 90, 110], [101.0, 82, 118, 88, 113]
    found = two(tmp_path, {"BM_a": a}, {"BM_a": b})
    assert found.rows[0].reason.startswith("too noisy: anything from -")
    assert found.exit_code == 4


def test_one_of_many_needs_more_to_be_sure(tmp_path: Path) -> None:
    # 5 against 5 and one inversion: p = 4/252 = 0.016; times 5 it is 0.079.
    a, b = [3.0, 1, 6, 2, 4], [8.0, 10, 5, 9, 7]
    same = {f"BM_{i}": [1.0, 9, 2, 8, 3] for i in range(4)}
    other = {name: [1.5, 9.5, 2.5, 8.5, 3.5] for name in same}
    alone = two(tmp_path, {"BM_a": a}, {"BM_a": b})
    assert alone.verdict is Verdict.SLOWER
    assert alone.rows[0].evidence.p == pytest.approx(4 / 252)
    among = two(tmp_path, {"BM_a": a, **same}, {"BM_a": b, **other})
    assert among.rows[0].evidence.corrected == pytest.approx(5 * 4 / 252)
    assert among.rows[0].reason == "not sure enough among 5 benchmarks (p = 0.079)"


def test_mixed(tmp_path: Path) -> None:
    found = two(tmp_path, {"BM_a": TEN, "BM_b": TEN}, {"BM_a": times(0.9), "BM_b": times(1.2)})
    assert [row.verdict for row in found.rows] == [Verdict.FASTER, Verdict.SLOWER]
    assert found.verdict is Verdict.MIXED
    assert found.exit_code == 0
    assert found.overall is not None
    assert found.overall.value == pytest.approx((0.9 * 1.2) ** 0.5)


def test_a_margin_is_no_difference(tmp_path: Path) -> None:
    a, b = {"BM_a": TEN}, {"BM_a": times(1.015)}
    assert two(tmp_path, a, b).verdict is Verdict.SLOWER
    assert two(tmp_path, a, b, Rules(margin=0.03)).verdict is Verdict.SAME


@pytest.mark.parametrize(
    ("factor", "limit", "gate", "code"),
    [
        (1.0, 0.03, "passed", 0),
        (0.8, 0.03, "passed", 0),
        (1.02, 0.03, "passed", 0),
        (1.05, 0.03, "failed", 1),
        (1.05, 0.10, "passed", 0),
        (1.03, 0.03, "unsure", 4),
        (1.001, 0.0, "unsure", 4),
    ],
)
def test_fail_above(factor: float, limit: float, gate: str, code: int, tmp_path: Path) -> None:
    rules = Rules(fail_above=limit)
    found = two(tmp_path, {"BM_a": TEN}, {"BM_a": times(factor - 1e-9)}, rules)
    assert (found.rows[0].gate, found.exit_code) == (gate, code)


def test_fail_above_does_not_overlook_what_is_gone(tmp_path: Path) -> None:
    rules = Rules(fail_above=0.03)
    a, b = {"BM_a": TEN, "BM_gone": TEN}, {"BM_a": TEN, "BM_new": TEN}
    found = two(tmp_path, a, b, rules)
    assert found.only == {"a.json": ["BM_gone"], "b.json": ["BM_new"]}
    assert found.exit_code == 4
    assert two(tmp_path, {"BM_a": TEN}, b, rules).exit_code == 0


def test_fail_above_and_a_failure_wins_over_unsure(tmp_path: Path) -> None:
    a = {"BM_a": TEN, "BM_b": [1.0]}
    found = two(tmp_path, a, {"BM_a": times(1.5), "BM_b": [1.0]}, Rules(fail_above=0.03))
    assert [row.gate for row in found.rows] == ["failed", "unsure"]
    assert found.exit_code == 1


def test_nothing_in_common(tmp_path: Path) -> None:
    found = two(tmp_path, {"BM_a": TEN}, {"BM_b": TEN})
    assert (found.verdict, found.exit_code, found.rows) == (Verdict.INCONCLUSIVE, 4, ())
    assert found.reason == "nothing to compare"


def test_times_that_cannot_be_compared(tmp_path: Path) -> None:
    found = two(tmp_path, {"BM_a": TEN, "BM_z": [0.0] * 5}, {"BM_a": TEN, "BM_z": [0.0] * 5})
    assert [row.verdict for row in found.rows] == [Verdict.SAME, Verdict.INCONCLUSIVE]
    # The benchmark without times takes no part in the correction.
    assert found.rows[0].evidence.corrected == found.rows[0].evidence.p


def test_a_repetition_that_failed(tmp_path: Path) -> None:
    data = output({"BM_a": times(0.5)})
    data["benchmarks"][0] |= {"error_occurred": True, "error_message": "no memory"}
    first = write(tmp_path / "a.json", output({"BM_a": TEN}))
    (found,) = compare_paths([first, write(tmp_path / "b.json", data)])
    assert found.rows[0].reason == "it failed: no memory"
    assert found.verdict is Verdict.INCONCLUSIVE


def test_a_failed_repetition_does_not_pass_the_gate(tmp_path: Path) -> None:
    """The repetitions that survived are within the limit; what was asked is not answered."""
    data = output({"BM_a": TEN, "BM_b": TEN})
    data["benchmarks"][0] |= {"error_occurred": True, "error_message": "no memory"}
    first = write(tmp_path / "a.json", output({"BM_a": TEN, "BM_b": TEN}))
    second = write(tmp_path / "b.json", data)
    (found,) = compare_paths([first, second], Rules(fail_above=0.03))
    assert found.rows[0].gate == "unsure"
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.exit_code == 4


def test_one_that_cannot_be_judged_takes_the_overall_verdict_away(tmp_path: Path) -> None:
    found = two(tmp_path, {"BM_a": TEN, "BM_b": [100.0]}, {"BM_a": times(0.9), "BM_b": [300.0]})
    assert found.rows[0].verdict is Verdict.FASTER
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "1 of 2 benchmarks cannot be judged (BM_b" in found.reason
    assert found.exit_code == 4


# ---------------------------------------------------------------------------- known truth


@pytest.mark.parametrize("n", [4, 6, 10, 20])
@pytest.mark.parametrize("noise", [0.01, 0.05])
def test_false_alarms_are_rare(n: int, noise: float) -> None:
    """Without any difference, six benchmarks: hardly ever even one verdict."""
    from xnnkit.bench.compare import compare
    from xnnkit.bench.sides import Side

    source = random.Random(f"{n} {noise}")
    alarms = 0
    for _ in range(150):
        sides = [
            Side(
                name,
                (Path(name),),
                {f"BM_{i}": tuple(noisy(source, n, 1, noise)) for i in range(6)},
                {},
                {},
            )
            for name in "ab"
        ]
        found = compare(sides[0], sides[1], Rules())
        words = {row.verdict for row in found.rows} | {found.verdict}
        alarms += bool(words & {Verdict.FASTER, Verdict.SLOWER})
    assert alarms <= 0.05 * 150 + 3 * (150 * 0.05 * 0.95) ** 0.5


@pytest.mark.parametrize(("factor", "word"), [(0.97, Verdict.FASTER), (1.03, Verdict.SLOWER)])
def test_three_percent_are_found(factor: float, word: Verdict, tmp_path: Path) -> None:
    """At 1 % noise and 10 repetitions, in 9 of 10 and more."""
    source = random.Random(7)
    found = sum(
        two(
            tmp_path,
            {"BM_a": noisy(source, 10, 1, 0.01)},
            {"BM_a": noisy(source, 10, factor, 0.01)},
        ).verdict
        is word
        for _ in range(100)
    )
    assert found >= 90


# ---------------------------------------------------------------------------- runs and sides


def test_runs_of_two_flavours(tmp_path: Path) -> None:
    for half in (TEN[:5], TEN[5:]):
        keep(tmp_path, {"BM_a": half}, "upstream", prebuilt=["KleidiAI"])
        keep(tmp_path, {"BM_a": times(0.9, half)}, "kleidiai", prebuilt=["KleidiAI"])
    (found,) = compare_paths([tmp_path / "small" / "upstream", tmp_path / "small" / "kleidiai"])
    assert (found.baseline, found.other, found.verdict) == ("upstream", "kleidiai", "faster")
    assert found.rows[0].evidence.first is not None
    assert found.rows[0].evidence.first.n == 10
    assert found.notes == ("KleidiAI is prebuilt: only its bytes were checked",)


def test_three_sides_and_their_names(tmp_path: Path) -> None:
    paths = [
        keep(tmp_path / folder, {"BM_a": times(factor)}, "upstream")
        for folder, factor in (("old", 1), ("new", 0.9), ("newer", 0.8))
    ]
    found = compare_paths(paths)
    assert [(one.baseline, one.other) for one in found] == [
        ("old/small/upstream/adb-1-1.json", "new/small/upstream/adb-1-1.json"),
        ("old/small/upstream/adb-1-1.json", "newer/small/upstream/adb-1-1.json"),
    ]
    assert found[0].notes == ("both sides ran the same binary",)


QEMU: dict[str, Any] = {"kind": "qemu", "name": "qemu", "emulated": True, "cpu": "max"}


def test_times_under_qemu_say_nothing(tmp_path: Path) -> None:
    paths = [
        keep(tmp_path, {"BM_a": times(factor)}, flavour, device=QEMU)
        for flavour, factor in (("upstream", 1), ("kleidiai", 0.5))
    ]
    (found,) = compare_paths(paths)
    reason = "wall time under qemu says nothing about speed"
    assert (found.verdict, found.reason, found.exit_code) == ("inconclusive", reason, 4)
    assert (found.rows[0].verdict, found.rows[0].reason) == ("inconclusive", reason)
    (gated,) = compare_paths(paths, Rules(fail_above=0.03))
    assert (gated.rows[0].gate, gated.exit_code) == ("unsure", 4)
    (forced,) = compare_paths(paths, Rules(emulated=True))
    assert forced.verdict is Verdict.FASTER


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"device": {"kind": "adb", "name": "adb:2"}}, "device name: adb:1 and adb:2"),
        ({"device": QEMU}, "device kind: adb and qemu"),
        ({"threads": 2, "context": {}}, "num_threads: 4 and 2"),
        ({"context": {**CONTEXT, "num_threads": "8"}}, "num_threads: 4 and 8"),
        ({"context": {**CONTEXT, "host_name": "other"}}, "host: phone and other"),
        ({"arguments": ["--benchmark_method=encode"]}, "arguments: none and --benchmark_method"),
        ({"arguments": ["--model_type=GEMMA"]}, "arguments: none and --model_type=GEMMA"),
    ],
)
def test_what_is_not_comparable_is_refused(
    change: dict[str, Any], why: str, tmp_path: Path
) -> None:
    paths = [
        keep(tmp_path, {"BM_a": TEN}, "upstream"),
        keep(tmp_path, {"BM_a": TEN}, "kleidiai", **change),
    ]
    with pytest.raises(BadInput, match="kleidiai cannot be compared with upstream") as caught:
        compare_paths(paths)
    assert why in caught.value.why
    assert "--force" in caught.value.fix
    (forced,) = compare_paths(paths, force=True)
    assert any(why in note for note in forced.notes)


@pytest.mark.parametrize(
    "change",
    [
        {"arguments": ["--benchmark_min_time=1"]},
        {"arguments": ["--num_threads=4"]},  # the context says the same
        {"started": "2027-01-01T00:00:00+00:00"},
        {"context": {**CONTEXT, "date": "later", "load_avg": [1.0], "mhz_per_cpu": 7}},
        {"toolchain": "ndk"},
    ],
)
def test_what_may_differ(change: dict[str, Any], tmp_path: Path) -> None:
    paths = [
        keep(tmp_path, {"BM_a": TEN}, "upstream"),
        keep(tmp_path, {"BM_a": TEN}, "kleidiai", **change),
    ]
    assert compare_paths(paths)[0].verdict is Verdict.SAME


def test_a_folder_of_two_flavours_is_no_side(tmp_path: Path) -> None:
    keep(tmp_path, {"BM_a": TEN}, "upstream")
    other = keep(tmp_path, {"BM_a": TEN}, "kleidiai")
    with pytest.raises(BadInput, match="do not belong together") as caught:
        compare_paths([tmp_path / "small", other])
    assert "flavour: kleidiai and upstream" in caught.value.why


def test_runs_of_two_builds_are_no_side(tmp_path: Path) -> None:
    keep(tmp_path, {"BM_a": TEN})
    keep(tmp_path, {"BM_a": TEN}, binary={"name": "b", "sha256": "other", "size": 1})
    folder = tmp_path / "small" / "upstream"
    with pytest.raises(BadInput, match="do not belong together") as caught:
        compare_paths([folder, folder])
    assert "binary: upstream-sha and other" in caught.value.why
    (forced,) = compare_paths([folder, folder], force=True)
    assert any("differ in binary" in note for note in forced.notes)


def test_a_run_against_raw_output(tmp_path: Path) -> None:
    run = keep(tmp_path, {"BM_a": TEN})
    same = write(tmp_path / "raw.json", output({"BM_a": times(1.2)}))
    assert compare_paths([run, same])[0].verdict is Verdict.SLOWER
    elsewhere = write(tmp_path / "else.json", output({"BM_a": TEN}, {"host_name": "pc"}))
    with pytest.raises(BadInput, match="cannot be compared"):
        compare_paths([run, elsewhere])
    unknown = write(tmp_path / "unknown.json", {"benchmarks": output({"BM_a": TEN})["benchmarks"]})
    (found,) = compare_paths([run, unknown])
    assert "nothing is known of where and how one side was run" in found.notes


def test_a_debug_build_is_said(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.json", output({"BM_a": TEN}, {**CONTEXT, "library_build_type": "debug"})
    )
    assert any("without optimisation" in note for note in compare_paths([path, path])[0].notes)


def test_refusals(tmp_path: Path) -> None:
    run = keep(tmp_path, {"BM_a": TEN})
    with pytest.raises(BadInput, match="one side cannot be compared"):
        compare_paths([run])
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="there are no runs"):
        compare_paths([run, tmp_path / "empty"])
    with pytest.raises(BadInput, match="cannot be read"):
        compare_paths([run, tmp_path / "missing.json"])
    run.write_text(run.read_text().replace("upstream-sha", "upstream-shb"))
    with pytest.raises(Finding, match="checksum"):
        compare_paths([run, run])


def test_files_in_hidden_folders_are_left_out(tmp_path: Path) -> None:
    run = keep(tmp_path, {"BM_a": TEN})
    write(run.parent / ".old" / "x.json", {})
    write(run.parent / ".run-partial.json", {})
    assert compare_paths([run.parent, run])[0].rows[0].evidence.first is not None


def test_a_file_against_itself_and_two_of_one_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", output({"BM_a": TEN, "BM_b": TEN}))
    (found,) = compare_paths([path, path])
    assert (found.baseline, found.other, found.verdict) == ("a.json", "a.json (2)", "no difference")
    other = write(tmp_path / "b.json", output({"BM_a": TEN, "BM_c": TEN}))
    labelled = [Source.of(f"x={path}"), Source.of(f"x={other}")]
    (found,) = compare_paths(labelled)
    assert found.only == {"x": ["BM_b"], "x (2)": ["BM_c"]}


def test_counted_runs_show_instructions_and_no_verdict(tmp_path: Path) -> None:
    paths = []
    for flavour, instructions in (("upstream", 2000), ("kleidiai", 1100)):
        one = {"name": "BM_a", "iterations": 10, "instructions": instructions}
        run = runs.Run(
            identity(flavour, device=QEMU), output({"BM_a": TEN}), None, {"benchmarks": [one]}
        )
        paths.append(runs.save(run, tmp_path))
    (found,) = compare_paths(paths)
    (row,) = found.rows
    assert row.instructions == (200, 110)
    assert (row.verdict, found.verdict) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)
    assert found.reason == "instructions were counted, which say nothing of time"
    assert row.evidence.first is None
    assert "0.5500 (200 -> 110)" in show_compare.comparison_text(found)


def test_when_repetitions_were_taken(tmp_path: Path) -> None:
    path = keep(tmp_path, {"BM_a": [1.0, 1.0]}, started="2026-11-21T00:00:08+00:00", seconds=4.0)
    side = sides.load(path)
    start = datetime(2026, 11, 21, 0, 0, 8, tzinfo=UTC).timestamp()
    assert side.taken == {"BM_a": (start + 1, start + 3)}
    raw = sides.load(
        write(tmp_path / "a.json", {"benchmarks": output({"BM_a": [1]})["benchmarks"]})
    )
    assert math.isnan(raw.taken["BM_a"][0])
