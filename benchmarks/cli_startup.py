"""How long ``xnnkit --help`` takes against ``python -c "import click"``, as a ratio.

Both run as whole processes, one right after the other, the order alternating; the figure is the
median of the pairs' ratios, so that what else the machine does meets both alike. Aim: at most 1.3.

    python benchmarks/cli_startup.py [--pairs N] [--max RATIO] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
XNNKIT = [sys.executable, "-m", "xnnkit", "--help"]
CLICK = [sys.executable, "-c", "import click"]


def once(command: Sequence[str]) -> tuple[float, float]:
    """Run ``command`` and return its (wall, CPU) time in seconds."""
    env = {**os.environ, "PYTHONPATH": str(TOOLS)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(pairs: int) -> dict[str, float]:
    """Return the medians over ``pairs`` pairs: both wall times in ms, both ratios."""
    once(XNNKIT), once(CLICK)  # the first run writes the byte code
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for number in range(pairs):
        for command, results in ((XNNKIT, ours), (CLICK, theirs))[:: 1 if number % 2 else -1]:
            results.append(once(command))

    def ratio(index: int) -> float:
        return statistics.median(a[index] / b[index] for a, b in zip(ours, theirs, strict=True))

    return {
        "pairs": pairs,
        "xnnkit_help_ms": 1e3 * statistics.median(wall for wall, _ in ours),
        "import_click_ms": 1e3 * statistics.median(wall for wall, _ in theirs),
        "ratio": ratio(0),
        "cpu_ratio": ratio(1),
    }


def main() -> int:
    """Measure, print, and return 1 when the ratio is above ``--max``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=30, help="pairs of runs (default 30)")
    parser.add_argument("--max", type=float, default=1.3, help="highest ratio allowed")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    result = measure(options.pairs)
    if options.json:
        print(json.dumps({"schema_version": 1, "benchmark": "cli_startup", **result}, indent=2))
    else:
        print(
            "xnnkit --help {xnnkit_help_ms:.1f} ms, import click {import_click_ms:.1f} ms: "
            "{ratio:.2f}x wall, {cpu_ratio:.2f}x CPU (median of {pairs} pairs)".format(**result)
        )
    return int(result["ratio"] > options.max)


if __name__ == "__main__":
    sys.exit(main())
