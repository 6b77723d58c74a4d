"""What an overlay refuses, with the way out; and that a refusal changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from overlay_mini import PACKAGE, Mini, Run, git, snapshot
from xnnkit.cli import main


def test_no_checkout(mini: Mini, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["overlay", str(tmp_path), "--profile", "mini"]) == 2
    err = capsys.readouterr().err
    assert "not a git checkout" in err
    assert "git clone https://github.com/google-ai-edge/mediapipe" in err
    assert main.main(["overlay", str(tmp_path / "absent")]) == 2
    assert "no such directory" in capsys.readouterr().err


def test_a_folder_of_the_checkout(mini: Mini, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["overlay", str(mini.checkout / "mediapipe")]) == 2
    assert f"xnnkit overlay {mini.checkout}" in capsys.readouterr().err


def test_another_commit(mini: Mini, overlay: Run) -> None:
    pinned = git(mini.checkout, "rev-parse", "HEAD")
    (mini.checkout / "news").write_text("more\n")
    git(mini.checkout, "add", "-A")
    git(mini.checkout, "commit", "-q", "-m", "another")
    before = snapshot(mini.checkout)
    done = overlay("--profile", "mini")
    assert done.code == 2
    assert "of 2024-06-18, not the MediaPipe of mini" in done.err
    assert f"git -C {mini.checkout} checkout {pinned}" in done.err
    assert snapshot(mini.checkout) == before


def test_a_mediapipe_after_llm_test(mini: Mini, overlay: Run) -> None:
    git(mini.checkout, "rm", "-rq", PACKAGE)
    git(mini.checkout, "commit", "-q", "-m", "Remove it", date="2026-02-10T12:00:00Z")
    done = overlay("--profile", "mini")
    assert done.code == 2
    assert (
        "of 2026-02-10, which has no llm_test: it was removed on 2026-01-30 by 83fdad9bb95d;"
        " the last tag with it is v0.10.32" in done.err
    )


def test_no_profile_for_this_commit(mini: Mini, overlay: Run) -> None:
    git(mini.checkout, "commit", "-q", "--allow-empty", "-m", "another")
    done = overlay()
    assert done.code == 2
    assert "(mini)" in done.err


def test_a_dirty_checkout(mini: Mini, overlay: Run) -> None:
    (mini.checkout / "WORKSPACE").write_text("mine\n")
    (mini.checkout / "kleidiai_prototype.patch").write_text("mine\n")
    before = snapshot(mini.checkout)
    done = overlay("--profile", "mini")
    assert done.code == 2
    assert "the checkout is not clean: 2 file(s)" in done.err
    assert " M WORKSPACE" in done.err
    assert "?? kleidiai_prototype.patch" in done.err
    assert "stash push --include-untracked" in done.err
    assert snapshot(mini.checkout) == before


def test_a_flavour_that_cannot_be_built(mini: Mini, overlay: Run) -> None:
    done = overlay("--profile", "mini", "--flavour", "kleidiai")
    assert done.code == 2
    assert "its patch set is not written yet" in done.err
    assert overlay("--profile", "mini", "--flavour", "upstraem").code == 2
    assert not (mini.checkout / "xnnkit").exists()


def test_a_profile_without_mediapipe(mini: Mini, overlay: Run) -> None:
    done = overlay("--profile", "xnnpack-2024-11")
    assert done.code == 2
    assert "xnnpack-2024-11 builds nothing of MediaPipe" in done.err


def test_an_overlay_of_another_profile(mini: Mini, overlay: Run) -> None:
    other = mini.home / "profiles/other.toml"
    text = (mini.home / "profiles/mini.toml").read_text()
    other.write_text(text.replace('name = "mini"', 'name = "other"'))
    assert overlay("--profile", "mini").code == 0
    done = overlay("--profile", "other")
    assert done.code == 2
    assert "there is an overlay of another profile: mini, flavour upstream" in done.err
    assert f"xnnkit overlay --undo {mini.checkout}" in done.err


def test_head_moved_under_the_overlay(mini: Mini, overlay: Run) -> None:
    head = git(mini.checkout, "rev-parse", "HEAD")
    assert overlay("--profile", "mini").code == 0
    git(mini.checkout, "commit", "-q", "--allow-empty", "-m", "another")
    done = overlay("--profile", "mini")
    assert done.code == 2
    assert f"HEAD has moved from {head[:12]}" in done.err
    assert overlay("--undo").code == 0
    assert git(mini.checkout, "status", "--porcelain") == ""


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_undo_puts_no_old_file_over_another_commits(
    mini: Mini, overlay: Run, force: list[str]
) -> None:
    old = git(mini.checkout, "rev-parse", "HEAD")
    workspace = mini.checkout / "WORKSPACE"
    workspace.write_text(workspace.read_text() + "# another\n")
    git(mini.checkout, "commit", "-qam", "another")
    new = git(mini.checkout, "rev-parse", "HEAD")
    git(mini.checkout, "checkout", "-q", old)
    assert overlay("--profile", "mini").code == 0
    git(mini.checkout, "checkout", "-qf", new)
    done = overlay("--undo", *force)
    assert done.code == 2
    assert f"HEAD has moved from {old[:12]} to {new[:12]}" in done.err
    assert "these are others there: WORKSPACE" in done.err
    assert workspace.read_text().endswith("# another\n")
    # What the message says to type.
    git(mini.checkout, "checkout", "-q", old)
    assert overlay("--undo").code == 0
    assert git(mini.checkout, "status", "--porcelain") == ""


def test_undo_of_a_committed_overlay(mini: Mini, overlay: Run) -> None:
    old = git(mini.checkout, "rev-parse", "HEAD")
    assert overlay("--profile", "mini").code == 0
    git(mini.checkout, "add", "-A")
    git(mini.checkout, "commit", "-qm", "with it")
    done = overlay("--undo")
    assert done.code == 2
    assert "these are others there" in done.err
    assert git(mini.checkout, "status", "--porcelain") == ""
    git(mini.checkout, "checkout", "-q", old)
    assert overlay("--undo").code == 0
    assert git(mini.checkout, "status", "--porcelain") == ""


@pytest.mark.parametrize("file", ["WORKSPACE", f"{PACKAGE}/llm_test_main.cc", "xnnkit/README.md"])
def test_undo_keeps_what_was_edited(mini: Mini, overlay: Run, file: str) -> None:
    before = snapshot(mini.checkout)
    assert overlay("--profile", "mini").code == 0
    path = mini.checkout / file
    path.write_text(path.read_text() + "# mine\n")
    after = snapshot(mini.checkout)
    for again in (["--undo"], ["--profile", "mini"]):
        done = overlay(*again)
        assert done.code == 1
        assert "1 file(s) of the overlay were edited" in done.err
        assert file in done.err
        assert "xnnkit overlay --undo --force" in done.err
        assert snapshot(mini.checkout) == after
    assert overlay("--undo", "--force").code == 0
    assert snapshot(mini.checkout) == before
    kept = mini.checkout / ".git/xnnkit-overlay-edited" / file
    assert kept.read_text().endswith("# mine\n")


def test_a_second_forced_undo_keeps_the_first_edits(mini: Mini, overlay: Run) -> None:
    for text in ("first", "second"):
        assert overlay("--profile", "mini").code == 0
        path = mini.checkout / "WORKSPACE"
        path.write_text(path.read_text() + f"# {text}\n")
        assert overlay("--undo", "--force").code == 0
    kept = (mini.checkout / ".git/xnnkit-overlay-edited").glob("WORKSPACE*")
    ends = {file.read_text().splitlines()[-1] for file in kept}
    assert ends == {"# first", "# second"}


def test_a_file_of_the_users_where_ours_would_be(mini: Mini, overlay: Run) -> None:
    (mini.checkout / ".git/info/exclude").write_text("xnnkit/\n")
    mine = mini.checkout / "xnnkit/README.md"
    mine.parent.mkdir()
    mine.write_text("mine\n")
    done = overlay("--profile", "mini")
    assert done.code == 2
    assert "xnnkit did not write them" in done.err
    assert mine.read_text() == "mine\n"


def test_options_that_do_not_go_together(mini: Mini, overlay: Run) -> None:
    assert overlay("--undo", "--flavour", "upstream").code == 2
    assert overlay("--force").code == 2


def test_errors_as_json(mini: Mini, overlay: Run) -> None:
    (mini.checkout / "WORKSPACE").write_text("mine\n")
    done = overlay("--profile", "mini", "--json")
    assert done.code == 2
    assert json.loads(done.out)["exit_code"] == 2
