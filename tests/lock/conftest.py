"""An upstream with two releases, a profile that pins the first of them, and a host."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from xnnkit.archives.http import Unreachable
from xnnkit.archives.stream import Digest, write_all

sys.path.append(str(Path(__file__).resolve().parent))

from lock_world import PATCH, PROFILE, World, git, recompressed


@pytest.fixture
def repack() -> Callable[[bytes], bytes]:
    return recompressed


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path) -> World:
    """A clone under a git root, a home with one profile, and a host that serves nothing yet."""
    clone = tmp_path / "clones" / "acme" / "engine"
    (clone / "src").mkdir(parents=True)
    git(clone, "init", "-q", "-b", "main")
    for tag, a, b in (("v1.0", "1", "1"), ("v2.0", "1", "1"), ("v3.0", "2", "2")):
        (clone / "src" / "a.c").write_text(f"int a = {a};\nint b = {b};\n// {tag}\n")
        (clone / "noise").write_text(hashlib.sha256(tag.encode()).hexdigest() * int(tag[1]))
        git(clone, "add", "-A")
        git(clone, "commit", "-qm", tag)
        git(clone, "tag", *(["-a", "-m", tag] if tag == "v2.0" else []), tag)
    home = tmp_path / "xnnkit-home"
    for name in ("profiles", "patches/engine/fix"):
        (home / name).mkdir(parents=True)
    for name in ("rules", "benchmarks", "MODULE.bazel", "BUILD.bazel", "LICENSE", "WORKSPACE.tmpl"):
        (home / name).symlink_to(repository / name)
    (home / "patches/engine/fix/patch.toml").write_text(PATCH)
    made = World(clone, tmp_path / "clones", home / "profiles" / "small.toml")
    data = made.archive("v1.0")
    made.profile.write_text(
        PROFILE.format(
            commit=made.commit("v1.0"),
            tree=made.tree("v1.0"),
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
        )
    )
    monkeypatch.setenv("XNNKIT_HOME", str(home))
    monkeypatch.setenv("XNNKIT_GIT_ROOT", str(made.git_root))
    monkeypatch.setenv("XNNKIT_GIT_MIRROR", f"file://{tmp_path}/nowhere")

    def download(url: str, part: Path, *rest: object, **options: object) -> Digest:
        made.asked.append(url)
        if url not in made.served:
            raise Unreachable("example.org cannot be reached: no network in this test")
        with part.open("wb", buffering=0) as out:
            write_all(out.fileno(), made.served[url])
        return Digest(hashlib.sha256(made.served[url]).hexdigest(), len(made.served[url]))

    monkeypatch.setattr("xnnkit.archives.origins.http.download", download)
    return made
