"""Keep what strangers wrote from steering the user's terminal.

Names in results, answers of phones and messages of servers are printed. On a terminal a control
sequence in them could hide lines, set the title, or type. There everything but visible text, line
ends and tabs is shown as an escape; a pipe or a file gets what there is, byte for byte.

Colours are no exception, since a stranger could write them, too: black on black hides what follows.
Who wants one escapes the text, puts the colour around it, and writes to `raw`.
"""

from __future__ import annotations

import codecs
import io
import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

_UNUSUAL = re.compile(r"[^\n\t -~]")
# C0, C1 and DEL; marks that turn the direction of text round or join it; other line ends.
_STEERING = frozenset({"Cc", "Cf", "Zl", "Zp"})
# Letters and marks that Unicode's Default_Ignorable_Code_Point lists: nothing is drawn for them.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)


def plain(text: str) -> str:
    """Return ``text`` with what steers or is not seen as escapes; line ends and tabs stay."""
    return _UNUSUAL.sub(lambda match: _shown(match[0]), text)


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _STEERING and not _UNSEEN.match(character):
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class _Guard:
    """A terminal that is sent plain text alone, whether it is written as text or as bytes."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.buffer = _Bytes(self)

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"text is written here, not {type(text).__name__}")
        self.stream.write(plain(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Bytes(io.RawIOBase):
    """The binary side of a guard. click writes there: bytes, and all text where a terminal is
    said to know ASCII alone."""

    def __init__(self, guard: _Guard) -> None:
        self._guard = guard
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._guard.write(self._decoder.decode(bytes(data)))
        return len(data)

    def flush(self) -> None:
        self._guard.stream.flush()


@contextmanager
def guarded() -> Iterator[None]:
    """While the block runs, stdout and stderr get plain text alone, if they are terminals."""
    held = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_guard(stream) for stream in held)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = held


def _guard(stream: TextIO) -> TextIO:
    try:
        terminal = stream.isatty()
    except ValueError:  # it is closed
        terminal = False
    if not terminal or isinstance(stream, _Guard):
        return stream
    return cast(TextIO, _Guard(stream))


def raw(stream: TextIO) -> TextIO:
    """Return the terminal behind the guard, for control sequences of our own.

    Args:
        stream: the terminal, guarded or not. What strangers wrote must be made `plain` first.
    """
    return stream.stream if isinstance(stream, _Guard) else stream
