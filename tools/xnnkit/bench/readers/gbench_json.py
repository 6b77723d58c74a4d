"""Google Benchmark's JSON that may be cut or damaged: the entries that are whole are kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from xnnkit.bench import results
from xnnkit.bench.model import Problem, Results
from xnnkit.errors import BadInput

_CONTEXT = re.compile(r'"context"\s*:\s*(?=\{)')
_LIST = re.compile(r'"benchmarks"\s*:\s*\[')
_FOLLOWING = re.compile(r"\n[ \t]*\{[ \t\r]*\n")
_MOST_DAMAGED = 1000
"""Entries that are looked behind for a whole one: each costs a search."""

_GAP = re.compile(r"[\s,]*")


def parse(data: Any, text: str, where: str) -> Results:
    """Take parsed JSON apart; entries that are wrong are left out, and named with their line.

    Args:
        data: the parsed JSON.
        text: what it was parsed from.
        where: a name for messages.

    Raises:
        BadInput: it has another shape.
    """
    wrong: list[tuple[int, BadInput]] = []
    found = results.parse(data, where, bad=lambda i, error: wrong.append((i, error)))
    if not wrong:
        return found
    lines = list(_lines(text, (start for start, _ in _entries(text))))
    problems = [
        Problem(lines[i] if i < len(lines) else 0, _said(error, where)) for i, error in wrong
    ]
    return replace(found, problems=tuple(problems))


def salvage(text: str, where: str, reason: BadInput) -> Results:
    """Keep the entries that are whole in JSON that is not.

    Args:
        text: the damaged JSON.
        where: a name for messages.
        reason: what the JSON parser said, raised when there is nothing to keep.

    Raises:
        BadInput: no entry is whole.
    """
    kept: list[Any] = []
    problems: list[Problem] = []
    entries = list(_entries(text))
    for line, (_, entry) in zip(_lines(text, (at for at, _ in entries)), entries, strict=True):
        if isinstance(entry, dict):
            kept.append((line, entry))
        else:
            problems.append(Problem(line, "an entry that is damaged, or cut off"))
    context: Any = {}
    if match := _CONTEXT.search(text):
        try:
            context, _ = json.JSONDecoder().raw_decode(text, match.end())
        except (ValueError, RecursionError):
            problems.insert(0, Problem(text.count("\n", 0, match.start()) + 1, "a damaged context"))
    if not kept:
        raise reason
    data = {"context": context, "benchmarks": [entry for _, entry in kept]}

    def bad(i: int, error: BadInput) -> None:
        problems.append(Problem(kept[i][0], _said(error, where)))

    found = results.parse(data, where, bad=bad)
    if not problems:
        problems.append(Problem(0, reason.what))
    problems.sort(key=lambda problem: problem.line)
    return replace(found, problems=tuple(problems))


def _entries(text: str) -> Iterator[tuple[int, Any]]:
    """Yield where each entry begins, and the entry; None for one that is damaged."""
    match = _LIST.search(text)
    if match is None:
        return
    decoder = json.JSONDecoder()
    at = match.end()
    damaged = 0
    while damaged <= _MOST_DAMAGED:
        gap = _GAP.match(text, at)
        at = gap.end() if gap else at
        if at >= len(text) or text[at] == "]":
            return
        try:
            entry, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            yield at, None
            damaged += 1
            # Go on at the next entry, which Google Benchmark begins on a line of its own.
            following = _FOLLOWING.search(text, at + 1)
            if following is None:
                return
            at = text.index("{", following.start())
            continue
        yield at, entry
        at = end


def _lines(text: str, starts: Iterable[int]) -> Iterator[int]:
    """Yield the line, from 1, of each place; the places ascend."""
    line, at = 1, 0
    for start in starts:
        line += text.count("\n", at, start)
        at = start
        yield line


def _said(error: BadInput, where: str) -> str:
    place = error.where.removeprefix(f"{where}: ")
    return f"{error.what} ({place})" + (f": {error.why}" if error.why else "")
