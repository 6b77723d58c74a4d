"""Compare the sides of a comparison, benchmark by benchmark and over all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from xnnkit.bench import mannwhitney, order, sides, stats, verdict
from xnnkit.bench.order import Order
from xnnkit.bench.parts import Source
from xnnkit.bench.sides import Side
from xnnkit.bench.stats import Ratio, Summary
from xnnkit.bench.verdict import Evidence, Rules, Verdict
from xnnkit.errors import BadInput


@dataclass(frozen=True)
class Row:
    """One benchmark.

    Attributes:
        name: of it.
        evidence: what is known of its times.
        verdict: on them.
        reason: why that is inconclusive, else "".
        gate: ``failed``, ``passed`` or ``unsure`` for ``--fail-above``, "" without it.
        instructions: executed in an iteration of the baseline and of the other, where both were
            counted. They say nothing of time.
    """

    name: str
    evidence: Evidence
    verdict: Verdict
    reason: str
    gate: str
    instructions: tuple[float, float] | None = None


@dataclass(frozen=True)
class Comparison:
    """One side against the baseline.

    Attributes:
        baseline: its name.
        other: the other side's name.
        rows: the benchmarks of both, in the baseline's order.
        only: name of a side -> benchmarks that it alone has.
        overall: geometric mean of the ratios that can be judged, None without any.
        verdict: on all together.
        reason: why that is inconclusive, else "".
        notes: what a reader should know.
        rules: how verdicts were made.
        device: where both were measured, "" when unknown.
        order: in which they were measured.
    """

    baseline: str
    other: str
    rows: tuple[Row, ...]
    only: dict[str, list[str]]
    overall: Ratio | None
    verdict: Verdict
    reason: str
    notes: tuple[str, ...]
    rules: Rules
    device: str = ""
    order: Order = Order.UNKNOWN

    @property
    def exit_code(self) -> int:
        """0 fine, 1 slower than allowed, 4 inconclusive."""
        if self.rules.fail_above is None:
            return 4 if self.verdict is Verdict.INCONCLUSIVE else 0
        gates = [row.gate for row in self.rows]
        if "failed" in gates:
            return 1
        missing = bool(self.only.get(self.baseline))
        return 4 if "unsure" in gates or missing or not gates else 0

    def to_json(self) -> dict[str, Any]:
        """Return the comparison, JSON-ready; an infinite end of an interval is null."""
        return {
            "baseline": self.baseline,
            "other": self.other,
            "device": self.device,
            "order": self.order,
            "verdict": self.verdict,
            "reason": self.reason,
            "exit_code": self.exit_code,
            "overall_ratio": _ratio_json(self.overall),
            "benchmarks": [_row_json(row) for row in self.rows],
            "only": self.only,
            "notes": list(self.notes),
            "rules": asdict(self.rules),
        }


def compare_paths(
    sources: Sequence[Path | Source], rules: Rules | None = None, *, force: bool = False
) -> list[Comparison]:
    """Compare runs, directories of runs or raw output; the first is the baseline.

    Args:
        sources: two or more. Where one has runs of several devices, each device is compared with
            itself.
        rules: how verdicts are made.
        force: compare what is not comparable; the differences become notes.

    Raises:
        BadInput: fewer than two, unreadable, or not comparable.
        Finding: a run's content is not what was written.
    """
    return [
        compare(first, other, rules or Rules(), force=force)
        for first, *rest in load_groups(sources, force=force)
        for other in rest
    ]


def load_groups(sources: Sequence[Path | Source], *, force: bool = False) -> list[list[Side]]:
    """Read the sides of a comparison, for each device the baseline and the others.

    Args:
        sources: two or more; the first is the baseline.
        force: take files together even if they do not belong together.

    Raises:
        BadInput: fewer than two, unreadable, or no device has both the baseline and another.
        Finding: a run's content is not what was written.
    """
    if len(sources) < 2:
        raise BadInput(
            "one side cannot be compared", fix="xnnkit compare BASELINE OTHER", why="name two"
        )
    found = [sides.by_device(source, force=force) for source in sources]
    if all(len(by_device) == 1 for by_device in found):
        return [sides.name_all([side for one in found for side in one.values()])]
    names = sides.name_all([next(iter(one.values())) for one in found])
    named = [
        {device: replace(side, name=of_all.name) for device, side in one.items()}
        for one, of_all in zip(found, names, strict=True)
    ]
    first, *rest = named
    groups = [[first[d], *(o[d] for o in rest if d in o)] for d in first]
    groups = [group for group in groups if len(group) > 1]
    if not groups:
        raise BadInput(
            "no device has both sides",
            where=", ".join(str(s) for s in sources),
            why="; ".join(f"{s.name}: {', '.join(o)}" for s, o in zip(names, found, strict=True)),
        )
    return groups


def compare(first: Side, second: Side, rules: Rules, *, force: bool = False) -> Comparison:
    """Compare one side with the baseline.

    Args:
        first: the baseline.
        second: the other.
        rules: how verdicts are made.
        force: compare what is not comparable; the differences become notes.

    Raises:
        BadInput: they are not comparable.
    """
    apart = sides.differences(first, second)
    if apart and not force:
        raise BadInput(
            f"{second.name} cannot be compared with {first.name}",
            where=f"{first.files[0]}, {second.files[0]}",
            why="; ".join(apart),
            fix="run both in the same way, or --force",
        )
    measured = order.of_sides(first.started, second.started)
    slowed = first.throttled or second.throttled
    emulated = (first.emulated or second.emulated) and not rules.emulated
    names = [name for name in first.samples if name in second.samples]
    found = _evidence(first, second, names, measured)
    tests = sum(1 for one in found if one.p is not None)
    rows: list[Row] = []
    unjudged: list[str] = []
    for name, one in zip(names, found, strict=True):
        word, reason = verdict.of_benchmark(one, tests, rules, measured)
        ratio = one.ratio
        if emulated:
            word, reason, ratio = Verdict.INCONCLUSIVE, verdict.EMULATED, None
        elif failed := [*first.errors.get(name, ()), *second.errors.get(name, ())]:
            # What the repetitions that survived say is not what was asked.
            word, reason, ratio = Verdict.INCONCLUSIVE, f"it failed: {failed[0]}", None
        elif slowed and not rules.throttled:
            word, reason, ratio = Verdict.INCONCLUSIVE, f"throttled: {slowed}", None
        if ratio is None or not math.isfinite(ratio.high):
            unjudged.append(f"{name}: {reason}")
        counted = (first.instructions.get(name), second.instructions.get(name))
        both = (counted[0], counted[1]) if counted[0] and counted[1] else None
        if both and one.first is None and one.second is None:
            word, reason = Verdict.INCONCLUSIVE, verdict.COUNTED
        gate = verdict.gate(word, ratio, rules)
        rows.append(Row(name, one, word, reason, gate, both))
    overall = _overall(rows)
    word, reason = verdict.of_all([(r.verdict, r.reason) for r in rows], overall, rules)
    if not rows and first.operators and second.operators:
        reason = verdict.PROFILES
    if rows and all(row.reason == verdict.COUNTED for row in rows):
        word, reason = Verdict.INCONCLUSIVE, verdict.COUNTED
    elif emulated:
        word, reason = Verdict.INCONCLUSIVE, verdict.EMULATED
    elif slowed and not rules.throttled and rows:
        word, reason = Verdict.INCONCLUSIVE, f"throttled: {slowed}"
    elif unjudged and word is not Verdict.INCONCLUSIVE:
        word = Verdict.INCONCLUSIVE
        reason = f"{len(unjudged)} of {len(rows)} benchmarks cannot be judged ({unjudged[0]})"
    only = {
        side.name: [name for name in side.samples if name not in other.samples]
        for side, other in ((first, second), (second, first))
    }
    return Comparison(
        first.name,
        second.name,
        tuple(rows),
        {name: missing for name, missing in only.items() if missing},
        overall,
        word,
        reason,
        _notes(first, second, apart, measured, found),
        rules,
        first.device or second.device,
        measured,
    )


def _evidence(first: Side, second: Side, names: Sequence[str], measured: Order) -> list[Evidence]:
    pairs = [(first.samples[name], second.samples[name]) for name in names]
    usable = [bool(a and b) and min(*a, *b) > 0 for a, b in pairs]
    # Of sides that took turns the drift that fell on both is taken out.
    steady = [
        _steadied(first, second, name) if ok and measured is Order.TURNS else None
        for name, ok in zip(names, usable, strict=True)
    ]
    judged = [found or pair for found, pair in zip(steady, pairs, strict=True)]
    p_values = [
        mannwhitney.p_value(a, b) if ok else None for (a, b), ok in zip(judged, usable, strict=True)
    ]
    corrected = iter(stats.holm([p for p in p_values if p is not None]))
    evidence = []
    for name, raw, (a, b), ok, p in zip(names, pairs, judged, usable, p_values, strict=True):
        if not ok:
            evidence.append(_of_figures(_known(first, name), _known(second, name)))
            continue
        beyond = None
        if measured is Order.AFTER and min(len(a), len(b)) > 1:
            later = order.later(first.started, second.started)
            beyond = order.p_beyond_drift(a, b) if later else order.p_beyond_drift(b, a)
        evidence.append(
            Evidence(
                stats.summary(raw[0]),
                stats.summary(raw[1]),
                stats.ratio(a, b),
                p if raw == (a, b) else mannwhitney.p_value(*raw),
                next(corrected),
                order.drift(*raw),
                beyond,
                steadied=raw != (a, b),
            )
        )
    return evidence


def _steadied(
    first: Side, second: Side, name: str
) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    taken = (first.taken.get(name, ()), second.taken.get(name, ()))
    if any(math.isnan(x) for x in (*taken[0], *taken[1])) or not all(taken):
        return None
    found = order.steadied(first.samples[name], taken[0], second.samples[name], taken[1])
    return None if found is None else (tuple(found[0]), tuple(found[1]))


def _known(side: Side, name: str) -> Summary | None:
    """Return what is known of a side: its repetitions, or the figures that a table says of them."""
    if values := side.samples[name]:
        return stats.summary(values)
    figures = side.figures.get(name, {})
    middle = figures.get("median", figures.get("mean"))
    if middle is None:
        return None
    spread = figures.get("cv")
    if spread is None:
        spread = figures.get("stddev", 0.0) / middle if middle else 0.0
    return Summary(side.made_of.get(name, 0), middle, spread)


def _of_figures(first: Summary | None, second: Summary | None) -> Evidence:
    ratio = None
    if first and second and first.median > 0 and second.median > 0:
        ratio = Ratio(second.median / first.median, 0.0, math.inf)
    return Evidence(first, second, ratio, None, None, figures=ratio is not None)


def _overall(rows: Sequence[Row]) -> Ratio | None:
    """Return the geometric mean over the benchmarks with an interval, else over all ratios."""
    ratios = [row.evidence.ratio for row in rows if row.evidence.ratio is not None]
    judged = [r for r in ratios if r.low > 0 and math.isfinite(r.high)]
    return stats.geometric_mean(judged or ratios) if ratios else None


def _notes(
    first: Side,
    second: Side,
    apart: Sequence[str],
    measured: Order,
    evidence: Sequence[Evidence],
) -> tuple[str, ...]:
    notes = [f"compared although they differ in {text}" for text in apart]
    notes += [*first.notes, *second.notes]
    if first.binaries and first.binaries == second.binaries:
        notes.append("both sides ran the same binary")
    if first.flavour and first.flavour == second.flavour and first.binaries != second.binaries:
        notes.append(f"two builds of {first.flavour}")
    if drifted := sum(one.steadied for one in evidence):
        many = "1 benchmark" if drifted == 1 else f"{drifted} benchmarks"
        notes.append(f"the device drifted in {many}; the sides took turns: taken out")
    if measured is Order.AFTER:
        notes.append(f"the sides ran {measured}: what the device does meanwhile looks like them")
    if not first.facts or not second.facts:
        notes.append("nothing is known of where and how one side was run")
    return tuple(dict.fromkeys(notes))


def _ratio_json(ratio: Ratio | None) -> dict[str, float | None] | None:
    if ratio is None:
        return None
    return {
        "value": ratio.value,
        "low": ratio.low if ratio.low > 0 else None,
        "high": ratio.high if math.isfinite(ratio.high) else None,
    }


def _row_json(row: Row) -> dict[str, Any]:
    evidence = row.evidence
    return {
        "name": row.name,
        "verdict": row.verdict,
        "reason": row.reason,
        "fail_above": row.gate or None,
        "baseline": _summary_json(evidence.first),
        "other": _summary_json(evidence.second),
        "ratio": _ratio_json(evidence.ratio),
        "p": evidence.p,
        "p_corrected": evidence.corrected,
        "drift": evidence.drift,
        "p_beyond_drift": evidence.beyond_drift,
        "drift_taken_out": evidence.steadied,
        "figures_only": evidence.figures,
        "instructions": None if row.instructions is None else list(row.instructions),
    }


def _summary_json(summary: stats.Summary | None) -> dict[str, float] | None:
    if summary is None:
        return None
    return {"n": summary.n, "median_ns": summary.median, "spread": summary.spread}
