"""What ``xnnkit lock audit`` reads of a file: not much, and of plain files only."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest
from xnnkit.errors import BadInput
from xnnkit.lock import reading
from xnnkit.lock.audit import audit
from xnnkit.lock.starlark import MAX_WORDS, parse, words


def sparse(file: Path) -> None:
    """Make a file of 3 GiB that takes no place."""
    with file.open("wb") as out:
        out.truncate(3 << 30)


def refused(name: Path) -> BadInput:
    with pytest.raises(BadInput) as caught:
        audit([str(name)])
    assert str(name) in caught.value.where
    return caught.value


@pytest.mark.parametrize("name", ["x.bzl", "WORKSPACE", "x.toml"])
def test_a_file_that_is_named_is_not_read_whole(tmp_path: Path, name: str) -> None:
    sparse(tmp_path / name)
    tracemalloc.start()
    try:
        assert "4,194,304 bytes" in refused(tmp_path / name).why
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_a_file_that_is_loaded_is_not_read_whole(tmp_path: Path) -> None:
    sparse(tmp_path / "x.bzl")
    (tmp_path / "WORKSPACE").write_text('load(":x.bzl", "x")\n')
    ((file, why),) = audit([str(tmp_path)]).unread
    assert file == "x.bzl"
    assert "longer than" in why


@pytest.mark.parametrize("name", ["x.bzl", "x"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert refused(tmp_path / name).why == "not a plain file"
    (tmp_path / "WORKSPACE").write_text(f'load(":{name}", "x")\n')
    assert audit([str(tmp_path)]).unread == [(f":{name}", "not a plain file")]


def test_what_is_just_small_enough_is_read(tmp_path: Path) -> None:
    file = tmp_path / "x.bzl"
    file.write_bytes(b"#" * (reading.MAX_BYTES - 1) + b"\n")
    assert audit([str(file)]).files == [str(file)]


@pytest.mark.parametrize(
    "label", ["//:\\0.bzl", "//:" + "a" * 5000, "//:\\ud800.bzl", "//:ring.bzl", "//:folder"]
)
def test_names_that_are_none_are_told(tmp_path: Path, label: str) -> None:
    (tmp_path / "ring.bzl").symlink_to("ring.bzl")
    (tmp_path / "folder").mkdir()
    (tmp_path / "WORKSPACE").write_text(f'load("{label}", "x")\n')
    assert len(audit([str(tmp_path)]).unread) == 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a = b.c(1)\n", 8),
        ("'a b c' \"d 'e' f\"", 2),
        ('"""a "b" c\n"""', 1),
        ("# a b c\nd", 2),
        (r'"\"" + "a; b; c"', 3),
        (r"'''a''b\''' c''' d", 2),
        ("f(a)", 4),
        ('f"{a}"', -1),
        ("rF'{a}'", -1),
        ('if"a"', 2),
    ],
)
def test_words_are_counted_as_python_sees_them(text: str, count: int) -> None:
    assert words(text.encode()) == count


@pytest.mark.parametrize("text", [b"a\n" * MAX_WORDS * 2, b'f"{a}{a}"'])
def test_what_would_take_much_memory_is_not_parsed(text: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text, "x.bzl")
    assert "words" in caught.value.why or "f-string" in caught.value.why


def test_files_that_are_open_together_are_bounded_together(tmp_path: Path) -> None:
    """Each of them would do."""
    for number in range(4):
        text = f'load(":{number + 1}.bzl", "x")\n' + "pass\n" * (MAX_WORDS // 3)
        (tmp_path / f"{number}.bzl").write_text(text)
    (tmp_path / "WORKSPACE").write_text('load(":0.bzl", "x")\n')
    assert audit([str(tmp_path)]).unread == [("2.bzl", "too much is loaded")]
