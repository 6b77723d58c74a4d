"""What lies in a build's folder, whatever it is: files, links, empty folders, stranger things."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xnnkit.build.manifest import sha256_of
from xnnkit.errors import BadEnvironment

_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFLNK: "link",
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
}


@dataclass(frozen=True)
class Entry:
    """What lies at one path; the one that lies nowhere is all empty.

    Attributes:
        kind: "file", "link", "folder", "pipe", "socket", "device", or "" for nothing.
        mode: a file's permission bits in octal, "" of anything else: a link has none, and a
            folder's are the umask's, which two builds do not share.
        content: a file's sha256, a link's target.
        size: of a file, in bytes.
    """

    kind: str = ""
    mode: str = ""
    content: str = ""
    size: int = 0


def at(path: Path) -> Entry:
    """Return what lies at a path. No link is followed, and only a regular file is opened."""
    try:
        seen = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return Entry()
    kind = _KINDS.get(stat.S_IFMT(seen.st_mode), "device")
    if kind == "link":
        return Entry(kind, content=os.readlink(path))
    if kind != "file":
        return Entry(kind)
    return Entry(kind, f"{stat.S_IMODE(seen.st_mode):04o}", sha256_of(path), seen.st_size)


def names(folder: Path) -> Iterator[str]:
    """Yield the path of all that lies below a folder, without the folders that hold something.

    Raises:
        BadEnvironment: a folder cannot be read: what lies in it would be missing on both sides.
    """
    if not folder.is_dir():
        return
    for place, inner, files in os.walk(folder, onerror=_unreadable):
        # A link to a folder is among the folders; nothing is looked for behind it.
        links = [name for name in inner if Path(place, name).is_symlink()]
        for name in [*files, *links]:
            yield Path(place, name).relative_to(folder).as_posix()
        if not inner and not files and Path(place) != folder:
            yield Path(place).relative_to(folder).as_posix()


def _unreadable(error: OSError) -> None:
    raise BadEnvironment(
        f"a folder of artifacts cannot be read: {error.strerror}", where=str(error.filename)
    ) from error
