"""qemu-user: arm64 Linux programs on a machine of another kind. It knows nothing of time."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xnnkit.device.base import OUTPUT, Done, Job
from xnnkit.device.process import stream
from xnnkit.errors import BadEnvironment, BadInput, typed

if TYPE_CHECKING:
    from xnnkit.device.count import Marks
    from xnnkit.device.count_file import CountFile
    from xnnkit.elf import ElfFacts, Function

PROGRAMS = ("qemu-aarch64", "qemu-aarch64-static")


class Qemu:
    """qemu-user for arm64 on this machine.

    Args:
        cpu: a processor that qemu knows; ``max`` has every feature that it can emulate.
        program: path of qemu; found on PATH when None, and not before it is needed.
    """

    emulated = True
    can_count = True

    def __init__(self, cpu: str = "max", program: str | None = None) -> None:
        self.cpu = cpu
        self._program = program
        self._version = ""

    @property
    def name(self) -> str:
        """The name as ``--device`` takes it."""
        return "qemu" if self.cpu == "max" else f"qemu:{self.cpu}"

    def program(self) -> str:
        """Return qemu's path.

        Raises:
            BadEnvironment: it is not on PATH.
        """
        if self._program is None:
            found = [path for name in PROGRAMS if (path := shutil.which(name))]
            if not found:
                raise BadEnvironment(
                    "qemu for arm64 is not on PATH",
                    where=" or ".join(PROGRAMS),
                    why="device qemu runs arm64 binaries with it",
                    fix="apt-get install qemu-user",
                )
            self._program = found[0]
        return self._program

    def has_plugins(self) -> bool:
        """Tell whether this qemu can load plugins; one that is linked statically cannot.

        Raises:
            BadEnvironment: it is not there, or does not work.
        """
        return "-plugin" in self._ask("-h").split()

    def identity(self) -> dict[str, Any]:
        """Return what tells this device from others; no path of this machine is in it.

        Raises:
            BadEnvironment: qemu is not there, or does not work.
            BadInput: it does not know the processor.
        """
        if not self._version:
            match = re.search(r"version (\S+)", self._ask("--version"))
            self._version = match[1] if match else "unknown"
            if self.cpu not in (known := self._ask("-cpu", "help").split()):
                raise BadInput(
                    f"qemu {self._version} has no processor {self.cpu!r}",
                    where=f"--device {self.name}",
                    why="legal: " + ", ".join(w for w in known if re.fullmatch(r"[a-z0-9-]+", w)),
                    fix="--device qemu",
                )
        return {
            "kind": "qemu",
            "name": self.name,
            "emulated": True,
            "cpu": self.cpu,
            "qemu": self._version,
            "host_machine": platform.machine(),
        }

    def run(self, job: Job, say: Callable[[str], None] = lambda line: None) -> Done:
        """Run a program to its end.

        Args:
            job: what to run; ``trace`` costs next to nothing, docs/count.md says what ``count``
                costs.
            say: called with each line that it prints.

        Raises:
            BadEnvironment: qemu is not there, or the time is over; it cannot count.
            BadInput: the binary is not for arm64, or has nothing that begins a window.
        """
        with tempfile.TemporaryDirectory(prefix="xnnkit-qemu-") as scratch:
            output, log = Path(scratch, "output"), Path(scratch, "trace")
            argv = [self.program(), "-cpu", self.cpu]
            facts, functions = self._traced(job)
            if job.count is not None:
                argv += self._count_options(facts, job.count, Path(scratch, "count"))
            elif functions:
                from xnnkit.device import trace

                argv += [*trace.options(facts, functions), "-D", str(log)]
            argv += [str(job.binary), *(arg.replace(OUTPUT, str(output)) for arg in job.args)]
            # PATH is qemu's, not the program's business: LD_* and the like must not leak in.
            env = {"PATH": os.environ.get("PATH", os.defpath), **job.env}
            ended = stream(argv, env=env, timeout=job.timeout, say=say)
            entered, counts = None, None
            if job.count is not None:
                from xnnkit.device import count

                file = self._count_file(Path(scratch, "count"), ended.tail)
                counts = count.attribute(facts, file)
                entered = count.entered(facts, file, job.trace) if job.trace else None
            elif job.trace:
                entered = dict.fromkeys(job.trace, False)
                if functions and log.exists():
                    with open(log, encoding="utf-8", errors="replace") as lines:
                        entered |= trace.entered(facts, functions, lines)
            content = output.read_bytes() if output.exists() else None
        return Done(ended.code, ended.seconds, content, ended.tail, entered, counts)

    def _count_options(self, facts: ElfFacts, marks: Marks, out: Path) -> list[str]:
        from xnnkit.device import count, count_plugin

        version = str(self.identity()["qemu"])
        if not self.has_plugins():
            raise BadEnvironment(
                f"qemu {version} was built without plugins",
                where=self.program(),
                why="the plugin that counts instructions cannot be loaded; Debian's qemu-user is "
                "built so since Debian 13, and qemu-user-static always was",
                fix="put a qemu-aarch64 with plugins first on PATH: Debian 12's qemu-user, or one "
                "built from source (configure --target-list=aarch64-linux-user --enable-plugins)",
            )
        given = [f"out={out}", *count.options(facts, marks)]
        plugin = str(count_plugin.plugin(version))
        # A comma ends an argument; two of them are one.
        return ["-plugin", ",".join(text.replace(",", ",,") for text in (plugin, *given))]

    def _count_file(self, path: Path, tail: Sequence[str]) -> CountFile:
        from xnnkit.device import count_file

        if not path.exists():
            raise BadEnvironment(
                "qemu did not load the plugin that counts instructions",
                where=self.program(),
                why="\n".join(tail[-3:]),
                fix="rm -r the folder plugins of the cache (xnnkit cache), and try again",
            )
        return count_file.read(path)

    def _traced(self, job: Job) -> tuple[ElfFacts, Sequence[Function]]:
        from xnnkit.elf import inspect
        from xnnkit.elf.facts import ANDROID_LINKER

        facts = inspect(job.binary)
        if facts.machine != "AArch64":
            raise BadInput(
                f"the binary is for {facts.machine}, not for arm64",
                where=str(job.binary),
                fix=f"xnnkit elf {typed(job.binary)}",
            )
        if facts.interpreter == ANDROID_LINKER:
            raise BadInput(
                "the program needs Android's linker, which qemu has not",
                where=str(job.binary),
                why=f"it is linked with bionic and asks for {ANDROID_LINKER}",
                fix="--device adb, or xnnkit build --toolchain zig: static, runs under both",
            )
        wanted = set(job.trace)
        return facts, [f for f in facts.functions if f.name in wanted]

    def _ask(self, *args: str) -> str:
        """Return what qemu prints; ``-cpu help`` ends with 1 in some versions, so look at that."""
        try:
            text = subprocess.run(
                [self.program(), *args],
                capture_output=True,
                text=True,
                timeout=30,
                stdin=subprocess.DEVNULL,
            ).stdout
            if not text:
                raise OSError("it prints nothing")
            return text
        except (OSError, subprocess.SubprocessError) as error:
            raise BadEnvironment(
                "qemu does not work",
                where=f"{self.program()} {' '.join(args)}",
                why=str(error),
                fix="apt-get install --reinstall qemu-user",
            ) from error
