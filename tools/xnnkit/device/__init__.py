"""Where binaries run: one protocol, and a file for each kind of device.

Belongs here: the protocol (``base``), devices by name (``names``), starting a process so that it
can be ended (``process``), and each kind: ``qemu`` (with ``trace``) and ``adb``, a folder. Nothing
here knows what a benchmark is.
"""

from __future__ import annotations

from xnnkit.device.base import OUTPUT, Device, DeviceLost, Done, Job, Remote
from xnnkit.device.names import LEGAL, available, open_device, open_phone, open_phones

__all__ = [
    "LEGAL",
    "OUTPUT",
    "Device",
    "DeviceLost",
    "Done",
    "Job",
    "Remote",
    "available",
    "open_device",
    "open_phone",
    "open_phones",
]
