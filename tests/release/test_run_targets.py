"""`bazel run` in a checkout and in a rendered workspace: the command, and what it writes where."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from release_kit import Released, Run

pytestmark = pytest.mark.bazel


def pinned(file: Path) -> str:
    text: str = tomllib.loads(file.read_text())["archive"][0]["commit"]
    return text


def test_the_command_runs_where_its_user_is(released: Released, bazel: Run, tmp_path: Path) -> None:
    checkout = released.checkout
    file = checkout / "docs" / "x.bzl"
    file.write_text('http_file(name = "x", url = "https://example.org/x")\n')
    code, text = bazel(
        checkout, "run", "//tools:xnnkit", "--", "lock", "audit", "x.bzl", cwd=file.parent
    )
    assert code == 1, text[-4000:]
    assert "unpinned    x  x.bzl:1" in text
    code, text = bazel(checkout, "run", "//tools:xnnkit", "--", "profile", "list")
    assert code == 0, text[-4000:]
    assert "xnnpack-2024-11" in text


def test_every_target_of_the_checkout_can_be_analysed(released: Released, bazel: Run) -> None:
    checkout = released.checkout
    code, text = bazel(checkout, "build", "//...")
    assert code == 0, text[-4000:]


def test_lock_update_writes_the_workspaces_profile(
    released: Released, bazel: Run, tmp_path: Path
) -> None:
    checkout = released.checkout
    sys.path.append(str(Path(__file__).resolve().parents[1] / "lock"))
    from lock_world import PATCH, PROFILE, World, git

    clone = tmp_path / "clones" / "acme" / "engine"
    (clone / "src").mkdir(parents=True)
    git(clone, "init", "-q", "-b", "main")
    for tag in ("v1.0", "v2.0"):
        (clone / "src" / "a.c").write_text(f"int a = 1;\nint b = 1;\n// {tag}\n")
        git(clone, "add", "-A")
        git(clone, "commit", "-qm", tag)
        git(clone, "tag", tag)
    profile = checkout / "profiles" / "small.toml"
    world = World(clone, tmp_path / "clones", profile)
    data = world.archive("v1.0")
    digest = hashlib.sha256(data).hexdigest()
    values = {"commit": world.commit("v1.0"), "tree": world.tree("v1.0")}
    profile.write_text(PROFILE.format(**values, sha256=digest, size=len(data)))
    patch = checkout / "patches/engine/fix/patch.toml"
    patch.parent.mkdir(parents=True)
    patch.write_text(PATCH)
    command = ["//:lock_update", "--", "small", "engine", "--to", "v2.0", "--from-git"]
    code, text = bazel(checkout, "run", *command, XNNKIT_GIT_ROOT=str(world.git_root))
    assert code == 0, text[-4000:]
    assert f"written: {profile}" in text
    assert pinned(profile) == world.commit("v2.0")


def test_verify_and_render(
    released: Released, bazel: Run, command: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    checkout = released.checkout
    name = "xnnpack-2024-11"
    subprocess.run([str(command), "fetch", name], env=environment, check=True, capture_output=True)
    code, text = bazel(checkout, "run", "//:verify")
    assert code == 0, text[-4000:]
    assert "259491d23d809038313562c0788d2aebe6643cfc" in text
    code, text = bazel(checkout, "run", "//:render")
    assert code == 0, text[-4000:]
    rendered = checkout / ".xnnkit" / "rendered" / name
    assert (rendered / "MODULE.bazel").is_file()

    # The rules that came along have no commands of their own, and can be analysed.
    code, text = bazel(rendered, "query", "@xnnkit//:*")
    assert code == 0, text[-4000:]
    assert "@xnnkit//:LICENSE" in text
    assert "@xnnkit//:render" not in text

    # The same in the rendered workspace, with the command on PATH.
    wanted = (rendered / "README.md").read_bytes()
    (rendered / "README.md").write_text("somebody wrote here\n")
    path = f"{command.parent}:{os.environ['PATH']}"
    code, text = bazel(rendered, "run", "//:render", "--", "--check", PATH=path)
    assert code == 1, text[-4000:]
    assert (rendered / "README.md").read_bytes() != wanted
    code, text = bazel(rendered, "run", "//:render", XNNKIT=str(command))
    assert code == 0, text[-4000:]
    assert (rendered / "README.md").read_bytes() == wanted
    code, text = bazel(rendered, "run", "//:verify", XNNKIT=str(command))
    assert code == 0, text[-4000:]
    code, text = bazel(rendered, "run", "//:render", XNNKIT="/nowhere/xnnkit")
    assert code == 3, text[-4000:]
    assert "xnnkit is not on PATH" in text
