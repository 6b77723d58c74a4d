"""The benchmark itself, built by the main job's command under all attacks at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from attacked import (
    HOSTILE_RC,
    another_distribution,
    fake_programs,
    hostile_variables,
    poison_headers,
    poison_libraries,
)
from xnnkit import paths

pytestmark = [pytest.mark.bazel, pytest.mark.slow]

PROFILE = "xnnpack-2024-11"


# With processes of its own, so that Bazel's server, which holds the pipes, ends with the build:
# without --die-with-parent bubblewrap's own first process waits for the last one.
BWRAP = ("bwrap", "--die-with-parent", "--unshare-pid", "--dev-bind", "/", "/", "--proc", "/proc")


def seen(environment: dict[str, str], wrapper: tuple[str, ...]) -> dict[str, str]:
    """Return what a shell finds that is started as the build is, its variables among it."""
    script = """
    echo "distribution=$(. /etc/os-release && echo $ID)"
    echo "network=$(sed -n 's/^ *\\([^ ]*\\):.*/\\1/p' /proc/net/dev | tr '\\n' ' ')"
    echo "user_rc=$(sed -n '$p' "$HOME/.bazelrc")"
    echo "machine_rc=$(sed -n '$p' /etc/bazel.bazelrc)"
    echo "clang=$(command -v clang)"
    /usr/bin/env
    """
    done = subprocess.run(
        [*BWRAP, *wrapper, "--", "/bin/sh", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def build(out: Path, environment: dict[str, str], *more: str, wrapper: tuple[str, ...] = ()) -> str:
    command = [sys.executable, "-m", "xnnkit", "build", PROFILE, "--flavour", "upstream"]
    done = subprocess.run(
        [*BWRAP, *wrapper, "--", *command, "--out", str(out), "--no-stamp", "--json", *more],
        env={
            **environment,
            "PYTHONPATH": str(paths.home() / "tools"),
            "XNNKIT_CACHE": str(paths.cache_dir()),
        },
        capture_output=True,
        text=True,
        cwd=out.parent,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    (binary,) = json.loads(done.stdout)["binaries"]
    return str(binary["sha256"])


def test_the_benchmark_under_all_attacks_at_once_has_the_same_bits(
    tmp_path: Path, etc: Path
) -> None:
    expected = build(tmp_path / "plain", dict(os.environ))
    trace = tmp_path / "started"
    home = tmp_path / "hostile-home"
    home.mkdir()
    another_distribution(etc)
    for name in (home / ".bazelrc", etc / "bazel.bazelrc"):
        name.write_text(HOSTILE_RC)
    hostile = hostile_variables(tmp_path / "modules")
    # What Python reads would end xnnkit itself; LC_ALL is for the actions.
    hostile = {name: value for name, value in hostile.items() if not name.startswith("PYTHON")}
    headers = str(poison_headers(tmp_path / "include"))
    libraries = str(poison_libraries(tmp_path / "lib"))
    attacks = {
        **hostile,
        "HOME": str(home),
        "PATH": f"{fake_programs(tmp_path / 'bin', trace)}:{os.environ['PATH']}",
        "CPATH": headers,
        "C_INCLUDE_PATH": headers,
        "CPLUS_INCLUDE_PATH": headers,
        "LIBRARY_PATH": libraries,
        "COMPILER_PATH": str(tmp_path / "bin"),
        "CCC_OVERRIDE_OPTIONS": "+-DPOISONED +-O0",
    }
    wrapper = (
        "bwrap",
        "--dev-bind",
        "/",
        "/",
        "--ro-bind",
        str(etc),
        "/etc",
        "--unshare-net",
    )
    environment = {**os.environ, **attacks}
    reached = seen(environment, wrapper)
    assert reached == reached | attacks
    assert reached["distribution"] == "opensuse-leap"
    assert reached["network"].split() == ["lo"]
    assert reached["clang"] == str(tmp_path / "bin/clang")
    last = HOSTILE_RC.splitlines()[-1]
    assert (reached["user_rc"], reached["machine_rc"]) == (last, last)
    assert not trace.exists(), trace.read_text()
    found = build(
        tmp_path / "attacked",
        environment,
        f"--disk-cache={tmp_path / 'disk'}",
        wrapper=wrapper,
    )
    assert found == expected
    assert not trace.exists(), trace.read_text()
