"""All flavours in one invocation against one flavour alone, both cold, as a ratio in one run.

Cold means: no disk cache and no output base; archives, zig's libraries and Bazel itself are there.
Then each further flavour alone, added to the first one's warm build. Also prints which compilations
outside XNNPACK ran more than once, and whether two builds of one flavour are the same bytes.

    python benchmarks/one_invocation.py [PROFILE] [--flavour NAME ...] [--origin debian ...]

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


def main() -> None:
    """Print the times and their ratios, and what was shared."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("profile", nargs="?", default=DEFAULT_PROFILE)
    parser.add_argument("--flavour", action="append", default=[])
    parser.add_argument("--origin", action="append", default=[])
    given = parser.parse_args()
    pins = profile.load(given.profile)
    first, *others = given.flavour or [flavour.name for flavour in available(pins)]
    arguments = [given.profile, *(f"--origin={origin}" for origin in given.origin)]
    chosen = [f"--flavour={name}" for name in (first, *others)]
    aim = AIMS[pins.benchmark.name]
    with tempfile.TemporaryDirectory(prefix="xnnkit-bench-") as folder:
        scratch = Path(folder)
        one, content = build(scratch, "one", [*arguments, f"--flavour={first}"])
        seen = hashes(content)
        print(f"{first} alone, cold: {one:.1f} s", flush=True)
        for other in others:
            added, content = build(scratch, "one", [*arguments, f"--flavour={other}"])
            seen |= hashes(content)
            print(
                f"{other} added to it: {added:.1f} s, ratio {added / one:.3f} (aim: {ADDED})",
                flush=True,
            )
        every, content = build(scratch, "every", [*arguments, *chosen, "--explain"])
        ratio = f"ratio {every / one:.2f} (aim: {aim})"
        print(f"all {1 + len(others)} at once, cold: {every:.1f} s, {ratio}")
        explanation = content["explanation"]
        twice = [r for r in explanation["repeated"] if not r["touches_xnnpack"]]
        print(f"without anything of XNNPACK, ran more than once: {len(twice)} (aim: 0)")
        print("\n".join(explanation["text"]))
        for flavour, sha256 in hashes(content).items():
            verdict = "the same bytes in both builds" if seen[flavour] == sha256 else "OTHER BYTES"
            print(f"{flavour}: {sha256} {verdict}")


if __name__ == "__main__":
    main()
