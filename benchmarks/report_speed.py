"""How long ``xnnkit report`` of 100 runs of 1000 repetitions takes, and how large its page is.

The same runs as in ``compare_speed``. The ratio is that of the CPU time to that of a process that
only parses the same files; processes alternate, medians are taken. Aim: below 10 s and 5 MB.

    python benchmarks/report_speed.py [--runs N] [--repetitions N] [--times N] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from compare_speed import PARSE, write
from pairs import once


def measure(count: int, repetitions: int, times: int) -> dict[str, float]:
    """Return medians: wall and CPU time in seconds and the ratio; and the page's size in MB."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write(Path(folder) / "runs", count, repetitions)
        page = Path(folder) / "report.html"
        command = [sys.executable, "-m", "xnnkit", "report", str(Path(folder) / "runs")]
        report = [*command, "-o", str(page)]
        parse = [sys.executable, "-c", PARSE, *map(str, paths)]
        ours, theirs = [], []
        for _ in range(times):
            ours.append(once(report))
            theirs.append(once(parse))
        size = page.stat().st_size / 1e6
        data = sum(path.stat().st_size for path in paths) / 1e6
    return {
        "runs": count,
        "repetitions": repetitions,
        "wall_s": statistics.median(wall for wall, _ in ours),
        "cpu_s": statistics.median(cpu for _, cpu in ours),
        "parse_cpu_s": statistics.median(cpu for _, cpu in theirs),
        "cpu_ratio": statistics.median(a[1] / b[1] for a, b in zip(ours, theirs, strict=True)),
        "page_mb": size,
        "data_mb": data,
    }


def main() -> int:
    """Measure, print, and return 1 when it takes too much CPU time or the page is too large."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=100, help="runs (default 100)")
    parser.add_argument("--repetitions", type=int, default=1000, help="of each (default 1000)")
    parser.add_argument("--times", type=int, default=3, help="how often (default 3)")
    parser.add_argument("--max", type=float, default=10.0, help="most CPU seconds allowed")
    parser.add_argument("--max-size", type=float, default=5.0, help="most MB allowed")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    result = measure(options.runs, options.repetitions, options.times)
    if options.json:
        print(json.dumps({"schema_version": 1, "benchmark": "report_speed", **result}, indent=2))
    else:
        print(
            "{runs} runs of {repetitions}: {cpu_s:.2f} s CPU, {wall_s:.2f} s wall; parsing alone "
            "{parse_cpu_s:.2f} s CPU: {cpu_ratio:.2f}x; a page of {page_mb:.2f} MB that holds "
            "{data_mb:.1f} MB of runs".format(**result)
        )
    return int(result["cpu_s"] > options.max or result["page_mb"] > options.max_size)


if __name__ == "__main__":
    sys.exit(main())
