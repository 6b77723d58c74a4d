"""Bound the time of what is computed in one long call, such as a search for a stranger's regex."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooSlow(Exception):
    """The time is over."""


@contextmanager
def seconds(most: float) -> Iterator[None]:
    """End the block with `TooSlow` when it takes longer.

    Only the process's main thread can be interrupted so; every command runs there. In another
    thread the block is not bounded.

    Args:
        most: seconds of wall time.

    Raises:
        TooSlow: the time is over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, over)
    rest, _ = signal.setitimer(signal.ITIMER_REAL, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, rest)
        # None: a handler that was not installed from Python, which Python cannot put back.
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
