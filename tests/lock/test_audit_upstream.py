"""``xnnkit lock audit`` on MediaPipe's own WORKSPACE at v0.10.32."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from xnnkit.archives.regenerate import find_clone
from xnnkit.lock.audit import Audit, audit

pytestmark = pytest.mark.upstream

V0_10_32 = "8317ba78778738ba90a521e7e4580a2ba0129c81"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The audit of the checkout's files that a WORKSPACE loads; the rest is not needed."""
    clone = find_clone(Path(os.environ["XNNKIT_GIT_ROOT"]), "google-ai-edge/mediapipe")
    if clone is None:
        pytest.skip("XNNKIT_GIT_ROOT has no clone of google-ai-edge/mediapipe")
    root = tmp_path_factory.mktemp("mediapipe")
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", V0_10_32, "--", "WORKSPACE", "third_party"],
        cwd=clone,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    for name in listed:
        if name == "WORKSPACE" or name.endswith(".bzl"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            show = ["git", "show", f"{V0_10_32}:{name}"]
            done = subprocess.run(show, cwd=clone, check=True, capture_output=True)
            (root / name).write_bytes(done.stdout)
    return audit([str(root)])


def names(found: Audit, code: str) -> list[str]:
    return sorted({row.name for row in found.findings if row.code == code})


def test_the_unpinned_ones_are_found(found: Audit) -> None:
    assert names(found, "unpinned") == ["android_opencv", "easyexif", "libyuv", "opencv", "pffft"]


def test_the_one_in_the_clear_is_found(found: Audit) -> None:
    assert names(found, "http-only") == ["zlib"]


def test_what_moves_is_found(found: Audit) -> None:
    assert names(found, "moving") == ["easyexif", "maven"]


def test_nothing_is_passed_over(found: Audit) -> None:
    assert names(found, "moved") == []
    assert found.unread == []
    assert found.sources == 360
    assert len(found.files) == 5
