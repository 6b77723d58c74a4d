"""Instructions that a build's benchmarks execute: one process and one window for each benchmark.

What is counted lies between the beginning and the end of Google Benchmark's loop (docs/count.md).
A process runs a single benchmark, once; of several windows (Google Benchmark tries how many
iterations it takes) the last is the one whose iterations it reports.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xnnkit.bench import results
from xnnkit.device import OUTPUT, Device, Done, Job
from xnnkit.device.count import GOOGLE_BENCHMARK, Counts
from xnnkit.errors import BadInput, Finding

WHAT = "executed guest instructions: no time, and no rate can be made of them"

_NEAR = 1e-9
_THREADS = "--num_threads="
_TIME = "--benchmark_min_time="


@dataclass(frozen=True)
class Measured:
    """What the processes of one binary gave.

    Attributes:
        raw: Google Benchmark's output, the benchmarks of all processes in one.
        seconds: wall time of the processes together.
        entered: function -> whether it was entered in any of them; None without a trace.
        counts: of every benchmark, JSON-ready.
    """

    raw: dict[str, Any]
    seconds: float
    entered: dict[str, bool] | None
    counts: dict[str, Any]


def refuse(device: Device, repetitions: int, interleave: bool) -> None:
    """Refuse what cannot be meant together with counting.

    Raises:
        BadInput: the device cannot count, or more than one repetition is asked for.
    """
    if not getattr(device, "can_count", False):
        raise BadInput(
            f"{device.name} cannot count instructions",
            where="--count",
            why="an emulator can: it sees every instruction",
            fix="--device qemu",
        )
    if repetitions > 1 or interleave:
        raise BadInput(
            "--count takes no repetitions",
            where="--repetitions, --interleave",
            why="a count is the same each time; times of a counted run are not to be compared",
            fix="leave them out",
        )


def defaults(arguments: Sequence[str]) -> list[str]:
    """Return an emulated run's default arguments as counting wants them.

    With one thread: threads wait for each other in loops, and no two runs wait equally long. And
    without a time that iterations shall last: how many there are would depend on the machine.
    """
    kept = [one for one in arguments if not one.startswith(_TIME)]
    return [_THREADS + "1" if one.startswith(_THREADS) else one for one in kept]


def arguments_of(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a counted run: one iteration, unless they say how many.

    How many iterations Google Benchmark makes otherwise depends on the time that they take.
    """
    asked = any(one.startswith(_TIME) for one in arguments)
    return [*arguments, *([] if asked else [_TIME + "0"])]


def measure(
    device: Device,
    binary: Path,
    arguments: Sequence[str],
    *,
    flavour: str,
    trace: Sequence[str] = (),
    timeout: float | None = None,
    output: Callable[[Done], dict[str, Any]],
    say: Callable[[str], None] = lambda line: None,
    note: Callable[[str], None] = lambda line: None,
) -> Measured:
    """Count every benchmark that the arguments choose, each in a process of its own.

    Args:
        device: one that can count.
        binary: a Google Benchmark with its symbol table.
        arguments: its own; ``--benchmark_filter`` chooses.
        flavour: for messages.
        trace: functions of which to tell whether they were entered.
        timeout: seconds for each process, None for no end.
        output: takes Google Benchmark's JSON out of what a process left; raises when it failed.
        say: called with each line that a benchmark prints.
        note: called with a line before each process.

    Raises:
        BadInput: nothing in the binary marks the loop.
        BadEnvironment: the device is not there, or a process takes too long.
        Finding: no benchmark is chosen, one failed, or a loop was not counted.
    """
    names = _names(device, binary, arguments, flavour, timeout)
    others = [one for one in arguments if not one.startswith("--benchmark_filter")]
    raw: dict[str, Any] = {}
    seconds = 0.0
    entered: dict[str, bool] | None = {} if trace else None
    counted = []
    for name in names:
        if len(names) > 1:
            note(f"{flavour}: {name}")
        chosen = f"--benchmark_filter=^{re.escape(name)}$"
        job = Job(
            binary,
            [*others, chosen, f"--benchmark_out={OUTPUT}", "--benchmark_out_format=json"],
            timeout=timeout,
            trace=trace,
            count=GOOGLE_BENCHMARK,
        )
        done = device.run(job, say)
        one = output(done)
        seconds += done.seconds
        if entered is not None:
            for function, was in (done.entered or {}).items():
                entered[function] = entered.get(function, False) or was
        counted.append(_entry(name, one, done.counts, f"{binary} {chosen}"))
        raw = {**one, "benchmarks": [*raw.get("benchmarks", []), *one["benchmarks"]]}
    return Measured(raw, seconds, entered, {"what": WHAT, "benchmarks": counted})


def _names(
    device: Device, binary: Path, arguments: Sequence[str], flavour: str, timeout: float | None
) -> list[str]:
    """Return the benchmarks that the arguments choose, in the program's order."""
    lines: list[str] = []
    listing = [*arguments, "--benchmark_list_tests=true"]
    done = device.run(Job(binary, listing, timeout=timeout), lines.append)
    # A program's log may come between: a benchmark's name is one word.
    names = [line for line in lines if re.fullmatch(r"[A-Za-z_]\S*", line)]
    if done.code != 0 or not names:
        raise Finding(
            f"{flavour} has no benchmark to count",
            where=f"{binary} {' '.join(listing)}",
            why="\n".join(done.tail[-3:]),
            fix="does --benchmark_filter match anything?",
        )
    return list(dict.fromkeys(names))


def _entry(name: str, raw: Mapping[str, Any], counts: Counts | None, where: str) -> dict[str, Any]:
    samples = [s for b in results.parse(raw, where).benchmarks.values() for s in b.samples]
    if len(samples) != 1 or counts is None or not counts.windows:
        raise Finding(
            f"the loop of {name} was not counted",
            where=where,
            why=f"{len(samples)} results, {len(counts.windows) if counts else 0} finished loops",
            fix="is it a Google Benchmark, with its symbols?",
        )
    (sample,) = samples
    window = counts.windows[-1]
    return {
        "name": name,
        "iterations": sample.iterations,
        "items_per_iteration": _items(sample),
        "threads": counts.threads,
        "forks": counts.forks,
        **window.to_json(),
    }


def _items(sample: results.Sample) -> int | None:
    """Return how many items an iteration processes, such as tokens; None when nobody says it.

    Google Benchmark gives items per second, of wall or of processor time: the one of the two with
    which a whole number comes out.
    """
    for nanoseconds in (sample.real_ns, sample.cpu_ns):
        items = (sample.items_per_second or 0) * nanoseconds / 1e9
        if round(items) >= 1 and abs(items - round(items)) <= _NEAR * items:
            return round(items)
    return None
