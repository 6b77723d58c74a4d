"""A build's manifest as text, for a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xnnkit.elf.show import kernels_line


def as_text(content: dict[str, Any], out: Path) -> str:
    """Return the binaries with their sha256 and the kernels found, and what to know of the sources.

    Args:
        content: a manifest, as ``manifest.read`` returns it.
        out: the directory it stands in.
    """
    lines: list[str] = []
    for binary in content["binaries"]:
        proof = binary["proof"]
        ok = sum(1 for check in proof["checks"] if check["ok"])
        lines.append(f"{binary['flavour']}: {out / binary['path']}")
        lines.append(f"  sha256   {binary['sha256']}  {binary['size']} bytes")
        lines.append(f"  proof    {ok} of {len(proof['checks'])} checks passed")
        lines.append(f"  kernels  {kernels_line(proof['kernels'])}")
    for archive in content["archives"]:
        if archive["prebuilt"]:
            where = archive["location"]
            lines.append(f"note: {archive['name']} is prebuilt, no tree to check: {where}")
        if archive["accepted_by_tree"]:
            lines.append(f"note: {archive['name']}: other bytes than pinned, accepted by its tree")
    if "explanation" in content:
        lines += ["", *content["explanation"]["text"]]
    return "\n".join(lines)
