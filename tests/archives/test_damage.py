"""Whatever is wrong in the cache or a distdir is named, exit 1, nothing is used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from xnnkit.cli.main import main

Damage = Callable[[bytes, bytes], bytes]

DAMAGES: dict[str, Damage] = {
    "flipped": lambda good, _: bytes([good[0], good[1] ^ 4]) + good[2:],
    "flipped at the end": lambda good, _: good[:-1] + bytes([good[-1] ^ 128]),
    "truncated": lambda good, _: good[:-1],
    "appended": lambda good, _: good + b"\0",
    "swapped": lambda _, other: other,
}


@pytest.fixture
def profile(world: Any) -> str:
    """The path of a profile whose files are all in the cache."""
    path = str(world.profile_file(world.debian()))
    assert main(["fetch", path, "--quiet"]) == 0
    return path


@pytest.mark.parametrize("command", ["verify", "fetch"])
@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_in_the_cache(
    damage: str, command: str, world: Any, profile: str, capsys: pytest.CaptureFixture[str]
) -> None:
    blob = world.cache.blob_path(world.debian()["sha256"])
    blob.chmod(0o644)
    blob.write_bytes(DAMAGES[damage](world.upstream.tarxz, world.toolchain))
    asked = len(world.server.requests)
    assert main([command, profile]) == 1
    said = capsys.readouterr()
    assert str(blob) in said.err
    assert len(world.server.requests) == asked, "it must not be replaced silently"
    assert main(["fetch", profile, "--repair", "--quiet"]) == 0
    assert main(["verify", profile, "--quiet"]) == 0
    assert blob.read_bytes() == world.upstream.tarxz


@pytest.mark.parametrize("command", ["verify", "fetch"])
@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_in_a_distdir(
    damage: str,
    command: str,
    world: Any,
    profile: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    brought = tmp_path / "dist"
    brought.mkdir()
    file = brought / "engine_1.0.orig.tar.xz"
    file.write_bytes(DAMAGES[damage](world.upstream.tarxz, world.toolchain))
    assert main([command, profile, "--distdir", str(brought)]) == 1
    assert str(file) in capsys.readouterr().err
    file.write_bytes(world.upstream.tarxz)
    assert main([command, profile, "--distdir", str(brought)]) == 0


def test_cache_check_and_repair(
    world: Any, profile: str, capsys: pytest.CaptureFixture[str]
) -> None:
    blob = world.cache.blob_path(world.debian()["sha256"])
    blob.chmod(0o644)
    blob.write_bytes(b"")
    assert main(["cache", "check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["damaged"] == [str(blob)]
    assert main(["cache", "repair"]) == 0
    assert main(["cache", "check"]) == 0
    assert main(["verify", profile, "--json"]) == 1
    result = json.loads(capsys.readouterr().out.partition("0 damaged\n")[2])
    assert [one["state"] for one in result["files"]] == ["missing", "ok"]


def test_what_the_commands_print(
    world: Any, profile: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", profile, "--json"]) == 0
    fetched = json.loads(capsys.readouterr().out)
    assert fetched["schema_version"] == 1
    assert [one["name"] for one in fetched["fetched"]] == ["engine", "zig"]
    assert fetched["fetched"][0]["tree"] == world.upstream.tree
    assert main(["verify", profile, "--again"]) == 0
    said = capsys.readouterr()
    assert world.upstream.tree in said.out
    assert said.err == ""
    assert main(["cache", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cache"]["blobs"] == 2
    assert main(["cache", "clean", "--all"]) == 0
    assert main(["verify", profile, "--quiet"]) == 1
    assert "not in the cache: engine, zig" in capsys.readouterr().err


def test_a_forged_note_of_a_tree_does_not_survive_again(world: Any) -> None:
    """The cache remembers a tree that the file does not have; --again computes it."""
    path = str(world.profile_file(world.debian(), tree="d" * 40))
    world.cache.record_tree(world.debian()["sha256"], "engine-1.0", "d" * 40)
    assert main(["fetch", path, "--quiet"]) == 0
    assert main(["verify", path, "--again", "--quiet"]) == 1
