"""Two profiles beside each other: which operators became faster, which slower, and by how much."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from xnnkit.bench import mannwhitney, stats, verdict
from xnnkit.bench.model import Operator
from xnnkit.bench.sides import Side
from xnnkit.bench.stats import Ratio
from xnnkit.bench.verdict import Evidence, Rules, Verdict

_DETAIL = re.compile(r"\([^)]*\)|#\d+")


@dataclass(frozen=True)
class OperatorRow:
    """One operator on both sides.

    Attributes:
        key: its place in the baseline's graph.
        name: as the baseline's profile calls it.
        other_name: as the other's does; flavours may take another kernel for it.
        first_ns: median time in the baseline, nanoseconds.
        second_ns: median time in the other.
        evidence: of the times of all invocations.
        verdict: whether it became faster or slower.
        reason: why that is inconclusive, else "".
    """

    key: str
    name: str
    other_name: str
    first_ns: float
    second_ns: float
    evidence: Evidence
    verdict: Verdict
    reason: str

    @property
    def ratio(self) -> float | None:
        """How many times as long it takes, None when the baseline's time is 0."""
        return self.second_ns / self.first_ns if self.first_ns > 0 else None

    @property
    def saved_ns(self) -> float:
        """What an invocation of the graph gains by it, nanoseconds; below 0 it loses."""
        return self.first_ns - self.second_ns

    def to_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        known = self.evidence.ratio
        interval = known if known and known.low > 0 and known.high < float("inf") else None
        return {
            "key": self.key,
            "name": self.name,
            "other_name": self.other_name,
            "baseline_ns": self.first_ns,
            "other_ns": self.second_ns,
            "ratio": self.ratio,
            "low": interval.low if interval else None,
            "high": interval.high if interval else None,
            "saved_ns": self.saved_ns,
            "verdict": self.verdict,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class OperatorTable:
    """The operators of two sides.

    Attributes:
        baseline: its name.
        other: the other side's name.
        rows: operators of both, in the baseline's order.
        only: name of a side -> operators that it alone has.
    """

    baseline: str
    other: str
    rows: tuple[OperatorRow, ...]
    only: dict[str, list[str]]

    @property
    def totals(self) -> tuple[float, float]:
        """The sums of both sides' medians over the operators of both, nanoseconds."""
        return sum(r.first_ns for r in self.rows), sum(r.second_ns for r in self.rows)

    @property
    def by_gain(self) -> list[OperatorRow]:
        """The rows, what gains or loses most first."""
        return sorted(self.rows, key=lambda row: -abs(row.saved_ns))

    def to_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        first, second = self.totals
        return {
            "baseline": self.baseline,
            "other": self.other,
            "total_baseline_ns": first,
            "total_other_ns": second,
            "operators": [row.to_json() for row in self.rows],
            "only": self.only,
        }


def compare(
    baseline: str,
    first: Sequence[Operator],
    other: str,
    second: Sequence[Operator],
    rules: Rules | None = None,
) -> OperatorTable:
    """Put two profiles beside each other.

    Operators belong together by their place in the graph. Where a flavour's graph has other places
    (an operator more), those of one kind and in one order do.

    Args:
        baseline: its name.
        first: its operators.
        other: the other side's name.
        second: its operators.
        rules: how verdicts are made.
    """
    rules = rules or Rules()
    pairs = _pairs(first, second)
    found = _evidence(pairs)
    tests = sum(1 for one in found if one.p is not None)
    rows = []
    for (a, b), one in zip(pairs, found, strict=True):
        word, reason = verdict.of_benchmark(one, tests, rules)
        middles = (stats.summary(a.times).median, stats.summary(b.times).median)
        rows.append(OperatorRow(a.key, a.name, b.name, *middles, one, word, reason))
    paired = ({id(a) for a, _ in pairs}, {id(b) for _, b in pairs})
    only = {
        name: [f"{o.key} {o.name}" for o in side if id(o) not in those]
        for name, side, those in ((baseline, first, paired[0]), (other, second, paired[1]))
    }
    return OperatorTable(baseline, other, tuple(rows), {n: o for n, o in only.items() if o})


def of_sides(found: Sequence[Side], rules: Rules) -> tuple[OperatorTable, ...]:
    """Put the first side's profile beside that of each other side, where both have one.

    Where times of these sides say nothing (an emulator, a throttled device), no operator gets a
    verdict.

    Args:
        found: the baseline, then the others.
        rules: how verdicts are made.
    """
    base, *others = found
    odd = _odd(found, rules)
    tables = []
    for other in others:
        if base.operators and other.operators:
            table = compare(base.name, base.operators, other.name, other.operators, rules)
            tables.append(_unjudged(table, odd) if odd else table)
    return tuple(tables)


def _odd(found: Sequence[Side], rules: Rules) -> str:
    """Return why times of these sides say nothing of an operator, "" when they do."""
    if any(side.emulated for side in found) and not rules.emulated:
        return verdict.EMULATED
    slowed = next((side.throttled for side in found if side.throttled), "")
    return f"throttled: {slowed}" if slowed and not rules.throttled else ""


def _unjudged(table: OperatorTable, reason: str) -> OperatorTable:
    rows = [replace(row, verdict=Verdict.INCONCLUSIVE, reason=reason) for row in table.rows]
    return replace(table, rows=tuple(rows))


def kind(name: str) -> str:
    """Return an operator's name without its types and its number: what every flavour calls it."""
    return " ".join(_DETAIL.sub(" ", name).split())


def _pairs(
    first: Sequence[Operator], second: Sequence[Operator]
) -> list[tuple[Operator, Operator]]:
    there = {one.key: one for one in second}
    same = [(one, there[one.key]) for one in first if one.key in there]
    if all(kind(a.name) == kind(b.name) for a, b in same) and same:
        return same
    kinds = ([kind(one.name) for one in first], [kind(one.name) for one in second])
    matcher = SequenceMatcher(None, kinds[0], kinds[1], autojunk=False)
    blocks = matcher.get_matching_blocks()
    return [(first[b.a + i], second[b.b + i]) for b in blocks for i in range(b.size)]


def _evidence(pairs: Sequence[tuple[Operator, Operator]]) -> list[Evidence]:
    tested = [len(a.times) > 1 and len(b.times) > 1 for a, b in pairs]
    usable = [t and min(*a.times, *b.times) > 0 for t, (a, b) in zip(tested, pairs, strict=True)]
    p_values = [
        mannwhitney.p_value(a.times, b.times) if ok else None
        for (a, b), ok in zip(pairs, usable, strict=True)
    ]
    corrected = iter(stats.holm([p for p in p_values if p is not None]))
    found = []
    for (a, b), ok, p in zip(pairs, usable, p_values, strict=True):
        summaries = (stats.summary(a.times), stats.summary(b.times))
        if ok:
            ratio = stats.ratio(a.times, b.times)
            found.append(Evidence(*summaries, ratio, p, next(corrected)))
            continue
        known = min(s.median for s in summaries) > 0
        value = summaries[1].median / summaries[0].median if known else 0.0
        single = Ratio(value, 0.0, float("inf")) if known else None
        found.append(Evidence(*summaries, single, None, None, figures=known))
    return found
