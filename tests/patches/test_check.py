"""The check itself: a tool that refuses, lies or leaves something behind does not pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from xnnkit import profile as profiles
from xnnkit.build.request import Sources
from xnnkit.errors import BadEnvironment, BadInput
from xnnkit.patches import check, load
from xnnkit.patches.model import PatchSet
from xnnkit.patches.render import render, render_bytes

MakeSet = Callable[..., PatchSet]
EDIT = {"anchor": "two", "text": "2"}


@pytest.fixture
def patch_set(make_set: MakeSet, tree: Path) -> PatchSet:
    (tree / "a.txt").write_text("one\ntwo\n")
    return make_set(EDIT, files={"new": b"n\n"})


def with_tool(patch_set: PatchSet, tree: Path, tool: check.Applier) -> check.Outcome:
    [outcome] = check.check(patch_set, tree, {"tool": tool})
    return outcome


def test_git_and_patch_pass(patch_set: PatchSet, tree: Path, tools: list[str]) -> None:
    outcomes = check.check(patch_set, tree)
    assert [(o.tool, o.ok, o.said) for o in outcomes] == [(tool, True, "") for tool in tools]
    assert (tree / "a.txt").read_text() == "one\ntwo\n"


def test_a_tool_that_refuses(patch_set: PatchSet, tree: Path) -> None:
    outcome = with_tool(patch_set, tree, lambda directory, diff: "no")
    assert outcome.to_json() == {
        "patch_set": "thing/set",
        "tool": "tool",
        "ok": False,
        "said": "no",
    }


def test_a_tool_that_does_nothing_and_says_nothing(patch_set: PatchSet, tree: Path) -> None:
    outcome = with_tool(patch_set, tree, lambda directory, diff: "")
    assert not outcome.ok
    assert "a.txt, new" in outcome.said


def test_a_tool_that_leaves_something_behind(patch_set: PatchSet, tree: Path) -> None:
    def tool(directory: Path, diff: Path) -> str:
        (directory / "a.txt.orig").touch()
        return check.appliers()["git apply"](directory, diff)

    assert with_tool(patch_set, tree, tool).said.endswith("a.txt.orig")


def test_a_repository_around_is_not_the_one_meant(patch_set: PatchSet, tree: Path) -> None:
    """git apply, started inside a repository, passes over paths outside its own folder."""
    assert all(outcome.ok for outcome in check.check(patch_set, tree))


def test_no_tool_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(BadEnvironment, match="no tool here"):
        check.appliers()


def test_rendering_is_the_same_twice(patch_set: PatchSet, tree: Path) -> None:
    assert render_bytes(patch_set, tree) == render_bytes(patch_set, tree)
    assert render(patch_set, tree).encode() == render_bytes(patch_set, tree)


@pytest.fixture
def two_sets(
    tmp_path: Path, tree: Path, write_set: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sets for the archive XNNPACK; the second edits what the first has made."""
    (tree / "a.txt").write_text("one\n")
    first, second = {"anchor": "one", "text": "two"}, {"anchor": "two", "text": "three"}
    write_set(tmp_path / "sets/xnnpack/first", first, applies_to="XNNPACK")
    write_set(tmp_path / "sets/xnnpack/second", second, applies_to="XNNPACK")
    write_set(tmp_path / "sets/other/set", first, applies_to="other")
    monkeypatch.setattr(load, "directory", lambda: tmp_path / "sets")


def profile_with(*names: str) -> profiles.Profile:
    found = profiles.load("xnnpack-2024-11")
    flavours = tuple(f.model_copy(update={"patch_sets": names}) for f in found.flavour)
    return found.model_copy(update={"flavour": flavours})


@pytest.mark.usefixtures("two_sets")
def test_sets_are_rendered_one_on_the_other(tree: Path, tmp_path: Path) -> None:
    sources = Sources(cache=tmp_path / "cache")
    profile = profile_with("xnnpack/first", "xnnpack/second")
    first, second = check.of_profile(profile, tree, sources)
    assert b"-one\n+two\n" in first.diff()
    assert b"-two\n+three\n" in second.diff()
    assert (tree / "a.txt").read_text() == "one\n"


@pytest.mark.usefixtures("two_sets")
def test_a_set_for_another_archive(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is for other, not for XNNPACK"):
        list(check.of_profile(profile_with("other/set"), tree, Sources(cache=tmp_path / "cache")))
