"""What ``xnnkit repro`` found, as text, for a person."""

from __future__ import annotations

from typing import Any

_SECTIONS = 6
_ARTIFACTS = 20


def conditions_text(rows: list[dict[str, Any]]) -> list[str]:
    """Return a line for each condition: what the two builds found, or why it was not varied."""
    width = max(len(row["name"]) for row in rows)
    lines = []
    for row in rows:
        name = row["name"].ljust(width)
        if row["varied"]:
            lines.append(f"  {name}  {row['values'][0]}  |  {row['values'][1]}")
            if row["note"]:
                lines.append(f"  {'':{width}}  ({row['note']})")
        else:
            lines.append(f"  {name}  could not be varied here, because {row['why']}")
    return lines


def as_text(content: dict[str, Any]) -> str:
    """Return the whole comparison.

    Args:
        content: as ``twice.repro`` returns it.
    """
    total = len(content["conditions"])
    lines = [f"{content['profile']}, {content['toolchain']}: two builds"]
    lines.append(f"conditions: {content['varied']} of {total} varied  (first | second)")
    lines += conditions_text(content["conditions"])
    different = [row for row in content["artifacts"] if not row["identical"]]
    same = len(content["artifacts"]) - len(different)
    lines.append(f"artifacts: {same} of {len(content['artifacts'])} identical")
    for row in content["artifacts"]:
        if row["identical"] and row["name"].startswith("bin/"):
            lines.append(f"  {row['name']}  {row['sha256'][0]}  {row['size'][0]} bytes")
    for row in different[:_ARTIFACTS]:
        lines += artifact_text(row)
    if len(different) > _ARTIFACTS:
        lines.append(f"  and {len(different) - _ARTIFACTS} more")
    lines += [f"the proof failed, too: {text}" for text in content["proofs"]]
    return "\n".join(lines)


def artifact_text(row: dict[str, Any]) -> list[str]:
    """Return the lines of one artifact that differs."""
    lines = [f"  {row['name']}  DIFFERENT"]
    columns = zip(("first", "second"), row["kind"], row["sha256"], row["size"], strict=True)
    for which, kind, sha256, size in columns:
        lines.append(f"    {which:8}{sha256 or kind or 'not there'}  {size} bytes")
    if row["sections"]:
        first, *rest = row["sections"]
        lines.append(
            f"    differs from {first['section']}+{first['offset']:#x} on: {first['what']}"
        )
        if any(first["symbols"]):
            lines.append(f"      in {first['symbols'][0] or '-'} | {first['symbols'][1] or '-'}")
        if any(first["excerpts"]):
            lines.append(f"      {first['excerpts'][0]} | {first['excerpts'][1]}")
        if rest:
            more = f" and {len(rest) - _SECTIONS} more" if len(rest) > _SECTIONS else ""
            names = ", ".join(one["section"] for one in rest[:_SECTIONS])
            lines.append(f"    also in {names}{more}")
    for number, cause in enumerate(row["causes"]):
        lines.append(
            f"    {'likely cause' if number == 0 else 'also'}: {cause['name']}: {cause['detail']}"
        )
        if cause["fix"]:
            lines.append(f"      fix: {cause['fix']}")
    if row.get("diffoscope"):
        lines.append(f"    diffoscope: {row['diffoscope']}")
    return lines
