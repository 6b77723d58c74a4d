"""Runs as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from xnnkit.bench import llm_block, show_counts, table
from xnnkit.bench.runs import Run
from xnnkit.bench.stats import Summary, summary


def runs_text(runs: Sequence[Run]) -> str:
    """Return a line for each run, and a table of its benchmarks' times."""
    lines: list[str] = []
    rows: list[list[str]] = []
    for run in runs:
        identity = run.identity
        lines.append(f"{identity.flavour}: {_shown(run.path)}")
        lines.append(f"  sha256    {identity.binary['sha256']}")
        if identity.executed is not None:
            lines.append(f"  executed  {_kernels(identity.executed)}")
        if identity.verify is not None:
            lines.append(f"  verified  {llm_block.text(identity.verify)}")
            if identity.verify["executed"] is not None:
                lines.append(f"            executed {_kernels(identity.verify['executed'])}")
        for benchmark in () if run.counts else run.results.benchmarks.values():
            rates = [s.items_per_second for s in benchmark.samples if s.items_per_second]
            rows.append(
                [
                    identity.flavour,
                    benchmark.name,
                    *times_cells([s.real_ns for s in benchmark.samples]),
                    f"{median(rates):.4g}" if rates else "",
                ]
            )
    header = ["flavour", "benchmark", "n", "median", "spread", "items/s"]
    if any(run.counts for run in runs):
        lines += ["", show_counts.text(runs)]
    if not rows:
        return "\n".join(lines)
    lines += ["", table.plain(header, rows, right=(2, 3, 4, 5))]
    if any(run.identity.device.get("emulated") for run in runs):
        lines += ["", "These times are an emulator's: they say nothing about a phone's speed."]
    return "\n".join(lines)


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


def _shown(path: Path | None) -> str:
    return str(path) if path else "not kept"
