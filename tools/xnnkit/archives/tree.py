"""The git tree id of a directory, computed by us: what ``git write-tree`` would say.

Git sees files (their execute bit and nothing else of the mode), symlinks and non-empty directories.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xnnkit.errors import Finding

FILE = "100644"
EXECUTABLE = "100755"
SYMLINK = "120000"
DIRECTORY = "40000"

_CHUNK = 1 << 20

Entries = dict[str, tuple[str, str]]
"""Path with "/" between its parts -> (git mode, blob id)."""


def entries(directory: Path) -> Entries:
    """Return every file and symlink below ``directory`` with its git mode and blob id.

    Args:
        directory: the tree's root. Names that are not UTF-8 keep their bytes (surrogateescape).

    Raises:
        Finding: something in it is neither a file, a symlink nor a directory.
        OSError: it cannot be read.
    """
    found: Entries = {}
    pending = [(os.fspath(directory), "")]
    while pending:
        place, prefix = pending.pop()
        with os.scandir(place) as listing:
            for entry in listing:
                path = prefix + entry.name
                if entry.is_symlink():
                    found[path] = (SYMLINK, blob_id(os.fsencode(os.readlink(entry.path))))
                elif entry.is_dir():
                    pending.append((entry.path, path + "/"))
                elif entry.is_file():
                    mode = entry.stat(follow_symlinks=False).st_mode
                    executable = bool(mode & stat.S_IXUSR)
                    found[path] = (EXECUTABLE if executable else FILE, _file_id(entry.path))
                else:
                    raise Finding(
                        f"{path!r} is neither a file, a symlink nor a directory",
                        where=os.fspath(directory),
                        why="git cannot hold it, so the tree has no id",
                    )
    return found


def tree_id(directory: Path) -> str:
    """Return the git tree id of ``directory``, 40 hexadecimal digits.

    Raises:
        Finding, OSError: as `entries`.
    """
    return id_of(entries(directory))


def id_of(found: Mapping[str, tuple[str, str]]) -> str:
    """Return the git tree id that belongs to `entries`."""
    root: dict[str, object] = {}
    for path, leaf in found.items():
        *parents, name = path.split("/")
        node = root
        for parent in parents:
            below = node.setdefault(parent, {})
            assert isinstance(below, dict), f"{path}: a file and a directory of one name"
            node = below
        node[name] = leaf
    return _write(root)


def below(found: Entries, paths: Sequence[str]) -> Entries:
    """Return what of ``found`` is at or below one of ``paths``; everything when there are none."""
    if not paths:
        return found
    folders = tuple(path + "/" for path in paths)
    return {p: leaf for p, leaf in found.items() if p in paths or p.startswith(folders)}


def blob_id(data: bytes) -> str:
    """Return the git blob id of ``data``, 40 hexadecimal digits."""
    return _sha1(b"blob %d\0" % len(data) + data)


@dataclass(frozen=True)
class Difference:
    """How one tree differs from another; each a sorted tuple of paths."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    def lines(self, limit: int = 20) -> list[str]:
        """Return one line a path, at most ``limit`` of each kind and a count of the rest."""
        told: list[str] = []
        for word, found in (
            ("added", self.added),
            ("removed", self.removed),
            ("changed", self.changed),
        ):
            told += [f"{word} {printable(path)}" for path in found[:limit]]
            if len(found) > limit:
                told.append(f"{word} {len(found) - limit} more")
        return told


def difference(actual: Entries, expected: Entries) -> Difference:
    """Return what ``actual`` has more, has not, and has otherwise than ``expected``."""
    return Difference(
        added=tuple(sorted(actual.keys() - expected.keys())),
        removed=tuple(sorted(expected.keys() - actual.keys())),
        changed=tuple(
            sorted(p for p in actual.keys() & expected.keys() if actual[p] != expected[p])
        ),
    )


def printable(name: str) -> str:
    """Return a member's name as it can be shown: control characters and bad bytes escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)


def _write(node: Mapping[str, object]) -> str:
    rows: list[tuple[bytes, bytes]] = []
    for name, below in node.items():
        raw = os.fsencode(name)
        if isinstance(below, dict):
            mode, identity = DIRECTORY, _write(below)
            key = raw + b"/"  # git sorts a directory as if its name ended in a slash
        else:
            assert isinstance(below, tuple)
            mode, identity = below
            key = raw
        rows.append((key, mode.encode() + b" " + raw + b"\0" + bytes.fromhex(identity)))
    body = b"".join(row for _, row in sorted(rows))
    return _sha1(b"tree %d\0" % len(body) + body)


def _file_id(path: str) -> str:
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
