"""What of a build's surroundings can be varied on this machine; what cannot, and why."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

TMPFS_NEEDS = 6 << 30
"""Bytes of free memory below which no output base is put into memory."""

USER_ID = 4242
HOST = "elsewhere"
USER = "somebody"

# What bubblewrap is asked for, by the condition that needs it.
NAMESPACES = {
    "user": ("--unshare-user", "--uid", str(USER_ID), "--gid", str(USER_ID)),
    "hostname": ("--unshare-user", "--unshare-uts", "--hostname", HOST),
    "network": ("--unshare-user", "--unshare-net"),
    "file-order": ("--unshare-user", "--tmpfs", "/tmp"),
}

_FAKETIME = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")


@dataclass(frozen=True)
class Machine:
    """What this machine can do.

    Attributes:
        refused: condition -> why no namespace can be had for it, or would make no difference.
        faketime: libfaketime, if it is installed.
        locales: the names that ``locale -a`` gives.
        cores: processors that may be used.
        memory: free memory, in bytes.
        user: who runs this.
    """

    refused: dict[str, str] = field(default_factory=dict)
    faketime: Path | None = None
    locales: tuple[str, ...] = ()
    cores: int = 1
    memory: int = 0
    user: str = ""


def probe() -> Machine:
    """Try each namespace, and look for the rest."""
    refused = {name: why for name, options in NAMESPACES.items() if (why := _refused(options))}
    if not interfaces():
        refused.setdefault("network", "this machine has no network interface")
    return Machine(
        refused=refused,
        faketime=next((p for g in _FAKETIME for p in sorted(Path("/").glob(g[1:]))), None),
        locales=_locales(),
        cores=len(os.sched_getaffinity(0)),
        memory=_free_memory(),
        user=_user(),
    )


def interfaces() -> list[str]:
    """Return the names of the network interfaces that this process has, the loop not among them."""
    return sorted(name for _, name in socket.if_nameindex() if name != "lo")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _refused(options: tuple[str, ...]) -> str:
    bwrap = shutil.which("bwrap")
    if not bwrap:
        return "bubblewrap is not installed (apt-get install -y bubblewrap)"
    command = [bwrap, *options, "--dev-bind", "/", "/"]
    if "--tmpfs" in options:  # over what is bound, so after it
        command = [bwrap, "--dev-bind", "/", "/", *options]
    done = subprocess.run([*command, "--", "/bin/true"], capture_output=True, text=True)
    if done.returncode == 0:
        return ""
    said = done.stderr.strip().splitlines()
    return f"bubblewrap may not: {said[-1] if said else f'exit code {done.returncode}'}"


def _locales() -> tuple[str, ...]:
    try:
        done = subprocess.run(["locale", "-a"], capture_output=True, text=True)
    except OSError:
        return ()
    return tuple(done.stdout.split())


def _free_memory() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    except (OSError, ValueError, IndexError):
        pass
    return 0
