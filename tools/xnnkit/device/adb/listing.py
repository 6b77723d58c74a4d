"""What ``adb devices -l`` says."""

from __future__ import annotations

from dataclasses import dataclass

from xnnkit.device.adb.client import Adb
from xnnkit.errors import BadEnvironment

READY = "device"

_FIXES = {
    "unauthorized": "unlock the phone and allow USB debugging for this computer",
    "authorizing": "unlock the phone and allow USB debugging for this computer",
    "offline": "unplug it and plug it in again, or: adb reconnect offline",
    "no permissions": "add a udev rule for the phone: apt-get install android-sdk-platform-tools",
    "recovery": "start Android: adb reboot",
    "bootloader": "start Android: fastboot reboot",
    "sideload": "start Android: adb reboot",
}


@dataclass(frozen=True)
class Listed:
    """One line: serial, state and what else adb knows (``model``, ``product``, ...)."""

    serial: str
    state: str
    extra: dict[str, str]

    @property
    def ready(self) -> bool:
        """It can run programs."""
        return self.state == READY

    @property
    def fix(self) -> str:
        """What to do about its state, "" when it is ready."""
        if self.ready:
            return ""
        return next(
            (fix for state, fix in _FIXES.items() if self.state.startswith(state)),
            "adb kill-server; adb devices",
        )

    @property
    def line(self) -> str:
        """The device as one line: ``adb:X (Pixel 8)``, ``adb:Y: unauthorized``."""
        model = self.extra.get("model", "").replace("_", " ")
        text = f"adb:{self.serial}" + (f" ({model})" if model else "")
        return text if self.ready else f"{text}: {self.state}"


def listed(adb: Adb | None = None) -> list[Listed]:
    """Return the devices that adb knows.

    Raises:
        BadEnvironment: adb is not there or does not work.
    """
    adb = adb or Adb()
    adb.start_server()
    code, said = adb.ask("devices", "-l")
    if code:
        raise BadEnvironment("adb does not list devices", where="adb devices -l", why=said.strip())
    return parse(said)


def parse(text: str) -> list[Listed]:
    """Return the devices in the output of ``adb devices -l``."""
    found = []
    _, header, rest = text.partition("List of devices attached")
    for line in rest.splitlines() if header else ():
        words = line.split()
        if len(words) < 2 or line.startswith("*"):
            continue
        pairs = dict(word.split(":", 1) for word in words[2:] if ":" in word)
        state = words[1]
        if state == "no":  # "no permissions (...); see [...]"
            state, pairs = "no permissions", {}
        found.append(Listed(words[0], state, pairs))
    return found
