"""Which conditions differed between two builds, by what each of them found."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from xnnkit.repro.conditions import SHIFT_S, Condition
from xnnkit.repro.machine import Machine

_UNKNOWN = "not known"
_SAME = "both builds found the same"
_REAL = "the real one"

# Whose clock -> by how many seconds it may be off. The build itself starts at once; Bazel says
# when it was done, before the proofs; a compiler has a time that was fixed before the first build,
# or writes the local one.
_CLOCKS = {"xnnkit": 600, "Bazel": 1800, "actions": 600, "compilers": 86400}
_NO_LIBRARY = "libfaketime is not installed (apt-get install -y faketime)"
_SERVER = "Bazel ignores LD_PRELOAD for its own server"
_STATIC = "a static program that asks the system for the time saw the real one, later"


def conditions(
    names: Collection[str],
    hindered: Mapping[str, str],
    results: tuple[dict[str, Any], dict[str, Any]],
    machine: Machine,
) -> list[Condition]:
    """Return the conditions as the two builds found them, not as they were meant.

    Args:
        names: those to report, in this order.
        hindered: condition -> why it was not even tried.
        results: what each build wrote down, as ``side.build`` and ``side.surroundings`` return
            it, and ``real``: when the machine started by the clock of who started the build.
        machine: what can be varied here.
    """
    rules = {"clock": _clock, "directory": _directory, "jobs": _jobs, "cache": _cache}
    rows = []
    for name in names:
        row = rules[name](results, machine) if name in rules else _seen(name, results)
        row.why = hindered.get(name, row.why)
        rows.append(row)
    return rows


def _seen(name: str, results: tuple[dict[str, Any], dict[str, Any]]) -> Condition:
    """Return one that the build's own process sees."""
    one, other = (result["surroundings"][name] for result in results)
    why = "" if one != other else _SAME
    if name == "file-order":
        one, other = (" ".join(listed[:6]) + " ..." for listed in (one, other))
    return Condition(name, (one, other), why)


def _directory(results: tuple[dict[str, Any], dict[str, Any]], _: Machine) -> Condition:
    """Return where Bazel says that it worked: both of its folders have to be others."""
    said = [(one["bazel"]["workspace"], one["bazel"]["execution_root"]) for one in results]
    texts = [", ".join(places) if all(places) else _UNKNOWN for places in said]
    others = all(ours != theirs for ours, theirs in zip(*said, strict=True))
    return Condition("directory", (texts[0], texts[1]), _why(texts, others))


def _jobs(results: tuple[dict[str, Any], dict[str, Any]], _: Machine) -> Condition:
    """Return how many jobs Bazel says it was given."""
    texts = [one["bazel"]["jobs"] or _UNKNOWN for one in results]
    return Condition("jobs", (texts[0], texts[1]), _why(texts, texts[0] != texts[1]))


def _why(texts: list[str], others: bool) -> str:
    if _UNKNOWN in texts:
        return "Bazel did not say what it found"
    return "" if others else _SAME


def _cache(results: tuple[dict[str, Any], dict[str, Any]], _: Machine) -> Condition:
    """Return what each build found in its caches: the second must have found nothing."""
    texts, had = [], []
    for one in results:
        before, after = one["kept"]
        made = [name for name in after["libraries"] if name not in before["libraries"]]
        libraries = "compiled anew" if made else "kept" if before["libraries"] else "none"
        used = one["bazel"]["from_disk_cache"]
        texts.append(f"{before['results']} results, {used} used; zig's libraries {libraries}")
        had.append(bool(before["results"] or before["libraries"]))
    why = "" if had == [True, False] else "the second build found results of another"
    if not any(had):
        why = "both builds began with nothing kept"
    return Condition("cache", (texts[0], texts[1]), why)


# --------------------------------------------------------------------------------- the clock


def _clock(results: tuple[dict[str, Any], dict[str, Any]], machine: Machine) -> Condition:
    """Return which programs of the second build were shown another time, and which were not."""
    ahead = [_ahead(one) for one in results]
    texts = [", ".join(f"{who} {_text(who, s)}" for who, s in one.items()) for one in ahead]
    shifted = [
        who for who in _CLOCKS if _is(who, ahead[0][who], 0) and _is(who, ahead[1][who], SHIFT_S)
    ]
    values = (texts[0], texts[1])
    left = [who for who in _CLOCKS if who not in shifted]
    notes = [f"not shifted: {', '.join(left)}"] if left else []
    if not machine.faketime:
        notes.append(_NO_LIBRARY)
    elif left == ["Bazel"]:
        notes.append(_SERVER)
    notes += sorted({result["clocks"]["why"] for result in results} - {""})
    if not shifted:
        notes[0] = "no program saw the other time"
        return Condition("clock", values, "; ".join(notes))
    return Condition("clock", values, note="; ".join([*notes, _STATIC]))


def _ahead(result: dict[str, Any]) -> dict[str, float | None]:
    """Return by how many seconds each clock was ahead of the real one."""
    starts = {
        "xnnkit": result["surroundings"]["clock"],
        "Bazel": result["clocks"]["bazel"],
        "actions": result["clocks"]["actions"],
        "compilers": result["clocks"]["compiler"],
    }
    real = result["real"]
    return {
        who: None if start is None or real is None else start - real
        for who, start in starts.items()
    }


def _is(who: str, ahead: float | None, meant: float) -> bool:
    return ahead is not None and abs(ahead - meant) <= _CLOCKS[who]


def _text(who: str, ahead: float | None) -> str:
    if ahead is None:
        return _UNKNOWN
    return _REAL if _is(who, ahead, 0) else f"{ahead / 86400:+.1f} days"
