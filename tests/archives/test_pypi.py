"""The ``pypi`` origin: pip itself, on an index of this machine."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from xnnkit.archives.fetch import fetch_profile
from xnnkit.archives.http import Net
from xnnkit.archives.origins import pypi
from xnnkit.errors import BadEnvironment, Finding
from xnnkit.profile import Profile, PypiOrigin

pytest.importorskip("pip")

FILE = "xnnkit_test_wheel-1.0-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.whl"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index with one wheel; return the wheel."""
    folder = tmp_path / "simple" / "xnnkit-test-wheel"
    folder.mkdir(parents=True)
    info = "xnnkit_test_wheel-1.0.dist-info"
    with zipfile.ZipFile(folder / FILE, "w") as wheel:
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: xnnkit-test-wheel\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: false\n"
            "Tag: py3-none-manylinux_2_12_x86_64\n",
        )
        wheel.writestr(f"{info}/RECORD", "")
        wheel.writestr("xnnkit_test_wheel/program", "x" * 1000)
    (folder / "index.html").write_text(f'<a href="{FILE}">{FILE}</a>')
    (tmp_path / "simple" / "index.html").write_text('<a href="xnnkit-test-wheel/">x</a>')
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("XNNKIT_PYPI_INDEX", (tmp_path / "simple").as_uri())
    return folder / FILE


def profile(world: Any, wheel: bytes, **changes: Any) -> Profile:
    data = world.data()
    data["toolchain"][0]["origin"] = [
        {
            "type": "pypi",
            "package": "xnnkit-test-wheel",
            "version": "1.0",
            "file": FILE,
            "sha256": hashlib.sha256(wheel).hexdigest(),
            "size": len(wheel),
            **changes,
        }
    ]
    return Profile.model_validate(data)


def test_a_wheel_for_another_machine(world: Any, index: Path, net: Net) -> None:
    wheel = index.read_bytes()
    done = fetch_profile(profile(world, wheel), cache=world.cache, net=net)
    assert done[1].via == "pypi"
    assert done[1].blob.read_bytes() == wheel
    assert not list(world.cache.partial.iterdir())


def test_another_file_under_that_name(world: Any, index: Path, net: Net) -> None:
    wheel = index.read_bytes()
    wrong = profile(world, wheel, sha256="0" * 64)
    with pytest.raises(Finding, match="has other bytes: refused"):
        fetch_profile(wrong, cache=world.cache, net=net)


def test_a_release_that_is_not_there(world: Any, index: Path, net: Net) -> None:
    wrong = profile(world, index.read_bytes(), version="2.0")
    with pytest.raises(BadEnvironment) as caught:
        fetch_profile(wrong, cache=world.cache, net=net)
    assert "pypi: No matching distribution found for xnnkit-test-wheel==2.0" in caught.value.why
    assert "XNNKIT_PYPI_INDEX" in caught.value.fix


def test_the_index_is_pips_own_unless_told(
    world: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    origin = profile(world, b"x").toolchain[0].origin[0]
    assert isinstance(origin, PypiOrigin)
    monkeypatch.delenv("XNNKIT_PYPI_INDEX", raising=False)
    command = pypi.command(origin, tmp_path)
    assert "--index-url" not in command
    platforms = [command[i + 1] for i, word in enumerate(command) if word == "--platform"]
    assert platforms == ["manylinux_2_12_x86_64", "manylinux2010_x86_64"]
    assert "--no-deps" in command
    assert "--no-cache-dir" in command


def test_pip_removes_its_folders_while_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/gone.whl").write_bytes(b"x" * 7)
    (tmp_path / "b").mkdir()
    (tmp_path / "b/kept.whl").write_bytes(b"x" * 5)
    (tmp_path / "b/loose.whl").symlink_to(tmp_path / "nothing")
    scandir = os.scandir

    def racing(path: Any) -> Any:
        if str(path) == os.fspath(tmp_path / "a"):
            (tmp_path / "a/gone.whl").unlink()
            (tmp_path / "a").rmdir()
        return scandir(path)

    monkeypatch.setattr(os, "scandir", racing)
    assert pypi._downloaded(tmp_path) == 5
