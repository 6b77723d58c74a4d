"""Programs built with the NDK toolchain on an NDK-shaped tree that compiles: linked, proved, run.

The tree is `assemble.py`'s, of zig's compiler and musl; it is not Google's NDK.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import musl_loader
import ndk_shape
import pytest
from assemble import Assembly
from bionic import BionicAssembly
from ndk_miniature import Workspace
from xnnkit import elf, paths, profile
from xnnkit.profile.compiler import needed
from xnnkit.render.environment import starlark

pytestmark = pytest.mark.bazel

PROFILE = "xnnpack-2024-11"
OUTPUT = "plain 2, shared 40, built redacted\n"


def zig_tags() -> str:
    """Return the lines of MODULE.bazel that declare the profile's zig."""
    origins = "".join(
        f"zig.origin(type = {starlark(o.type)}, location = {starlark(o.location)},"
        f" filename = {starlark(o.filename)}, format = {starlark(o.archive_format)},"
        f" sha256 = {starlark(o.sha256)}, strip_prefix = {starlark(o.strip_prefix)})\n"
        for o in needed(profile.load(PROFILE)).toolchain[0].origin
    )
    return (
        'zig = use_extension("@xnnkit//rules/toolchains/zig:extensions.bzl", "zig")\n'
        f'{origins}use_repo(zig, "zig_toolchains")\nregister_toolchains("@zig_toolchains//:all")\n'
    )


@pytest.fixture(scope="module")
def zig(ndk_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The zig that Bazel itself fetches and verifies, and its libraries for arm64."""
    shape = ndk_shape.write(tmp_path_factory.mktemp("empty") / "ndk")
    ndk_workspace.declare(f"ndk.local(path = {starlark(str(shape))})", zig_tags())
    musl = "--platforms=@xnnkit//rules/platforms:linux_arm64_musl"
    code, text = ndk_workspace.run("build", "--nobuild", musl, "//:tiny")
    assert code == 0, text
    external = ndk_workspace.output_base / "external"
    (release,) = external.glob("*zig~zig")
    (sysroot,) = external.glob("*zig~zig_sysroot_aarch64")
    return release, sysroot / "lib"


@pytest.fixture(scope="module")
def tree(zig: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An NDK-shaped tree on musl's headers."""
    return Assembly(tmp_path_factory.mktemp("shape") / "android-ndk-r26d", *zig).run()


@pytest.fixture(scope="module")
def tiny(ndk_workspace: Workspace, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program of our own, built with the tree."""
    ndk_workspace.declare(f"ndk.local(path = {starlark(str(tree))})")
    code, text = ndk_workspace.run("build", "//:tiny", "//:libtiny.so")
    assert code == 0, text[-4000:]
    kept = tmp_path_factory.mktemp("kept") / "tiny"
    shutil.copyfile(ndk_workspace.root / "bazel-bin/tiny", kept)
    kept.chmod(0o755)
    return kept


def test_the_program_is_bionics_position_independent_and_needs_no_libcxx(tiny: Path) -> None:
    facts = elf.inspect(tiny)
    assert facts.machine == "AArch64"
    assert facts.linking == "bionic"
    assert set(facts.needed) <= {"libc.so", "libm.so", "libdl.so"}
    assert facts.interpreter == "/system/bin/linker64"


def test_no_place_of_this_machine_is_in_it(tiny: Path, ndk_workspace: Workspace) -> None:
    data = tiny.read_bytes()
    assert str(ndk_workspace.root.parent).encode() not in data
    assert str(Path.home()).encode() + b"/" not in data


def test_another_folder_gives_the_same_bytes(
    tiny: Path, tree: Path, ndk_workspace: Workspace, tmp_path: Path
) -> None:
    moved = tmp_path / "another place" / "ndk"
    shutil.copytree(tree, moved, symlinks=True)
    ndk_workspace.declare(f"ndk.local(path = {starlark(str(moved))})")
    code, text = ndk_workspace.run("build", "//:tiny")
    assert code == 0, text[-4000:]
    assert (ndk_workspace.root / "bazel-bin/tiny").read_bytes() == tiny.read_bytes()


@pytest.fixture(scope="module")
def root(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A device's root as far as qemu wants it, with musl's loader in the place of Android's."""
    if lacking := musl_loader.missing():
        pytest.skip(f"needs {lacking}")
    made = musl_loader.install(
        tmp_path_factory.mktemp("device") / "root", tmp_path_factory.mktemp("apt")
    )
    musl_loader.add_liblog(made, tree, tmp_path_factory.mktemp("log"))
    return made


def test_it_starts_and_catches_exceptions_under_musls_loader(tiny: Path, root: Path) -> None:
    done = subprocess.run(
        ["qemu-aarch64", "-L", str(root), str(tiny)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, OUTPUT), done.stderr


@pytest.fixture(scope="module")
def block(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The block benchmark by the main job's command, with the tree as the installed NDK."""
    out = tmp_path_factory.mktemp("block") / "out"
    command = [sys.executable, "-m", "xnnkit", "build", PROFILE, "--flavour", "upstream"]
    command += ["--toolchain", "ndk", "--ndk", str(tree), "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(paths.home() / "tools")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return out / "bin/upstream/llm_block"


def test_the_block_benchmark_is_built_and_proved(block: Path) -> None:
    facts = elf.inspect(block)
    assert facts.linking == "bionic"
    assert set(facts.needed) <= {"libc.so", "libm.so", "libdl.so", "liblog.so"}


def test_the_block_benchmark_starts(block: Path, root: Path) -> None:
    command = ["qemu-aarch64", "-L", str(root), str(block), "--benchmark_list_tests"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "BM_Llm_Mixed_INT48/64" in done.stdout


@pytest.mark.upstream
def test_bionics_own_headers_and_symbols_are_compiled_and_linked_with(
    ndk_workspace: Workspace, zig: tuple[Path, Path], tmp_path: Path
) -> None:
    clones = Path(os.environ["XNNKIT_GIT_ROOT"])
    tree = BionicAssembly(tmp_path / "android-ndk-r26d", *zig, clones).run()
    ndk_workspace.declare(f"ndk.local(path = {starlark(str(tree))}, api_level = 30)")
    code, text = ndk_workspace.run("build", "//:tiny")
    assert code == 0, text[-4000:]
    facts = elf.inspect(ndk_workspace.root / "bazel-bin/tiny")
    assert facts.linking == "bionic"
    assert set(facts.needed) <= {"libc.so", "libm.so", "libdl.so"}
    assert [name for name in facts.names if "__ndk1" in name]
