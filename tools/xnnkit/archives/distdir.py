"""Folders of files that somebody brought along (``--distdir``), found by name and by hash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from xnnkit.archives.cache import damaged
from xnnkit.archives.stream import Digest, digest_file
from xnnkit.errors import BadInput, Finding, typed
from xnnkit.profile import Origin


def index(distdirs: Sequence[Path], origins: Iterable[Origin]) -> dict[str, Path]:
    """Return the files of ``distdirs`` that some origin pins: sha256 -> path.

    Raises:
        Finding: a file has an origin's name and other bytes; the first one.
        BadInput: a folder does not exist.
    """
    found, wrong = examine(distdirs, origins)
    if wrong:
        raise wrong[0]
    return found


def examine(
    distdirs: Sequence[Path], origins: Iterable[Origin]
) -> tuple[dict[str, Path], list[Finding]]:
    """Look through folders for pinned files.

    A file counts whatever its name is; but one with the name of a pinned file must be that file.

    Args:
        distdirs: folders, not searched recursively.
        origins: every origin of the profile.

    Returns:
        The good files, sha256 -> path; and a Finding for each with an origin's name and other
        bytes.

    Raises:
        BadInput: a folder does not exist.
    """
    named: dict[str, list[Origin]] = {}
    sizes: set[int] = set()
    hashes: set[str] = set()
    for origin in origins:
        named.setdefault(origin.filename, []).append(origin)
        sizes.add(origin.size)
        hashes.add(origin.sha256)
    found: dict[str, Path] = {}
    wrong: list[Finding] = []
    for distdir in distdirs:
        if not distdir.is_dir():
            raise BadInput(
                "there is no such folder of files", where=str(distdir), fix="check --distdir"
            )
        for file in sorted(distdir.iterdir()):
            pinned = named.get(file.name, [])
            if not file.is_file() or not (pinned or file.stat().st_size in sizes):
                continue
            actual = digest_file(file)
            if pinned and not any(actual == Digest(o.sha256, o.size) for o in pinned):
                fix = f"rm {typed(file)}    (then fetch again, or copy it again)"
                wrong.append(damaged(file, pinned[0].sha256, pinned[0].size, actual, fix))
            elif actual.sha256 in hashes:
                found.setdefault(actual.sha256, file)
    return found, wrong
