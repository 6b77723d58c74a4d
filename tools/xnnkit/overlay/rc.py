"""Marked blocks in files that belong to the user: put in, replaced and taken out, all else kept."""

from __future__ import annotations

import re

from xnnkit import untrusted
from xnnkit.errors import BadInput

BEGIN = "# >>> xnnkit overlay: written by it, taken out by `xnnkit overlay --undo`"
END = "# <<< xnnkit overlay"

_BLOCK = re.compile(rf"^{re.escape(BEGIN)}\n.*?^{re.escape(END)}\n", re.MULTILINE | re.DOTALL)
_IMPORT = re.compile(r"^\s*(?:try-)?import\s+%workspace%/(\S+)\s*$", re.MULTILINE)

# MediaPipe calls it a file for set-up scripts; the user's own comes after it and has the last word.
_FOR_SCRIPTS = ".configure.bazelrc"


def block(lines: list[str]) -> str:
    """Return lines between the marks."""
    return "\n".join([BEGIN, *lines, END]) + "\n"


def insert(text: str, new: str) -> str:
    """Return ``text`` with the block appended, or in the place of the one that is there.

    Args:
        text: the file; "" when there is none.
        new: what ``block`` returned.
    """
    if _BLOCK.search(text):
        return _BLOCK.sub(lambda _: new, text, count=1)
    # An unfinished last line would swallow the mark, so it is finished; `remove` knows.
    return text + ("" if not text or text.endswith("\n") else "\n") + new


def remove(text: str, *, unfinished: bool = False) -> str:
    """Return ``text`` without the block.

    Args:
        text: the file.
        unfinished: the user's last line had no line end before the block was put in; the one that
            was added goes, too, if the block is still the end of the file.
    """
    match = _BLOCK.search(text)
    if match is None:
        return text
    before, after = text[: match.start()], text[match.end() :]
    if unfinished and not after and before.endswith("\n"):
        before = before[:-1]
    return before + after


def find(text: str) -> str | None:
    """Return the block, marks included; None when there is none."""
    match = _BLOCK.search(text)
    return match[0] if match else None


def file_for(bazelrc: str) -> str:
    """Return the file that rc lines go to: the one that the checkout's .bazelrc leaves to scripts.

    Args:
        bazelrc: the text of the checkout's .bazelrc.

    Returns:
        A path relative to the checkout; .bazelrc itself when it imports nothing.
    """
    # What the checkout says is not ours: no line of it may name a file outside, or of git's.
    imported = [
        path
        for path in _IMPORT.findall(bazelrc)
        if untrusted.inside(path) and path.split("/")[0].lower() != ".git"
    ]
    if _FOR_SCRIPTS in imported:
        return _FOR_SCRIPTS
    return imported[0] if imported else ".bazelrc"


def quoted(word: str) -> str:
    """Return a word as an rc file of Bazel writes it: at blanks it splits, # begins a comment.

    Raises:
        BadInput: it holds a line break.
    """
    if "\n" in word or "\r" in word:
        raise BadInput("a line of .bazelrc cannot hold a line break", where=repr(word))
    if not set(word) & set(" \t#'\"\\"):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
