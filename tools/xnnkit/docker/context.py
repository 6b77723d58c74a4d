"""Which files a build context has. Nothing here writes."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path
from typing import Any

import xnnkit
from xnnkit import paths
from xnnkit.docker.image import DEFAULT_BASE, Image
from xnnkit.errors import BadInput
from xnnkit.profile import Profile, carried, path_of
from xnnkit.render.environment import render
from xnnkit.render.repositories import available
from xnnkit.render.workspace import Plan, carried_file

SOURCE = "xnnkit"
"""The folder of the context that xnnkit itself stands in, laid out as in a checkout."""

IGNORED = frozenset({"out"})
"""Folders that may stand in a context besides: the README's commands write there, and
.dockerignore keeps them out of the image."""

# What .dockerignore reads as itself, and neither as a pattern nor as a line of its own.
_PLAIN = re.compile(r"[A-Za-z0-9._+@/-]+")

_HOME = ("BUILD.bazel", "LICENSE", "MODULE.bazel", "WORKSPACE.tmpl", "patches", "rules")


def plan(profile: Profile, image: Image, name_or_path: str) -> Plan:
    """Return every file of the build context: relative path -> bytes.

    Args:
        profile: the pins.
        image: what is asked for.
        name_or_path: how the profile was named, to find its file.

    Raises:
        BadInput: files of xnnkit are missing, or one's name would be a pattern in .dockerignore.
    """
    given = variables(profile, image, name_or_path)
    files: Plan = {"build": render("docker_build.sh.j2", **given).encode()}
    if image.runs:
        files["bench"] = render("docker_bench.sh.j2", **given).encode()
    files |= {f"{SOURCE}/{name}": data for name, data in source(profile, name_or_path).items()}
    if strange := [name for name in files if not _PLAIN.fullmatch(name)]:
        raise BadInput(
            f"{strange[0]!r} cannot be in a build context",
            why=".dockerignore would read the name as a pattern",
            fix="name it with letters, digits and . _ + @ - alone",
        )
    files[".dockerignore"] = render("dockerignore.j2", copied=sorted(files)).encode()
    files["README.md"] = render("docker.md.j2", **given).encode()
    files["Dockerfile"] = render("Dockerfile.j2", key="", **given).encode()
    # Of everything, itself without the key: no other context has this one's cache mounts.
    files["Dockerfile"] = render("Dockerfile.j2", key=_key(files), **given).encode()
    return dict(sorted(files.items()))


def _key(files: Plan) -> str:
    whole = hashlib.sha256()
    for name, data in sorted(files.items()):
        whole.update(f"{len(name)} {len(data)} {name}".encode() + data)
    return whole.hexdigest()[:16]


def command(profile: Profile, image: Image, name_or_path: str) -> list[str]:
    """Return the command that makes the context again, given in its folder.

    Args:
        profile: the pins.
        image: what is asked for.
        name_or_path: how the profile was named. A file of the user's is named as it stands in the
            context, since no path of this machine says anything elsewhere.

    Raises:
        BadInput: there is no such profile.
    """
    own = f"{SOURCE}/{carried_file(profile.name)}" if carried(name_or_path) else profile.name
    words = ["xnnkit", "docker", own, "-o", "."]
    if image.base != DEFAULT_BASE:
        words += ["--base", image.base]
    if image.flavours != tuple(available(profile)):
        words += [word for one in image.flavours for word in ("--flavour", one.name)]
    if not image.runs:
        words += ["--toolchain", "ndk", "--binaries-only"]
    return words


def variables(profile: Profile, image: Image, name_or_path: str) -> dict[str, Any]:
    """Return what templates may use; words for a shell are quoted here, once."""
    words = [f"--flavour={flavour.name}" for flavour in image.flavours]
    return {
        "profile": profile,
        "image": image,
        "version": xnnkit.__version__,
        "source": SOURCE,
        "provenance": _has_provenance(),
        "flavours": shlex.join(flavour.name for flavour in image.flavours),
        "build_options": shlex.join(words),
        "emulated": shlex.join(profile.benchmark.emulated_arguments),
        "command": shlex.join(command(profile, image, name_or_path)),
    }


def source(profile: Profile, name_or_path: str) -> Plan:
    """Return xnnkit itself with one profile, laid out as in a checkout: path -> bytes.

    Raises:
        BadInput: files of xnnkit are missing.
    """
    files: Plan = {}
    home = paths.home()
    names = [*_HOME, *([profile.benchmark.source] if profile.benchmark.source else [])]
    for name in names:
        _copy(home / name, name, files)
    _copy(Path(xnnkit.__file__).parent, "tools/xnnkit", files)
    files[carried_file(profile.name)] = path_of(name_or_path).read_bytes()
    return files


def _has_provenance() -> bool:
    from xnnkit.cli.main import TABLE

    return "provenance" in TABLE


def _copy(root: Path, target: str, files: Plan) -> None:
    if root.is_file():
        files[target] = root.read_bytes()
        return
    if not root.is_dir():
        raise BadInput(f"{root} is missing", why="the image is built with xnnkit's own files")
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        inside = path.relative_to(root)
        # An installed xnnkit has its own copy of profiles, patches and rules in data/.
        if "__pycache__" not in inside.parts and inside.parts[0] != "data":
            files[f"{target}/{inside.as_posix()}"] = path.read_bytes()
