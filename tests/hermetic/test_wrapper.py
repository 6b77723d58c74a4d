"""What clang's driver makes of a hostile environment when the toolchain's wrapper starts it.

No Bazel and no compilation: the driver only says what it would run (`-###`).
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from pathlib import Path

import pytest
from xnnkit import paths

COMPILE = ("-c", "part.c", "-nostdinc")
LINK = ("-o", "part", "part.o", "-nostdlib", "-static", "-Lsysroot/lib")
TARGETS = ("aarch64", "x86_64")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with bin/clang as the repository rule writes it, beside zig."""
    found = importlib.util.find_spec("ziglang")
    assert found is not None
    assert found.origin is not None
    (tmp_path / "zig").symlink_to(Path(found.origin).parent / "zig")
    rule = (paths.home() / "rules/private/zig_repository.bzl").read_text()
    match = re.search(r'^_WRAPPER = """(.*?)"""', rule, re.MULTILINE | re.DOTALL)
    assert match is not None
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin/clang"
    wrapper.write_text(match[1].format(command="clang"))
    wrapper.chmod(0o755)
    (tmp_path / "part.c").write_text("int part(void) { return 1; }\n")
    (tmp_path / "part.o").touch()
    (tmp_path / "sysroot/lib").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def hostile(place: Path) -> dict[str, str]:
    """Variables that add to clang's flags, and a clang with a GCC beside it first on PATH."""
    fake = place / "host/bin"
    fake.mkdir(parents=True)
    (fake / "clang").write_text("#!/bin/sh\nexit 97\n")
    (fake / "clang").chmod(0o755)
    for target in TARGETS:
        gcc = place / f"host/lib/gcc/{target}-linux-gnu/12"
        gcc.mkdir(parents=True)
        (gcc / "crtbegin.o").touch()
    poisoned = str(place / "poisoned")
    return {
        "PATH": f"{fake}:{os.environ['PATH']}",
        "CPATH": poisoned,
        "C_INCLUDE_PATH": poisoned,
        "LIBRARY_PATH": poisoned,
        "COMPILER_PATH": str(fake),
        "CCC_OVERRIDE_OPTIONS": "# +-DPOISONED +-Lpoisoned",
    }


def driver(place: Path, program: list[str], words: tuple[str, ...], **environment: str) -> str:
    done = subprocess.run(
        [*program, "-###", *words],
        cwd=place,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("words", [COMPILE, LINK], ids=["compile", "link"])
def test_the_environment_changes_no_command(
    place: Path, hostile: dict[str, str], target: str, words: tuple[str, ...]
) -> None:
    flags = (*words, f"--target={target}-linux-musl", "--sysroot=sysroot", "--no-default-config")
    plain = driver(place, ["bin/clang"], flags)
    assert driver(place, ["bin/clang"], flags, **hostile) == plain
    searched = re.findall(r'"-L([^"]*)"', plain)
    assert set(searched) == ({"sysroot/lib"} if words is LINK else set())
    # Without the wrapper the attack has its effect.
    bare = driver(place, ["./zig", "clang"], flags, **hostile)
    assert "oisoned" in bare.lower()


def test_without_a_sysroot_the_hosts_folders_would_be_searched(place: Path) -> None:
    bare = driver(place, ["bin/clang"], (*LINK, "--target=x86_64-linux-musl"))
    assert "/usr/lib" in " ".join(re.findall(r'"-L([^"]*)"', bare))


def test_the_clock_of_repro_reaches_the_compiler_and_an_unusable_one_is_refused(
    place: Path,
) -> None:
    words = (*COMPILE, "--target=aarch64-linux-musl")
    assert "source-date-epoch" not in driver(place, ["bin/clang"], words)
    line = driver(place, ["bin/clang"], words, SOURCE_DATE_EPOCH="1800000000")
    assert '"-source-date-epoch" "1800000000"' in line
    done = subprocess.run(
        ["bin/clang", *words, "-o", "part.o"],
        cwd=place,
        env={"SOURCE_DATE_EPOCH": "1 -DPOISONED"},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "SOURCE_DATE_EPOCH" in done.stderr
