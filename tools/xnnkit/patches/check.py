"""Check rendered diffs: every tool that may have to apply one must arrive at exactly our tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xnnkit.errors import BadEnvironment, BadInput
from xnnkit.patches import apply, model
from xnnkit.patches.apply import Change, State
from xnnkit.patches.model import PatchSet
from xnnkit.patches.render import assemble

if TYPE_CHECKING:
    from xnnkit.build.request import Sources
    from xnnkit.profile import Profile
    from xnnkit.render.repositories import Repository

Applier = Callable[[Path, Path], str]
"""Applies a diff to a directory: (directory, diff) -> "" or what the tool said against it."""


@dataclass(frozen=True)
class Outcome:
    """What one tool made of one rendered diff."""

    patch_set: str
    tool: str
    ok: bool
    said: str = ""
    """What is wrong; "" when nothing is."""

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON-ready object."""
        return {"patch_set": self.patch_set, "tool": self.tool, "ok": self.ok, "said": self.said}


def appliers() -> dict[str, Applier]:
    """Return the tools of this machine that apply diffs, by name, each with no fuzz allowed.

    Raises:
        BadEnvironment: there is neither git nor patch.
    """
    known = {
        "git apply": ("git", "apply", "--whitespace=nowarn"),
        "patch -p1": ("patch", "-p1", "--fuzz=0", "--batch", "--no-backup-if-mismatch", "-i"),
    }
    found = {name: _command(argv) for name, argv in known.items() if shutil.which(argv[0])}
    if not found:
        raise BadEnvironment(
            "no tool here applies a diff",
            why="a rendered diff is checked with git and with patch",
            fix="apt-get install git patch",
        )
    return found


def _command(argv: Sequence[str]) -> Applier:
    def run(directory: Path, diff: Path) -> str:
        # No repository around the directory may be taken for the one that is meant.
        settings = {
            "GIT_CEILING_DIRECTORIES": str(directory.resolve().parent),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "LC_ALL": "C",
        }
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        done = subprocess.run(
            [*argv, str(diff)],
            cwd=directory,
            env=kept | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        said = done.stdout.decode("utf-8", "replace").strip()
        if done.returncode == 0 and "offset" not in said and "fuzz" not in said:
            return ""
        return said or f"exit code {done.returncode}"

    return run


def check(
    patch_set: PatchSet, tree: Path, tools: Mapping[str, Applier] | None = None
) -> list[Outcome]:
    """Render a set on a tree and let every tool apply the diff; the tree itself is only read.

    A tool passes if it takes the diff at the exact lines and leaves every touched file, byte for
    byte, and its executable bit as our own edits leave them, and nothing else.

    Args:
        patch_set: the set.
        tree: the root of the archive's unpacked tree.
        tools: name -> how to apply; ``appliers()`` when None.

    Raises:
        BadInput, Finding: the set cannot be rendered on the tree.
        BadEnvironment: there is no tool.
    """
    return check_changes(patch_set, apply.changes(patch_set, tree), tools)


def check_changes(
    patch_set: PatchSet, changed: list[Change], tools: Mapping[str, Applier] | None = None
) -> list[Outcome]:
    """Do what `check` does, on changes that are at hand."""
    outcomes = []
    for tool, applier in (appliers() if tools is None else tools).items():
        with tempfile.TemporaryDirectory(prefix="xnnkit-patch-") as scratch:
            root = Path(scratch) / "tree"
            root.mkdir()
            befores = [Change(c.path, None, c.before) for c in changed if c.before]
            apply.write(befores, root)
            diff = Path(scratch) / "set.patch"
            diff.write_bytes(assemble(patch_set.meta, changed))
            said = applier(root, diff) or _differs(root, changed)
        outcomes.append(Outcome(patch_set.name, tool, not said, said))
    return outcomes


def _differs(root: Path, changed: list[Change]) -> str:
    wanted = {c.path: c.after for c in changed if c.after}
    there: dict[str, State] = {}
    for path in sorted(p for p in root.rglob("*") if not p.is_dir()):
        name = path.relative_to(root).as_posix()
        there[name] = State(path.read_bytes(), os.access(path, os.X_OK))
    wrong = sorted(n for n in wanted.keys() | there.keys() if wanted.get(n) != there.get(n))
    return f"what it leaves is not what the edits leave: {', '.join(wrong)}" if wrong else ""


@dataclass(frozen=True)
class Rendered:
    """One patch set of a profile, rendered on the tree that the sets before it leave."""

    archive: str
    patch_set: PatchSet
    changed: list[Change]

    def diff(self) -> bytes:
        """Return the patch file."""
        return assemble(self.patch_set.meta, self.changed)


def of_profile(profile: Profile, tree: Path | None, sources: Sources) -> Iterator[Rendered]:
    """Yield every patch set of a profile's flavours, rendered in order.

    Args:
        profile: the profile.
        tree: the unpacked tree to use, when only one archive is patched; None to fetch and verify.
        sources: where archives may come from.

    Raises:
        BadInput: a set names another archive, or a tree is given for several archives.
        Finding, BadEnvironment: as fetching and rendering do.
    """
    from xnnkit.render.repositories import repositories

    wanted = [one for one in repositories(profile) if one.patch_sets]
    if tree is not None and len(wanted) > 1:
        raise BadInput(
            "one tree cannot stand for several archives",
            where="--tree",
            why=f"{profile.name} patches {', '.join(one.name for one in wanted)}",
            fix="leave --tree out, or render one set with --patch-set",
        )
    with tempfile.TemporaryDirectory(prefix="xnnkit-tree-") as scratch:
        if tree is None:
            _unpack(profile, {one.archive.name for one in wanted}, Path(scratch), sources)
        for one in wanted:
            yield from _chain(one, tree or Path(scratch) / one.archive.name)


def _chain(repository: Repository, tree: Path) -> Iterator[Rendered]:
    sets = repository.patch_sets
    with tempfile.TemporaryDirectory(prefix="xnnkit-chain-") as scratch:
        for number, name in enumerate(sets):
            patch_set = model.load_patch_set(name)
            if patch_set.meta.applies_to != repository.stands_for:
                raise BadInput(
                    f"the patch set {name} is for {patch_set.meta.applies_to}, not for"
                    f" {repository.stands_for}",
                    where=str(patch_set.root),
                )
            changed = apply.changes(patch_set, tree)
            yield Rendered(repository.name, patch_set, changed)
            if number + 1 < len(sets):
                # The next set is rendered on what this one leaves; the given tree stays as it is.
                after = Path(scratch) / str(number)
                shutil.copytree(tree, after, symlinks=True)
                apply.write(changed, after)
                tree = after


def _unpack(profile: Profile, archives: Collection[str], root: Path, sources: Sources) -> None:
    from xnnkit.archives.unpack import unpack
    from xnnkit.build.prepare import fetch

    needed = tuple(a for a in profile.archive if a.name in archives)
    for one in fetch(profile.model_copy(update={"archive": needed, "toolchain": ()}), sources):
        target = root / one.name
        target.mkdir()
        unpack(one.blob, one.origin.archive_format, target, strip_prefix=one.origin.strip_prefix)
