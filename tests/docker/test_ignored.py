"""What a real builder takes out of a context: the files that xnnkit planned, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from store import Store, missing
from xnnkit import profile
from xnnkit.cli.docker import command
from xnnkit.docker import context, image

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"missing: {', '.join(missing())}")

PROFILE = "xnnpack-2024-11"
FOREIGN = (
    "xnnkit/tools/click/__init__.py",
    "xnnkit/tools/xnnkit/evil.py",
    "xnnkit/tools/xnnkit/__pycache__/cli.pyc",
    "out/bin/upstream/llm_block",
    "secret",
)


def test_a_builder_sees_what_was_planned_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "context"
    done = CliRunner().invoke(command, [PROFILE, "-o", str(folder)])
    assert done.exit_code == 0, done.output
    for name in FOREIGN:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("foreign")
    everything = tmp_path / "Dockerfile"
    everything.write_text("FROM scratch\nCOPY . /all\n")
    store = Store(tmp_path / "store", tmp_path / "buildah")
    store.buildah("bud", "--isolation", "chroot", "-f", str(everything), "-t", "seen", str(folder))
    container = store.buildah("from", "seen").strip()
    root = Path(store.buildah("mount", container).strip()) / "all"
    seen = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    store.buildah("umount", container)
    planned = set(context.plan(profile.load(PROFILE), image.image(profile.load(PROFILE)), PROFILE))
    assert seen == planned - {".dockerignore", "Dockerfile", "README.md"}
