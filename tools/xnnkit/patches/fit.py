"""Do an archive's patch sets still fit it? All anchors are looked for, not up to the first miss."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xnnkit.errors import Finding, XnnkitError
from xnnkit.patches import apply, check
from xnnkit.patches.model import Edit, PatchSet, load_patch_set
from xnnkit.render.repositories import Repository, repositories

if TYPE_CHECKING:
    from xnnkit.profile import Profile


@dataclass(frozen=True)
class Fit:
    """How one patch set fits the tree that the sets before it leave.

    Attributes:
        repository: what it is applied to.
        patch_set: its name.
        edits: how many it has, new files not counted.
        problems: what does not fit; none when all does.
    """

    repository: str
    patch_set: str
    edits: int
    problems: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON-ready object."""
        return {
            "repository": self.repository,
            "patch_set": self.patch_set,
            "edits": self.edits,
            "problems": list(self.problems),
        }


def fits(
    profile: Profile, archive: str, fill: Callable[[Path], None], patch_set: str = ""
) -> list[Fit]:
    """Return how each patch set of one archive fits a tree, in the order they are applied.

    Args:
        profile: whose flavours say which sets there are.
        archive: the archive's name.
        fill: puts the tree into an empty folder; called once for each chain of sets.
        patch_set: look only at chains that hold it; "" at all.
    """
    found: list[Fit] = []
    done: set[tuple[str, ...]] = set()
    for repository in repositories(profile):
        sets = repository.patch_sets
        if repository.archive.name != archive or not sets or sets in done:
            continue
        if patch_set and patch_set not in sets:
            continue
        done.add(sets)
        with tempfile.TemporaryDirectory(prefix="xnnkit-tree-") as scratch:
            tree = Path(scratch) / "tree"
            tree.mkdir()
            fill(tree)
            found += _chain(repository, tree)
    return found


def _chain(repository: Repository, tree: Path) -> list[Fit]:
    found = []
    for name in repository.patch_sets:
        patch_set = load_patch_set(name)
        fitting, problems = _fitting(patch_set, tree)
        changed: list[apply.Change] = []
        try:
            changed = apply.changes(fitting, tree)
            if not problems:
                outcomes = check.check_changes(patch_set, changed)
                problems += [f"{one.tool}: {one.said}" for one in outcomes if not one.ok]
        except XnnkitError as error:
            problems.append(str(error))
        found.append(Fit(repository.name, name, len(patch_set.edits), tuple(problems)))
        apply.write(changed, tree)
    return found


def _fitting(patch_set: PatchSet, tree: Path) -> tuple[PatchSet, list[str]]:
    """Return the set without the edits that do not fit, and what was said of each of those."""
    kept = list(patch_set.edits)
    problems: list[str] = []
    tried = 0
    while tried < len(kept):
        one = _only(patch_set, kept[: tried + 1])
        try:
            apply.changes(one, tree)
            tried += 1
        except Finding as error:
            problems.append(str(error))
            del kept[tried]
    return _only(patch_set, kept, files=True), problems


def _only(patch_set: PatchSet, edits: Sequence[Edit], *, files: bool = False) -> PatchSet:
    meta = patch_set.meta.model_copy(update={"edit": tuple(edits)})
    return patch_set.model_copy(update={"meta": meta, "files": patch_set.files if files else ()})
