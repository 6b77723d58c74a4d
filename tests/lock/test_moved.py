"""The addresses of an archive at another commit."""

from __future__ import annotations

import pytest
from xnnkit.errors import BadInput
from xnnkit.lock.moved import Target, move
from xnnkit.profile import Archive

OLD, NEW = "a" * 40, "b" * 40
PIN = {"sha256": "c" * 64, "size": 1}


def archive(url: str, strip_prefix: str) -> Archive:
    http = {"type": "http", "url": url, "strip_prefix": strip_prefix, **PIN}
    git = {"type": "git", "repository": "o/r", "format": "zip", "strip_prefix": strip_prefix, **PIN}
    values = {"name": "r", "commit": OLD, "tree": OLD, "licence": "MIT", "origin": [http, git]}
    return Archive.model_validate(values)


@pytest.mark.parametrize(
    ("url", "prefix", "tag", "new_url", "new_prefix"),
    [
        (
            f"https://github.com/o/r/archive/{OLD}.zip",
            f"r-{OLD}",
            "",
            f"https://github.com/o/r/archive/{NEW}.zip",
            f"r-{NEW}",
        ),
        (
            f"https://gitlab.example/o/r/-/archive/{OLD}/r-{OLD}.zip",
            f"r-{OLD}",
            "v2",
            f"https://gitlab.example/o/r/-/archive/{NEW}/r-{NEW}.zip",
            f"r-{NEW}",
        ),
        (
            "https://github.com/o/r/archive/refs/tags/v1.9.1.tar.gz",
            "r-1.9.1",
            "v1.9.2",
            "https://github.com/o/r/archive/refs/tags/v1.9.2.tar.gz",
            "r-1.9.2",
        ),
        (
            "https://github.com/o/r/archive/v1.9.1.zip",
            "r-1.9.1",
            "",
            f"https://github.com/o/r/archive/{NEW}.zip",
            f"r-{NEW}",
        ),
        (
            "https://github.com/o/r/releases/download/1.3.0/r-1.3.0.tar.gz",
            "",
            "1.4.0",
            "https://github.com/o/r/releases/download/1.4.0/r-1.4.0.tar.gz",
            "",
        ),
    ],
)
def test_the_new_address(url: str, prefix: str, tag: str, new_url: str, new_prefix: str) -> None:
    (http, git), left = move(archive(url, prefix), Target(NEW, tag))
    assert http.changes == {"url": new_url, "strip_prefix": new_prefix}
    assert git.changes == {"strip_prefix": new_prefix}
    assert left == []


def test_the_pinned_commit_moves_nothing_but_one_address() -> None:
    pins = archive(f"https://x.org/{OLD}.zip", "r")
    assert move(pins, Target(OLD)) == ([], [])
    (moved,), left = move(pins, Target(OLD, url="https://y.org/r.zip", strip_prefix="s"))
    assert (moved.index, left) == (0, [])
    assert moved.changes == {"url": "https://y.org/r.zip", "strip_prefix": "s"}
    for origins in (pins.origin[1:], (*pins.origin, pins.origin[0])):
        several = pins.model_copy(update={"origin": origins})
        with pytest.raises(BadInput, match="http origins, and --url is for one"):
            move(several, Target(OLD, url="https://y.org/r.zip"))


@pytest.mark.parametrize(
    "url",
    ["https://x.org/r.zip", "https://github.com/o/r/releases/download/1.3.0/r-1.3.0.tar.gz"],
)
def test_an_address_that_tells_nothing(url: str) -> None:
    with pytest.raises(BadInput, match="cannot be told"):
        move(archive(url, "r"), Target(NEW))
