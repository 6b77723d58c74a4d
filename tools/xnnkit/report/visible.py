"""Names that other people chose, made safe to look at: nothing invisible, nothing that turns text.

Escaping for HTML, SVG or Markdown is the business of whoever writes them.
"""

from __future__ import annotations

import unicodedata

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode's kinds of characters that show nothing, turn the text around them, or are none."""

LONGEST = 600
"""Columns of a text on a page; what is cut out of longer ones is still in the page's data."""

_JOINER = "\u200d"  # between the parts of one sign; harmless


def visible(text: str) -> str:
    """Return a text in which every character can be seen; line ends and tabs become blanks.

    Args:
        text: anything, also with lone surrogates.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(sign) for sign in text)


def readable(text: str) -> str:
    """Return a text that is ``visible`` and no longer than anybody reads."""
    return shorten(visible(text), LONGEST)


def width(text: str) -> int:
    """Return how many columns a text takes up; wide signs take two, combining ones none."""
    return sum(_columns(sign) for sign in text)


def shorten(text: str, most: int) -> str:
    """Return a text of at most so many columns; what is left out of its middle becomes an ellipsis.

    Names of benchmarks often differ at their end, so that is kept, too.

    Args:
        text: one that is ``visible``.
        most: columns, at least 3.
    """
    if width(text) <= most:
        return text
    left = (most - 1) // 2
    return f"{_start(text, left)}\u2026{_start(text[::-1], most - 1 - left)[::-1]}"


def _start(text: str, most: int) -> str:
    taken = 0
    for at, sign in enumerate(text):
        taken += _columns(sign)
        if taken > most:
            return text[:at]
    return text


def _columns(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _shown(sign: str) -> str:
    if sign in "\n\r\t":
        return " "
    if unicodedata.category(sign) not in _HIDDEN or sign == _JOINER:
        return sign
    number = ord(sign)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
