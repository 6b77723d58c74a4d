"""Render a patch set on a tree: one file that git, ``patch`` and Bazel take."""

from __future__ import annotations

import hashlib
from email.utils import format_datetime
from pathlib import Path

from xnnkit.patches import diff
from xnnkit.patches.apply import Change, changes
from xnnkit.patches.model import PatchFile, PatchSet, message

_FIXED_DATE = "Mon Sep 17 00:00:00 2001"
"""The date that git writes in the first line of every patch, so that mail tools know the form."""


def render(patch_set: PatchSet, tree: Path) -> str:
    """Return the set as a unified diff for exactly this tree.

    The same set and tree give the same text on every machine. Bytes that are no UTF-8 come as
    surrogates: write with ``errors="surrogateescape"`` and ``newline=""``, or use `render_bytes`.

    Args:
        patch_set: the set.
        tree: the root of the archive's unpacked tree.

    Raises:
        BadInput, Finding: as `apply.changes` does.
    """
    return render_bytes(patch_set, tree).decode("utf-8", "surrogateescape")


def render_bytes(patch_set: PatchSet, tree: Path) -> bytes:
    """Return what `render` does, as the bytes of the file."""
    return assemble(patch_set.meta, changes(patch_set, tree))


def assemble(meta: PatchFile, changed: list[Change]) -> bytes:
    """Return the patch file of some changes, under a header made of ``meta`` alone."""
    body = b"".join(diff.file_diff(change) for change in changed)
    head = _message(meta)
    # No commit stands behind the patch; the line's number still names its content.
    number = hashlib.sha1(head.encode() + body, usedforsecurity=False).hexdigest()
    first = f"From {number} {_FIXED_DATE}\n"
    return (first + head + _summary(changed)).encode() + body + b"-- \nxnnkit\n"


def _message(meta: PatchFile) -> str:
    return (
        f"From: {meta.author}\n"
        f"Date: {format_datetime(meta.date)}\n"
        f"Subject: [PATCH] {meta.subject}\n\n{message(meta.description)}\n---\n"
    )


def _summary(changed: list[Change]) -> str:
    totals = [diff.counts(change) for change in changed]
    added, removed = (sum(column) for column in zip(*totals, strict=True)) if totals else (0, 0)
    lines = [
        f" {diff.quoted('', change.path).decode()} | +{plus} -{minus}\n"
        for change, (plus, minus) in zip(changed, totals, strict=True)
    ]
    files = "file" if len(changed) == 1 else "files"
    total = f"{added} insertions(+), {removed} deletions(-)"
    return "".join(lines) + f" {len(changed)} {files} changed, {total}\n\n"
