"""Bringing a directory to a plan: what differs is written, what is not ours is left alone."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from xnnkit.errors import BadEnvironment, BadInput
from xnnkit.render import directory
from xnnkit.render.workspace import Plan

PLAN: Plan = {"MODULE.bazel": b"module()\n", "a/BUILD.bazel": b"# a\n", "a/b/c.txt": b"c\n"}


def state(root: Path) -> dict[str, tuple[int, int]]:
    return {
        p.relative_to(root).as_posix(): (p.stat().st_mtime_ns, p.stat().st_ino)
        for p in root.rglob("*")
        if p.is_file()
    }


def content(root: Path) -> dict[str, bytes]:
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in root.rglob("*")
        if p.is_file() and p.name != directory.MANIFEST
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A rendered workspace."""
    directory.write(tmp_path / "ws", PLAN)
    return tmp_path / "ws"


def test_a_new_directory_gets_every_file_and_no_other(tmp_path: Path) -> None:
    drift = directory.write(tmp_path / "deep" / "ws", PLAN)
    assert drift == directory.Drift(added=sorted(PLAN))
    assert content(tmp_path / "deep" / "ws") == PLAN
    assert directory.rendered_files(tmp_path / "deep" / "ws") == sorted(PLAN)


def test_rendering_again_touches_nothing(root: Path) -> None:
    before = state(root)
    assert not directory.write(root, PLAN)
    assert state(root) == before


def test_only_what_changed_is_written(root: Path) -> None:
    before = state(root)
    drift = directory.write(root, {**PLAN, "a/BUILD.bazel": b"# changed\n"})
    assert drift == directory.Drift(changed=["a/BUILD.bazel"])
    after = state(root)
    assert {n for n in after if after[n] != before[n]} == {"a/BUILD.bazel"}


def test_drift_is_found_by_content_and_repaired(root: Path) -> None:
    (root / "MODULE.bazel").write_bytes(b"mODULE()\n")
    (root / "a/b/c.txt").unlink()
    drift = directory.compare(root, PLAN)
    assert drift == directory.Drift(added=["a/b/c.txt"], changed=["MODULE.bazel"])
    assert directory.write(root, PLAN) == drift
    assert not directory.compare(root, PLAN)


def test_comparing_writes_nothing(root: Path) -> None:
    (root / "MODULE.bazel").write_bytes(b"other\n")
    before = state(root)
    directory.compare(root, {"new": b""})
    assert state(root) == before


def test_what_a_profile_no_longer_has_goes_and_what_is_the_users_stays(root: Path) -> None:
    (root / "a/mine.txt").write_text("mine")
    (root / "user.bazelrc").write_text("build --jobs=1\n")
    smaller = {"MODULE.bazel": PLAN["MODULE.bazel"]}
    drift = directory.write(root, smaller)
    assert drift == directory.Drift(removed=["a/BUILD.bazel", "a/b/c.txt"])
    assert content(root) == {**smaller, "a/mine.txt": b"mine", "user.bazelrc": b"build --jobs=1\n"}
    assert directory.rendered_files(root) == ["MODULE.bazel"]


def test_the_diff_goes_from_the_directory_to_the_plan(root: Path) -> None:
    plan = {"MODULE.bazel": b"module(1)\n", "a/BUILD.bazel": b"# a\n", "new": b"n\n"}
    text = directory.diff(root, plan, directory.compare(root, plan))
    assert "--- a/MODULE.bazel\n+++ b/MODULE.bazel\n@@ -1 +1 @@\n-module()\n+module(1)\n" in text
    assert "--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+n\n" in text
    assert "--- a/a/b/c.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-c\n" in text
    assert "BUILD" not in text
    assert directory.diff(root, PLAN, directory.compare(root, PLAN)) == ""


def test_somebody_elses_directory_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(BadInput, match="did not render it") as caught:
        directory.write(tmp_path, PLAN)
    assert caught.value.exit_code == 2
    assert content(tmp_path) == {"thesis.txt": b"mine"}


def test_a_file_in_the_directorys_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ws").write_text("mine")
    with pytest.raises(BadInput, match="is a file"):
        directory.write(tmp_path / "ws", PLAN)
    assert (tmp_path / "ws").read_text() == "mine"


def rings(tmp_path: Path) -> list[Path]:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "one").symlink_to("other")
    (tmp_path / "other").symlink_to("one")
    (tmp_path / "lost").symlink_to("nowhere")
    return [tmp_path / name for name in ("loop", "loop/below", "one", "lost")]


def test_a_link_to_nothing_in_the_directorys_place_is_refused(tmp_path: Path) -> None:
    for place in rings(tmp_path):
        for refuse in (lambda p: directory.write(p, PLAN), directory.refuse_foreign):
            with pytest.raises(BadInput, match=r"a link leads (to itself|nowhere)") as caught:
                refuse(place)
            assert caught.value.where == str(place)


def test_a_link_to_itself_in_the_directory_is_not_followed(root: Path) -> None:
    shutil.rmtree(root / "a")
    (root / "a").symlink_to("a")
    with pytest.raises(BadInput, match="a rendered file would lie outside: a/"):
        directory.write(root, PLAN)
    assert (root / "a").is_symlink()


def test_an_empty_directory_is_taken(tmp_path: Path) -> None:
    (tmp_path / "ws").mkdir()
    directory.write(tmp_path / "ws", PLAN)
    assert content(tmp_path / "ws") == PLAN


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"files": 3}', "null"])
def test_a_damaged_record_stops_before_anything_is_deleted(root: Path, damage: str) -> None:
    (root / directory.MANIFEST).write_text(damage)
    with pytest.raises(BadInput, match="damaged") as caught:
        directory.write(root, {"other": b""})
    assert caught.value.where.endswith(directory.MANIFEST)
    assert content(root) == PLAN


def full_disk(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let ``os.replace`` succeed ``after`` times, and then find the disk full."""
    real, calls = os.replace, iter(range(1000))

    def replace(source: Any, target: Any) -> None:
        if next(calls) >= after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)


@pytest.mark.parametrize("after", range(4))
def test_a_full_disk_leaves_whole_files_only_and_the_next_render_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    root = tmp_path / "ws"
    with monkeypatch.context() as patch:
        full_disk(patch, after)
        with pytest.raises(BadEnvironment, match="No space left") as caught:
            directory.write(root, PLAN)
    assert caught.value.exit_code == 3
    assert str(root) in caught.value.where
    assert content(root).items() <= PLAN.items()
    directory.write(root, PLAN)
    assert content(root) == PLAN


def test_a_full_disk_does_not_damage_an_earlier_render(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch, 0)
    with pytest.raises(BadEnvironment):
        directory.write(root, {**PLAN, "MODULE.bazel": b"longer than before\n"})
    assert content(root) == PLAN


def test_a_place_that_cannot_be_written_is_the_environments_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadEnvironment, match="cannot be written"):
        directory.write(tmp_path / "file" / "ws", PLAN)


def test_the_record_is_readable_json(root: Path) -> None:
    data = json.loads((root / directory.MANIFEST).read_text())
    assert data == {"schema_version": 1, "files": sorted(PLAN)}


def test_files_get_the_users_mode_not_the_temporary_files(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        directory.write(tmp_path / "ws", PLAN)
    finally:
        os.umask(old)
    assert (tmp_path / "ws/MODULE.bazel").stat().st_mode & 0o777 == 0o640
