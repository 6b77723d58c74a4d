"""The ratio plot: of each benchmark how much less or more time, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from xnnkit.bench.compare import Comparison, Row
from xnnkit.bench.stats import Ratio
from xnnkit.bench.table import percent
from xnnkit.bench.verdict import Verdict
from xnnkit.report import axis, drawing
from xnnkit.report.drawing import Figure, at

MOST = 30
"""Benchmarks in one figure; of more, those that changed most."""

STYLES = {
    Verdict.FASTER: "faster",
    Verdict.SLOWER: "slower",
    Verdict.SAME: "same",
    Verdict.MIXED: "open",
    Verdict.INCONCLUSIVE: "open",
}
"""How a verdict looks."""

_TOP, _NAME, _ROW, _FOOT = 24, 20, 42, 24


def figure(name: str, comparison: Comparison) -> Figure | None:
    """Draw the ratios of one comparison, None when there is none.

    Args:
        name: of the figure's file.
        comparison: of a flavour with the baseline.
    """
    known = [(row, row.evidence.ratio) for row in comparison.rows]
    found = [(row, ratio) for row, ratio in known if ratio is not None and ratio.value > 0]
    if not found:
        return None
    shown = _most(found)
    overall = comparison.overall if len(found) > 1 else None
    values = [ratio.value for _, ratio in shown] + ([overall.value] if overall else [])
    scale = axis.ratio_scale(values, [(ratio.low, ratio.high) for _, ratio in shown])
    count = len(shown) + (overall is not None)
    bottom = _TOP + _ROW * count
    parts = [*drawing.directions("less time", "more time")]
    for number in range(count):
        parts.append(_track(_TOP + _ROW * number, scale, comparison.rules.margin))
    parts += drawing.ticks(axis.ratio_ticks(scale), scale, bottom)
    for number, (row, ratio) in enumerate(shown):
        parts += _row(_TOP + _ROW * number, row, ratio, scale)
    if overall:
        parts += _overall(_TOP + _ROW * len(shown), comparison, overall, scale)
    left = len(found) - len(shown)
    note = f"The {len(shown)} benchmarks that changed most; {left} more are in the table." * (
        left > 0
    )
    return Figure(
        name,
        f"Time of {comparison.other} against {comparison.baseline} (baseline)",
        _summary(comparison, shown, overall),
        bottom + _FOOT,
        drawing.join(parts),
        note,
    )


def _most(found: Sequence[tuple[Row, Ratio]]) -> list[tuple[Row, Ratio]]:
    if len(found) <= MOST:
        return list(found)
    by_change = sorted(found, key=lambda one: -abs(math.log(one[1].value)))
    kept = {row.name for row, _ in by_change[:MOST]}
    return [one for one in found if one[0].name in kept][:MOST]


def _track(y: float, scale: axis.Scale, margin: float) -> Markup:
    """Return what lies behind an interval: the margin, and lines at the ticks."""
    low, high = (scale.place(math.log(edge)) for edge in (max(1 - margin, 1e-9), 1 + margin))
    return drawing.join(
        [
            drawing.rect(low, y + _NAME, high - low, _ROW - _NAME, "band"),
            *drawing.grid(axis.ratio_ticks(scale), scale, y + _NAME, y + _ROW),
        ]
    )


def _row(y: float, row: Row, ratio: Ratio, scale: axis.Scale) -> list[Markup]:
    style, middle = STYLES[row.verdict], y + 31
    change = percent(ratio.value - 1, signed=True).replace("-", "\u2212")
    known = math.isfinite(ratio.high) and ratio.low > 0
    said = f"{change}, {row.verdict}"
    parts = [
        drawing.name(y + 14, row.name, ""),
        drawing.text(at(1), y + 14, said, f"end wide t-{style}"),
    ]
    if known:
        parts += _interval(middle, ratio, scale, style)
        parts.append(drawing.circle(scale.place(math.log(ratio.value)), middle, 5, f"f-{style}"))
    else:
        parts.append(drawing.diamond(scale.place(math.log(ratio.value)), middle, 6, "f-open"))
    return parts


def _overall(y: float, comparison: Comparison, ratio: Ratio, scale: axis.Scale) -> list[Markup]:
    style, middle = STYLES[comparison.verdict], y + 31
    change = percent(ratio.value - 1, signed=True).replace("-", "\u2212")
    parts = [
        drawing.name(y + 14, "all benchmarks (geometric mean)"),
        drawing.text(at(1), y + 14, f"{change}, {comparison.verdict}", f"end wide t-{style}"),
    ]
    if math.isfinite(ratio.high) and ratio.low > 0:
        parts += _interval(middle, ratio, scale, style)
    parts.append(drawing.diamond(scale.place(math.log(ratio.value)), middle, 8, f"f-{style}"))
    return parts


def _interval(y: float, ratio: Ratio, scale: axis.Scale, style: str) -> list[Markup]:
    low, high = math.log(ratio.low), math.log(ratio.high)
    ends = at(scale.place(low)), at(scale.place(high))
    parts = [drawing.line(ends[0], y, ends[1], y, f"s-{style}")]
    if not scale.holds(low):
        parts.append(drawing.arrow(scale.place(low), y, -1, f"s-{style}"))
    if not scale.holds(high):
        parts.append(drawing.arrow(scale.place(high), y, 1, f"s-{style}"))
    return parts


def _summary(
    comparison: Comparison, shown: Sequence[tuple[Row, Ratio]], overall: Ratio | None
) -> str:
    said = [
        f"{row.name}: {percent(ratio.value - 1, signed=True)}, {row.verdict}"
        for row, ratio in shown
    ]
    if overall:
        change = percent(overall.value - 1, signed=True)
        said.append(f"all benchmarks: {change}, {comparison.verdict}")
    head = f"Change of time of {comparison.other} against {comparison.baseline}, the baseline. "
    return head + "; ".join(said) + "."
