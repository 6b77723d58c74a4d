"""Another machine, as far as namespaces can make one.

Another user, host name, home and set of processes, other paths, a cache of downloads of its own.
The network is shared, for the servers are on it; so is what stands outside of /srv and the folders
that are hidden.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xnnkit.bazel import Bazel

USER = 4321
HOST = "another"


def with_output_base(bazel: Bazel, place: Path | str) -> Bazel:
    """Return a Bazel whose server has its own output base and all the time it needs to start.

    A machine that is busy with other builds must not fail a test by being slow.
    """
    own = (f"--output_base={place}", "--local_startup_timeout_secs=900")
    return dataclasses.replace(bazel, startup=(*bazel.startup, *own))


@dataclass(frozen=True)
class Machine:
    """The other machine.

    Attributes:
        folder: what it sees as /srv.
        hidden: folders that it sees empty.
        bazel: how Bazel is started there.
    """

    folder: Path
    hidden: tuple[Path, ...]
    bazel: Bazel

    @property
    def cache(self) -> Path:
        """Its xnnkit cache, as this machine sees it."""
        return self.folder / "home/.cache/xnnkit"

    def give(self, blobs: Sequence[Path]) -> None:
        """Put downloads into its cache, named by their hashes; nothing that was made of them."""
        for blob in blobs:
            target = self.cache / "sha256" / blob.name[:2] / blob.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(blob, target)

    def run(self, command: Sequence[str], log: Path, cwd: str = "/srv") -> tuple[int, str]:
        """Run a command there until all it started has ended; return its code and output."""
        (self.folder / "home").mkdir(parents=True, exist_ok=True)
        (self.folder / "tmp").mkdir(exist_ok=True)
        words = ["bwrap", "--unshare-user", "--uid", str(USER), "--gid", str(USER)]
        words += ["--unshare-uts", "--hostname", HOST, "--unshare-pid", "--unshare-ipc"]
        words += ["--die-with-parent", "--dev-bind", "/", "/", "--proc", "/proc"]
        # Bound before its parent is hidden, for it may lie below.
        words += ["--bind", str(self.folder), "/srv"]
        for folder in self.hidden:
            words += ["--tmpfs", str(folder)]
        environment = {
            "HOME": "/srv/home",
            "LANG": "C",
            "LOGNAME": "other",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "TMPDIR": "/srv/tmp",
            "TZ": "Asia/Kolkata",
            "USER": "other",
            "XNNKIT_CACHE": "/srv/home/.cache/xnnkit",
        }
        words += ["--clearenv"]
        for name, value in environment.items():
            words += ["--setenv", name, value]
        with log.open("wb") as out:
            done = subprocess.run(
                [*words, "--chdir", cwd, "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                umask=0o027,
            )
        return done.returncode, log.read_text(errors="replace")

    def build(self, workspace: str, *arguments: str, log: Path) -> tuple[int, str]:
        """Run ``bazel build`` in one of its folders, with an output base of its own."""
        words = with_output_base(self.bazel, "/srv/home/output").argv("build", *arguments)
        return self.run(words, log, cwd=workspace)
