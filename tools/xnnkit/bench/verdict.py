"""From numbers to a verdict: one word, and the reason when the word is "inconclusive"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from xnnkit.bench.mannwhitney import smallest_p
from xnnkit.bench.order import Order, explains
from xnnkit.bench.stats import Ratio, Summary
from xnnkit.bench.table import percent

MINIMUM = 4
"""Repetitions of each side below which nothing is said."""

FIGURES = "single figures, no repetitions: nobody knows how they scatter"
AFTER = (
    "the sides ran one after the other, and a drift of the device may be all there is; let them "
    "take turns (--interleave)"
)
COUNTED = "instructions were counted, which say nothing of time"
PROFILES = "these are profiles of operators; nobody knows how long the whole takes"
EMULATED = "wall time under qemu says nothing about speed"


class Verdict(StrEnum):
    """What is said of a benchmark, seen from the baseline."""

    FASTER = "faster"
    SLOWER = "slower"
    SAME = "no difference"
    MIXED = "mixed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Rules:
    """How verdicts are made.

    Attributes:
        alpha: chance of even one false alarm among all benchmarks.
        margin: differences below this share are no difference.
        fail_above: the share by which a benchmark may become slower; None asks nothing.
        emulated: take wall times of emulated devices for what they are not.
        throttled: judge runs during which the device slowed itself down.
    """

    alpha: float = 0.05
    margin: float = 0.01
    fail_above: float | None = None
    emulated: bool = False
    throttled: bool = False


@dataclass(frozen=True)
class Evidence:
    """What is known of one benchmark on both sides; None where there is nothing to compute from.

    Attributes:
        first: the baseline's sample.
        second: the other's.
        ratio: of their times.
        p: of the U test.
        corrected: the same, for the number of benchmarks.
        drift: by what share the times rose or fell while they were taken, 0 for not at all.
        beyond_drift: the p-value that is left when a steady drift of the device is allowed for;
            None when the sides took turns, or nobody knows whether they did.
        steadied: a drift that fell on both sides, which took turns, was taken out before the ratio
            and the corrected p-value were computed; the plain p-value has it.
        figures: single figures are all that is known; nobody knows how they scatter.
    """

    first: Summary | None
    second: Summary | None
    ratio: Ratio | None
    p: float | None
    corrected: float | None
    drift: float = 0.0
    beyond_drift: float | None = None
    figures: bool = False
    steadied: bool = False


def needed(tests: int, alpha: float) -> int:
    """Return how many repetitions of each side could at best tell a difference in every test."""
    n = MINIMUM
    while smallest_p(n, n) * tests > alpha:
        n += 1
    return n


def of_benchmark(
    evidence: Evidence, tests: int, rules: Rules, order: Order = Order.TURNS
) -> tuple[Verdict, str]:
    """Return the verdict on one benchmark, and why when it is inconclusive.

    Args:
        evidence: of this benchmark.
        tests: how many benchmarks are compared.
        rules: how to decide.
        order: in which the sides were measured.
    """
    first, second, ratio = evidence.first, evidence.second, evidence.ratio
    if evidence.figures:
        return Verdict.INCONCLUSIVE, FIGURES
    if first is None or second is None or ratio is None or evidence.corrected is None:
        return Verdict.INCONCLUSIVE, "no times on one side"
    if min(first.n, second.n) < MINIMUM:
        return Verdict.INCONCLUSIVE, _too_few(first.n, second.n, tests, rules)
    if ratio.inside(rules.margin):
        return Verdict.SAME, ""
    if evidence.corrected <= rules.alpha:
        if evidence.beyond_drift is not None and evidence.beyond_drift * tests > rules.alpha:
            return Verdict.INCONCLUSIVE, AFTER
        if order is Order.UNKNOWN and evidence.drift and explains(evidence.drift, ratio.value):
            return Verdict.INCONCLUSIVE, _drifting(evidence.drift)
        return (Verdict.FASTER if ratio.value < 1 else Verdict.SLOWER), ""
    if smallest_p(first.n, second.n) * tests > rules.alpha:
        return Verdict.INCONCLUSIVE, _too_few(first.n, second.n, tests, rules)
    if ratio.low <= 1 <= ratio.high:
        return Verdict.INCONCLUSIVE, f"too noisy: anything from {_range(ratio)} is possible"
    text = f"not sure enough among {tests} benchmarks (p = {evidence.corrected:.2g})"
    return Verdict.INCONCLUSIVE, text


def of_all(
    verdicts: Sequence[tuple[Verdict, str]], overall: Ratio | None, rules: Rules
) -> tuple[Verdict, str]:
    """Return the verdict on all benchmarks together, and why when it is inconclusive.

    Args:
        verdicts: of each benchmark.
        overall: the geometric mean of those that can be judged.
        rules: how to decide.
    """
    words = {word for word, _ in verdicts}
    if {Verdict.FASTER, Verdict.SLOWER} <= words:
        return Verdict.MIXED, ""
    reasons = [reason for word, reason in verdicts if word is Verdict.INCONCLUSIVE]
    if overall is None or not math.isfinite(overall.high):
        return Verdict.INCONCLUSIVE, reasons[0] if reasons else "nothing to compare"
    if overall.inside(rules.margin):
        return Verdict.SAME, ""
    for word, one_sided in (
        (Verdict.FASTER, overall.high < 1),
        (Verdict.SLOWER, overall.low > 1),
    ):
        if one_sided and word in words:
            return word, ""
    if reasons and not overall.low <= 1 <= overall.high:
        return Verdict.INCONCLUSIVE, reasons[0]
    text = f"over all benchmarks anything from {_range(overall)} is possible"
    return Verdict.INCONCLUSIVE, text


def gate(verdict: Verdict, ratio: Ratio | None, rules: Rules) -> str:
    """Return ``failed``, ``passed`` or ``unsure`` for ``--fail-above``, "" without it."""
    if rules.fail_above is None:
        return ""
    limit = 1 + rules.fail_above
    if verdict is Verdict.SLOWER and ratio and ratio.value > limit:
        return "failed"
    return "passed" if ratio and math.isfinite(ratio.high) and ratio.high <= limit else "unsure"


def _too_few(n: int, m: int, tests: int, rules: Rules) -> str:
    have = str(n) if n == m else f"{n} and {m}"
    return f"too few repetitions: {have}, at least {needed(tests, rules.alpha)} each are needed"


def _drifting(drift: float) -> str:
    how = "rose" if drift > 0 else "fell"
    return (
        f"drifting: a side's own times {how} by {percent(abs(drift))} from first to last, and the "
        "sides may have run one after the other; let them take turns (--interleave)"
    )


def _range(ratio: Ratio) -> str:
    return f"{percent(ratio.low - 1, signed=True)} to {percent(ratio.high - 1, signed=True)}"
