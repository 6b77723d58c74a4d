"""The Learning Path's own command, typed as it is given, in an overlaid miniature of MediaPipe."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import overlay_mini
import pytest
from elftools.elf.elffile import ELFFile
from overlay_mini import COMMAND, PACKAGE, Mini, git, snapshot
from xnnkit import paths, profile
from xnnkit.bazel import find
from xnnkit.cli import main

pytestmark = pytest.mark.bazel

Typed = Callable[..., str]


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Mini, Path]]:
    """A miniature with real compilers, and Bazel's output base for it."""
    base = tmp_path_factory.mktemp("overlay")
    project = Path(__file__).resolve().parents[2]
    pins = (project / "profiles/gemma-2024-05.toml").read_text()
    before = os.environ.get("XNNKIT_HOME")
    mini = overlay_mini.make(
        base / "mini", project, toolchain=pins[pins.index("[[toolchain]]") :], with_ndk=True
    )
    yield mini, base / "output_base"
    bazel = find(profile.load("mini").bazel)
    subprocess.run(
        bazel.argv(f"--output_base={base / 'output_base'}", "shutdown"),
        cwd=mini.checkout,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if before is None:
        del os.environ["XNNKIT_HOME"]
    for folder, _, _ in os.walk(base):
        os.chmod(folder, stat.S_IRWXU)
    shutil.rmtree(base)


@pytest.fixture
def typed(made: tuple[Mini, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Typed:
    """Type a command in the checkout, with the Bazel that xnnkit finds for `bazel`."""
    mini, output_base = made
    monkeypatch.setenv("XNNKIT_HOME", str(mini.home))
    monkeypatch.setenv("XNNKIT_GIT_ROOT", str(mini.git_root))
    monkeypatch.setenv("XNNKIT_CACHE", str(paths.cache_dir()))

    def run(command: str) -> str:
        name, *arguments = command.split()
        assert name == "bazel"
        bazel = find(profile.load("mini").bazel)
        log = tmp_path / "log"
        with log.open("wb") as sink:
            done = subprocess.run(
                bazel.argv(f"--output_base={output_base}", *arguments),
                cwd=mini.checkout,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )
        assert done.returncode == 0, log.read_text()[-4000:]
        return log.read_text()

    return run


def overlay(mini: Mini, *arguments: str) -> None:
    assert main.main(["overlay", str(mini.checkout), *arguments]) == 0


def interpreter(binary: Path) -> str | None:
    """Return the loader that an arm64 program asks for, None when it is static."""
    with binary.open("rb") as file:
        elf = ELFFile(file)
        assert elf["e_machine"] == "EM_AARCH64"
        found = [s.get_interp_name() for s in elf.iter_segments() if s["p_type"] == "PT_INTERP"]
    return found[0] if found else None


def test_with_zig(made: tuple[Mini, Path], typed: Typed) -> None:
    mini, _ = made
    before = snapshot(mini.checkout)
    overlay(mini, "--profile", "mini", "--toolchain", "zig")
    typed(COMMAND)
    binary = mini.checkout / "bazel-bin" / PACKAGE / "llm_test"
    assert interpreter(binary) is None
    if emulator := shutil.which("qemu-aarch64"):
        assert subprocess.run([emulator, binary]).returncode == 0

    # Another flavour is another XNNPACK; what does not depend on it is not compiled again.
    overlay(mini, "--flavour", "other")
    log = typed(f"{COMMAND} --subcommands")
    assert "external/XNNPACK_other/xnn.cc" in log
    assert "port.cc" not in log

    overlay(mini, "--undo")
    assert git(mini.checkout, "status", "--porcelain") == ""
    now = snapshot(mini.checkout)
    assert {k: v for k, v in now.items() if not k.startswith("bazel-")} == before


def test_with_an_ndk_shaped_tree(made: tuple[Mini, Path], typed: Typed, tmp_path: Path) -> None:
    """As with an NDK; the tree is tests/ndk/assemble.py's, and nothing in it is Google's."""
    mini, output_base = made
    overlay(mini, "--profile", "mini", "--toolchain", "zig")
    typed(COMMAND)  # zig's own files are what the tree is assembled of
    tree = tmp_path / "ndk"
    external = output_base / "external"
    assemble = Path(__file__).resolve().parents[1] / "ndk/assemble.py"
    subprocess.run(
        [
            *(sys.executable, str(assemble), str(tree)),
            *("--zig", str(external / "zig")),
            *("--libraries", str(external / "zig_sysroot_aarch64/lib")),
        ],
        check=True,
    )
    overlay(mini, "--toolchain", "ndk", "--ndk", str(tree))
    typed(COMMAND)
    binary = mini.checkout / "bazel-bin" / PACKAGE / "llm_test"
    assert interpreter(binary) == "/system/bin/linker64"
    overlay(mini, "--undo")
    assert git(mini.checkout, "status", "--porcelain") == ""
