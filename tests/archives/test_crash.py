"""Processes that are killed, and processes that come in a crowd."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from xnnkit.archives import tend


def start(profile: Path) -> subprocess.Popen[bytes]:
    tools = Path(__file__).resolve().parents[2] / "tools"
    return subprocess.Popen(
        [sys.executable, "-m", "xnnkit", "fetch", str(profile), "--json", "-j", "1"],
        env={**os.environ, "PYTHONPATH": str(tools)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # A shell that runs the tests in the background has it ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_kill_9_at_any_point(share: float, world: Any) -> None:
    """The next run repairs the cache by itself, and continues what was there."""
    profile = world.profile_file(world.debian())
    whole = len(world.upstream.tarxz) + len(world.toolchain)
    world.server.pause = 0.01
    process = start(profile)
    deadline = time.monotonic() + 20
    while world.server.sent < share * whole or not world.server.requests:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert tend.check(world.cache) == [], "nothing incomplete may stand under its final name"

    world.server.pause = 0
    before = world.server.sent
    again = start(profile)
    output, _ = again.communicate()
    assert again.returncode == 0, output
    assert tend.check(world.cache) == []
    assert len(tend.blobs(world.cache)) == 2
    assert not list(world.cache.partial.iterdir()), "the next run cleans up"
    assert world.server.sent - before <= whole - 0.7 * share * whole + 100_000


def test_eight_at_once_download_each_file_once(world: Any) -> None:
    profile = world.profile_file(world.debian())
    world.server.pause = 0.005
    crowd = [start(profile) for _ in range(8)]
    for process in crowd:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
    assert dict(world.server.hits) == {world.debian_path: 1, world.zig_path: 1}


def test_interrupted_by_the_user(world: Any) -> None:
    world.server.pause = 0.2
    process = start(world.profile_file(world.debian()))
    while world.server.sent < 20_000:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
