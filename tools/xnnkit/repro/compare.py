"""Compare the artifacts of two builds, and say of each pair that differs where and why."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Any

from xnnkit.errors import BadInput
from xnnkit.repro import entries, sections
from xnnkit.repro.cause import Cause, Traces, causes
from xnnkit.repro.entries import Entry

_DIFFOSCOPE_SECONDS = 600
_DIFFOSCOPE_LINES = 500


def folders(
    first: Path, second: Path, traces: tuple[Traces, Traces], expected: Collection[str]
) -> list[dict[str, Any]]:
    """Compare all that lies below two folders, by its path in them.

    What counts is the kind, and of a file the bytes and the permissions, of a link the target.
    A folder counts where it is empty or the other build has something else in its place.

    Args:
        first: the first build's artifacts.
        second: the second's.
        traces: what each build could have left of itself.
        expected: paths that must be regular files in both, whatever else there is.

    Returns:
        JSON-ready, a row a path: ``name``, ``identical``, ``kind``, ``mode`` and ``sha256`` (two
        each; "" for what is not there or is no file), ``size`` (two, in bytes), and of those that
        differ ``causes`` and ``sections``.

    Raises:
        BadInput: nothing is expected, so that no difference would say nothing.
        BadEnvironment: a folder cannot be read.
    """
    if not expected:
        raise BadInput("there is no artifact to compare", where=f"{first}, {second}")
    names = {*expected, *entries.names(first), *entries.names(second)}
    # Binaries before objects, whatever their number.
    ordered = sorted(names, key=lambda name: (not name.startswith("bin/"), name))
    return [_pair(name, first / name, second / name, traces, name in expected) for name in ordered]


def _pair(
    name: str, one: Path, other: Path, traces: tuple[Traces, Traces], expected: bool
) -> dict[str, Any]:
    both = (entries.at(one), entries.at(other))
    row: dict[str, Any] = {
        "name": name,
        "kind": [entry.kind for entry in both],
        "mode": [entry.mode for entry in both],
        "sha256": [entry.content if entry.kind == "file" else "" for entry in both],
        "size": [entry.size for entry in both],
    }
    found = _unlike(*both, expected)
    bytes_differ = all(row["sha256"]) and both[0].content != both[1].content
    row["identical"] = not found and not bytes_differ
    if row["identical"]:
        return row
    why = explain(one, other, traces) if bytes_differ else {"sections": [], "causes": []}
    return row | why | {"causes": [*why["causes"], *(cause.to_json() for cause in found)]}


def _unlike(one: Entry, other: Entry, expected: bool) -> list[Cause]:
    """Say what two entries differ in, the bytes of files not among it."""
    kinds = (one.kind, other.kind)
    if not all(kinds):
        if not any(kinds):
            return [Cause("missing", "neither build has such a file")]
        which = "second" if kinds[0] else "first"
        return [Cause("missing", f"the {which} build has no such file")]
    if kinds[0] != kinds[1] or (expected and kinds[0] != "file"):
        more = ", where a file is expected" if expected else ""
        return [Cause("kind of file", " | ".join(kinds) + more)]
    if one.kind == "link" and one.content != other.content:
        return [Cause("link target", f"{one.content} | {other.content}")]
    if one.mode != other.mode:
        return [Cause("file mode", f"{one.mode} | {other.mode}")]
    return []


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
