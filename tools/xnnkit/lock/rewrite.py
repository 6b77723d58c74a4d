"""Rewrite a profile's text: the lines that the new pins need, and nothing else of it."""

from __future__ import annotations

import difflib
import os
import re
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xnnkit import paths, whole
from xnnkit import profile as profiles
from xnnkit.errors import BadInput, XnnkitError, typed
from xnnkit.lock.evidence import Evidence
from xnnkit.profile import GitOrigin, Profile, position


def rewritten(text: str, archive: str, new: Evidence, name: str = "") -> str:
    """Return the profile's text with an archive at its new commit.

    Comments, order and spacing stay; a description that names the old commit names the new one. An
    origin that was not seen at a new commit is taken out, with the comment that stands directly
    above it; at the commit that is pinned, it stays.

    Args:
        text: the profile, TOML.
        archive: the archive's name.
        new: what was seen.
        name: the profile's new name; "" keeps it.
    """
    import tomlkit

    document = tomlkit.parse(text)
    if name:
        document["name"] = name
    tables: Any = document["archive"]
    table = next(one for one in tables if one["name"] == archive)
    stays = table["commit"] == new.commit
    for described in (document, *document.get("flavour", [])):
        text = str(described["description"])
        if (moved := _named_anew(text, str(table["commit"]), new.commit)) != text:
            described["description"] = moved
    table["commit"] = new.commit
    table["tree"] = new.tree
    seen = {one.moved.index: one for one in new.seen}
    for index, one in seen.items():
        origin = table["origin"][index]
        values: dict[str, object] = {
            **one.moved.changes,
            "sha256": one.digest.sha256,
            "size": one.digest.size,
        }
        if isinstance(one.moved.origin, GitOrigin) and one.moved.origin.paths:
            values["tree"] = one.tree
        for key, value in values.items():
            if origin.get(key, "") != value:
                origin[key] = value
    if stays:
        return tomlkit.dumps(document)
    number = [one["name"] for one in tables].index(archive)
    gone = [index for index in range(len(table["origin"])) if index not in seen]
    return _without(tomlkit.dumps(document), number, gone)


def _named_anew(text: str, old: str, new: str) -> str:
    """Return a description with the new commit where it names the old one, as shortly as it did."""
    return re.sub(
        r"\b[0-9a-f]{7,40}\b",
        lambda word: new[: len(word[0])] if old.startswith(word[0]) else word[0],
        text,
    )


def _without(text: str, archive: int, origins: Sequence[int]) -> str:
    """Take origins out of a profile's text, by their lines: a heading that follows one stays."""
    starts = position.line_map(text)
    lines = text.splitlines(keepends=True)
    for index in sorted(origins, reverse=True):
        table = ("archive", archive, "origin", index)
        begin = starts[table] - 1
        end = max(line for path, line in starts.items() if path[: len(table)] == table)
        while not _whole("".join(lines[begin:end])):  # the last value goes on
            end += 1
        while begin and lines[begin - 1].startswith("#"):
            begin -= 1
        while end < len(lines) and not lines[end].strip():
            end += 1
        del lines[begin:end]
    return "".join(lines)


def _whole(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def loaded(text: str, name: str) -> Profile:
    """Load a profile's text as a file of that name would be.

    Raises:
        ProfileError: it is refused.
    """
    with tempfile.TemporaryDirectory(prefix="xnnkit-lock-") as folder:
        file = Path(folder, f"{name}.toml")
        file.write_bytes(text.encode())
        return profiles.load(str(file))


def diff(before: str, after: str, file: Path) -> str:
    """Return the change as a unified diff, for ``git apply`` where the file is in a checkout."""
    home = paths.home()
    shown = file.name
    if file.absolute().is_relative_to(home):
        shown = file.absolute().relative_to(home).as_posix()
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True),
            after.splitlines(keepends=True),
            f"a/{shown}",
            f"b/{shown}",
        )
    )


def refuse_embedded(file: Path) -> None:
    """Refuse to change a profile of an installed xnnkit, or of one that is a Bazel module.

    Raises:
        BadInput: the file came with the package, or with a module of another workspace.
    """
    import xnnkit

    place = file.resolve()
    package = Path(xnnkit.__file__).resolve().parent
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")  # set by `bazel run`
    foreign = (
        workspace is not None
        and place.is_relative_to(paths.home().resolve())
        and not place.is_relative_to(Path(workspace).resolve())
    )
    if foreign or place.is_relative_to(package):
        raise BadInput(
            f"{file.name} belongs to the installed xnnkit",
            where=str(file),
            why="the next installation would put the old pins back",
            fix=f"--output {typed(file.name)}"
            "    (a profile of your own, to be named with its path)",
        )


def refuse_other(file: Path) -> None:
    """Refuse to write over a file that is not a profile of its own name.

    Raises:
        BadInput: something else is in it.
    """
    if not file.exists():
        return
    try:
        profiles.load(str(file.absolute()))
    except XnnkitError as error:
        raise BadInput(
            f"{file} is there, and is no profile called {file.stem}",
            where=str(file),
            why=f"it would be lost; as a profile it is refused: {error.what}",
            fix="--output NAME.toml    (a new file, or that profile)",
        ) from error


def write(file: Path, text: str) -> None:
    """Put a profile's text into a file, which changes as a whole or not at all.

    Raises:
        BadEnvironment: it cannot be written.
    """
    mode = file.stat().st_mode & 0o777 if file.exists() else None
    whole.put(file, text.encode(), "the profile", mode=mode)
