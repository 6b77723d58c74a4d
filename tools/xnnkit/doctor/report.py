"""The doctor's answer, as lines for a person and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xnnkit.doctor.model import Need

_MARKS = {True: "✓", False: "✗"}
_ASCII_MARKS = {True: "ok", False: "NO"}


def as_text(needs: Sequence[Need], encoding: str) -> str:
    """Return one line a need, and under each lack the line to paste.

    Args:
        needs: in the order to print them.
        encoding: of the terminal; where it has no check mark, words take its place.
    """
    try:
        "".join(_MARKS.values()).encode(encoding)
        marks = _MARKS
    except (UnicodeEncodeError, LookupError):
        marks = _ASCII_MARKS
    width = max(len(need.name) for need in needs)
    lines = []
    for need in needs:
        optional = "" if need.required or need.ok else " (optional)"
        lines.append(f"{marks[need.ok]:<2} {need.name:<{width}}  {need.found}{optional}")
        if need.fix:
            lines.append(f"   {'':<{width}}  $ {need.fix}")
    lacking = sum(not need.ok and need.required for need in needs)
    lines += ["", f"{lacking} required thing(s) missing" if lacking else "ready to build and run"]
    return "\n".join(lines)


def as_json(needs: Sequence[Need], profile: str) -> dict[str, Any]:
    """Return the needs as a JSON-ready object; ``ok`` is about the required ones."""
    return {
        "profile": profile,
        "ok": ready(needs),
        "needs": [
            {
                "name": need.name,
                "ok": need.ok,
                "required": need.required,
                "found": need.found,
                "fix": need.fix,
            }
            for need in needs
        ],
    }


def ready(needs: Sequence[Need]) -> bool:
    """Tell whether every required need is met."""
    return all(need.ok for need in needs if need.required)
