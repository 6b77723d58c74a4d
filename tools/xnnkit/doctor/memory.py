"""Whether a benchmark fits into memory under an emulator, asked before hours are lost to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from xnnkit.doctor import probes as ask
from xnnkit.doctor.model import Need
from xnnkit.errors import BadEnvironment
from xnnkit.profile import Profile
from xnnkit.profile.model import Benchmark, Memory

GB = 10**9

# With one of these no benchmark is run.
_IDLE = ("--help", "--helpfull", "--benchmark_list_tests", "--gtest_list_tests", "--version")


def needed(profile: Profile, arguments: Sequence[str]) -> tuple[str, int]:
    """Return which benchmark of a run needs most memory under an emulator, and how many bytes.

    Args:
        profile: whose program is run.
        arguments: the program's own; with none, an emulated device gets the profile's.

    Returns:
        ("", 0) where nothing is known to need much.
    """
    benchmark = profile.benchmark
    if any(one.split("=")[0] in _IDLE and not one.endswith("=false") for one in arguments):
        return "", 0
    chosen = _chosen(benchmark, arguments or benchmark.emulated_arguments)
    if not chosen:
        return "", 0
    largest = max(chosen, key=lambda one: one.bytes)
    return largest.name, largest.bytes


def refuse(
    profile: Profile,
    arguments: Sequence[str],
    available: Callable[[], int | None] = ask.memory_available,
) -> None:
    """Refuse a run on an emulated device of this machine that does not fit into memory.

    Args:
        profile: whose program is run.
        arguments: the program's own, none for the profile's.
        available: says how many bytes are free for a new program; None if that is not known.

    Raises:
        BadEnvironment: it does not fit; the message says what would.
    """
    name, octets = needed(profile, arguments)
    free = available()
    if free is None or free >= octets:
        return
    raise BadEnvironment(
        f"{name} needs {octets / GB:.2f} GB of memory under an emulator, {free / GB:.2f} GB are"
        " free",
        where="MemAvailable in /proc/meminfo",
        why="the system would end it half-way, or start to swap",
        fix="\n".join([*_smaller(profile, free), "ps aux --sort=-rss | head  # what is large"]),
    )


def check(profile: Profile, probes: ask.Probes) -> Iterator[Need]:
    """Yield a need for each benchmark of the profile that needs much under an emulator."""
    free = probes.memory_available()
    for one in profile.benchmark.memory:
        name, octets = one.name, one.bytes
        if free is None:
            yield Need(f"run {name}", True, False, "free memory is not known on this machine")
            continue
        found = f"{octets / GB:.2f} GB needed under an emulator, {free / GB:.2f} GB free"
        fixes = [*_smaller(profile, free), "ps aux --sort=-rss | head  # what is large"]
        ok = free >= octets
        yield Need(f"run {name}", ok, False, found, "" if ok else fixes[0])


def _smaller(profile: Profile, free: int) -> list[str]:
    fitting = [one for one in profile.benchmark.memory if one.bytes <= free]
    return [
        f"xnnkit run {profile.name} -- --benchmark_filter={one.benchmarks[0]}"
        for one in fitting[:1]
    ]


def _chosen(benchmark: Benchmark, arguments: Sequence[str]) -> list[Memory]:
    """Return the measured benchmarks that Google Benchmark's filter lets run."""
    pattern = ""
    for argument in arguments:
        if argument.startswith("--benchmark_filter="):
            pattern = argument.split("=", 1)[1]
    negative = pattern.startswith("-")
    if pattern in ("", "all"):
        pattern = "."
    try:
        regex = re.compile(pattern.removeprefix("-"))
    except re.error:
        return list(benchmark.memory)  # for the program to complain about
    return [
        one
        for one in benchmark.memory
        if any(bool(regex.search(name)) != negative for name in one.benchmarks)
    ]
