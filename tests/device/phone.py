"""A phone without a phone: a real adbd and a real adb server in namespaces of their own.

The network is the namespace's own, so no port is opened to anybody and no adb of the user is met;
the client outside reaches the server by a socket in a folder. Each phone has its own ``/data`` (a
tmpfs, as large as the test says) and the files that the test lays over the machine's own, such as a
phone's ``/proc/cpuinfo``. The kernel starts arm64 programs through qemu, registered in that
namespace alone; kernels before 6.7 cannot do that, and then programs are started by name
(``XNNKIT_ADB_WRAPPER``).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from debian_testing import unpacked
from xnnkit.errors import BadEnvironment

_QEMU = (
    r":qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
    r":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
)
_MISC = "/proc/sys/fs/binfmt_misc"
TOOLS = {"adb": "adb", "bwrap": "bubblewrap", "qemu-aarch64": "qemu-user", "nsenter": "util-linux"}


def adbd_prefix() -> Path:
    """Return the folder that Debian testing's adbd and its libraries are unpacked in.

    Raises:
        BadEnvironment: a program, the mirror or namespaces are not to be had.
    """
    missing = [package for program, package in TOOLS.items() if not shutil.which(program)]
    if missing:
        raise BadEnvironment(f"missing: {', '.join(missing)}")
    return unpacked("adbd", ["adbd"])


@dataclass
class Phone:
    """One phone: its serial, its adbd, and what a test can do to it."""

    lab: Lab
    port: int
    data_bytes: int
    files: Mapping[Path, str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def serial(self) -> str:
        """As adb knows it."""
        return f"127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        """Its ``/data``, as this machine sees it; of no use when its size was limited."""
        return self.lab.folder / f"data-{self.port}"

    def start(self) -> None:
        """Start adbd and connect to it; ``/data`` is as it was left, or new when it is limited."""
        (self.data / "local/tmp").mkdir(parents=True, exist_ok=True)
        words = ["bwrap", "--die-with-parent"]
        for top in Path("/").iterdir():  # one by one, so that the machine gets no /data
            if top.is_symlink():
                words += ["--symlink", os.readlink(top), str(top)]
            elif top != Path("/data"):
                words += ["--dev-bind", str(top), str(top)]
        if self.data_bytes:
            words += ["--size", str(self.data_bytes), "--tmpfs", "/data"]
            words += ["--dir", "/data/local/tmp"]
        else:
            words += ["--bind", str(self.data), "/data"]
        for here, there in self.files.items():
            words += ["--ro-bind", str(here), there]
        loader, libraries, adbd = self.lab.adbd
        start = f"{loader} --library-path {libraries} {adbd}"
        self.process = self.lab.inside(
            [*words, "--", "sh", "-c", f"while :; do {start}; sleep 0.2; done"],
            ADBD_PORT=str(self.port),
            PATH=f"{self.lab.folder}/bin-{self.port}:{os.environ['PATH']}",
        )
        self.connect()

    def connect(self) -> None:
        """Wait until adb lists it as ready."""
        for _ in range(200):
            self.lab.adb("disconnect", self.serial)
            self.lab.adb("connect", self.serial)
            if self.lab.adb("-s", self.serial, "get-state").stdout.strip() == "device":
                return
            time.sleep(0.05)
        raise AssertionError("adbd does not answer: " + self.lab.log.read_text()[-2000:])

    def sh(self, script: str) -> str:
        """Run a script on the phone and return what it prints."""
        return self.lab.adb("-s", self.serial, "shell", script).stdout

    def crash(self) -> None:
        """Kill adbd; its loop starts it again."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def unplug(self) -> None:
        """Take it away for good: adbd, its loop, and what runs there."""
        if self.process is not None:
            _kill_tree(self.process.pid)
            self.process.wait()
            self.process = None

    def pids(self) -> list[int]:
        """Return the numbers of this phone's adbd processes."""
        assert self.process is not None
        _, _, adbd = self.lab.adbd
        return [pid for pid in _tree(self.process.pid) if _is(pid, str(adbd))]


@dataclass
class Lab:
    """The namespace in which the adb server and the phones live."""

    folder: Path
    prefix: Path
    binfmt: bool = False
    phones: list[Phone] = field(default_factory=list)
    holder: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What adb's server and the adbds print."""
        return self.folder / "log"

    @property
    def adbd(self) -> tuple[Path, str, Path]:
        """The loader, its library path, and adbd, unpacked but not installed."""
        libraries = self.prefix / "usr/lib/x86_64-linux-gnu"
        return (
            libraries / "ld-linux-x86-64.so.2",
            f"{libraries}:{libraries / 'android'}",
            self.prefix / "usr/lib/android-sdk/platform-tools/adbd",
        )

    @property
    def env(self) -> dict[str, str]:
        """What a client outside needs to reach the server inside."""
        found = {
            "ADB_SERVER_SOCKET": f"localfilesystem:{self.folder}/adb",
            "HOME": str(self.folder),  # where adb keeps its key
        }
        if not self.binfmt:
            found["XNNKIT_ADB_WRAPPER"] = "qemu-aarch64 -cpu max"
        return found

    def open(self) -> None:
        """Make the namespaces and start adb's server.

        Raises:
            BadEnvironment: the kernel does not let us.
        """
        ready = self.folder / "ready"
        script = (
            f"mount -t binfmt_misc binfmt_misc {_MISC} 2>/dev/null &&"
            f" printf %s '{_QEMU}:{shutil.which('qemu-aarch64')}:F' >{_MISC}/register &&"
            f" echo binfmt >{self.folder}/binfmt\n"
            f"echo $$ >{ready}.part; mv {ready}.part {ready}\n"
            f"exec adb -L localfilesystem:{self.folder}/adb nodaemon server"
        )
        words = "bwrap --dev-bind / / --unshare-user --uid 0 --gid 0 --unshare-net --cap-add ALL"
        self.holder = self._start([*words.split(), "--die-with-parent", "sh", "-c", script])
        for _ in range(200):
            if ready.exists() and (self.folder / "adb").exists():
                break
            if self.holder.poll() is not None:
                break
            time.sleep(0.05)
        if not (self.folder / "adb").exists():
            raise BadEnvironment("no namespace, or no adb in it", why=self.log.read_text()[-500:])
        self.binfmt = (self.folder / "binfmt").exists()

    def phone(self, *, data_bytes: int = 0, files: Mapping[Path, str] | None = None) -> Phone:
        """Start one more phone.

        Args:
            data_bytes: the size of its ``/data``; 0 for one that is kept while it is unplugged.
            files: laid over files of this machine: here -> where on the phone.
        """
        # Not among the ports that adb looks through for emulators.
        phone = Phone(self, 5600 + 2 * len(self.phones), data_bytes, files or {})
        self.phones.append(phone)
        phone.start()
        return phone

    def program(self, phone_number: int, name: str, script: str) -> None:
        """Put a program on the PATH of the phone that is started as the n-th, from 0."""
        path = self.folder / f"bin-{5600 + 2 * phone_number}" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def adb(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run adb's client."""
        return subprocess.run(
            ["adb", *words],
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def inside(self, words: Sequence[str], **settings: str) -> subprocess.Popen[bytes]:
        """Start a program inside the namespaces."""
        inner = (self.folder / "ready").read_text().strip()
        enter = ["nsenter", "--preserve-credentials", "-U", "-m", "-n", "-t", inner]
        return self._start([*enter, "--", *words], **settings)

    def close(self) -> None:
        """End everything that was started."""
        for phone in self.phones:
            phone.unplug()
        if self.holder is not None:
            _kill_tree(self.holder.pid)
            self.holder.wait()

    def _start(self, words: Sequence[str], **settings: str) -> subprocess.Popen[bytes]:
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                words,
                env={**os.environ, **self.env, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def _tree(pid: int) -> list[int]:
    """Return a process and all that it started, oldest first."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            children = Path(f"/proc/{one}/task/{one}/children").read_text()
            found += [int(child) for child in children.split()]
    return found


def _is(pid: int, program: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return program.encode() in words


def _kill_tree(pid: int) -> None:
    for one in _tree(pid):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
