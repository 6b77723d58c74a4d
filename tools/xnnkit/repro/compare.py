"""Compare the artifacts of two builds, and say of each pair that differs where and why."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from xnnkit.build.manifest import sha256_of
from xnnkit.errors import BadInput
from xnnkit.repro import sections
from xnnkit.repro.cause import Cause, Traces, causes

_DIFFOSCOPE_SECONDS = 600
_DIFFOSCOPE_LINES = 500


def folders(first: Path, second: Path, traces: tuple[Traces, Traces]) -> list[dict[str, Any]]:
    """Compare every file below two folders, by its path in them.

    Args:
        first: the first build's artifacts.
        second: the second's.
        traces: what each build could have left of itself.

    Returns:
        JSON-ready, a row a file: ``name``, ``identical``, ``sha256`` (two; "" for a missing
        file), ``size`` (two, in bytes), and of those that differ ``causes`` and ``sections``.

    Raises:
        BadInput: there is nothing to compare.
    """
    names = {
        path.relative_to(folder).as_posix()
        for folder in (first, second)
        for path in folder.rglob("*")
        if path.is_file()
    }
    if not names:
        raise BadInput("there is no artifact to compare", where=f"{first}, {second}")
    # Binaries before objects, whatever their number.
    ordered = sorted(names, key=lambda name: (not name.startswith("bin/"), name))
    return [_pair(name, first / name, second / name, traces) for name in ordered]


def _pair(name: str, one: Path, other: Path, traces: tuple[Traces, Traces]) -> dict[str, Any]:
    both = (one, other)
    there = [path.is_file() for path in both]
    row: dict[str, Any] = {
        "name": name,
        "sha256": [sha256_of(p) if ok else "" for p, ok in zip(both, there, strict=True)],
        "size": [p.stat().st_size if ok else 0 for p, ok in zip(both, there, strict=True)],
    }
    row["identical"] = row["sha256"][0] == row["sha256"][1]
    if row["identical"]:
        return row
    if not all(there):
        which = "second" if there[0] else "first"
        return row | {
            "sections": [],
            "causes": [Cause("missing", f"the {which} build has no such file").to_json()],
        }
    return row | explain(one, other, traces)


def explain(
    one: Path, other: Path, traces: tuple[Traces, Traces] = (Traces(()), Traces(()))
) -> dict[str, Any]:
    """Say where and why two files differ that are not the same.

    Args:
        one: a file, ELF if anything is to be said of sections.
        other: the same file of another build.
        traces: what each build could have left of itself.

    Returns:
        JSON-ready: ``sections``, as ``sections.changes`` returns them, and ``causes``.
    """
    try:
        parsed = (sections.read(one), sections.read(other))
    except BadInput as error:
        return {"sections": [], "causes": [Cause("unknown", error.what).to_json()]}
    found = sections.changes(*parsed)
    if not found:
        detail = "the sections are the same; headers, or the bytes between them, are not"
        return {"sections": [], "causes": [Cause("unknown", detail).to_json()]}
    return {
        "sections": [change.to_json() for change in found],
        "causes": [cause.to_json() for cause in causes(*parsed, found, traces)],
    }


def diffoscope(one: Path, other: Path) -> str:
    """Return what diffoscope says of two files, cut to what a person reads; "" without it."""
    program = shutil.which("diffoscope")
    if not program:
        return ""
    command = [program, "--no-progress", "--text", "-", str(one), str(other)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_DIFFOSCOPE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"diffoscope was given up after {_DIFFOSCOPE_SECONDS} s\n"
    if done.returncode not in (0, 1):
        return f"diffoscope failed: {done.stderr.strip()[-400:]}\n"
    lines = done.stdout.splitlines()
    more = [f"... {len(lines) - _DIFFOSCOPE_LINES} lines more"] * (len(lines) > _DIFFOSCOPE_LINES)
    return "\n".join([*lines[:_DIFFOSCOPE_LINES], *more, ""])
