"""Every error that xnnkit shows to a person: what happened, where, why it matters, what to type.

The class decides the exit code (docs/reference/exit-codes.md); nothing else in the package calls
``sys.exit``. Raise the most specific class and always fill ``fix`` when there is one.

Each error has an id, such as ``XK-ARCHIVES-FETCH``: the module that raised it. It is not written
where it is raised, so it can be neither forgotten nor used twice; docs/reference/errors.md lists
what each can say.
"""

from __future__ import annotations

import shlex
import sys
from typing import ClassVar


class XnnkitError(Exception):
    """Base of all errors meant for the user.

    Args:
        what: one sentence, what happened.
        where: file, line, key, URL or command it happened at ("" when there is none).
        why: why it matters, or what is legal instead.
        fix: what to type or change next; one command or edit a line. A path in it is `typed`.
    """

    exit_code: ClassVar[int] = 3
    kind: ClassVar[str] = "error"

    def __init__(self, what: str, *, where: str = "", why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.fix = fix
        frame = sys._getframe(1)
        # A subclass's own __init__ is not where the error was raised.
        while frame.f_code.co_name == "__init__" and frame.f_locals.get("self") is self:
            outer = frame.f_back
            if outer is None:
                break
            frame = outer
        self.id = error_id(str(frame.f_globals.get("__name__", "")))
        """What docs/reference/errors.md lists it under; "" for one that is not raised by xnnkit."""

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.why:
            lines.append(f"  why:   {self.why}")
        if self.fix:
            first, *rest = self.fix.splitlines()
            lines.append(f"  fix:   {first}")
            lines.extend(f"         {line}" for line in rest)
        return "\n".join(lines)

    def to_json(self) -> dict[str, object]:
        """Return the error as a JSON-ready object, for ``--json`` callers."""
        return {
            "schema_version": 1,
            "error": self.kind,
            "id": self.id,
            "exit_code": self.exit_code,
            "what": self.what,
            "where": self.where,
            "why": self.why,
            "fix": self.fix,
        }


def typed(name: object) -> str:
    """Return a path or another word as it is typed in a shell, for a ``fix``.

    Args:
        name: the path; of a blank, a quote or a ``$`` in it the shell makes nothing.
    """
    return shlex.quote(str(name))


def error_id(module: str) -> str:
    """Return the id of errors that a module raises; "" for a module that is not xnnkit's."""
    first, _, rest = module.partition(".")
    if first != "xnnkit" or not rest:
        return ""
    words = rest.removesuffix(".__init__").replace(".", "-").replace("_", "-").split("-")
    return "-".join(["XK", *(word.upper() for word in words if word)])


class Finding(XnnkitError):
    """A check did its work and found something wrong: mismatch, drift, regression. Exit 1."""

    exit_code = 1
    kind = "finding"


class BadInput(XnnkitError):
    """What the user asked for cannot be meant: unknown name, malformed file, bad option. Exit 2."""

    exit_code = 2
    kind = "usage"


class BadEnvironment(XnnkitError):
    """The machine lacks something: a tool, the network, disk space, a device. Exit 3."""

    exit_code = 3
    kind = "environment"


class Inconclusive(XnnkitError):
    """A comparison that cannot tell either way. Exit 4."""

    exit_code = 4
    kind = "inconclusive"
