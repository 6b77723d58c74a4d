"""Compare a statement with this machine: what agrees, what changed, what cannot be checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from xnnkit.build import manifest
from xnnkit.errors import Finding, Inconclusive
from xnnkit.provenance import canonical, facts
from xnnkit.provenance.here import Here, Places, Unknown, built, look
from xnnkit.provenance.read import Statement
from xnnkit.provenance.record import Record, of_flavours, shown
from xnnkit.provenance.statement import BUILDER

State = Literal["ok", "changed", "unchecked"]

_BUILDER_ID = "predicate.runDetails.builder.id"

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
        A check a fact, in the statement's order; then what is here and not in the statement; then
        the statement itself, key by key.

    Raises:
        BadInput: the profile is refused, ``build.json`` is damaged, or a program is named of a
            flavour that the statement does not have.
        BadEnvironment: the cache cannot be used.
    """
    claim = statement.record
    stated = facts.of(claim)
    stated |= {f"material {name}": "named" for name in statement.strange}
    kept = built(places.out)
    checks = compare(stated, look(claim, kept, places))
    return [*checks, *_whole(statement, kept, places.builder_id)]


def _whole(statement: Statement, kept: Record | None, builder_id: str) -> Iterator[Check]:
    """Compare a statement with the one of ``build.json``; without that, with its own facts' one."""
    claim = statement.record
    expected = of_flavours(kept, [one.name for one in claim.flavours]) if kept else claim
    for part in canonical.parts(statement.content, expected, builder_id):
        name = f"statement {part.path}"
        who = statement.run.builder_id
        if part.path == _BUILDER_ID and who != BUILDER and not builder_id:
            yield Check(name, "unchecked", who, f"{who}, if the signer says so: --builder-id")
            continue
        if not part.differences and kept:
            yield Check(name, "ok", f"as {manifest.NAME} has it", f"as {manifest.NAME} has it")
        elif not part.differences:
            yield Check(name, "unchecked", "", f"no {manifest.NAME} here")
        for path, stated, found in part.differences:
            yield Check(f"statement {path}", "changed", told(stated), told(found))


def told(value: Any) -> str:
    """Return a fact's value as text: "" for one that is not there, JSON for all but words."""
    if isinstance(value, canonical.Absent):
        return ""
    if isinstance(value, str) and value:
        return value
    return json.dumps(value, ensure_ascii=False)


def compare(stated: facts.Facts, here: Here) -> list[Check]:
    """Return a check for every name that either side has."""
    checks = []
    for name in [*stated, *(name for name in here if name not in stated)]:
        said, found = (side.get(name, canonical.Absent()) for side in (stated, here))
        if isinstance(found, Unknown):
            checks.append(Check(name, "unchecked", told(said), found.why))
        else:
            # Both are absent in none: the name comes from one of them.
            state: State = "ok" if canonical.same(said, found) else "changed"
            checks.append(Check(name, state, told(said), told(found)))
    return checks


def judge(
    checks: list[Check], where: str, *, allow_unchecked: bool = False
) -> Finding | Inconclusive | None:
    """Return what is wrong; None when everything agrees.

    Args:
        checks: from `verify`.
        where: the statement's file.
        allow_unchecked: what cannot be checked here does not matter, but for programs.

    Returns:
        A Finding if something changed; Inconclusive if nothing did, but not everything could be
        checked.
    """
    changed = [one.line() for one in checks if one.state == "changed"]
    unchecked = [
        one.line()
        for one in checks
        if one.state == "unchecked" and (one.name.startswith("binary ") or not allow_unchecked)
    ]
    if changed:
        return Finding(
            f"{len(changed)} of {len(checks)} facts are not as the statement says",
            where=where,
            why=_lines(changed),
            fix=_what_next(checks),
        )
    if unchecked:
        return Inconclusive(
            f"nothing contradicts the statement, but {len(unchecked)} of {len(checks)} facts"
            " cannot be checked here",
            where=where,
            why=_lines(unchecked),
            fix="xnnkit fetch PROFILE    (for archives)\n"
            "--out DIR, --binary FLAVOUR=PATH    (for the build)\n"
            "--profile FILE    (for a profile of your own), --builder-id URI    (who built)"
            + ("" if allow_unchecked else "\nor --allow-unchecked, if the binaries are enough"),
        )
    return None


def _what_next(checks: list[Check]) -> str:
    kinds = {_kind(one.name) for one in checks if one.state == "changed"}
    if kinds <= _OURS:
        return (
            "only xnnkit or its profile is not what built; all else that could be checked is as\n"
            "stated. Verify with the checkout of xnnkit that built"
        )
    return "do not trust these binaries; build again, or find out who changed what"


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


# What moves when somebody updates xnnkit, and nothing that was built does.
_OURS = {"xnnkit", "profile"}


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
        "xnnkit's": "xnnkit",
        "rc": "parameters",
        "statement": "statement",
    }
    return words.get(name.split(" ")[0], "other")
