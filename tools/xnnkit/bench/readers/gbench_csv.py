"""Google Benchmark's CSV (``--benchmark_format=csv``), with or without what stands before it."""

from __future__ import annotations

import csv

from xnnkit.bench.model import UNITS, Collector, Problem, Results, Sample
from xnnkit.bench.readers import aggregates, text

KIND = "Google Benchmark's CSV"

_COLUMNS = ("name", "iterations", "real_time", "cpu_time", "time_unit")
_SECONDS = {"ns": 1e9, "us": 1e6, "ms": 1e3, "s": 1.0}


def fits(lines: list[str]) -> bool:
    """Tell whether a line of these is the header of such a file."""
    return any(_is_header(line) for line in lines)


def parse(lines: list[str]) -> Results:
    """Read the rows below the header.

    Args:
        lines: as ``text.lines`` returns them.
    """
    columns: list[str] = []
    rows: list[tuple[int, dict[str, str]]] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, 1):
        if _is_header(line):
            columns = _cells(line)
        elif columns and line.strip():
            cells = _cells(line) if len(line) <= text.LONGEST else []
            if len(cells) < len(_COLUMNS) or len(cells) > len(columns) or not cells[0]:
                problems.append(Problem(number, f"no row: {text.excerpt(line)}"))
            else:
                rows.append((number, dict(zip(columns, cells, strict=False))))
    known = aggregates.bases([row["name"] for _, row in rows])
    found = Collector()
    for number, row in rows:
        if wrong := _take(row, known, found):
            problems.append(Problem(number, f"{wrong}: {text.excerpt(lines[number - 1])}"))
    problems.sort(key=lambda problem: problem.line)
    return Results({}, found.benchmarks(), problems=tuple(problems), kind=KIND)


def _is_header(line: str) -> bool:
    return line.startswith("name,") and tuple(_cells(line)[: len(_COLUMNS)]) == _COLUMNS


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _take(row: dict[str, str], known: frozenset[str], found: Collector) -> str:
    """Take one row; return what is wrong with it, or ""."""
    name, aggregate = aggregates.split(row["name"], known)
    if row.get("error_occurred") == "true":
        found.error(name, row.get("error_message") or "it failed and does not say why")
        return ""
    if row.get("error_occurred") == "false" or row["name"].endswith(("_BigO", "_RMS")):
        return ""  # skipped, or the coefficients of a complexity
    real, cpu = text.number(row["real_time"]), text.number(row["cpu_time"])
    count = text.whole(row["iterations"])
    unit = row["time_unit"]
    if real is None or cpu is None or count is None:
        return "a number is wanted"
    if aggregate == "cv":
        # Up to 1.6.1 shares went through the conversion of times; undo it.
        share = real if unit == "" else real * count / _SECONDS.get(unit, 1.0)
        found.aggregate(name, aggregate, share, count)
        return ""
    if unit not in UNITS:
        return "a unit of time is wanted"
    if aggregate:
        found.aggregate(name, aggregate, real * UNITS[unit], count)
        return ""
    rate = text.number(row.get("items_per_second", ""))
    label = row.get("label", "")
    found.known(name).append(Sample(real * UNITS[unit], cpu * UNITS[unit], count, rate, label))
    return ""
