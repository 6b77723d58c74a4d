"""What the readers of text share: lines as somebody typed or pasted them, made plain."""

from __future__ import annotations

import codecs
import math
import re

LONGEST = 4000
"""Characters of a line beyond which it is no line of any table."""

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),  # what PowerShell's > writes
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")


def decode(data: bytes) -> str:
    """Return text of any of the encodings that shells write; what cannot be read becomes U+FFFD."""
    for bom, name in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(name, "replace")
    return data.decode("utf-8", "replace")


def lines(text: str) -> list[str]:
    """Return lines without colours, carriage returns, hard blanks and the marks of a quotation.

    The number of a line stays what it was: the first is number 1, at index 0.
    """
    plain = [_ANSI.sub("", line).replace("\u00a0", " ").rstrip("\r\n") for line in text.split("\n")]
    filled = [line for line in plain if line.strip()]
    if filled and all(line.startswith(">") for line in filled):
        plain = [re.sub(r"^>+ ?", "", line) for line in plain]
    return plain


def number(text: str) -> float | None:
    """Return a finite number of 0 or more, None when the text is none."""
    text = text.strip()  # float() leaves some of what strip() takes away, such as U+001E
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) and value >= 0 else None


def whole(text: str) -> int | None:
    """Return a whole number of 0 or more, None when the text is none."""
    text = text.strip()
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def excerpt(line: str) -> str:
    """Return a line as it stands in a message: quoted, cut when it is long."""
    line = line.strip()
    return repr(line if len(line) <= 60 else line[:57] + "...")
