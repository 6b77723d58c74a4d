"""Scales: from a value to a place, and ticks that people would choose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LEFT, RIGHT = 0.04, 0.96
"""Where the axis begins and ends, as shares of the figure's width."""

_MOST = 5  # ticks: their labels must not meet on a phone
_NICE = (1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Scale:
    """A straight scale.

    Attributes:
        low: the value at the left end.
        high: at the right end, above ``low``.
    """

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return where a value lies, as a share of the width; what is beyond lies at the end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return LEFT + (RIGHT - LEFT) * share

    def holds(self, value: float) -> bool:
        """Tell whether a value lies between the ends."""
        return self.low <= value <= self.high


def ratio_scale(values: Sequence[float], intervals: Sequence[tuple[float, float]]) -> Scale:
    """Return a scale of logarithms of ratios, with 1 in it.

    Values decide how far it goes. Intervals are shown as far as they do not press the values
    together; what is cut is cut on both sides alike.

    Args:
        values: ratios above 0.
        intervals: their ends; 0 and infinity are allowed.
    """
    logs = [0.0, *(math.log(value) for value in values)]
    low, high = min(logs), max(logs)
    room = max(0.75 * (high - low), 0.02)
    ends = [math.log(x) for pair in intervals for x in pair if 0 < x < math.inf]
    first = max(low - room, min([low, *ends]))
    last = min(high + room, max([high, *ends]))
    pad = max(0.06 * (last - first), 0.002)
    return Scale(first - pad, last + pad)


def ratio_ticks(scale: Scale) -> list[tuple[float, str]]:
    """Return places on a scale of logarithms and their labels, as changes in percent."""
    least, most = math.expm1(scale.low) * 100, math.expm1(scale.high) * 100
    step = _step(most - least)
    first, last = math.ceil(least / step), math.floor(most / step)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    found = []
    for number in range(first, last + 1):
        change = number * step
        if change > -100:
            label = f"{change:+.{digits}f} %" if number else "0"
            found.append((math.log1p(change / 100), label.replace("-", "\u2212")))
    return found


def time_scale(series: Sequence[Sequence[float]]) -> Scale:
    """Return a scale for times; values far away from all others do not press the rest together.

    Args:
        series: times of each side, at least one value in all.
    """
    lows, highs = [], []
    for values in series:
        if not values:
            continue
        ordered = sorted(values)
        quarter = len(ordered) // 4
        first, last = ordered[quarter], ordered[len(ordered) - 1 - quarter]
        reach = 4 * (last - first)
        inside = [x for x in ordered if first - reach <= x <= last + reach]
        lows.append(inside[0])
        highs.append(inside[-1])
    low, high = min(lows), max(highs)
    pad = 0.03 * (high - low) or 0.01 * abs(high) or 1.0
    return Scale(low - pad, high + pad)


def linear_ticks(scale: Scale) -> list[float]:
    """Return round values on a straight scale."""
    step = _step(scale.high - scale.low)
    first, last = math.ceil(scale.low / step), math.floor(scale.high / step)
    return [number * step for number in range(first, last + 1)]


def time_labels(ticks: Sequence[float]) -> list[str]:
    """Return labels for times, all in one unit and with the same decimals.

    Args:
        ticks: nanoseconds.
    """
    largest = max((abs(tick) for tick in ticks), default=0.0)
    units = (("s", 1e9), ("ms", 1e6), ("us", 1e3), ("ns", 1.0))
    unit, size = next((one for one in units if largest >= one[1]), units[-1])
    step = min((b - a for a, b in pairwise(ticks)), default=size) / size
    digits = min(9, max(0, -math.floor(math.log10(step) + 1e-9)))
    return [f"{tick / size:.{digits}f} {unit}".replace("-", "\u2212") for tick in ticks]


def _step(length: float) -> float:
    """Return a round step of which at most a few fit."""
    size = 10.0 ** math.floor(math.log10(length / _MOST))
    for factor in (*_NICE, 10.0):
        if length / (size * factor) <= _MOST:
            return size * factor
    return size * 10
