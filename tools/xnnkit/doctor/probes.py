"""Everything that the doctor asks of the machine, one function a question, each replaceable."""

from __future__ import annotations

import contextlib
import locale
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xnnkit import apt
from xnnkit.bazel.debian import namespaces_work
from xnnkit.bazel.find import already_there
from xnnkit.profile import Bazel

NETWORK_SECONDS = 3.0
COMMAND_SECONDS = 10.0


def output(argv: Sequence[str]) -> str | None:
    """Run a command and return what it printed, None when it fails, hangs or is not there."""
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_SECONDS,
            stdin=subprocess.DEVNULL,
            cwd="/",  # away from any .bazelversion
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def disk_free(path: Path) -> int:
    """Return the free bytes of the file system that ``path`` is, or would be, on."""
    return shutil.disk_usage(_existing(path)).free


def writable(path: Path) -> bool:
    """Tell whether a file can be made at ``path``, a directory that need not exist yet."""
    try:
        with tempfile.TemporaryFile(dir=_existing(path)):
            return True
    except OSError:
        return False


def _existing(path: Path) -> Path:
    return next(p for p in (path.absolute(), *path.absolute().parents) if p.is_dir())


def memory() -> int | None:
    """Return the bytes of memory this process may use (machine or cgroup), None if not known."""
    try:
        found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (ValueError, OSError):
        return None
    with contextlib.suppress(OSError, ValueError):  # no cgroup, or "max"
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return min(found)


def memory_available(root: Path = Path("/")) -> int | None:
    """Return the bytes that a new program can have without swapping, None if not known.

    Args:
        root: where /proc and /sys are.
    """
    try:
        text = (root / "proc/meminfo").read_text()
        found = [int(re.findall(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)[0]) * 1024]
    except (OSError, IndexError):
        return None
    group = root / "sys/fs/cgroup"
    with contextlib.suppress(OSError, ValueError):  # no cgroup, or "max"
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        # Cached files count as used, and are given up when memory is wanted.
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        found.append(max(0, limit - used + int(stat.get("inactive_file", 0))))
    return min(found)


def read(path: Path) -> str | None:
    """Return a file's text, None when it cannot be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return None


def reachable(url: str) -> bool:
    """Tell whether anything answers at ``url``; proxies are taken from the environment."""
    import requests

    try:
        with requests.head(url, timeout=NETWORK_SECONDS, allow_redirects=False) as answer:
            return answer.status_code < 500
    except requests.RequestException:
        return False


def debian_mirror() -> str:
    """Return the base URL of the machine's Debian mirror, "" when apt names none."""
    return next(iter(apt.mirrors()), "")


def package_index() -> str:
    """Return the base URL of the Python package index that pip would ask, "" without pip."""
    if given := os.environ.get("XNNKIT_PYPI_INDEX"):
        return given
    # pip's help names the index that its configuration, the environment or its default say.
    wide = ["env", "COLUMNS=1000", sys.executable, "-m", "pip", "download", "--help"]
    match = re.search(r"--index-url .*\(default:? (http[^)\s]+)\)", output(wide) or "")
    return match[1] if match else ""


@dataclass(frozen=True)
class Probes:
    """The questions; the defaults ask this machine.

    Every field is a function, so that a test can put its own answer in its place.
    """

    python: Callable[[], tuple[int, ...]] = lambda: tuple(sys.version_info[:3])
    machine: Callable[[], str] = lambda: f"{platform.system()} {platform.machine()}".lower()
    which: Callable[[str], str | None] = shutil.which
    output: Callable[[Sequence[str]], str | None] = output
    disk_free: Callable[[Path], int] = disk_free
    writable: Callable[[Path], bool] = writable
    memory: Callable[[], int | None] = memory
    memory_available: Callable[[], int | None] = memory_available
    reachable: Callable[[str], bool] = reachable
    bazel_set_up: Callable[[Bazel], Path | None] = already_there
    namespaces_work: Callable[[], bool] = namespaces_work
    getenv: Callable[[str], str | None] = os.environ.get
    debian_mirror: Callable[[], str] = debian_mirror
    package_index: Callable[[], str] = package_index
    encoding: Callable[[], str] = locale.getencoding
    is_root: Callable[[], bool] = lambda: os.geteuid() == 0
    exists: Callable[[Path], bool] = Path.exists
    read: Callable[[Path], str | None] = read


def apt_line(package: str, probes: Probes) -> str:
    """Return the line that installs a Debian package."""
    return f"{'' if probes.is_root() else 'sudo '}apt-get install -y {package}"


def version_in(text: str | None) -> str:
    """Return the first thing in ``text`` that looks like a version, "" when there is none."""
    match = re.search(r"\d+(\.\d+)+", text or "")
    return match[0] if match else ""
