"""What counting instructions costs: processor time of counted runs against plain ones, as a ratio.

    python benchmarks/count_overhead.py PROGRAM [ARGUMENTS...]     (a Google Benchmark for arm64)

Pairs of runs under qemu, the plain one first in every other pair; the median of the pairs' ratios
is printed. The counted numbers of all runs must be the same, or the exit code is 1: give a program
one thread. Aim: at most 2.0 times. ``--json`` writes the figures.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from xnnkit.device import Job
from xnnkit.device.count import GOOGLE_BENCHMARK, Counted
from xnnkit.device.qemu import Qemu

PAIRS = 7
AIM = 2.0


def seconds(qemu: Qemu, job: Job) -> tuple[float, Counted | None]:
    """Return the processor time of one run, in seconds, and what was counted in its last loop."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = qemu.run(job)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.code != 0:
        sys.exit(f"{job.binary}: {done.ending}: {done.tail[-1:]}")
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return used, done.counts.windows[-1] if done.counts and done.counts.windows else None


def main() -> None:
    """Print the medians, the ratio and the counted number."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("program", type=Path)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    qemu = Qemu()
    plain = Job(given.program, given.arguments)
    counted = Job(given.program, given.arguments, count=GOOGLE_BENCHMARK)
    seconds(qemu, counted)  # compiles the plugin, and fills the disk's cache
    pairs: list[tuple[float, float]] = []
    found: list[Counted | None] = []
    for i in range(given.pairs):
        order = (plain, counted) if i % 2 == 0 else (counted, plain)
        took = {}
        for job in order:
            took[job is counted], result = seconds(qemu, job)
            found += [result] if job is counted else []
        pairs.append((took[False], took[True]))
    ratio = statistics.median(b / a for a, b in pairs)
    without, with_ = (statistics.median(column) for column in zip(*pairs, strict=True))
    same = all(one == found[0] for one in found) and found[0] is not None
    print(f"plain {without:.2f} s, counted {with_:.2f} s of processor time, {given.pairs} pairs")
    print(f"ratio {ratio:.2f} (aim: at most {AIM:.2f})")
    number = found[0].instructions if found[0] else "no"
    print(f"{number} instructions in the loop, {'each time' if same else 'NOT EACH TIME THE SAME'}")
    if given.json:
        figures = {"plain_s": without, "counted_s": with_, "ratio": ratio, "same": same}
        given.json.write_text(json.dumps(figures) + "\n")
    sys.exit(0 if ratio <= AIM and same else 1)


if __name__ == "__main__":
    main()
