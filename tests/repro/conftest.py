"""Small ELF files, compiled with the clang and lld that the zig toolchain uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent))

from small_c import Compile, Link


def run(command: list[str], cwd: Path, environment: dict[str, str]) -> None:
    kept = {"PATH": os.environ["PATH"], "HOME": str(cwd), **environment}
    done = subprocess.run(
        [sys.executable, "-m", "ziglang", *command],
        cwd=cwd,
        env=kept,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def compile_c(tmp_path: Path) -> Compile:
    """Compile C for arm64 to an object: (name of the object, source, flags)."""

    def compile_c(
        name: str, source: str, *flags: str, cwd: Path | None = None, **environment: str
    ) -> Path:
        place = cwd or tmp_path
        place.mkdir(parents=True, exist_ok=True)
        (place / "source.c").write_text(source)
        out = tmp_path / name
        command = ["clang", "--target=aarch64-linux-musl", "-nostdinc", "-O1", *flags]
        run([*command, "-c", "source.c", "-o", str(out)], place, environment)
        return out

    return compile_c


@pytest.fixture
def link(tmp_path: Path) -> Link:
    """Link objects of arm64 to a static program: (name, objects and lld's own options)."""

    def link(name: str, *objects: Path | str) -> Path:
        out = tmp_path / name
        words = [str(one) for one in objects]
        run(["ld.lld", "-static", "-e", "main", "-o", str(out), *words], tmp_path, {})
        return out

    return link
