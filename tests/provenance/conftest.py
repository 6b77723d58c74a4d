"""A small build for each test, copied from one that is made once."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1] / "elf"))

import mini as minis
from xnnkit.cli import main
from xnnkit.provenance import collect
from xnnkit.provenance.files import of_build
from xnnkit.provenance.statement import render


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("provenance")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XNNKIT_HOME", str(root / "home"))
        # Code of its own, which a test may edit and a developer does not while tests run.
        patch.setattr(collect, "package", lambda: root / "package")
        minis.make(root)
    return root


@pytest.fixture
def mini(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> minis.Mini:
    """A small build of a test's own, in another place than where it was made."""
    root = tmp_path / "mini"
    shutil.copytree(template, root, symlinks=True)
    monkeypatch.setenv("XNNKIT_HOME", str(root / "home"))
    monkeypatch.setenv("XNNKIT_CACHE", str(root / "cache"))
    monkeypatch.setattr(collect, "package", lambda: root / "package")
    return minis.Mini(root)


@pytest.fixture
def statement(mini: minis.Mini) -> Path:
    """The statement of the small build."""
    file = mini.root / "provenance.json"
    file.write_bytes(render(of_build(minis.NAME, mini.out)))
    return file


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> minis.Run:
    """Run xnnkit as a user would: exit code, stdout, stderr."""

    def do(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main.main([str(word) for word in arguments])
        return code, *capfd.readouterr()

    return do
