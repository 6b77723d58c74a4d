"""Fake programs on a PATH of their own: no real Bazel and no real apt in this room."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent))

from programs import Fake
from xnnkit.profile import Bazel as Requirement
from xnnkit.profile.model import DebianBazel


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Put a shell script on a PATH that holds nothing else; call it with (name, script)."""
    folder = tmp_path / "fake-bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def write(name: str, script: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def requirement() -> Requirement:
    return Requirement(version="7.7.1", minimum="7.4.0", below="8.0.0")


@pytest.fixture
def with_debian(requirement: Requirement) -> Requirement:
    debian = DebianBazel(package="bazel-bootstrap", suite="testing")
    return requirement.model_copy(update={"debian": debian})
