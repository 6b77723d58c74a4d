"""`bazel run` of the device rules: what the command xnnkit is given, and that it is asked for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from miniature import Workspace

pytestmark = pytest.mark.bazel

# Stands for the command: says where it is and what it was given, one word a line.
COMMAND = """#!/bin/sh
{
for word; do echo "word $word"; done
for word; do case $word in --binary=*) sha256sum "${word##*=}";; esac; done
} >"$0.said"
"""


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "xnnkit"
    path.write_text(COMMAND)
    path.chmod(0o755)
    monkeypatch.setenv("XNNKIT", str(path))
    return path


def said(command: Path) -> tuple[list[str], list[str]]:
    """Return the words that it was given, and the sums of the binaries."""
    lines = command.with_name("xnnkit.said").read_text().splitlines()
    words = [line.removeprefix("word ") for line in lines if line.startswith("word ")]
    return words, [line.split()[0] for line in lines if not line.startswith("word ")]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_push(command: Path, workspace: Workspace) -> None:
    code, text = workspace.run("run", "//:push_fast", "--", "--device", "adb:X Y")
    assert code == 0, text[-4000:]
    words, sums = said(command)
    assert words[:2] == ["push", "it's small"]
    assert words[2].startswith("--binary=fast=/")
    assert words[3:] == ["--device", "adb:X Y"]
    assert sums == [sha256(workspace.root / "bazel-bin" / "tiny_fast")]


def test_a_profile_of_the_users_is_named_by_its_file(command: Path, workspace: Workspace) -> None:
    code, text = workspace.run("run", "//:push_slow")
    assert code == 0, text[-4000:]
    words, _ = said(command)
    assert words[0] == "push"
    assert words[1].startswith("/")
    assert words[1].endswith("/profiles/mine.toml")
    assert Path(words[1]).read_bytes() == (workspace.root / "profiles/mine.toml").read_bytes()


def test_bench(command: Path, workspace: Workspace) -> None:
    code, text = workspace.run("run", "//:bench", "--", "--", "--benchmark_filter=X")
    assert code == 0, text[-4000:]
    words, sums = said(command)
    options = ["--device", "adb", "--interleave", "--repetitions", "3"]
    assert words[:7] == ["run", "small", *options]
    assert words[7:9] == ["--runs", str(workspace.root / "runs")]
    assert [word.rpartition("=")[0] for word in words[9:11]] == ["--binary=fast", "--binary=slow"]
    assert words[11:] == ["--", "--benchmark_filter=X"]
    assert sums == [sha256(workspace.root / "bazel-bin" / f"tiny_{n}") for n in ("fast", "slow")]


def test_without_the_command(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XNNKIT", "/nowhere/xnnkit")
    code, text = workspace.run("run", "//:push_fast")
    assert code == 3, text[-4000:]
    assert "xnnkit is not on PATH" in text
