"""One side of a comparison: its samples, and whether two sides are comparable."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xnnkit.bench import results, runs
from xnnkit.errors import BadInput

_GOOGLES_OWN = {
    "aslr_enabled",
    "caches",
    "cpu_scaling_enabled",
    "date",
    "executable",
    "host_name",
    "json_schema_version",
    "library_build_type",
    "library_version",
    "load_avg",
    "mhz_per_cpu",
    "num_cpus",
}
"""Context that Google Benchmark writes itself; what else is there, the program says of its work."""


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


@dataclass(frozen=True)
class _Part:
    """One file."""

    path: Path
    results: results.Results
    facts: dict[str, Any]
    run: runs.Run | None
    notes: list[str] = field(default_factory=list)


def load(source: Path, *, force: bool = False) -> Side:
    """Read one side of a comparison.

    Args:
        source: a run's file, a file of Google Benchmark's JSON, or a directory of such.
        force: take files together even if they do not belong together.

    Raises:
        BadInput: there is nothing, something is neither, or the files do not belong together.
        Finding: a run's content is not what was written.
    """
    parts = [_part(path) for path in _files(source)]
    first = parts[0]
    notes = [note for part in parts for note in part.notes]
    for part in parts[1:]:
        if differences := _between(_own(first), _own(part)):
            text = f"{part.path.name} and {first.path.name} differ in " + "; ".join(differences)
            if not force:
                raise BadInput(
                    "the files of one side do not belong together",
                    where=str(source),
                    why=text,
                    fix="name one folder of runs each, or --force",
                )
            notes.append(text)
    samples: dict[str, list[float]] = {}
    errors: dict[str, list[str]] = {}
    for part in parts:
        for name, benchmark in part.results.benchmarks.items():
            samples.setdefault(name, []).extend(s.real_ns for s in benchmark.samples)
            errors.setdefault(name, []).extend(benchmark.errors)
    identities = [part.run.identity for part in parts if part.run]
    return Side(
        name=str(source),
        files=tuple(part.path for part in parts),
        samples={name: tuple(values) for name, values in samples.items()},
        errors={name: tuple(texts) for name, texts in errors.items() if texts},
        facts=first.facts,
        binaries=frozenset(i.binary["sha256"] for i in identities),
        flavour=identities[0].flavour if len({i.flavour for i in identities}) == 1 else "",
        emulated=any(i.device.get("emulated") for i in identities),
        notes=tuple(dict.fromkeys(notes)),
    )


def name_all(sides: list[Side]) -> list[Side]:
    """Call each side by its flavour, if that tells them apart; else by where it comes from."""
    flavours = [side.flavour for side in sides]
    if all(flavours) and len(set(flavours)) == len(flavours):
        return [_renamed(side, side.flavour) for side in sides]
    common = os.path.commonpath([os.path.dirname(os.path.abspath(s.name)) for s in sides])
    return [_renamed(s, os.path.relpath(os.path.abspath(s.name), common)) for s in sides]


def differences(first: Side, second: Side) -> list[str]:
    """Return what forbids to compare two sides, as far as both say it; empty when nothing does."""
    return _between(first.facts, second.facts)


def _renamed(side: Side, name: str) -> Side:
    return Side(**{**vars(side), "name": name})


def _files(source: Path) -> Iterator[Path]:
    if not source.is_dir():
        yield source
        return
    found = [
        path
        for path in sorted(source.rglob("*.json"), key=_natural)
        if not any(part.startswith(".") for part in path.relative_to(source).parts)
    ]
    if not found:
        raise BadInput(
            "there are no runs", where=str(source), why="no *.json below it", fix="xnnkit run"
        )
    yield from found


def _natural(path: Path) -> tuple[str, int, str]:
    stem, _, number = path.stem.rpartition("-")
    return (str(path.parent / stem), int(number) if number.isdecimal() else -1, path.name)


def _part(path: Path) -> _Part:
    data = results.load(path)
    if runs.is_run(data):
        run = runs.of_json(data, path)
        return _Part(path, run.results, _facts(run.results, run.identity), run, _notes(run))
    found = results.parse(data, str(path))
    return _Part(path, found, _facts(found, None), None, _debug(found))


def _facts(found: results.Results, identity: runs.Identity | None) -> dict[str, Any]:
    """Return what must be equal; a key is there only when the value is known."""
    facts: dict[str, Any] = {
        key: value for key, value in found.context.items() if key not in _GOOGLES_OWN
    }
    for source, name in (("host_name", "host"), ("num_cpus", "processors")):
        if found.context.get(source) not in (None, ""):
            facts[name] = found.context[source]
    if identity is None:
        return facts
    facts |= {f"device {key}": value for key, value in identity.device.items()}
    if identity.threads is not None:
        facts.setdefault("num_threads", str(identity.threads))
    facts["arguments"] = _work(identity.arguments, facts)
    return facts


def _work(arguments: Iterable[str], said: Mapping[str, Any]) -> str:
    """Return the arguments that decide what is computed, but for those the program repeats."""
    kept = []
    for argument in arguments:
        key = argument.lstrip("-").partition("=")[0]
        of_google = key.startswith("benchmark_") and key != "benchmark_method"
        if not of_google and key not in said:
            kept.append(argument)
    return " ".join(sorted(kept)) or "none"


def _own(part: _Part) -> dict[str, Any]:
    """Return what must be equal within one side: the facts, and which program it was."""
    if part.run is None:
        return part.facts
    identity = part.run.identity
    return {**part.facts, "flavour": identity.flavour, "binary": identity.binary["sha256"]}


def _between(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    return [
        f"{key}: {first[key]} and {second[key]}"
        for key in first
        if key in second and first[key] != second[key]
    ]


def _notes(run: runs.Run) -> list[str]:
    identity = run.identity
    notes = [f"{name} is prebuilt: only its bytes were checked" for name in identity.prebuilt]
    notes += [
        f"{name} has other bytes than pinned, accepted by its tree" for name in identity.accepted
    ]
    return notes + _debug(run.results)


def _debug(found: results.Results) -> list[str]:
    if found.context.get("library_build_type") == "debug":
        return ["Google Benchmark says that it was built without optimisation (debug)"]
    return []
