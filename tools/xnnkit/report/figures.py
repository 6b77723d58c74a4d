"""Which figures a report has, and what their files are called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xnnkit.bench.analysis import Group
from xnnkit.bench.verdict import Rules
from xnnkit.report import bars, ratios, times
from xnnkit.report.drawing import Figure

BENCHMARKS = 12
"""Benchmarks of a group whose times are drawn; of more, those that changed most."""


@dataclass(frozen=True)
class Drawn:
    """The figures of one group.

    Attributes:
        ratios: one a comparison, None where there is nothing to draw, or nothing that has a
            meaning.
        times: of benchmarks.
        left_out: how many benchmarks have times that are not drawn.
        operators: one a table of operators.
    """

    ratios: tuple[Figure | None, ...]
    times: tuple[Figure, ...]
    left_out: int
    operators: tuple[Figure | None, ...]

    def all(self) -> Iterator[Figure]:
        """Yield every figure."""
        yield from (one for one in self.ratios if one)
        yield from self.times
        yield from (one for one in self.operators if one)


def of_group(number: int, group: Group, rules: Rules) -> Drawn:
    """Draw a group.

    Args:
        number: of the group, from 1.
        group: what was measured on a device.
        rules: how verdicts were made.
    """
    where = f"{number}-{_word(group.device) or 'device'}"
    emulated = any(side.emulated for side in group.sides) and not rules.emulated
    # A picture of ratios that mean nothing would be believed.
    compared = tuple(
        None if emulated else ratios.figure(f"{where}-ratios-{_word(one.other)}", one)
        for one in group.comparisons
    )
    names = _interesting(group)
    drawn = [
        times.figure(f"{where}-times-{n}-{_word(name)}", name, group.sides)
        for n, name in enumerate(names[:BENCHMARKS], 1)
    ]
    tables = tuple(
        bars.figure(f"{where}-operators-{_word(table.other)}", table) for table in group.operators
    )
    return Drawn(compared, tuple(one for one in drawn if one), len(names[BENCHMARKS:]), tables)


def _interesting(group: Group) -> list[str]:
    """Return the benchmarks with times, in their order; of too many, what changed most first."""
    names = list(
        dict.fromkeys(n for side in group.sides for n, values in side.samples.items() if values)
    )
    if len(names) <= BENCHMARKS:
        return names
    changes: dict[str, float] = {}
    for comparison in group.comparisons:
        for row in comparison.rows:
            if row.evidence.ratio:
                change = abs(row.evidence.ratio.value - 1)
                changes[row.name] = max(change, changes.get(row.name, 0.0))
    return sorted(names, key=lambda name: -changes.get(name, -1.0))


def unique(figures: Sequence[Figure]) -> dict[str, Figure]:
    """Return figures by the name of their file, without two of one name."""
    found: dict[str, Figure] = {}
    for figure in figures:
        name, number = figure.name, 1
        while name in found:
            number += 1
            name = f"{figure.name}-{number}"
        found[name] = figure
    return found


def _word(text: str) -> str:
    """Return what of a name can stand in a file's name anywhere."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:40].rstrip("-.")
