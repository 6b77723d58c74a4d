"""Devices by the name that ``--device`` takes."""

from __future__ import annotations

from typing import Any

from xnnkit.device.base import Device
from xnnkit.errors import BadEnvironment, BadInput

LEGAL = {
    "qemu": "qemu-user on this machine, with every feature that it can emulate",
    "qemu:CPU": "the same as one processor, such as qemu:cortex-a76",
}
"""Every form of name, and what it means."""


def open_device(name: str) -> Device:
    """Return the device called ``name``; nothing is started.

    Raises:
        BadInput: no device has such a name.
    """
    kind, colon, rest = name.partition(":")
    if kind == "qemu" and bool(colon) == bool(rest):
        from xnnkit.device.qemu import Qemu

        return Qemu(rest or "max")
    raise BadInput(
        f"unknown device {name!r}",
        where="--device",
        why="legal: " + ", ".join(LEGAL),
        fix="xnnkit device list",
    )


def available() -> list[dict[str, Any]]:
    """Return every device that can be named without knowing more, and whether it is there."""
    rows: list[dict[str, Any]] = []
    for name in ("qemu",):
        device = open_device(name)
        try:
            rows.append({"name": name, "available": True, "identity": device.identity()})
        except BadEnvironment as error:
            rows.append({"name": name, "available": False, "why": error.what, "fix": error.fix})
    return rows
