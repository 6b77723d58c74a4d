"""Tell, from file sizes and times alone, that nothing changed since the last build.

A no-op ``xnnkit build`` should cost little more than a no-op ``bazel build``: verifying, rendering
and proving again what is untouched would be most of its time. Only the standard library is
imported here. A file that changed without a change of size, time or inode is the one thing this
does not see; ``--no-stamp`` and ``xnnkit verify`` do.

The stamp holds a command that is run again. It is sealed with a key in the user's cache, so that a
directory which somebody else made cannot bring a command of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from xnnkit import paths, untrusted, whole

NAME = "stamp.json"


def _fact(path: str) -> list[int] | None:
    try:
        seen = os.stat(path)
    except OSError:
        return None
    # A directory's time changes when an entry comes or goes; its size is the file system's affair.
    size = -1 if os.path.isdir(path) else seen.st_size
    return [size, seen.st_mtime_ns, seen.st_ino]


def facts(paths: Iterable[str]) -> dict[str, list[int] | None]:
    """Return size, time and inode of each file, or None for one that is not there."""
    return {path: _fact(path) for path in sorted(set(paths))}


def watched(roots: Iterable[Path]) -> list[str]:
    """Return every file and folder below ``roots``, themselves included, but no bytecode."""
    found: list[str] = []
    for root in roots:
        found.append(str(root))
        if not root.is_dir():
            continue
        for folder, names, files in os.walk(root):
            names[:] = sorted(name for name in names if name != "__pycache__")
            found += [os.path.join(folder, name) for name in [*names, *sorted(files)]]
    return found


def write(out: Path, key: dict[str, Any], paths: Iterable[str], result: dict[str, Any]) -> None:
    """Remember that ``result`` came from ``key`` with these files as they are now.

    Args:
        out: the build's output directory.
        key: everything of the request that decides the result, JSON-ready.
        paths: files and folders whose change makes the result stale.
        result: what ``read`` returns while nothing changed.
    """
    data = {
        "schema_version": 1,
        "key": key,
        "files": facts(paths),
        "result": result,
    }
    key_ = _key()
    if key_ is None:
        return  # nothing could be told from a stranger's stamp later
    whole.write(out / NAME, json.dumps({**data, "seal": _seal(data, key_)}).encode())


def read(out: Path, key: dict[str, Any]) -> dict[str, Any] | None:
    """Return the remembered result, or None when there is none or anything changed.

    Args:
        out: the build's output directory.
        key: as given to ``write``.
    """
    try:
        data = untrusted.load(out / NAME)
        seal, ours = data.pop("seal"), _key()
        if ours is None or not hmac.compare_digest(str(seal), _seal(data, ours)):
            return None
        if data["schema_version"] != 1 or data["key"] != key:
            return None
        if all(_fact(path) == fact for path, fact in data["files"].items()):
            result: dict[str, Any] = data["result"]
            return result
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return None


def _key() -> bytes | None:
    """Return the key of this user's stamps, made when there is none; None when it cannot be."""
    path = paths.cache_dir() / "stamp.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".stamp.key.{os.getpid()}")
        if not path.is_file():
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(32))
            try:
                os.link(partial, path)
            except FileExistsError:  # another process was first
                pass
            finally:
                os.unlink(partial)
        return path.read_bytes()
    except OSError:
        return None


def _seal(data: dict[str, Any], key: bytes) -> str:
    text = json.dumps(data, sort_keys=True)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def rebuild(out: Path, key: dict[str, Any]) -> dict[str, Any] | None:
    """Run the last build's Bazel command again and return its manifest, if nothing else changed.

    Bazel itself still decides whether an action must run. None means: go the whole way.

    Args:
        out: the build's output directory.
        key: as given to ``write``.
    """
    result = read(out, key)
    if result is None:
        return None
    code = subprocess.call(
        result["argv"],
        cwd=result["workspace"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if code or facts(result["outputs"]) != result["outputs"]:
        return None
    manifest: dict[str, Any] = untrusted.load(out / "build.json")
    return manifest
