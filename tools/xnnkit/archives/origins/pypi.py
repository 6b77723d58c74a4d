"""The ``pypi`` origin: a wheel from the machine's own Python package index, by pip itself.

pip's configuration says which index that is; XNNKIT_PYPI_INDEX overrides it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from xnnkit.archives.cache import Stopped, remove_tree
from xnnkit.archives.http import Tick, Unreachable
from xnnkit.archives.origins.place import Place
from xnnkit.archives.stream import Digest, TooLong, digest_file
from xnnkit.profile import PypiOrigin

_POLL_SECONDS = 0.1


def obtain(origin: PypiOrigin, place: Place, bound: int, tick: Tick) -> tuple[Path, Digest]:
    """Let pip download the origin's file; see `xnnkit.archives.origins.obtain`."""
    with place.cache.scratch_dir(origin.sha256, "pip") as folder, place.cache.writing():
        _run_pip(origin, folder, place, tick)
        found = folder / "wheel" / origin.file
        if not found.is_file():
            others = sorted(p.name for p in (folder / "wheel").glob("*"))
            raise Unreachable(f"the index has {', '.join(others) or 'nothing'} instead")
        if found.stat().st_size > bound:
            raise TooLong(bound)
        part = place.cache.scratch(origin.sha256, "whl")
        remove_tree(part)
        found.rename(part)
    tick(part.stat().st_size)
    return part, digest_file(part)


def command(origin: PypiOrigin, target: Path) -> list[str]:
    """Return the pip command that downloads the origin's file into the folder ``target``."""
    platforms = origin.file.removesuffix(".whl").rsplit("-", 1)[-1]
    return [
        sys.executable,
        *("-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"),
        *("--disable-pip-version-check", "--no-input", "--timeout", "15", "--retries", "1"),
        *("--only-binary", ":all:"),
        *(word for platform in platforms.split(".") for word in ("--platform", platform)),
        *_index(),
        *("--dest", os.fspath(target)),
        "--",
        f"{origin.package}=={origin.version}",
    ]


def _index() -> list[str]:
    index = os.environ.get("XNNKIT_PYPI_INDEX")
    return ["--index-url", index] if index else []


def _run_pip(origin: PypiOrigin, folder: Path, place: Place, tick: Tick) -> None:
    scratch = folder / "tmp"
    scratch.mkdir()
    env = {**os.environ, "TMPDIR": os.fspath(scratch), "PYTHONUNBUFFERED": "1"}
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command(origin, folder / "wheel"),
            env=env,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
        )
        try:
            while process.poll() is None:
                if place.net.stop.is_set():
                    raise Stopped
                tick(min(_downloaded(scratch), origin.size))
                time.sleep(_POLL_SECONDS)
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        raise Unreachable(_last(log.read_text(encoding="utf-8", errors="replace")), _FIX)


def _downloaded(scratch: Path) -> int:
    """Return the size in bytes of the largest wheel below a folder that pip is working in.

    pip removes its folders while they are being read: what is gone counts nothing.
    """
    largest = 0
    for folder, _, names in os.walk(scratch):  # passes over a folder that is gone
        for name in names:
            if name.endswith(".whl"):
                with contextlib.suppress(FileNotFoundError):
                    largest = max(largest, os.stat(os.path.join(folder, name)).st_size)
    return largest


_FIX = "export XNNKIT_PYPI_INDEX=URL of a Python package index"


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any("No module named pip" in line for line in lines):
        return f"{sys.executable} has no pip"
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip failed"])[-1].removeprefix("ERROR:").strip()
