"""In what order two sides were measured, and whether the times drifted while they were.

A device that warms up becomes slower. When the sides took turns, that falls on both and only adds
noise. When one side ran after the other, it looks like a difference, and no test of the two samples
can tell. But a steady drift goes on within each side, too: what is left of the difference once it
is allowed for can be tested.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import combinations, pairwise
from operator import itemgetter
from statistics import median

_BLOCKS = 200
"""Longer series are taken together to this many points."""

_LIMIT = 0.05
_SURE = 0.01
"""A drift between turns is taken out only when chance makes one as clear less often than this."""

_CLIP = 5.0
_SPARE = 4 / 3  # clipping makes the rest of the noise look a little smaller than it is
_TO_SIGMA = 1.4826
_ENOUGH = 5
"""Repetitions of each side from which on a drift is looked for between turns."""

_SMALLEST = 0.002
"""A drift over all repetitions below which nothing is taken out."""

_REACH = 2.0
"""How many times a side's own drift may reach over to the other."""


class Order(StrEnum):
    """In what order two sides were measured."""

    TURNS = "in turns"
    AFTER = "one after the other"
    UNKNOWN = "unknown"


def of_sides(first: Sequence[str], second: Sequence[str]) -> Order:
    """Return in what order two sides were measured.

    Args:
        first: when each process of one side was started, ISO 8601, "" when unknown.
        second: of the other side.
    """
    a, b = [_time(x) for x in first], [_time(x) for x in second]
    if not a or not b or None in a or None in b:
        return Order.UNKNOWN
    starts = [[x for x in side if x is not None] for side in (a, b)]
    if max(starts[0]) < min(starts[1]) or max(starts[1]) < min(starts[0]):
        return Order.AFTER
    return Order.TURNS if len(a) > 1 and len(b) > 1 else Order.UNKNOWN


def later(first: Sequence[str], second: Sequence[str]) -> bool:
    """Tell whether the second side ran after the first, where one ran after the other.

    Args:
        first: when each process of one side was started, ISO 8601.
        second: of the other side.
    """
    a, b = _time(first[0]), _time(second[0])
    return a is not None and b is not None and a < b


def p_beyond_drift(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the one-sided p-value of a difference that no steady drift explains.

    Logarithms of the times are taken to be two levels and one slope over all repetitions, the
    second side's behind the first's. As the slope is only known as well as the repetitions show it,
    the difference of the levels is less sure than it looks.

    Args:
        first: times of the side that ran first, in their order, all above 0; at least two.
        second: of the side that ran after it; at least two.

    Returns:
        The chance of a difference of the levels as large as this, in the direction in which the
        times differ; 1 when the drift alone makes a larger one.
    """
    sides = [_without_outliers([math.log(x) for x in values]) for values in (first, second)]
    means = [math.fsum(y) / len(y) for y in sides]
    along = sxx = syy = 0.0
    for y, mean in zip(sides, means, strict=True):
        middle = (len(y) - 1) / 2
        along += math.fsum((i - middle) * (v - mean) for i, v in enumerate(y))
        sxx += len(y) * (len(y) ** 2 - 1) / 12
        syy += math.fsum((v - mean) ** 2 for v in y)
    n, m = len(sides[0]), len(sides[1])
    freedom = n + m - 3
    if freedom < 1 or sxx <= 0:
        return 1.0
    slope, gap = along / sxx, (n + m) / 2
    variance = max(0.0, syy - slope * along) / freedom * (1 / n + 1 / m + gap**2 / sxx)
    plain = means[1] - means[0]
    left = (plain - slope * gap) * (1 if plain > 0 else -1)
    if left <= 0:
        return 1.0
    if variance <= 0:
        return 0.0
    return min(1.0, _SPARE * _t_tail(left / math.sqrt(variance), freedom))


def steadied(
    first: Sequence[float],
    first_taken: Sequence[float],
    second: Sequence[float],
    second_taken: Sequence[float],
) -> tuple[list[float], list[float]] | None:
    """Take a steady drift out of the times of two sides that took turns.

    Args:
        first: times, all above 0.
        first_taken: when each was taken, in seconds of any one clock.
        second: of the other side.
        second_taken: of the other side.

    Returns:
        Both sides' times as at the middle of all, None when no drift can be seen.
    """
    if min(len(first), len(second)) < _ENOUGH:
        return None
    rest = [_rest(values) for values in (first, second)]
    series = sorted(
        zip([*first_taken, *second_taken], [*rest[0], *rest[1]], strict=True), key=itemgetter(0)
    )
    if _p(*_kendall(_blocks([y for _, y in series]))) > _SURE:
        return None
    middle = math.fsum(x for x, _ in series) / len(series)
    spread = math.fsum((x - middle) ** 2 for x, _ in series)
    if not spread > 0:
        return None
    slope = math.fsum((x - middle) * y for x, y in series) / spread
    if abs(slope) * (series[-1][0] - series[0][0]) < _SMALLEST:
        return None
    return (
        [v * math.exp(-slope * (x - middle)) for v, x in zip(first, first_taken, strict=True)],
        [v * math.exp(-slope * (x - middle)) for v, x in zip(second, second_taken, strict=True)],
    )


def seconds(started: str) -> float:
    """Return a time as seconds since 1970, NaN when it is none."""
    found = _time(started)
    return math.nan if found is None else found.timestamp()


def _rest(values: Sequence[float]) -> list[float]:
    """Return logarithms less their median, those that are far off pulled in."""
    logs = [math.log(x) for x in values]
    middle = median(logs)
    rest = [y - middle for y in logs]
    reach = _CLIP * _TO_SIGMA * median(abs(y) for y in rest)
    return [min(max(y, -reach), reach) for y in rest]


def _without_outliers(values: list[float]) -> list[float]:
    """Pull values that are far off a side's own trend up to what noise makes."""
    n = len(values)
    points = _blocks(values)
    step = n / len(points)
    slopes = [(y - x) / ((j - i) * step) for (i, x), (j, y) in combinations(enumerate(points), 2)]
    slope = median(slopes) if slopes else 0.0
    rest = [v - slope * i for i, v in enumerate(values)]
    middle = median(rest)
    reach = _CLIP * _TO_SIGMA * median(abs(v - middle) for v in rest)
    if reach == 0:
        return values
    return [slope * i + min(max(v, middle - reach), middle + reach) for i, v in enumerate(rest)]


def _t_tail(t: float, freedom: int) -> float:
    """Return P(T > t) of Student's t, by Wallace's normal approximation."""
    z = math.sqrt(freedom * math.log1p(t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3)
    return math.erfc(z / math.sqrt(2)) / 2


def drift(first: Sequence[float], second: Sequence[float]) -> float:
    """Return by what share the times of both sides rose or fell, 0 when that may be chance.

    The trend is tested as Mann and Kendall do, within each side and over both together; its size is
    that from the median of a side's first third to that of its last, carried on to the whole side.

    Args:
        first: times in the order in which they were taken.
        second: of the other side.
    """
    series = [_blocks(values) for values in (first, second)]
    found = [_kendall(values) for values in series]
    together = (found[0][0] + found[1][0], found[0][1] + found[1][1])
    # Three looks at the same data: each gets a third of the chance of a false alarm.
    if min(_p(*one) for one in (*found, together)) * 3 > _LIMIT:
        return 0.0
    sizes = [_size(values) for values in series]
    return max(sizes, key=abs)


def explains(drifted: float, ratio: float) -> bool:
    """Tell whether a drift may be all that there is to a ratio of two sides' times.

    Args:
        drifted: by what share the times of a side rose or fell.
        ratio: of the two sides' times.
    """
    return abs(math.log(ratio)) <= _REACH * abs(math.log1p(max(drifted, -0.99)))


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _blocks(values: Sequence[float]) -> list[float]:
    if len(values) <= _BLOCKS:
        return list(values)
    cuts = [len(values) * i // _BLOCKS for i in range(_BLOCKS + 1)]
    return [median(values[a:b]) for a, b in pairwise(cuts)]


def _kendall(values: Sequence[float]) -> tuple[int, float]:
    """Return Kendall's S of a series against time, and its variance without any trend."""
    n = len(values)
    s = sum((y > x) - (y < x) for i, x in enumerate(values) for y in values[i + 1 :])
    ties = sum(t * (t - 1) * (2 * t + 5) for t in Counter(values).values())
    return s, max(0.0, (n * (n - 1) * (2 * n + 5) - ties) / 18)


def _p(s: int, variance: float) -> float:
    if variance <= 0 or s == 0:
        return 1.0
    return math.erfc((abs(s) - 1) / math.sqrt(2 * variance))


def _size(values: Sequence[float]) -> float:
    third = len(values) // 3
    if third == 0:
        return 0.0
    early, late = median(values[:third]), median(values[-third:])
    if early <= 0:
        return 0.0
    return (late / early - 1) * len(values) / max(1, len(values) - third)
