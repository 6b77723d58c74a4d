"""One small workspace for all attacks, and the hashes of its untouched build."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parent.parent / "rules"))

import attacked
import miniature
from attacked import Attacked
from xnnkit import paths, profile
from xnnkit.bazel import find
from xnnkit.build import prepare
from xnnkit.build.request import Sources
from xnnkit.profile.compiler import needed

PROFILE = "xnnpack-2024-11"


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """The workspace, built once without any attack."""
    pins = profile.load(PROFILE)
    cache = paths.cache_dir().resolve()
    only_zig = needed(pins).model_copy(update={"archive": ()})
    (zig,) = prepare.fetch(only_zig, Sources(cache=cache))
    base = tmp_path_factory.mktemp("hermetic")
    miniature.borrow(cache, base / "cache", zig.blob)
    root, output_base = base / "workspace", base / "output_base"
    root.mkdir()
    archive_pins = miniature.write(root, pins, base / "cache")
    attacked.write(root)
    bazel = find(pins.bazel).alone()
    # A machine that is busy with something else must not fail an attack.
    more = (f"--output_base={output_base}", "--local_startup_timeout_secs=900")
    bazel = dataclasses.replace(bazel, startup=(*bazel.startup, *more))
    workspace = miniature.Workspace(root, output_base, bazel, archive_pins)
    untouched = Attacked(workspace, {}, {})
    expected = untouched.build()
    yield dataclasses.replace(untouched, expected=expected, before=untouched.action())
    bazel.run(["shutdown"], cwd=root, quiet=True)
    miniature.remove(base)


@pytest.fixture
def fresh(target: Attacked) -> Iterator[Attacked]:
    """The same, with a Bazel server that starts in the test's surroundings and ends with it."""
    workspace = target.workspace
    workspace.bazel.run(["shutdown"], cwd=workspace.root, quiet=True)
    yield target
    workspace.bazel.run(["shutdown"], cwd=workspace.root, quiet=True)


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A copy of /etc, as far as it may be read, to put something into."""
    made = tmp_path / "etc"
    for source in Path("/etc").iterdir():
        try:
            if source.is_dir() and not source.is_symlink():
                shutil.copytree(source, made / source.name, symlinks=True)
            elif source.is_file() or source.is_symlink():
                made.mkdir(exist_ok=True)
                shutil.copy2(source, made / source.name, follow_symlinks=False)
        except (OSError, shutil.Error):
            continue
    return made
