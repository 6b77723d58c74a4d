"""Runs and comparisons as text, for a person or for a pull request."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from xnnkit.bench import llm_block, show_counts, table
from xnnkit.bench.compare import Comparison, Row
from xnnkit.bench.runs import Run
from xnnkit.bench.stats import Ratio, Summary, summary
from xnnkit.bench.verdict import Verdict


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
                    *_times([s.real_ns for s in benchmark.samples]),
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


def comparison_text(comparison: Comparison) -> str:
    """Return a comparison as plain text."""
    lines = [sentence(comparison), "", _table(comparison, table.plain)]
    lines += ["", *_reasons(comparison)] if _reasons(comparison) else []
    return "\n".join(lines)


def comparison_markdown(comparison: Comparison) -> str:
    """Return a comparison as Markdown."""
    lines = [f"**{sentence(comparison)}**", "", _table(comparison, table.markdown)]
    lines += ["", *(f"* {text}" for text in _reasons(comparison))]
    return "\n".join(lines).rstrip()


def sentence(comparison: Comparison) -> str:
    """Return the verdict in one sentence that names the baseline."""
    whole = f"{comparison.other} against {comparison.baseline} (baseline): {comparison.verdict}"
    if comparison.verdict is Verdict.INCONCLUSIVE:
        return f"{whole}: {comparison.reason}."
    ratio = comparison.overall
    if ratio is not None:
        change = abs(ratio.value - 1)
        word = "less" if ratio.value < 1 else "more"
        whole += f", {table.percent(change)} {word} time (geometric mean {_ratio(ratio)})"
    counts = Counter(row.verdict for row in comparison.rows)
    parts = [f"{word} in {counts[word]}" for word in Verdict if counts[word]]
    return f"{whole}: {', '.join(parts)} of {len(comparison.rows)} benchmarks."


def _table(comparison: Comparison, layout: Callable[..., str]) -> str:
    header = ["benchmark", comparison.baseline, "spread", "n", comparison.other, "spread", "n"]
    header += ["time ratio (95 %)", "p", "verdict"]
    gated = comparison.rules.fail_above is not None
    if gated:
        header.append(f"limit +{table.percent(comparison.rules.fail_above or 0)}")
    rows = [[*_cells(row), *([row.gate] if gated else [])] for row in comparison.rows]
    return layout(header, rows, right=(1, 2, 3, 4, 5, 6, 7, 8))


def _cells(row: Row) -> list[str]:
    evidence = row.evidence
    return [
        row.name,
        *_summary(evidence.first),
        *_summary(evidence.second),
        _ratio(evidence.ratio),
        "" if evidence.corrected is None else f"{evidence.corrected:.2g}",
        row.verdict,
    ]


def _summary(one: Summary | None) -> list[str]:
    if one is None:
        return ["", "", "0"]
    return [table.duration(one.median), table.percent(one.spread), str(one.n)]


def _times(values: list[float]) -> list[str]:
    middle, spread, n = _summary(summary(values) if values else None)
    return [n, middle, spread]


def _ratio(ratio: Ratio | None) -> str:
    if ratio is None:
        return ""
    if not math.isfinite(ratio.high):
        return f"{ratio.value:.3f} (?)"
    return f"{ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f})"


def _reasons(comparison: Comparison) -> list[str]:
    """Return why rows are inconclusive (each reason once), what is missing, and the notes."""
    lines: dict[str, None] = {}
    for row in comparison.rows:
        if row.reason and row.reason != comparison.reason:
            lines[f"{row.name}: {row.reason}"] = None
    for side, names in comparison.only.items():
        lines[f"only in {side}: {', '.join(names)}"] = None
    for note in comparison.notes:
        lines[f"note: {note}"] = None
    return list(lines)


def _kernels(names: list[str]) -> str:
    from xnnkit.elf.show import kernels_line

    return kernels_line(names)


def _shown(path: Path | None) -> str:
    return str(path) if path else "not kept"
