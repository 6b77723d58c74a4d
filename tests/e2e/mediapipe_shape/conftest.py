"""One miniature, and one build of it, for all tests of its shape."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent))

import shape
from xnnkit import paths, profile
from xnnkit.bazel import Bazel, find
from xnnkit.build import prepare
from xnnkit.build.request import Sources
from xnnkit.profile.compiler import needed


@pytest.fixture(scope="session")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Iterator[shape.Shape]:
    """The miniature; its cache borrows zig and Bazel from the user's own (XNNKIT_CACHE)."""
    pins = profile.load("xnnpack-2024-11")
    find(pins.bazel)  # so that it is there to be borrowed
    cache = paths.cache_dir().resolve()
    only_zig = needed(pins).model_copy(update={"archive": ()})
    (zig,) = prepare.fetch(only_zig, Sources(cache=cache))
    project = Path(__file__).resolve().parents[3]
    root = tmp_path_factory.mktemp("shape").resolve()
    yield shape.make(root, project, cache, zig.blob)
    shape.remove(root)


@pytest.fixture(scope="session")
def xnnkit(mini: shape.Shape) -> shape.Run:
    """Run the command line as a user would, in a directory."""

    def run(*arguments: str, cwd: Path = mini.root) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "xnnkit", *arguments],
            cwd=cwd,
            env={
                **mini.environment,
                "PYTHONPATH": str(mini.home / "tools"),
                "XNNKIT_HOME": str(mini.home),
                "XNNKIT_CACHE": str(mini.cache),
                "XNNKIT_GIT_ROOT": str(mini.git_root),
            },
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture(scope="session")
def bazel(mini: shape.Shape) -> Bazel:
    """The Bazel that the miniature's profile asks for; its servers' files are the miniature's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XNNKIT_CACHE", str(mini.cache))
        patch.setenv("XNNKIT_HOME", str(mini.home))
        found = find(profile.load(str(mini.profile)).bazel)
    home = ("env", "-u", "XDG_CACHE_HOME", f"HOME={mini.environment['HOME']}")
    return dataclasses.replace(found, program=(*home, *found.program))


@pytest.fixture(scope="session")
def fetched(mini: shape.Shape, xnnkit: shape.Run) -> None:
    """Fill the miniature's cache, as is said to whoever has nothing but Bazel afterwards."""
    done = xnnkit("fetch", str(mini.profile))
    assert done.returncode == 0, done.stderr[-4000:]
