"""How long an ``xnnkit build`` that changes nothing takes against the ``bazel build`` in it.

Both run as whole processes, one right after the other, the order alternating; the figure is the
median of the pairs' ratios of wall time, for Bazel's server is nobody's child. Aim: at most 1.2.

    python benchmarks/noop_build.py OUT [--pairs N] [--max RATIO] [--json]

OUT is the --out of a finished `xnnkit build` whose only other options were --flavour and --origin.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pairs import TOOLS, figures, in_turns

sys.path.insert(0, str(TOOLS))

from xnnkit import untrusted
from xnnkit.build import stamp


def commands(out: Path) -> tuple[list[str], dict[str, Any]]:
    """Return the `xnnkit build` of a directory again, and what its stamp remembers of Bazel.

    Args:
        out: the directory, absolute.

    Raises:
        ValueError: nothing is remembered there, or something changed since.
    """
    try:
        key = untrusted.load(out / stamp.NAME)["key"]
        remembered = stamp.read(out, key)
        ours = [sys.executable, "-m", "xnnkit", "build", key["profile"], "--out", str(out)]
        ours += [f"--flavour={name}" for name in key["flavours"]]
        ours += [f"--origin={name}" for name in key["origins"]]
    except (OSError, ValueError, KeyError, TypeError):
        remembered = None
    if remembered is None:
        raise ValueError(f"{out} is no finished build of yours, or something changed since")
    return ours, remembered


def measure(out: Path, pairs: int) -> dict[str, float]:
    """Return the medians over ``pairs`` pairs: both wall times in ms, and their ratio.

    Raises:
        ValueError: as `commands`; xnnkit did more than to ask Bazel.
        subprocess.CalledProcessError: one of the builds failed.
    """
    ours, remembered = commands(out)
    before = (out / stamp.NAME).stat()
    os.chdir(remembered["workspace"])
    # Bazel tells its news there.
    times = in_turns(ours, remembered["argv"], pairs, stderr=subprocess.DEVNULL)
    after = (out / stamp.NAME).stat()
    if (after.st_ino, after.st_mtime_ns) != (before.st_ino, before.st_mtime_ns):
        raise ValueError(f"{out} was built again: it had other options than --flavour and --origin")
    our, bazels, wall, _ = figures(*times)
    return {"pairs": pairs, "xnnkit_build_ms": our, "bazel_build_ms": bazels, "ratio": wall}


def main() -> int:
    """Measure, print, and return 1 when the ratio is above ``--max``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, metavar="OUT", help="the --out of a finished build")
    parser.add_argument("--pairs", type=int, default=15, help="pairs of runs (default 15)")
    parser.add_argument("--max", type=float, default=1.2, help="highest ratio allowed")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    try:
        result = measure(options.out.absolute(), options.pairs)
    except (ValueError, OSError, subprocess.CalledProcessError) as error:
        parser.error(str(error))
    if options.json:
        print(json.dumps({"schema_version": 1, "benchmark": "noop_build", **result}, indent=2))
    else:
        print(
            "xnnkit build {xnnkit_build_ms:.0f} ms, bazel build {bazel_build_ms:.0f} ms: "
            "{ratio:.2f}x wall (median of {pairs} pairs)".format(**result)
        )
    return int(result["ratio"] > options.max)


if __name__ == "__main__":
    sys.exit(main())
