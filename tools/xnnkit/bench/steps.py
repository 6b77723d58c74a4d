"""Where a series of figures steps from one level to another (Pettitt's test, by permutation).

The place is where the Mann-Whitney U of all figures before it against all after it is most extreme;
how often that happens by chance is seen by shuffling the series. Each part is looked at again, as
long as something is found. Ranks only are used: one figure that is far off makes no step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

SHORTEST = 3
"""Figures on either side of a step at least."""

_SHUFFLES = 1999
_SEED = 20261121
_FAR = 4.0
_TO_SIGMA = 1.4826
_BEFORE_LAST = 5


@dataclass(frozen=True)
class Step:
    """A step.

    Attributes:
        at: number of the first figure behind it, from 0.
        ratio: level behind it over level before it.
        p: how often shuffled figures step as clearly; None for a single figure at the end that is
            far off, which may become a step or not.
    """

    at: int
    ratio: float
    p: float | None

    @property
    def sure(self) -> bool:
        """It is more than one figure at the end."""
        return self.p is not None


def find(values: Sequence[float], *, alpha: float = 0.05, margin: float = 0.01) -> list[Step]:
    """Return the steps of a series, in their order.

    Args:
        values: in the order of time, all above 0.
        alpha: chance of any step in a series that has none.
        margin: steps smaller than this share are left out.
    """
    places: dict[int, float] = {}
    _split(values, 0, len(values), alpha, margin, places)
    cuts = [0, *sorted(places), len(values)]
    levels = [median(values[a:b]) for a, b in pairwise(cuts) if b > a]
    steps = [Step(at, levels[i + 1] / levels[i], places[at]) for i, at in enumerate(sorted(places))]
    last = _last(values, cuts[-2], margin)
    return [*steps, last] if last else steps


def _split(
    values: Sequence[float], a: int, b: int, alpha: float, margin: float, found: dict[int, float]
) -> None:
    if b - a < 2 * SHORTEST:
        return
    at, p = _pettitt(values[a:b])
    at += a
    if p > alpha or abs(median(values[at:b]) / median(values[a:at]) - 1) < margin:
        return
    found[at] = p
    _split(values, a, at, alpha, margin, found)
    _split(values, at, b, alpha, margin, found)


def _pettitt(values: Sequence[float]) -> tuple[int, float]:
    """Return the likeliest place of a step, and how often chance makes one as clear."""
    import numpy as np

    n = len(values)
    sorted_values = np.sort(values)
    # Equal values share the middle of their ranks.
    low = np.searchsorted(sorted_values, values, side="left")
    high = np.searchsorted(sorted_values, values, side="right")
    ranks = (low + high - 1) / 2 - (n - 1) / 2
    sizes = np.arange(1, n)
    scale = np.sqrt(sizes * (n - sizes))
    inside = slice(SHORTEST - 1, n - SHORTEST)

    def statistics(rows: np.ndarray) -> np.ndarray:
        sums: np.ndarray = np.abs(np.cumsum(rows, axis=-1)[..., :-1]) / scale
        return sums[..., inside]

    seen = statistics(ranks)
    best = int(np.argmax(seen))
    source = np.random.default_rng(_SEED)
    shuffled = source.permuted(np.tile(ranks, (_SHUFFLES, 1)), axis=1)
    as_clear = int((statistics(shuffled).max(axis=1) >= seen[best] - 1e-9).sum())
    return best + SHORTEST, (as_clear + 1) / (_SHUFFLES + 1)


def _last(values: Sequence[float], start: int, margin: float) -> Step | None:
    """Return the last figure as a step when it is far off what stands before it."""
    before = values[start:-1]
    if len(before) < _BEFORE_LAST:
        return None
    middle = median(before)
    spread = _TO_SIGMA * median(abs(x / middle - 1) for x in before)
    off = abs(math.log(values[-1] / middle))
    if off <= max(_FAR * spread, margin):
        return None
    return Step(len(values) - 1, values[-1] / middle, None)
