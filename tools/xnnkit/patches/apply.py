"""Make a patch set's edits in memory: what every touched file of a tree is before and after."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from xnnkit import paths
from xnnkit.errors import BadInput, Finding
from xnnkit.patches import anchor
from xnnkit.patches.model import REFERENCE, Edit, PatchSet


@dataclass(frozen=True)
class State:
    """What a file is: its bytes, and whether it is executable."""

    data: bytes
    executable: bool = False


@dataclass(frozen=True)
class Change:
    """One file before and after; None where it does not exist."""

    path: str
    before: State | None
    after: State | None


def changes(patch_set: PatchSet, tree: Path) -> list[Change]:
    """Return what the set changes in a tree, by path; the tree is only read.

    Args:
        patch_set: the set.
        tree: the root of the archive's unpacked tree.

    Raises:
        BadInput: ``tree`` is no directory, or a file to edit is no text.
        Finding: a file is missing, a new one is there already, an anchor does not match as often as
            its edit says, or an edit changes nothing.
    """
    if not tree.is_dir():
        raise BadInput(
            "there is no such tree", where=str(tree), fix="give the root of the unpacked archive"
        )
    before: dict[str, State | None] = {}
    now: dict[str, State | None] = {}
    for number, edit in enumerate(patch_set.edits, start=1):
        where = f"{patch_set.name}, edit {number} ({edit.id}), {edit.file}"
        if edit.file not in now:
            before[edit.file] = now[edit.file] = _read(tree, edit.file, where)
        state = now[edit.file]
        if state is None:
            raise Finding("the file was deleted by an edit before this one", where=where)
        now[edit.file] = _edited(state, edit, patch_set.text_of(edit), where)
    for new in patch_set.files:
        if not paths.is_inside((tree / new.path).parent, tree):
            raise Finding(
                "a new file would lie outside of the tree",
                where=f"{patch_set.name}, {new.path}",
                why="a folder of its path is a link that leads out, or to itself",
            )
        if new.path in now or os.path.lexists(tree / new.path):
            raise Finding(
                "a new file exists in the tree already",
                where=f"{patch_set.name}, {new.path}",
                why="a patch set adds files; it does not overwrite what upstream ships",
            )
        before[new.path], now[new.path] = None, State(new.data, new.executable)
    return [
        Change(path, before[path], now[path]) for path in sorted(now) if before[path] != now[path]
    ]


def _read(tree: Path, name: str, where: str) -> State:
    path = tree / name
    try:
        status = path.lstat()
    except OSError:
        raise Finding(
            "the file is not in the tree",
            where=where,
            why=f"looked in {tree}",
            fix="check that this is the tree of the archive that the set applies to",
        ) from None
    if not stat.S_ISREG(status.st_mode) or not paths.is_inside(path.parent, tree):
        raise Finding("not a plain file of the tree", where=where)
    data = path.read_bytes()
    if b"\0" in data:
        raise BadInput("not a text file", where=where, why="it holds a NUL byte")
    return State(data, bool(status.st_mode & stat.S_IXUSR))


def _edited(state: State, edit: Edit, words: str, where: str) -> State | None:
    if edit.op == "delete-file":
        return None
    if edit.op == "chmod":
        after = State(state.data, bool(edit.executable))
    else:
        text, crlf = decode(state.data)
        after = State(encode(edit_text(text, edit, words, where), crlf), state.executable)
    if after == state:
        raise Finding(
            "the edit changes nothing",
            where=where,
            why="the tree is already as it would leave it",
            fix="remove the edit, or check that the tree is not patched already",
        )
    return after


def decode(data: bytes) -> tuple[str, bool]:
    """Return a file's text with line ends as ``\\n``, and whether all of them were CR LF.

    Bytes that are no UTF-8, and line ends that differ among themselves, are kept as they are.
    """
    text = data.decode("utf-8", "surrogateescape")
    lines = text.count("\n")
    crlf = lines > 0 and text.count("\r\n") == lines
    return (text.replace("\r\n", "\n") if crlf else text), crlf


def encode(text: str, crlf: bool) -> bytes:
    """Return the bytes of what ``decode`` returned."""
    return (text.replace("\n", "\r\n") if crlf else text).encode("utf-8", "surrogateescape")


def edit_text(text: str, edit: Edit, words: str, where: str) -> str:
    """Return a file's text after one edit.

    ``replace`` works on exactly what the anchor matches; ``insert-before``, ``insert-after`` and
    ``delete`` on the whole lines that the match touches.

    Args:
        text: the file, line ends as ``\\n``.
        edit: what to do.
        words: the text that the edit brings.
        where: what errors call the edit.

    Raises:
        Finding: the anchor does not match as often as the edit says.
    """
    if edit.op == "prepend":
        return _line(words) + text
    if edit.op == "append":
        return _line(text) + _line(words)
    for match in reversed(anchor.find(text, edit, where)):
        ours = expand(words, match)
        first, last = _lines_of(text, match)
        if edit.op == "replace":
            text = text[: match.start()] + ours + text[match.end() :]
        elif edit.op == "insert-before":
            text = text[:first] + _line(ours) + text[first:]
        elif edit.op == "insert-after":
            text = _line(text[:last]) + _line(ours) + text[last:]
        else:
            text = text[:first] + text[last:]
    return text


def expand(words: str, match: re.Match[str]) -> str:
    """Return a text with its back references filled in; a group that took no part is empty."""

    def group(reference: re.Match[str]) -> str:
        name = reference[1]
        return match[int(name) if name.isdecimal() else name] or ""

    return REFERENCE.sub(group, words)


def _lines_of(text: str, match: re.Match[str]) -> tuple[int, int]:
    """Return where the first line of a match begins and where its last line ends."""
    end = match.end()
    if end > match.start() and text[end - 1] == "\n":
        end -= 1
    stop = text.find("\n", end)
    return text.rfind("\n", 0, match.start()) + 1, stop + 1 if stop >= 0 else len(text)


def _line(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def write(changed: Iterable[Change], tree: Path) -> None:
    """Make changes in a directory: the files as they are afterwards, the deleted ones gone.

    Args:
        changed: what ``changes`` returned.
        tree: the root to write under; folders are made as needed.
    """
    for change in changed:
        path = tree / change.path
        if change.after is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(change.after.data)
        path.chmod(0o755 if change.after.executable else 0o644)
