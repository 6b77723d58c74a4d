"""What benchmark programs print, as typed objects, whatever the format they printed it in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

UNITS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
"""Nanoseconds in each of Google Benchmark's time units."""

AGGREGATES = ("mean", "median", "stddev", "cv")
"""Aggregates that every version of Google Benchmark computes."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One repetition of a benchmark.

    Attributes:
        real_ns: wall time of an iteration, nanoseconds.
        cpu_ns: processor time of an iteration, nanoseconds.
        iterations: how many were run.
        items_per_second: None when the benchmark counts no items.
        label: what the benchmark says besides, such as a checksum.
    """

    real_ns: float
    cpu_ns: float
    iterations: int
    items_per_second: float | None = None
    label: str = ""


@dataclass(frozen=True)
class Benchmark:
    """All repetitions of one benchmark.

    Attributes:
        name: without repetition or aggregate.
        samples: in the order in which they were taken.
        aggregates: what the benchmark computed itself (``mean``, ``cv``, ...): real time in
            nanoseconds, or the share when its unit is a percentage.
        errors: messages of repetitions that failed.
        threads: of Google Benchmark's own, not of the program's pool.
        repetitions: how many the aggregates were made of, 0 when nothing says it.
    """

    name: str
    samples: tuple[Sample, ...] = ()
    aggregates: dict[str, float] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    threads: int = 1
    repetitions: int = 0


@dataclass(frozen=True)
class Operator:
    """One operator of a profile.

    Attributes:
        key: its place in the graph, the same in every flavour: a node's or an event's number.
        name: as the profile calls it; flavours may call it differently.
        times: nanoseconds of each invocation; of a table without them, its median alone.
        figures: what the table says itself (``p10``, ``p50``, ``p90``, ``avg``, ``min``, ``max``),
            nanoseconds.
    """

    key: str
    name: str
    times: tuple[float, ...]
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """Something in a file that could not be used, and where.

    Attributes:
        line: its number, from 1; 0 for the file as a whole.
        text: what is wrong with it.
    """

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}" if self.line else self.text


@dataclass(frozen=True)
class Results:
    """One output of a benchmark program: its context and its benchmarks, in their order.

    Attributes:
        context: what the program says of itself and of the machine.
        benchmarks: by name, in their order.
        operators: of a profile, in the graph's order; empty when the file is none.
        problems: bad lines, which were left out; the rest is here.
        kind: the format's name, for people.
    """

    context: dict[str, Any]
    benchmarks: dict[str, Benchmark]
    operators: tuple[Operator, ...] = ()
    problems: tuple[Problem, ...] = ()
    kind: str = "Google Benchmark's JSON"


class Collector:
    """Gathers repetitions, aggregates and errors by benchmark, in their order."""

    def __init__(self) -> None:
        self.samples: dict[str, list[Sample]] = {}
        self._aggregates: dict[str, dict[str, float]] = {}
        self._errors: dict[str, list[str]] = {}
        self._threads: dict[str, int] = {}
        self._repetitions: dict[str, int] = {}

    def known(self, name: str, threads: int = 1) -> list[Sample]:
        """Return the repetitions of a benchmark so far, a list that may be added to."""
        found = self.samples.get(name)
        if found is None:
            found = self.samples[name] = []
            self._threads[name] = threads
        return found

    def aggregate(self, name: str, which: str, value: float, repetitions: int = 0) -> None:
        """Keep an aggregate: real time in nanoseconds, or a share."""
        self.known(name)
        self._aggregates.setdefault(name, {})[which] = value
        self._repetitions[name] = max(repetitions, self._repetitions.get(name, 0))

    def error(self, name: str, text: str) -> None:
        """Keep the message of a repetition that failed."""
        self.known(name)
        self._errors.setdefault(name, []).append(text)

    def benchmarks(self) -> dict[str, Benchmark]:
        """Return what was gathered."""
        return {
            name: Benchmark(
                name,
                tuple(samples),
                self._aggregates.get(name, {}),
                tuple(self._errors.get(name, ())),
                self._threads[name],
                self._repetitions.get(name, 0),
            )
            for name, samples in self.samples.items()
        }
