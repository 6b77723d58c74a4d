"""Files on a device: programs by the sha256 of their content, and nothing copied twice.

DIRECTORY/xnnkit/SHA256/NAME    a program; its folder is the start of its sha256
DIRECTORY/xnnkit/run/           what a program writes while it runs
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shlex
from dataclasses import dataclass
from pathlib import Path

from xnnkit.device.adb.client import COPY_SECONDS, Adb
from xnnkit.device.base import DeviceLost
from xnnkit.errors import BadEnvironment, BadInput, typed
from xnnkit.untrusted import number

DIRECTORY = "/data/local/tmp/gen_ai"
"""Where files go on a device; Android lets a shell start programs below /data/local/tmp."""

# Phones before Android 6 have no sha256sum; others know it as a word of toybox or busybox.
_SUM = """sum() { for t in sha256sum 'toybox sha256sum' 'busybox sha256sum'; do
s=$($t "$1" 2>/dev/null) && { echo "sum ${s%% *}"; return; }; done
echo "size $(wc -c <"$1" 2>/dev/null)"; }"""


@dataclass(frozen=True)
class Placed:
    """A file on the device: its path there, its sha256, and whether it had to be copied."""

    path: str
    sha256: str
    pushed: bool


class Store:
    """The files of ours on one device.

    Args:
        adb: the device.
        directory: where on it.

    Raises:
        BadInput: the directory is no absolute path.
    """

    def __init__(self, adb: Adb, directory: str = DIRECTORY) -> None:
        if not re.fullmatch(r"/[^\x00-\x1f]+", directory) or ".." in directory.split("/"):
            raise BadInput(
                f"not a directory on a device: {directory!r}",
                where="--dir",
                why="an absolute path below the root is wanted",
                fix=f"--dir {DIRECTORY}",
            )
        self._adb = adb
        self.directory = directory.rstrip("/")
        self.root = f"{self.directory}/xnnkit"
        self.scratch = f"{self.root}/run"

    def place(self, source: Path) -> Placed:
        """Copy a program to the device, unless its bytes are there, and make it executable.

        The bytes on the device are hashed each time; a file that differs is replaced.

        Raises:
            DeviceLost: the device does not answer.
            BadEnvironment: it cannot be read here, or written or started there.
        """
        try:
            data = source.read_bytes()
        except OSError as error:
            raise BadEnvironment(
                f"the program cannot be read: {error.strerror}", where=str(source)
            ) from error
        digest = hashlib.sha256(data).hexdigest()
        target = f"{self.root}/{digest[:16]}/{source.name}"
        state = self._look(target)
        pushed = not _same(state, digest, len(data))
        if pushed:
            self._push(source, target, digest, len(data))
        elif "x" not in state:
            self._executable(target)
        return Placed(target, digest, pushed)

    def clean(self) -> int:
        """Remove all files of ours from the device; return how many bytes they had.

        Raises:
            DeviceLost: the device does not answer.
            BadEnvironment: they cannot be removed.
        """
        root, directory = shlex.quote(self.root), shlex.quote(self.directory)
        answer = self._adb.shell(
            f"[ -e {root} ] || {{ echo 0; exit 0; }}\n"
            f"du -sk {root}; rm -rf {root} || exit 1\n"
            f"rmdir {directory} 2>/dev/null; exit 0",
            timeout=COPY_SECONDS,
        )
        if answer.code:
            raise BadEnvironment(
                "the files on the device cannot be removed",
                where=f"adb:{self._adb.serial}: {self.root}",
                why=answer.text.strip(),
            )
        first = answer.text.split()
        return (number(first[0]) or 0) * 1024 if first else 0

    def free(self) -> int | None:
        """Return the bytes that are free where files go; None when the device does not say.

        Raises:
            DeviceLost: the device does not answer.
        """
        script = f"d={shlex.quote(self.directory)}\n" + (
            'while [ ! -d "$d" ]; do d=${d%/*}; [ "$d" ] || d=/; done; df -k "$d"'
        )
        words = self._adb.shell(script).text.split()
        free = number(words[-3]) if len(words) > 6 else None
        return None if free is None else free * 1024

    def full(self, what: str, needed: int | None = None) -> BadEnvironment:
        """Return the error that says that the device has no room."""
        try:
            free = self.free()
        except DeviceLost as error:
            return error
        amount = f"{needed / 1e6:.1f} MB are needed, " if needed else ""
        return BadEnvironment(
            f"no space on the device for {what}",
            where=f"adb:{self._adb.serial}: {self.directory}",
            why=f"{amount}{(free or 0) / 1e6:.1f} MB are free",
            fix=f"xnnkit device clean adb:{typed(self._adb.serial)}",
        )

    def _look(self, target: str) -> set[str]:
        """Return what the device says of a file: ``sum HEX`` or ``size N``, and ``x``."""
        path = shlex.quote(target)
        answer = self._adb.shell(
            f"{_SUM}\n[ -f {path} ] || exit 0\nsum {path}\n[ -x {path} ] && echo x\n:",
            timeout=COPY_SECONDS,
        )
        lines = {line.strip() for line in answer.text.splitlines()}
        return {one for one in lines if re.fullmatch(r"sum [0-9a-f]{64}|size [0-9]+|x", one)}

    def _push(self, source: Path, target: str, digest: str, size: int) -> None:
        folder = shlex.quote(target.rpartition("/")[0])
        halves = f"{shlex.quote(target)}.????????"  # left by a copy that was cut
        made = self._adb.shell(f"rm -f {halves}; mkdir -p {folder} {shlex.quote(self.scratch)}")
        if made.code:
            if "No space" in made.text:
                raise self.full(source.name, size)
            raise BadEnvironment(
                "the device does not let us write there",
                where=f"adb:{self._adb.serial}: {self.root}",
                why=made.text.strip(),
                fix="--dir /data/local/tmp/...",
            )
        free = self.free()
        if free is not None and free < size:
            raise self.full(source.name, size)
        partial = f"{target}.{secrets.token_hex(4)}"
        try:
            self._adb.push(source, partial)
        except DeviceLost:
            raise
        except BadEnvironment as error:
            self._adb.shell(f"rm -f {shlex.quote(partial)}")
            if "No space" in error.why:
                raise self.full(source.name, size) from error
            raise
        state = self._look(partial)
        if not _same(state, digest, size):
            self._adb.shell(f"rm -f {shlex.quote(partial)}")
            free = self.free()
            if free is not None and free < size:
                raise self.full(source.name, size)
            raise BadEnvironment(
                "the file on the device is not the one that was copied",
                where=f"adb:{self._adb.serial}: {target}",
                why=f"sent sha256 {digest}, there: {', '.join(sorted(state)) or 'nothing'}",
                fix="another cable or port; then run it again",
            )
        self._executable(partial)
        moved = self._adb.shell(f"mv -f {shlex.quote(partial)} {shlex.quote(target)}")
        if moved.code:
            raise BadEnvironment(
                "the file cannot be put in its place",
                where=f"adb:{self._adb.serial}: {target}",
                why=moved.text.strip(),
            )

    def _executable(self, target: str) -> None:
        path = shlex.quote(target)
        answer = self._adb.shell(f"chmod 755 {path} && [ -x {path} ]")
        if answer.code:
            raise BadEnvironment(
                "the device does not let the program be started",
                where=f"adb:{self._adb.serial}: {target}",
                why=answer.text.strip() or "its file system is mounted without exec",
                fix=f"--dir another directory, such as {DIRECTORY}",
            )


def _same(state: set[str], digest: str, size: int) -> bool:
    """Tell whether a file there has the bytes; by its size only where nothing can hash."""
    sums = {line for line in state if line.startswith("sum ")}
    return sums == {f"sum {digest}"} if sums else f"size {size}" in state
