"""A run: what a benchmark printed, and all that tells this run from others. One JSON file."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import tempfile
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from xnnkit.bench import results
from xnnkit.errors import BadEnvironment, BadInput, Finding

SCHEMA_VERSION = 1
KIND = "xnnkit-run"


@dataclass(frozen=True)
class Identity:
    """What tells a run from others.

    Attributes:
        binary: ``sha256``, ``size`` and ``name`` of the program.
        profile: the profile's name.
        flavour: the flavour's name.
        toolchain: what built it.
        device: the device's own identity, with ``kind``, ``name`` and ``emulated``.
        arguments: what the program was started with, but for where it writes its results.
        threads: threads that compute, None when neither the program nor its arguments say so.
        benchmark: the program's name in the profile; "" in runs that do not say it.
        method: what was timed, such as ``decode``; None when nobody says it.
        archives: what went into the build: ``name``, ``sha256``, ``tree``, ``origin`` (its kind)
            and ``prebuilt`` of each.
        prebuilt: archives that somebody else built, of which only the bytes were checked.
        accepted: archives whose bytes are not the pinned ones, accepted by their tree.
        executed: micro-kernels that were entered in this run; None when nobody looked.
        verify: of the same binary on the same device, before: ``arguments``, ``cases`` (each
            benchmark and method with its errors, tolerances and checksum) and ``executed``; None
            when its results were not verified.
        conditions: of a device that can tell, ``before`` and ``after`` (None when it did not answer
            any more): ``temperatures``, ``battery``, ``throttling``, ``slowed``, ``mhz``, ``load``,
            ``memory_available``, each as far as it is known (docs/devices.md).
        series: where each repetition is a process, ``name`` (the same in all runs of a series),
            ``turn``, ``of`` (how many turns) and ``repetition``.
        started: when, UTC, ISO 8601.
        seconds: wall time of the program.
        host: the machine that started it.
        xnnkit: the version that made the run.
    """

    binary: dict[str, Any]
    profile: str
    flavour: str
    toolchain: str
    device: dict[str, Any]
    arguments: list[str]
    threads: int | None
    started: str
    seconds: float
    host: dict[str, Any]
    xnnkit: str
    benchmark: str = ""
    method: str | None = None
    archives: list[dict[str, Any]] = field(default_factory=list)
    prebuilt: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    executed: list[str] | None = None
    verify: dict[str, Any] | None = None
    conditions: dict[str, Any] | None = None
    series: dict[str, Any] | None = None


@dataclass(frozen=True)
class Run:
    """A run: its identity, and Google Benchmark's output as it came.

    Attributes:
        identity: what tells it from others.
        raw: the program's output, parsed and otherwise as it was.
        path: its file, None before it has one.
        counts: instructions that were executed, by benchmark (docs/count.md); None when they were
            not counted.
    """

    identity: Identity
    raw: dict[str, Any]
    path: Path | None = None
    counts: dict[str, Any] | None = None

    @cached_property
    def results(self) -> results.Results:
        """The output, taken apart; BadInput when it is none."""
        return results.parse(self.raw, str(self.path or "the benchmark's output"))

    def to_json(self) -> dict[str, Any]:
        """Return the file's content, with the checksum of all the rest."""
        content = {
            "schema_version": SCHEMA_VERSION,
            "kind": KIND,
            "identity": asdict(self.identity),
            "results": self.raw,
            **({} if self.counts is None else {"counts": self.counts}),
        }
        return {**content, "checksum": checksum(content)}


def checksum(content: dict[str, Any]) -> str:
    """Return the sha256 of a run's content: its JSON with sorted keys and no blanks."""
    rest = {key: value for key, value in content.items() if key != "checksum"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_run(data: Any) -> bool:
    """Tell a run's JSON from any other."""
    return isinstance(data, dict) and data.get("kind") == KIND


def folder(root: Path, identity: Identity) -> Path:
    """Return where runs of this profile and flavour are kept."""
    return root / identity.profile / identity.flavour


def stem(device: str) -> str:
    """Return a device's name as it stands in file names."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", device)


def existing(root: Path, profile: str, flavour: str, device: str) -> list[Path]:
    """Return the files of a device's runs of a flavour, by number."""
    pattern = re.compile(re.escape(stem(device)) + r"-([0-9]+)\.json")
    found = []
    directory = root / profile / flavour
    for path in directory.iterdir() if directory.is_dir() else ():
        if match := pattern.fullmatch(path.name):
            found.append((int(match[1]), path))
    return [path for _, path in sorted(found)]


def save(run: Run, root: Path) -> Path:
    """Write a run to ``ROOT/PROFILE/FLAVOUR/DEVICE-N.json``, N the first that is free.

    Nothing is overwritten, whoever else writes there; the file appears whole or not at all.

    Raises:
        BadEnvironment: it cannot be written.
    """
    directory = folder(root, run.identity)
    device = stem(str(run.identity.device.get("name", "unknown")))
    text = json.dumps(run.to_json(), indent=1) + "\n"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=".run-", dir=directory)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(partial, 0o644)
            number = 1
            while True:
                path = directory / f"{device}-{number}.json"
                try:
                    os.link(partial, path)
                    return path
                except FileExistsError:
                    number += 1
        finally:
            os.unlink(partial)
    except OSError as error:
        raise BadEnvironment(
            f"the run cannot be kept: {error.strerror}", where=str(directory)
        ) from error


def load(path: Path) -> Run:
    """Read a run's file.

    Raises:
        BadInput: it is not one.
        Finding: its content is not what was written.
    """
    return of_json(results.load(path), path)


def of_json(data: Any, path: Path) -> Run:
    """Return the run that a file's parsed content is.

    Raises:
        BadInput: it is none.
        Finding: its content is not what was written.
    """
    if not is_run(data):
        raise BadInput("not a run", where=str(path), why=f"its 'kind' is not {KIND!r}")
    if data.get("schema_version") != SCHEMA_VERSION:
        raise BadInput(
            f"a run of schema_version {data.get('schema_version')!r}",
            where=str(path),
            why=f"legal: {SCHEMA_VERSION}",
        )
    try:
        same = data.get("checksum") == checksum(data)
    except RecursionError:
        raise BadInput("nested too deeply", where=str(path)) from None
    if not same:
        raise Finding(
            "the run's checksum does not fit its content",
            where=str(path),
            why="somebody changed it, or it was cut",
            fix="run the benchmark again",
        )
    try:
        identity = Identity(**data["identity"])
        raw, counts = data["results"], data.get("counts")
    except (KeyError, TypeError) as error:
        raise BadInput(f"a run without its identity: {error}", where=str(path)) from error
    wrong = _wrong(identity)
    if not isinstance(raw, dict):
        wrong = "results"
    if counts is not None and not isinstance(counts, dict):
        wrong = "counts"
    if wrong:
        raise BadInput(f"a run whose {wrong!r} is of another kind", where=str(path))
    return Run(identity, raw, path, counts)


def _wrong(identity: Identity) -> str:
    """Return the name of a field that no run of ours has so; "" when there is none."""
    for one in fields(identity):
        value = getattr(identity, one.name)
        kind, _, more = str(one.type).partition(" | ")
        if value is None:
            good = bool(more)
        elif kind.startswith("list["):
            part = dict if "dict" in kind else str
            good = isinstance(value, list) and all(isinstance(x, part) for x in value)
        elif kind == "float":
            good = type(value) in (int, float) and 0 <= value < math.inf
        elif kind == "int":
            good = type(value) is int and 0 <= value < 1 << 63
        else:
            good = isinstance(value, dict if kind.startswith("dict") else str)
        if not good:
            return one.name
    return ""
