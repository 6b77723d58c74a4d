"""How long ``xnnkit compare`` of 100 runs of 1000 repetitions takes, beside reading their JSON.

Fifty runs of either side, 100,000 repetitions in all. The ratio is that of the CPU time to that of
a process that only parses the same files; processes alternate, medians are taken. Aim: below 3 s of
CPU time (and of wall time, where nothing else runs).

    python benchmarks/compare_speed.py [--runs N] [--repetitions N] [--times N] [--max SECONDS]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
from pathlib import Path

from pairs import TOOLS, once

sys.path.insert(0, str(TOOLS))

from xnnkit.bench import runs

PARSE = "import json, sys\nfor path in sys.argv[1:]:\n    json.load(open(path))"


def write(root: Path, count: int, repetitions: int) -> list[Path]:
    """Write half of the runs for either flavour, and return their files."""
    source = random.Random(1)
    paths = []
    for number in range(count):
        flavour = ("upstream", "kleidiai")[number % 2]
        middle = 100.0 if number % 2 == 0 else 95.0
        entries = [
            {
                "name": "BM_64",
                "run_name": "BM_64",
                "run_type": "iteration",
                "repetitions": repetitions,
                "repetition_index": i,
                "threads": 1,
                "iterations": 10,
                "real_time": source.gauss(middle, 1),
                "cpu_time": source.gauss(middle, 1),
                "time_unit": "ms",
                "items_per_second": 640.0,
            }
            for i in range(repetitions)
        ]
        identity = runs.Identity(
            binary={"name": "bench", "sha256": flavour, "size": 1},
            profile="speed",
            flavour=flavour,
            toolchain="none",
            device={"kind": "adb", "name": "adb:1", "emulated": False},
            arguments=[],
            threads=4,
            started=f"2026-11-21T{number // 60:02d}:{number % 60:02d}:00+00:00",
            seconds=1.0,
            host={},
            xnnkit="0",
        )
        paths.append(runs.save(runs.Run(identity, {"context": {}, "benchmarks": entries}), root))
    return paths


def measure(count: int, repetitions: int, times: int) -> dict[str, float]:
    """Return medians: wall and CPU time of the comparison in seconds, and the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write(Path(folder), count, repetitions)
        sides = [str(Path(folder) / "speed" / name) for name in ("upstream", "kleidiai")]
        compare = [sys.executable, "-m", "xnnkit", "compare", *sides]
        parse = [sys.executable, "-c", PARSE, *map(str, paths)]
        ours, theirs = [], []
        for _ in range(times):
            ours.append(once(compare))
            theirs.append(once(parse))
    return {
        "runs": count,
        "repetitions": repetitions,
        "wall_s": statistics.median(wall for wall, _ in ours),
        "cpu_s": statistics.median(cpu for _, cpu in ours),
        "parse_cpu_s": statistics.median(cpu for _, cpu in theirs),
        "cpu_ratio": statistics.median(a[1] / b[1] for a, b in zip(ours, theirs, strict=True)),
    }


def main() -> int:
    """Measure, print, and return 1 when the CPU time is above ``--max``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=100, help="runs (default 100)")
    parser.add_argument("--repetitions", type=int, default=1000, help="of each (default 1000)")
    parser.add_argument("--times", type=int, default=3, help="how often (default 3)")
    parser.add_argument("--max", type=float, default=3.0, help="most CPU seconds allowed")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    result = measure(options.runs, options.repetitions, options.times)
    if options.json:
        print(json.dumps({"schema_version": 1, "benchmark": "compare_speed", **result}, indent=2))
    else:
        print(
            "{runs} runs of {repetitions}: {cpu_s:.2f} s CPU, {wall_s:.2f} s wall; parsing alone "
            "{parse_cpu_s:.2f} s CPU: {cpu_ratio:.2f}x".format(**result)
        )
    return int(result["cpu_s"] > options.max)


if __name__ == "__main__":
    sys.exit(main())
