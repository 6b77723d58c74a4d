"""In and out again: what an overlay writes, that it can be repeated, switched and undone."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

from overlay_mini import COMMAND, PACKAGE, Mini, Run, git, snapshot


def test_in_and_out(mini: Mini, overlay: Run) -> None:
    before = snapshot(mini.checkout)
    done = overlay("--profile", "mini", "--flavour", "upstream")
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == COMMAND
    assert git(mini.checkout, "status", "--porcelain")

    undone = overlay("--undo")
    assert undone.code == 0, undone.err
    assert git(mini.checkout, "status", "--porcelain") == ""
    assert git(mini.checkout, "status", "--porcelain", "--ignored") == ""
    assert snapshot(mini.checkout) == before  # bytes, modes and times
    assert not (mini.checkout / "xnnkit").exists()
    assert list((mini.checkout / ".git").glob("xnnkit-overlay/*")) == []


def test_what_is_written(mini: Mini, overlay: Run) -> None:
    assert overlay().code == 0  # the profile is found by HEAD
    root = mini.checkout
    workspace = (root / "WORKSPACE").read_text()
    assert 'workspace(name = "mediapipe")' in workspace
    assert 'name = "XNNPACK_other"' in workspace
    assert 'name = "mediapipe",' not in workspace  # it is the checkout itself, no archive
    assert "org_tensorflow" not in (root / PACKAGE / "BUILD").read_text()
    assert (root / PACKAGE / "llm_test_main.cc").is_file()
    assert not (root / "setup.sh").exists()
    rc = (root / ".configure.bazelrc").read_text()
    assert "build --@xnnkit//rules/flavour=upstream\n" in rc
    assert "build --cxxopt=-std=c++17\n" in rc
    assert f"common --repo_env=XNNKIT_CACHE={os.environ['XNNKIT_CACHE']}\n" in rc
    assert (root / "xnnkit/module/rules/flavour/defs.bzl").is_file()
    assert (root / ".bazelversion").read_text() == "6.1.1\n"  # legal for this profile
    assert git(root, "log", "--oneline").count("\n") == 0


def test_the_same_again_touches_nothing(mini: Mini, overlay: Run) -> None:
    first = json.loads(overlay("--flavour", "upstream", "--json").out)
    assert first["added"]
    assert sorted(first["changed"]) == ["WORKSPACE", f"{PACKAGE}/BUILD", "setup.sh"]
    after = snapshot(mini.checkout)
    records = snapshot(mini.checkout / ".git/xnnkit-overlay")
    again = json.loads(overlay("--flavour", "upstream", "--json").out)
    assert (again["added"], again["changed"], again["removed"]) == ([], [], [])
    assert snapshot(mini.checkout) == after
    assert snapshot(mini.checkout / ".git/xnnkit-overlay") == records


def test_another_flavour_switches(mini: Mini, overlay: Run) -> None:
    before = snapshot(mini.checkout)
    assert overlay("--flavour", "upstream").code == 0
    switched = json.loads(overlay("--flavour", "other", "--json").out)
    assert switched["changed"] == [".configure.bazelrc"]
    assert switched["added"] == switched["removed"] == []
    rc = (mini.checkout / ".configure.bazelrc").read_text()
    assert "flavour=other" in rc
    assert "flavour=upstream" not in rc
    # Without --flavour it stays what it is.
    assert json.loads(overlay("--json").out)["flavour"] == "other"
    assert overlay("--undo").code == 0
    assert snapshot(mini.checkout) == before


def test_a_profile_of_the_users_comes_along(mini: Mini, overlay: Run, tmp_path: Path) -> None:
    before = snapshot(mini.checkout)
    (mini.home / "profiles/mini.toml").rename(tmp_path / "mini.toml")
    done = overlay("--profile", str(tmp_path / "mini.toml"))
    assert done.code == 0, done.err
    (tmp_path / "mini.toml").unlink()
    text = (mini.checkout / "WORKSPACE").read_text()
    found = re.search(r"^# +xnnkit overlay \. (.*)$", text, re.MULTILINE)
    assert found
    words = shlex.split(found[1])
    assert words == ["--profile", "xnnkit/profiles/mini.toml"]
    words[1] = str(mini.checkout / words[1])
    for again in (words, []):
        done = overlay(*again, "--json")
        assert done.code == 0, done.err
        changed = json.loads(done.out)
        assert not [*changed["added"], *changed["changed"], *changed["removed"]]
    # Another flavour is found in it, too.
    assert overlay("--flavour", "other").code == 0
    assert overlay("--undo").code == 0
    assert snapshot(mini.checkout) == before


def test_undo_says_what_git_add_left_in_the_index(mini: Mini, overlay: Run) -> None:
    assert overlay("--profile", "mini").code == 0
    git(mini.checkout, "add", "setup.sh", f"{PACKAGE}/llm_test_main.cc")
    done = overlay("--undo")
    assert done.code == 1
    assert "2 file(s) of it are in git's index" in done.err
    assert f"reset -q -- {PACKAGE}/llm_test_main.cc setup.sh" in done.err
    assert not (mini.checkout / "xnnkit").exists()
    git(mini.checkout, "reset", "-q", "--", f"{PACKAGE}/llm_test_main.cc", "setup.sh")
    assert git(mini.checkout, "status", "--porcelain") == ""


def test_undo_without_an_overlay(mini: Mini, overlay: Run) -> None:
    done = overlay("--undo")
    assert done.code == 0
    assert "no overlay there" in done.out


def test_a_bazel_that_the_profile_does_not_allow_is_replaced(mini: Mini, overlay: Run) -> None:
    profile = mini.home / "profiles/mini.toml"
    profile.write_text(profile.read_text().replace('"6.1.0"', '"7.0.0"'))
    assert overlay().code == 0
    assert (mini.checkout / ".bazelversion").read_text() == "7.7.1\n"
    assert overlay("--undo").code == 0
    assert (mini.checkout / ".bazelversion").read_text() == "6.1.1\n"
