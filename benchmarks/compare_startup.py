"""How long ``xnnkit compare`` of two small files takes against ``import numpy, click``, as a ratio.

Both run as whole processes, one right after the other, the order alternating; the figure is the
median of the pairs' ratios, so that what else the machine does meets both alike. Aim: at most 2.

    python benchmarks/compare_startup.py [--pairs N] [--max RATIO] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from pairs import figures, in_turns

IMPORTS = [sys.executable, "-c", "import numpy, click"]


def write(folder: Path) -> list[str]:
    """Write two files of Google Benchmark's JSON: two benchmarks, ten repetitions."""
    paths = []
    for number, factor in enumerate((1.0, 0.9)):
        entries = [
            {
                "name": name,
                "run_name": name,
                "run_type": "iteration",
                "threads": 1,
                "iterations": 10,
                "real_time": factor * (100 + 0.1 * (7 * i % 10)),
                "cpu_time": 100.0,
                "time_unit": "ms",
            }
            for name in ("BM_64", "BM_512")
            for i in range(10)
        ]
        path = folder / f"{number}.json"
        path.write_text(json.dumps({"context": {"num_cpus": 8}, "benchmarks": entries}))
        paths.append(str(path))
    return paths


def measure(pairs: int) -> dict[str, float]:
    """Return the medians over ``pairs`` pairs: both wall times in ms, both ratios."""
    with tempfile.TemporaryDirectory() as folder:
        compare = [sys.executable, "-m", "xnnkit", "compare", *write(Path(folder))]
        our, their, wall, cpu = figures(*in_turns(compare, IMPORTS, pairs))
    return {
        "pairs": pairs,
        "xnnkit_compare_ms": our,
        "imports_ms": their,
        "ratio": wall,
        "cpu_ratio": cpu,
    }


def main() -> int:
    """Measure, print, and return 1 when the ratio is above ``--max``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=20, help="pairs of runs (default 20)")
    parser.add_argument("--max", type=float, default=2.0, help="highest ratio allowed")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    result = measure(options.pairs)
    if options.json:
        print(json.dumps({"schema_version": 1, "benchmark": "compare_startup", **result}, indent=2))
    else:
        print(
            "xnnkit compare {xnnkit_compare_ms:.1f} ms, import numpy, click {imports_ms:.1f} ms: "
            "{ratio:.2f}x wall, {cpu_ratio:.2f}x CPU (median of {pairs} pairs)".format(**result)
        )
    return int(result["ratio"] > options.max)


if __name__ == "__main__":
    sys.exit(main())
