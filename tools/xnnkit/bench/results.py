"""Google Benchmark's JSON, with and without ``json_schema_version``, as typed objects."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xnnkit.errors import BadInput

UNITS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
"""Nanoseconds in each of Google Benchmark's time units."""

_AGGREGATES = ("mean", "median", "stddev", "cv")


@dataclass(frozen=True)
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
    """

    name: str
    samples: tuple[Sample, ...] = ()
    aggregates: dict[str, float] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    threads: int = 1


@dataclass(frozen=True)
class Results:
    """One output of a benchmark program: its context and its benchmarks, in their order."""

    context: dict[str, Any]
    benchmarks: dict[str, Benchmark]


def read(path: Path) -> Results:
    """Read a file of Google Benchmark's JSON.

    Raises:
        BadInput: it is not one; with the line and column, or the entry and key.
    """
    return parse(load(path), str(path))


def load(path: Path) -> Any:
    """Read a JSON file of any shape.

    Raises:
        BadInput: it cannot be read, or is no JSON; with the line and column.
    """
    try:
        return loads(path.read_bytes(), str(path))
    except OSError as error:
        raise BadInput(f"the file cannot be read: {error.strerror}", where=str(path)) from error


def loads(data: bytes, where: str) -> Any:
    """Parse JSON.

    Args:
        data: the text, UTF-8.
        where: a name for messages.

    Raises:
        BadInput: it is no JSON; with the line and column.
    """
    try:
        return json.loads(data.decode("utf-8"))
    except json.JSONDecodeError as error:
        cut = error.pos >= len(error.doc.rstrip())
        raise BadInput(
            "the JSON ends too early" if cut else f"not JSON: {error.msg}",
            where=f"{where}:{error.lineno}:{error.colno}",
            why="was the benchmark interrupted?" if cut else "",
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput("not UTF-8", where=f"{where}: byte {error.start}") from error
    except RecursionError as error:
        raise BadInput("nested too deeply", where=where) from error


def parse(data: Any, where: str) -> Results:
    """Take Google Benchmark's output apart.

    Args:
        data: the parsed JSON.
        where: a name for messages.

    Raises:
        BadInput: it has another shape; with the entry and key.
    """
    if not isinstance(data, dict) or not isinstance(data.get("benchmarks"), list):
        raise BadInput(
            "not the output of Google Benchmark",
            where=where,
            why="an object with the list 'benchmarks' is wanted",
            fix="--benchmark_out=FILE --benchmark_out_format=json",
        )
    context = data.get("context", {})
    if not isinstance(context, dict):
        raise BadInput("'context' is not an object", where=f"{where}: context")
    version = context.get("json_schema_version", 1)
    if version != 1:
        raise BadInput(
            f"json_schema_version {version!r} is not known",
            where=f"{where}: context.json_schema_version",
            why="legal: 1, or none at all",
        )
    entries = [_Entry(e, f"{where}: benchmarks[{i}]") for i, e in enumerate(data["benchmarks"])]
    found: dict[str, Benchmark] = {}
    for entry in entries:
        name = entry.run_name
        found[name] = entry.added_to(found.get(name, Benchmark(name, threads=entry.threads)))
    return Results(context, found)


class _Entry:
    """One entry of the list ``benchmarks``, read key by key."""

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, dict):
            raise BadInput("not an object", where=where)
        self.data: dict[str, Any] = data
        self.where = where
        self.name = self._text("name")
        if not self.name:
            raise self._bad("name", "a name is wanted")
        self.where = f"{where} ({self.name})"
        self.aggregate = self._text("aggregate_name")
        self.run_name = self._text("run_name") or self._without_aggregate()
        self.threads = int(self._number("threads", 1))

    def added_to(self, benchmark: Benchmark) -> Benchmark:
        """Return the benchmark with this entry in it."""
        samples, errors = benchmark.samples, benchmark.errors
        aggregates = benchmark.aggregates
        if self.data.get("error_occurred") is True:
            errors += (self._text("error_message") or "it failed and does not say why",)
        elif self.aggregate:
            aggregates = {**aggregates, self.aggregate: self._aggregate_value()}
        elif self.data.get("skipped") is not True:
            samples += (self._sample(),)
        return Benchmark(benchmark.name, samples, aggregates, errors, benchmark.threads)

    def _sample(self) -> Sample:
        rate = self.data.get("items_per_second")
        return Sample(
            real_ns=self._time("real_time"),
            cpu_ns=self._time("cpu_time"),
            iterations=int(self._number("iterations", 1)),
            items_per_second=None if rate is None else self._number("items_per_second"),
            label=self._text("label"),
        )

    def _aggregate_value(self) -> float:
        if self._text("aggregate_unit") == "percentage" or self.aggregate == "cv":
            return self._number("real_time")
        return self._time("real_time")

    def _without_aggregate(self) -> str:
        """Return the run's name for output older than ``run_name``, and note the aggregate."""
        base, _, last = self.name.rpartition("_")
        if base and last in _AGGREGATES and "run_type" not in self.data:
            self.aggregate = last
            return base
        return self.name

    def _time(self, key: str) -> float:
        unit = self._text("time_unit") or "ns"
        if unit not in UNITS:
            raise self._bad("time_unit", f"legal: {', '.join(UNITS)}; here {unit!r}")
        return self._number(key) * UNITS[unit]

    def _number(self, key: str, default: float | None = None) -> float:
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._bad(key, f"a number is wanted; here {value!r}")
        if not math.isfinite(value) or value < 0:
            raise self._bad(key, f"a number of 0 or more is wanted; here {value}")
        return float(value)

    def _text(self, key: str) -> str:
        value = self.data.get(key, "")
        if not isinstance(value, str):
            raise self._bad(key, f"text is wanted; here {value!r}")
        return value

    def _bad(self, key: str, why: str) -> BadInput:
        return BadInput(f"a benchmark's {key!r} is wrong", where=f"{self.where}.{key}", why=why)
