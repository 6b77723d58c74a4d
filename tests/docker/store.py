"""Images for tests: a base from Debian's packages, and buildah on a store of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xnnkit import apt
from xnnkit.errors import BadEnvironment

SUITE = "testing"
BASE = "localhost/xnnkit-base:testing"
TOOLS = {"buildah": "buildah", "mmdebstrap": "mmdebstrap"}


def missing() -> list[str]:
    """Return the Debian packages that these tests need and this machine lacks."""
    found = [package for program, package in TOOLS.items() if not shutil.which(program)]
    if os.geteuid() != 0:
        found.append("root: buildah's chroot isolation needs it")
    return found


@dataclass(frozen=True)
class Store:
    """A store of images, and what buildah writes besides.

    Attributes:
        folder: where the images are.
        temporary: where buildah keeps cache mounts, and what it needs for a moment.
    """

    folder: Path
    temporary: Path

    def buildah(self, *arguments: str, log: Path | None = None) -> str:
        """Run buildah and return its standard output.

        Raises:
            AssertionError: it failed; the end of its output is in the message.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.temporary.mkdir(parents=True, exist_ok=True)
        words = ["buildah", "--root", str(self.folder / "root")]
        words += ["--runroot", str(self.folder / "run"), "--storage-driver", "vfs"]
        log = log or self.folder / "buildah.log"
        with log.open("wb") as err:
            done = subprocess.run(
                [*words, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=err,
                env={**os.environ, "TMPDIR": str(self.temporary)},
                text=True,
            )
        tail = (done.stdout + log.read_text(errors="replace"))[-4000:]
        assert done.returncode == 0, f"buildah {arguments[0]}: {tail}"
        return done.stdout

    def import_base(self) -> None:
        """Make the base image: Debian's essential packages and certificates, from apt's mirror."""
        mirrors = apt.mirrors()
        if not mirrors:
            raise BadEnvironment("apt names no Debian mirror")
        tarball = self.folder / "base.tar"
        self.folder.mkdir(parents=True, exist_ok=True)
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        source = f"deb [signed-by={keyring}] {mirrors[0]} {SUITE} main"
        settings = 'Acquire::Check-Valid-Until "false"'
        command = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates"]
        command += [f"--aptopt={settings}", SUITE, str(tarball), source]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise BadEnvironment("mmdebstrap failed", why=done.stderr[-2000:])
        container = self.buildah("from", "scratch").strip()
        self.buildah("add", "--quiet", container, str(tarball), "/")
        self.buildah("commit", "--quiet", "--rm", container, BASE)
        tarball.unlink()

    def secrets(self) -> list[str]:
        """Return the options that hand on how this machine reaches its package index.

        They are mounted while a step runs and are in no layer.
        """
        options = []
        # Certificates that Debian's own package does not have.
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("PIP_CERT")
        if bundle and Path(bundle).is_file():
            options += ["--secret", f"id=ca,src={bundle}"]
        index = _pip_index()
        if index:
            (self.folder / "pip.conf").write_text(f"[global]\nindex-url = {index}\n")
            options += ["--secret", f"id=pip,src={self.folder / 'pip.conf'}"]
        lines = [one for one in apt.configuration("Acquire") if "Proxy" in one]
        if lines:
            (self.folder / "apt.conf").write_text("\n".join(lines) + "\n")
            options += ["--secret", f"id=apt,src={self.folder / 'apt.conf'}"]
        return options

    def build(self, context: Path, log: Path, *options: str) -> None:
        """Build a context, or one of its stages."""
        given: Sequence[str] = ["--isolation", "chroot", "--build-arg", f"BASE={BASE}"]
        # buildah's own limit is 1024, which is too low for zig (docs/docker.md).
        given = [*given, "--ulimit", "nofile=8192:8192"]
        self.buildah("bud", *given, *self.secrets(), *options, str(context), log=log)


def _pip_index() -> str:
    if given := os.environ.get("XNNKIT_PYPI_INDEX"):
        return given
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() if done.returncode == 0 else ""
