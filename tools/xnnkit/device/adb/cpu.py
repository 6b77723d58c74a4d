"""Cores and their features, from what a device's kernel says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from xnnkit import untrusted

# As the kernel calls them -> as kernels' names and compilers do.
_NAMES = {
    "asimdhp": "fp16",
    "asimddp": "dotprod",
    "i8mm": "i8mm",
    "bf16": "bf16",
    "sve": "sve",
    "sve2": "sve2",
    "sme": "sme",
    "sme2": "sme2",
}


@dataclass(frozen=True)
class Core:
    """One core: number, and what the kernel says of it, None or "" where it says nothing.

    ``capacity`` is relative (the largest core has 1024), ``max_khz`` its highest clock.
    """

    number: int
    capacity: int | None = None
    max_khz: int | None = None
    governor: str = ""
    online: bool = True

    @property
    def size(self) -> tuple[int, int]:
        """What cores are ordered by."""
        return (self.capacity or 0, self.max_khz or 0)


def features(cpuinfo: str) -> frozenset[str] | None:
    """Return the optional features that every core lists in ``/proc/cpuinfo``; None if none lists.

    A program may be moved to any core, so what one of them lacks, it must not use.
    """
    rows = re.findall(r"^Features\s*:(.*)$", cpuinfo, re.MULTILINE)
    if not rows:
        return None
    common = set.intersection(*(set(row.split()) for row in rows))
    return frozenset(name for word, name in _NAMES.items() if word in common)


def cores(values: Mapping[str, str]) -> list[Core]:
    """Return the cores, by number.

    Args:
        values: path below ``/sys/devices/system/cpu`` -> its content.
    """
    seen: dict[int, dict[str, str]] = {}
    for path, value in values.items():
        if match := re.fullmatch(r"cpu([0-9]{1,4})/(?:.*/)?([a-z_]+)", path):
            seen.setdefault(int(match[1]), {})[match[2]] = value.strip()
    return [
        Core(
            number,
            _number(one.get("cpu_capacity")),
            _number(one.get("cpuinfo_max_freq")),
            one.get("scaling_governor", ""),
            one.get("online", "1") != "0",
        )
        for number, one in sorted(seen.items())
    ]


def clusters(found: Iterable[Core]) -> list[dict[str, Any]]:
    """Return groups of like cores, smallest first, JSON-ready."""
    groups: dict[tuple[tuple[int, int], str, bool], list[Core]] = {}
    for core in found:
        groups.setdefault((core.size, core.governor, core.online), []).append(core)
    rows = []
    for _, members in sorted(groups.items(), key=lambda item: item[0]):
        first = members[0]
        row: dict[str, Any] = {"cpus": _ranges([m.number for m in members])}
        if first.capacity is not None:
            row["capacity"] = first.capacity
        if first.max_khz is not None:
            row["max_mhz"] = round(first.max_khz / 1000)
        if first.governor:
            row["governor"] = first.governor
        if not first.online:
            row["online"] = False
        rows.append(row)
    return rows


def big(found: Iterable[Core]) -> int:
    """Return the mask of all cores but the smallest kind; 0 when all that run are alike.

    The kinds are told apart by capacity, where the kernel knows it, else by the highest clock.
    """
    running = [core for core in found if core.online]
    if running and all(core.capacity is not None for core in running):
        sizes = {core.number: core.capacity or 0 for core in running}
    else:
        sizes = {core.number: core.max_khz or 0 for core in running}
    if len(set(sizes.values())) < 2:
        return 0
    least = min(sizes.values())
    return sum(1 << number for number, size in sizes.items() if size > least)


def _number(text: str | None) -> int | None:
    return untrusted.number(text or "")


def _ranges(numbers: list[int]) -> str:
    """Return numbers as the kernel writes sets of cores: ``0-3,6``."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in parts)
