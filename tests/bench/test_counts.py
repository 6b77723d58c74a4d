"""Counted runs: one process a benchmark, one window, and what is kept and shown of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from gbench import identity, output
from xnnkit.bench import counts, runs, show, show_counts
from xnnkit.device import Done, Job
from xnnkit.device.count import GOOGLE_BENCHMARK, Counted, Counts, SymbolCount
from xnnkit.errors import BadInput, Finding

KERNEL = "xnn_qd8_f32_qc4w_gemm_minmax_ukernel_4x16c8__neoni8mm"
WINDOW = Counted(
    1000, (SymbolCount(KERNEL, 20, 900), SymbolCount("memcpy", 5, 99), SymbolCount("main", 1, 1))
)
NAMES = ("BM_a/64", "BM_a/512")


@dataclass
class Counter:
    """A device that counts: two benchmarks, of which the filter chooses."""

    can_count: bool = True
    emulated: bool = True
    name: str = "fake"
    listed: tuple[str, ...] = ("I0000 a log line", *NAMES)
    windows: tuple[Counted, ...] = (Counted(7, ()), WINDOW)
    jobs: list[Job] = field(default_factory=list)

    def run(self, job: Job, say: Callable[[str], None] = lambda line: None) -> Done:
        self.jobs.append(job)
        if "--benchmark_list_tests=true" in job.args:
            for line in self.listed:
                say(line)
            return Done(0, 1.0, None, self.listed)
        assert job.count == GOOGLE_BENCHMARK
        name = next(n for n in NAMES if f"--benchmark_filter=^{n}$" in job.args)
        entered = {one: one == f"kernel of {name}" for one in job.trace}
        done = Counts(Counted(5000, ()), self.windows, True, 1, 0)
        return Done(0, 2.0, json.dumps(output({name: [2.0]})).encode(), (), entered, done)


def loads(done: Done) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.output or b"")
    return found


def measure(device: Any, *arguments: str, trace: tuple[str, ...] = ()) -> counts.Measured:
    return counts.measure(
        device, Path("bench"), arguments, flavour="upstream", trace=trace, output=loads
    )


def run(flavour: str, instructions: int, **changes: Any) -> runs.Run:
    one = {
        "name": "BM_a/64",
        "iterations": 1,
        "items_per_iteration": 64,
        "threads": 1,
        "forks": 0,
        "instructions": instructions,
        "symbols": [{"name": KERNEL, "entries": 20, "instructions": instructions - 5}],
        **changes,
    }
    counted = {"what": counts.WHAT, "benchmarks": [one]}
    return runs.Run(identity(flavour), output({"BM_a/64": [1.0]}), counts=counted)


def test_a_process_for_each_benchmark() -> None:
    device = Counter()
    trace = ("kernel of BM_a/64", "kernel of BM_a/512", "other")
    found = measure(device, "--benchmark_filter=BM_a", "--num_threads=1", trace=trace)
    assert [list(job.args)[:2] for job in device.jobs] == [
        ["--benchmark_filter=BM_a", "--num_threads=1"],
        ["--num_threads=1", "--benchmark_filter=^BM_a/64$"],
        ["--num_threads=1", "--benchmark_filter=^BM_a/512$"],
    ]
    assert [one["name"] for one in found.raw["benchmarks"]] == list(NAMES)
    assert found.seconds == 4.0
    assert found.entered == {trace[0]: True, trace[1]: True, "other": False}
    assert found.counts["what"] == counts.WHAT
    first, second = found.counts["benchmarks"]
    assert (first["name"], second["name"]) == NAMES
    # The last window is the one whose iterations are reported; those before were attempts.
    assert first["instructions"] == 1000
    # The rest of the program reads the machine's load and clocks: no two of them are the same.
    assert "5000" not in json.dumps(found.counts)
    assert first["iterations"] == 10
    assert first["symbols"][0] == {"name": KERNEL, "entries": 20, "instructions": 900}


def test_items_are_whole_or_not_said() -> None:
    assert measure(Counter()).counts["benchmarks"][0]["items_per_iteration"] == 64 * 2 // 2
    sample = counts.results.Sample(real_ns=3e9, cpu_ns=2e9, iterations=1, items_per_second=8.0)
    assert counts._items(sample) == 24  # the whole number of wall time comes first
    odd = counts.results.Sample(real_ns=1.5e8, cpu_ns=2e9, iterations=1, items_per_second=8.0)
    assert counts._items(odd) == 16
    none = counts.results.Sample(real_ns=1.5e8, cpu_ns=2e8, iterations=1, items_per_second=8.0)
    assert counts._items(none) is None
    silent = counts.results.Sample(real_ns=1e9, cpu_ns=1e9, iterations=1)
    assert counts._items(silent) is None


def test_a_name_is_no_pattern() -> None:
    device = Counter(listed=("BM_b<int>/4.5",))
    with pytest.raises(StopIteration):
        measure(device)
    assert r"--benchmark_filter=^BM_b<int>/4\.5$" in device.jobs[-1].args


@pytest.mark.parametrize("windows", [(), (Counted(7, ()),)])
def test_a_loop_that_was_not_counted(windows: tuple[Counted, ...]) -> None:
    device = Counter(windows=windows)
    if windows:
        assert measure(device).counts["benchmarks"][0]["instructions"] == 7
        return
    with pytest.raises(Finding, match="was not counted") as caught:
        measure(device)
    assert "0 finished loops" in caught.value.why


def test_no_benchmark() -> None:
    with pytest.raises(Finding, match="no benchmark to count") as caught:
        measure(Counter(listed=("Failed to match any benchmarks against regex: x",)))
    assert "Failed to match" in caught.value.why


def test_what_cannot_be_meant() -> None:
    with pytest.raises(BadInput, match="fake cannot count") as caught:
        counts.refuse(Counter(can_count=False), 1, False)  # type: ignore[arg-type]
    assert caught.value.fix == "--device qemu"
    for repetitions, interleave in ((2, False), (1, True)):
        with pytest.raises(BadInput, match="takes no repetitions"):
            counts.refuse(Counter(), repetitions, interleave)  # type: ignore[arg-type]
    counts.refuse(Counter(), 1, False)  # type: ignore[arg-type]


def test_arguments() -> None:
    assert counts.defaults(["-a", "--num_threads=2"]) == ["-a", "--num_threads=1"]
    assert counts.defaults(["-a", "--benchmark_min_time=0.01s"]) == ["-a"]
    assert counts.arguments_of(["-a"]) == ["-a", "--benchmark_min_time=0"]
    assert counts.arguments_of(["--benchmark_min_time=3x"]) == ["--benchmark_min_time=3x"]


def test_counts_are_kept_and_under_the_checksum(tmp_path: Path) -> None:
    path = runs.save(run("upstream", 1000), tmp_path)
    assert runs.load(path).counts == run("upstream", 1000).counts
    data = json.loads(path.read_text())
    data["counts"]["benchmarks"][0]["instructions"] = 999
    path.write_text(json.dumps(data))
    with pytest.raises(Finding, match="checksum"):
        runs.load(path)


def test_a_run_without_counts_is_as_before(tmp_path: Path) -> None:
    plain = runs.Run(identity(), output({"BM_a": [1.0]}))
    assert "counts" not in plain.to_json()
    assert runs.load(runs.save(plain, tmp_path)).counts is None


def test_text_names_the_baseline_and_gives_no_time() -> None:
    text = show.runs_text([run("upstream", 1280), run("kleidiai", 640)])
    assert "against upstream" in text
    assert "0.500x" in text
    (line,) = [x for x in text.splitlines() if "0.500x" in x]
    assert line.split() == ["kleidiai", "BM_a/64", "1", "640", "10", "0.500x"]
    assert KERNEL in text
    assert "99.6 %" in text
    assert "They say nothing of time" in text
    assert " ms" not in text
    assert "items/s" not in text


def test_text_says_what_is_not_exact() -> None:
    text = show_counts.text([run("a", 100, threads=3, forks=2), run("b", 100, symbols=None)])
    assert "a ran with 3 threads" in text
    assert "a made 2 other processes" in text
    assert "b is stripped" in text


def test_numbers() -> None:
    assert show_counts.number(1234567.0) == "1,234,567"
    assert show_counts.number(1.5) == "1.50"
