"""Evidence for new pins: the bytes of each origin, and that they hold the commit's own tree.

The tree comes from git's objects, whose ids follow from the commit's. A file whose tree is another
is refused; so is a hash of bytes that nobody has seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from xnnkit.archives import judge, regenerate, remote, tree
from xnnkit.archives.cache import Cache
from xnnkit.archives.http import Net, Unreachable
from xnnkit.archives.origins import Place, obtain
from xnnkit.archives.origins.git import address
from xnnkit.archives.stream import Digest, TooLong
from xnnkit.errors import BadEnvironment, BadInput, Finding, typed
from xnnkit.lock.moved import Moved
from xnnkit.profile import MAX_ARCHIVE_BYTES, Archive, GitOrigin, HttpOrigin, Origin


@dataclass(frozen=True)
class Seen:
    """What one origin's file is at the new commit.

    Attributes:
        moved: the origin.
        digest: sha256 and size in bytes.
        tree: the tree id of what is inside.
        how: ``downloaded``, ``made by git``, or ``reproduced``: made by git, as today's pinned
            file was shown to be.
    """

    moved: Moved
    digest: Digest
    tree: str
    how: str


@dataclass(frozen=True)
class Evidence:
    """What the new pins are, each of them seen.

    Attributes:
        commit: the new commit.
        tree: its tree id.
        seen: one for each origin that follows.
    """

    commit: str
    tree: str
    seen: tuple[Seen, ...]


@dataclass(frozen=True)
class Work:
    """Where evidence is looked for.

    Attributes:
        place: cache, clones and connections.
        from_git: take what git makes for an http origin that cannot be reached.
        given_tree: the tree id that the user vouches for; "" asks git's objects.
    """

    place: Place
    from_git: bool = False
    given_tree: str = ""


def gather(archive: Archive, commit: str, moves: Sequence[Moved], work: Work) -> Evidence:
    """See the bytes and the tree of every origin at the new commit.

    The files end up in the cache, verified, as `xnnkit fetch` would leave them.

    Args:
        archive: as it is pinned now.
        commit: the new commit.
        moves: its origins there.
        work: where to look.

    Raises:
        Finding: a file holds another tree than the commit.
        BadEnvironment: the commit or a file cannot be had.
        BadInput: nothing can say what the commit's tree is.
    """
    git = next((one.origin for one in moves if isinstance(one.origin, GitOrigin)), None)
    if git is None:
        if not work.given_tree:
            raise BadInput(
                f"{archive.name}: nothing says what the tree of {commit[:12]} is",
                why="no origin names a git repository; bytes alone prove nothing",
                fix="--tree ID    (as git rev-parse COMMIT^{tree} prints it)",
            )
        seen = [_downloaded(archive, one, commit, work.given_tree, work) for one in moves]
        return Evidence(commit, work.given_tree, tuple(seen))
    with repository(archive, git, commit, work) as clone:
        whole = _listing(clone, commit, (), work)
        if work.given_tree and tree.id_of(whole) != work.given_tree:
            raise Finding(
                f"{archive.name}: commit {commit[:12]} has another tree than --tree says",
                why=f"--tree {work.given_tree}, found {tree.id_of(whole)}",
            )
        made = {
            one.index: _made(archive, one, commit, clone, work)
            for one in moves
            if isinstance(one.origin, GitOrigin)
        }
        seen = []
        for one in moves:
            if one.index in made:
                seen.append(made[one.index])
                continue
            try:
                seen.append(_downloaded(archive, one, commit, tree.id_of(whole), work, whole))
            except BadEnvironment as error:
                seen.append(_reproduced(archive, one, commit, clone, work, whole, error))
    return Evidence(commit, tree.id_of(whole), tuple(seen))


def at(one: Moved, digest: Digest | None = None, tree_id: str | None = None) -> Origin:
    """Return a moved origin as a profile would pin it.

    Args:
        one: the origin.
        digest: what its file is; None makes one that only names scratch files.
        tree_id: the tree of its paths, for a git origin that has some.
    """
    if digest is None:
        text = f"{one.origin.location} {sorted(one.changes.items())}"
        digest = Digest(hashlib.sha256(text.encode()).hexdigest(), 1)
    values: dict[str, object] = {**one.changes, "sha256": digest.sha256, "size": digest.size}
    if isinstance(one.origin, GitOrigin) and one.origin.paths and tree_id:
        values["tree"] = tree_id
    try:
        return type(one.origin).model_validate({**one.origin.model_dump(), **values})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"{key} cannot be {first['input']!r}", why=str(first["msg"]), fix="https://..."
        ) from None


@contextmanager
def repository(archive: Archive, git: GitOrigin, commit: str, work: Work) -> Iterator[Path]:
    """Give a repository that has the commit: a clone, or what is fetched for the time being.

    Args:
        archive: whose repository it is.
        git: the origin that names it.
        commit: all 40 digits.
        work: where to look.

    Raises:
        BadEnvironment: neither can be had.
    """
    cache, root = work.place.cache, work.place.git_root
    clone = regenerate.find_clone(root, git.repository) if root else None
    with cache.scratch_dir(commit, "update") as scratch:
        if clone is not None and regenerate.listing(clone, commit, scratch) is not None:
            yield clone
            return
        store = scratch / "store"
        paths = tuple(git.paths)
        try:
            remote.fill(store, address(git), commit, paths, scratch, work.place.net)
        except Unreachable as error:
            had = f"{clone} does not have it" if clone else "there is no clone of it"
            raise BadEnvironment(
                f"{archive.name}: commit {commit[:12]} of {git.repository} cannot be had",
                where=address(git),
                why=f"{error.reason}; {had}",
                fix=f"git -C {typed(clone)} fetch origin {commit}"
                if clone
                else "--git-root FOLDER, or XNNKIT_GIT_ROOT: a folder of clones",
            ) from error
        yield store


def _listing(clone: Path, commit: str, paths: Sequence[str], work: Work) -> tree.Entries:
    with work.place.cache.scratch_dir(commit, "list") as scratch:
        found = regenerate.listing(clone, commit, scratch, paths)
    if not found:
        raise BadInput(
            f"commit {commit[:12]} holds nothing" + (" at the pinned paths" if paths else ""),
            where=str(clone),
            fix="correct `paths` in the profile" if paths else "name another commit",
        )
    return found


def _made(archive: Archive, one: Moved, commit: str, clone: Path, work: Work) -> Seen:
    """Let git make the origin's file, and look into it."""
    origin = at(one)
    assert isinstance(origin, GitOrigin)
    expected = _listing(clone, commit, origin.paths, work)
    cache = work.place.cache
    with cache.lock(origin.sha256), cache.scratch_dir(origin.sha256, "new") as scratch:
        part = scratch / "file"
        with cache.writing():
            digest = pack(archive, origin, commit, clone, part, scratch)
        return _kept(archive, one, origin, part, digest, expected, "made by git", cache)


def pack(
    archive: Archive, origin: GitOrigin, commit: str, clone: Path, target: Path, scratch: Path
) -> Digest:
    """Let git write the origin's archive of a commit.

    Args:
        archive: whose it is, for the error.
        origin: format, strip prefix and paths.
        commit: all 40 digits.
        clone: a repository that has it.
        target: the file to write.
        scratch: a directory for what is needed for the time being.

    Raises:
        BadEnvironment: git cannot.
    """
    try:
        return regenerate.archive(clone, origin, commit, target, scratch, bound=MAX_ARCHIVE_BYTES)
    except (Unreachable, TooLong) as error:
        raise BadEnvironment(
            f"{archive.name}: git cannot make the archive of {commit[:12]}",
            where=str(clone),
            why=str(error),
        ) from error


def _downloaded(
    archive: Archive,
    one: Moved,
    commit: str,
    expected: str,
    work: Work,
    listed: tree.Entries | None = None,
) -> Seen:
    """Download the origin's file, and look into it."""
    origin = at(one)
    cache = work.place.cache
    with cache.lock(origin.sha256):
        try:
            part, digest = obtain(
                origin, commit, work.place, bound=MAX_ARCHIVE_BYTES, tick=lambda size: None
            )
        except TooLong as error:
            raise Finding(f"{archive.name}: {error}", where=origin.location) from error
        except Unreachable as error:
            raise BadEnvironment(
                f"{archive.name}: the file of the http origin has not been seen",
                where=origin.location,
                why=f"{error.reason}; a hash that nobody has seen is not written",
                fix="connect to the network and type the same again\n"
                "or --from-git: take what git archive makes, if it makes today's pin, too",
            ) from error
        try:
            return _kept(archive, one, origin, part, digest, listed, "downloaded", cache, expected)
        finally:
            part.unlink(missing_ok=True)
            cache.sweep(origin.sha256)


def _reproduced(
    archive: Archive,
    one: Moved,
    commit: str,
    clone: Path,
    work: Work,
    listed: tree.Entries,
    error: BadEnvironment,
) -> Seen:
    """Let git make an http origin's file, if the one that is pinned now comes out byte for byte."""
    if not work.from_git:
        raise error
    pinned = one.origin
    assert isinstance(pinned, HttpOrigin)
    sibling = next(
        (
            o
            for o in archive.origin
            if isinstance(o, GitOrigin)
            and not o.paths
            and (o.sha256, o.strip_prefix) == (pinned.sha256, pinned.strip_prefix)
        ),
        None,
    )
    why = "no git origin makes the same file"
    cache = work.place.cache
    if sibling is not None:
        with cache.scratch_dir(commit, "calibrate") as scratch:
            try:
                with cache.writing():
                    today = regenerate.archive(
                        clone,
                        sibling,
                        archive.commit,
                        scratch / "file",
                        scratch,
                        bound=MAX_ARCHIVE_BYTES,
                    )
                if today == Digest(pinned.sha256, pinned.size):
                    why = ""
                else:
                    why = f"git makes {today.sha256} of today's commit, pinned is {pinned.sha256}"
            except (Unreachable, TooLong) as failed:
                why = str(failed)
    if why or sibling is None:
        raise BadEnvironment(
            f"{archive.name}: --from-git cannot stand in for the http origin",
            where=pinned.location,
            why=why,
            fix="connect to the network and type the same again, without --from-git",
        ) from error
    stand_in = Moved(one.index, sibling, {"strip_prefix": one.changes["strip_prefix"]})
    made = _made(archive, stand_in, commit, clone, work)
    return Seen(one, made.digest, made.tree, "reproduced")


def _kept(
    archive: Archive,
    one: Moved,
    origin: Origin,
    part: Path,
    digest: Digest,
    listed: tree.Entries | None,
    how: str,
    cache: Cache,
    expected: str = "",
) -> Seen:
    """Put a file into the cache if it holds the expected tree."""
    found = judge.content(part, origin.sha256, origin, cache)
    wanted = tree.id_of(listed) if listed is not None else expected
    if tree.id_of(found) != wanted:
        differ = tree.difference(found, listed).lines() if listed is not None else []
        raise Finding(
            f"{archive.name}: {origin.filename} from {origin.type} does not hold the commit's tree",
            where=origin.location,
            why="\n         ".join([f"expected tree {wanted}, found {tree.id_of(found)}", *differ]),
            fix="do not pin it; see whether the address is that of the commit",
        )
    cache.publish(part, digest.sha256)
    cache.record_tree(digest.sha256, origin.strip_prefix, wanted)
    return Seen(one, digest, wanted, how)


def place(cache: Cache, git_root: Path | None, net: Net | None = None) -> Place:
    """Return where evidence is looked for."""
    return Place(cache, net or Net(), git_root)
