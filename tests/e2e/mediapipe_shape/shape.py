"""A miniature of MediaPipe's shape: git repositories, their archives pinned, and a profile."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

Run = Callable[..., subprocess.CompletedProcess[str]]

HERE = Path(__file__).resolve().parent
LLM_TEST = "mediapipe/tasks/cc/genai/inference/utils/xnn_utils:llm_test"

# What the profile's origin of mediapipe takes; the rest stands for test media.
PATHS = (
    "LICENSE",
    "WORKSPACE",
    "mediapipe/BUILD",
    "mediapipe/framework",
    "mediapipe/gpu",
    "mediapipe/tasks/cc",
    "third_party",
)

# What each flavour's llm_test prints.
PRINTED = {
    "upstream": "INFO: XNNPACK of January, 4x8c4__neondot, 8\n",
    "upstream-i8mm": "INFO: XNNPACK of January, 4x8c8__neoni8mm, 16\n",
    "base": "INFO: XNNPACK of June, 4x8c8__neoni8mm, 16000\n",
}


@dataclass(frozen=True)
class Shape:
    """The miniature's places.

    Attributes:
        root: the folder of everything below; for workspaces and outputs, too.
        profile: the profile's file.
        git_root: a folder of clones.
        home: xnnkit's data, with the miniature's patch sets beside the real ones.
        cache: a cache with nothing in it but zig and Bazel.
    """

    root: Path
    profile: Path
    git_root: Path
    home: Path
    cache: Path

    @property
    def environment(self) -> dict[str, str]:
        """An environment without xnnkit's settings, whose home is the miniature's own."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("XNNKIT_", "XDG_"))}
        kept.pop("PYTHONPATH", None)
        return {**kept, "HOME": str(self.root / "home")}


def make(root: Path, project: Path, cache: Path, zig: Path) -> Shape:
    """Make the miniature below ``root``.

    Args:
        root: an empty directory.
        project: xnnkit's checkout.
        cache: the user's cache, which has zig's release and perhaps Bazel.
        zig: where in it the release is.
    """
    home = root / "xnnkit"
    made = Shape(root, home / "profiles/shape.toml", root / "clones", home, root / "cache")
    (root / "home").mkdir()
    _borrow(cache, made.cache, zig)
    _home(made.home, project)
    text = (HERE / "shape.toml").read_text()
    for name in sorted(path.name for path in (HERE / "sources").iterdir()):
        if name != "XNNPACK-later":
            text += _archives(made.git_root / "shape" / name, name)
    others = (project / "profiles/xnnpack-2024-11.toml").read_text().split("\n[[toolchain]]\n")
    pinned = next(one for one in others if one.startswith('name = "zig"'))
    made.profile.write_text(f"{text}\n[[toolchain]]\n{pinned}")
    return made


def _borrow(theirs: Path, ours: Path, zig: Path) -> None:
    """Let our cache serve zig, the libraries that zig compiled, and the Bazel of another."""
    release = ours / zig.relative_to(theirs)
    release.parent.mkdir(parents=True)
    release.symlink_to(zig)
    (theirs / "sysroot").mkdir(parents=True, exist_ok=True)
    (ours / "sysroot").symlink_to(theirs / "sysroot")
    for found in (theirs / "bazel").glob("debian-*/READY"):
        bazel = ours / "bazel" / found.parent.name
        bazel.mkdir(parents=True)
        for part in found.parent.iterdir():
            # The rc file names the cache that it is in, and is rewritten: theirs must stay theirs.
            if part.suffix != ".bazelrc":
                (bazel / part.name).symlink_to(part)


def _home(home: Path, project: Path) -> None:
    """Make a folder of xnnkit's data to which a profile and patch sets can be added."""
    (home / "profiles").mkdir(parents=True)
    for path in (*project.iterdir(), *(project / "profiles").iterdir()):
        if path.name not in ("patches", "profiles") and not path.name.startswith("."):
            (home / path.relative_to(project)).symlink_to(path)
    for patches in (project / "patches", HERE / "patches"):
        for patch_set in patches.glob("*/*/"):
            link = home / "patches" / patch_set.relative_to(patches)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(patch_set)


def _archives(clone: Path, name: str) -> str:
    """Make a git repository of a folder of sources; return the archives that a profile pins."""
    shutil.copytree(HERE / "sources" / name, clone)
    _git(clone, "init", "-q", "-b", "master")
    pinned = _archive(clone, name, _commit(clone))
    later = HERE / "sources" / f"{name}-later"
    if later.is_dir():
        shutil.copytree(later, clone, dirs_exist_ok=True)
        pinned += _archive(clone, f"{name}_later", _commit(clone))
    return pinned


def _archive(clone: Path, name: str, commit: str) -> str:
    prefix = f"{clone.name}-{commit}"
    zipped = clone.name == "XNNPACK"  # as upstream; the others are tarballs
    paths = PATHS if name == "mediapipe" else ()
    pack = [f"--prefix={prefix}/", commit, "--", *paths]
    if zipped:
        data = _git(clone, "archive", "--format=zip", *pack)
    else:
        tar = _git(clone, "archive", "--format=tar", *pack)
        data = subprocess.run(["gzip", "-cn"], input=tar, stdout=subprocess.PIPE, check=True).stdout
    values = {
        "name": name,
        "commit": commit,
        "tree": _git(clone, "rev-parse", f"{commit}^{{tree}}").decode().strip(),
        "licence": "MIT",
    }
    if name == "bazel_skylib":
        values["layout"] = "workspace"
    if name == "FXdiv":
        values["overlay"] = "FXdiv"
    origin = {
        "type": "git",
        "repository": f"shape/{clone.name}",
        "format": "zip" if zipped else "tar.gz",
        "sha256": hashlib.sha256(data).hexdigest(),
        "strip_prefix": prefix,
    }
    if paths:
        origin["tree"] = _tree_of(clone, commit, paths)
    text = "\n[[archive]]\n" + "".join(f'{key} = "{value}"\n' for key, value in values.items())
    if name == "mediapipe":
        text += 'patch_sets = ["mediapipe/llm_test-shape"]\n'
    text += "\n[[archive.origin]]\n"
    text += "".join(f'{key} = "{value}"\n' for key, value in origin.items())
    text += f"size = {len(data)}\n"
    return text + (f"paths = {list(paths)}\n" if paths else "")


def _tree_of(clone: Path, commit: str, paths: tuple[str, ...]) -> str:
    """Return the id of the tree that has these paths and no others."""
    index = {"GIT_INDEX_FILE": str(clone / ".git" / "paths")}
    listing = _git(clone, "ls-tree", "-r", commit, "--", *paths)
    _git(clone, "update-index", "--index-info", given=listing, environment=index)
    return _git(clone, "write-tree", environment=index).decode().strip()


def _commit(clone: Path) -> str:
    _git(clone, "add", "-A")
    _git(clone, "commit", "-q", "-m", "a state")
    return _git(clone, "rev-parse", "HEAD").decode().strip()


def _git(
    clone: Path,
    *arguments: str,
    given: bytes = b"",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    settings = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_DATE": "2024-06-18T12:00:00Z",
        "GIT_COMMITTER_DATE": "2024-06-18T12:00:00Z",
        "TZ": "America/Los_Angeles",
    }
    for role in ("AUTHOR", "COMMITTER"):
        settings |= {f"GIT_{role}_NAME": "a", f"GIT_{role}_EMAIL": "a@example.com"}
    return subprocess.run(
        ["git", *arguments],
        cwd=clone,
        env={**os.environ, **settings, **environment},
        input=given,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout


def printed(binary: Path) -> str:
    """Return what an arm64 program prints."""
    qemu = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static") or "qemu-aarch64"
    done = subprocess.run([qemu, str(binary)], capture_output=True, text=True)
    assert done.returncode == 0, done
    return done.stdout


def remove(root: Path) -> None:
    """Delete a directory even where Bazel took the write bits away."""
    for folder, _, _ in os.walk(root):
        os.chmod(folder, stat.S_IRWXU)
    shutil.rmtree(root)
