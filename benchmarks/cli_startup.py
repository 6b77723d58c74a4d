"""How long ``xnnkit --help`` takes against ``python -c "import click"``, as a ratio.

Both run as whole processes, one right after the other, the order alternating; the figure is the
median of the pairs' ratios, so that what else the machine does meets both alike. Aim: at most 1.3.

    python benchmarks/cli_startup.py [--pairs N] [--max RATIO] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys

from pairs import figures, in_turns

XNNKIT = [sys.executable, "-m", "xnnkit", "--help"]
CLICK = [sys.executable, "-c", "import click"]


def measure(pairs: int) -> dict[str, float]:
    """Return the medians over ``pairs`` pairs: both wall times in ms, both ratios."""
    our, their, wall, cpu = figures(*in_turns(XNNKIT, CLICK, pairs))
    return {
        "pairs": pairs,
        "xnnkit_help_ms": our,
        "import_click_ms": their,
        "ratio": wall,
        "cpu_ratio": cpu,
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
