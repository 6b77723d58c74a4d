"""Hashes of files and folders: of plain files only, and through no symlink but where that is said.

A folder's listing leaves nothing out: what is neither a plain file nor a symlink has a name, too.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20


def file_below(root: Path, name: str) -> str | None:
    """Return the sha256 of a plain file below ``root``; None when there is none.

    Args:
        root: a directory that the user named.
        name: parts with "/" between them. No part of it is followed if it is a symlink, and a
            pipe or device is not waited for.
    """
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return None
    flags = os.O_RDONLY | os.O_CLOEXEC
    held: list[int] = []
    try:
        held.append(os.open(root, flags | os.O_DIRECTORY))
        for part in parts[:-1]:
            held.append(os.open(part, flags | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=held[-1]))
        last = os.open(parts[-1], flags | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=held[-1])
        held.append(last)
        if not stat.S_ISREG(os.fstat(last).st_mode):
            return None
        digest = hashlib.sha256()
        while chunk := os.read(last, _CHUNK):
            digest.update(chunk)
        return digest.hexdigest()
    except (OSError, ValueError):
        return None
    finally:
        for descriptor in held:
            os.close(descriptor)


@dataclass(frozen=True)
class Tree:
    """What is below a folder; paths have "/" between their parts. Empty folders do not count.

    Attributes:
        files: each plain file's sha256.
        links: each symlink's target, as it is written.
        strange: anything else, and what it is.
    """

    files: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    strange: dict[str, str] = field(default_factory=dict)


def tree_below(root: Path, skip: Callable[[str, Path], bool] = lambda name, path: False) -> Tree:
    """Return everything below ``root``, by path, sorted.

    Args:
        root: the folder; none is like an empty one.
        skip: called with the path of each entry below ``root`` and from here; true leaves it out.
    """
    found = Tree()
    pending = [""]
    while pending:
        prefix = pending.pop()
        try:
            listing = list(os.scandir(root / prefix))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            found.strange[prefix.rstrip("/") or "."] = f"a folder: {error.strerror}"
            continue
        for entry in listing:
            name = prefix + entry.name
            if skip(name, Path(entry.path)):
                continue
            if entry.is_symlink():
                found.links[name] = os.readlink(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                pending.append(name + "/")
            elif (digest := file_below(root, name)) is not None:
                found.files[name] = digest
            else:
                found.strange[name] = _what(Path(entry.path))
    return Tree(*(dict(sorted(some.items())) for some in (found.files, found.links, found.strange)))


def _what(path: Path) -> str:
    """Say what is at a path where no plain file can be read."""
    mode = path.lstat().st_mode
    kinds = {"a pipe": stat.S_ISFIFO, "a socket": stat.S_ISSOCK, "a file": stat.S_ISREG}
    kind = next((word for word, test in kinds.items() if test(mode)), "a device")
    return "a file that cannot be read" if kind == "a file" else kind


def contents_below(root: Path, skip: Callable[[str, Path], bool]) -> dict[str, str]:
    """Return what a program reads that opens each file below ``root``, by path, sorted.

    A symlink to a file counts with that file's sha256, as installers make them; one to anything
    else with its target's.

    Args:
        root: a folder of xnnkit's own; none is like an empty one.
        skip: as `tree_below` takes it.
    """
    tree = tree_below(root, skip)
    found = dict(tree.files)
    for name, target in tree.links.items():
        found[name] = file_behind(root / name) or of_text(f"link {target}")
    found |= {name: of_text(what) for name, what in tree.strange.items()}
    return dict(sorted(found.items()))


def file_behind(path: Path) -> str | None:
    """Return the sha256 of the plain file that a path leads to; None when it leads to none.

    Args:
        path: symlinks in it are followed; a pipe or device at its end is not waited for.
    """
    try:
        resolved = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None
    return file_below(resolved.parent, resolved.name)


def plain_bytes(file: Path, most: int) -> bytes:
    """Return the bytes of a plain file that the user named; a pipe is not waited for.

    Args:
        file: the file, or a symlink to it.
        most: bytes at most.

    Raises:
        ValueError: it is no plain file, or longer.
        OSError: it cannot be read.
    """
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise ValueError("no plain file")
        data = stream.read(most + 1)
    if len(data) > most:
        raise ValueError(f"longer than {most >> 20} MiB")
    return data


def dir_hash(files: Mapping[str, str]) -> str:
    """Return in-toto's ``dirHash`` of files: the sha256 of what sha256sum says of them, sorted."""
    lines = sorted((os.fsencode(name), digest) for name, digest in files.items())
    text = b"".join(digest.encode() + b"  " + name + b"\n" for name, digest in lines)
    return hashlib.sha256(text).hexdigest()


def of_json(value: Any) -> str:
    """Return the sha256 of a value's canonical JSON: sorted keys, no blanks, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def of_text(text: str) -> str:
    """Return the sha256 of a text, in UTF-8; a path's bytes as they are."""
    return hashlib.sha256(os.fsencode(text)).hexdigest()
