"""One miniature workspace, and one Bazel server, for all tests of the rules."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent))

import miniature
from xnnkit import paths, profile
from xnnkit.bazel import find
from xnnkit.build import prepare
from xnnkit.build.request import Sources
from xnnkit.profile.compiler import needed

PROFILE = "xnnpack-2024-11"


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[miniature.Workspace]:
    """The workspace; its cache borrows zig from the user's own (XNNKIT_CACHE)."""
    pins = profile.load(PROFILE)
    cache = paths.cache_dir().resolve()
    only_zig = needed(pins).model_copy(update={"archive": ()})
    (zig,) = prepare.fetch(only_zig, Sources(cache=cache))
    base = tmp_path_factory.mktemp("rules")
    miniature.borrow(cache, base / "cache", zig.blob)
    root, output_base = base / "workspace", base / "output_base"
    root.mkdir()
    archive_pins = miniature.write(root, pins, base / "cache")
    bazel = find(pins.bazel)
    bazel = dataclasses.replace(bazel, startup=(*bazel.startup, f"--output_base={output_base}"))
    yield miniature.Workspace(root, output_base, bazel, archive_pins)
    bazel.run(["shutdown"], cwd=root, quiet=True)
    miniature.remove(base)
