"""Compare a statement with this machine: what agrees, what changed, what cannot be checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xnnkit.errors import Finding, Inconclusive
from xnnkit.provenance import facts
from xnnkit.provenance.here import Here, Places, Unknown, look
from xnnkit.provenance.read import Statement
from xnnkit.provenance.record import shown

State = Literal["ok", "changed", "unchecked"]

_LONGEST = 40
"""Lines of an error; the rest is counted. --json has all."""


@dataclass(frozen=True)
class Check:
    """One fact, compared."""

    name: str
    state: State
    stated: str
    """What the statement says; "" if nothing."""
    found: str
    """What is here; why nothing can be said, when it cannot be checked."""

    def line(self) -> str:
        """Return it as a line of text."""
        name, stated, found = shown(self.name), shown(self.stated), shown(self.found)
        if self.state == "ok":
            return f"{name}: {stated}"
        if self.state == "unchecked":
            return f"{name}: {found}"
        if not self.stated:
            return f"{name}: is here, and the statement does not name it"
        if not self.found:
            return f"{name}: the statement names it, and it is not here or not of this build"
        return f"{name}: stated {stated}, found {found}"

    def to_json(self) -> dict[str, str]:
        """Return it JSON-ready."""
        return {
            "name": self.name,
            "state": self.state,
            "stated": self.stated,
            "found": self.found,
        }


def verify(statement: Statement, places: Places) -> list[Check]:
    """Compare everything that a statement says with what is here.

    Args:
        statement: as ``read`` returns it.
        places: where to look.

    Returns:
        A check a fact, in the statement's order; then what is here and not in the statement.

    Raises:
        BadInput: the profile is refused, or ``build.json`` is damaged.
        BadEnvironment: the cache cannot be used.
    """
    stated = facts.of(statement.record)
    stated |= {f"material {name}": "named" for name in statement.strange}
    return compare(stated, look(statement.record, places))


def compare(stated: facts.Facts, here: Here) -> list[Check]:
    """Return a check for every name that either side has."""
    checks = []
    for name in [*stated, *(name for name in here if name not in stated)]:
        said, found = stated.get(name, ""), here.get(name, "")
        if isinstance(found, Unknown):
            checks.append(Check(name, "unchecked", said, found.why))
        else:
            same = name in stated and name in here and said == found
            checks.append(Check(name, "ok" if same else "changed", said, found))
    return checks


def judge(
    checks: list[Check], where: str, *, allow_unchecked: bool = False
) -> Finding | Inconclusive | None:
    """Return what is wrong; None when everything agrees.

    Args:
        checks: from `verify`.
        where: the statement's file.
        allow_unchecked: what cannot be checked here does not matter.

    Returns:
        A Finding if something changed; Inconclusive if nothing did, but not everything could be
        checked.
    """
    changed = [one.line() for one in checks if one.state == "changed"]
    unchecked = [one.line() for one in checks if one.state == "unchecked"]
    if changed:
        return Finding(
            f"{len(changed)} of {len(checks)} facts are not as the statement says",
            where=where,
            why=_lines(changed),
            fix="do not trust these binaries; build again, or find out who changed what",
        )
    if unchecked and not allow_unchecked:
        return Inconclusive(
            f"nothing contradicts the statement, but {len(unchecked)} of {len(checks)} facts"
            " cannot be checked here",
            where=where,
            why=_lines(unchecked),
            fix="xnnkit fetch PROFILE    (for archives), and --out DIR    (for the build)\n"
            "or --allow-unchecked, if the rest is enough",
        )
    return None


def _lines(told: list[str]) -> str:
    more = [f"and {len(told) - _LONGEST} more"] if len(told) > _LONGEST else []
    return "\n         ".join([*told[:_LONGEST], *more])


def count(checks: list[Check]) -> dict[State, int]:
    """Return how many checks have each state."""
    states: tuple[State, ...] = ("ok", "changed", "unchecked")
    return {state: sum(one.state == state for one in checks) for state in states}


def summary(checks: list[Check]) -> list[str]:
    """Return a line for each kind of fact: how many agree, changed, and could not be checked."""
    kinds: dict[str, list[Check]] = {}
    for one in checks:
        kinds.setdefault(_kind(one.name), []).append(one)
    lines = []
    for kind, some in kinds.items():
        counts = count(some)
        told = [f"{number} {state}" for state, number in counts.items() if number]
        lines.append(f"{kind:<10}  {', '.join(told)}")
    return lines


def _kind(name: str) -> str:
    words = {
        "binary": "binaries",
        "parameter": "parameters",
        "Bazel's": "Bazel",
        "profile:": "profile",
        "flavour": "flavours",
        "archive": "archives",
        "toolchain": "toolchain",
        "patch": "patches",
        "workspace": "workspace",
        "xnnkit:": "xnnkit",
    }
    return words.get(name.split(" ")[0], "other")
