"""Which flavour to ship on a device, where it helps, where it hurts, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from xnnkit.bench import compare
from xnnkit.bench.compare import Comparison
from xnnkit.bench.operators import OperatorTable
from xnnkit.bench.sides import Side
from xnnkit.bench.table import percent
from xnnkit.bench.verdict import Rules, Verdict

HINT = 0.05
"""A difference of single figures from which on something is said of it."""

_SHOWN = 5
"""How many benchmarks and operators are named of each sort."""


class Confidence(StrEnum):
    """How sure an advice is."""

    PROVED = "proved"
    LIKELY = "likely"
    HINT = "a hint"
    OPEN = "open"


@dataclass(frozen=True)
class Effect:
    """Where a flavour helps or hurts.

    Attributes:
        what: ``benchmark`` or ``operator``.
        name: of it; of an operator with its place in the graph.
        first_ns: median time in the baseline, nanoseconds.
        second_ns: median time in the flavour.
        ratio: of the times.
        sure: the statistics of the repetitions say so.
    """

    what: str
    name: str
    first_ns: float
    second_ns: float
    ratio: float
    sure: bool


@dataclass(frozen=True)
class Advice:
    """What to ship on a device.

    Attributes:
        device: its name.
        model: what was measured, in words.
        baseline: the flavour that the others were compared with.
        ship: the flavour to ship; "" when the runs do not say.
        against: the flavour that ``change`` and the effects are about; "" without a second one.
        confidence: how sure that is.
        why: the reason for that, in one sentence.
        change: share by which ``against`` takes more time than the baseline; None when unknown.
        helps: where ``against`` takes less time, the most first.
        hurts: where it takes more.
    """

    device: str
    model: str
    baseline: str
    ship: str
    against: str
    confidence: Confidence
    why: str
    change: float | None
    helps: tuple[Effect, ...]
    hurts: tuple[Effect, ...]

    @property
    def sentence(self) -> str:
        """The advice in one sentence that names the baseline."""
        where = f"{self.device}, {self.model}" if self.model else self.device
        base = f"{self.baseline} (baseline)"
        if not self.ship:
            measured = f"; {self.against} against {base}: {self._change}" if self.against else ""
            return f"{where}: no advice{measured}."
        if not self.against:
            return f"{where}: ship {self.ship}; nothing else was measured."
        if self.ship == self.against:
            return f"{where}: ship {self.ship}: {self._change} than {base}."
        return f"{where}: ship {self.ship}: {self.against} takes {self._change} than {base}."

    @property
    def _change(self) -> str:
        if self.change is None:
            return "an unknown time"
        word = "less" if self.change < 0 else "more"
        return f"{percent(abs(self.change))} {word} time"

    def to_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        return {**asdict(self), "sentence": self.sentence}


def of_group(
    device: str,
    model: str,
    sides: Sequence[Side],
    comparisons: Sequence[Comparison],
    tables: Sequence[OperatorTable],
    rules: Rules,
) -> Advice:
    """Say which flavour of a device to ship.

    Args:
        device: its name.
        model: what was measured, in words.
        sides: the baseline, then the others.
        comparisons: of each other with the baseline.
        tables: their operators, as far as known.
        rules: how verdicts are made.
    """
    baseline = sides[0].name
    if not comparisons:
        why = f"only {baseline} was measured"
        return Advice(device, model, baseline, "", "", Confidence.OPEN, why, None, (), ())
    best = min(comparisons, key=lambda one: (_ratio(one) is None, _ratio(one) or math.inf))
    ship, confidence, why = _choice(baseline, best, comparisons, sides, rules)
    ratio = _ratio(best)
    effects = _effects(best, tables)
    return Advice(
        device,
        model,
        baseline,
        ship,
        best.other,
        confidence,
        why,
        None if ratio is None else ratio - 1,
        tuple(e for e in effects if e.ratio < 1)[:_SHOWN],
        tuple(e for e in effects if e.ratio > 1)[:_SHOWN],
    )


def _ratio(comparison: Comparison) -> float | None:
    return comparison.overall.value if comparison.overall else None


def _choice(
    baseline: str,
    best: Comparison,
    comparisons: Sequence[Comparison],
    sides: Sequence[Side],
    rules: Rules,
) -> tuple[str, Confidence, str]:
    """Return the flavour to ship, how sure that is, and why."""
    ratio = _ratio(best)
    if best.verdict is Verdict.FASTER:
        return _between(best, comparisons, sides, rules)
    if best.verdict is Verdict.SLOWER:
        return baseline, Confidence.PROVED, "every other flavour is slower"
    if best.verdict is Verdict.SAME:
        return baseline, Confidence.PROVED, "no difference that matters: the baseline is simpler"
    if best.verdict is Verdict.MIXED and best.overall:
        if best.overall.high < 1:
            return best.other, Confidence.LIKELY, "faster over all, slower in a part"
        if best.overall.low > 1:
            return baseline, Confidence.LIKELY, "slower over all, faster in a part"
        return "", Confidence.OPEN, "faster in a part and slower in another: it depends on the work"
    emulated = any(side.emulated for side in sides) and not rules.emulated
    if not emulated and best.overall and ratio and abs(ratio - 1) > HINT and _hints(best):
        ship = best.other if ratio < 1 else baseline
        return ship, Confidence.HINT, best.reason
    return "", Confidence.OPEN, best.reason


def _hints(comparison: Comparison) -> bool:
    """Tell whether all that a comparison lacks is repetitions."""
    return all(
        row.evidence.figures
        or (row.evidence.ratio is not None and math.isinf(row.evidence.ratio.high))
        for row in comparison.rows
        if row.verdict is Verdict.INCONCLUSIVE
    ) and not comparison.reason.startswith("not comparable")


def _between(
    best: Comparison, comparisons: Sequence[Comparison], sides: Sequence[Side], rules: Rules
) -> tuple[str, Confidence, str]:
    """Hold the best flavour against the others that are faster than the baseline, too."""
    there = {side.name: side for side in sides}
    rivals = [c.other for c in comparisons if c is not best and c.verdict is Verdict.FASTER]
    for rival in rivals:
        direct = compare.compare(there[rival], there[best.other], rules, force=True)
        if direct.verdict is not Verdict.FASTER:
            why = f"faster than the baseline; against {rival}, which is too: {direct.verdict}"
            return best.other, Confidence.LIKELY, why
    why = "faster than every other flavour" if len(comparisons) > 1 else "faster"
    if best.order.value == "one after the other":
        return best.other, Confidence.LIKELY, f"{why}, but the flavours did not take turns"
    return best.other, Confidence.PROVED, why


def _effects(comparison: Comparison, tables: Sequence[OperatorTable]) -> list[Effect]:
    """Return benchmarks, then operators, that changed; what weighs most first."""
    found = []
    for row in comparison.rows:
        first, second, ratio = row.evidence.first, row.evidence.second, row.evidence.ratio
        if first is None or second is None or ratio is None:
            continue
        if _changed(row.verdict, ratio.value, row.evidence.figures):
            sure = row.verdict in (Verdict.FASTER, Verdict.SLOWER)
            times = (first.median, second.median)
            found.append(Effect("benchmark", row.name, *times, ratio.value, sure))
    found.sort(key=lambda effect: -abs(math.log(effect.ratio)))
    for table in tables:
        if table.other != comparison.other:
            continue
        for one in table.by_gain:
            if one.ratio and _changed(one.verdict, one.ratio, one.evidence.figures):
                sure = one.verdict in (Verdict.FASTER, Verdict.SLOWER)
                name = f"{one.key} {one.name}"
                if one.other_name != one.name:
                    name += f" -> {one.other_name}"
                found.append(Effect("operator", name, one.first_ns, one.second_ns, one.ratio, sure))
    return found


def _changed(verdict: Verdict, ratio: float, figures: bool) -> bool:
    if verdict in (Verdict.FASTER, Verdict.SLOWER):
        return True
    return figures and abs(ratio - 1) > HINT
