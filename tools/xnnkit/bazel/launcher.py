"""A Bazel that can be started: its command line, and running it without holding our pipes open."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from xnnkit.errors import BadEnvironment, XnnkitError


@dataclass(frozen=True)
class Bazel:
    """How to start Bazel.

    Attributes:
        kind: "given", "path" or "debian".
        version: what it says it is, like "7.7.1".
        program: words before Bazel's own startup options.
        startup: startup options, before the command.
        usr: the folder that it and its actions see as /usr; None when that is the host's own.
    """

    kind: str
    version: str
    program: tuple[str, ...]
    startup: tuple[str, ...] = ()
    usr: Path | None = None

    def argv(self, *arguments: str) -> list[str]:
        """Return the whole command line for ``bazel ARGUMENTS``."""
        return [*self.program, *self.startup, *arguments]

    def alone(self) -> Bazel:
        """Return it as one that reads the workspace's .bazelrc and no user's or machine's.

        A ``build --copt`` in somebody's home would make other bits of the same pins.
        """
        more = [o for o in ("--nosystem_rc", "--nohome_rc") if o not in self.startup]
        return replace(self, startup=(*self.startup, *more))

    def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        log: Path | None = None,
        quiet: bool = False,
        passthrough: bool = False,
    ) -> int:
        """Run one Bazel command and return its exit code.

        Args:
            arguments: the command and its options.
            cwd: the workspace.
            log: where its output goes; without it, stderr of ours (Bazel's server inherits what
                it is started with, so it must never be a pipe that somebody waits on).
            quiet: drop the output when there is no log.
            passthrough: its results go to our stdout, as those of a query must.

        Raises:
            BadEnvironment: the program cannot be started.
        """
        sink: IO[bytes] | int
        with open(log, "wb") if log else open(os.devnull, "wb") as file:
            sink = file if log or quiet else sys.stderr.fileno()
            try:
                return subprocess.run(
                    self.argv(*arguments),
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=sys.stdout.fileno() if passthrough else sink,
                    stderr=sink,
                ).returncode
            except OSError as error:
                raise BadEnvironment(
                    f"Bazel cannot be started: {error.strerror}",
                    where=self.program[0],
                    fix="xnnkit doctor",
                ) from error

    def output(self, arguments: Sequence[str], *, cwd: Path) -> str:
        """Run one Bazel command and return its standard output.

        Raises:
            XnnkitError: it failed; the end of its stderr is in the message.
            BadEnvironment: the program cannot be started.
        """
        # Files, not pipes: a server started here would keep a pipe open after the client is gone.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                code = subprocess.run(
                    self.argv(*arguments), cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=err
                ).returncode
            except OSError as error:
                raise BadEnvironment(
                    f"Bazel cannot be started: {error.strerror}", where=self.program[0]
                ) from error
            out.seek(0)
            err.seek(0)
            text = out.read().decode(errors="replace")
            if code:
                tail = err.read().decode(errors="replace").splitlines()[-20:]
                raise XnnkitError(
                    f"bazel {arguments[0]} failed with exit code {code}",
                    where=str(cwd),
                    why="\n".join(tail),
                )
            return text
