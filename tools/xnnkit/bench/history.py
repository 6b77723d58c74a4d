"""A benchmark over time: every run that was kept, in order, with the steps marked.

The history is the folder of runs itself; there is no second store that could disagree with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xnnkit.bench import parts, stats, steps
from xnnkit.bench.parts import Part
from xnnkit.bench.runs import Run
from xnnkit.bench.stats import Summary
from xnnkit.bench.steps import Step
from xnnkit.errors import BadInput


@dataclass(frozen=True)
class Point:
    """One measurement: a run, or all runs of a series whose repetitions are processes.

    Attributes:
        started: when, ISO 8601.
        files: of the runs.
        summary: of the times of all repetitions, nanoseconds.
        binary: sha256 of the program, "" when unknown.
    """

    started: str
    files: tuple[Path, ...]
    summary: Summary
    binary: str


@dataclass(frozen=True)
class Mark:
    """A step between two points, and what else changed there.

    Attributes:
        step: where, and how large.
        changed: what the runs before and after it say differently of themselves.
    """

    step: Step
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """A benchmark over time.

    Attributes:
        device: its name.
        work: profile, method and whatever else decides the work.
        flavour: of the program.
        benchmark: its name.
        points: in the order of time.
        marks: where it steps.
    """

    device: str
    work: str
    flavour: str
    benchmark: str
    points: tuple[Point, ...]
    marks: tuple[Mark, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        return {
            "device": self.device,
            "work": self.work,
            "flavour": self.flavour,
            "benchmark": self.benchmark,
            "points": [
                {
                    "started": point.started,
                    "files": [str(path) for path in point.files],
                    "n": point.summary.n,
                    "median_ns": point.summary.median,
                    "spread": point.summary.spread,
                    "binary": point.binary,
                }
                for point in self.points
            ],
            "steps": [
                {**asdict(mark.step), "sure": mark.step.sure, "changed": list(mark.changed)}
                for mark in self.marks
            ],
        }


def lines(
    sources: Sequence[Path],
    *,
    wanted: str = "",
    flavours: Sequence[str] = (),
    devices: Sequence[str] = (),
    alpha: float = 0.05,
    margin: float = 0.01,
) -> list[Line]:
    """Return every benchmark of these runs over time.

    Args:
        sources: runs or folders of runs.
        wanted: a regular expression that the benchmark's name has to hold.
        flavours: only these; empty for all.
        devices: only these; empty for all.
        alpha: chance of any step in a benchmark that has none.
        margin: steps smaller than this share are not marked.

    Raises:
        BadInput: there are no runs, or the expression is none.
        Finding: a run's content is not what was written.
    """
    try:
        expression = re.compile(wanted)
    except re.error as error:
        raise BadInput(f"{wanted!r} is no regular expression: {error}") from error
    found: dict[tuple[str, str, str, str], dict[str, list[Part]]] = {}
    for source in sources:
        for path in parts.files(source):
            part = parts.load(path)
            if part.run is None or part.run.counts:
                continue  # it does not say where it was measured, or it measured no time
            if (flavours and part.flavour not in flavours) or (
                devices and part.device not in devices
            ):
                continue
            series = part.run.identity.series
            name = str(series["name"]) if series and "name" in series else str(path)
            for benchmark, values in part.results.benchmarks.items():
                if values.samples and expression.search(benchmark):
                    key = (part.device, _work(part.run), part.flavour, benchmark)
                    found.setdefault(key, {}).setdefault(name, []).append(part)
    if not found:
        raise BadInput("there is no run of that", where=", ".join(str(s) for s in sources))
    return [_line(key, groups, alpha, margin) for key, groups in sorted(found.items())]


def _work(run: Run) -> str:
    identity = run.identity
    words = [identity.profile, identity.benchmark, identity.method or ""]
    words += [parts.work(identity.arguments, run.results.context).replace("none", "")]
    words += [parts.threads(identity.threads)] if identity.threads is not None else []
    return ", ".join(dict.fromkeys(word for word in words if word))


def _line(
    key: tuple[str, str, str, str], groups: dict[str, list[Part]], alpha: float, margin: float
) -> Line:
    device, work, flavour, benchmark = key
    ordered = sorted(groups.values(), key=lambda of_it: min(part.started for part in of_it))
    kept: list[tuple[Point, Part, Part]] = []
    for of_it in ordered:
        values = [s.real_ns for p in of_it for s in p.results.benchmarks[benchmark].samples]
        if min(values) <= 0:
            continue
        files = tuple(part.path for part in of_it)
        point = Point(of_it[0].started, files, stats.summary(values), of_it[-1].binary)
        kept.append((point, of_it[0], of_it[-1]))
    found = steps.find([point.summary.median for point, _, _ in kept], alpha=alpha, margin=margin)
    marks = [Mark(step, _changed(kept[step.at - 1][2], kept[step.at][1])) for step in found]
    points = tuple(point for point, _, _ in kept)
    return Line(device, work, flavour, benchmark, points, tuple(marks))


def _changed(before: Part, after: Part) -> tuple[str, ...]:
    """Return what two runs say differently of themselves."""
    if before.run is None or after.run is None:
        return ()
    a, b = before.run.identity, after.run.identity
    pairs: dict[str, tuple[Any, Any]] = {
        "binary": (before.binary[:12], after.binary[:12]),
        "toolchain": (a.toolchain, b.toolchain),
        "xnnkit": (a.xnnkit, b.xnnkit),
        "host": (a.host.get("name"), b.host.get("name")),
    }
    archives = [
        {str(x["name"]): str(x.get("sha256", ""))[:12] for x in one.archives if "name" in x}
        for one in (a, b)
    ]
    for name in archives[0]:
        pairs[f"archive {name}"] = (archives[0][name], archives[1].get(name))
    for name in archives[1].keys() - archives[0].keys():
        pairs[f"archive {name}"] = (None, archives[1][name])
    for name in dict.fromkeys([*a.device, *b.device]):
        pairs[f"device {name}"] = (a.device.get(name), b.device.get(name))
    return tuple(
        f"{name}: {_word(one)} -> {_word(other)}"
        for name, (one, other) in pairs.items()
        if one != other
    )


def _word(value: Any) -> str:
    return "none" if value in (None, "") else str(value)
