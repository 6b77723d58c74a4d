"""Bring a directory to a plan: write what differs, touch nothing else, say what changed."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from xnnkit import paths, untrusted, whole
from xnnkit.errors import BadEnvironment, BadInput, typed
from xnnkit.render.workspace import Plan

MANIFEST = ".xnnkit-files.json"


@dataclass(frozen=True)
class Drift:
    """How a directory differs from a plan; each a sorted list of relative paths."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def lines(self) -> list[str]:
        """Return a line for each file: what about it, and its path."""
        return [f"{kind:8} {name}" for kind, names in vars(self).items() for name in names]


def rendered_files(root: Path) -> list[str]:
    """Return the files that the last render wrote, relative to ``root``; none if it never ran.

    Raises:
        BadInput: the record of them is damaged.
    """
    manifest = root / MANIFEST
    if not manifest.is_file():
        return []
    try:
        names = [str(name) for name in untrusted.load(manifest)["files"]]
        if strange := [name for name in names if not untrusted.inside(name)]:
            raise ValueError(f"{strange[0]!r} lies outside")
        return names
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{manifest} is damaged",
            where=str(manifest),
            why="it says which files xnnkit wrote and may replace",
            fix=f"render into a new directory, or delete {typed(root)}",
        ) from error


def compare(root: Path, plan: Plan) -> Drift:
    """Return what ``write`` would change. A file is removed only if an earlier render wrote it."""
    added, changed = [], []
    for name, data in plan.items():
        path = root / name
        if not path.is_file():
            added.append(name)
        elif path.read_bytes() != data:
            changed.append(name)
    removed = [n for n in rendered_files(root) if n not in plan and (root / n).is_file()]
    return Drift(sorted(added), sorted(changed), sorted(removed))


def diff(root: Path, plan: Plan, drift: Drift) -> str:
    """Return the drift as a unified diff, from the directory to the plan."""
    out: list[str] = []
    for name in sorted(drift.added + drift.changed + drift.removed):
        old = "" if name in drift.added else (root / name).read_text(errors="replace")
        new = "" if name in drift.removed else plan[name].decode(errors="replace")
        out += difflib.unified_diff(
            old.splitlines(keepends=True),
            new.splitlines(keepends=True),
            f"a/{name}" if name not in drift.added else "/dev/null",
            f"b/{name}" if name not in drift.removed else "/dev/null",
        )
    return "".join(out)


def unplanned(root: Path, plan: Plan, ignored: Collection[str] = ()) -> list[str]:
    """Return what stands in a directory that neither this plan nor an earlier render put there.

    Args:
        root: the directory.
        plan: relative path -> bytes.
        ignored: folders at the top that may be there, whatever is in them.

    Returns:
        Relative paths, sorted: files, links and empty or other folders; also a link or a folder
        in the place of a planned file. Python's __pycache__ folders do not count.

    Raises:
        BadInput: the record of an earlier render is damaged.
    """
    known = {*plan, *rendered_files(root), MANIFEST}
    folders = {parent.as_posix() for name in known for parent in PurePosixPath(name).parents}
    found = []
    waiting = [root] if root.is_dir() else []
    while waiting:
        for entry in os.scandir(waiting.pop()):
            name = Path(entry.path).relative_to(root).as_posix()
            if entry.is_dir(follow_symlinks=False):
                if name in folders:
                    waiting.append(Path(entry.path))
                elif name not in ignored and entry.name != "__pycache__":
                    found.append(name)
            elif name not in known or not entry.is_file(follow_symlinks=False):
                found.append(name)
    return sorted(found)


def refuse_unplanned(root: Path, plan: Plan, ignored: Collection[str] = ()) -> None:
    """Refuse a directory that holds more than a plan, where all of it would be used.

    Args:
        root, plan, ignored: as in `unplanned`.

    Raises:
        BadInput: naming the first of what is too much.
    """
    if found := unplanned(root, plan, ignored):
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise BadInput(
            f"{found[0]}{more}: not written by xnnkit",
            where=str(root),
            why="what stands in this folder can become part of what is built from it",
            fix="move it away, or name a new directory",
        )


def refuse_foreign(root: Path) -> None:
    """Refuse a directory with files in it that is not an earlier render.

    Raises:
        BadInput: the directory is not empty and not ours, or it is a file or a link to nothing.
    """
    paths.refuse_lost(root)
    if root.exists() and not root.is_dir():
        raise BadInput(f"{root} is a file", fix="name a directory")
    if root.is_dir() and any(root.iterdir()) and not (root / MANIFEST).is_file():
        raise BadInput(
            f"{root} is not empty, and xnnkit did not render it",
            where=str(root),
            why="rendering would mix with files of yours",
            fix="name an empty or a new directory",
        )


def write(root: Path, plan: Plan) -> Drift:
    """Write what differs, each file by atomic rename, and delete what an earlier render left.

    Args:
        root: the workspace; made if it is not there.
        plan: relative path -> bytes.

    Returns:
        What was changed. An unchanged file keeps its mtime.

    Raises:
        BadInput: the directory is somebody else's.
        BadEnvironment: it cannot be written.
    """
    refuse_foreign(root)
    for name in plan:
        if name.startswith("/") or not {"", ".", ".."}.isdisjoint(name.split("/")):
            raise BadInput(f"a rendered file would lie outside: {name}", where=str(root))
    for name in [*plan, *rendered_files(root)]:
        if not paths.is_inside((root / name).parent, root):
            raise BadInput(
                f"a rendered file would lie outside: {name}",
                where=str(root),
                why="a folder of its path is a link that leads out, or to itself",
            )
    drift = compare(root, plan)
    manifest = json.dumps({"schema_version": 1, "files": sorted(plan)}, indent=1) + "\n"
    try:
        root.mkdir(parents=True, exist_ok=True)
        # Ours from the first file on: an interrupted render can be finished by the next one.
        if not (root / MANIFEST).is_file():
            whole.write(root / MANIFEST, manifest.encode())
        for name in drift.added + drift.changed:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            whole.write(path, plan[name])
        for name in drift.removed:
            (root / name).unlink()
            _drop_empty(root, name)
        if (root / MANIFEST).read_text() != manifest:
            whole.write(root / MANIFEST, manifest.encode())
    except OSError as error:
        raise BadEnvironment(
            f"the workspace cannot be written: {error.strerror}",
            where=str(error.filename or root),
            fix="free disk space or choose another directory, then run the same command again",
        ) from error
    return drift


def _drop_empty(root: Path, name: str) -> None:
    """Remove the folders above a file that has gone, as far as nothing else is in them."""
    for parent in list(PurePosixPath(name).parents)[:-1]:
        try:
            (root / parent).rmdir()
        except OSError:
            return
