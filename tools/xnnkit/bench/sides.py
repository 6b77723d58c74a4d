"""One side of a comparison: its samples, and whether two sides are comparable."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xnnkit.bench import order, parts, throttle
from xnnkit.bench.model import Operator
from xnnkit.bench.parts import Part, Source
from xnnkit.bench.runs import Run
from xnnkit.errors import BadInput


@dataclass(frozen=True)
class Side:
    """All that is known of one side.

    Attributes:
        name: as the comparison calls it.
        files: where its samples come from.
        samples: benchmark -> wall times of an iteration in nanoseconds.
        errors: benchmark -> messages of repetitions that failed.
        facts: what must be equal on both sides, as far as it is known.
        binaries: sha256 of the programs, empty when unknown.
        flavour: the flavour's name, "" when unknown.
        emulated: wall times say nothing about speed.
        notes: what a reader should know.
        device: where it was measured, "" when unknown.
        cpu: benchmark -> processor times of an iteration in nanoseconds.
        figures: benchmark -> what a table says of it where no repetition is known (``median``,
            ``mean``, ``cv``), times in nanoseconds.
        made_of: benchmark -> how many repetitions those figures were made of, 0 when unknown.
        operators: of a profile.
        runs: with the identity of each process.
        started: when each process was started, ISO 8601.
        throttled: what the device said of slowing down, "" for nothing.
        taken: benchmark -> when each repetition was taken, as far as that is known: seconds since
            1970, NaN for nobody knows.
        instructions: benchmark -> executed guest instructions of an iteration, where they were
            counted; times of such a run are nobody's.
    """

    name: str
    files: tuple[Path, ...]
    samples: Mapping[str, tuple[float, ...]]
    errors: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, Any]
    binaries: frozenset[str] = frozenset()
    flavour: str = ""
    emulated: bool = False
    notes: tuple[str, ...] = ()
    device: str = ""
    cpu: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    made_of: Mapping[str, int] = field(default_factory=dict)
    operators: tuple[Operator, ...] = ()
    runs: tuple[Run, ...] = ()
    started: tuple[str, ...] = ()
    throttled: str = ""
    taken: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    instructions: Mapping[str, float] = field(default_factory=dict)

    @property
    def benchmarks(self) -> list[str]:
        """Every benchmark of which anything is known, in order."""
        return [*self.samples]


def load(source: Path | Source, *, force: bool = False) -> Side:
    """Read one side of a comparison.

    Args:
        source: a run's file, a file of any format that is read, or a directory of such.
        force: take files together even if they do not belong together.

    Raises:
        BadInput: there is nothing, something is neither, or the files do not belong together.
        Finding: a run's content is not what was written.
    """
    source = source if isinstance(source, Source) else Source(source, text=str(source))
    return merge(read(source), source, force=force)


def by_device(source: Path | Source, *, force: bool = False) -> dict[str, Side]:
    """Read one side of a comparison for each device that its files name.

    Args:
        source: see ``load``.
        force: take files of one device together even if they do not belong together.

    Returns:
        Device -> side; the single key "" when no file names a device.

    Raises:
        BadInput: see ``load``.
        Finding: a run's content is not what was written.
    """
    source = source if isinstance(source, Source) else Source(source, text=str(source))
    found: dict[str, list[Part]] = {}
    for part in read(source):
        found.setdefault(part.device, []).append(part)
    return {device: merge(of_it, source, force=force) for device, of_it in found.items()}


def read(source: Source) -> list[Part]:
    """Read every file of a source."""
    return [parts.load(path, source.label) for path in parts.files(source.path)]


def merge(found: Sequence[Part], source: Source, *, force: bool = False) -> Side:
    """Take files together as one side.

    Args:
        found: at least one.
        source: where they come from, for messages and the name.
        force: take them together even if they do not belong together.

    Raises:
        BadInput: they do not belong together.
    """
    first = found[0]
    notes = [note for part in found for note in part.notes]
    for part in found[1:]:
        if differences := parts.difference(_own(first), _own(part)):
            text = f"{part.path.name} and {first.path.name} differ in " + "; ".join(differences)
            if not force:
                raise BadInput(
                    "the files of one side do not belong together",
                    where=str(source.path),
                    why=text,
                    fix="name one folder of runs each, or --force",
                )
            notes.append(text)
    samples: dict[str, list[float]] = {}
    cpu: dict[str, list[float]] = {}
    errors: dict[str, list[str]] = {}
    figures: dict[str, dict[str, float]] = {}
    made_of: dict[str, int] = {}
    instructions: dict[str, float] = {}
    taken: dict[str, list[float]] = {}
    for part in found:
        if part.run and part.run.counts:
            counted = _instructions(part.run.counts)
            instructions |= counted
            for name in counted:
                samples.setdefault(name, [])
                cpu.setdefault(name, [])
            continue
        for name, benchmark in part.results.benchmarks.items():
            samples.setdefault(name, []).extend([s.real_ns for s in benchmark.samples])
            cpu.setdefault(name, []).extend([s.cpu_ns for s in benchmark.samples])
            taken.setdefault(name, []).extend(_taken(part, len(benchmark.samples)))
            errors.setdefault(name, []).extend(benchmark.errors)
            if not benchmark.samples and benchmark.aggregates:
                figures[name] = benchmark.aggregates
                made_of[name] = benchmark.repetitions
    flavours = {part.flavour for part in found}
    return Side(
        name=source.label.flavour or str(source.path),
        files=tuple(part.path for part in found),
        samples={name: tuple(values) for name, values in samples.items()},
        errors={name: tuple(texts) for name, texts in errors.items() if texts},
        facts=first.facts,
        binaries=frozenset(part.binary for part in found if part.binary),
        flavour=flavours.pop() if len(flavours) == 1 else "",
        emulated=any(part.emulated for part in found),
        notes=tuple(dict.fromkeys(notes)),
        device=first.device,
        cpu={name: tuple(values) for name, values in cpu.items()},
        figures={name: known for name, known in figures.items() if not samples[name]},
        made_of=made_of,
        operators=_operators(found),
        runs=tuple(part.run for part in found if part.run),
        started=tuple(part.started for part in found),
        throttled=throttle.of_runs([part.run for part in found if part.run]),
        taken={name: tuple(values) for name, values in taken.items()},
        instructions=instructions,
    )


def name_all(sides: list[Side]) -> list[Side]:
    """Call each side by its flavour, if that tells them apart; else by where it comes from."""
    flavours = [side.flavour for side in sides]
    if all(flavours) and len(set(flavours)) == len(flavours):
        return [replace(side, name=side.flavour) for side in sides]
    common = os.path.commonpath([os.path.dirname(os.path.abspath(s.name)) for s in sides])
    named = [replace(s, name=os.path.relpath(os.path.abspath(s.name), common)) for s in sides]
    seen: dict[str, int] = {}
    for number, side in enumerate(named):
        seen[side.name] = seen.get(side.name, 0) + 1
        if seen[side.name] > 1:
            named[number] = replace(side, name=f"{side.name} ({seen[side.name]})")
    return named


def differences(first: Side, second: Side) -> list[str]:
    """Return what forbids to compare two sides, as far as both say it; empty when nothing does."""
    return parts.difference(first.facts, second.facts)


def _own(part: Part) -> dict[str, Any]:
    """Return what must be equal within one side: the facts, and which program it was."""
    if part.run is None:
        return {**part.facts, "flavour": part.flavour} if part.flavour else part.facts
    return {**part.facts, "flavour": part.flavour, "binary": part.binary}


def _taken(part: Part, count: int) -> list[float]:
    """Return when each repetition of a process was taken, as if they filled its time evenly."""
    start = order.seconds(part.started)
    length = part.run.identity.seconds if part.run else 0.0
    return [start + length * (i + 0.5) / count for i in range(count)]


def _instructions(counts: Mapping[str, Any]) -> dict[str, float]:
    """Return the instructions of an iteration of each benchmark."""
    return {
        str(one["name"]): one["instructions"] / max(1, int(one["iterations"]))
        for one in counts.get("benchmarks", ())
    }


def _operators(found: Sequence[Part]) -> tuple[Operator, ...]:
    """Return the operators of all files; those of the same place and name become one."""
    merged: dict[tuple[str, str], Operator] = {}
    for part in found:
        for one in part.results.operators:
            at = (one.key, one.name)
            before = merged.get(at)
            merged[at] = replace(one, times=before.times + one.times) if before else one
    return tuple(merged.values())
