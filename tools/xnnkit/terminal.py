"""Keep what strangers wrote from steering the user's terminal.

Names in results, answers of phones and messages of servers are printed. On a terminal a control
sequence in them could hide lines, set the title, or type. There everything but text, line ends and
colours is shown as an escape; a pipe or a file gets what there is, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

_COLOUR = r"\x1b\[[0-9;]{0,20}m"
# C0 and C1, DEL, and what turns the direction of text round or hides it.
_STEERING = re.compile(
    rf"({_COLOUR})|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]"
)
_RAW = "_xnnkit_raw"


def plain(text: str) -> str:
    """Return ``text`` with control characters escaped, but for line ends, tabs and colours."""
    return _STEERING.sub(lambda m: m[1] or _escape(m[0]), text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


@contextmanager
def guarded(*streams: TextIO) -> Iterator[None]:
    """While the block runs, what is written to those of the streams that are terminals is plain."""
    held = []
    for stream in streams:
        try:
            terminal = stream.isatty()
        except ValueError:  # it is closed
            terminal = False
        if terminal and not hasattr(stream, _RAW):
            held.append(stream)
            write = stream.write
            setattr(stream, _RAW, write)

            def guard(text: str, write: Any = write) -> int:
                return cast(int, write(plain(text)))

            setattr(stream, "write", guard)  # noqa: B010 - mypy: a method
    try:
        yield
    finally:
        for stream in held:
            delattr(stream, "write")
            delattr(stream, _RAW)


class Raw:
    """A terminal without the guard, for a library that draws with control sequences itself.

    Args:
        stream: the terminal, guarded or not.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write ``text`` as it is."""
        return cast(int, getattr(self._stream, _RAW, self._stream.write)(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
