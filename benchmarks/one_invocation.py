"""All flavours in one invocation against one flavour alone, both cold, as a ratio in one run.

Cold means: no disk cache and no output base; archives, zig's libraries and Bazel itself are there.
Then each further flavour alone, added to the first one's warm build. Also prints which compilations
outside XNNPACK ran more than once, and whether two builds of one flavour are the same bytes.

    python benchmarks/one_invocation.py [PROFILE] [--flavour NAME ...] [--origin NAME ...] [--json]

Aims, of one flavour's time alone: all at once 1.60 for llm_block and 1.25 for llm_test, each
further one 0.15; nothing without XNNPACK in it runs twice, and the bytes are the same.

Without ``--flavour``: every flavour of the profile that can be built. The first one named is built
alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parents[1] / "tools"
sys.path.insert(0, str(TOOLS))

from xnnkit import profile  # noqa: E402 - found through the line above
from xnnkit.cli._common import DEFAULT_PROFILE  # noqa: E402
from xnnkit.render.repositories import available  # noqa: E402

AIMS = {"llm_block": 1.60, "llm_test": 1.25}
ADDED = 0.15


def build(scratch: Path, name: str, arguments: list[str]) -> tuple[float, dict[str, Any]]:
    """Build once and return (seconds of the whole command, the build's JSON).

    Args:
        scratch: a directory for what is built.
        name: of this build's folders in it; with a new one the build is cold.
        arguments: further ones of ``xnnkit build``.
    """
    command = [sys.executable, "-m", "xnnkit", "build", "--out", str(scratch / name)]
    command += ["--disk-cache", str(scratch / f"{name}-cache"), "--json", "--log"]
    command += [str(scratch / f"{name}.log"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(TOOLS)}
    # The repositories are fetched first: unpacking is not what is compared.
    subprocess.run(
        [*command, "--bazel-option=--nobuild"], env=environment, capture_output=True, check=False
    )
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(done.stderr)
    content: dict[str, Any] = json.loads(done.stdout)
    return seconds, content


def hashes(content: dict[str, Any]) -> dict[str, str]:
    """Return flavour -> sha256 of a build's binaries."""
    return {binary["flavour"]: binary["sha256"] for binary in content["binaries"]}


def measure(
    pins: profile.Profile, names: Sequence[str], arguments: list[str], say: Callable[[str], None]
) -> dict[str, Any]:
    """Return times in seconds, their ratios, and what ran twice; ``say`` hears of each step.

    Args:
        pins: the profile.
        names: flavours; the first is built alone, each other is added to it.
        arguments: of every ``xnnkit build``: the profile, and where archives come from.
        say: takes a line for people.
    """
    first, *others = names
    added = {}
    with tempfile.TemporaryDirectory(prefix="xnnkit-bench-") as folder:
        scratch = Path(folder)
        one, content = build(scratch, "one", [*arguments, f"--flavour={first}"])
        seen = hashes(content)
        say(f"{first} alone, cold: {one:.1f} s")
        for other in others:
            seconds, content = build(scratch, "one", [*arguments, f"--flavour={other}"])
            seen |= hashes(content)
            added[other] = seconds / one
            say(f"{other} added to it: {seconds:.1f} s, ratio {added[other]:.3f} (aim: {ADDED})")
        chosen = [f"--flavour={name}" for name in names]
        every, content = build(scratch, "every", [*arguments, *chosen, "--explain"])
    aim = AIMS[pins.benchmark.name]
    say(f"all {len(names)} at once, cold: {every:.1f} s, ratio {every / one:.2f} (aim: {aim})")
    explanation = content["explanation"]
    twice = [row for row in explanation["repeated"] if not row["touches_xnnpack"]]
    say(f"without anything of XNNPACK, ran more than once: {len(twice)} (aim: 0)")
    say("\n".join(explanation["text"]))
    other_bytes = []
    for flavour, sha256 in hashes(content).items():
        same = seen[flavour] == sha256
        other_bytes += [] if same else [flavour]
        say(f"{flavour}: {sha256} {'the same bytes in both builds' if same else 'OTHER BYTES'}")
    return {
        "alone_s": one,
        "all_s": every,
        "ratio": every / one,
        "ratio_aim": aim,
        "added_ratios": added,
        "added_aim": ADDED,
        "repeated_without_xnnpack": len(twice),
        "other_bytes": other_bytes,
    }


def missed(result: dict[str, Any]) -> bool:
    """Tell whether any aim was missed."""
    return bool(
        result["ratio"] > result["ratio_aim"]
        or any(ratio > result["added_aim"] for ratio in result["added_ratios"].values())
        or result["repeated_without_xnnpack"]
        or result["other_bytes"]
    )


def main() -> int:
    """Print the times and their ratios, and what was shared; return 1 when an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("profile", nargs="?", default=DEFAULT_PROFILE)
    parser.add_argument("--flavour", action="append", default=[])
    parser.add_argument("--origin", action="append", default=[])
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    given = parser.parse_args()
    pins = profile.load(given.profile)
    names = given.flavour or [flavour.name for flavour in available(pins)]
    arguments = [given.profile, *(f"--origin={origin}" for origin in given.origin)]
    stream = sys.stderr if given.json else sys.stdout
    result = measure(pins, names, arguments, lambda line: print(line, file=stream, flush=True))
    if given.json:
        print(json.dumps({"schema_version": 1, "benchmark": "one_invocation", **result}, indent=2))
    return int(missed(result))


if __name__ == "__main__":
    sys.exit(main())
