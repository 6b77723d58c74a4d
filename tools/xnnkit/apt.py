"""Debian's packages through the machine's own apt: which mirrors, and packages unpacked privately.

No mirror's name is written anywhere in xnnkit; ``XNNKIT_DEBIAN_MIRROR`` overrides what apt says.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from xnnkit.errors import BadEnvironment

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def configuration(section: str) -> list[str]:
    """Return apt's settings below ``section`` in apt.conf syntax, one a line."""
    if not shutil.which("apt-config"):
        return []
    done = subprocess.run(["apt-config", "dump", section], capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if line.startswith(section + "::")]


def mirrors() -> list[str]:
    """Return the base URLs of the machine's Debian mirrors, each ending in "/", best first.

    A machine without apt, or without Debian sources, has none: the list is empty.
    """
    if given := os.environ.get("XNNKIT_DEBIAN_MIRROR"):
        return [url.rstrip("/") + "/" for url in given.split()]
    if not shutil.which("apt-get"):
        return []
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
    )
    seen = dict.fromkeys(line.strip() for line in done.stdout.splitlines() if line.strip())
    # A security archive holds no whole suite.
    return sorted(seen, key=lambda url: "security" in url)


def run(command: Sequence[str], what: str, **environment: str) -> str:
    """Run a command and return its stdout.

    Args:
        command: the program and its arguments.
        what: is done by it, for the error: "unpacking x.deb".
        environment: variables beside the inherited ones.

    Raises:
        BadEnvironment: it failed; with the last lines that it printed.
    """
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    if done.returncode:
        raise BadEnvironment(
            f"{what} failed", where=" ".join(command), why=" / ".join(done.stderr.splitlines()[-3:])
        )
    return done.stdout


class PrivateApt:
    """An apt of our own for one suite: the host's mirrors and proxies, none of its packages.

    No root is needed, nothing is installed, and no maintainer script runs. The archive's signature
    is checked by apt.
    """

    def __init__(self, state: Path, suite: str, architecture: str) -> None:
        """Write its settings and read the mirror's package list.

        Args:
            state: a folder for it, which does not exist yet; the caller removes it.
            suite: "testing", say.
            architecture: Debian's name of it, "amd64" or "arm64".

        Raises:
            BadEnvironment: no mirror is known, or it cannot be read.
        """
        self._state = state
        for folder in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "etc/apt"):
            (state / folder).mkdir(parents=True)
        (state / "status").touch()
        known = mirrors()
        if not known:
            raise BadEnvironment(
                "apt names no Debian mirror",
                fix="export XNNKIT_DEBIAN_MIRROR=URL of a Debian mirror",
            )
        source = f"deb [signed-by={KEYRING}] {known[0]} {suite} main\n"
        (state / "sources.list").write_text(source)
        (state / "apt.conf").write_text(_settings(state, architecture))
        self._run(["apt-get", "-q", "update"], "reading the mirror's package list")

    def versions(self, package: str) -> list[str]:
        """Return the versions of a package that the suite has, as Debian writes them.

        Raises:
            BadEnvironment: there is no such package.
        """
        shown = self._run(["apt-cache", "show", "--", package], f"looking up {package}")
        return [line.split()[1] for line in shown.splitlines() if line.startswith("Version:")]

    def unpack(self, packages: Sequence[str], root: Path) -> None:
        """Download packages with all that they depend on, and unpack them into ``root``.

        Raises:
            BadEnvironment: a package cannot be had or unpacked.
        """
        self._run(
            ["apt-get", "-q", "install", "--download-only", "--", *packages],
            f"downloading {packages[0]}",
        )
        archives = sorted((self._state / "var/cache/apt/archives").glob("*.deb"))
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            list(pool.map(lambda deb: _extract(deb, root), archives))

    def _run(self, command: Sequence[str], what: str) -> str:
        return run(command, what, APT_CONFIG=str(self._state / "apt.conf"))


def _settings(state: Path, architecture: str) -> str:
    # The host's own settings for reaching a mirror (a proxy, say) are kept, nothing else is.
    lines = [line for line in configuration("Acquire") if "Post-Invoke" not in line]
    lines += [
        f'Dir "{state}";',
        f'Dir::State::status "{state}/status";',
        f'Dir::Etc::sourcelist "{state}/sources.list";',
        'Dir::Etc::sourceparts "/dev/null";',
        'Dir::Etc::parts "/dev/null";',
        'Dir::Etc::preferencesparts "/dev/null";',
        # A mirror frozen at a date serves a Release file that has expired; its signature holds.
        'Acquire::Check-Valid-Until "false";',
        'Acquire::Languages "none";',
        'Acquire::Retries "3";',
        'APT::Install-Recommends "false";',
        'APT::Get::Assume-Yes "true";',
        f'APT::Architecture "{architecture}";',
        f'APT::Architectures {{ "{architecture}"; }};',
        'APT::Sandbox::User "";',
        'Debug::NoLocking "true";',
    ]
    return "\n".join(lines) + "\n"


def _extract(deb: Path, root: Path) -> None:
    run(["dpkg-deb", "-x", str(deb), str(root)], f"unpacking {deb.name}")
