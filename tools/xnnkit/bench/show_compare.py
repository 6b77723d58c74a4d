"""Comparisons as text, for a person or for a pull request."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from xnnkit.bench import table, verdict
from xnnkit.bench.compare import Comparison, Row
from xnnkit.bench.operators import OperatorTable
from xnnkit.bench.show import summary_cells
from xnnkit.bench.stats import Ratio
from xnnkit.bench.verdict import Verdict


def comparison_text(comparison: Comparison) -> str:
    """Return a comparison as plain text."""
    lines = [sentence(comparison)]
    lines += ["", _table(comparison, table.plain)] if comparison.rows else []
    lines += ["", *_reasons(comparison)] if _reasons(comparison) else []
    return "\n".join(lines)


def comparison_markdown(comparison: Comparison) -> str:
    """Return a comparison as Markdown."""
    lines = [f"**{sentence(comparison)}**"]
    lines += ["", _table(comparison, table.markdown)] if comparison.rows else []
    lines += ["", *(f"* {text}" for text in _reasons(comparison))]
    return "\n".join(lines).rstrip()


def operators_text(found: OperatorTable, most: int = 20, *, markdown: bool = False) -> str:
    """Return the operators that gain or lose most, as a table.

    Args:
        found: the operators of two sides.
        most: how many of them.
        markdown: for a pull request, not for a terminal.
    """
    rows = [
        [
            row.key,
            row.name if row.name == row.other_name else f"{row.name} -> {row.other_name}",
            table.milliseconds(row.first_ns),
            table.milliseconds(row.second_ns),
            "" if row.ratio is None else table.percent(row.ratio - 1, signed=True),
            row.verdict,
        ]
        for row in found.by_gain[:most]
    ]
    header = ["", "operator", found.baseline, found.other, "time", "verdict"]
    layout = table.markdown if markdown else table.plain
    first, second = (table.milliseconds(total) for total in found.totals)
    lines = [layout(header, rows, right=(0, 2, 3, 4)), ""]
    lines.append(f"all {len(found.rows)} operators: {first}, {second}")
    lines += [f"only in {side}: {', '.join(names)}" for side, names in found.only.items()]
    return "\n".join(lines)


def sentence(comparison: Comparison) -> str:
    """Return the verdict in one sentence that names the baseline."""
    whole = f"{comparison.other} against {comparison.baseline} (baseline): {comparison.verdict}"
    if comparison.device:
        whole = f"{comparison.device}: {whole}"
    ratio = comparison.overall
    if comparison.verdict is Verdict.INCONCLUSIVE:
        emulated = any(row.reason == verdict.EMULATED for row in comparison.rows)
        known = "" if ratio is None or emulated else f" Measured, not proved: {_change(ratio)}."
        return f"{whole}: {comparison.reason}.{known}"
    if ratio is not None:
        whole += f", {_change(ratio)} (geometric mean {_ratio(ratio)})"
    counts = Counter(row.verdict for row in comparison.rows)
    parts = [f"{word} in {counts[word]}" for word in Verdict if counts[word]]
    return f"{whole}: {', '.join(parts)} of {len(comparison.rows)} benchmarks."


def _table(comparison: Comparison, layout: Callable[..., str]) -> str:
    header = ["benchmark", comparison.baseline, "spread", "n", comparison.other, "spread", "n"]
    header += ["time ratio (95 %)", "p", "verdict"]
    counted = any(row.instructions for row in comparison.rows)
    if counted:
        header.append("instructions ratio")
    gated = comparison.rules.fail_above is not None
    if gated:
        header.append(f"limit +{table.percent(comparison.rules.fail_above or 0)}")
    rows = [
        [
            *_cells(row),
            *([_instructions(row)] if counted else []),
            *([row.gate] if gated else []),
        ]
        for row in comparison.rows
    ]
    return layout(header, rows, right=(1, 2, 3, 4, 5, 6, 7, 8))


def _cells(row: Row) -> list[str]:
    evidence = row.evidence
    return [
        row.name,
        *summary_cells(evidence.first),
        *summary_cells(evidence.second),
        _ratio(evidence.ratio),
        "" if evidence.corrected is None else f"{evidence.corrected:.2g}",
        row.verdict,
    ]


def _instructions(row: Row) -> str:
    if row.instructions is None:
        return ""
    first, second = row.instructions
    return f"{second / first:.4f} ({first:,.0f} -> {second:,.0f})"


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


def _change(ratio: Ratio) -> str:
    word = "less" if ratio.value < 1 else "more"
    return f"{table.percent(abs(ratio.value - 1))} {word} time"
