"""The user's own files come back as they were; interrupted runs can be finished or undone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from overlay_mini import PACKAGE, Mini, Run, git, snapshot
from xnnkit.errors import BadInput
from xnnkit.overlay import rc, record


@pytest.mark.parametrize(
    "text", ["", "build --config=mine\n", "build --config=mine", "# no end\r\n", "\n\n"]
)
def test_an_rc_file_of_the_users(mini: Mini, overlay: Run, text: str) -> None:
    file = mini.checkout / ".configure.bazelrc"
    file.write_bytes(text.encode())
    file.chmod(0o600)
    before = snapshot(mini.checkout)
    assert overlay("--profile", "mini").code == 0
    assert file.read_bytes().startswith(text.encode())
    assert overlay("--flavour", "other").code == 0
    assert file.read_text().count(rc.BEGIN) == 1
    assert overlay("--undo").code == 0
    assert snapshot(mini.checkout) == before


def test_lines_added_around_the_block_stay(mini: Mini, overlay: Run) -> None:
    assert overlay("--profile", "mini").code == 0
    file = mini.checkout / ".configure.bazelrc"
    file.write_text("build --first\n" + file.read_text() + "build --last\n")
    assert overlay("--flavour", "other").code == 0
    assert overlay("--undo").code == 0
    assert file.read_text() == "build --first\nbuild --last\n"


def test_lines_changed_in_the_block_are_not_lost(mini: Mini, overlay: Run) -> None:
    assert overlay("--profile", "mini").code == 0
    file = mini.checkout / ".configure.bazelrc"
    file.write_text(file.read_text().replace("--nostamp", "--stamp"))
    done = overlay("--undo")
    assert done.code == 1
    assert ".configure.bazelrc" in done.err
    assert overlay("--undo", "--force").code == 0
    assert not file.exists()


def test_without_imports_the_lines_go_into_the_bazelrc_itself() -> None:
    assert rc.file_for("build --jobs 1\n") == ".bazelrc"
    assert rc.file_for("try-import %workspace%/mine.rc\n") == "mine.rc"
    both = "try-import %workspace%/.user.bazelrc\nimport %workspace%/.configure.bazelrc\n"
    assert rc.file_for(both) == ".configure.bazelrc"


@pytest.mark.parametrize("writes", [1, 2, 3, 10, 40])
@pytest.mark.parametrize("way_on", ["finish", "undo"])
def test_an_interrupted_run(
    mini: Mini, overlay: Run, monkeypatch: pytest.MonkeyPatch, writes: int, way_on: str
) -> None:
    before = snapshot(mini.checkout)
    done = 0
    real = record.write_file

    def failing(path: Path, *arguments: int, **more: int) -> None:
        nonlocal done
        done += 1
        if done > writes:
            raise KeyboardInterrupt
        real(path, *arguments, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(record, "write_file", failing)
        assert overlay("--profile", "mini").code == 130
    if way_on == "finish":
        assert overlay("--profile", "mini").code == 0
        assert (mini.checkout / "xnnkit/module/MODULE.bazel").is_file()
        assert "xnnkit" in (mini.checkout / ".configure.bazelrc").read_text()
    assert overlay("--undo").code == 0
    assert snapshot(mini.checkout) == before
    assert git(mini.checkout, "status", "--porcelain") == ""


def test_an_interrupted_undo_is_finished(
    mini: Mini, overlay: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(mini.checkout)
    assert overlay("--profile", "mini").code == 0

    def failing(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "WORKSPACE")

    with monkeypatch.context() as patched:
        patched.setattr(record, "write_file", failing)
        done = overlay("--undo")
    assert done.code == 3
    assert "No space left on device" in done.err
    assert overlay("--undo").code == 0
    assert snapshot(mini.checkout) == before


def test_files_that_are_gone_come_back(mini: Mini, overlay: Run) -> None:
    before = snapshot(mini.checkout)
    assert overlay("--profile", "mini").code == 0
    git(mini.checkout, "clean", "-fdqx")
    assert not (mini.checkout / "xnnkit").exists()
    again = json.loads(overlay("--json").out)
    assert "xnnkit/README.md" in again["added"]
    git(mini.checkout, "clean", "-fdqx")
    git(mini.checkout, "checkout", "-q", "--", ".")
    assert overlay("--undo").code == 0
    assert {k: v[:2] for k, v in snapshot(mini.checkout).items()} == {
        k: v[:2] for k, v in before.items()
    }


def test_a_damaged_record_says_what_to_do(mini: Mini, overlay: Run) -> None:
    assert overlay("--profile", "mini").code == 0
    file = mini.checkout / ".git/xnnkit-overlay/record.json"
    file.write_text("{")
    done = overlay("--undo")
    assert done.code == 2
    assert str(file) in done.err
    assert "git stash --include-untracked" in done.err


def test_a_link_is_not_written_through(mini: Mini, overlay: Run, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("build --config=mine\n")
    (mini.checkout / ".configure.bazelrc").symlink_to(target)
    done = overlay("--profile", "mini")
    assert done.code == 2
    assert "not a plain file" in done.err
    assert target.read_text() == "build --config=mine\n"
    assert git(mini.checkout, "status", "--porcelain") == ""


def test_a_linked_work_tree(mini: Mini, overlay: Run, tmp_path: Path) -> None:
    from xnnkit.cli import main

    second = tmp_path / "second"
    git(mini.checkout, "worktree", "add", "-q", str(second))
    assert overlay("--profile", "mini").code == 0
    options = ["--flavour", "other", "--distdir", str(mini.distdir)]
    assert main.main(["overlay", str(second), *options]) == 0
    assert overlay("--undo").code == 0
    assert "flavour=other" in (second / ".configure.bazelrc").read_text()
    assert main.main(["overlay", str(second), "--undo"]) == 0
    assert git(second, "status", "--porcelain") == ""
    assert (second / PACKAGE / "BUILD").read_bytes() == (
        mini.checkout / PACKAGE / "BUILD"
    ).read_bytes()


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("--a=/home/me/cache", "--a=/home/me/cache"),
        ("--a=/home/my cache", '"--a=/home/my cache"'),
        ('--a=x"y\\z#', '"--a=x\\"y\\\\z#"'),
    ],
)
def test_a_word_of_an_rc_file(word: str, written: str) -> None:
    assert rc.quoted(word) == written


def test_a_word_of_an_rc_file_is_one_line() -> None:
    with pytest.raises(BadInput, match="line break"):
        rc.quoted("--a=x\nbuild --b")
