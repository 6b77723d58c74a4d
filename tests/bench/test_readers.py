"""Every format to the digit, told by its content; bad lines are named and left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gbench import output
from hypothesis import given
from hypothesis import strategies as st
from xnnkit.bench import readers, results
from xnnkit.bench.model import Results
from xnnkit.errors import BadInput, XnnkitError

# Arm's Learning Path prints these figures of a Pixel 8 Pro.
PIXEL = {
    "BM_Llm_QCINT8/64/real_time": (435261231, 431100073, 2, 147.038),
    "BM_Llm_QCINT8/512/real_time": (4351431155, 4311715132, 1, 117.662),
    "BM_Llm_QCINT8/1024/real_time": (9629629440, 9532388833, 1, 106.338),
    "BM_Llm_Mixed_INT48/64/real_time": (350508464, 346436742, 2, 182.592),
    "BM_Llm_Mixed_INT48/512/real_time": (3184487632, 3155323312, 1, 160.779),
    "BM_Llm_Mixed_INT48/1024/real_time": (6848890710, 6748597814, 1, 149.513),
}


def read(text: str | bytes) -> Results:
    return readers.read_bytes(text if isinstance(text, bytes) else text.encode(), "f")


def figures(found: Results) -> dict[str, tuple[float, float, int, float | None]]:
    return {
        name: (s.real_ns, s.cpu_ns, s.iterations, s.items_per_second)
        for name, benchmark in found.benchmarks.items()
        for s in benchmark.samples
    }


# ---------------------------------------------------------------------------- the console's table

HEADER = "Benchmark                        Time             CPU   Iterations"
ROW = "BM_a/64/real_time          435261231 ns    431100073 ns            2"


def table(*rows: str, header: str = HEADER + " UserCounters...") -> str:
    rule = "-" * len(header)
    return "\n".join([rule, header, rule, *rows]) + "\n"


def pixel() -> str:
    """The published session on the phone, as it is pasted into documents."""
    rows = [
        f"{name:<33} {real:>10} ns {cpu:>12} ns {count:>12} items_per_second={rate:g}/s"
        for name, (real, cpu, count, rate) in PIXEL.items()
    ]
    return "\n".join(
        [
            "```bash",
            "husky:/data/local/tmp/gen_ai $ ./llm_test",
            "2024-05-28T10:27:27-05:00",
            "Running ./llm_test",
            "Run on (9 X 1704 MHz CPU s)",
            "***WARNING*** CPU scaling is enabled, the benchmark may be noisy.",
            table(*rows).rstrip(),
            "```",
            "",
            "As you can see, these improvements are only noticeable in the mixed benchmarks.",
        ]
    )


def test_the_published_table_to_the_digit() -> None:
    found = read(pixel())
    assert figures(found) == PIXEL
    assert found.problems == ()
    assert found.context == {
        "shell": "husky",
        "date": "2024-05-28T10:27:27-05:00",
        "executable": "./llm_test",
        "num_cpus": 9,
        "mhz_per_cpu": 1704,
        "cpu_scaling_enabled": True,
    }
    # The rate is items over time: 64 tokens in 0.435261231 s are 147.038 a second.
    assert round(64 / 0.435261231, 3) == 147.038


@pytest.mark.parametrize(
    ("rest", "rate", "label"),
    [
        ("", None, ""),
        ("items_per_second=147.038/s", 147.038, ""),
        ("items_per_second=1.18272k/s", 1182.72, ""),
        ("bytes_per_second=1.5Gi/s items_per_second=2M/s", 2e6, ""),
        ("items_per_second=12.5m/s", 0.0125, ""),
        ("items_per_second=2Ki/s", 2048, ""),
        ("FLOPS=1.2T/s sum=20 items_per_second=3/s checksum 20 ok", 3, "checksum 20 ok"),
        ("items_per_second=0/s", 0, ""),
        ("a label=with words", None, "a label=with words"),
    ],
)
def test_counters_and_labels(rest: str, rate: float | None, label: str) -> None:
    (sample,) = read(table(f"{ROW} {rest}")).benchmarks["BM_a/64/real_time"].samples
    assert sample.items_per_second == (None if rate is None else pytest.approx(rate, rel=1e-12))
    assert sample.label == label


def test_tabular_counters() -> None:
    header = HEADER + " items_per_second    threads"
    found = read(table(f"{ROW}       1.5k/s          4 a label", header=header))
    (sample,) = found.benchmarks["BM_a/64/real_time"].samples
    assert (sample.items_per_second, sample.label) == (1500, "a label")


def test_aggregates_of_the_table() -> None:
    rows = [
        "BM_a         100 ms          90.0 ms            7",
        "BM_a         102 ms          91.0 ms            7",
        "BM_a_mean    101 ms          90.5 ms            2",
        "BM_a_median  101 ms          90.5 ms            2",
        "BM_a_stddev 1.41 ms         0.707 ms            2",
        "BM_a_cv     1.40 %           0.78 %             2",
        "BM_mean      5.0 us           5.0 us           10",
    ]
    found = read(table(*rows)).benchmarks
    assert list(found) == ["BM_a", "BM_mean"]
    assert [s.real_ns for s in found["BM_a"].samples] == [100e6, 102e6]
    assert found["BM_a"].aggregates == pytest.approx(
        {"mean": 101e6, "median": 101e6, "stddev": 1.41e6, "cv": 0.014}
    )
    assert found["BM_a"].repetitions == 2
    # Called like an aggregate, but it is of nothing.
    assert [s.real_ns for s in found["BM_mean"].samples] == [5000]


def test_aggregates_alone() -> None:
    rows = [
        "BM_a_mean    101 ms          90.5 ms            9",
        "BM_a_median  100 ms          90.5 ms            9",
        "BM_a_stddev 1.41 ms         0.707 ms            9",
    ]
    (found,) = read(table(*rows)).benchmarks.values()
    assert (found.name, found.samples, found.repetitions) == ("BM_a", (), 9)
    assert found.aggregates["median"] == 1e8


def test_rows_that_failed_and_fits_of_a_complexity() -> None:
    rows = [
        "BM_bad/1    ERROR OCCURRED: 'no memory'",
        "BM_skip     SKIPPED: 'no i8mm'",
        "BM_o_BigO   0.25 NlgN       0.25 NlgN ",
        "BM_o_RMS       1 %             1 % ",
        ROW,
    ]
    found = read(table(*rows))
    assert found.benchmarks["BM_bad/1"].errors == ("no memory",)
    assert list(found.benchmarks) == ["BM_bad/1", "BM_a/64/real_time"]
    assert found.problems == ()


def test_bad_rows_are_named_and_the_rest_is_kept() -> None:
    rows = ["BM_cut/1    4351431155 ns    43117", "W0528 some log line", ROW, "adb: device gone"]
    found = read(table(*rows))
    assert list(found.benchmarks) == ["BM_a/64/real_time"]
    # Lines 1 to 3 are the header; what stands behind the last row is no business of the table.
    assert [str(problem) for problem in found.problems] == [
        "line 4: no row: 'BM_cut/1    4351431155 ns    43117'",
        "line 5: no row: 'W0528 some log line'",
    ]


def test_two_tables_in_one_paste() -> None:
    found = read(table(ROW) + "\n" + table(ROW))
    assert len(found.benchmarks["BM_a/64/real_time"].samples) == 2
    assert [problem.line for problem in found.problems] == [7]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\n".join("> " + line for line in text.split("\n") if line),
        lambda text: text.replace("BM_a", "\x1b[0;32mBM_a").replace(" ns", " \x1b[m\u00a0ns"),
        lambda text: "\n".join(text.split("\n")[3:]),
        lambda text: text.encode("utf-16"),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: " ".join(text.split(" ")).replace("   ", " "),
        lambda text: "husky:/ $ ./llm_test\n" + text + "husky:/ $ \n",
    ],
)
def test_as_people_paste_it(change: Any) -> None:
    assert figures(read(change(table(ROW)))) == {
        "BM_a/64/real_time": (435261231, 431100073, 2, None)
    }


def test_what_the_command_line_says() -> None:
    command = "husky:/data $ ./llm_test --num_threads=8 --benchmark_repetitions=3\n"
    assert read(command + table(ROW)).context == {"shell": "husky", "num_threads": "8"}


def shown(time: float) -> str:
    """Return a time as the console's table shows it: at most ten characters."""
    digits = 3 if time < 1 else 2 if time < 10 else 1 if time < 100 else 0
    return f"{time:.4e}" if time > 9999999999 else f"{time:.{digits}f}"


names = st.from_regex(
    r"BM_[A-Za-z0-9_]{1,12}(/[a-z]{0,4}:?[0-9]{1,4}){0,3}(/real_time)?", fullmatch=True
)
row = st.tuples(
    names.filter(lambda name: results.split_aggregate(name)[1] == ""),
    st.floats(0, 1e12),
    st.floats(0, 1e12),
    st.sampled_from(["ns", "us", "ms", "s"]),
    st.integers(1, 10**9),
    st.none() | st.floats(0.01, 1099).map(lambda x: float(f"{x:g}")),
)


@given(st.lists(row, min_size=1, max_size=8))
def test_a_table_comes_back_to_the_digit(rows: list[Any]) -> None:
    lines, wanted = [], []
    for name, real, cpu, unit, count, rate in rows:
        rest = "" if rate is None else f" items_per_second={rate:g}/s"
        lines.append(
            f"{name:<40} {shown(real):>10} {unit:<4} {shown(cpu):>10} {unit:<4} {count:>10}{rest}"
        )
        scale = results.UNITS[unit]
        wanted.append((name, float(shown(real)) * scale, float(shown(cpu)) * scale, count, rate))
    found = read(table(*lines))
    got = [
        (name, s.real_ns, s.cpu_ns, s.iterations, s.items_per_second)
        for name, benchmark in found.benchmarks.items()
        for s in benchmark.samples
    ]
    assert sorted(got, key=repr) == sorted(wanted, key=repr)
    assert found.problems == ()


# ---------------------------------------------------------------------------- CSV

CSV = "name,iterations,real_time,cpu_time,time_unit,bytes_per_second,items_per_second,label"
CSV += ",error_occurred,error_message"


def test_csv() -> None:
    rows = [
        '"BM_a/64",7,435.261,431.1,ms,,147.038,"a ""label"", yes",,',
        '"BM_a/64",7,436,432,ms,,,,,',
        '"BM_a/64_mean",2,435.63,431.5,ms,,,,,',
        '"BM_a/64_cv",2,0.0012,0.0015,,,,,,',
        '"BM_b",,,,,,,,true,"no memory"',
        '"BM_c",,,,,,,,false,"skipped"',
    ]
    found = read("Run on (8 X 24 MHz CPU s)\n" + "\n".join([CSV, *rows]))
    assert figures(found) == {"BM_a/64": (436e6, 432e6, 7, None)}
    first, _ = found.benchmarks["BM_a/64"].samples
    assert (first.real_ns, first.items_per_second) == (435.261e6, 147.038)
    assert first.label == 'a "label", yes'
    assert found.benchmarks["BM_a/64"].aggregates == {"mean": 435.63e6, "cv": 0.0012}
    assert found.benchmarks["BM_b"].errors == ("no memory",)
    assert found.problems == ()


def test_csv_of_old_versions_has_shares_times_a_billion() -> None:
    # Up to 1.6.1 a cv of 0.0012 over 10 repetitions, unit ms: 0.0012 * 1e3 / 10.
    rows = ['"BM_a",7,4,4,ms,,,,,', '"BM_a_cv",10,0.12,0.12,ms,,,,,']
    found = read("\n".join([CSV, *rows]))
    assert found.benchmarks["BM_a"].aggregates == {"cv": pytest.approx(0.0012)}


def test_bad_lines_of_csv() -> None:
    rows = ['"BM_a",7,4,4,ms,,,,,', '"BM_a",7,many,4,ms,,,,,', '"BM_a",7', '"BM_a",7,4,4,min,,,,,']
    found = read("\n".join([CSV, *rows]))
    assert len(found.benchmarks["BM_a"].samples) == 1
    assert [problem.line for problem in found.problems] == [3, 4, 5]
    assert "a number is wanted" in found.problems[0].text


@given(st.lists(row, min_size=1, max_size=8))
def test_csv_comes_back_to_the_digit(rows: list[Any]) -> None:
    lines = [
        f'"{n}",{c},{a:g},{b:g},{u},,{"" if r is None else f"{r:g}"},,,'
        for n, a, b, u, c, r in rows
    ]
    found = read("\n".join([CSV, *lines]))
    got = sorted((s.real_ns, s.iterations) for b in found.benchmarks.values() for s in b.samples)
    assert got == sorted((float(f"{a:g}") * results.UNITS[u], c) for _, a, _, u, c, _ in rows)


# ---------------------------------------------------------------------------- JSON


def test_json_with_a_bad_entry_keeps_the_rest() -> None:
    data = output({"BM_a": [1, 2], "BM_b": [3]})
    data["benchmarks"][1]["real_time"] = "fast"
    text = json.dumps(data, indent=2)
    found = read(text)
    assert [s.real_ns for s in found.benchmarks["BM_a"].samples] == [1e6]
    (problem,) = found.problems
    assert "{" in text.split("\n")[problem.line - 1]
    assert "a benchmark's 'real_time' is wrong (benchmarks[1] (BM_a).real_time)" in problem.text


def test_json_that_was_cut_keeps_whole_entries() -> None:
    text = json.dumps(output({"BM_a": [1, 2, 3]}), indent=2)
    cut = text[: text.rindex('"cpu_time"')]
    found = read(cut)
    assert [s.real_ns for s in found.benchmarks["BM_a"].samples] == [1e6, 2e6]
    assert found.context["num_threads"] == "4"
    (problem,) = found.problems
    assert problem.text == "an entry that is damaged, or cut off"


def test_json_with_damage_in_the_middle() -> None:
    text = json.dumps(output({"BM_a": [1, 2, 3]}), indent=2)
    where = text.index('"real_time": 2')
    found = read(text[:where] + "\x00###" + text[where + 3 :])
    assert [s.real_ns for s in found.benchmarks["BM_a"].samples] == [1e6, 3e6]
    assert len(found.problems) == 1


def test_json_behind_what_the_program_printed() -> None:
    text = json.dumps(output({"BM_a": [1]}), indent=2)
    assert figures(read("W0001 a warning\nanother\n" + text)) == {"BM_a": (1e6, 1e6, 10, 64e3)}


def test_json_of_a_fitted_complexity() -> None:
    data = output({"BM_a": [1]})
    data["benchmarks"].append(
        {"name": "BM_a_BigO", "run_name": "BM_a", "run_type": "aggregate", "aggregate_name": "BigO"}
    )
    assert results.parse(data, "f").benchmarks["BM_a"].aggregates == {}


@given(st.lists(st.floats(1e-3, 1e9), min_size=1, max_size=6), st.floats(1e-3, 1e6))
def test_json_comes_back(values: list[float], rate: float) -> None:
    first = results.parse(output({"BM_a": values, "BM_b": [rate]}), "f")
    again = read(json.dumps(results.gbench(first)))
    assert {n: b.samples for n, b in again.benchmarks.items()} == {
        n: b.samples for n, b in first.benchmarks.items()
    }


# ---------------------------------------------------------------------------- XNNPACK's profile


def test_xnnpack_profile() -> None:
    text = (
        "node_id; time(us); op_name\n"
        "0; 120; Convert (NC, F32, QD8)\n1; 750; Fully Connected (NC, QD8, F32, QC4W) GEMM\n"
        "0; 118; Convert (NC, F32, QD8)\n1; 752; Fully Connected (NC, QD8, F32, QC4W) GEMM\n"
    )
    found = read(text)
    assert [(o.key, o.name, o.times) for o in found.operators] == [
        ("0", "Convert (NC, F32, QD8)", (120e3, 118e3)),
        ("1", "Fully Connected (NC, QD8, F32, QC4W) GEMM", (750e3, 752e3)),
    ]
    assert (found.benchmarks, found.problems) == ({}, ())


def test_bad_lines_of_a_profile() -> None:
    text = "node_id; time(us); op_name\n0; 1; Add\n1; x; Add\n0; 2; Multiply\n2\n0; 3; Add\n"
    found = read(text)
    assert [(o.name, o.times) for o in found.operators] == [("Add", (1e3, 3e3))]
    assert [problem.line for problem in found.problems] == [3, 4, 5]


@given(st.lists(st.lists(st.integers(0, 10**9), min_size=3, max_size=3), min_size=1, max_size=5))
def test_a_profile_comes_back(invocations: list[list[int]]) -> None:
    lines = [f"{n}; {t}; Op {n}" for times in invocations for n, t in enumerate(times)]
    found = read("node_id; time(us); op_name\n" + "\n".join(lines))
    assert [o.times for o in found.operators] == [
        tuple(1e3 * times[n] for times in invocations) for n in range(3)
    ]


# ---------------------------------------------------------------------------- ExecuTorch

COLUMNS = ["", "event_block_name", "event_name", "p50 (ms)", "avg (ms)", "is_delegated_op"]
EVENTS = [
    ["0", "Default", "Method::init", "28.3", "28.3", "False"],
    ["834", "Execute", "Fully Connected (NC, QD8, F32, QC8W) GEMM #7", "0.75", "0.76", "True"],
    ["835", "Execute", "DELEGATE_CALL", "58.2", "58.2", "False"],
    ["836", "Execute", "Method::execute", "58.61", "58.7", "False"],
]


def tabs(columns: list[str], rows: list[list[str]]) -> str:
    return "\n".join("\t".join(cells) for cells in [columns, *rows])


def commas(columns: list[str], rows: list[list[str]]) -> str:
    return "\n".join(
        ",".join(f'"{c}"' if "," in c else c for c in cells) for cells in [columns, *rows]
    )


def drawn(columns: list[str], rows: list[list[str]]) -> str:
    line = "\u251c" + "\u2500" * 30 + "\u2524"
    body = ["\u2502 " + " \u2502 ".join(cells) + " \u2502" for cells in [columns, *rows]]
    return "\n".join([line, *(x for one in body for x in (one, line))])


def markdown(columns: list[str], rows: list[list[str]]) -> str:
    body = ["| " + " | ".join(cells) + " |" for cells in [columns, *rows]]
    return "\n".join([body[0], "|--|--:|" + "--|" * 4, *body[1:]])


def bare(columns: list[str], rows: list[list[str]]) -> str:
    return "\n".join(" | ".join(cells) for cells in [columns, *rows])


@pytest.mark.parametrize("layout", [tabs, commas, drawn, markdown, bare])
def test_the_table_of_events(layout: Any) -> None:
    found = read("Inspector says:\n\n" + layout(COLUMNS, EVENTS) + "\n")
    (operator,) = found.operators
    assert operator.key == "834"
    assert operator.name == "Fully Connected (NC, QD8, F32, QC8W) GEMM #7"
    assert operator.times == (0.75e6,)
    assert operator.figures == {"p50": 0.75e6, "avg": 0.76e6}
    (whole,) = found.benchmarks.values()
    assert (whole.name, whole.aggregates) == (
        "Method::execute",
        {"median": 58.61e6, "mean": 58.7e6},
    )
    assert found.problems == ()


def test_the_table_of_events_as_columns_of_blanks() -> None:
    text = (
        "    event_block_name         event_name  p50 (us)\n"
        "0            Execute  Add (ND, F32) #1      12.5\n"
    )
    (operator,) = read(text).operators
    assert (operator.key, operator.name, operator.times) == ("0", "Add (ND, F32) #1", (12.5e3,))


def test_raw_times_of_events() -> None:
    columns = ["", "event_name", "raw", "p50 (us)"]
    rows = [["0", "Add", "[1.5, 2.5, 2.0]", "2.0"], ["1", "Method::execute", "[7.0, 8.0]", "7.5"]]
    found = read(tabs(columns, rows))
    assert found.operators[0].times == (1500, 2500, 2000)
    assert [s.real_ns for s in found.benchmarks["Method::execute"].samples] == [7000, 8000]


def test_a_table_of_events_without_units_or_in_cycles() -> None:
    found = read(tabs(["event_name", "avg"], [["Add", "2"]]))
    assert found.operators[0].times == (2e6,)
    assert [str(p) for p in found.problems] == ["line 1: no unit is given: milliseconds are taken"]
    with pytest.raises(BadInput, match="not one of time: cycles"):
        read(tabs(["event_name", "avg (cycles)"], [["Add", "2"]]))


def test_bad_lines_of_events() -> None:
    rows = [["1", "Execute", "Add", "x", "", "True"], EVENTS[1], ["7", "cut"], EVENTS[1]]
    found = read(tabs(COLUMNS, rows))
    assert len(found.operators) == 1
    assert [problem.line for problem in found.problems] == [2, 4, 5]


def test_etdump_json() -> None:
    def event(name: str, start: int, end: int, **more: Any) -> dict[str, Any]:
        return {"profile_event": {"name": name, "start_time": start, "end_time": end, **more}}

    runs = [
        {
            "name": "Execute",
            "events": [
                {"allocation_event": {"allocation_size": 7}},
                event("Add", 5, 5 + took, delegate_debug_id_str="Add #1"),
                event("Add", 9, 9 + 2 * took, delegate_debug_id_str="Add #2"),
                event("DELEGATE_CALL", 0, 100),
                event("Method::execute", 0, 50 * took),
            ],
        }
        for took in (10, 12)
    ]
    runs[1]["events"].append(event("Add", 9, 3))  # type: ignore[attr-defined]
    found = read(json.dumps({"version": 0, "run_data": runs}))
    assert [o.times for o in found.operators] == [(10, 12), (20, 24)]
    assert [s.real_ns for s in found.benchmarks["Method::execute"].samples] == [500, 600]
    assert [str(p) for p in found.problems] == ["run_data[1].events[5]: no times"]
    with pytest.raises(BadInput, match="a run without events"):
        read(json.dumps({"run_data": [7]}))


# ---------------------------------------------------------------------------- anything else


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"\x7fELF\x02", "a program, not its results"),
        (b"some text\nof no table\n", "no results of a benchmark"),
        (table().encode(), "without a single whole row"),
        (CSV.encode() + b"\n", "without a single whole row"),
        (b"{", "the JSON ends too early"),
        (b"[1, 2]", "not the output of Google Benchmark"),
        (b'{"benchmarks": 7}', "not the output of Google Benchmark"),
    ],
)
def test_what_cannot_be_read(data: bytes, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        read(data)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        readers.read(tmp_path / "f")
    with pytest.raises(BadInput, match="cannot be read: Is a directory"):
        readers.read(tmp_path)


_samples = [
    pixel(),
    table(ROW, "BM_a_cv 1.40 % 0.78 % 2"),
    "\n".join([CSV, '"BM_a",7,4,4,ms,,,,,']),
    "node_id; time(us); op_name\n0; 1; Add\n",
    tabs(COLUMNS, EVENTS),
    drawn(COLUMNS, EVENTS),
    json.dumps(output({"BM_a": [1, 2]}), indent=1),
    json.dumps({"run_data": [{"events": [{"profile_event": {"name": "Add", "end_time": 7}}]}]}),
]


@given(
    st.sampled_from(_samples),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 40), st.text(max_size=8)), max_size=4),
)
def test_damage_never_breaks_a_reader(text: str, changes: list[tuple[int, int, str]]) -> None:
    for at, length, new in changes:
        at %= len(text) + 1
        text = text[:at] + new + text[at + length :]
    data = text.encode("utf-8", "surrogatepass")
    try:
        found = readers.read_bytes(data, "f")
    except XnnkitError:
        return
    last = text.count("\n") + 1
    assert all(0 <= problem.line <= last and problem.text for problem in found.problems)
    assert found.benchmarks or found.operators or found.problems or "{" in text


@given(st.binary(max_size=300))
def test_noise_never_breaks_a_reader(data: bytes) -> None:
    try:
        readers.read_bytes(data, "f")
    except XnnkitError:
        return


@given(st.sampled_from(_samples), st.integers(0, 3000))
def test_a_file_that_was_cut_gives_less_and_nothing_else(text: str, at: int) -> None:
    def times(found: Results) -> set[float]:
        samples = {s.real_ns for b in found.benchmarks.values() for s in b.samples}
        return samples | {t for o in found.operators for t in o.times}

    whole = times(readers.read_bytes(text.encode(), "f"))
    lines = text.split("\n")
    try:
        found = readers.read_bytes("\n".join(lines[: at % len(lines)]).encode(), "f")
    except XnnkitError:
        return
    assert times(found) <= whole


# ---------------------------------------------------------------------------- our own program


def test_what_llm_block_printed(repository: Path) -> None:
    """A session under qemu, with what it said of itself and a message in the middle."""
    data = repository / "tests" / "bench" / "data"
    found = readers.read(data / "llm_block.txt")
    assert found.problems == ()
    assert found.context["num_threads"] == "1"
    assert found.context["num_cpus"] == 2
    int8, int4 = found.benchmarks.values()
    assert [s.real_ns for s in int8.samples] == [333179, 355555, 348417]
    assert int8.samples[0].items_per_second == pytest.approx(3001.39)
    assert int8.samples[0].label == "output_checksum=f3d6b118c8c45e45"
    assert int8.aggregates == pytest.approx(
        {"mean": 345717, "median": 348417, "stddev": 11430, "cv": 0.0331}
    )
    assert int4.aggregates["cv"] == pytest.approx(0.1719)
    rows = readers.read(data / "llm_block.csv").benchmarks.values()
    assert [[s.real_ns for s in one.samples] for one in rows] == [
        [370504, 300219, 414413],
        [350590, 390371, 493301],
    ]
    for one in rows:
        middle = sum(s.real_ns for s in one.samples) / 3
        assert one.aggregates["mean"] == pytest.approx(middle, rel=1e-5)
        deviation = sum((s.real_ns - middle) ** 2 for s in one.samples) / 2
        assert one.aggregates["cv"] == pytest.approx(deviation**0.5 / middle, rel=1e-4)
