"""`xnnkit repro` on whole workspaces: a right toolchain, and one that is broken on purpose."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import broken_home
import pytest
from xnnkit import paths
from xnnkit.repro import machine
from xnnkit.repro.conditions import CONDITIONS, obstacles

pytestmark = [pytest.mark.bazel, pytest.mark.slow]

# An empty cache would compile the C library again; docs/repro.md tells of builds with all of them.
VARIED = [name for name in CONDITIONS if name != "cache"]


def repro(home: Path, out: Path, *more: str) -> tuple[int, dict[str, Any]]:
    hindered = obstacles(machine.probe())
    vary = [word for name in VARIED if name not in hindered for word in ("--vary", name)]
    command = ["repro", broken_home.PROFILE, "--out", str(out), "--json", *vary, *more]
    done = subprocess.run(
        [sys.executable, "-m", "xnnkit", *command],
        env={
            **os.environ,
            "XNNKIT_HOME": str(home),
            "XNNKIT_CACHE": str(paths.cache_dir()),
            "PYTHONPATH": str(paths.home() / "tools"),
        },
        capture_output=True,
        text=True,
        cwd=out.parent,
    )
    assert done.returncode in (0, 1), done.stderr[-4000:]
    return done.returncode, json.loads(done.stdout)


def test_a_right_toolchain_gives_the_same_bits_and_objects(tmp_path: Path) -> None:
    home = broken_home.make(tmp_path / "home", broken=False)
    code, found = repro(home, tmp_path / "out", "--objects")
    assert code == 0, found
    assert found["identical"]
    names = [row["name"] for row in found["artifacts"]]
    assert names[0] == "bin/upstream/small"
    assert [name for name in names if name.endswith("small/_objs/small/small.o")]
    assert found["varied"] == len([row for row in found["conditions"] if row["varied"]])
    assert found["varied"] >= 8, found["conditions"]
    rows = {row["name"]: row for row in found["conditions"]}
    assert "compilers the real one" in rows["clock"]["values"][0]
    assert "compilers +36" in rows["clock"]["values"][1]
    assert rows["directory"]["values"][1].startswith(f"{tmp_path}/out/another-directory-")
    if "jobs" in rows:
        assert int(rows["jobs"]["values"][0]) < int(rows["jobs"]["values"][1])
    objects = [build["objects"] for build in found["builds"]]
    assert objects[0] == objects[1] > 0
    # Gigabytes are not left behind.
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"first", "second", "repro.json"}
    assert not list((tmp_path / "out").rglob("disk-cache"))


def test_a_broken_toolchain_is_caught_and_each_cause_named(tmp_path: Path) -> None:
    home = broken_home.make(tmp_path / "home", broken=True)
    code, found = repro(home, tmp_path / "out")
    assert code == 1
    assert not found["identical"]
    (row,) = found["artifacts"]
    causes = {cause["name"]: cause["detail"] for cause in row["causes"]}
    assert "built at /" in causes["build path"]
    assert "built on" in causes["date or time"]
    first = row["sections"][0]
    assert first["section"] == ".rodata"
    assert set(first["symbols"]) <= {"built_at", "built_on"}
    # The proof of the binary says so, too, and does not keep the comparison from being made.
    assert found["proofs"]
