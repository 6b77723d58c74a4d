"""Hashes of files and folders, reading nothing through a symlink and nothing but plain files."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Mapping
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


def files_below(root: Path, skip: Callable[[str], bool] = lambda name: False) -> dict[str, str]:
    """Return every plain file below ``root`` with its sha256, by path, sorted.

    Args:
        root: the folder; none is like an empty one.
        skip: called with the path of each file and folder; true leaves it out.
    """
    found: dict[str, str] = {}
    pending = [""]
    while pending:
        prefix = pending.pop()
        try:
            listing = list(os.scandir(root / prefix))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in listing:
            name = prefix + entry.name
            if skip(name):
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(name + "/")
            elif entry.is_file(follow_symlinks=False):
                digest = file_below(root, name)
                if digest is not None:
                    found[name] = digest
    return dict(sorted(found.items()))


def dir_hash(files: Mapping[str, str]) -> str:
    """Return in-toto's ``dirHash`` of files: the sha256 of what sha256sum says of them, sorted."""
    lines = sorted((os.fsencode(name), digest) for name, digest in files.items())
    text = b"".join(digest.encode() + b"  " + name + b"\n" for name, digest in lines)
    return hashlib.sha256(text).hexdigest()


def of_json(value: Any) -> str:
    """Return the sha256 of a value's canonical JSON: sorted keys, no blanks, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
