"""Find the line of a key in a TOML file, which ``tomllib`` does not tell.

The text is known to be valid TOML here (``tomllib`` has read it), so this reader only has to know
where strings, brackets and comments end, not to judge them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence

Path = tuple[str | int, ...]
_TRIPLES = ('"""', "'''")


def line_map(text: str) -> dict[Path, int]:
    """Return the 1-based line of every table and key of a valid TOML document.

    Args:
        text: the document.

    Elements of arrays of tables carry their index: ``("archive", 0, "origin", 1, "sha256")``.
    Keys of inline tables are not listed; `line_of` answers with the key that holds them.
    """
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    current: Path = ()
    for number, statement in _statements(text):
        if statement.startswith("[["):
            *parents, last = _keys(statement[2 : statement.rindex("]]")])
            place = (*_into_arrays(parents, counts), last)
            index = counts.get(place, 0)
            counts[place] = index + 1
            lines.setdefault(place, number)
            current = (*place, index)
        elif statement.startswith("["):
            current = _into_arrays(_keys(statement[1 : statement.rindex("]")]), counts)
        else:
            keys = _keys(statement)
            for depth in range(1, len(keys)):
                lines.setdefault((*current, *keys[:depth]), number)
            lines[(*current, *keys)] = number
            continue
        lines[current] = number
    return lines


def line_of(lines: dict[Path, int], path: Sequence[str | int]) -> int:
    """Return the line of ``path``, or of the nearest table or key around it; 0 if there is none."""
    for end in range(len(path), 0, -1):
        if (found := lines.get(tuple(path[:end]))) is not None:
            return found
    return 0


def dotted(path: Sequence[str | int]) -> str:
    """Write a path as people do: ``archive[0].origin[1].sha256``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _into_arrays(keys: Sequence[str], counts: dict[Path, int]) -> Path:
    """Put the index of the latest element behind each key that names an array of tables."""
    place: Path = ()
    for key in keys:
        place = (*place, key)
        if place in counts:
            place = (*place, counts[place] - 1)
    return place


def _keys(statement: str) -> list[str]:
    """Split a header or the left side of an assignment into its dotted keys, unquoted."""
    end = _end_of_key(statement)
    table: object = tomllib.loads(statement[:end].strip() + " = 0")
    keys: list[str] = []
    while isinstance(table, dict):
        (key, table), *_ = table.items()
        keys.append(key)
    return keys


def _end_of_key(statement: str) -> int:
    """Return where the key ends: the first ``=`` outside quotes, or the end."""
    quote = ""
    skip = False
    for at, char in enumerate(statement):
        if skip:
            skip = False
        elif quote:
            skip = char == "\\" and quote == '"'
            quote = "" if char == quote and not skip else quote
        elif char in "\"'":
            quote = char
        elif char == "=":
            return at
    return len(statement)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line number, first line without its comment) of every header and assignment."""
    at, number = 0, 1
    while at < len(text):
        start, start_number, depth = at, number, 0
        end_of_first = -1
        header = text[at:].lstrip(" \t").startswith("[")
        while at < len(text):
            char = text[at]
            if char == "\n":
                end_of_first = at if end_of_first < 0 else end_of_first
                number += 1
                at += 1
                if depth == 0 or header:
                    break
                continue
            if char == "#":
                end_of_first = at if end_of_first < 0 else end_of_first
                while at < len(text) and text[at] != "\n":
                    at += 1
                continue
            if char in "\"'":
                end = _end_of_string(text, at)
                number += text.count("\n", at, end)
                if end_of_first < 0 and "\n" in text[at:end]:
                    end_of_first = text.index("\n", at)
                at = end
                continue
            depth += (char in "[{") - (char in "]}")
            at += 1
        statement = text[start : end_of_first if end_of_first >= 0 else at].strip()
        if statement:
            yield start_number, statement


def _end_of_string(text: str, start: int) -> int:
    """Return the index behind the string that opens at ``start``."""
    quote = text[start : start + 3] if text.startswith(_TRIPLES, start) else text[start]
    escapes = quote[0] == '"'
    at = start + len(quote)
    while at < len(text):
        if escapes and text[at] == "\\":
            at += 2
        elif text.startswith(quote, at):
            at += len(quote)
            # A multi-line string may end in one or two quotes of its own: """a"""" is a".
            while len(quote) == 3 and text.startswith(quote[0], at):
                at += 1
            return at
        else:
            at += 1
    return at
