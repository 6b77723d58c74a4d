"""How fast a file in the cache is verified, against bare hashlib and against ``sha256sum``.

All three read the same file, which the page cache holds, one right after the other in alternating
order; a figure is the median of the rounds' ratios of throughput. Aim: at least 0.95 of hashlib.

    python benchmarks/verify_throughput.py [--mib N] [--rounds N] [--min RATIO] [--json]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from xnnkit.archives.cache import Cache

MIB = 1 << 20


def fill(cache: Cache, mib: int) -> str:
    """Put a file of ``mib`` MiB of random bytes into the cache; return its sha256."""
    hasher = hashlib.sha256()
    part = cache.scratch("0" * 64, "part")
    with part.open("wb") as out:
        for _ in range(mib):
            block = os.urandom(MIB)
            hasher.update(block)
            out.write(block)
    cache.publish(part, hasher.hexdigest())
    return hasher.hexdigest()


def bare_hashlib(path: Path) -> str:
    """Hash a file as one would by hand."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(MIB):
            hasher.update(block)
    return hasher.hexdigest()


def sha256sum(path: Path) -> str:
    """Let coreutils hash a file."""
    done = subprocess.run(["sha256sum", path], check=True, capture_output=True, text=True)
    return done.stdout.split()[0]


def measure(mib: int, rounds: int) -> dict[str, float]:
    """Return the median throughputs in MiB/s and the median ratios."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder))
        digest = fill(cache, mib)
        blob = cache.blob_path(digest)

        def ours() -> bool:
            return cache.get(digest, mib * MIB) == blob

        ways: dict[str, Callable[[], bool]] = {
            "xnnkit": ours,
            "hashlib": lambda: bare_hashlib(blob) == digest,
        }
        if shutil.which("sha256sum"):
            ways["sha256sum"] = lambda: sha256sum(blob) == digest
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(-1, rounds):  # the first round only warms up
            for name in list(ways)[:: 1 if number % 2 else -1]:
                start = time.perf_counter()
                assert ways[name]()
                if number >= 0:
                    rates[name].append(mib / (time.perf_counter() - start))
    result = {f"{name}_mib_per_s": statistics.median(found) for name, found in rates.items()}
    for other in rates.keys() - {"xnnkit"}:
        pairs = zip(rates["xnnkit"], rates[other], strict=True)
        result[f"ratio_to_{other}"] = statistics.median(a / b for a, b in pairs)
    return {"mib": mib, "rounds": rounds, **result}


def main() -> int:
    """Measure, print, and return 1 when the ratio to hashlib is below ``--min``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mib", type=int, default=512, help="the file's size (default 512)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--min", type=float, default=0.95, help="lowest ratio allowed")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    result = measure(options.mib, options.rounds)
    if options.json:
        print(json.dumps({"schema_version": 1, "benchmark": "verify_throughput", **result}))
    else:
        names = [n for n in ("xnnkit", "hashlib", "sha256sum") if f"{n}_mib_per_s" in result]
        rates = ", ".join(f"{n} {result[f'{n}_mib_per_s']:.0f} MiB/s" for n in names)
        ratios = ", ".join(f"{result[f'ratio_to_{n}']:.3f} of {n}" for n in names[1:])
        print(f"{rates}: {ratios} (median of {options.rounds} rounds of {options.mib} MiB)")
    return int(result["ratio_to_hashlib"] < options.min)


if __name__ == "__main__":
    sys.exit(main())
