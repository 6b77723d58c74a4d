"""A benchmark over time as text."""

from __future__ import annotations

from collections.abc import Sequence

from xnnkit.bench import table
from xnnkit.bench.history import Line, Mark


def history_text(lines: Sequence[Line], last: int = 20) -> str:
    """Return a table for each benchmark, a row a measurement, the steps marked.

    Args:
        lines: as ``history.lines`` returns them.
        last: how many measurements of each are shown; steps before them are named all the same.
    """
    return "\n\n".join(_one(line, last) for line in lines)


def _one(line: Line, last: int) -> str:
    marks = {mark.step.at: mark for mark in line.marks}
    first = max(0, len(line.points) - last)
    rows = [
        [
            point.started,
            str(point.summary.n),
            table.duration(point.summary.median),
            table.percent(point.summary.spread) if point.summary.n > 1 else "",
            point.binary[:12],
            _mark(marks[i]) if i in marks else "",
        ]
        for i, point in enumerate(line.points)
        if i >= first
    ]
    header = ["started", "n", "median", "spread", "binary", "step"]
    title = f"{line.benchmark}: {line.flavour} on {line.device}"
    parts = [f"{title} ({line.work})" if line.work else title]
    parts += [table.plain(header, rows, right=(1, 2, 3))]
    if first:
        parts.append(f"{first} earlier ones are not shown (--last {len(line.points)})")
        parts += [
            f"step at {line.points[at].started}: {_mark(mark)}"
            for at, mark in marks.items()
            if at < first
        ]
    return "\n".join(parts)


def _mark(mark: Mark) -> str:
    step = mark.step
    text = table.percent(step.ratio - 1, signed=True)
    text += f" (p = {step.p:.2g})" if step.p is not None else " (one measurement: perhaps a step)"
    return "; ".join([text, *mark.changed])
