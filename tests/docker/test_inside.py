"""What runs inside the image to make Debian's Bazel usable there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from xnnkit.bazel import registry
from xnnkit.docker import inside
from xnnkit.errors import BadEnvironment


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """Where bazel-bootstrap would have put its files: just enough to be read."""
    root = tmp_path / "share"
    for directory in ["embedded_tools", *registry.SHIPPED.values()]:
        (root / directory).mkdir(parents=True)
        named = [("zlib", "1.3.1"), ("platforms", "1")]
        text = "".join(f'bazel_dep(name = "{n}", version = "{v}")\n' for n, v in named)
        (root / directory / "MODULE.bazel").write_text(text)
    return root


@pytest.fixture
def java(tmp_path: Path) -> Path:
    root = tmp_path / "jvm"
    (root / "java-25-openjdk-amd64").mkdir(parents=True)
    return root


def test_the_launcher_names_everything_it_needs(tmp_path: Path, share: Path, java: Path) -> None:
    folder = tmp_path / "a folder"
    script = inside.write(folder, share, java)
    assert script == folder / "bazel"
    assert script.stat().st_mode & 0o111 == 0o111
    # What it starts, seen by a program in Bazel's place.
    text = script.read_text().replace("/usr/bin/bazel", "printf '%s\\n' bazel")
    started = subprocess.run(
        ["sh", "-c", text, "sh", "build", "a b"], capture_output=True, text=True
    )
    assert started.stdout.splitlines() == [
        "bazel",
        "--nosystem_rc",
        f"--install_base={share}",
        "--trust_install_base",
        f"--server_javabase={java}/java-25-openjdk-amd64",
        f"--bazelrc={folder}/bazelrc",
        "build",
        "a b",
    ]
    asked = subprocess.run(["sh", "-c", text, "sh", "--version"], capture_output=True, text=True)
    assert asked.stdout.splitlines() == ["bazel", "--version"]


def test_the_rc_file_points_at_the_registry(tmp_path: Path, share: Path, java: Path) -> None:
    folder = tmp_path / "bazel"
    inside.write(folder, share, java)
    assert f"--registry=file://{folder}/registry" in (folder / "bazelrc").read_text()
    modules = folder / "registry/modules"
    assert sorted(p.name for p in modules.iterdir()) == ["zlib"]
    source = json.loads((modules / "zlib/1.3.1/source.json").read_text())
    assert source["type"] == "local_path"


def test_what_is_missing_is_said(tmp_path: Path, share: Path, java: Path) -> None:
    with pytest.raises(BadEnvironment, match="is not installed"):
        inside.write(tmp_path / "x", tmp_path / "nowhere", java)
    (java / "java-25-openjdk-amd64").rmdir()
    with pytest.raises(BadEnvironment, match="without Java") as caught:
        inside.write(tmp_path / "x", share, java)
    assert "apt-get install" in caught.value.fix
    assert not (tmp_path / "x").exists()


def test_it_is_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "SHARE", tmp_path / "nowhere")
    monkeypatch.setattr(sys, "argv", ["inside", str(tmp_path / "x")])
    assert inside.main() == 3
    assert not (tmp_path / "x").exists()
