"""All flavours in one invocation against one flavour alone, both cold, as a ratio in one run.

Cold means: no disk cache and no output base; archives, zig's libraries and Bazel itself are there.
Also prints how many compilations outside XNNPACK ran more than once.

    python benchmarks/one_invocation.py [PROFILE] [--origin debian --origin pypi]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1] / "tools"


def build(scratch: Path, name: str, arguments: list[str]) -> tuple[float, dict[str, object]]:
    """Build once, cold, and return (seconds of the Bazel invocation, the build's JSON).

    Args:
        scratch: an empty directory.
        name: of this build's folders in it.
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
    return seconds, json.loads(done.stdout)


def main() -> None:
    """Print both times and their ratio."""
    with tempfile.TemporaryDirectory(prefix="xnnkit-bench-") as folder:
        scratch = Path(folder)
        one, _ = build(scratch, "one", [*sys.argv[1:], "--flavour", "upstream"])
        every, content = build(scratch, "every", [*sys.argv[1:], "--explain"])
        explanation = content["explanation"]
        assert isinstance(explanation, dict)
        twice = [r for r in explanation["repeated"] if not r["touches_xnnpack"]]
        print(f"upstream alone        {one:8.1f} s")
        print(f"all flavours at once  {every:8.1f} s   ratio {every / one:.2f} (aim: at most 1.60)")
        print(f"outside XNNPACK, ran more than once: {len(twice)} (aim: 0)")
        print("\n".join(explanation["text"]))


if __name__ == "__main__":
    main()
