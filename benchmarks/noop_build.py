"""A no-op ``xnnkit build`` against the no-op ``bazel build`` it contains, paired, as a ratio.

python benchmarks/noop_build.py OUT     (OUT: the --out of a finished `xnnkit build`)
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

PAIRS = 15
TOOLS = Path(__file__).resolve().parents[1] / "tools"


def seconds(command: list[str], cwd: str) -> float:
    """Return how long a command takes, in seconds; it must succeed."""
    started = time.perf_counter()
    subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(TOOLS)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - started


def main() -> None:
    """Print the medians and the median of the paired ratios."""
    out = Path(sys.argv[1]).absolute()
    stamp = json.loads((out / "stamp.json").read_text())
    key, result = stamp["key"], stamp["result"]
    ours = [sys.executable, "-m", "xnnkit", "build", key["profile"], "--out", str(out)]
    for origin in key["origins"]:
        ours += ["--origin", origin]
    pairs = [
        (seconds(ours, result["workspace"]), seconds(result["argv"], result["workspace"]))
        for _ in range(PAIRS + 1)
    ][1:]
    mine = statistics.median(pair[0] for pair in pairs)
    bazels = statistics.median(pair[1] for pair in pairs)
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"xnnkit build {mine * 1000:.0f} ms, bazel build {bazels * 1000:.0f} ms")
    print(f"ratio {ratio:.2f} (aim: at most 1.20; {PAIRS} pairs)")


if __name__ == "__main__":
    main()
