"""What each operator gains or loses, as bars to either side of nothing."""

from __future__ import annotations

from markupsafe import Markup

from xnnkit.bench.operators import OperatorRow, OperatorTable
from xnnkit.bench.table import milliseconds, percent
from xnnkit.report import axis, drawing
from xnnkit.report.drawing import Figure, at
from xnnkit.report.ratios import STYLES

MOST = 12
"""Operators in the figure."""

_TOP, _NAME, _ROW, _FOOT = 24, 18, 36, 24


def figure(name: str, table: OperatorTable) -> Figure | None:
    """Draw the operators that gain or lose most, None when there is none.

    Args:
        name: of the figure's file.
        table: the operators of two sides.
    """
    rows = [row for row in table.by_gain[:MOST] if row.saved_ns]
    if not rows:
        return None
    changes = [-row.saved_ns for row in rows]
    low, high = min(0.0, *changes), max(0.0, *changes)
    pad = 0.04 * (high - low)
    scale = axis.Scale(low - pad * (low < 0), high + pad * (high > 0))
    bottom = _TOP + _ROW * len(rows)
    places = axis.linear_ticks(scale)
    words = axis.time_labels(places)
    labelled = [(at, word if at else "0") for at, word in zip(places, words, strict=True)]
    parts = [*drawing.directions("saves time", "costs time")]
    parts += drawing.ticks(labelled, scale, bottom)
    for number, row in enumerate(rows):
        y = _TOP + _ROW * number
        parts += drawing.grid(labelled, scale, y + _NAME, y + _ROW)
        parts += _row(y, row, scale)
    left = len(table.rows) - len(rows)
    return Figure(
        name,
        f"Operators: time that {table.other} saves or costs against {table.baseline} (baseline)",
        _summary(table, rows),
        bottom + _FOOT,
        drawing.join(parts),
        f"The {len(rows)} of {len(table.rows)} operators that gain or lose most." * (left > 0),
    )


def _row(y: float, row: OperatorRow, scale: axis.Scale) -> list[Markup]:
    style = STYLES[row.verdict]
    ends = sorted((scale.place(0.0), scale.place(-row.saved_ns)))
    return [
        drawing.name(y + 13, f"{row.key} {row.name}", ""),
        drawing.text(at(1), y + 13, _change(row), f"end wide t-{style}"),
        drawing.rect(ends[0], y + 21, max(ends[1] - ends[0], 0.002), 10, f"f-{style}"),
    ]


def _change(row: OperatorRow) -> str:
    times = f"{milliseconds(row.first_ns)} \u2192 {milliseconds(row.second_ns)}"
    if row.ratio is None:
        return times
    return f"{times} ({percent(row.ratio - 1, signed=True)})".replace("-", "\u2212")


def _summary(table: OperatorTable, rows: list[OperatorRow]) -> str:
    said = [f"{row.key} {row.name}: {_change(row)}" for row in rows]
    return f"Operators of {table.other} against {table.baseline}: " + "; ".join(said) + "."
