"""A phone or board behind adb, as a device that runs programs."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xnnkit import paths
from xnnkit.device.adb import cpu, probe, questions
from xnnkit.device.adb.client import Adb, Heard
from xnnkit.device.adb.listing import READY
from xnnkit.device.adb.select import is_address
from xnnkit.device.adb.store import DIRECTORY, Placed, Store
from xnnkit.device.base import OUTPUT, DeviceLost, Done, Job
from xnnkit.errors import BadEnvironment, BadInput, typed

BIG = "big"
"""The word that stands for all cores but the smallest kind."""

WRAPPER = "XNNKIT_ADB_WRAPPER"
"""Names a program on the device that starts the others there, such as an emulator."""

MOST_OUTPUT = 64 << 20
"""Bytes of a program's results at most."""

_ARM64 = ("aarch64", "arm64", "armv8l")
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127


@dataclass(frozen=True)
class Options:
    """How programs are run on a device.

    Attributes:
        directory: where files go on it.
        taskset: which cores: ``big``, a mask in hex, or "" for all.
        wrapper: words before the program on the device; from ``XNNKIT_ADB_WRAPPER``.
    """

    directory: str = DIRECTORY
    taskset: str = ""
    wrapper: Sequence[str] = field(
        default_factory=lambda: tuple(shlex.split(os.environ.get(WRAPPER, "")))
    )


class AdbDevice:
    """One device that adb reaches.

    Args:
        serial: as ``adb devices`` shows it.
        options: how programs are run there.

    Raises:
        BadInput: an option cannot be meant.
    """

    def __init__(self, serial: str, options: Options | None = None) -> None:
        self.serial = serial
        self.options = options or Options()
        self.adb = Adb(serial)
        self.store = Store(self.adb, self.options.directory)
        if not re.fullmatch(rf"({BIG}|(0x)?[0-9a-fA-F]+)?", self.options.taskset):
            raise BadInput(
                f"not a set of cores: {self.options.taskset!r}",
                where="--taskset",
                why=f"legal: {BIG}, or a mask in hex such as f0 for the cores 4 to 7",
            )
        self._stays: questions.Stays | None = None
        self._features: frozenset[str] | None = None
        self._interrupted = False

    @property
    def name(self) -> str:
        """The name as ``--device`` takes it."""
        return f"adb:{self.serial}"

    @property
    def emulated(self) -> bool:
        """Wall times there say nothing about speed.

        Raises:
            DeviceLost: it was never asked before, and does not answer.
        """
        stays = self._ask()
        return (
            stays.machine not in _ARM64
            or stays.emulator
            or any("qemu" in word for word in self.options.wrapper)
        )

    def identity(self) -> dict[str, Any]:
        """Return what tells this device from others, and how programs are run there.

        Raises:
            DeviceLost: it does not answer.
        """
        stays = self._ask()
        features = self.features()
        found: dict[str, Any] = {
            "kind": "adb",
            "name": self.name,
            "emulated": self.emulated,
            **stays.properties,
            "machine": stays.machine,
            "kernel": stays.kernel,
            "features": None if features is None else sorted(features),
            "cores": cpu.clusters(stays.cores),
            "memory": stays.memory,
        }
        if mask := self._mask():
            found["taskset"] = f"{mask:x}"
        if self.options.wrapper:
            found["wrapper"] = " ".join(self.options.wrapper)
        return found

    def features(self) -> frozenset[str] | None:
        """Return the optional CPU features that every core has; None when nobody knows.

        Raises:
            DeviceLost: it does not answer.
        """
        if self._features is None:
            self._features = self._ask().features
        if self._features is None:
            self._features = self._probed()
        return self._features

    def conditions(self) -> dict[str, Any]:
        """Return temperatures, battery, clocks and load as they are now, JSON-ready.

        Raises:
            DeviceLost: it does not answer.
        """
        return questions.changes(self.adb.shell(questions.CHANGES).text)

    def place(self, source: Path) -> Placed:
        """Copy a program to the device, unless it is there.

        Raises:
            DeviceLost: the device does not answer.
            BadEnvironment: there is no room, or the program could not be started there.
            BadInput: it is not for arm64.
        """
        from xnnkit.elf import inspect

        machine = inspect(source).machine
        if machine != "AArch64":
            raise BadInput(
                f"the binary is for {machine}, not for arm64",
                where=str(source),
                fix=f"xnnkit elf {typed(source)}",
            )
        return self.store.place(source)

    def run(self, job: Job, say: Callable[[str], None] = lambda line: None) -> Done:
        """Copy a program to the device if need be, and run it to its end.

        Args:
            job: what to run; ``trace`` cannot be answered here.
            say: called with each line that it prints, as it prints it.

        Raises:
            DeviceLost: the device stopped answering.
            BadEnvironment: no room there, the time is over, or the program cannot be started.
            BadInput: the binary is not for arm64.
        """
        self._stop()
        placed = self.place(job.binary)
        name = f"{self.store.scratch}/{secrets.token_hex(6)}"
        output = f"{name}.json"
        script = self._script(job, placed.path, f"{name}.pid", output)
        heard = self._heard(script, f"{name}.pid", job.timeout, say)
        self._stop()
        if heard.code in (_NOT_EXECUTABLE, _NOT_FOUND):
            raise BadEnvironment(
                "the device cannot start the program",
                where=f"{self.name}: {placed.path}",
                why="\n".join(heard.tail[-3:]),
                fix="--dir another directory on the device, or without --taskset",
            )
        wanted = any(OUTPUT in argument for argument in job.args)
        content = self._fetched(output) if wanted else None
        self.adb.shell(f"rm -f {shlex.quote(name)}.*")
        if wanted and heard.code == 0 and not _whole(content) and self._no_room():
            raise self.store.full("what the program writes")
        return Done(heard.code, heard.seconds, content, heard.tail)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs of this user's away from the device while this one measures.

        Raises:
            BadEnvironment: another one has it.
        """
        from filelock import FileLock, Timeout

        folder = paths.cache_dir() / "devices"
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / (re.sub(r"[^A-Za-z0-9._-]", "-", self.serial) + ".lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise BadEnvironment(
                f"another xnnkit runs something on {self.name}",
                where=str(lock.lock_file),
                why="two at once would measure each other",
                fix="wait until it has finished",
            ) from error
        try:
            yield
        finally:
            lock.release()

    def interrupt(self) -> None:
        """End what runs there, from another thread; ``run`` then raises KeyboardInterrupt."""
        self._interrupted = True
        with suppress(BadEnvironment):
            self._end_leftovers()

    def wait_back(self, seconds: float) -> None:
        """Wait until the device answers again, and end what was left running there.

        Args:
            seconds: how long to wait.

        Raises:
            DeviceLost: it did not come back.
            BadEnvironment: another device answers to its name.
        """
        ends = time.monotonic() + seconds
        while not self._answers():
            self._stop()
            if time.monotonic() >= ends:
                raise DeviceLost(
                    f"device {self.name} did not come back within {seconds:g} s",
                    where=f"adb -s {self.serial}",
                    why=f"adb says: {self.adb.state()}",
                    fix="connect it again, then repeat the command with --resume",
                )
            time.sleep(min(1.0, max(0.0, ends - time.monotonic())))
        before, self._stays = self._stays, None
        now = self._ask()
        if before is not None and _same_machine(before) != _same_machine(now):
            raise BadEnvironment(
                f"another device answers as {self.name}",
                why=f"before: {_same_machine(before)}; now: {_same_machine(now)}",
                fix="connect the first one again, then repeat the command with --resume",
            )
        self._end_leftovers()

    def clean(self) -> int:
        """Remove all files of ours from the device; return how many bytes they had.

        Raises:
            DeviceLost: it does not answer.
            BadEnvironment: they cannot be removed.
        """
        self._end_leftovers()
        return self.store.clean()

    def _stop(self) -> None:
        if self._interrupted:
            raise KeyboardInterrupt

    def _ask(self) -> questions.Stays:
        if self._stays is None:
            self._stays = questions.stays(self.adb.shell(questions.STAYS).text)
        return self._stays

    def _probed(self) -> frozenset[str] | None:
        """Return the features as a program of ours is told them by the kernel."""
        try:
            with tempfile.TemporaryDirectory(prefix="xnnkit-adb-") as folder:
                placed = self.store.place(probe.write(Path(folder)))
            words = shlex.join([*self.options.wrapper, placed.path])
            return probe.features(self.adb.shell(f"{words} | od -An -v -tx8").text)
        except DeviceLost:
            raise
        except BadEnvironment:
            return None  # no room, no exec: the program itself will meet that, and say it

    def _mask(self) -> int:
        wanted = self.options.taskset
        if not wanted:
            return 0
        cores = self._ask().cores
        if wanted != BIG:
            mask = int(wanted, 16)
            there = sum(1 << core.number for core in cores if core.online)
            if mask == 0 or (there and mask & ~there):
                raise BadInput(
                    f"{self.name} has no such cores: {wanted}",
                    where="--taskset",
                    why=f"cores: {cpu.clusters(cores)}",
                )
            return mask
        return cpu.big(cores)

    def _script(self, job: Job, path: str, pid: str, output: str) -> str:
        arguments = [argument.replace(OUTPUT, output) for argument in job.args]
        words = [*self.options.wrapper, path, *arguments]
        if mask := self._mask():
            words = ["taskset", f"{mask:x}", *words]
        settings = "".join(f"export {k}={shlex.quote(v)}\n" for k, v in job.env.items())
        # The shell's own number becomes the program's: that is how it can be ended later.
        start = f'echo $$ >{shlex.quote(pid)}; exec "$@"'
        return (
            f"ulimit -c 0; mkdir -p {shlex.quote(self.store.scratch)}\n"
            f"cd {shlex.quote(self.store.scratch)} || exit {_NOT_EXECUTABLE}\n"
            f"{settings}sh -c {shlex.quote(start)} sh {shlex.join(words)}"
        )

    def _heard(
        self,
        script: str,
        pid: str,
        timeout: float | None,
        say: Callable[[str], None],
    ) -> Heard:
        try:
            return self.adb.stream(script, timeout=timeout, say=say)
        except DeviceLost:
            raise
        except BadEnvironment:
            # adb was ended here; the program there would go on and warm the phone.
            self._end(shlex.quote(pid), 10)
            raise
        except BaseException:
            with suppress(BadEnvironment):
                self._end(shlex.quote(pid), 10)
            raise

    def _end_leftovers(self) -> None:
        self._end(f"{shlex.quote(self.store.scratch)}/*.pid", 30)

    def _end(self, files: str, seconds: float) -> None:
        """End the programs whose numbers are in these files, if they are still ours."""
        root = shlex.quote(self.store.root)
        self.adb.shell(
            f'for f in {files}; do [ -f "$f" ] || continue; p=$(cat "$f")\n'
            f'grep -q {root} "/proc/$p/cmdline" 2>/dev/null && kill -9 "$p"\n'
            'rm -f "${f%.pid}".*; done; :',
            timeout=seconds,
        )

    def _fetched(self, remote: str) -> bytes | None:
        """Return a file's bytes, None when the program did not write it."""
        with tempfile.TemporaryDirectory(prefix="xnnkit-adb-") as folder:
            local = Path(folder, "output")
            try:
                self.adb.pull(remote, local)
            except DeviceLost:
                raise
            except BadEnvironment as error:
                if re.search(r"No such file|does not exist", error.why):
                    return None
                raise
            if local.stat().st_size > MOST_OUTPUT:
                raise BadEnvironment(
                    "what the program wrote is too long to be results",
                    where=f"{self.name}: {remote}",
                    why=f"{local.stat().st_size:,} bytes; at most {MOST_OUTPUT:,} are read",
                )
            return local.read_bytes()

    def _no_room(self) -> bool:
        free = self.store.free()
        return free is not None and free < 64 * 1024

    def _answers(self) -> bool:
        try:
            if is_address(self.serial) and self.adb.state() != READY:
                # A connection that went offline is tried again only every ten seconds.
                self.adb.start_server()
                Adb().ask("disconnect", self.serial)
                Adb().ask("connect", self.serial)
            return self.adb.shell("echo", timeout=10).code == 0
        except BadEnvironment:
            return False


def _same_machine(stays: questions.Stays) -> tuple[str, ...]:
    known = stays.properties
    return (stays.machine, known.get("serial", ""), known.get("model", ""), str(len(stays.cores)))


def _whole(content: bytes | None) -> bool:
    return bool(content) and (content or b"").rstrip().endswith(b"}")
