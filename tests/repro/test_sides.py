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
from xnnkit.repro import clock, machine, twice
from xnnkit.repro.conditions import CONDITIONS, SHIFT_S, Side, obstacles, sides

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


SEEN = ("user", "home", "umask", "timezone", "locale", "file-order", "hostname", "network")


def pair_of(tmp_path: Path, name: str) -> tuple[Side, Side]:
    """Return two sides that differ in all that is possible here, or skip without ``name``."""
    here = machine.probe()
    hindered = obstacles(here)
    if name in hindered:
        pytest.skip(f"{name} cannot be varied here: {hindered[name]}")
    if name == "clock" and not here.faketime:
        pytest.skip("libfaketime is not installed (apt-get install -y faketime)")
    possible = [one for one in CONDITIONS if one not in hindered]
    return sides(tmp_path, possible, tmp_path / "cache", here)


@pytest.mark.parametrize("name", SEEN)
def test_a_process_of_the_second_build_finds_something_else(name: str, tmp_path: Path) -> None:
    first, second = pair_of(tmp_path, name)
    seen = (look(first), look(second))
    assert seen[0][name] != seen[1][name]
    if name == "network":
        assert seen[1]["network"] == "none"
    if name == "user":
        assert seen[1]["user"] == "somebody (4242)"


def test_a_process_of_the_second_build_finds_the_intended_time(tmp_path: Path) -> None:
    first, second = pair_of(tmp_path, "clock")
    seen = (look(first), look(second))
    assert seen[0]["clock"] == pytest.approx(clock.start(), abs=60)
    assert seen[1]["clock"] - seen[0]["clock"] == pytest.approx(SHIFT_S, abs=60)


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
