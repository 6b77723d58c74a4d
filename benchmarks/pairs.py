"""Whole processes timed beside each other, so that what else the machine does meets both alike."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"

Times = list[tuple[float, float]]
"""(wall, CPU) seconds of each run."""


def once(command: Sequence[str], stderr: int | None = None) -> tuple[float, float]:
    """Run ``command`` with xnnkit importable and return its (wall, CPU) time in seconds.

    Args:
        command: the program and its arguments; it must succeed.
        stderr: where its messages go, as `subprocess.run` takes it.
    """
    env = {**os.environ, "PYTHONPATH": str(TOOLS)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=stderr, check=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def in_turns(
    ours: Sequence[str], theirs: Sequence[str], pairs: int, stderr: int | None = None
) -> tuple[Times, Times]:
    """Run two commands ``pairs`` times, one right after the other, the order alternating."""
    once(ours, stderr), once(theirs, stderr)  # the first run writes the byte code
    found: tuple[Times, Times] = ([], [])
    for number in range(pairs):
        for command, times in ((ours, found[0]), (theirs, found[1]))[:: 1 if number % 2 else -1]:
            times.append(once(command, stderr))
    return found


def figures(ours: Times, theirs: Times) -> tuple[float, float, float, float]:
    """Return medians: both wall times in ms, the pairs' ratio of wall times, that of CPU times."""
    walls = [1e3 * statistics.median(wall for wall, _ in times) for times in (ours, theirs)]
    both = list(zip(ours, theirs, strict=True))
    ratios = [statistics.median(a[index] / b[index] for a, b in both) for index in (0, 1)]
    return walls[0], walls[1], ratios[0], ratios[1]
