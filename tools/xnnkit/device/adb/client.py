"""The program ``adb`` behind a typed layer: nothing else starts it.

Old versions of adb give back 0 whatever the program on the device did, and a lost connection looks
like an end. Every command on the device is therefore followed by a word that nobody else can know
and the shell's ``$?``: with the word, the code is the program's; without it, the device was lost.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xnnkit.device.base import DeviceLost
from xnnkit.device.process import Ended, stream
from xnnkit.errors import BadEnvironment
from xnnkit.untrusted import number

SECONDS = 30.0
"""How long a short command may take."""

COPY_SECONDS = 600.0
"""How long copying a file may take."""

MOST = 16 << 20
"""Bytes of an answer that are looked at; a program's own output is not one."""

_KEPT = ("HOME", "PATH", "LANG", "TMPDIR", "USER", "XDG_RUNTIME_DIR")
_GONE = re.compile(
    r"device .*not found|device offline|no devices|closed|device unauthorized"
    r"|protocol fault|connection reset|broken pipe|failed to get feature set"
    r"|cannot connect|connect failed|no response|disconnected|couldn't read from device"
    r"|failed to read (copy|response)|device still|failed to copy .*: (EOF|remote EOF)|EOF",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Answer:
    """What a command on the device printed (both streams) and its exit code, signals as 128+N."""

    code: int
    text: str


@dataclass(frozen=True)
class Heard:
    """How a streamed program ended: its own code or minus its signal, and the last lines."""

    code: int
    seconds: float
    tail: tuple[str, ...]


def environment() -> dict[str, str]:
    """Return the variables that adb is given: its own and those it needs, no others."""
    ours = {name: os.environ[name] for name in _KEPT if name in os.environ}
    theirs = {k: v for k, v in os.environ.items() if k.startswith(("ANDROID_", "ADB_"))}
    theirs.pop("ANDROID_SERIAL", None)  # -s says it
    return {"PATH": os.defpath, **ours, **theirs}


def program() -> str:
    """Return adb's path.

    Raises:
        BadEnvironment: it is not on PATH.
    """
    if found := shutil.which("adb"):
        return found
    raise BadEnvironment(
        "adb is not on PATH",
        where="adb",
        why="xnnkit talks to phones through it",
        fix="apt-get install adb",
    )


class Adb:
    """adb, for one device or for none in particular.

    Args:
        serial: which device; "" only for commands of the server.
        path: the program; found on PATH when None.
    """

    def __init__(self, serial: str = "", path: str | None = None) -> None:
        self.serial = serial
        self._path = path

    def start_server(self) -> None:
        """Start adb's server if none runs, away from the pipes of ours.

        Raises:
            BadEnvironment: adb is not there, or its server does not start.
        """
        # A server keeps what it is started with: a file, for nobody waits for its end.
        with tempfile.TemporaryFile() as log:
            code = self._run(["start-server"], SECONDS, stdout=log, stderr=log)
            log.seek(0)
            said = log.read(MOST).decode(errors="replace").strip()
        if code:
            raise BadEnvironment(
                "adb's server does not start",
                where=f"{self._program()} start-server",
                why="\n".join(said.splitlines()[-3:]),
                fix="adb kill-server; adb start-server",
            )

    def ask(self, *words: str, timeout: float = SECONDS) -> tuple[int, str]:
        """Run adb itself and return its exit code and what it printed.

        Args:
            words: the command, without ``-s``.
            timeout: seconds.

        Raises:
            BadEnvironment: adb is not there, or does not answer in time.
        """
        with tempfile.TemporaryFile() as out:
            code = self._run(list(words), timeout, stdout=out, stderr=subprocess.STDOUT)
            out.seek(0)
            return code, out.read(MOST).decode(errors="replace").replace("\r\n", "\n")

    def shell(self, script: str, *, timeout: float = SECONDS) -> Answer:
        """Run a script in the device's shell.

        Args:
            script: for ``sh``.
            timeout: seconds.

        Raises:
            DeviceLost: the device does not answer.
            BadEnvironment: adb is not there.
        """
        word = _word()
        try:
            code, said = self.ask("shell", _marked(script, word), timeout=timeout)
        except _Late as error:
            raise self._lost(f"no answer within {timeout:g} s") from error
        text, found, rest = said.partition(word)
        if not found:
            raise self._lost(said.strip() or f"adb ended with exit code {code}")
        return Answer(_code(rest), text)

    def stream(self, script: str, *, timeout: float | None, say: Callable[[str], None]) -> Heard:
        """Run a script in the device's shell and hand on its lines as they come.

        Args:
            script: for ``sh``.
            timeout: seconds, None for no end.
            say: called with each line.

        Raises:
            DeviceLost: the connection ended before the script did.
            BadEnvironment: the time is over (and the program may still run).
        """
        word = _word()
        ending: list[str] = []

        def hear(line: str) -> None:
            before, found, rest = line.partition(word)
            if found:
                ending.append(rest)
            if before or not found:
                say(before)

        ended: Ended = stream(
            [self._program(), "-s", self.serial, "shell", _marked(script, word)],
            env=environment(),
            timeout=timeout,
            say=hear,
        )
        tail = [line.partition(word)[0] for line in ended.tail]
        while tail and not tail[-1]:
            tail.pop()
        if not ending:
            last = f'it printed "{tail[-1]}", then ' if tail else ""
            raise self._lost(f"{last}the connection ended; adb says: {self.state()}")
        code = _code(ending[0])
        return Heard(128 - code if code > 128 else code, ended.seconds, tuple(tail))

    def push(self, source: Path, target: str) -> None:
        """Copy a file to the device.

        Raises:
            DeviceLost: the device does not answer.
            BadEnvironment: it cannot be written there.
        """
        self._copy("push", str(source), target)

    def pull(self, source: str, target: Path) -> None:
        """Copy a file from the device.

        Raises:
            DeviceLost: the device does not answer.
            BadEnvironment: it cannot be read there.
        """
        self._copy("pull", source, str(target))

    def state(self) -> str:
        """Return ``device`` when it answers, else what adb says of it."""
        try:
            code, said = self.ask("get-state", timeout=SECONDS)
        except _Late:
            return "silent"
        return said.strip().splitlines()[-1].removeprefix("error: ") if said.strip() else str(code)

    def _copy(self, verb: str, source: str, target: str) -> None:
        try:
            code, said = self.ask(verb, source, target, timeout=COPY_SECONDS)
        except _Late as error:
            raise self._lost(f"adb {verb} did not end within {COPY_SECONDS:g} s") from error
        if code == 0 and not re.search(r"^adb: error:|^failed to copy", said, re.MULTILINE):
            return
        why = "\n".join(said.strip().splitlines()[-2:])
        if _GONE.search(why) and "No space" not in why:
            raise self._lost(why)
        raise BadEnvironment(f"adb {verb} failed", where=f"{self.serial}: {target}", why=why)

    def _run(self, words: Sequence[str], timeout: float, **streams: object) -> int:
        which = ["-s", self.serial] if self.serial else []
        try:
            return subprocess.run(  # type: ignore[call-overload, no-any-return]
                [self._program(), *which, *words],
                env=environment(),
                stdin=subprocess.DEVNULL,
                timeout=timeout,
                **streams,
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise _Late(
                f"adb did not answer within {timeout:g} s",
                where=f"adb {' '.join([*which, *words])[:80]}",
                fix="adb kill-server, then try again",
            ) from error
        except OSError as error:
            raise BadEnvironment(
                f"adb cannot be started: {error.strerror}", where=self._program()
            ) from error

    def _program(self) -> str:
        if self._path is None:
            self._path = program()
        return self._path

    def _lost(self, why: str) -> DeviceLost:
        return DeviceLost(
            f"device adb:{self.serial} does not answer",
            where=f"adb -s {self.serial}",
            why=why,
            fix="check the cable and the phone's screen, then: xnnkit device list",
        )


class _Late(BadEnvironment):
    """adb took too long."""


def _word() -> str:
    return f"xnnkit-{secrets.token_hex(8)}:"


def _marked(script: str, word: str) -> str:
    # In pieces, so that a shell that echoes its command does not say the word.
    return f"({script}\n) 2>&1; echo {word[:6]}''{word[6:]}$?:"


def _code(rest: str) -> int:
    code = number(rest.partition(":")[0])
    return code if code is not None and code < 256 else 255
