"""Google Benchmark's JSON: units, repetitions, aggregates, old output, and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gbench import output, write
from hypothesis import given
from hypothesis import strategies as st
from xnnkit.bench import results
from xnnkit.errors import BadInput


def entry(**changes: Any) -> dict[str, Any]:
    base = {"name": "BM_a", "iterations": 2, "real_time": 1.5, "cpu_time": 1.0, "time_unit": "ms"}
    return {**base, **changes}


def parse(*entries: Any, context: Any = None) -> results.Results:
    data = {"benchmarks": list(entries)}
    return results.parse(data if context is None else {**data, "context": context}, "f.json")


@pytest.mark.parametrize(("unit", "ns"), [("ns", 1.5), ("us", 1.5e3), ("ms", 1.5e6), ("s", 1.5e9)])
def test_units(unit: str, ns: float) -> None:
    (sample,) = parse(entry(time_unit=unit)).benchmarks["BM_a"].samples
    assert sample.real_ns == pytest.approx(ns, rel=1e-15)
    assert sample.cpu_ns == pytest.approx(ns / 1.5, rel=1e-15)
    assert sample.iterations == 2
    assert sample.items_per_second is None


def test_a_real_file(tmp_path: Path) -> None:
    found = results.read(write(tmp_path / "f.json", output({"BM_a/64": [2, 3], "BM_b": [4]})))
    assert found.context["num_threads"] == "4"
    assert list(found.benchmarks) == ["BM_a/64", "BM_b"]
    assert [s.real_ns for s in found.benchmarks["BM_a/64"].samples] == [2e6, 3e6]
    assert found.benchmarks["BM_a/64"].samples[0].items_per_second == 32e3


def test_aggregates_are_kept_apart() -> None:
    rows = [entry(run_name="BM_a", run_type="iteration", real_time=t) for t in (1.0, 3.0)]
    for name, value, unit in (("mean", 2.0, "time"), ("cv", 0.5, "percentage")):
        rows.append(
            entry(
                name=f"BM_a_{name}",
                run_name="BM_a",
                run_type="aggregate",
                aggregate_name=name,
                aggregate_unit=unit,
                real_time=value,
            )
        )
    (benchmark,) = parse(*rows).benchmarks.values()
    assert [s.real_ns for s in benchmark.samples] == [1e6, 3e6]
    assert benchmark.aggregates == {"mean": 2e6, "cv": 0.5}


def test_output_older_than_run_name() -> None:
    found = parse(entry(), entry(), entry(name="BM_a_mean"), entry(name="BM_a_stddev"))
    (benchmark,) = found.benchmarks.values()
    assert len(benchmark.samples) == 2
    assert set(benchmark.aggregates) == {"mean", "stddev"}


def test_a_benchmark_that_is_called_like_an_aggregate() -> None:
    found = parse(entry(name="BM_mean", run_name="BM_mean", run_type="iteration"))
    assert len(found.benchmarks["BM_mean"].samples) == 1


def test_failed_and_skipped_repetitions() -> None:
    found = parse(
        entry(error_occurred=True, error_message="no memory", real_time=0.0),
        entry(error_occurred=False),
        entry(skipped=True),
    )
    benchmark = found.benchmarks["BM_a"]
    assert benchmark.errors == ("no memory",)
    assert len(benchmark.samples) == 1


def test_schema_version() -> None:
    assert parse(entry(), context={"json_schema_version": 1}).benchmarks
    assert parse(entry(), context={}).benchmarks
    with pytest.raises(BadInput, match="json_schema_version 2 is not known"):
        parse(entry(), context={"json_schema_version": 2})


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"real_time": "1"}, "benchmarks[1] (BM_a).real_time"),
        ({"real_time": None}, "benchmarks[1] (BM_a).real_time"),
        ({"real_time": True}, "benchmarks[1] (BM_a).real_time"),
        ({"real_time": float("nan")}, "benchmarks[1] (BM_a).real_time"),
        ({"cpu_time": float("inf")}, "benchmarks[1] (BM_a).cpu_time"),
        ({"real_time": -1}, "benchmarks[1] (BM_a).real_time"),
        ({"time_unit": "min"}, "benchmarks[1] (BM_a).time_unit"),
        ({"items_per_second": "many"}, "benchmarks[1] (BM_a).items_per_second"),
        ({"name": ""}, "benchmarks[1].name"),
        ({"name": 7}, "benchmarks[1].name"),
        ({"threads": []}, "benchmarks[1] (BM_a).threads"),
    ],
)
def test_a_wrong_entry_is_named(change: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(entry(), entry(**change))
    assert caught.value.where == f"f.json: {where}"
    assert caught.value.why


@pytest.mark.parametrize("data", [None, [], {}, {"benchmarks": {}}, {"a": 1}, "x", 7])
def test_another_shape(data: Any) -> None:
    with pytest.raises(BadInput, match="not the output of Google Benchmark"):
        results.parse(data, "f.json")


@pytest.mark.parametrize("data", [{"benchmarks": [7]}, {"benchmarks": [], "context": []}])
def test_another_shape_inside(data: Any) -> None:
    with pytest.raises(BadInput, match="not an object"):
        results.parse(data, "f.json")


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('{"a": 1,\n  "b": x}', ":2:8", "not JSON: Expecting value"),
        ('{"a": 1,\n', ":2:1", "the JSON ends too early"),
        ("", ":1:1", "the JSON ends too early"),
        ("\xff", ": byte 0", "not UTF-8"),
        ("[" * 100_000, "", "nested too deeply"),
    ],
)
def test_what_is_no_json(text: str, where: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput, match=what) as caught:
        results.read(path)
    assert caught.value.where == f"{path}{where}"


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        results.read(tmp_path / "f.json")


@given(st.integers(0, 2000))
def test_a_cut_file_is_refused(cut: int) -> None:
    text = json.dumps(output({"BM_a": [1, 2, 3]})).encode()
    with pytest.raises(BadInput):
        results.parse(results.loads(text[: cut % len(text)], "f"), "f")


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
_keys = st.sampled_from(
    [
        "name",
        "run_name",
        "run_type",
        "aggregate_name",
        "real_time",
        "cpu_time",
        "time_unit",
        "iterations",
        "items_per_second",
        "label",
        "threads",
        "error_occurred",
        "error_message",
    ]
)


@given(st.dictionaries(_keys, _json), _json)
def test_any_value_anywhere_is_read_or_refused(change: dict[str, Any], context: Any) -> None:
    try:
        found = results.parse({"context": context, "benchmarks": [entry(**change)]}, "f.json")
    except BadInput:
        return
    for benchmark in found.benchmarks.values():
        assert all(sample.real_ns >= 0 for sample in benchmark.samples)
