"""How long ``mirror`` takes to make XNNPACK's archive, against the bare pipe that makes it.

The pipe is ``git archive | gzip -cn | sha256sum`` on the clone itself; mirror also bounds, writes
and publishes the file. Both run alternately; the figure is the median of the pairs' ratios of wall
time. Aim: at most 1.1.

    XNNKIT_GIT_ROOT=~/clones python benchmarks/mirror_throughput.py [--pairs N] [--max RATIO]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from xnnkit import paths, profile
from xnnkit.archives import mirror, regenerate
from xnnkit.profile import GitOrigin, Profile


def only(name: str, archive: str) -> Profile:
    """Return the profile with one archive in it."""
    whole = profile.load(name)
    return whole.model_copy(update={"archive": (whole.get_archive(archive),)})


def pipe(git_root: Path, one: Profile) -> str:
    """Make the archive by the bare pipe; return its sha256."""
    archive = one.archive[0]
    origin = next(o for o in archive.origin if isinstance(o, GitOrigin))
    clone = regenerate.find_clone(git_root, origin.repository)
    assert clone is not None, f"no clone of {origin.repository} under {git_root}"
    git_dir = clone / ".git" if (clone / ".git").is_dir() else clone
    fmt = "zip" if origin.format == "zip" else "tar"
    command = f"git archive --format={fmt} --prefix={origin.strip_prefix}/ {archive.commit}"
    command += " | gzip -cn | sha256sum" if fmt == "tar" else " | sha256sum"
    env = {**os.environ, "TZ": origin.timezone, "GIT_DIR": str(git_dir)}
    done = subprocess.run(
        ["sh", "-c", command], env=env, check=True, capture_output=True, text=True
    )
    return done.stdout.split()[0]


def measure(git_root: Path, one: Profile, pairs: int) -> dict[str, float]:
    """Return both median wall times in seconds and the median ratio."""
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as out:
        for number in range(-1, pairs):  # the first pair only warms up
            for way in ("mirror", "pipe")[:: 1 if number % 2 else -1]:
                start = time.perf_counter()
                if way == "mirror":
                    (made,) = mirror.mirror_profile(one, git_root=git_root, out=Path(out))
                    digest = made.sha256
                else:
                    digest = pipe(git_root, one)
                took = time.perf_counter() - start
                expected = next(o for o in one.archive[0].origin if isinstance(o, GitOrigin)).sha256
                assert digest == expected, f"{way} made other bytes: {digest}"
                if number >= 0:
                    (ours if way == "mirror" else theirs).append(took)
    return {
        "pairs": pairs,
        "mirror_s": statistics.median(ours),
        "pipe_s": statistics.median(theirs),
        "ratio": statistics.median(a / b for a, b in zip(ours, theirs, strict=True)),
    }


def main() -> int:
    """Measure, print, and return 1 when the ratio is above ``--max``; 3 without clones."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--profile", default="xnnpack-2024-11")
    parser.add_argument("--archive", default="XNNPACK")
    parser.add_argument("--pairs", type=int, default=7, help="pairs of runs (default 7)")
    parser.add_argument("--max", type=float, default=1.1, help="highest ratio allowed")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    git_root = paths.git_root()
    if git_root is None:
        print("set XNNKIT_GIT_ROOT to a folder of clones", file=sys.stderr)
        return 3
    result = measure(git_root, only(options.profile, options.archive), options.pairs)
    if options.json:
        print(json.dumps({"schema_version": 1, "benchmark": "mirror_throughput", **result}))
    else:
        print(
            "mirror {mirror_s:.2f} s, git archive | gzip -cn | sha256sum {pipe_s:.2f} s: "
            "{ratio:.3f}x (median of {pairs} pairs)".format(**result)
        )
    return int(result["ratio"] > options.max)


if __name__ == "__main__":
    sys.exit(main())
