"""Find the place that an edit names, or say exactly why it cannot be found."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from xnnkit import limit
from xnnkit.errors import Finding
from xnnkit.patches.model import Edit

SECONDS = 5.0
"""How long one anchor may be searched for; ours take milliseconds."""

CANDIDATES = 3
"""How many near lines an error shows."""

STARLARK = (".bzl", ".bazel", ".py", "BUILD", "WORKSPACE", ".build")

# What hides a brace or a bracket: comments, strings, characters.
_HIDDEN_C = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
_HIDDEN_STARLARK = re.compile(
    r'"""(?:\\.|[^\\])*?"""|#[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S
)

# What may stand between a function's arguments and its body.
_BODY = re.compile(r"\s*(?:(?:const|noexcept|override|final|[A-Z_0-9]+)\b\s*)*\{")


def find(text: str, edit: Edit, where: str) -> list[re.Match[str]]:
    """Return the matches of an edit's anchor, in the order of the file.

    Args:
        text: the file.
        edit: an edit with an anchor.
        where: what errors call the edit.

    Raises:
        Finding: the anchor does not match, or not as often as the edit says; overlapping or empty
            matches are refused too, since what an edit would do there is not clear.
    """
    assert edit.anchor is not None
    try:
        with limit.seconds(SECONDS):
            start, end = (0, len(text)) if edit.within is None else region(text, edit, where)
            pattern = re.compile(edit.anchor, re.MULTILINE)
            matches = [m for m in pattern.finditer(text, start, end) if m.end() <= end]
    except limit.TooSlow:
        raise Finding(
            f"the anchor was searched for {SECONDS:g} s without an end",
            where=where,
            why=f"anchor {edit.anchor!r}: a repetition of a repetition, such as (a+)+, tries every "
            "way to split the text",
            fix="write the anchor without nested * and +",
        ) from None
    wanted = edit.count
    if not matches:
        raise _nothing(text, start, end, edit, where)
    if wanted != "all" and len(matches) != wanted:
        raise Finding(
            f"the anchor matches {_times(len(matches))}, not {_times(wanted)}",
            where=where,
            why=f"anchor {edit.anchor!r} matches at:\n" + _show(text, [m.start() for m in matches]),
            fix="make the anchor longer, name a function in `within`, or correct `count`",
        )
    if edit.op in ("replace", "delete") and any(m.start() == m.end() for m in matches):
        raise Finding(
            "the anchor matches nothing but a position",
            where=where,
            why=f"anchor {edit.anchor!r}: {edit.op} needs text to work on",
        )
    return matches


def region(text: str, edit: Edit, where: str) -> tuple[int, int]:
    """Return start and end of the function that ``edit.within`` names.

    Raises:
        Finding: there is none of that name, or more than one.
    """
    assert edit.within is not None
    starlark = edit.file.endswith(STARLARK)
    scan = _starlark_functions if starlark else _c_functions
    found = list(scan(text, edit.within))
    if len(found) == 1:
        return found[0]
    if found:
        raise Finding(
            f"{len(found)} functions are called {edit.within!r}",
            where=where,
            why="they start at:\n" + _show(text, [start for start, _ in found]),
            fix="leave `within` out and write a longer anchor",
        )
    words = r"^def\s+(\w+)" if starlark else r"\b(\w+)\s*\("
    names = sorted(set(re.findall(words, text, re.MULTILINE)))
    near = difflib.get_close_matches(edit.within, names, n=CANDIDATES, cutoff=0.5)
    raise Finding(
        f"no function {edit.within!r} is defined there",
        where=where,
        why=f"nearest names: {', '.join(near)}" if near else "",
    )


def _blank(text: str, hidden: re.Pattern[str]) -> str:
    """Return ``text`` with comments and strings blanked out, every offset kept."""
    return hidden.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def _closing(text: str, at: int, pair: str) -> int:
    """Return the offset behind the bracket that closes the one at ``at``; -1 if none does."""
    depth = 0
    for match in re.compile("[" + re.escape(pair) + "]").finditer(text, at):
        depth += 1 if match[0] == pair[0] else -1
        if depth == 0:
            return match.end()
    return -1


def _starlark_functions(text: str, name: str) -> Iterator[tuple[int, int]]:
    bare = _blank(text, _HIDDEN_STARLARK)
    for match in re.finditer(rf"^([ \t]*)def\s+{re.escape(name)}\s*\(", bare, re.MULTILINE):
        signature = _closing(bare, match.end() - 1, "()")
        if signature < 0:
            continue
        indent = len(match[1])
        end = len(text)
        offset = bare.find("\n", signature) + 1 or len(text)
        for line in bare[offset:].splitlines(keepends=True):
            stripped = line.lstrip(" \t")
            if stripped.strip() and len(line) - len(stripped) <= indent:
                end = offset
                break
            offset += len(line)
        yield match.start(), end


def _c_functions(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Yield the definitions of a function: its name, arguments, and a body in braces.

    A call is followed by no brace, except in a condition's (``if (f(x)) {``), where the closing
    bracket of the condition stands between.
    """
    bare = _blank(text, _HIDDEN_C)
    for match in re.finditer(rf"(?<![\w.>:~]){re.escape(name)}\s*\(", bare):
        arguments = _closing(bare, match.end() - 1, "()")
        body = _BODY.match(bare, arguments) if arguments > 0 else None
        end = _closing(bare, body.end() - 1, "{}") if body else -1
        if end > 0:
            yield text.rfind("\n", 0, match.start()) + 1, end


def _nothing(text: str, start: int, end: int, edit: Edit, where: str) -> Finding:
    assert edit.anchor is not None
    place = f" inside {edit.within!r}" if edit.within else ""
    near = nearest(text, start, end, edit.anchor)
    return Finding(
        f"the anchor does not match{place}",
        where=where,
        why=f"anchor {edit.anchor!r}"
        + (f"; nearest lines:\n{_show(text, near)}" if near else "; no line comes near it"),
        fix="upstream has moved: look at those lines and write the edit's anchor anew",
    )


def nearest(text: str, start: int, end: int, anchor: str) -> list[int]:
    """Return the offsets of the lines most like an anchor, the nearest first."""
    wanted = _literal(anchor)
    scored = []
    offset = start
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    for line in text[start:end].split("\n"):
        words = line.strip()
        if words:
            matcher.set_seq1(words)
            if matcher.real_quick_ratio() > 0.4 and matcher.quick_ratio() > 0.4:
                ratio = matcher.ratio()
                if ratio > 0.4:
                    scored.append((-ratio, offset))
        offset += len(line) + 1
    return [offset for _, offset in sorted(scored)[:CANDIDATES]]


def _literal(anchor: str) -> str:
    """Return the longest run of plain text in a regular expression, roughly."""
    plain = re.sub(r"\(\?[aiLmsux]+\)|\(\?<?[=!:]|\(\?P<\w+>", "", anchor)
    plain = re.sub(r"\\[sS][*+]?\\?", " ", plain)
    plain = re.sub(r"\\n", "\n", plain)
    plain = re.sub(r"\\[wWdDbBAZ][*+?]?", "", plain)
    plain = re.sub(r"\\(.)", r"\1", plain)
    plain = plain.replace("^", "").replace("$", "")
    return max((part.strip() for part in plain.split("\n")), key=len)


def line_number(text: str, offset: int) -> int:
    """Return the line, counted from 1, that ``offset`` lies in."""
    return text.count("\n", 0, offset) + 1


def _show(text: str, offsets: list[int], limit: int = 10) -> str:
    shown = []
    for offset in offsets[:limit]:
        begin = text.rfind("\n", 0, offset) + 1
        stop = text.find("\n", offset)
        line = text[begin : stop if stop >= 0 else len(text)].strip()
        shown.append(f"         line {line_number(text, offset)}: {line[:120]}")
    if len(offsets) > limit:
        shown.append(f"         and {len(offsets) - limit} more")
    return "\n".join(shown)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
