"""All of a report as plain data, without a word of layout."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import xnnkit
from xnnkit.bench import parts
from xnnkit.bench.analysis import Analysis, analyse
from xnnkit.bench.parts import Source
from xnnkit.bench.verdict import Rules
from xnnkit.report import built, machines, remarks
from xnnkit.report.built import Pin, Program
from xnnkit.report.data import Kept
from xnnkit.report.machines import Machine
from xnnkit.report.remarks import Remark

SCHEMA_VERSION = 1
KIND = "xnnkit-report"


@dataclass(frozen=True)
class Report:
    """Everything that a report says.

    Attributes:
        title: of the page.
        analysis: verdicts, ratios, operators and advice.
        remarks: what a reader must know.
        programs: what was built.
        pins: what went into it.
        machines: what it ran on.
        files: everything that was read, byte for byte.
    """

    title: str
    analysis: Analysis
    remarks: tuple[Remark, ...]
    programs: tuple[Program, ...]
    pins: tuple[Pin, ...]
    machines: tuple[Machine, ...]
    files: tuple[Kept, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it, JSON-ready; files are named as in the page's own data, without content."""
        names = {one.path: one.name for one in self.files}
        found = self.analysis.to_json()
        for shown, group in zip(found["groups"], self.analysis.groups, strict=True):
            shown["files"] = {
                side.flavour: [names.get(path, path.name) for path in side.files]
                for side in group.sides
            }
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": KIND,
            "title": self.title,
            "xnnkit": xnnkit.__version__,
            "rules": asdict(self.analysis.rules),
            **found,
            "remarks": [asdict(one) for one in self.remarks],
            "programs": [asdict(one) for one in self.programs],
            "pins": [asdict(one) for one in self.pins],
            "machines": [asdict(one) for one in self.machines],
            "files": [one.to_json() for one in self.files],
        }


def of_sources(
    sources: Sequence[Path | Source],
    rules: Rules | None = None,
    *,
    baseline: str = "",
    title: str = "",
) -> Report:
    """Read runs and sort out what a report says of them.

    Args:
        sources: runs, folders of runs, or files with a label that says device and flavour.
        rules: how verdicts are made.
        baseline: the flavour to compare with; "" takes upstream, else the first.
        title: of the page; "" takes what was measured.

    Raises:
        BadInput: see ``xnnkit.bench.analysis.analyse``.
        Finding: a run's content is not what was written.
    """
    given = [s if isinstance(s, Source) else Source.of(s) for s in sources]
    analysis = analyse(given, rules, baseline=baseline)
    # What an emulator says of speed is nothing: it stands behind all others.
    last = sorted(analysis.groups, key=lambda group: any(s.emulated for s in group.sides))
    analysis = replace(analysis, groups=tuple(last))
    return Report(
        title or _title(analysis),
        analysis,
        tuple(remarks.of_analysis(analysis)),
        tuple(built.programs(analysis.groups)),
        tuple(built.pins(analysis.groups)),
        tuple(machines.of_groups(analysis.groups)),
        _files(given),
    )


def _title(analysis: Analysis) -> str:
    works = list(dict.fromkeys(group.work.model or str(group.work) for group in analysis.groups))
    devices = list(dict.fromkeys(group.device for group in analysis.groups))
    what = ", ".join(work for work in works[:3] if work) or "Benchmarks"
    if len(works) > 3:
        what += f" and {len(works) - 3} more"
    where = devices[0] if len(devices) == 1 else f"{len(devices)} devices"
    return f"{what} on {where}"


def _files(given: Sequence[Source]) -> tuple[Kept, ...]:
    """Return every file of the sources, named from the folder that they have in common."""
    found = [(path, source) for source in given for path in parts.files(source.path)]
    places = [os.path.abspath(path) for path, _ in found]
    common = os.path.commonpath([os.path.dirname(place) for place in places])
    taken: set[str] = set()
    kept = []
    for place, (path, source) in zip(places, found, strict=True):
        plain = name = _plain(Path(os.path.relpath(place, common)).as_posix())
        number = 1
        while name in taken:  # named twice on the command line, or odd in its signs alone
            number += 1
            name = f"{number}/{plain}"
        taken.add(name)
        label = source.label
        words = [word for word in (label.device, label.model, label.flavour) if word]
        kept.append(Kept.read(path, name, "/".join(words)))
    return tuple(kept)


def _plain(name: str) -> str:
    """Return a path as every archive and every system can hold it; other signs become numbers."""
    return re.sub(r"[^\w ./+=,@()-]|\s", lambda m: f"%{ord(m[0]):x}", name)
