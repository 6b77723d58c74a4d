"""What is wrong in a profile: one problem a key, and the error that carries all of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from xnnkit.errors import BadInput


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one file.

    Args:
        file: the profile's path, as the user named it or as found.
        line: 1-based line of the offending key, 0 when the file as a whole is meant.
        key: the key with its tables, such as ``archive[0].origin[1].sha256``.
        what: one sentence.
        legal: what may stand there instead.
        column: 1-based column, 0 when only the line is known.
    """

    file: str
    line: int
    key: str
    what: str
    legal: str = ""
    column: int = 0

    @property
    def where(self) -> str:
        """``file:line:column: key``, leaving out what is not known."""
        place = self.file
        if self.line:
            place += f":{self.line}"
        if self.column:
            place += f":{self.column}"
        return f"{place}: {self.key}" if self.key else place

    def to_json(self) -> dict[str, object]:
        """Return the problem as a JSON-ready object."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "key": self.key,
            "what": self.what,
            "legal": self.legal,
        }


class ProfileError(BadInput):
    """A profile is refused; ``problems`` holds every reason, in the order of the file."""

    def __init__(self, problems: Iterable[Problem], *, fix: str = "") -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line, p.column)))
        first = self.problems[0]
        super().__init__(first.what, where=first.where, why=first.legal, fix=fix)

    def __str__(self) -> str:
        blocks = []
        for problem in self.problems:
            lines = [problem.what, f"  where: {problem.where}"]
            if problem.legal:
                lines.append(f"  legal: {problem.legal}")
            blocks.append("\n".join(lines))
        if self.fix:
            blocks[-1] += f"\n  fix:   {self.fix}"
        return "\n".join(blocks)

    def to_json(self) -> dict[str, object]:
        return {**super().to_json(), "problems": [p.to_json() for p in self.problems]}


def choices(wrong: str, legal: Iterable[str]) -> str:
    """Say which names are legal and which of them is nearest to ``wrong``.

    Args:
        wrong: the name that was given.
        legal: every name that would do.
    """
    known = sorted(set(legal))
    if not known:
        return "there are none"
    text = "one of " + ", ".join(known)
    nearest = closest(wrong, known)
    return f"{text}; did you mean {nearest}?" if nearest else text


def closest(wrong: str, legal: Iterable[str]) -> str:
    """Return the legal name most like ``wrong``, or "" when none is near."""
    by_lower = {name.lower(): name for name in legal}
    found = difflib.get_close_matches(wrong.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[found[0]] if found else ""
