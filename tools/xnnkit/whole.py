"""Files that appear whole or not at all: written beside their place, then renamed."""

from __future__ import annotations

import os
from pathlib import Path

from xnnkit import paths
from xnnkit.errors import BadEnvironment, typed


def write(path: Path, data: bytes, *, mode: int | None = None, mtime_ns: int = 0) -> None:
    """Write a file by atomic rename; what was there stays when that fails.

    Args:
        path: the file; its folder must be there.
        data: its bytes.
        mode: its permission bits; None for what the umask leaves of 0666.
        mtime_ns: its time, in nanoseconds since 1970; 0 for now.

    Raises:
        OSError: it cannot be written.
    """
    import tempfile  # not for those who only read

    handle, name = tempfile.mkstemp(prefix=".xnnkit-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if mode is None:
            mask = os.umask(0)
            os.umask(mask)
            mode = 0o666 & ~mask
        os.chmod(name, mode)
        if mtime_ns:
            os.utime(name, ns=(mtime_ns, mtime_ns))
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def put(
    path: Path,
    data: bytes,
    what: str = "the file",
    *,
    mode: int | None = None,
    folders: bool = False,
) -> Path:
    """Write a file that the user asked for, and return its path.

    Args:
        path: the file.
        data: its bytes.
        what: it is called in an error.
        mode: as `write` takes it.
        folders: make its folder if it is not there.

    Raises:
        BadInput: its folder is a link to nothing.
        BadEnvironment: it cannot be written.
    """
    paths.refuse_lost(path.parent)
    try:
        if folders:
            path.parent.mkdir(parents=True, exist_ok=True)
        write(path, data, mode=mode)
    except OSError as error:
        raise BadEnvironment(
            f"cannot write {what}",
            where=str(path),
            why=error.strerror or str(error),
            fix=_fix(path),
        ) from error
    return path


def _fix(path: Path) -> str:
    if not path.parent.is_dir():
        return f"mkdir -p {typed(path.parent)}"
    return "name a file in a folder of yours, on a disk with room"
