"""What counts as a pin, and what only looks like one."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from xnnkit.lock import pins
from xnnkit.lock.audit import audit


def sri(name: str, size: int) -> str:
    return f"{name}-{base64.b64encode(bytes(size)).decode()}"


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("commit", "b" * 40),
        ("commit", "B" * 40),
        ("commit", "b" * 64),
        ("sha256", "a" * 64),
        ("jar_sha256", "a" * 64),
        ("sha512", "a" * 128),
        ("integrity", sri("sha256", 32)),
        ("integrity", sri("sha384", 48)),
        ("integrity", sri("sha512", 64)),
        ("sum", "h1:" + sri("", 32)[1:]),
        ("digest", "sha256:" + "a" * 64),
        ("checksum", "a" * 64),
        ("hash", sri("sha256", 32)),
    ],
)
def test_what_is_a_pin(keyword: str, text: str) -> None:
    assert pins.problem(keyword, text) == ""


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("commit", "origin/main"),
        ("commit", "v1.0"),
        ("commit", "abc1234"),
        ("commit", "b" * 41),
        ("commit", "b" * 40 + "\n"),
        ("sha256", "TODO"),
        ("sha256", "a" * 40),
        ("sha256", "a" * 128),
        ("sha256", sri("sha256", 32)),
        ("sha512", "a" * 64),
        ("integrity", "sha1-" + sri("", 20)[1:]),
        ("integrity", sri("sha256", 20)),
        ("integrity", sri("sha512", 32)),
        ("integrity", "sha256-x="),
        ("integrity", "sha256-"),
        ("integrity", "a" * 64),
        ("sum", "sha256-" + sri("", 32)[1:]),
        ("digest", "latest"),
        ("digest", "sha256:" + "a" * 63),
        ("checksum", "a" * 40),
    ],
)
def test_what_is_none(keyword: str, text: str) -> None:
    assert text.strip() in pins.problem(keyword, text)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ('git_repository(remote = "https://x.org/r", commit = "origin/main")', "origin/main"),
        ('git_override(remote = "https://x.org/r", commit = "main")', "main"),
        ('h(remote = "https://x.org/r", commit = "abc1234")', "abc1234 is abbreviated"),
        ('http_archive(url = "https://x.org/r.zip", sha256 = "TODO")', "TODO"),
        ('http_archive(url = "https://x.org/r.zip", integrity = "sha1-AA==")', "sha1-AA=="),
        (f'http_archive(url = "https://x.org/r.zip", commit = "{"b" * 40}")', "no sha256"),
        (f'git_repository(remote = "https://x.org/r", sha256 = "{"a" * 64}")', "no commit"),
        ('third_party(url = "https://x.org/r.zip", sha256 = {"x": "TODO"})', "TODO"),
    ],
)
def test_a_word_in_the_place_of_a_pin_is_named(tmp_path: Path, call: str, said: str) -> None:
    load = 'load("@bazel_tools//tools/build_defs/repo:git.bzl", h = "git_repository")\n'
    (tmp_path / "WORKSPACE").write_text(load + call.replace("(", '(name = "r", ', 1))
    (row,) = audit([str(tmp_path)]).findings
    assert (row.code, row.name) == ("unpinned", "r")
    assert said in row.what


def test_one_sound_pin_is_enough(tmp_path: Path) -> None:
    (tmp_path / "WORKSPACE").write_text(
        f'http_archive(name = "r", url = "https://x.org/r.zip", sha256 = "", '
        f'integrity = "{sri("sha384", 48)}")'
    )
    assert audit([str(tmp_path)]).findings == []
