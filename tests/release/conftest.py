"""A checkout as it is released, with a registry that has it, and the Bazel to build with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from xnnkit import paths

sys.path.append(str(Path(__file__).resolve().parent))

from release_kit import Released, Run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """Make a release of the tracked files as they are now."""
    out = tmp_path_factory.mktemp("released").resolve()
    script = [sys.executable, str(ROOT / "tools/make_release.py"), "--worktree"]
    made = ["--out", str(out), "--registry", str(out / "registry")]
    subprocess.run([*script, *made], check=True, capture_output=True)
    (archive,) = out.glob("*.tar.gz")
    subprocess.run(["tar", "-xzf", str(archive), "-C", str(out)], check=True)
    return Released(out / archive.name.removesuffix(".tar.gz"), out / "registry")


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """The user's environment, with this checkout's xnnkit as the command."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("XNNKIT_")}
    return {**kept, "XNNKIT_CACHE": str(paths.cache_dir().resolve())}


@pytest.fixture(scope="session")
def bazel(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Run]:
    """Run `xnnkit bazel -- ...` in a workspace; return its exit code and all its output."""
    bases: dict[Path, Path] = {}
    here = tmp_path_factory.mktemp("bazel")

    def start(root: Path, *arguments: str, cwd: Path | None = None, **more: str) -> tuple[int, str]:
        base = bases.setdefault(root, here / f"base{len(bases)}")
        return _xnnkit(
            ["bazel", "--", f"--output_base={base}", *arguments],
            cwd or root,
            {**environment, **more},
            here / "log",
        )

    yield start
    for root, base in bases.items():
        _xnnkit(["bazel", "--", f"--output_base={base}", "shutdown"], root, environment, here / "x")
    subprocess.run(["chmod", "-R", "u+w", str(here)], check=False)


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """A program that stands for an installed xnnkit."""
    file = tmp_path / "bin" / "xnnkit"
    file.parent.mkdir()
    tools = ROOT / "tools"
    file.write_text(f'#!/bin/sh\nPYTHONPATH={tools} exec {sys.executable} -m xnnkit "$@"\n')
    file.chmod(0o755)
    return file


def _xnnkit(
    arguments: list[str], cwd: Path, environment: Mapping[str, str], log: Path
) -> tuple[int, str]:
    # A file: Bazel's server would keep a pipe open.
    with log.open("wb") as out:
        code = subprocess.run(
            [sys.executable, "-m", "xnnkit", *arguments],
            cwd=cwd,
            env={**environment, "PYTHONPATH": str(ROOT / "tools")},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        ).returncode
    return code, log.read_text(errors="replace")
