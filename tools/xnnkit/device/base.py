"""What every device can do: run a binary with arguments, stream its output, bring a file back."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from xnnkit.errors import BadEnvironment

if TYPE_CHECKING:
    from xnnkit.device.count import Counts, Marks

OUTPUT = "{output}"
"""Stands in an argument for the file that the program writes its results to."""


@dataclass(frozen=True)
class Job:
    """One start of a program.

    Attributes:
        binary: the program, on this machine.
        args: its arguments; ``{output}`` in one becomes the path of a file on the device.
        env: variables to set for it, and nothing of ours besides.
        timeout: seconds until it is ended, None for never.
        trace: names of functions of which the device shall tell whether they were entered; a
            device that cannot tell leaves ``Done.entered`` None.
        count: count executed instructions, in the whole program and in these windows; a device
            that cannot count leaves ``Done.counts`` None.
    """

    binary: Path
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    trace: Sequence[str] = ()
    count: Marks | None = None


@dataclass(frozen=True)
class Done:
    """How a program ended.

    Attributes:
        code: its exit code, or minus the signal that ended it.
        seconds: wall time, starting included.
        output: the file it wrote, None when it wrote none or none was asked for.
        tail: the last lines it printed.
        entered: function -> whether it was entered; None without a trace.
        counts: executed instructions; None when they were not counted.
    """

    code: int
    seconds: float
    output: bytes | None
    tail: tuple[str, ...] = ()
    entered: Mapping[str, bool] | None = None
    counts: Counts | None = None

    @property
    def ending(self) -> str:
        """The end in words: ``exit code 1``, ``SIGILL``."""
        if self.code >= 0:
            return f"exit code {self.code}"
        try:
            return signal.Signals(-self.code).name
        except ValueError:
            return f"signal {-self.code}"


class DeviceLost(BadEnvironment):
    """The device stopped answering; what ran there is lost, nothing else is."""


class Device(Protocol):
    """Where a binary runs."""

    @property
    def name(self) -> str:
        """The name as ``--device`` takes it."""

    @property
    def emulated(self) -> bool:
        """Wall times there say nothing about speed."""

    def identity(self) -> dict[str, Any]:
        """Return what tells this device from others, JSON-ready, with ``kind`` and ``emulated``.

        Raises:
            BadEnvironment: it cannot be reached.
        """

    def run(self, job: Job, say: Callable[[str], None] = ...) -> Done:
        """Run a program to its end.

        Args:
            job: what to run.
            say: called with each line that it prints, as it prints it.

        Raises:
            BadEnvironment: the device cannot be reached, or the time is over.
        """


@runtime_checkable
class Remote(Device, Protocol):
    """A device of its own that can vanish and come back, and whose state is worth knowing."""

    def features(self) -> frozenset[str] | None:
        """Return the optional CPU features that every core has; None when nobody knows.

        Raises:
            DeviceLost: it does not answer.
        """

    def conditions(self) -> dict[str, Any]:
        """Return what changes while it runs (temperatures, battery, clocks), JSON-ready.

        Raises:
            DeviceLost: it does not answer.
        """

    def held(self) -> AbstractContextManager[None]:
        """Keep other runs of this user's away from the device while this one measures.

        Raises:
            BadEnvironment: another one has it.
        """

    def interrupt(self) -> None:
        """End what runs there, from another thread; ``run`` then raises KeyboardInterrupt."""

    def wait_back(self, seconds: float) -> None:
        """Wait until a lost device answers again, and end what was left running there.

        Args:
            seconds: how long to wait.

        Raises:
            DeviceLost: it did not come back.
            BadEnvironment: another device answers to its name.
        """
