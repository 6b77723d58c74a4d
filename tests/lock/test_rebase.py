"""``xnnkit patch check --against``: on which commits the patch sets fit, and where that ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lock_world import World, git
from xnnkit.cli import main
from xnnkit.errors import BadEnvironment, BadInput, XnnkitError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main.cli, ["patch", "check", "small", *arguments])


def found(*arguments: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(run(*arguments, "--json").stdout)["against"]
    return result


def test_each_commit_is_told_in_order(world: World) -> None:
    result = run("--against", "v1.0", "--against", world.commit("v2.0"))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        f"{world.commit('v1.0')[:12]} 2024-11-08 v1.0 (v1.0): fits",
        f"{world.commit('v2.0')[:12]} 2024-11-08 v2.0: fits",
    ]


def test_the_first_that_does_not_fit_is_found_between_two(world: World) -> None:
    file = world.clone / "src" / "a.c"
    for number in range(9):
        if number == 4:  # `slow` fits no more; `fast` still does
            file.write_text(file.read_text().replace("int b = 2;", "long b = 2;"))
        else:
            file.write_text(f"{file.read_text()}// {number}\n")
        git(world.clone, "commit", "-qam", f"step {number}")
    # As v3.0 leaves it: what both edits look for.
    result = run("--against", "v2.0", "--against", world.commit("HEAD"))
    assert result.exit_code == 1
    assert "stops at" in result.stdout
    assert " v3.0: engine/fix of XNNPACK: 2 of 2 edits do not" in result.stdout
    assert "(slow)" in result.stdout
    told = found("--against", "v2.0", "--against", world.commit("HEAD"))
    assert told["stops"]["commit"] == world.commit("v3.0")
    assert 0 < told["searched"] <= 4
    assert not told["ok"]


def test_one_edit_that_ends_alone(world: World) -> None:
    git(world.clone, "checkout", "-q", "v2.0")
    file = world.clone / "src" / "a.c"
    commits = []
    for number in range(7):
        if number == 3:
            file.write_text(file.read_text().replace("int b = 1;", "long b = 1;"))
        file.write_text(f"{file.read_text()}// {number}\n")
        git(world.clone, "commit", "-qam", f"step {number}")
        commits.append(world.commit("HEAD"))
    told = found("--against", "v2.0", "--against", commits[-1])
    assert told["stops"]["commit"] == commits[3]
    (patch_set,) = told["stops"]["patch_sets"]
    assert len(patch_set["problems"]) == 1
    assert "(slow)" in patch_set["problems"][0]


def test_nothing_is_searched_where_nothing_stops(world: World) -> None:
    told = found("--against", "v3.0", "--against", "v1.0")  # the wrong way round
    assert [one["ok"] for one in told["tried"]] == [False, True]
    assert told["stops"] is None
    told = found("--against", "v1.0", "--against", "v2.0")
    assert told["ok"]
    assert told["stops"] is None


def error(kind: type[XnnkitError], *arguments: str) -> XnnkitError:
    result = run(*arguments)
    assert isinstance(result.exception, kind), (result.output, result.exception)
    return result.exception


def test_what_is_asked_wrongly(world: World) -> None:
    assert "no patch set other" in error(BadInput, "--against", "v1.0", "--patch-set", "other").what
    assert "has no archive" in error(BadInput, "--against", "v1.0", "--archive", "x").what
    assert "neither a commit nor a tag" in error(BadInput, "--against", "--upload-pack=x").what
    assert "cannot be had" in error(BadEnvironment, "--against", "0" * 40).what


@pytest.mark.parametrize(
    "arguments", [("--archive", "engine"), ("--patch-set", "engine/fix"), ("--tree", ".")]
)
def test_options_that_go_together(world: World, arguments: tuple[str, ...]) -> None:
    more = ("--against", "v1.0") if arguments[0] == "--tree" else ()
    assert run(*arguments, *more).exit_code == 2
