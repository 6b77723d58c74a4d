"""Find what a build must not leave in a binary: places of the machine, and dates.

A place is taken for a build's only when it looks like one: musl's ``/tmp/tmpfile_XXXXXX`` and the
names under ``/proc`` and ``/etc`` that a C library reads are part of every static program.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

_PART = rb"[A-Za-z0-9_.+@~-]+"
_SOURCE = rb"\.(?:c|cc|cpp|cxx|h|hh|hpp|inc|S|s|o|a|ll|bc|zig|py)(?![A-Za-z0-9_])"

PLACES: tuple[tuple[bytes, re.Pattern[bytes]], ...] = (
    (b"/home/", re.compile(rb"/home/" + _PART + rb"/")),
    (b"/Users/", re.compile(rb"/Users/" + _PART + rb"/")),
    (b"/root/", re.compile(rb"/root/" + _PART)),
    (b"/tmp/", re.compile(rb"/tmp/" + _PART + rb"/" + _PART)),
    (b"/tmp/", re.compile(rb"/tmp/[A-Za-z0-9_+@~-]+" + _SOURCE)),
    (b"/var/tmp/", re.compile(rb"/var/tmp/" + _PART + rb"/" + _PART)),
    (b"/execroot/", re.compile(rb"/execroot/" + _PART)),
    (b"-sandbox/", re.compile(rb"-sandbox/[0-9]+/")),
    (b"/.cache/", re.compile(rb"/\.cache/(?:bazel|zig|bazelisk|xnnkit|ccache)")),
    (b"/_bazel_", re.compile(rb"/_bazel_" + _PART + rb"/")),
)
"""A literal to look for, and what must stand there to be a build's place."""

_MONTHS = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATE = re.compile(_MONTHS + rb" [ 0-3][0-9] (?:19|20)[0-9]{2}(?![0-9])")
_STAMP = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) " + _MONTHS + rb" [ 0-3][0-9] [0-2][0-9]:[0-5][0-9]"
)
_TIME = re.compile(rb"\0(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\0")
_SHOWN = 120


def places(contents: Iterable[bytes], forbidden: Sequence[bytes] = ()) -> list[str]:
    """Return the strings in which a place of the building machine stands, each once.

    Args:
        contents: what to search, such as a whole file.
        forbidden: strings of the caller's that must not stand anywhere, such as the workspace.
    """
    found: dict[str, None] = {}
    for content in contents:
        for needle in forbidden:
            for at in _occurrences(content, needle):
                found[_around(content, at)] = None
        for needle, pattern in PLACES:
            for at in _occurrences(content, needle):
                if pattern.match(content, at) and not _inside(content, at, needle):
                    found[_around(content, at)] = None
    return list(found)


def dates(contents: Iterable[bytes]) -> list[str]:
    """Return the strings that hold a date or a time as a compiler writes one, each once.

    Looked for: ``__DATE__``, ``__TIMESTAMP__`` and, as a string of its own, ``__TIME__``.
    """
    found: dict[str, None] = {}
    for content in contents:
        for pattern in (_DATE, _STAMP, _TIME):
            for match in pattern.finditer(content):
                at = match.start() + (content[match.start()] == 0)
                found[_around(content, at)] = None
    return list(found)


_OUTER = re.compile(rb"/" + _PART + rb"$")


def _inside(content: bytes, at: int, needle: bytes) -> bool:
    """Tell whether /tmp/ stands within a longer path.

    The start-up objects of Android's NDK carry ``/buildbot/tmp/crtbrand-HEX.o``, which is a place
    of Google's machine, the same in every program, and none of this one.
    """
    return needle == b"/tmp/" and _OUTER.search(content[max(0, at - _SHOWN) : at]) is not None


def _occurrences(content: bytes, needle: bytes) -> Iterator[int]:
    at = content.find(needle) if needle else -1
    while at >= 0:
        yield at
        at = content.find(needle, at + 1)


def _around(content: bytes, at: int) -> str:
    """Return the printable string that holds position ``at``, cut to a line."""
    begin = at
    while begin > max(0, at - _SHOWN) and 32 <= content[begin - 1] < 127:
        begin -= 1
    end = at
    while end < min(len(content), at + _SHOWN) and 32 <= content[end] < 127:
        end += 1
    return content[begin:end].decode("ascii", "replace")
