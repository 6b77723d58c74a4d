"""Phones and boards by ``adb`` (docs/devices.md).

Belongs here: the program ``adb`` behind a typed layer (``client``), its list of devices
(``listing``), choosing from it (``select``), what is asked of a device (``questions``) and how the
answers are read (``cpu``, ``state``), the few arm64 instructions that ask the kernel for CPU
features (``probe``), files on the device (``store``), and the device itself (``device``).
"""
