"""What was built: the programs that were measured, and what went into them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from xnnkit.bench import llm_block
from xnnkit.bench.analysis import Group
from xnnkit.bench.runs import Run
from xnnkit.bench.sides import Side
from xnnkit.elf.show import kernels_line


@dataclass(frozen=True)
class Program:
    """One program.

    Attributes:
        flavour: of it.
        sha256: "" when nobody knows it.
        facts: what else is known of it, name -> text, in the order in which it is shown.
        devices: where it ran.
    """

    flavour: str
    sha256: str
    facts: dict[str, str]
    devices: tuple[str, ...]


@dataclass(frozen=True)
class Pin:
    """One archive that went into programs.

    Attributes:
        name: of it.
        sha256: of its bytes.
        tree: of what is in it.
        origin: kind of place that it came from.
        flavours: that have it.
        prebuilt: only its bytes were checked.
        accepted: its bytes are not the pinned ones.
    """

    name: str
    sha256: str
    tree: str
    origin: str
    flavours: tuple[str, ...]
    prebuilt: bool
    accepted: bool


def programs(groups: Iterable[Group]) -> list[Program]:
    """Return the programs of all groups, each once, in their order."""
    found: dict[tuple[str, str], Program] = {}
    for group in groups:
        for side in group.sides:
            one = _program(side)
            key = (one.flavour, one.sha256)
            before = found.get(key)
            devices = (*(before.devices if before else ()), group.device)
            facts = _merged(before.facts, one.facts) if before else one.facts
            found[key] = Program(one.flavour, one.sha256, facts, tuple(dict.fromkeys(devices)))
    return list(found.values())


def pins(groups: Iterable[Group]) -> list[Pin]:
    """Return the archives of all programs by name; equal ones once, with the flavours of each."""
    found: dict[tuple[str, ...], dict[str, None]] = {}
    odd: dict[tuple[str, ...], tuple[bool, bool]] = {}
    for group in groups:
        for side in group.sides:
            for run in side.runs:
                accepted = run.identity.accepted
                for archive in run.identity.archives:
                    words = ("name", "sha256", "tree", "origin")
                    key = tuple(_word(archive.get(word)) for word in words)
                    found.setdefault(key, {})[run.identity.flavour] = None
                    odd[key] = (bool(archive.get("prebuilt")), archive.get("name") in accepted)
    return [
        Pin(key[0], key[1], key[2], key[3], tuple(flavours), *odd[key])
        for key, flavours in sorted(found.items(), key=lambda item: item[0])
    ]


def _program(side: Side) -> Program:
    if not side.runs:
        said = str(side.facts.get("executable", ""))
        facts = {"known": "only its results: the file says nothing of the program"}
        return Program(side.flavour, "", {"name": said, **facts} if said else facts, ())
    first = side.runs[0].identity
    facts = {
        "name": _word(first.binary.get("name")),
        "size": f"{first.binary['size']:,} bytes" if _whole(first.binary.get("size")) else "",
        "profile": first.profile,
        "benchmark": first.benchmark,
        "toolchain": _word(first.toolchain),
        "method": _word(first.method),
        "arguments": _each(" ".join(run.identity.arguments) for run in side.runs),
        "threads": _each(_word(run.identity.threads) for run in side.runs),
        "kernels entered": _kernels(side.runs),
        "verified": _verified(side.runs),
        "made by": _each(f"xnnkit {run.identity.xnnkit}" for run in side.runs),
    }
    sha256 = _word(first.binary.get("sha256"))
    return Program(side.flavour, sha256, {k: v for k, v in facts.items() if v}, ())


def _merged(before: dict[str, str], now: dict[str, str]) -> dict[str, str]:
    return before | {k: _each((before.get(k, ""), v)) for k, v in now.items()}


def _each(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _kernels(runs: Iterable[Run]) -> str:
    found = [run.identity.executed for run in runs if run.identity.executed is not None]
    return _each(kernels_line([str(name) for name in names]) for names in found)


def _verified(runs: Iterable[Run]) -> str:
    found = [run.identity.verify for run in runs if run.identity.verify]
    try:
        return _each(llm_block.text(one) for one in found)
    except (KeyError, TypeError, ValueError):
        return "said in a form that is not known here"


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _word(value: Any) -> str:
    return "" if value is None else str(value)
