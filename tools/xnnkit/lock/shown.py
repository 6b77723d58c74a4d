"""Words of an audited file on their way to a person, who may paste them into a shell."""

from __future__ import annotations

import re
import shlex

_LONGEST = 300
_ADDRESS = re.compile(
    r"(?P<scheme>https?|ssh|git)://[A-Za-z0-9][A-Za-z0-9.-]{0,252}(?::[0-9]{1,5})?"
    r"(?:/[A-Za-z0-9._~/%+=@,:-]{0,1000})?"
)
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,200}")


def line(text: str) -> str:
    """Return a text as one line that no terminal takes for a command, and cut if it is long."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in cut)


def strict(url: str) -> bool:
    """Tell whether an address has nothing in it but what an address needs."""
    return bool(_ADDRESS.fullmatch(url))


def sha256_of(url: str) -> str:
    """Return the command that tells a file's sha256, "" for an address of unusual form."""
    match = _ADDRESS.fullmatch(url)
    if not match or match["scheme"] not in ("http", "https"):
        return ""
    return f"curl -fsSL -- {shlex.quote(url)} | sha256sum"


def ls_remote(url: str, ref: str) -> str:
    """Return the command that tells a ref's commit, "" for an address or ref of unusual form."""
    if not strict(url) or not _REF.fullmatch(ref):
        return ""
    return f"git ls-remote -- {shlex.quote(url)} {shlex.quote(ref)}"
