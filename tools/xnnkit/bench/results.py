"""Google Benchmark's JSON, with and without ``json_schema_version``, to and from typed objects.

Other formats, and files with bad lines in them, are the business of ``xnnkit.bench.readers``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from xnnkit import untrusted
from xnnkit.bench.model import (
    AGGREGATES,
    UNITS,
    Benchmark,
    Collector,
    Operator,
    Problem,
    Results,
    Sample,
)
from xnnkit.errors import BadInput

__all__ = ["AGGREGATES", "UNITS", "Benchmark", "Operator", "Problem", "Results", "Sample"]

_FITS = ("BigO", "RMS")
_LARGEST = 1e290  # in seconds it is still finite in nanoseconds


def read(path: Path) -> Results:
    """Read a file of Google Benchmark's JSON; nothing in it may be wrong.

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
        with path.open("rb") as file:
            data = file.read(untrusted.MAX_JSON + 1)
        if len(data) > untrusted.MAX_JSON:
            raise BadInput(
                "the file is too long to be results",
                where=str(path),
                why=f"at most {untrusted.MAX_JSON:,} bytes are read",
            )
        return loads(data, str(path))
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
        return loads_text(data.decode("utf-8"), where)
    except UnicodeDecodeError as error:
        raise BadInput("not UTF-8", where=f"{where}: byte {error.start}") from error


def loads_text(text: str, where: str) -> Any:
    """Parse JSON that is decoded already; see ``loads``."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(error.doc.rstrip())
        raise BadInput(
            "the JSON ends too early" if cut else f"not JSON: {error.msg}",
            where=f"{where}:{error.lineno}:{error.colno}",
            why="was the benchmark interrupted?" if cut else "",
        ) from error
    except (RecursionError, ValueError) as error:
        # ValueError: a whole number with more digits than Python turns into one.
        deep = isinstance(error, RecursionError)
        raise BadInput(
            "nested too deeply" if deep else f"not JSON: {error}", where=where
        ) from error


def parse(data: Any, where: str, bad: Callable[[int, BadInput], None] | None = None) -> Results:
    """Take Google Benchmark's output apart.

    Args:
        data: the parsed JSON.
        where: a name for messages.
        bad: called with the number of each entry that is wrong, and in what; the entry is left
            out. None refuses the output as a whole.

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
    found = Collector()
    for i, entry in enumerate(data["benchmarks"]):
        if not _plain(entry, found):
            try:
                _Entry(entry, f"{where}: benchmarks[{i}]").add_to(found)
            except BadInput as error:
                if bad is None:
                    raise
                bad(i, error)
    return Results(context, found.benchmarks())


def gbench(results: Results) -> dict[str, Any]:
    """Return results as Google Benchmark's JSON, one that its ``compare.py`` reads.

    Args:
        results: of any format. Aggregates are written only where no repetition is known: whoever
            reads repetitions computes them anew.
    """
    entries: list[dict[str, Any]] = []
    for family, benchmark in enumerate(results.benchmarks.values()):
        common = {
            "name": benchmark.name,
            "family_index": family,
            "per_family_instance_index": 0,
            "run_name": benchmark.name,
            "run_type": "iteration",
            "repetitions": len(benchmark.samples) or benchmark.repetitions,
            "threads": benchmark.threads,
        }
        for index, sample in enumerate(benchmark.samples):
            entry = {
                **common,
                "repetition_index": index,
                "iterations": sample.iterations,
                "real_time": sample.real_ns,
                "cpu_time": sample.cpu_ns,
                "time_unit": "ns",
            }
            if sample.items_per_second is not None:
                entry["items_per_second"] = sample.items_per_second
            if sample.label:
                entry["label"] = sample.label
            entries.append(entry)
        for which, value in () if benchmark.samples else benchmark.aggregates.items():
            entries.append(
                {
                    **common,
                    "name": f"{benchmark.name}_{which}",
                    "run_type": "aggregate",
                    "aggregate_name": which,
                    "aggregate_unit": "percentage" if which == "cv" else "time",
                    "iterations": benchmark.repetitions,
                    "real_time": value,
                    "cpu_time": 0.0,
                    "time_unit": "ns",
                }
            )
    return {"context": {**results.context, "json_schema_version": 1}, "benchmarks": entries}


def split_aggregate(name: str, known: Sequence[str] = AGGREGATES) -> tuple[str, str]:
    """Return a name without its aggregate, and the aggregate; ``(name, "")`` without one."""
    base, _, last = name.rpartition("_")
    return (base, last) if base and last in known else (name, "")


def _plain(entry: Any, found: Collector) -> bool:
    """Take an entry as nearly all are: a repetition with nothing missing. A thousand come alike."""
    try:
        if (
            entry["run_type"] != "iteration"
            or "error_occurred" in entry
            or "skipped" in entry
            or "label" in entry
            or entry["threads"] != 1
        ):
            return False
        unit, name = UNITS[entry["time_unit"]], entry["run_name"] or None
        real, cpu, count = entry["real_time"], entry["cpu_time"], entry["iterations"]
        rate = entry.get("items_per_second")
        if not (
            type(real) is type(cpu) is float
            and type(count) is int
            and (rate is None or (type(rate) is float and 0 <= rate < math.inf))
            and type(name) is type(entry["name"]) is str
            and 0 <= real < _LARGEST
            and 0 <= cpu < _LARGEST
            and count >= 0
        ):
            return False
    except (KeyError, TypeError):
        return False
    found.known(name).append(Sample(real * unit, cpu * unit, count, rate))
    return True


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
        self.run_name = self._text("run_name")
        if not self.run_name:
            self.run_name = self.name
            if "run_type" not in data:  # older than run_name: only the name tells
                self.run_name, self.aggregate = split_aggregate(self.name)
        self.threads = int(self._number("threads", 1))

    def add_to(self, found: Collector) -> None:
        """Give what this entry says to the collector."""
        if self.data.get("error_occurred") is True:
            text = self._text("error_message") or "it failed and does not say why"
            found.known(self.run_name, self.threads)
            found.error(self.run_name, text)
        elif self.aggregate:
            if self.aggregate not in _FITS:  # of complexity: coefficients, no times
                value, made_of = self._aggregate_value(), int(self._number("repetitions", 0))
                found.known(self.run_name, self.threads)
                found.aggregate(self.run_name, self.aggregate, value, made_of)
        elif self.data.get("skipped") is not True:
            sample = self._sample()
            found.known(self.run_name, self.threads).append(sample)

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

    def _time(self, key: str) -> float:
        unit = self._text("time_unit") or "ns"
        if unit not in UNITS:
            raise self._bad("time_unit", f"legal: {', '.join(UNITS)}; here {unit!r}")
        time = self._number(key) * UNITS[unit]
        if time == math.inf:
            raise self._bad(key, "it is too large")
        return time

    def _number(self, key: str, default: float | None = None) -> float:
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._bad(key, f"a number is wanted; here {value!r}")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number) or number < 0:
            raise self._bad(key, f"a number of 0 or more is wanted; here {number}")
        return number

    def _text(self, key: str) -> str:
        value = self.data.get(key, "")
        if not isinstance(value, str):
            raise self._bad(key, f"text is wanted; here {value!r}")
        return value

    def _bad(self, key: str, why: str) -> BadInput:
        return BadInput(f"a benchmark's {key!r} is wrong", where=f"{self.where}.{key}", why=why)
