"""Which devices are meant: by serial, the only one, or all."""

from __future__ import annotations

import os
import re

from xnnkit.device.adb.client import Adb
from xnnkit.device.adb.listing import Listed, listed
from xnnkit.errors import BadEnvironment, BadInput, typed


def the_one(serial: str = "") -> str:
    """Return the serial of the device that is meant.

    Args:
        serial: a serial; "" for ``ANDROID_SERIAL``, else the only device there is.

    Raises:
        BadEnvironment: adb or the device is not there, or it is not ready.
        BadInput: there are several and none was named.
    """
    found = listed()
    serial = serial or os.environ.get("ANDROID_SERIAL", "")
    if is_address(serial) and all(one.serial != serial for one in found):
        Adb().ask("connect", serial)
        found = listed()
    if serial:
        return _named(serial, found)
    ready = [one for one in found if one.ready]
    if len(ready) > 1:
        raise BadInput(
            f"{len(ready)} devices are connected, and none was named",
            where="--device adb",
            why="\n".join(one.line for one in found),
            fix="\n".join(f"--device adb:{typed(one.serial)}" for one in ready) + "\n--device all",
        )
    if not ready:
        raise _none(found)
    return ready[0].serial


def is_address(serial: str) -> bool:
    """Tell a serial that is a network address, HOST:PORT, from others."""
    return bool(re.fullmatch(r"\S+:[0-9]+", serial))


def every() -> list[str]:
    """Return the serials of all devices that are ready.

    Raises:
        BadEnvironment: adb is not there, or no device is ready.
    """
    found = listed()
    ready = [one.serial for one in found if one.ready]
    if not ready:
        raise _none(found)
    return ready


def _named(serial: str, found: list[Listed]) -> str:
    for one in found:
        if one.serial == serial:
            if one.ready:
                return serial
            raise BadEnvironment(
                f"device adb:{serial} is not ready: {one.state}", where="adb devices", fix=one.fix
            )
    others = ", ".join(one.line for one in found) or "none"
    raise BadEnvironment(
        f"device adb:{serial} is not connected",
        where="adb devices",
        why=f"connected: {others}",
        fix=f"adb connect {typed(serial)}" if is_address(serial) else "xnnkit device list",
    )


def _none(found: list[Listed]) -> BadEnvironment:
    return BadEnvironment(
        "no device is ready",
        where="adb devices",
        why="\n".join(one.line for one in found) or "adb lists none",
        fix="\n".join(dict.fromkeys(one.fix for one in found))
        or "plug in a phone with USB debugging on, or: adb connect HOST:PORT",
    )
