"""One workspace, and one Bazel server, for all tests of the NDK toolchain."""

from __future__ import annotations

import dataclasses
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent))

import ndk_miniature
from xnnkit import paths, profile
from xnnkit.bazel import find


@pytest.fixture(scope="session")
def ndk_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ndk_miniature.Workspace]:
    """The workspace, without a MODULE.bazel; a test that uses it declares its NDK first."""
    pins = profile.load("xnnpack-2024-11")
    base = tmp_path_factory.mktemp("ndk")
    root = base / "workspace"
    root.mkdir()
    ndk_miniature.write(root, paths.cache_dir().resolve())
    bazel = find(pins.bazel)
    output_base = base / "output_base"
    bazel = dataclasses.replace(bazel, startup=(*bazel.startup, f"--output_base={output_base}"))
    yield ndk_miniature.Workspace(root, bazel, output_base)
    bazel.run(["shutdown"], cwd=root, quiet=True)
    for folder, _, _ in os.walk(base):
        os.chmod(folder, stat.S_IRWXU)
    shutil.rmtree(base)
