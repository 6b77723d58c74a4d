"""Patch sets from strangers: no endless search, no file outside, no diff beside the edits."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from xnnkit.errors import BadInput, Finding
from xnnkit.patches import anchor, apply, load

HEAD = """\
description = {description}
applies_to = "thing"
subject = {subject}
author = "Some Body <some@body.example>"
date = 2026-01-31T00:00:00Z
"""
EDIT = """
[[edit]]
id = "one"
file = {file}
op = "replace"
anchor = {anchor}
text = "new"
why = "so"
"""


def write(
    root: Path,
    *,
    description: str = "What it does.",
    subject: str = "A change",
    file: str = "a.txt",
    anchor: str = "old",
) -> Path:
    root.mkdir()
    head = HEAD.format(description=json.dumps(description), subject=json.dumps(subject))
    edit = EDIT.format(file=json.dumps(file), anchor=json.dumps(anchor))
    (root / "patch.toml").write_text(head + edit)
    return root


def tree(tmp_path: Path, text: str) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "a.txt").write_text(text)
    return root


def test_an_anchor_that_tries_every_way_to_split_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchor, "SECONDS", 0.3)
    found = load.load_directory(write(tmp_path / "set", anchor="(a+)+$"), name="x/y")
    began = time.process_time()
    with pytest.raises(Finding, match="without an end"):
        apply.changes(found, tree(tmp_path, "a" * 64 + "b\n"))
    assert time.process_time() - began < 10


def test_a_search_that_ends_leaves_no_clock_behind(tmp_path: Path) -> None:
    import signal

    found = load.load_directory(write(tmp_path / "set"), name="x/y")
    apply.changes(found, tree(tmp_path, "old\n"))
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_words_that_a_tool_takes_for_a_diff(tmp_path: Path) -> None:
    pad = "x" * 66
    words = f"Harmless.\n\n--- a/{pad} +++ b/{pad} @@ -0,0 +1 @@ +{pad}"
    with pytest.raises(BadInput) as caught:
        load.load_directory(write(tmp_path / "set", description=words), name="x/y")
    assert "read as a part of the diff" in caught.value.why


@pytest.mark.parametrize("file", ["a\tb", "a\x1bb", "x/" * 600 + "a"])
def test_paths(tmp_path: Path, file: str) -> None:
    with pytest.raises(BadInput):
        load.load_directory(write(tmp_path / "set", file=file), name="x/y")


def test_a_subject_of_several_lines(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        load.load_directory(write(tmp_path / "set", subject="a\rX-Evil: b"), name="x/y")


def test_a_long_anchor(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        load.load_directory(write(tmp_path / "set", anchor="a" * 5000), name="x/y")
    assert "longer than 4000" in caught.value.why


def test_a_text_that_is_somebody_elses_file(tmp_path: Path) -> None:
    root = write(tmp_path / "set")
    (tmp_path / "secret").write_text("old")
    (root / "text").symlink_to(tmp_path / "secret")
    toml = (root / "patch.toml").read_text().replace('text = "new"', 'text_file = "text"')
    (root / "patch.toml").write_text(toml)
    with pytest.raises(BadInput) as caught:
        load.load_directory(root, name="x/y")
    assert "link" in caught.value.why


def test_new_files_that_are_somebody_elses_folder(tmp_path: Path) -> None:
    root = write(tmp_path / "set")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret").write_text("x")
    (root / "files").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="plain folders"):
        load.load_directory(root, name="x/y")


def test_a_new_file_behind_a_link_of_the_tree(tmp_path: Path) -> None:
    root = write(tmp_path / "set")
    (root / "files" / "d").mkdir(parents=True)
    (root / "files" / "d" / "evil").write_text("x")
    where = tree(tmp_path, "old\n")
    (tmp_path / "outside").mkdir()
    (where / "d").symlink_to(tmp_path / "outside")
    with pytest.raises(Finding, match="outside of the tree"):
        apply.changes(load.load_directory(root, name="x/y"), where)


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000])
def test_toml_that_python_cannot_hold(tmp_path: Path, text: str) -> None:
    (tmp_path / "patch.toml").write_text(text)
    with pytest.raises(BadInput, match="not a TOML file"):
        load.load_directory(tmp_path, name="x/y")
