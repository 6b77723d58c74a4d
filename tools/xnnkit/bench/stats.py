"""What is said of samples: middle, spread, ratio of two, and correction over many tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from xnnkit.bench import mannwhitney

_TO_SIGMA = 1.4826  # of a normal distribution: standard deviation over median absolute deviation


@dataclass(frozen=True)
class Summary:
    """One sample: how many values, their median, their spread as a share of the median."""

    n: int
    median: float
    spread: float


@dataclass(frozen=True)
class Ratio:
    """How many times as large one sample is as another, with the ends of its interval."""

    value: float
    low: float
    high: float

    def inside(self, margin: float) -> bool:
        """Tell whether the whole interval is within 1 - margin and 1 + margin."""
        return 1 - margin <= self.low and self.high <= 1 + margin


def summary(values: Sequence[float]) -> Summary:
    """Return what is said of one sample.

    The spread is the median absolute deviation, scaled to a standard deviation, over the median.

    Args:
        values: at least one.
    """
    middle = median(values)
    mad = median(abs(x - middle) for x in values)
    return Summary(len(values), middle, _TO_SIGMA * mad / middle if middle else 0.0)


def ratio(first: Sequence[float], second: Sequence[float], confidence: float = 0.95) -> Ratio:
    """Return how many times as large ``second`` is as ``first`` (Hodges-Lehmann on logarithms).

    Args:
        first: at least one value, all above 0.
        second: at least one value, all above 0.
        confidence: of the interval, between 0 and 1.
    """
    logs = [[math.log(x) for x in values] for values in (first, second)]
    value, low, high = mannwhitney.shift(logs[0], logs[1], confidence)
    return Ratio(math.exp(value), math.exp(low), math.exp(high) if high < 700 else math.inf)


def geometric_mean(ratios: Sequence[Ratio]) -> Ratio:
    """Return the geometric mean of ratios, and its interval.

    On the logarithmic scale the distances to the lower ends are added as errors are (the root of
    the sum of squares), and those to the upper ends (Zou and Donner's MOVER). Different benchmarks
    are taken to be independent; of a single ratio the interval comes back as it is.

    Args:
        ratios: at least one; their intervals' confidence is that of the interval returned.
    """
    count = len(ratios)
    logs = [math.log(r.value) for r in ratios]
    middle = sum(logs) / count
    if any(r.low <= 0 or math.isinf(r.high) for r in ratios):
        return Ratio(math.exp(middle), 0.0, math.inf)
    down = math.hypot(*(x - math.log(r.low) for x, r in zip(logs, ratios, strict=True)))
    up = math.hypot(*(math.log(r.high) - x for x, r in zip(logs, ratios, strict=True)))
    return Ratio(math.exp(middle), math.exp(middle - down / count), math.exp(middle + up / count))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for their number (Holm): their order is kept.

    With these, the chance of even one false alarm among all is at most the level asked for.
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for place, i in enumerate(order):
        largest = max(largest, min(1.0, p_values[i] * (len(p_values) - place)))
        corrected[i] = largest
    return corrected
