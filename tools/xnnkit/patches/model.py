"""What a patch set is: ``patches/ARCHIVE/SET/patch.toml``, loaded into frozen, checked objects."""

from __future__ import annotations

import re
import textwrap
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from xnnkit import untrusted

Op = Literal[
    "replace",
    "insert-before",
    "insert-after",
    "delete",
    "prepend",
    "append",
    "delete-file",
    "chmod",
]

ANCHORED: frozenset[str] = frozenset({"replace", "insert-before", "insert-after", "delete"})
"""The operations that work at a place in a file, and so need an anchor."""

WITH_TEXT: frozenset[str] = frozenset(
    {"replace", "insert-before", "insert-after", "prepend", "append"}
)
"""The operations that bring a text."""

REFERENCE = re.compile(r"\\g<([A-Za-z_0-9]+)>")
"""A back reference in a text. Every other backslash stands for itself."""


def check_path(value: str) -> str:
    """Return ``value`` if it is a path inside a tree that a diff can name.

    Raises:
        ValueError: it is empty, absolute, leaves the tree, or names git's own folder.
    """
    parts = value.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"{value!r} must be a relative path without empty, . or .. parts")
    if ".git" in (part.lower() for part in parts):
        raise ValueError(f"{value!r} lies in git's own folder")
    if "\\" in value or any(c < " " or c == "\x7f" for c in value):
        raise ValueError(f"{value!r} holds a character that no path of a patch may have")
    if len(value) > 1000:
        raise ValueError("the path is longer than 1000 characters")
    return value


def _check_regex(value: str) -> str:
    if len(value) > 4000:
        raise ValueError("the regular expression is longer than 4000 characters")
    try:
        re.compile(value, re.MULTILINE)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


def _single_line(value: str) -> str:
    if value != value.strip() or not value or not value.isprintable():
        raise ValueError("one line, not empty, no blanks around it, no control characters")
    return value


def _no_diff(value: str) -> str:
    """Refuse words that a tool would take for a part of the diff that stands below them."""
    for line in message(value).splitlines():
        if _LIKE_A_DIFF.match(line) or any(c < " " or c == "\x7f" for c in line):
            raise ValueError(f"a line of it would be read as a part of the diff: {line[:60]!r}")
    return value


_LIKE_A_DIFF = re.compile(
    r"diff -|--- |---$|\+\+\+ |@@ |\*\*\* |Index: |index [0-9a-f]|GIT binary|From [0-9a-f]{40}"
    r"|(new|old|deleted) (file )?mode |(rename|copy) (from|to) |Prereq:"
)


def message(description: str) -> str:
    """Return a description as it stands in a diff's message: paragraphs of 72 columns."""
    return "\n\n".join(
        textwrap.fill(" ".join(paragraph.split()), 72, break_long_words=False)
        for paragraph in description.split("\n\n")
    )


TreePath = Annotated[str, AfterValidator(check_path)]
Regex = Annotated[str, AfterValidator(_check_regex)]
Line = Annotated[str, AfterValidator(_single_line)]


SetName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*/[a-z0-9][a-z0-9_.-]*$")]


class _Strict(BaseModel):
    """Unknown keys are refused and nothing is changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Edit(_Strict):
    """One change of one file."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    """What errors and ``patch explain`` call this edit; unique in the set."""
    file: TreePath
    """The file, from the root of the archive's tree."""
    op: Op
    """What to do at the place that the anchor names."""
    anchor: Regex | None = None
    """Regular expression (Python's, multi-line) that names the place."""
    within: Annotated[str, Field(max_length=500)] | None = None
    """Only inside the function of this name: Python or Starlark ``def``, else C or C++."""
    count: Annotated[int, Field(ge=1)] | Literal["all"] = 1
    """How often the anchor must match: exactly so often, or ``"all"``: at least once."""
    text: str | None = None
    """Our words. ``\\g<NAME>`` or ``\\g<1>`` is what that group of the anchor matched."""
    text_file: TreePath | None = None
    """A file of the patch set's folder that holds the text, when it is long."""
    executable: bool | None = None
    """For ``chmod``: whether the file is executable afterwards."""
    why: Line
    """Why the edit is needed, in one sentence."""

    @model_validator(mode="after")
    def _shape(self) -> Edit:
        anchored, texts = self.op in ANCHORED, [self.text, self.text_file]
        if anchored and self.anchor is None:
            raise ValueError(f"{self.op} needs an anchor")
        if not anchored and (self.anchor is not None or self.within is not None):
            raise ValueError(f"{self.op} concerns the whole file: no anchor, no within")
        if not anchored and self.count != 1:
            raise ValueError(f"{self.op} concerns the whole file: no count")
        given = sum(t is not None for t in texts)
        if self.op in WITH_TEXT and given != 1:
            raise ValueError(f"{self.op} needs either text or text_file")
        if self.op not in WITH_TEXT and given:
            raise ValueError(f"{self.op} takes no text")
        if (self.op == "chmod") != (self.executable is not None):
            raise ValueError("executable goes with chmod, and chmod with executable")
        if self.text is not None:
            check_references(self, self.text)
        return self


def check_references(edit: Edit, text: str) -> None:
    """Check that every group a text refers to is one of the anchor's.

    Raises:
        ValueError: one is not.
    """
    wanted = REFERENCE.findall(text)
    if not wanted:
        return
    pattern = re.compile(edit.anchor or "", re.MULTILINE)
    for name in wanted:
        group = untrusted.number(name)
        known = name in pattern.groupindex if group is None else group <= pattern.groups
        if not known:
            raise ValueError(f"the text refers to \\g<{name}>, which the anchor has no group for")


class PatchFile(_Strict):
    """``patch.toml`` as it is written."""

    schema_version: Literal[1] = 1
    description: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_no_diff)
    ]
    """What the set does, for the body of the diff's message."""
    applies_to: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")]
    """The name of the archive whose tree it edits."""
    subject: Line
    """First line of the diff's message."""
    author: Annotated[str, StringConstraints(pattern=r"^[^<>\x00-\x1f\x7f]+ <[^<>\s]+@[^<>\s]+>$")]
    """``NAME <ADDRESS>`` for the diff's header."""
    date: datetime
    """Date for the diff's header, with its offset; fixed data, never the clock."""
    files_from: dict[SetName, tuple[TreePath, ...]] = {}
    """New files that are another set's: its name, and their paths below its ``files/``."""
    edit: tuple[Edit, ...] = ()
    """The edits, in the order they are made; each sees what the ones before it did."""

    @model_validator(mode="after")
    def _whole(self) -> PatchFile:
        if self.date.tzinfo is None:
            raise ValueError("date needs an offset, such as 2026-01-31T00:00:00Z")
        seen: set[str] = set()
        for edit in self.edit:
            if edit.id in seen:
                raise ValueError(f"two edits have the id {edit.id!r}")
            seen.add(edit.id)
        return self


class NewFile(_Strict):
    """A file that the set adds to the tree."""

    path: TreePath
    data: bytes
    executable: bool


class PatchSet(_Strict):
    """A patch set, whole: what ``load_patch_set`` returns."""

    name: str
    root: Path
    meta: PatchFile
    files: tuple[NewFile, ...]
    texts: dict[str, str]

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits, in order."""
        return self.meta.edit

    def text_of(self, edit: Edit) -> str:
        """Return the words an edit brings; "" for one that brings none."""
        if edit.text_file is not None:
            return self.texts[edit.text_file]
        return edit.text or ""


def load_patch_set(name: str) -> PatchSet:
    """Load the patch set of that name (``ARCHIVE/SET``); see `load.load`.

    Raises:
        BadInput: there is none, or it is refused.
    """
    from xnnkit.patches import load

    return load.load(name)
