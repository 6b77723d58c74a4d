"""Results from elsewhere become runs: with them they can be compared, advised on and followed."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xnnkit
from xnnkit import untrusted
from xnnkit.bench import parts, results, runs
from xnnkit.bench.model import Results


@dataclass(frozen=True)
class Origin:
    """What a person says of results that do not say it themselves.

    Attributes:
        device: where they were measured.
        flavour: of the program.
        profile: what was measured: a profile or any other name.
        threads: that computed, None when unknown.
        started: when, ISO 8601; "" takes what the results say, else the time of their file.
    """

    device: str
    flavour: str
    profile: str
    threads: int | None = None
    started: str = ""


def keep(found: Results, path: Path, origin: Origin, root: Path) -> runs.Run:
    """Keep results as a run.

    Args:
        found: the results.
        path: where they were read.
        origin: what they do not say.
        root: where runs are kept.

    Raises:
        BadEnvironment: it cannot be written.
    """
    raw = results.gbench(found)
    if found.operators:
        raw["operators"] = parts.operators_json(found.operators)
    threads = origin.threads
    if threads is None:
        threads = untrusted.number(str(found.context.get("num_threads", "")))
    identity = runs.Identity(
        binary={"name": Path(str(found.context.get("executable", "unknown"))).name, "sha256": ""},
        profile=origin.profile,
        flavour=origin.flavour,
        toolchain="unknown",
        device={"kind": "elsewhere", "name": origin.device, "emulated": False},
        arguments=[],
        threads=threads,
        started=origin.started or _started(found.context, path),
        seconds=0.0,
        host={"name": platform.node(), "system": platform.system(), "machine": platform.machine()},
        xnnkit=xnnkit.__version__,
    )
    run = runs.Run(identity, raw)
    return runs.Run(identity, raw, runs.save(run, root))


def _started(context: Mapping[str, Any], path: Path) -> str:
    try:
        found = datetime.fromisoformat(str(context.get("date", "")))
    except ValueError:
        found = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    try:
        found = found.astimezone(UTC)
    except OverflowError:  # the first or the last day that there is
        found = found.replace(tzinfo=UTC)
    return found.isoformat(timespec="seconds")
