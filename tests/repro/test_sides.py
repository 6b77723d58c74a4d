"""A second build's surroundings really are others; a build that fails says so."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from xnnkit import profile
from xnnkit.errors import BadInput, XnnkitError
from xnnkit.repro import machine, twice
from xnnkit.repro.conditions import CONDITIONS, SHIFT_S, Condition, Side, obstacles, sides

LOOK = (
    "import json, sys, pathlib; from xnnkit.repro.side import surroundings;"
    "print(json.dumps(surroundings(pathlib.Path(sys.argv[1]))))"
)


def look(side: Side) -> dict[str, Any]:
    """Return what a process started as this side's build finds."""
    side.home.mkdir(parents=True)
    for source, target in side.copies.items():
        shutil.copyfile(source, target)
    done = subprocess.run(
        [*side.wrapper, sys.executable, "-c", LOOK, str(side.home)],
        env=side.environment,
        umask=side.umask,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_each_condition_that_can_be_varied_here_is(tmp_path: Path) -> None:
    here = machine.probe()
    possible = [name for name in CONDITIONS if name not in obstacles(here)]
    first, second = sides(tmp_path, possible, tmp_path / "cache", here)
    seen = (look(first), look(second))
    measured = set(possible) & set(seen[0])
    assert measured >= {"home", "umask", "timezone", "clock"}
    for name in measured - {"clock"}:
        assert seen[0][name] != seen[1][name], name
    if here.faketime:
        assert seen[1]["clock"] - seen[0]["clock"] == pytest.approx(SHIFT_S, abs=600)
    if "network" in measured:
        assert seen[1]["network"] == "none"
    if "user" in measured:
        assert seen[1]["user"] == "somebody (4242)"


def result(**changes: Any) -> dict[str, Any]:
    seen = {name: name for name in CONDITIONS if name not in ("directory", "jobs", "cache")}
    return {
        "started": 1.7e9,
        "surroundings": {**seen, "clock": 1.7e9, "file-order": ["a"]} | changes,
    }


def measured(first: dict[str, Any], second: dict[str, Any], tmp_path: Path) -> dict[str, Condition]:
    names = [name for name in CONDITIONS if name != "user"]
    here = machine.Machine(locales=("C", "C.utf8"), cores=4, memory=1 << 40)
    pair = sides(tmp_path, names, tmp_path / "cache", here)
    rows = twice._measured(list(CONDITIONS), {"user": "not here"}, pair, [first, second], here)
    return {row.name: row for row in rows}


def test_a_condition_that_both_builds_found_the_same_does_not_count(tmp_path: Path) -> None:
    found = measured(result(), result(umask="077", **{"file-order": ["b"]}), tmp_path)
    assert found["umask"].varied
    assert found["file-order"].varied
    assert not found["hostname"].varied
    assert found["hostname"].why == "both builds found the same"
    assert found["user"].why == "not here"
    assert found["directory"].varied
    assert found["cache"].values == ("as it is", "empty")


def test_without_libfaketime_the_report_says_what_saw_the_real_clock(tmp_path: Path) -> None:
    clock = measured(result(), result(), tmp_path)["clock"]
    assert clock.varied
    assert "compilers 2033-" in clock.values[1]
    assert "libfaketime is not installed" in clock.note


def test_an_error_of_a_build_is_told_as_what_it_is(tmp_path: Path) -> None:
    here = machine.Machine(locales=("C",), cores=1)
    first, _ = sides(tmp_path, [], tmp_path / "cache", here)
    first.home.mkdir(parents=True)
    pins = profile.load("xnnpack-2024-11")
    plan = {
        "profile": str(tmp_path / "there-is-none.toml"),
        "out": str(first.root / "build"),
        "home": str(first.home),
        "log": str(tmp_path / "first.log"),
        "disk_cache": "",
    }
    with pytest.raises(BadInput, match="the first build: there is no such profile file"):
        twice._run(first, plan, pins, tmp_path / "shared")


def test_a_build_that_ends_without_a_word_is_an_error(tmp_path: Path) -> None:
    here = machine.Machine(locales=("C",), cores=1)
    first, _ = sides(tmp_path, [], tmp_path / "cache", here)
    first.home.mkdir(parents=True)
    # Half a plan: the process ends with a traceback.
    plan = {"log": str(tmp_path / "first.log")}
    with pytest.raises(XnnkitError, match="no result") as caught:
        twice._run(first, plan, profile.load("xnnpack-2024-11"), tmp_path / "shared")
    assert "KeyError: 'home'" in caught.value.why


def test_a_bare_cache_has_the_downloads_and_nothing_built(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    for name in ("sha256/ab", "sysroot/x", "bazel/disk", "patches/y", "tree"):
        (shared / name).mkdir(parents=True)
    made = twice._bare_cache(tmp_path / "bare", shared, profile.load("xnnpack-2024-11"))
    assert {path.name for path in made.iterdir()} == {"sha256"}
    assert (made / "sha256/ab").is_dir()
