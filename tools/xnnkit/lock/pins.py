"""What counts as a pin: a word that says which bytes are meant, and can never mean others."""

from __future__ import annotations

import base64
import binascii
import re

_HEX = re.compile(r"[0-9a-fA-F]*")
_COMMIT = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_SHA512 = re.compile(r"[0-9a-fA-F]{128}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_SRI_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}
_COMMITS = ("commit", "rev", "revision")


def problem(keyword: str, text: str) -> str:
    """Return why a text is no pin, "" when it is one.

    Args:
        keyword: the attribute that it is given for, such as ``commit`` or ``jar_sha256``.
        text: what is given; not empty.
    """
    kind = keyword.rpartition("_")[2]
    shown = f'{keyword} = "{text}"'
    if kind in _COMMITS:
        if _COMMIT.fullmatch(text):
            return ""
        if _HEX.fullmatch(text) and len(text) < 40:
            return f"the commit {text} is abbreviated: it may come to mean another"
        return f"{shown} is no commit: those are 40 or 64 hexadecimal digits"
    if kind == "integrity":
        return "" if _integrity(text) else f"{shown} is no whole sha256-, sha384- or sha512- digest"
    if kind == "sum":
        return "" if _base64(text, "h1:", 32) else f"{shown} is no sum of go.sum, which begin h1:"
    if kind == "digest":
        return "" if _DIGEST.fullmatch(text) else f"{shown} is no digest of an image, sha256:..."
    if kind == "sha512":
        return "" if _SHA512.fullmatch(text) else f"{shown} is no SHA-512: 128 hexadecimal digits"
    if _SHA256.fullmatch(text) or (kind != "sha256" and (_integrity(text) or _any(text))):
        return ""
    return f"{shown} is no SHA-256: 64 hexadecimal digits"


def _any(text: str) -> bool:
    """Tell whether a ``checksum`` or ``hash`` of an unheard-of rule is one of the known kinds."""
    return bool(_DIGEST.fullmatch(text) or _SHA512.fullmatch(text) or _base64(text, "h1:", 32))


def _integrity(text: str) -> bool:
    return any(_base64(text, f"{name}-", size) for name, size in _SRI_BYTES.items())


def _base64(text: str, prefix: str, size: int) -> bool:
    """Tell whether a text is ``prefix`` and exactly ``size`` bytes in base64."""
    if not text.startswith(prefix) or len(text) > 200:
        return False
    try:
        return len(base64.b64decode(text[len(prefix) :], validate=True)) == size
    except (binascii.Error, ValueError):
        return False
