"""The libraries that zig compiles are kept for the next workspace; only whole ones are taken."""

from __future__ import annotations

import hashlib
import os
import re
import resource
import shutil
from pathlib import Path

import pytest
from miniature import Workspace

pytestmark = pytest.mark.bazel

TARGET = "x86_64"


def fetch(workspace: Workspace, cache: Path) -> dict[str, bytes]:
    """Make the sysroot's repository with this cache; return its files."""
    setting = f"--repo_env=XNNKIT_CACHE={cache}"
    code, text = workspace.run("build", setting, f"@@xnnkit~~zig~zig_sysroot_{TARGET}//:files")
    assert code == 0, text[-4000:]
    external = workspace.output_base / "external"
    (made,) = external.glob(f"*zig_sysroot_{TARGET}")
    assert {p.name for p in made.iterdir() if p.name.startswith("_")} == set()
    return {path.name: path.read_bytes() for path in (made / "lib").iterdir()}


def kept(cache: Path) -> Path:
    # A user's cache may have older recipes' results, too.
    found = (cache / "sysroot").glob(f"{TARGET}-*")
    return max(found, key=lambda place: int(place.name.rpartition("-")[2]))


@pytest.fixture
def cache(workspace: Workspace, tmp_path: Path) -> Path:
    """A cache of its own: the other tests share the user's."""
    shared = workspace.root.parent / "cache"
    fetch(workspace, shared)  # so that there is something to copy
    copy = tmp_path / "cache"
    copy.mkdir()
    (copy / "sha256").symlink_to(shared / "sha256")
    (copy / "sysroot").mkdir()
    shutil.copytree(kept(shared), copy / "sysroot" / kept(shared).name)
    return copy


def test_a_kept_sysroot_is_taken_and_a_damaged_one_made_again(
    workspace: Workspace, cache: Path
) -> None:
    place = kept(cache)
    marked = place / "lib/libm.a"
    right = marked.read_bytes()
    marked.write_bytes(right + b"mark")
    sums = place / "SHA256SUMS"
    old, new = (hashlib.sha256(data).hexdigest() for data in (right, marked.read_bytes()))
    text = "".join(
        line.replace(old, new) if line.endswith("lib/libm.a\n") else line
        for line in sums.read_text().splitlines(keepends=True)
    )
    sums.write_text(text)
    assert fetch(workspace, cache)["libm.a"] == right + b"mark"

    sums.write_text(text.replace(new, old))
    other = cache.with_name("damaged")  # another path, so that Bazel makes the repository again
    os.rename(cache, other)
    found = fetch(workspace, other)
    assert found["libm.a"] == right
    assert found["libc.a"] == (kept(other) / "lib/libc.a").read_bytes()
    assert (kept(other) / "lib/libm.a").read_bytes() == right


def test_a_cache_that_cannot_be_written_does_without_and_gets_the_same_bytes(
    workspace: Workspace, cache: Path, tmp_path: Path
) -> None:
    first = fetch(workspace, cache)
    release = tmp_path / "bare"
    release.mkdir()
    (release / "sha256").symlink_to(cache / "sha256")
    (release / "sysroot").write_text("not a folder")
    assert fetch(workspace, release) == first


def test_too_few_open_files_are_said(workspace: Workspace, cache: Path, tmp_path: Path) -> None:
    code, text = workspace.run("info", "server_pid")
    pid = int(re.findall(r"^\d+$", text, re.MULTILINE)[-1])
    bare = tmp_path / "bare-cache"
    bare.mkdir()
    (bare / "sha256").symlink_to(cache / "sha256")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (1024, 1024))  # as buildah does
    try:
        setting = f"--repo_env=XNNKIT_CACHE={bare}"
        target = f"@@xnnkit~~zig~zig_sysroot_{TARGET}//:files"
        code, text = workspace.run("build", setting, target)
    finally:
        workspace.run("shutdown")  # the limit cannot be raised again
    assert code != 0
    assert "zig may not open enough files" in text, text[-4000:]
    assert "--ulimit nofile=" in text
