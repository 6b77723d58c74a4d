"""Where binaries run: one protocol, and a file for each kind of device.

Belongs here: the protocol (``base``), devices by name (``open_device``), starting a process so that
it can be ended (``process``), and each kind: ``qemu``. Nothing here knows what a benchmark is.
"""

from __future__ import annotations

from xnnkit.device.base import OUTPUT, Device, Done, Job
from xnnkit.device.names import LEGAL, available, open_device

__all__ = ["LEGAL", "OUTPUT", "Device", "Done", "Job", "available", "open_device"]
