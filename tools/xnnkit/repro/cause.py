"""Why two ELF files of one source differ: what stands in the sections that are not the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from xnnkit.elf import leaks
from xnnkit.repro.sections import BUILD_ID, Change, Section, functions, named, order

_STRINGS = re.compile(rb"[\x20-\x7e]{4,}")
_PATH = re.compile(rb"(?:^|[^A-Za-z0-9_./])(/[A-Za-z0-9_.+@~-]+/[A-Za-z0-9_.+@~/-]+)")
_EPOCH = re.compile(rb"(?<![0-9a-fA-F])[12][0-9]{9}(?![0-9a-fA-F])")
_CLOCK = re.compile(rb"(?<![0-9])[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?![0-9])")
_DEBUG = (".debug_", ".zdebug_", ".rela.debug_", ".rel.debug_", ".gnu_debug", ".llvm_addrsig")
_SYSTEM = (b"/proc/", b"/dev/", b"/sys/")
_NAMED = 5


@dataclass(frozen=True)
class Traces:
    """What one build could have left of itself.

    Attributes:
        places: its folders, absolute.
        user: the name of its user, "" for one that is not worth looking for.
        host: the name of its machine, "" likewise.
    """

    places: Sequence[str]
    user: str = ""
    host: str = ""


@dataclass(frozen=True)
class Cause:
    """What made two files differ.

    Attributes:
        name: "build path", "date or time", "host name", "user name", "build id only", "debug
            information only", "order of symbols", "other symbols", "another compiler", "unknown";
            of what is not in an ELF file: "missing", "kind of file", "link target", "file mode".
        detail: what was found, with the text and the section.
        fix: what is usually done about it.
    """

    name: str
    detail: str
    fix: str = ""

    def to_json(self) -> dict[str, str]:
        """Return it JSON-ready."""
        return {"name": self.name, "detail": self.detail, "fix": self.fix}


def causes(
    first: list[Section],
    second: list[Section],
    found: Sequence[Change],
    traces: tuple[Traces, Traces] = (Traces(()), Traces(())),
) -> list[Cause]:
    """Return why two files differ, the likeliest first; there is always one.

    Args:
        first: the first file's sections.
        second: the second's.
        found: what ``sections.changes`` says of them; not empty.
        traces: what each build could have left.
    """
    causes: list[Cause] = []
    touched = list(dict.fromkeys(change.section for change in found))
    ours, theirs = named(first), named(second)
    for name in touched:
        pair = [
            b"".join(s.data for (n, _), s in side.items() if n == name) for side in (ours, theirs)
        ]
        for one in _strings(name, (pair[0], pair[1]), traces):
            if one.name not in [cause.name for cause in causes]:
                causes.append(one)
    if ".comment" in touched:
        texts = [_text(side.get((".comment", 0))) for side in (ours, theirs)]
        causes.append(Cause("another compiler", f".comment: {texts[0]} | {texts[1]}"))
    causes += _structure(first, second, touched)
    return causes or [_unknown(first, second, found)]


def _text(section: Section | None) -> str:
    return (
        section.data.strip(b"\0").replace(b"\0", b"; ").decode("ascii", "replace")
        if section
        else "none"
    )


# ------------------------------------------------------------------------------ what is written


def _strings(section: str, pair: tuple[bytes, bytes], traces: tuple[Traces, Traces]) -> list[Cause]:
    """Look at the strings that only one of two contents has."""
    sets = [set(_STRINGS.findall(data)) for data in pair]
    only = (sets[0] - sets[1], sets[1] - sets[0])
    found: list[Cause] = []
    paths = [_known(strings, trace.places) for strings, trace in zip(only, traces, strict=True)]
    if not any(paths):
        # A place need not be known beforehand: an absolute path that differs is one.
        found_paths = [set(_PATH.findall(data)) for data in pair]
        paths = [_others(found_paths[0], found_paths[1]), _others(found_paths[1], found_paths[0])]
    if any(paths):
        found.append(
            Cause(
                "build path",
                f"{section}: {_pair(paths)}",
                "-ffile-prefix-map=PLACE=. for compilers; no $PWD in what a rule generates",
            )
        )
    dates = [set(leaks.dates([data])) for data in pair]
    clocks = [sorted(dates[0] - dates[1]), sorted(dates[1] - dates[0])]
    if not any(clocks):
        clocks = [_times(strings) for strings in only]
    if any(clocks):
        found.append(
            Cause(
                "date or time",
                f"{section}: {_pair(clocks)}",
                '-D__DATE__=\\"redacted\\" and the like; no date in what a rule generates',
            )
        )
    for what in ("host", "user"):
        names = [getattr(trace, what).encode() for trace in traces]
        hits = [
            sorted(_show(s) for s in strings if name and name in s)
            for strings, name in zip(only, names, strict=True)
        ]
        if any(hits) and names[0] != names[1]:
            found.append(Cause(f"{what} name", f"{section}: {_pair(hits)}"))
    return found


def _known(strings: set[bytes], places: Sequence[str]) -> list[str]:
    known = [place.encode() for place in places if len(place) > 1]
    return sorted(_show(s) for s in strings if any(place in s for place in known))


def _others(paths: set[bytes], other: set[bytes]) -> list[str]:
    """Return the paths that the other file has not, without those that every system has."""
    return sorted(_show(s) for s in paths - other if not s.startswith(_SYSTEM))


def _times(strings: set[bytes]) -> list[str]:
    return sorted(_show(s) for s in strings if _EPOCH.search(s) or _CLOCK.search(s))


def _show(text: bytes) -> str:
    shown = text.decode("ascii", "replace")
    return shown if len(shown) <= 120 else shown[:117] + "..."


def _pair(pair: Sequence[Sequence[str]]) -> str:
    return " | ".join(f'"{texts[0]}"' if texts else "(nothing of the kind)" for texts in pair)


# ------------------------------------------------------------------------------- how it is made


def _structure(first: list[Section], second: list[Section], touched: list[str]) -> list[Cause]:
    rest = [name for name in touched if name != BUILD_ID]
    if not rest:
        return [
            Cause(
                "build id only",
                "everything else is the same: the id is random, or made from something outside",
                "-Wl,--build-id=sha1",
            )
        ]
    if all(name.startswith(_DEBUG) for name in rest):
        detail = f"code and data are the same; {', '.join(rest[:_NAMED])} are not"
        return [Cause("debug information only", detail, "-g0, or -fdebug-compilation-dir=.")]
    orders = [order(first), order(second)]
    if orders[0] == orders[1]:
        return []
    if sorted(orders[0]) == sorted(orders[1]):
        at = next(i for i, (a, b) in enumerate(zip(*orders, strict=True)) if a != b)
        detail = f"the same symbols in another order, from {orders[0][at]} | {orders[1][at]} on"
        return [
            Cause(
                "order of symbols", detail, "link inputs in a fixed order; sort what a glob finds"
            )
        ]
    only = [sorted(set(orders[i]) - set(orders[1 - i])) for i in (0, 1)]
    if not any(only):
        return []
    return [Cause("other symbols", _several(only))]


def _several(only: Sequence[Sequence[str]]) -> str:
    texts = []
    for which, names in zip(("first", "second"), only, strict=True):
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            texts.append(f"only in the {which}: {', '.join(names[:_NAMED])}{more}")
    return "; ".join(texts)


def _unknown(first: list[Section], second: list[Section], found: Sequence[Change]) -> Cause:
    ours, theirs = functions(first), functions(second)
    code = [name for name, body in ours.items() if name in theirs and theirs[name] != body]
    names = ", ".join(code[:_NAMED])
    detail = f"{len(code)} function(s) differ: {names}" if code else f"{found[0].section} differs"
    return Cause("unknown", detail)
