"""What came with Bazel and took part in a build: its server, and the rule sets of its modules.

Read from the output base, so it is what this build used, wherever it came from: a module registry,
Debian's packages, an override of the user's. Bazel 7 calls a module's repository ``NAME~`` (or
``NAME~VERSION``), Bazel 8 ``NAME+``; repositories that module extensions make have the separator
twice, and are no modules.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from xnnkit.bazel.launcher import Bazel
from xnnkit.errors import BadEnvironment
from xnnkit.provenance.digests import dir_hash, file_below, of_text, tree_below
from xnnkit.provenance.record import RuleSetRecord

_REPOSITORY = re.compile(r"(?P<name>[a-z][a-z0-9._-]*?)(?:[~+][0-9][\w.+-]*|[~+])?")
_EXTENSION = re.compile(r"[~+][^~+]*[~+]")
_COMMENT = re.compile(r"#.*")
_MODULE = re.compile(r"^module\(([^)]*)\)", re.MULTILINE)
_VERSION = re.compile(r'\bversion\s*=\s*"([^"]*)"')

# Our own rules are hashed with the workspace that they lie in; the other one is no rule set: Bazel
# writes it for the machine's processor.
_NONE = ("xnnkit", "local_config_platform")


@dataclass(frozen=True)
class Brought:
    """What took part in a build besides the profile's own archives.

    Attributes:
        server: the sha256 of the jar that Bazel's server is; None where it cannot be found.
        rule_sets: by name.
    """

    server: str | None = None
    rule_sets: tuple[RuleSetRecord, ...] = ()


def brought(bazel: Bazel, workspace: Path, archives: Collection[str] = ()) -> Brought:
    """Return what Bazel brought to the last build of a workspace.

    Args:
        bazel: how it was started.
        workspace: it has been built; its ``bazel-out`` says where.
        archives: repositories that are no rule sets, since the profile pins them.

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
    found = []
    for entry in entries:
        if entry.startswith("@") or _EXTENSION.search(entry):
            continue
        named = _REPOSITORY.fullmatch(entry)
        root = _there(bazel, base / "external" / entry)
        if not named or named["name"] in (*_NONE, *archives):
            continue
        if (root / "MODULE.bazel").is_file():
            digest = _contents(root)
            found.append(RuleSetRecord(name=named["name"], version=_version(root), dir_hash=digest))
    return Brought(_server(bazel, base), tuple(found))


def _there(bazel: Bazel, path: Path) -> Path:
    """Return where a repository's files are, seen from outside Bazel's own /usr."""
    if not path.is_symlink():
        return path
    target = Path(os.readlink(path))
    if bazel.usr and target.is_relative_to("/usr"):
        return bazel.usr / target.relative_to("/usr")
    return target


def _contents(root: Path) -> str:
    # A symlink counts as the text that it is: some lead into the /usr that Bazel sees.
    tree = tree_below(root)
    return dir_hash(tree.files | {name: of_text(f"link {to}") for name, to in tree.links.items()})


def _server(bazel: Bazel, base: Path) -> str | None:
    # Bazel links its install base beside the execroot. Its other files there are the programs that
    # start and contain actions; what they run is said by the server.
    installed = _there(bazel, base / "install")
    return file_below(installed, "A-server.jar")


def _version(root: Path) -> str:
    text = (root / "MODULE.bazel").read_text(errors="replace")
    module = _MODULE.search(_COMMENT.sub("", text))
    version = _VERSION.search(module[1]) if module else None
    return version[1] if version else ""
