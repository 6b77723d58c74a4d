"""Many runs, sorted out: per device and model the flavours, compared, with their operators.

This is what ``xnnkit advise`` prints and what a report is made of: plain data, without a word of
layout. ``analyse`` makes it, ``Analysis.to_json`` writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xnnkit import untrusted
from xnnkit.bench import advise, compare, operators, sides
from xnnkit.bench.advise import Advice
from xnnkit.bench.compare import Comparison
from xnnkit.bench.operators import OperatorTable
from xnnkit.bench.parts import Part, Source, threads
from xnnkit.bench.sides import Side
from xnnkit.bench.verdict import Rules, Verdict
from xnnkit.errors import BadInput, typed

BASELINE = "upstream"
"""The flavour that the others are compared with, where it is there and nothing else is asked."""


@dataclass(frozen=True)
class Work:
    """What was measured; runs are compared when all of it is equal.

    Attributes:
        model: the profile or what a label says; "" when nobody says it.
        benchmark: the program.
        method: what it timed.
        arguments: what else decides its work, "none" for nothing.
        threads: that compute, None when nobody says it.
    """

    model: str = ""
    benchmark: str = ""
    method: str = ""
    arguments: str = ""
    threads: int | None = None

    def __str__(self) -> str:
        words = [self.model, self.benchmark, self.method]
        words += [self.arguments] if self.arguments not in ("", "none") else []
        words += [threads(self.threads)] if self.threads is not None else []
        return ", ".join(dict.fromkeys(word for word in words if word))


@dataclass(frozen=True)
class Group:
    """All that was measured on one device of one work.

    Attributes:
        device: its name.
        work: what was measured.
        sides: one a flavour, the baseline first.
        comparisons: of every other flavour with the baseline, in the same order.
        operators: the same for profiles, where both flavours have one.
        advice: which flavour to ship.
    """

    device: str
    work: Work
    sides: tuple[Side, ...]
    comparisons: tuple[Comparison, ...]
    operators: tuple[OperatorTable, ...]
    advice: Advice

    def to_json(self) -> dict[str, Any]:
        """Return it, JSON-ready, without the single repetitions."""
        return {
            "device": self.device,
            "model": self.work.model,
            "benchmark": self.work.benchmark,
            "method": self.work.method,
            "arguments": self.work.arguments,
            "threads": self.work.threads,
            "flavours": [side.flavour for side in self.sides],
            "files": {side.flavour: [str(path) for path in side.files] for side in self.sides},
            "advice": self.advice.to_json(),
            "comparisons": [one.to_json() for one in self.comparisons],
            "operators": [table.to_json() for table in self.operators],
        }


@dataclass(frozen=True)
class Analysis:
    """Everything that was found.

    Attributes:
        groups: one a device and work, in the order in which they were named.
        notes: what a reader should know besides, such as files that were left out.
        rules: how verdicts were made.
    """

    groups: tuple[Group, ...]
    notes: tuple[str, ...]
    rules: Rules

    def to_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        return {"groups": [group.to_json() for group in self.groups], "notes": list(self.notes)}


def analyse(
    sources: Sequence[Path | Source], rules: Rules | None = None, *, baseline: str = ""
) -> Analysis:
    """Sort runs by device, work and flavour, and compare the flavours of each.

    Of several builds of one flavour the one that ran last is taken, and the rest noted.

    Args:
        sources: runs, folders of runs, or files with a label that says device and flavour.
        rules: how verdicts are made.
        baseline: the flavour to compare with; "" takes upstream, else the first.

    Raises:
        BadInput: nothing is there, a file does not say its device and flavour, or no device has
            the baseline.
        Finding: a run's content is not what was written.
    """
    rules = rules or Rules()
    given = [s if isinstance(s, Source) else Source.of(s) for s in sources]
    if not given:
        raise BadInput("no runs are named", fix="xnnkit advise RUNS")
    found: dict[tuple[str, Work], dict[str, list[Part]]] = {}
    for source in given:
        for part in sides.read(source):
            _refuse_unknown(part)
            flavours = found.setdefault((part.device, _work(part)), {})
            flavours.setdefault(part.flavour, []).append(part)
    _join_profiles(found)
    if baseline and not any(baseline in flavours for flavours in found.values()):
        there = dict.fromkeys(f for flavours in found.values() for f in flavours)
        raise BadInput(
            f"no run is of the baseline {baseline!r}", why=f"there are: {', '.join(there)}"
        )
    notes: list[str] = []
    groups = [
        _group(device, work, flavours, baseline, rules, notes)
        for (device, work), flavours in found.items()
    ]
    return Analysis(tuple(groups), tuple(dict.fromkeys(notes)), rules)


def _refuse_unknown(part: Part) -> None:
    if not part.flavour or not part.device:
        missing = " and ".join(
            word for word, said in (("device", part.device), ("flavour", part.flavour)) if not said
        )
        raise BadInput(
            f"nobody knows the {missing} of this file",
            where=str(part.path),
            why="runs of xnnkit say it; of other files a label does",
            fix=f"DEVICE/FLAVOUR={typed(part.path)}, such as s24/upstream={typed(part.path)}",
        )


def _work(part: Part) -> Work:
    threads = str(part.facts.get("num_threads", ""))
    known = untrusted.number(threads)
    if part.run is None:
        return Work(part.label.model, threads=known)
    identity = part.run.identity
    return Work(
        part.label.model or identity.profile,
        identity.benchmark,
        identity.method or "",
        str(part.facts.get("arguments", "")),
        known,
    )


def _join_profiles(found: dict[tuple[str, Work], dict[str, list[Part]]]) -> None:
    """Give profiles without any times of their own to the only work of their device and flavour."""
    for (device, work), flavours in list(found.items()):
        for flavour, parts in list(flavours.items()):
            if any(part.results.benchmarks for part in parts):
                continue
            homes = [
                others[flavour]
                for (its_device, its_work), others in found.items()
                if its_device == device
                and its_work != work
                and work.model in ("", its_work.model)
                and any(part.results.benchmarks for part in others.get(flavour, ()))
            ]
            if len(homes) == 1:
                homes[0].extend(parts)
                del flavours[flavour]
        if not flavours:
            del found[(device, work)]


def _group(
    device: str,
    work: Work,
    flavours: dict[str, list[Part]],
    baseline: str,
    rules: Rules,
    notes: list[str],
) -> Group:
    order = list(flavours)
    first = next((name for name in (baseline, BASELINE) if name in flavours), order[0])
    order.sort(key=lambda name: name != first)
    found = [_side(device, name, flavours[name], notes) for name in order]
    base, *others = found
    compared = tuple(_compared(base, other, rules) for other in others)
    tables = operators.of_sides(found, rules)
    advice = advise.of_group(device, str(work), found, compared, tables, rules)
    return Group(device, work, tuple(found), compared, tables, advice)


def _side(device: str, flavour: str, parts: list[Part], notes: list[str]) -> Side:
    """Merge a flavour's files; of several builds the last to run."""
    binaries = {part.binary for part in parts if part.binary}
    if len(binaries) > 1:
        last = max((part for part in parts if part.binary), key=lambda part: part.started).binary
        kept = [part for part in parts if part.binary in ("", last)]
        notes.append(
            f"{device}: {len(parts) - len(kept)} runs of other builds of {flavour} are left out"
        )
        parts = kept
    side = sides.merge(parts, Source(parts[0].path), force=True)
    return replace(side, name=flavour, flavour=flavour)


def _compared(first: Side, second: Side, rules: Rules) -> Comparison:
    """Compare, and say why when that cannot be done."""
    apart = sides.differences(first, second)
    found = compare.compare(first, second, rules, force=True)
    if not apart:
        return found
    reason = f"not comparable: {'; '.join(apart)}"
    return replace(found, verdict=Verdict.INCONCLUSIVE, reason=reason)
