"""From and to files: a build's record, a statement's bytes, a signature, what is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xnnkit.build import manifest
from xnnkit.errors import BadInput, Finding, typed
from xnnkit.provenance import record
from xnnkit.provenance.digests import file_below, plain_bytes
from xnnkit.provenance.read import MAX_BYTES, parse
from xnnkit.provenance.record import Record

_MAX_SIGNATURE = 1 << 20


def of_build(profile: str, out: Path, flavours: Sequence[str] = ()) -> Record:
    """Return the record of a build, of some of its flavours, with every binary hashed again.

    Args:
        profile: its name.
        out: the build's directory.
        flavours: names; empty for all that were built.

    Raises:
        BadInput: nothing is built there, or another profile, or not that flavour.
        Finding: a binary is not the one that was built, or failed its proof.
    """
    where = out / manifest.NAME
    content = manifest.read(out, profile)
    found = record.of_manifest(content, str(where))
    if found.profile != profile:
        raise BadInput(
            f"{found.profile} was built there, not {profile}",
            where=str(where),
            fix=f"xnnkit provenance {typed(found.profile)} --out {typed(out)}",
        )
    built = [flavour.name for flavour in found.flavours]
    for name in flavours:
        if name not in built:
            raise BadInput(
                f"flavour {name!r} was not built",
                where=str(where),
                why=f"built: {', '.join(built)}",
            )
    if flavours:
        found = record.of_flavours(found, flavours)
    for row in content["binaries"]:
        if row["path"] in found.subjects:
            manifest.refuse_unproved(out, row, profile)
    for name, digest in found.subjects.items():
        actual = file_below(out, name)
        if actual != digest:
            raise Finding(
                f"{name} is not the binary that was built",
                where=str(out / name),
                why=f"expected sha256 {digest}, found {actual or 'no such file'}",
                fix=f"xnnkit build {typed(profile)} --out {typed(out)}",
            )
    return found


def payload(file: Path) -> bytes:
    """Return the bytes of a statement, if that is what they are.

    Raises:
        BadInput: it cannot be read, or is no bare statement.
    """
    data = _read(file, MAX_BYTES)
    if parse(data, str(file)).enveloped:
        raise BadInput(
            "this is an envelope already", where=str(file), why="a bare statement is signed"
        )
    return data


def signature_of(file: Path) -> bytes:
    """Return the bytes of a signature.

    Raises:
        BadInput: it cannot be read, is empty or too long to be one.
    """
    data = _read(file, _MAX_SIGNATURE)
    if not data:
        raise BadInput("the signature is empty", where=str(file))
    return data


def _read(file: Path, most: int) -> bytes:
    try:
        return plain_bytes(file, most)
    except OSError as error:
        raise BadInput("cannot read the file", where=str(file), why=error.strerror or "") from None
    except ValueError as error:
        raise BadInput(f"the file is {error}", where=str(file)) from None
