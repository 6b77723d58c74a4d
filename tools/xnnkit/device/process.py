"""Start a program, hand on its lines as they come, and end it with all its children if need be."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from xnnkit.errors import BadEnvironment

TAIL_LINES = 20
LONGEST_LINE = 1 << 20
"""Characters; a longer line is handed on in pieces."""

_NO_CORE = ("/bin/sh", "-c", 'ulimit -c 0; exec "$@"', "sh")
# A program that crashes must not leave its memory in the user's directory.


@dataclass(frozen=True)
class Ended:
    """How a process ended: its code (minus the signal), seconds, and its last lines."""

    code: int
    seconds: float
    tail: tuple[str, ...]


def stream(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    timeout: float | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Ended:
    """Run a program; its stdout and stderr go, line by line, to ``say``.

    Args:
        argv: the program and its arguments.
        env: its whole environment.
        timeout: seconds until it is killed, None for never.
        say: called with each line, without its end.

    Raises:
        BadEnvironment: it cannot be started, or the time is over.
    """
    began = time.monotonic()
    if shutil.which(argv[0]) is None:
        raise BadEnvironment("the program is not there, or not executable", where=str(argv[0]))
    try:
        process = subprocess.Popen(
            [*_NO_CORE, *argv],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise BadEnvironment(
            f"the program cannot be started: {error.strerror}", where=str(argv[0])
        ) from error
    late = threading.Event()

    def expire() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(timeout, expire) if timeout is not None else None
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    try:
        if timer:
            timer.daemon = True
            timer.start()
        stdout = process.stdout
        assert stdout is not None
        # In pieces: what never ends its line must not fill the memory.
        for line in iter(lambda: stdout.readline(LONGEST_LINE), ""):
            tail.append(line.rstrip("\r\n"))
            say(tail[-1])
        code = process.wait()
    finally:
        # Also on Ctrl-C, and when `say` fails: nothing of ours may go on in the background.
        if timer:
            timer.cancel()
        _kill(process)
        process.wait()
        if process.stdout:
            process.stdout.close()
    if late.is_set():
        raise BadEnvironment(
            f"the program did not end within {timeout:g} s and was killed",
            where=str(argv[0]),
            why="\n".join(list(tail)[-3:]),
            fix="give it more time (--timeout), or less to do",
        )
    return Ended(code, time.monotonic() - began, tuple(tail))


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill the process and whatever it started; nothing happens to one that is gone."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
