"""The overlay on MediaPipe itself, at the commit of gemma-2024-05, and the command for real."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from overlay_mini import COMMAND, PACKAGE, git, snapshot
from xnnkit import elf, paths, profile
from xnnkit.archives.regenerate import find_clone
from xnnkit.bazel import find
from xnnkit.cli import main
from xnnkit.overlay.plan import mediapipe

NAME = "gemma-2024-05"

# `bazel`, too, where nothing is built: those tests keep the cache, and fetch nothing twice.
pytestmark = [pytest.mark.upstream, pytest.mark.bazel]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone with the files that llm_test needs checked out; a clone may lack test media."""
    root = paths.git_root()
    assert root is not None
    archive = mediapipe(profile.load(NAME))
    clone = find_clone(root, "google-ai-edge/mediapipe")
    assert clone is not None
    made = tmp_path / "mediapipe"
    git(tmp_path, "clone", "-q", "--no-checkout", "--shared", str(clone), str(made))
    wanted = [path for origin in archive.origin for path in getattr(origin, "paths", ())]
    git(made, "sparse-checkout", "set", "--no-cone", "/.gitignore", *(f"/{p}" for p in wanted))
    git(made, "checkout", "-q", archive.commit)
    return made


def overlay(checkout: Path, *arguments: str) -> int:
    return main.main(["overlay", str(checkout), *arguments])


def test_in_switched_and_out(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = snapshot(checkout)
    assert overlay(checkout, "--flavour", "upstream", "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert first["profile"] == NAME  # found by HEAD
    assert first["command"] == COMMAND
    assert "WORKSPACE" in first["changed"]
    assert f"{PACKAGE}/BUILD" in first["changed"]
    assert ".bazelversion" not in first["changed"]
    assert overlay(checkout, "--json") == 0
    again = json.loads(capsys.readouterr().out)
    assert again["added"] == again["changed"] == again["removed"] == []
    assert overlay(checkout, "--flavour", "upstream-i8mm", "--json") == 0
    assert json.loads(capsys.readouterr().out)["changed"] == [".configure.bazelrc"]
    assert overlay(checkout, "--undo") == 0
    assert git(checkout, "status", "--porcelain", "--ignored") == ""
    assert snapshot(checkout) == before


def test_after_llm_test_was_removed(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    removed = "83fdad9bb95d37bcf6c9055a66142c8b887214a1"
    git(checkout, "checkout", "-q", removed)
    assert overlay(checkout, "--profile", NAME) == 2
    assert (
        "HEAD: MediaPipe 83fdad9bb95d of 2026-01-30 has no llm_test: it was removed on 2026-01-30"
        " by 83fdad9bb95d; the last tag with it is v0.10.32" in capsys.readouterr().err
    )


@pytest.mark.slow
def test_the_command_for_real(checkout: Path, tmp_path: Path) -> None:
    assert overlay(checkout, "--flavour", "upstream", "--toolchain", "zig") == 0
    bazel = find(profile.load(NAME).bazel)
    base = f"--output_base={tmp_path / 'output_base'}"
    log = tmp_path / "log"
    with log.open("wb") as sink:
        done = subprocess.run(
            bazel.argv(base, *COMMAND.split()[1:]), cwd=checkout, stdout=sink, stderr=sink
        )
        subprocess.run(bazel.argv(base, "shutdown"), cwd=checkout, stdout=sink, stderr=sink)
    assert done.returncode == 0, log.read_text()[-4000:]
    flavour = profile.load(NAME).get_flavour("upstream")
    proved = elf.prove(checkout / "bazel-bin" / PACKAGE / "llm_test", flavour.proof)
    assert [check for check in proved.checks if not check.ok] == []
    assert overlay(checkout, "--undo") == 0
    assert git(checkout, "status", "--porcelain") == ""
