"""Hashes of folders: those of coreutils, and nothing through a symlink."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from xnnkit.provenance.digests import Tree, dir_hash, file_below, of_json, plain_bytes, tree_below

COMMAND = (
    "find . -type f | cut -c3- | LC_ALL=C sort | xargs -r sha256sum | sha256sum | cut -f1 -d' '"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name, text in {"b": "1", "a/b": "2", "a-b": "3", "a/c/d": "", "B": "4"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_the_hash_of_a_folder_is_what_in_toto_says(tree: Path) -> None:
    done = subprocess.run(COMMAND, shell=True, cwd=tree, capture_output=True, text=True, check=True)
    assert dir_hash(tree_below(tree).files) == done.stdout.strip()


def test_each_file_has_its_sha256(tree: Path) -> None:
    assert tree_below(tree).files["a/b"] == hashlib.sha256(b"2").hexdigest()
    assert file_below(tree, "a/b") == hashlib.sha256(b"2").hexdigest()
    assert list(tree_below(tree).files) == ["B", "a-b", "a/b", "a/c/d", "b"]


def test_what_is_skipped_is_not_entered(tree: Path) -> None:
    assert list(tree_below(tree, lambda name, _: name in ("a", "B")).files) == ["a-b", "b"]


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../b", "a//b", "./b", "a/", "x\0y"])
def test_a_name_that_is_no_plain_path_has_no_file(tree: Path, name: str) -> None:
    (tree.parent / "x").write_text("outside")
    assert file_below(tree, name) is None


def test_symlinks_pipes_and_folders_are_no_files(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("x")
    (tree / "link").symlink_to(tmp_path / "outside/file")
    (tree / "folder").symlink_to(tmp_path / "outside")
    os.mkfifo(tree / "pipe")
    (tree / "closed").write_text("x")
    (tree / "closed").chmod(0)
    found = tree_below(tree)
    assert not {"link", "folder", "folder/file", "pipe"} & set(found.files)
    assert found.links == {
        "folder": str(tmp_path / "outside"),
        "link": str(tmp_path / "outside/file"),
    }
    unreadable = {} if os.geteuid() == 0 else {"closed": "a file that cannot be read"}
    assert found.strange == {"pipe": "a pipe", **unreadable}
    for name in ("link", "folder/file", "pipe", "a", "absent", "b/c"):
        assert file_below(tree, name) is None


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert tree_below(tmp_path / "absent") == Tree()
    assert file_below(tmp_path / "absent", "x") is None


def test_canonical_json_does_not_depend_on_order() -> None:
    assert of_json({"a": 1, "b": [True, "é"]}) == of_json({"b": [True, "é"], "a": 1})
    assert of_json({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()
    assert of_json({"a": 1}) != of_json({"a": "1"})


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "too long"])
def test_only_a_plain_file_of_some_length_is_read(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    if kind == "a pipe":
        os.mkfifo(file)
    elif kind == "a folder":
        file.mkdir()
    else:
        file.write_bytes(b"12345")
    with pytest.raises((ValueError, OSError)):
        plain_bytes(file, 4)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "plain")
    (tmp_path / "plain").write_bytes(b"1234")
    assert plain_bytes(link, 4) == b"1234"
