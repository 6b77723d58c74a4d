"""Build the counting plugin for the qemu that is here, once, and keep it in the cache."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from xnnkit.errors import BadEnvironment
from xnnkit.paths import cache_dir

SOURCE = Path(__file__).parent / "plugin" / "count.c"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-fvisibility=hidden")
COMPILERS = ("cc", "gcc", "clang")

_FIX = "apt-get install gcc, or pip install ziglang==0.13.0, or xnnkit fetch, which brings a zig"


def api(qemu: str) -> int:
    """Return the version of the plugin interface to compile for.

    Args:
        qemu: qemu's version, such as ``7.2.22``.

    Returns:
        1 for qemu 6 to 8, 2 for 9 and later.

    Raises:
        BadEnvironment: qemu is older, or says no version.
    """
    major = qemu.partition(".")[0]
    if not major.isdecimal() or int(major) < 6:
        raise BadEnvironment(
            f"qemu {qemu} cannot count instructions",
            why="qemu 6 or later has the plugin interface that the counting plugin uses",
            fix="apt-get install qemu-user",
        )
    return 1 if int(major) < 9 else 2


def compiler() -> list[str]:
    """Return the host's C compiler as a command: CC, cc, gcc, clang, or zig's.

    zig: the one on PATH, Python's module ziglang, or the one that a profile's toolchain has
    brought into the cache.

    Raises:
        BadEnvironment: there is none.
    """
    if (given := os.environ.get("CC", "").split()) and shutil.which(given[0]):
        return given
    for name in COMPILERS:
        if found := shutil.which(name):
            return [found]
    if zig := shutil.which("zig"):
        return [zig, "cc"]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    if (fetched := _fetched_zig(cache_dir())) is not None:
        return [str(fetched), "cc"]
    raise BadEnvironment(
        "there is no C compiler for this machine",
        where=f"CC, {', '.join(COMPILERS)}, zig, Python's module ziglang, {cache_dir()}",
        why="the plugin that counts instructions is compiled when it is first needed",
        fix=_FIX,
    )


def source_hash() -> str:
    """Return the sha256 of the plugin's source."""
    return hashlib.sha256(SOURCE.read_bytes()).hexdigest()


def plugin(qemu: str, *, cache: Path | None = None) -> Path:
    """Return the compiled plugin for a qemu of this machine; it is compiled when it is not there.

    Args:
        qemu: qemu's version.
        cache: where compiled plugins are kept; xnnkit's own cache when None.

    Raises:
        BadEnvironment: no compiler, it fails, or qemu is too old.
    """
    number = api(qemu)
    key = hashlib.sha256(
        "\0".join([source_hash(), str(number), platform.machine(), *FLAGS]).encode()
    ).hexdigest()
    folder = cache or cache_dir() / "plugins"
    path = folder / f"count-{number}-{key[:16]}.so"
    if not path.is_file():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _compile([*compiler(), *FLAGS, f"-DAPI={number}"], path)
        except OSError as error:
            raise BadEnvironment(
                f"the plugin cannot be kept: {error.strerror}", where=str(folder)
            ) from error
    return path


def _fetched_zig(cache: Path) -> Path | None:
    """Return zig from the file that a profile pins and the cache has, unpacked; None without."""
    from xnnkit import profile
    from xnnkit.archives.cache import Cache
    from xnnkit.archives.unpack import unpack

    host = f"{platform.system().lower()}-{platform.machine()}"
    zigs = [t for name in profile.names() for t in profile.load(name).toolchain if t.name == "zig"]
    for origin in (origin for zig in zigs if zig.host == host for origin in zig.origin):
        blob = Cache(cache).get(origin.sha256)
        if blob is None:
            continue
        home = cache / "plugins" / f"zig-{origin.sha256[:16]}"
        if not (home / "zig").is_file():
            home.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".zig-", dir=home.parent) as scratch:
                made = Path(scratch, "zig")
                unpack(blob, origin.archive_format, made, strip_prefix=origin.strip_prefix)
                (made / "zig").chmod(0o755)  # a wheel's file need not be executable
                made.rename(home)
        return home / "zig"
    return None


def _compile(command: Sequence[str], path: Path) -> None:
    """Compile into a folder beside ``path``, then move it there: it is whole or not there."""
    with tempfile.TemporaryDirectory(prefix=".count-", dir=path.parent) as scratch:
        made = Path(scratch, path.name)
        whole = [*command, "-o", str(made), str(SOURCE), "-lpthread"]
        zig = {f"ZIG_{kind}_CACHE_DIR": str(Path(scratch, "zig")) for kind in ("GLOBAL", "LOCAL")}
        done = subprocess.run(
            whole,
            env={**os.environ, **zig},
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0 or not made.is_file():
            raise BadEnvironment(
                "the plugin that counts instructions cannot be compiled",
                where=" ".join(whole),
                why="\n".join((done.stderr or done.stdout).strip().splitlines()[:5]),
                fix=_FIX,
            )
        os.replace(made, path)
