"""Find and read a patch set, and refuse with the file and the key what cannot be meant."""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from xnnkit import paths
from xnnkit.errors import BadInput
from xnnkit.patches.model import NewFile, PatchFile, PatchSet, check_path, check_references

FILE = "patch.toml"
MAX_BYTES = 4 << 20
"""Bytes of one file of a patch set at most."""


def directory() -> Path:
    """Return the folder that holds all patch sets."""
    return paths.home() / "patches"


def names() -> list[str]:
    """Return the names of all patch sets (``ARCHIVE/SET``), sorted."""
    root = directory()
    return sorted(f.parent.relative_to(root).as_posix() for f in root.glob(f"*/*/{FILE}"))


def load(name: str) -> PatchSet:
    """Load the patch set of that name.

    Args:
        name: ``ARCHIVE/SET``, a folder of patches/.

    Raises:
        BadInput: there is none, or it is refused; every problem with file and key.
    """
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        raise BadInput(
            f"there is no patch set named {name!r}",
            where=str(directory()),
            why=f"legal: {', '.join(known) or 'none yet'}",
            fix=f"xnnkit patch explain {near[0]}" if near else "",
        )
    return load_directory(directory() / name, name=name)


def load_directory(root: Path, *, name: str) -> PatchSet:
    """Load a patch set from any folder.

    Args:
        root: the folder with patch.toml.
        name: what to call the set.

    Raises:
        BadInput: it is refused; every problem with file and key.
    """
    file = root / FILE
    meta = _meta(file)
    texts: dict[str, str] = {}
    for number, edit in enumerate(meta.edit, start=1):
        if edit.text_file is None:
            continue
        where = f"{file}: edit {number} ({edit.id})"
        try:
            text = _content(root, edit.text_file).decode()
            check_references(edit, text)
        except (OSError, ValueError) as error:
            raise BadInput(
                f"cannot use text_file {edit.text_file!r}", where=where, why=str(error)
            ) from None
        texts[edit.text_file] = text
    files = _all_files(root, meta)
    if not meta.edit and not files:
        raise BadInput("the patch set does nothing", where=str(file), why="no [[edit]], no files/")
    return PatchSet(name=name, root=root, meta=meta, files=files, texts=texts)


def _content(root: Path, name: str) -> bytes:
    """Return the bytes of a plain file below a folder.

    Raises:
        ValueError: it is a link, leads out, is no file, or is too long.
        OSError: it cannot be read.
    """
    path = root / name
    if path.is_symlink() or not paths.is_inside(path, root):
        raise ValueError("a link leads out of the patch set")
    if not path.is_file():
        raise ValueError("it is not there, or no plain file")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it is longer than {MAX_BYTES:,} bytes")
    return path.read_bytes()


def _meta(file: Path) -> PatchFile:
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise ValueError(f"longer than {MAX_BYTES:,} bytes")
        data = tomllib.loads(raw.decode())
    except OSError as error:
        raise BadInput(
            "cannot read the patch set", where=str(file), why=error.strerror or ""
        ) from None
    except RecursionError:
        raise BadInput("not a TOML file", where=str(file), why="it is nested too deeply") from None
    except ValueError as error:  # of TOML, of UTF-8, and a number that is too long
        raise BadInput("not a TOML file", where=str(file), why=str(error)) from None
    try:
        return PatchFile.model_validate(data)
    except ValidationError as error:
        problems = [
            f"{_key(e['loc'], data)}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise BadInput(
            "the patch set is refused", where=str(file), why="\n         ".join(problems)
        ) from None


def _key(loc: tuple[str | int, ...], data: dict[str, Any]) -> str:
    """Say which key is meant; edits by number and id, as the errors of rendering do."""
    if len(loc) >= 2 and loc[0] == "edit" and isinstance(loc[1], int):
        edits = data.get("edit")
        one = edits[loc[1]] if isinstance(edits, list) else {}
        known = f" ({one['id']})" if isinstance(one, dict) and "id" in one else ""
        rest = ".".join(str(part) for part in loc[2:3])
        return f"edit {loc[1] + 1}{known}" + (f" {rest}" if rest else "")
    return ".".join(map(str, loc)) or FILE


def _all_files(root: Path, meta: PatchFile) -> tuple[NewFile, ...]:
    """Return the set's own new files and those it takes from other sets, by path."""
    found = _new_files(root)
    for name, wanted in meta.files_from.items():
        # A set is ARCHIVE/SET below one folder, wherever that is.
        shared = _new_files(root.parent.parent / name)
        for path in wanted:
            where = f"{root / FILE}: files_from, {name}, {path}"
            if path not in shared:
                raise BadInput(
                    "the other set has no such file",
                    where=where,
                    why=f"legal: {', '.join(shared) or 'none, it brings no files'}",
                )
            if path in found:
                raise BadInput(
                    "the file comes from two places",
                    where=where,
                    fix="take it out of files_from, or out of files/",
                )
            found[path] = shared[path]
    return tuple(found[path] for path in sorted(found))


def _new_files(root: Path) -> dict[str, NewFile]:
    """Return the files below ``files/`` by their paths in the tree.

    Raises:
        BadInput: one is no plain file, or no text.
    """
    top = root / "files"
    found = {}
    if top.is_symlink():
        raise BadInput("only plain folders and files can be added", where=str(top))
    for path in sorted(p for p in top.rglob("*") if not p.is_dir() or p.is_symlink()):
        name = path.relative_to(top).as_posix()
        if path.is_symlink() or not path.is_file():
            raise BadInput("only plain files can be added", where=str(path))
        try:
            data = _content(top, name)
            check_path(name)
            if b"\0" in data:
                raise ValueError("a unified diff carries text only, and this holds a NUL")
        except ValueError as error:
            raise BadInput("a new file cannot be added", where=str(path), why=str(error)) from None
        found[name] = NewFile(path=name, data=data, executable=os.access(path, os.X_OK))
    return found
