"""Say what a patch set does and why, for a person or as JSON."""

from __future__ import annotations

import textwrap

from xnnkit.patches.model import Edit, PatchSet

WIDTH = 96


def as_text(patch_set: PatchSet) -> str:
    """Return the set, edit by edit: where, what, why."""
    meta = patch_set.meta
    parts = [f"{patch_set.name}: {meta.subject}\napplies to {meta.applies_to}"]
    parts += [textwrap.fill(" ".join(p.split()), WIDTH) for p in meta.description.split("\n\n")]
    for number, edit in enumerate(patch_set.edits, start=1):
        parts.append(_edit_text(number, edit, patch_set.text_of(edit)))
    for new in patch_set.files:
        lines = new.data.count(b"\n")
        mode = ", executable" if new.executable else ""
        parts.append(f"new file {new.path} ({lines} lines{mode})")
    return "\n\n".join(parts)


def _edit_text(number: int, edit: Edit, words: str) -> str:
    lines = [f"{number}. {edit.id}: {edit.file}", f"   {edit.why}"]
    inside = f" inside {edit.within}" if edit.within else ""
    if edit.anchor is not None:
        times = {1: "once", "all": "at least once"}.get(edit.count, f"{edit.count} times")
        lines.append(f"   {edit.op}{inside}, {times}, where this matches:")
        lines.append(f"     {edit.anchor}")
    else:
        mode = {True: " +x", False: " -x", None: ""}[edit.executable]
        lines.append(f"   {edit.op}{mode}")
    if words.strip():
        lines.append("   our words:")
        lines.extend(f"     {line}".rstrip() for line in words.strip("\n").split("\n"))
    return "\n".join(lines)


def as_json(patch_set: PatchSet) -> dict[str, object]:
    """Return the set as a JSON-ready object."""
    meta = patch_set.meta
    return {
        "name": patch_set.name,
        "applies_to": meta.applies_to,
        "subject": meta.subject,
        "description": meta.description,
        "edits": [
            edit.model_dump(mode="json", exclude_none=True) | {"text": patch_set.text_of(edit)}
            for edit in patch_set.edits
        ],
        "files": [
            {"path": new.path, "bytes": len(new.data), "executable": new.executable}
            for new in patch_set.files
        ],
    }
