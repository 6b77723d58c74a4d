"""Our tree id against git's own."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xnnkit.archives import tree
from xnnkit.errors import Finding

NAME = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8
).filter(lambda n: n.casefold() not in (".", "..", ".git") and "git" not in n.casefold())
LEAF = st.one_of(
    st.tuples(st.just("file"), st.binary(max_size=40)),
    st.tuples(st.just("exec"), st.binary(max_size=40)),
    st.tuples(st.just("link"), st.sampled_from([b"a", b"../b", b"x/y"])),
)
TREE = st.recursive(
    st.dictionaries(NAME, LEAF, max_size=4),
    lambda below: st.dictionaries(NAME, st.one_of(LEAF, below), max_size=4),
    max_leaves=12,
)


def write(folder: Path, node: dict[str, object]) -> None:
    folder.mkdir()
    for name, below in node.items():
        place = folder / name
        if isinstance(below, dict):
            write(place, below)
            continue
        kind, data = below  # type: ignore[misc]
        if kind == "link":
            place.symlink_to(os.fsdecode(data))
        else:
            place.write_bytes(data)
            place.chmod(0o755 if kind == "exec" else 0o644)


def write_tree(folder: Path) -> str:
    """What git itself says."""
    with tempfile.TemporaryDirectory() as git_dir:
        env = {
            **os.environ,
            "GIT_DIR": git_dir,
            "GIT_WORK_TREE": str(folder),
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        settings_ = ["-c", "core.autocrlf=false", "-c", "core.fileMode=true"]
        subprocess.run(["git", "init", "-q"], env=env, cwd=folder, check=True)
        subprocess.run(["git", *settings_, "add", "-A", "-f", "."], env=env, cwd=folder, check=True)
        done = subprocess.run(
            ["git", "write-tree"], env=env, cwd=folder, check=True, capture_output=True, text=True
        )
    return done.stdout.strip()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TREE)
def test_same_id_as_git_write_tree(node: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "t"
        write(folder, node)
        assert tree.tree_id(folder) == write_tree(folder)


def test_a_folder_sorts_as_if_it_ended_in_a_slash(tmp_path: Path) -> None:
    write(
        tmp_path / "t",
        {
            "a": {"x": ("file", b"1")},
            "a-b": ("file", b"2"),
            "a.c": ("file", b"3"),
            "a0": ("exec", b"4"),
        },
    )
    assert tree.tree_id(tmp_path / "t") == write_tree(tmp_path / "t")


def test_empty_folders_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "t" / "empty" / "emptier").mkdir(parents=True)
    assert tree.tree_id(tmp_path / "t") == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_names_that_are_not_utf8_keep_their_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9")).write_bytes(b"x")
    assert tree.tree_id(folder) == write_tree(folder)


def test_a_fifo_has_no_id(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Finding, match="pipe"):
        tree.tree_id(tmp_path)


def test_difference_names_each_path() -> None:
    actual = {"a": ("100644", "1"), "b": ("100644", "2"), "c": ("100755", "3")}
    expected = {"b": ("100644", "2"), "c": ("100644", "3"), "d": ("100644", "4")}
    found = tree.difference(actual, expected)
    assert found.lines() == ["added a", "removed d", "changed c"]
    assert len(tree.difference({str(i): ("m", "i") for i in range(50)}, {}).lines(20)) == 21
