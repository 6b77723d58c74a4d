"""Whether a signed statement is about a file of a release; for `make_release.py`."""

from __future__ import annotations

from xnnkit import untrusted
from xnnkit.errors import BadInput
from xnnkit.provenance import dsse


def check_statement(text: bytes, name: str, sha256: str) -> None:
    """Look whether a DSSE envelope, alone or in a bundle, is about one file.

    Its signatures must be there; whether they hold, the registry finds out.

    Raises:
        ValueError: it is not.
    """
    content = untrusted.loads(text.decode())
    if isinstance(content, dict) and isinstance(content.get("dsseEnvelope"), dict):
        content = content["dsseEnvelope"]
    if not isinstance(content, dict) or not content.get("signatures"):
        raise ValueError("no envelope with a signature is in it")
    try:
        statement = untrusted.loads(dsse.payload_of(content, name).decode())
    except BadInput as error:
        raise ValueError(f"{error.what}: {error.why}") from error
    subjects = statement.get("subject") if isinstance(statement, dict) else None
    found: dict[str, set[str]] = {}
    for one in subjects if isinstance(subjects, list) else []:
        if isinstance(one, dict) and isinstance(one.get("digest"), dict):
            found.setdefault(str(one.get("name")), set()).add(str(one["digest"].get("sha256")))
    if name not in found:
        raise ValueError(f"signed is {', '.join(sorted(found)) or 'nothing'}")
    if found[name] != {sha256}:
        told = ", ".join(sorted(found[name]))
        raise ValueError(f"signed is the sha256 {told}, the file's is {sha256}")
