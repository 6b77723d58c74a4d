"""A build's manifest as text, for a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any


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
        lines.append(f"  kernels  {_kernels(proof['kernels'])}")
    for archive in content["archives"]:
        if archive["prebuilt"]:
            lines.append(f"note: {archive['name']} is prebuilt ({archive['location']}): bytes verified, no tree")
        if archive["accepted_by_tree"]:
            lines.append(f"note: {archive['name']} has other bytes than pinned; accepted by its tree")
    if "explanation" in content:
        lines += ["", *content["explanation"]["text"]]
    return "\n".join(lines)


def _kernels(names: list[str]) -> str:
    kleidiai = sum(1 for name in names if name.startswith("kai_"))
    i8mm = sum(1 for name in names if name.startswith("xnn_") and "i8mm" in name)
    dot = sum(1 for name in names if name.startswith("xnn_") and "neondot" in name)
    return f"{len(names)} micro-kernels: {kleidiai} of KleidiAI, {i8mm} XNNPACK i8mm, {dot} XNNPACK neondot"
