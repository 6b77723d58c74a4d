"""Judge a file by its bytes and by its tree, and say exactly what is wrong.

Same bytes, same tree: good. Other bytes, same tree: recompressed upstream; the user may accept
that. Another tree: refused, always, with the paths that differ.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Sequence
from pathlib import Path

from xnnkit.archives import regenerate, tree, unpack
from xnnkit.archives.cache import Cache
from xnnkit.archives.http import Unreachable
from xnnkit.archives.stream import Digest
from xnnkit.errors import Finding
from xnnkit.profile import Archive, GitOrigin, Origin, Toolchain

Item = Archive | Toolchain

_SLACK_FLOOR = 64 << 10


def checked_by_tree(item: Item, origin: Origin) -> bool:
    """Tell whether there is a tree id to check: not of toolchains, nor of prebuilt files."""
    return isinstance(item, Archive) and not origin.prebuilt


def expected_tree(archive: Archive, origin: Origin) -> str:
    """Return the git tree id that the origin's file must hold.

    That of the archive; for a git origin with paths, that of these paths.
    """
    if isinstance(origin, GitOrigin) and origin.tree is not None:
        return origin.tree
    return archive.tree


def bound(item: Item, origin: Origin) -> int:
    """Return the bytes that a download of the origin may have at most.

    The pinned size; where the tree can be checked a quarter more, since a recompressed file can
    only be told from a wrong one when it is there.
    """
    if not checked_by_tree(item, origin):
        return origin.size
    return origin.size + max(origin.size // 4, _SLACK_FLOOR)


def content(blob: Path, digest: str, origin: Origin, cache: Cache) -> tree.Entries:
    """Unpack a file below the cache's ``partial/`` and return what is in it.

    Args:
        blob: the file.
        digest: its sha256, or whatever names the place to unpack at.
        origin: tells the format and the strip prefix.
        cache: where to unpack.

    Raises:
        Finding: it cannot be unpacked, or a member is refused.
    """
    with (
        cache.lock(f"{digest}.tree"),
        cache.scratch_dir(digest, "tree") as folder,
        cache.writing(),
    ):
        unpack.unpack(
            blob,
            origin.archive_format,
            folder / "t",
            strip_prefix=origin.strip_prefix,
            name=origin.filename,
        )
        return tree.entries(folder / "t")


def check_tree(
    archive: Archive,
    origin: Origin,
    blob: Path,
    digest: str,
    cache: Cache,
    git_root: Path | None,
    *,
    again: bool = False,
) -> str:
    """Return the tree id of a file's content; it is the expected one.

    Args:
        archive: whose tree it must be.
        origin: tells the format and the strip prefix, and the tree if it holds a part only.
        blob: the file.
        digest: its sha256, already verified.
        cache: remembers the tree id of every digest.
        git_root: a clone there lists the paths that differ.
        again: compute it even when the cache remembers it.

    Raises:
        Finding: it is another tree.
    """
    expected = expected_tree(archive, origin)
    if not again and cache.recorded_tree(digest, origin.strip_prefix) == expected:
        return expected
    found = content(blob, digest, origin, cache)
    actual = tree.id_of(found)
    if actual != expected:
        raise other_tree(archive, origin, str(blob), found, cache, git_root)
    cache.record_tree(digest, origin.strip_prefix, actual)
    return actual


def other_tree(
    archive: Archive,
    origin: Origin,
    where: str,
    found: tree.Entries,
    cache: Cache,
    git_root: Path | None,
) -> Finding:
    """Return the Finding for a file with another tree, with the paths that differ if known."""
    actual = tree.id_of(found)
    why = f"expected tree {expected_tree(archive, origin)}, found {actual}"
    reference = _reference(archive, origin, cache, git_root)
    if reference is None:
        why += "; no good copy is at hand to list the paths that differ"
    else:
        told = tree.difference(found, reference).lines()
        why = "\n         ".join([why, *told])
    return Finding(
        f"{archive.name}: {origin.filename} from {origin.type} holds another tree: refused",
        where=where,
        why=why,
        fix="do not use it; see what changed upstream, or try another origin with --origin",
    )


def other_bytes(item: Item, origin: Origin, actual: Digest, note: str = "") -> Finding:
    """Return the Finding for a file with other bytes whose tree cannot excuse it."""
    why = f"expected sha256 {origin.sha256} ({origin.size:,} bytes), "
    why += f"found {actual.sha256} ({actual.size:,} bytes)"
    return Finding(
        f"{item.name}: {origin.filename} from {origin.type} has other bytes: refused",
        where=origin.location,
        why=why + (f"; {note}" if note else ""),
        fix="do not use it; try another origin with --origin",
    )


def too_long(item: Item, origin: Origin, most: int) -> Finding:
    """Return the Finding for a file that did not end where it should."""
    return Finding(
        f"{item.name}: {origin.filename} from {origin.type} is too long: refused",
        where=origin.location,
        why=f"expected {origin.size:,} bytes; stopped after {most:,}",
        fix="do not use it; try another origin with --origin",
    )


def recompressed(archive: Archive, origin: Origin, actual: Digest) -> Finding:
    """Return the Finding for a file with other bytes and the right tree."""
    what = f"{archive.name}: {origin.filename} from {origin.type} was recompressed upstream"
    fix = f"xnnkit fetch PROFILE --accept-tree {archive.name}    (for this machine)\n"
    if isinstance(origin, GitOrigin):
        what = f"{archive.name}: {origin.filename} was compressed otherwise by this machine's git"
        fix += "or try another origin with --origin"
    else:
        fix += (
            "or record it in the profile, at this origin:\n"
            f'  sha256 = "{actual.sha256}"\n'
            f"  size = {actual.size}"
        )
    return Finding(
        f"{what}: the bytes differ, the tree is the same",
        where=origin.location,
        why=(
            f"expected sha256 {origin.sha256} ({origin.size:,} bytes), found {actual.sha256} "
            f"({actual.size:,} bytes); its tree is {expected_tree(archive, origin)}, as pinned"
        ),
        fix=fix,
    )


def judge(
    item: Item,
    origin: Origin,
    part: Path,
    actual: Digest,
    cache: Cache,
    *,
    git_root: Path | None,
    accept_tree: Collection[str],
) -> tuple[str | None, bool]:
    """Judge a file that an origin gave.

    Args:
        item: what was asked for.
        origin: where the file came from.
        part: the file.
        actual: what it is.
        cache: remembers trees and what was accepted.
        git_root: a clone there lists the paths that differ.
        accept_tree: names of archives whose file may have other bytes if the tree is right.

    Returns:
        The tree id, None when there is none to check; and whether it was accepted by tree.

    Raises:
        Finding: the file is refused.
    """
    same = actual == Digest(origin.sha256, origin.size)
    if not checked_by_tree(item, origin):
        if not same:
            raise other_bytes(item, origin, actual)
        return None, False
    assert isinstance(item, Archive)
    if same:
        return check_tree(item, origin, part, actual.sha256, cache, git_root), False
    try:
        found = content(part, origin.sha256, origin, cache)
    except Finding as error:
        detail = error.what if error.where == origin.filename else f"{error.what} ({error.where})"
        raise other_bytes(item, origin, actual, detail) from error
    expected = expected_tree(item, origin)
    if tree.id_of(found) != expected:
        raise other_tree(item, origin, origin.location, found, cache, git_root)
    if item.name not in accept_tree and cache.accepted(origin.sha256) != actual.sha256:
        raise recompressed(item, origin, actual)
    cache.record_tree(actual.sha256, origin.strip_prefix, expected)
    return expected, True


def _listed(clone: Path, commit: str, paths: Sequence[str], cache: Cache) -> tree.Entries | None:
    with cache.scratch_dir(f"{commit}.{os.getpid()}.{threading.get_ident()}", "ls") as scratch:
        return regenerate.listing(clone, commit, scratch, paths)


def _reference(
    archive: Archive, wrong: Origin, cache: Cache, git_root: Path | None
) -> tree.Entries | None:
    """Return what the right tree holds, from a clone or from another origin's file in the cache."""
    expected = expected_tree(archive, wrong)
    paths = wrong.paths if isinstance(wrong, GitOrigin) else ()
    for origin in archive.origin:
        if isinstance(origin, GitOrigin) and git_root is not None:
            clone = regenerate.find_clone(git_root, origin.repository)
            try:
                listed = _listed(clone, archive.commit, paths, cache) if clone else None
            except Unreachable:
                continue
            if listed is not None and tree.id_of(listed) == expected:
                return listed
    for origin in archive.origin:
        if not checked_by_tree(archive, origin):
            continue
        try:
            blob = cache.get(origin.sha256, origin.size)
            found = content(blob, origin.sha256 + ".reference", origin, cache) if blob else None
        except Finding:
            continue
        if found is not None and tree.id_of(part := tree.below(found, paths)) == expected:
            return part
    return None
