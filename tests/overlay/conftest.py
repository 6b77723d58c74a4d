"""A miniature MediaPipe for each test, and the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent))

import overlay_mini
from xnnkit.cli import main


@pytest.fixture
def mini(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> overlay_mini.Mini:
    """The miniature; the profile ``mini`` is found by name."""
    monkeypatch.setenv("XNNKIT_HOME", "")  # so that it is taken away again
    made = overlay_mini.make(tmp_path / "mini", repository)
    monkeypatch.setenv("XNNKIT_GIT_ROOT", str(made.git_root))
    return made


@pytest.fixture
def overlay(mini: overlay_mini.Mini, capfd: pytest.CaptureFixture[str]) -> overlay_mini.Run:
    """Run ``xnnkit overlay`` on the miniature's checkout as a user would."""

    def run(*arguments: str) -> overlay_mini.Answer:
        capfd.readouterr()
        code = main.main(
            ["overlay", str(mini.checkout), "--distdir", str(mini.distdir), *arguments]
        )
        return overlay_mini.Answer(code, *capfd.readouterr())

    return run
