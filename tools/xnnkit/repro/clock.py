"""How far a clock is from the real one, when nobody may be asked for the real time.

A program that is shown another clock cannot tell by looking at it. How long the machine has been
running it can still ask the kernel, through a file that no library stands in front of: two
programs that agree on that and not on the date were shown two clocks.
"""

from __future__ import annotations

import time
from pathlib import Path

_UPTIME = Path("/proc/uptime")


def uptime(text: str = "") -> float:
    """Return for how many seconds the machine has been running.

    Args:
        text: what /proc/uptime said; read now if it is not given.

    Raises:
        ValueError, OSError: it is not to be had, or says something else.
    """
    words = (text or _UPTIME.read_text()).split()
    if not words:
        raise ValueError("/proc/uptime is empty")
    return float(words[0])


def start(now: float | None = None) -> float | None:
    """Return when the machine started by a clock that says ``now``, in seconds since 1970.

    Two programs that see one clock agree on it, however long one of them has been waiting.

    Args:
        now: seconds since 1970; this process's own clock if it is not given.

    Returns:
        None where the machine does not say how long it has been running.
    """
    try:
        return (time.time() if now is None else now) - uptime()
    except (OSError, ValueError):
        return None
