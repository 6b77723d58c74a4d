"""The command that a context states makes the very same context, wherever it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from docker_golden import BASE, FIRST
from xnnkit import paths, profile
from xnnkit.cli.docker import command


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments])


def stated(root: Path) -> list[list[str]]:
    """Return the words of the command that README.md states, and those that the Dockerfile does."""
    found = [
        re.search(r"`(xnnkit docker [^`]*)`", (root / "README.md").read_text()),
        re.search(r"^# +(xnnkit docker .*)$", (root / "Dockerfile").read_text(), re.M),
    ]
    return [shlex.split(one[1]) for one in found if one]


FLAVOURS = [one.name for one in profile.load(FIRST).flavour]
GIVEN = {
    "plain": [],
    "base": ["--base", BASE],
    "one flavour": ["--flavour", FLAVOURS[-1]],
    "two flavours": ["--flavour", FLAVOURS[-1], "--flavour", FLAVOURS[0], "--base", BASE],
    "all flavours": [word for name in FLAVOURS for word in ("--flavour", name)],
    "ndk": ["--toolchain", "ndk", "--binaries-only", "--flavour", FLAVOURS[1]],
}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_what_is_stated_makes_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    root = tmp_path / "context"
    name = "gemma-2024-05" if "ndk" in given else FIRST
    done = run(name, "-o", root, *given)
    assert done.exit_code == 0, done.output
    commands = stated(root)
    assert len(commands) == 2
    assert commands[0] == commands[1]
    monkeypatch.chdir(root)
    done = run(*commands[0][2:], "--check")
    assert done.exit_code == 0, done.output


def test_a_profile_of_the_users_comes_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "far away" / "mine.toml"
    mine.parent.mkdir()
    text = (paths.home() / f"profiles/{FIRST}.toml").read_text()
    mine.write_text(text.replace(f'name = "{FIRST}"', 'name = "mine"', 1))
    root = tmp_path / "context"
    assert run(mine, "-o", root, "--flavour", FLAVOURS[0]).exit_code == 0
    moved = root.rename(tmp_path / "elsewhere")
    mine.unlink()
    monkeypatch.chdir(moved)
    first, second = stated(moved)
    assert first == second
    assert first[2] == "xnnkit/profiles/mine.toml"
    done = run(*first[2:], "--check")
    assert done.exit_code == 0, done.output
