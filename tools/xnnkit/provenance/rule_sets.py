"""What came with Bazel and took part in a build: its server, and the rule sets of its modules.

Read from the output base, so it is what this build used, wherever it came from: a module registry,
Debian's packages, an override of the user's. Bazel 7 calls a module's repository ``NAME~`` (or
``NAME~VERSION``), Bazel 8 ``NAME+``; repositories that module extensions make have the separator
twice, and are no modules.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from xnnkit.bazel.launcher import Bazel
from xnnkit.errors import BadEnvironment
from xnnkit.provenance.digests import dir_hash, file_below, files_below

_REPOSITORY = re.compile(r"(?P<name>[a-z][a-z0-9._-]*?)(?:[~+][0-9][\w.+-]*|[~+])?")
_EXTENSION = re.compile(r"[~+][^~+]*[~+]")
_COMMENT = re.compile(r"#.*")
_MODULE = re.compile(r"^module\(([^)]*)\)", re.MULTILINE)
_VERSION = re.compile(r'\bversion\s*=\s*"([^"]*)"')

# The benchmark's own rules are hashed with the workspace that they lie in.
_OURS = ("xnnkit",)


@dataclass(frozen=True)
class Module:
    """A rule set that Bazel loaded.

    Attributes:
        name: the module's.
        version: as its MODULE.bazel says; "" where it says none.
        dir_hash: in-toto's dirHash of its files.
    """

    name: str
    version: str
    dir_hash: str


@dataclass(frozen=True)
class Inside:
    """What took part besides the profile's own archives.

    Attributes:
        server: the sha256 of the jar that Bazel's server is; "" where it cannot be found.
        modules: by name.
    """

    server: str = ""
    modules: tuple[Module, ...] = ()


def inside(bazel: Bazel, workspace: Path) -> Inside:
    """Return what Bazel brought to the last build of a workspace.

    Args:
        bazel: how it was started.
        workspace: it has been built; its ``bazel-out`` says where.

    Raises:
        BadEnvironment: its output base is not to be found.
    """
    try:
        # OUTPUT_BASE/execroot/_main/bazel-out
        base = Path(os.readlink(workspace / "bazel-out")).parents[2]
        entries = sorted(os.listdir(base / "external"))
    except (OSError, IndexError) as error:
        raise BadEnvironment(
            "the build's output base is not to be found",
            where=str(workspace / "bazel-out"),
            why="the rule sets that took part in the build are recorded from it",
            fix="build without --symlink_prefix and --experimental_convenience_symlinks",
        ) from error
    modules = []
    for entry in entries:
        if entry.startswith("@") or _EXTENSION.search(entry):
            continue
        found = _REPOSITORY.fullmatch(entry)
        root = _there(bazel, base / "external" / entry)
        if found and found["name"] not in _OURS and (root / "MODULE.bazel").is_file():
            files = files_below(root)
            modules.append(Module(found["name"], _version(root), dir_hash(files)))
    return Inside(server=_server(bazel, base), modules=tuple(modules))


def _there(bazel: Bazel, path: Path) -> Path:
    """Return where a repository's files are, seen from outside Bazel's own /usr."""
    if not path.is_symlink():
        return path
    target = Path(os.readlink(path))
    if bazel.usr and target.is_relative_to("/usr"):
        return bazel.usr / target.relative_to("/usr")
    return target


def _server(bazel: Bazel, base: Path) -> str:
    # Bazel links its install base beside the execroot. Its other files there are the programs that
    # start and contain actions; what they run is said by the server.
    installed = _there(bazel, base / "install")
    return file_below(installed, "A-server.jar") or ""


def _version(root: Path) -> str:
    text = (root / "MODULE.bazel").read_text(errors="replace")
    module = _MODULE.search(_COMMENT.sub("", text))
    version = _VERSION.search(module[1]) if module else None
    return version[1] if version else ""
