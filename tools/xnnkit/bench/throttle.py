"""Whether a device said, before or after a run, that it was slowing itself down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xnnkit.bench.runs import Run

_HARMLESS = ("none", "light")
"""Of Android's words for its thermal state: clocks stay as they are."""


def of_runs(runs: Sequence[Run]) -> str:
    """Return the first sign of throttling in runs, "" for none."""
    for run in runs:
        conditions: Any = getattr(run.identity, "conditions", None)
        if isinstance(conditions, dict):
            for when in ("before", "after"):
                if sign := _heat(conditions.get(when)):
                    return f"{sign} {when} {_name(run)}"
            if slowed := _slowed(conditions):
                return f"the device slowed down its cores {slowed} in {_name(run)}"
    return ""


def _name(run: Run) -> str:
    return run.path.name if run.path else "a run"


def _slowed(conditions: dict[str, Any]) -> str:
    """Return the cores whose highest clock was lowered while the run lasted."""
    states = [conditions.get(when) for when in ("before", "after")]
    before, after = (s.get("slowed") if isinstance(s, dict) else None for s in states)
    if not isinstance(before, list) or not isinstance(after, list):
        return ""
    return ", ".join(str(core) for core in after if core not in before)


def _heat(state: Any) -> str:
    if not isinstance(state, dict):
        return ""
    word = state.get("throttling")
    if isinstance(word, str) and word not in _HARMLESS:
        return f"the device said {word!r} of its heat"
    return ""
