"""The cache: files under the name of their sha256, locked, published by rename, verified on read.

Layout below the root::

    sha256/AB/ABCD…      a verified file, read-only
    accepted/EXPECTED    the sha256 that the user accepted in place of EXPECTED, by tree
    tree/SHA256-PREFIX   the git tree id of what is inside, so that it is computed once
    partial/             what is being downloaded or made; nothing else is ever incomplete
    locks/               one lock a file; the operating system frees it when a process dies
    quarantine/          damaged files that `repair` moved aside
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from xnnkit.archives.stream import Digest, digest_file
from xnnkit.errors import BadEnvironment, Finding

_LOCK_POLL_SECONDS = 0.05
_FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up"}
_CLOSED = {
    errno.EACCES: "it may not be written",
    errno.EPERM: "it may not be written",
    errno.EROFS: "the file system is read-only",
    errno.ENOTDIR: "a part of its path is a file",
    errno.EEXIST: "a part of its path is a file",
    errno.ELOOP: "its path is a ring of symlinks",
}


class Stopped(Exception):
    """Another thread has ended the work; not an error of its own."""


class Cache:
    """A content-addressed store of files.

    Args:
        root: its directory; made when first written to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.partial = root / "partial"

    def blob_path(self, sha256: str) -> Path:
        """Return where the file of that sha256 is, or would be."""
        return self.root / "sha256" / sha256[:2] / sha256

    def accepted_path(self, expected_sha256: str) -> Path:
        """Return the file whose first word is the sha256 accepted in place of this one."""
        return self.root / "accepted" / expected_sha256

    def get(self, sha256: str, size: int | None = None, *, repair: bool = False) -> Path | None:
        """Return the file of that sha256, its bytes verified now; None when there is none.

        Args:
            sha256: the pinned hash.
            size: the pinned size in bytes, None when not known.
            repair: move a damaged file aside and return None instead of raising.

        Raises:
            Finding: the file is damaged.
        """
        path = self.blob_path(sha256)
        try:
            actual = digest_file(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if actual.sha256 == sha256 and size in (None, actual.size):
            return path
        if repair:
            self.quarantine(sha256)
            return None
        raise damaged(path, sha256, size, actual)

    def quarantine(self, sha256: str) -> Path | None:
        """Move the file of that sha256 aside; return its new place, None when it is not there."""
        with self.writing():
            folder = self.root / "quarantine"
            folder.mkdir(parents=True, exist_ok=True)
            number = 0
            while (place := folder / f"{sha256}.{number}").exists():
                number += 1
            try:
                os.replace(self.blob_path(sha256), place)
            except FileNotFoundError:
                return None
            return place

    def accepted(self, expected_sha256: str) -> str | None:
        """Return the sha256 that the user accepted in place of the pinned one, None for none."""
        try:
            words = self.accepted_path(expected_sha256).read_text(encoding="ascii").split()
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
            return None
        return words[0] if words and re.fullmatch(r"[0-9a-f]{64}", words[0]) else None

    def accept(self, expected_sha256: str, actual_sha256: str, name: str) -> None:
        """Record that the user accepted a file by its tree."""
        self._write(self.accepted_path(expected_sha256), f"{actual_sha256} {name}\n")

    def tree_path(self, sha256: str, strip_prefix: str) -> Path:
        """Return the file that records the tree id of a blob's content."""
        return self.root / "tree" / f"{sha256}-{quote(strip_prefix, safe='')}"

    def recorded_tree(self, sha256: str, strip_prefix: str) -> str | None:
        """Return the recorded tree id of a blob's content, None when it is not known."""
        try:
            text = self.tree_path(sha256, strip_prefix).read_text(encoding="ascii").strip()
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
            return None
        return text if re.fullmatch(r"[0-9a-f]{40}", text) else None

    def record_tree(self, sha256: str, strip_prefix: str, tree: str) -> None:
        """Record the tree id of a blob's content."""
        self._write(self.tree_path(sha256, strip_prefix), tree + "\n")

    @contextmanager
    def lock(self, sha256: str, stop: threading.Event | None = None) -> Iterator[None]:
        """Hold the lock of one file; other threads and processes wait.

        Args:
            sha256: whose lock.
            stop: ends the waiting when set.

        Raises:
            Stopped: ``stop`` was set while waiting.
            BadEnvironment: the cache cannot be written.
        """
        import filelock

        with self.writing():
            folder = self.root / "locks"
            folder.mkdir(parents=True, exist_ok=True)
            held = filelock.FileLock(folder / sha256)
            while True:
                try:
                    held.acquire(timeout=0.5, poll_interval=_LOCK_POLL_SECONDS)
                    break
                except filelock.Timeout:
                    if stop is not None and stop.is_set():
                        raise Stopped from None
        try:
            yield
        finally:
            held.release()

    def scratch(self, sha256: str, suffix: str) -> Path:
        """Return a path under ``partial/``; whoever holds the lock of ``sha256`` may use it."""
        with self.writing():
            self.partial.mkdir(parents=True, exist_ok=True)
        return self.partial / f"{sha256}.{suffix}"

    @contextmanager
    def scratch_dir(self, sha256: str, suffix: str) -> Iterator[Path]:
        """Give an empty directory under ``partial/`` that is removed afterwards.

        What a killed process left under that name is removed first.
        """
        place = self.scratch(sha256, suffix)
        remove_tree(place)
        with self.writing():
            place.mkdir()
        try:
            yield place
        finally:
            remove_tree(place)

    def publish(self, file: Path, sha256: str) -> Path:
        """Move a complete, verified file of ``partial/`` under its final name.

        Args:
            file: on the cache's own file system; it is gone afterwards.
            sha256: of its bytes.
        """
        target = self.blob_path(sha256)
        with self.writing():
            target.parent.mkdir(parents=True, exist_ok=True)
            file.chmod(0o444)
            _sync(file)
            os.replace(file, target)
            _sync(target.parent)
        return target

    def sweep(self, sha256: str) -> None:
        """Remove what interrupted attempts at one file left; the caller holds its lock."""
        for left in self.partial.glob(f"{sha256}.*.part*"):
            remove_tree(left)
        for note in self.partial.glob(f"{sha256}.*.note"):
            if not Path("/proc", note.name.split(".")[1]).exists():
                note.unlink(missing_ok=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn a full disk or a cache that cannot be written into a BadEnvironment."""
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise BadEnvironment(
                    f"cannot write to the cache: {_FULL[error.errno]}",
                    where=str(self.root),
                    why="every archive is kept there, verified",
                    fix="free some space there, or set XNNKIT_CACHE to a directory on another disk",
                ) from error
            if error.errno in _CLOSED:
                raise BadEnvironment(
                    f"cannot write to the cache: {_CLOSED[error.errno]}",
                    where=str(error.filename or self.root),
                    why="every archive is kept there, verified",
                    fix="set XNNKIT_CACHE to a directory that you may write",
                ) from error
            raise

    def _write(self, place: Path, text: str) -> None:
        with self.writing():
            place.parent.mkdir(parents=True, exist_ok=True)
            self.partial.mkdir(parents=True, exist_ok=True)
            draft = self.partial / f"{place.name[:64]}.{os.getpid()}.{threading.get_ident()}.note"
            draft.write_text(text, encoding="ascii")
            _sync(draft)
            os.replace(draft, place)


def damaged(path: Path, sha256: str, size: int | None, actual: Digest, fix: str = "") -> Finding:
    """Return the Finding for a file whose bytes are not the pinned ones.

    Args:
        path: the file.
        sha256: the pinned hash.
        size: the pinned size in bytes, None when not known.
        actual: what the file is.
        fix: what to type.
    """
    how = "has other bytes than its name promises"
    if size is not None and actual.size < size:
        how = f"is too short: {actual.size:,} bytes instead of {size:,}"
    elif size is not None and actual.size > size:
        how = f"is too long: {actual.size:,} bytes instead of {size:,}"
    return Finding(
        f"{path.name}: the file {how}",
        where=str(path),
        why=f"expected sha256 {sha256}, found {actual.sha256}; nothing is built from it",
        fix=fix or "xnnkit cache repair    (moves it aside; the next fetch gets it again)",
    )


def remove_tree(place: Path) -> None:
    """Remove a directory or file with everything in it; it need not exist."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
