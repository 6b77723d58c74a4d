"""The Mann-Whitney U test and the interval that belongs to it (Hodges and Lehmann).

Both ask one question of two samples: of all pairs (one of each), in how many is the second larger?
The test's p-value and the interval of the shift come from the same distribution of that count, so
that they cannot contradict each other. Nothing is assumed of the samples' distribution; outliers
count as much as their rank.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

EXACT_UP_TO = 8
"""The smaller sample's size up to which the distribution of U is computed, not approximated."""

_PAIRS_IN_MEMORY = 100_000


def u_of(first: Sequence[float], second: Sequence[float]) -> float:
    """Return U of ``second``: pairs in which it is larger, and half of those that are equal."""
    ordered = sorted(first)
    return sum((bisect_left(ordered, x) + bisect_right(ordered, x)) / 2 for x in second)


def p_value(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the two-sided p-value of the Mann-Whitney U test.

    Exact when the smaller sample has at most eight values and no two are equal; otherwise the
    normal approximation with corrections for ties and continuity (as scipy's ``method="auto"``).

    Args:
        first: at least one value.
        second: at least one value.
    """
    n, m = len(first), len(second)
    u = u_of(first, second)
    largest = max(u, n * m - u)
    counts = Counter([*first, *second])
    tied = any(count > 1 for count in counts.values())
    if min(n, m) <= EXACT_UP_TO and not tied:
        return min(1.0, 2 * tail(n, m, math.floor(n * m - largest)))
    deviation = _deviation(n, m, counts.values())
    if deviation == 0:
        return 1.0
    z = (largest - n * m / 2 - 0.5) / deviation
    return min(1.0, math.erfc(z / math.sqrt(2)))


def smallest_p(n: int, m: int) -> float:
    """Return the smallest two-sided p-value that samples of these sizes can have."""
    return min(1.0, 2 / math.comb(n + m, n))


def tail(n: int, m: int, u: int) -> float:
    """Return the probability that U is at most ``u`` when both samples are of one kind."""
    if u < 0:
        return 0.0
    counts = _counts(min(n, m), max(n, m))
    return sum(counts[: u + 1]) / math.comb(n + m, n)


def shift(
    first: Sequence[float], second: Sequence[float], confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return by how much ``second`` is larger, and the interval of that.

    The estimate is the median of all differences between a value of ``second`` and one of
    ``first``; the interval ends at those differences whose rank the test just does not refuse.

    Args:
        first: at least one value.
        second: at least one value.
        confidence: of the interval, between 0 and 1.

    Returns:
        Estimate, lower end, upper end; the ends are infinite when the samples are too small for
        any interval of that confidence.
    """
    n, m = len(first), len(second)
    pairs = n * m
    a, b = sorted(first), sorted(second)
    middle = ((pairs - 1) // 2, pairs // 2)
    rank = _rank(n, m, (1 - confidence) / 2)
    wanted = [*middle, *([rank - 1, pairs - rank] if rank else [])]
    values = _differences(a, b, wanted)
    estimate = (values[0] + values[1]) / 2
    return (estimate, values[2], values[3]) if rank else (estimate, -math.inf, math.inf)


def _rank(n: int, m: int, share: float) -> int:
    """Return the largest k with P(U <= k - 1) <= share, 0 for none."""
    if min(n, m) <= EXACT_UP_TO:
        total, limit, k = 0, share * math.comb(n + m, n), 0
        for count in _counts(min(n, m), max(n, m)):
            total += count
            if total > limit:
                return k
            k += 1
        return k
    z = NormalDist().inv_cdf(1 - share)
    return max(0, math.floor(n * m / 2 - z * _deviation(n, m, ()) - 0.5) + 1)


def _deviation(n: int, m: int, tie_sizes: object) -> float:
    """Return the standard deviation of U, less what equal values take away from it."""
    total = n + m
    ties = sum(t**3 - t for t in tie_sizes)  # type: ignore[attr-defined]
    square = n * m / 12 * ((total + 1) - ties / (total * (total - 1)))
    return math.sqrt(max(0.0, square))


@lru_cache(maxsize=64)
def _counts(n: int, m: int) -> tuple[int, ...]:
    """Return in how many of all orders of n and m values U is 0, 1, ..., n * m.

    These are the coefficients of the Gaussian binomial: the product over i = 1..n of
    (1 - q^(m + i)) / (1 - q^i).
    """
    size = n * m + 1
    counts = [1] + [0] * (size - 1)
    for i in range(1, n + 1):
        for k in range(size - 1, m + i - 1, -1):
            counts[k] -= counts[k - m - i]
        for k in range(i, size):
            counts[k] += counts[k - i]
    return tuple(counts)


def _differences(a: list[float], b: list[float], ranks: Sequence[int]) -> list[float]:
    """Return the differences b - a of these ranks (from 0, ascending); both lists are sorted."""
    if len(a) * len(b) <= _PAIRS_IN_MEMORY:
        ordered = sorted(y - x for x in a for y in b)
        return [ordered[rank] for rank in ranks]
    import numpy as np

    first, second = np.array(a), np.array(b)
    found: dict[int, float] = {}
    for rank in set(ranks):
        # Halve the interval of values until no difference lies strictly inside it any more.
        low, high = b[0] - a[-1], b[-1] - a[0]
        while True:
            middle = low + (high - low) / 2
            if not low < middle < high:
                break
            below = int(np.searchsorted(second, first + middle, side="right").sum())
            low, high = (low, middle) if below > rank else (middle, high)
        found[rank] = high
    return [found[rank] for rank in ranks]
