"""The times of one benchmark: every repetition of every flavour, or how they are distributed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from xnnkit.bench import stats
from xnnkit.bench.sides import Side
from xnnkit.bench.table import duration, percent
from xnnkit.report import axis, drawing
from xnnkit.report.drawing import Figure, at
from xnnkit.report.palette import SIDES

DOTS = 120
"""Repetitions of a side up to which each one is a dot."""

_BINS = 80
_TOP, _LABEL, _BAND, _FOOT = 4, 20, 44, 24
_INSET = 6  # of the dots, so that bands do not touch


def figure(name: str, benchmark: str, sides: Sequence[Side]) -> Figure | None:
    """Draw the repetitions of a benchmark, None when no side has any.

    Args:
        name: of the figure's file.
        benchmark: whose times.
        sides: the baseline first.
    """
    series = {side.name: side.samples.get(benchmark, ()) for side in sides}
    series = {side: values for side, values in series.items() if values}
    if not series:
        return None
    scale = axis.time_scale(list(series.values()))
    bottom = _TOP + (_LABEL + _BAND) * len(series)
    places = axis.linear_ticks(scale)
    labelled = list(zip(places, axis.time_labels(places), strict=True))
    parts = drawing.ticks(labelled, scale, bottom)
    for number in range(len(series)):
        top = _TOP + (_LABEL + _BAND) * number + _LABEL
        parts += drawing.grid(labelled, scale, top, top + _BAND)
    colours = {side.name: number % SIDES for number, side in enumerate(sides)}
    for number, (side, values) in enumerate(series.items()):
        parts += _side(_TOP + (_LABEL + _BAND) * number, side, values, scale, colours[side])
    return Figure(
        name,
        f"Times of {benchmark}",
        f"Times of {benchmark}. " + "; ".join(_said(*one) for one in series.items()) + ".",
        bottom + _FOOT,
        drawing.join(parts),
        _note(series),
    )


def _side(
    y: float, name: str, values: Sequence[float], scale: axis.Scale, colour: int
) -> list[Markup]:
    found = stats.summary(values)
    top, style = y + _LABEL, f"side-{colour}"
    said = Markup("median {}").format(duration(found.median))
    if found.n > 1:
        more = f", spread {percent(found.spread)}, n = {found.n}"
        said += Markup('<tspan class="wide">{}</tspan>').format(more)
    parts = [drawing.name(y + 15, name, most=24), drawing.text(at(1), y + 15, said, "end soft")]
    if len(values) <= DOTS:
        parts += _dots(top, values, scale, style)
    else:
        parts += _histogram(top, values, scale, style)
    x = at(scale.place(found.median))
    parts.append(drawing.line(x, top + 1, x, top + _BAND - 1, f"s-{style}"))
    for direction, many in ((-1, sum(v < scale.low for v in values)), (1, _above(values, scale))):
        if many:
            edge = axis.LEFT if direction < 0 else axis.RIGHT
            words = f"{many} beyond"
            parts.append(drawing.arrow(edge, top + _BAND / 2, direction, f"s-{style}"))
            anchor = "soft" if direction < 0 else "soft end"
            parts.append(drawing.text(at(edge), top + _BAND / 2 - 9, words, anchor))
    return parts


def _above(values: Sequence[float], scale: axis.Scale) -> int:
    return sum(value > scale.high for value in values)


def _dots(top: float, values: Sequence[float], scale: axis.Scale, style: str) -> list[Markup]:
    """Return a dot a repetition; from top to bottom in the order in which they were taken."""
    room = _BAND - 2 * _INSET
    step = room / max(1, len(values) - 1)
    first = top + _INSET if len(values) > 1 else top + _BAND / 2
    return [
        drawing.circle(scale.place(value), first + step * number, 3, f"f-{style}")
        for number, value in enumerate(values)
        if scale.holds(value)
    ]


def _histogram(top: float, values: Sequence[float], scale: axis.Scale, style: str) -> list[Markup]:
    """Return how many repetitions fall into each slice of the scale, as bars around the middle."""
    counts = [0] * _BINS
    length = scale.high - scale.low
    for value in values:
        if scale.holds(value):
            counts[min(_BINS - 1, int((value - scale.low) / length * _BINS))] += 1
    most, wide = max(counts) or 1, (axis.RIGHT - axis.LEFT) / _BINS
    parts = []
    for number, count in enumerate(counts):
        if count:
            high = max(1.0, (_BAND - 2) * count / most)
            y = round(top + (_BAND - high) / 2, 1)
            x = axis.LEFT + wide * number
            parts.append(drawing.rect(x, y, wide, round(high, 1), f"f-{style}"))
    return parts


def _said(side: str, values: Sequence[float]) -> str:
    found = stats.summary(values)
    spread = f", spread {percent(found.spread)}" if found.n > 1 else ""
    return f"{side}: {found.n} repetitions, median {duration(found.median)}{spread}"


def _note(series: Mapping[str, Sequence[float]]) -> str:
    many = [values for values in series.values() if len(values) > DOTS]
    if not many:
        return ""
    total = sum(len(values) for values in many)
    return (
        f"Too many for single dots: all {total:,} repetitions are counted, in {_BINS} slices of "
        "the axis. Each one is in the data of this page."
    )
