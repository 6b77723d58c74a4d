"""The NDK's clang asks the host which distribution it is; its programs do not depend on that."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import witness
from attacked import Attacked, another_distribution, inside
from xnnkit import paths

sys.path.append(str(Path(__file__).resolve().parent.parent / "ndk"))

import miniature
import ndk_miniature
from assemble import Assembly
from xnnkit.render.environment import starlark

pytestmark = [pytest.mark.bazel, pytest.mark.slow]


@pytest.fixture(scope="module")
def ndk(
    target: Attacked, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ndk_miniature.Workspace]:
    """A small workspace whose compiler is a tree in the shape of an NDK."""
    external = target.workspace.output_base / "external"
    (zig,) = external.glob("*zig~zig")
    (sysroot,) = external.glob("*zig~zig_sysroot_aarch64")
    base = tmp_path_factory.mktemp("ndk-shape")
    tree = Assembly(base / "android-ndk-r26d", zig, sysroot / "lib").run()
    root, output_base = base / "workspace", base / "output_base"
    root.mkdir()
    ndk_miniature.write(root, paths.cache_dir().resolve())
    startup = [o for o in target.workspace.bazel.startup if not o.startswith("--output_base")]
    bazel = dataclasses.replace(
        target.workspace.bazel, startup=(*startup, f"--output_base={output_base}")
    )
    made = ndk_miniature.Workspace(root, bazel, output_base)
    made.declare(f"ndk.local(path = {starlark(str(tree))}, api_level = 21)")
    yield made
    bazel.run(["shutdown"], cwd=root, quiet=True)
    miniature.remove(base)


def built(workspace: ndk_miniature.Workspace) -> list[str]:
    code, text = workspace.run("clean")
    assert code == 0, text
    code, text = workspace.run("build", "//:tiny", "//:libtiny.so")
    assert code == 0, text[-4000:]
    made = [workspace.root / "bazel-bin" / name for name in ("tiny", "libtiny.so")]
    workspace.bazel.run(["shutdown"], cwd=workspace.root, quiet=True)
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in made]


def test_another_distribution_gives_the_same_bits(
    ndk: ndk_miniature.Workspace, target: Attacked, etc: Path
) -> None:
    expected = built(ndk)
    another_distribution(etc)
    elsewhere = inside(ndk.bazel, "--ro-bind", str(etc), "/etc")
    assert witness.shell(elsewhere, ". /etc/os-release && echo $ID") == "opensuse-leap"
    # It is the same compiler that asks, without the flag that keeps it from asking.
    assert not witness.asks_for_two_tables(target.workspace)
    there = dataclasses.replace(target.workspace, bazel=elsewhere)
    assert witness.asks_for_two_tables(there)
    assert built(dataclasses.replace(ndk, bazel=elsewhere)) == expected
