"""``build.json``: what was built from what, and what was proved of it.

Its key ``record`` is a `xnnkit.provenance.record.Record`. A key more is no new schema_version; who
needs one that an older build did not write says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xnnkit import untrusted, whole
from xnnkit.errors import BadEnvironment, BadInput, Finding, typed

if TYPE_CHECKING:
    from xnnkit.archives.fetch import Fetched

NAME = "build.json"

# The proof of a binary whose manifest says nothing of one.
_UNTOLD = {"ok": True, "checks": []}


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def place(source: Path, target: Path) -> None:
    """Copy a built binary to where users find it, atomically; an equal one keeps its times.

    Raises:
        BadEnvironment: it cannot be written.
    """
    try:
        if target.is_file() and sha256_of(target) == sha256_of(source):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copyfile(source, partial)
        partial.chmod(0o755)
        os.replace(partial, target)
    except OSError as error:
        raise BadEnvironment(
            f"the binary cannot be placed: {error.strerror}", where=str(target)
        ) from error


def archives(fetched: Sequence[Fetched]) -> list[dict[str, Any]]:
    """Return the identity of every archive that went into the build, JSON-ready."""
    return [
        {
            "name": one.name,
            "kind": one.kind,
            "origin": one.origin.type,
            "location": one.origin.location,
            "sha256": one.sha256,
            "size": one.size,
            "tree": one.tree,
            "prebuilt": one.prebuilt,
            "accepted_by_tree": one.accepted,
        }
        for one in fetched
    ]


def write(out: Path, content: dict[str, Any]) -> Path:
    """Write the manifest atomically and return its path."""
    path = out / NAME
    whole.write(path, (json.dumps({"schema_version": 1, **content}, indent=2) + "\n").encode())
    return path


def read(out: Path, profile: str = "PROFILE") -> dict[str, Any]:
    """Read the manifest of a build.

    Args:
        out: the build's folder.
        profile: what should have been built there, for messages.

    Raises:
        BadInput: there is none, or it is not one.
    """
    path = out / NAME
    try:
        data = untrusted.load(path)
    except FileNotFoundError as error:
        raise BadInput(
            "nothing has been built here",
            where=str(path),
            fix=f"xnnkit build {typed(profile)}",
        ) from error
    except ValueError as error:
        raise BadInput(
            f"not a build manifest: {error}", where=str(path), fix=f"xnnkit build {typed(profile)}"
        ) from error
    if not isinstance(data, dict) or data.get("schema_version") != 1:
        raise BadInput(
            "a build manifest of another xnnkit",
            where=str(path),
            why="legal schema_version: 1",
            fix=f"xnnkit build {typed(profile)}",
        )
    if wrong := _wrong(data):
        raise BadInput(
            f"not a build manifest: {wrong}", where=str(path), fix=f"xnnkit build {typed(profile)}"
        )
    return data


def _wrong(data: dict[str, Any]) -> str:
    """Say what is not as `write` leaves it; "" when nothing is."""
    binaries = data.get("binaries")
    if not isinstance(binaries, list):
        return "it has no list of binaries"
    for one in binaries:
        if not isinstance(one, dict):
            return "a binary is no object"
        for key, kind in (("flavour", str), ("path", str), ("sha256", str), ("size", int)):
            if type(one.get(key)) is not kind:
                return f"a binary's {key!r} is missing or wrong"
        if not untrusted.inside(one["path"]):
            return f"a binary lies outside: {one['path']!r}"
        if not _is_proof(one.get("proof", _UNTOLD)):
            return f"the proof of {one['path']!r} is wrong"
    archives = data.get("archives", [])
    if not isinstance(archives, list) or not all(isinstance(one, dict) for one in archives):
        return "'archives' is no list of objects"
    return ""


def _is_proof(proof: object) -> bool:
    if not isinstance(proof, dict) or type(proof.get("ok")) is not bool:
        return False
    checks = proof.get("checks")
    return isinstance(checks, list) and all(
        isinstance(one, dict) and type(one.get("name")) is str and type(one.get("ok")) is bool
        for one in checks
    )


def refuse_unproved(out: Path, row: dict[str, Any], profile: str) -> None:
    """Refuse a binary that failed its proof: it is not what its flavour stands for.

    Args:
        out: the build's folder.
        row: one of the manifest's ``binaries``.
        profile: what was built, for the message.

    Raises:
        Finding: it failed; with the names of the checks.
    """
    proof = row.get("proof", _UNTOLD)
    failed = [one["name"] for one in proof["checks"] if not one["ok"]]
    if proof["ok"] and not failed:
        return
    name = row["flavour"]
    raise Finding(
        f"the binary of {name} failed its proof when it was built",
        where=str(out / row["path"]),
        why=f"it is not what the flavour stands for: {', '.join(failed) or f'see {NAME}'}",
        fix=f"xnnkit build {typed(profile)} --flavour {typed(name)}",
    )
