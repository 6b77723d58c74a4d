"""Devices by the name that ``--device`` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xnnkit.device.base import Device
from xnnkit.errors import BadEnvironment, BadInput

if TYPE_CHECKING:
    from xnnkit.device.adb.device import AdbDevice, Options

LEGAL = {
    "qemu": "qemu-user on this machine, with every feature that it can emulate",
    "qemu:CPU": "the same as one processor, such as qemu:cortex-a76",
    "adb": "the only phone that adb lists, or the one that ANDROID_SERIAL names",
    "adb:SERIAL": "the phone with this serial; HOST:PORT is connected to if need be",
    "all": "every phone that adb lists, at the same time",
}
"""Every form of name, and what it means."""


def open_device(name: str, options: Options | None = None) -> Device:
    """Return the one device called ``name``.

    Args:
        name: any legal name but ``all``.
        options: how a phone runs programs.

    Raises:
        BadInput: no device has such a name, or several have.
        BadEnvironment: adb or the phone is not there.
    """
    kind, colon, rest = name.partition(":")
    if kind == "qemu" and bool(colon) == bool(rest):
        from xnnkit.device.qemu import Qemu

        return Qemu(rest or "max")
    if kind == "adb" and bool(colon) == bool(rest):
        return open_phone(name, options)
    raise BadInput(
        f"unknown device {name!r}",
        where="--device",
        why="legal: " + ", ".join(LEGAL),
        fix="xnnkit device list",
    )


def open_phone(name: str, options: Options | None = None) -> AdbDevice:
    """Return the one phone called ``name``, ``adb`` or ``adb:SERIAL``.

    Raises:
        BadInput: it is no phone's name, or several phones have it.
        BadEnvironment: adb or the phone is not there.
    """
    from xnnkit.device.adb import select
    from xnnkit.device.adb.device import AdbDevice

    kind, _, serial = name.partition(":")
    if kind != "adb":
        raise BadInput(f"{name!r} is no phone", where="--device", why="legal: adb, adb:SERIAL, all")
    return AdbDevice(select.the_one(serial), options)


def open_phones(name: str, options: Options | None = None) -> list[AdbDevice]:
    """Return the phones called ``name``: ``adb``, ``adb:SERIAL`` or ``all``.

    Raises:
        BadInput: it is no phone's name, or several phones have it.
        BadEnvironment: adb or the phone is not there.
    """
    from xnnkit.device.adb import select
    from xnnkit.device.adb.device import AdbDevice

    if name == "all":
        return [AdbDevice(serial, options) for serial in select.every()]
    return [open_phone(name, options)]


def available() -> list[dict[str, Any]]:
    """Return every device that can be named without knowing more, and whether it is there."""
    rows: list[dict[str, Any]] = []
    device = open_device("qemu")
    try:
        rows.append({"name": "qemu", "available": True, "identity": device.identity()})
    except BadEnvironment as error:
        rows.append({"name": "qemu", "available": False, "why": error.what, "fix": error.fix})
    return rows + _phones()


def _phones() -> list[dict[str, Any]]:
    from xnnkit.device.adb.listing import listed

    try:
        found = listed()
    except BadEnvironment as error:
        return [{"name": "adb", "available": False, "why": error.what, "fix": error.fix}]
    return [
        {"name": f"adb:{one.serial}", "available": True, "model": one.extra.get("model", "")}
        if one.ready
        else {
            "name": f"adb:{one.serial}",
            "available": False,
            "why": one.state,
            "fix": one.fix,
        }
        for one in found
    ]
