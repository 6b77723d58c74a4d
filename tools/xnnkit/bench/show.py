"""Runs as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from xnnkit.bench import llm_block, show_counts, table
from xnnkit.bench.runs import Run
from xnnkit.bench.stats import Summary, summary


def runs_text(runs: Sequence[Run]) -> str:
    """Return a line for each program and device, and a table of its benchmarks' times."""
    lines: list[str] = []
    rows: list[list[str]] = []
    groups = _grouped(runs)
    several = len({group[0].identity.device.get("name") for group in groups}) > 1
    for group in groups:
        identity = group[0].identity
        name = identity.flavour
        if several:
            name += f" on {identity.device.get('name')}"
        lines.append(f"{name}: {_shown(group)}")
        lines.append(f"  sha256    {identity.binary['sha256']}")
        if identity.executed is not None:
            lines.append(f"  executed  {_kernels(identity.executed)}")
        if identity.verify is not None:
            lines.append(f"  verified  {llm_block.text(identity.verify)}")
            if identity.verify["executed"] is not None:
                lines.append(f"            executed {_kernels(identity.verify['executed'])}")
        rows += _rows(name, group)
    header = ["flavour", "benchmark", "n", "median", "spread", "items/s"]
    if any(run.counts for run in runs):
        lines += ["", show_counts.text(runs)]
    if not rows:
        return "\n".join(lines)
    lines += ["", table.plain(header, rows, right=(2, 3, 4, 5))]
    if any(run.identity.device.get("emulated") for run in runs):
        lines += ["", "These times are an emulator's: they say nothing about a phone's speed."]
    return "\n".join(lines)


def _grouped(runs: Sequence[Run]) -> list[list[Run]]:
    """Return the runs of one program in one series together, in the order of their first ones."""
    groups: dict[tuple[object, ...], list[Run]] = {}
    for number, run in enumerate(runs):
        identity = run.identity
        series = (identity.series or {}).get("name", number)
        executed = tuple(identity.executed or ())
        key = (identity.device.get("name"), identity.flavour, series, executed)
        groups.setdefault(key, []).append(run)
    return list(groups.values())


def _rows(name: str, group: Sequence[Run]) -> list[list[str]]:
    """Return a row for each benchmark, of the samples of all runs."""
    times: dict[str, list[float]] = {}
    rates: dict[str, list[float]] = {}
    for run in group:
        for benchmark in () if run.counts else run.results.benchmarks.values():
            times.setdefault(benchmark.name, []).extend(s.real_ns for s in benchmark.samples)
            found = [s.items_per_second for s in benchmark.samples if s.items_per_second]
            rates.setdefault(benchmark.name, []).extend(found)
    return [
        [name, one, *times_cells(values), f"{median(rates[one]):.4g}" if rates[one] else ""]
        for one, values in times.items()
    ]


def summary_cells(one: Summary | None) -> list[str]:
    """Return the median, the spread and the number of a sample as they stand in a table."""
    if one is None:
        return ["", "", "0"]
    spread = table.percent(one.spread) if one.spread or one.n > 1 else ""
    return [table.duration(one.median), spread, str(one.n) if one.n else "?"]


def times_cells(values: list[float]) -> list[str]:
    """Return the number, the median and the spread of times as they stand in a table."""
    middle, spread, n = summary_cells(summary(values) if values else None)
    return [n, middle, spread]


def _kernels(names: list[str]) -> str:
    from xnnkit.elf.show import kernels_line

    return kernels_line(names)


def _shown(group: Sequence[Run]) -> str:
    paths: list[Path] = [run.path for run in group if run.path]
    if not paths:
        return "not kept"
    if len(paths) == 1:
        return str(paths[0])
    return f"{len(paths)} runs, {paths[0]} to {paths[-1].name}"
