"""Where do an archive's patch sets stop applying? They are tried on other commits of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xnnkit.archives import regenerate
from xnnkit.archives.cache import Cache
from xnnkit.archives.http import Net
from xnnkit.archives.origins.git import address
from xnnkit.archives.regenerate import Commit
from xnnkit.archives.unpack import unpack
from xnnkit.errors import BadInput
from xnnkit.lock import evidence, refs
from xnnkit.patches.fit import Fit, fits
from xnnkit.patches.model import load_patch_set
from xnnkit.profile import Archive, GitOrigin, Profile
from xnnkit.render.repositories import repositories

if TYPE_CHECKING:
    from xnnkit.build.request import Sources


@dataclass(frozen=True)
class At:
    """How the patch sets fit one commit.

    Attributes:
        commit: which one; date and subject are "" where no clone tells them.
        asked: as it was named, a tag say; "" for one that was found between two others.
        fits: each set in the order they are applied.
    """

    commit: Commit
    asked: str
    fits: tuple[Fit, ...]

    @property
    def ok(self) -> bool:
        """Tell whether every edit of every set fits, and every tool applies the diffs."""
        return not any(one.problems for one in self.fits)

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON-ready object."""
        return {
            "commit": self.commit.identity,
            "date": self.commit.date,
            "subject": self.commit.subject,
            "asked": self.asked,
            "ok": self.ok,
            "patch_sets": [one.to_json() for one in self.fits],
        }


@dataclass(frozen=True)
class Rebase:
    """The result of `against`.

    Attributes:
        archive: the archive's name.
        tried: the commits that were asked for, in that order.
        stops: the first commit that does not fit after one that does, found in the history between
            the two; None when there is none, or no clone has that history.
        searched: how many further commits were tried to find it.
    """

    archive: str
    tried: tuple[At, ...]
    stops: At | None = None
    searched: int = 0

    @property
    def ok(self) -> bool:
        """Tell whether the sets fit every commit that was asked for."""
        return all(one.ok for one in self.tried)

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON-ready object."""
        return {
            "archive": self.archive,
            "ok": self.ok,
            "tried": [one.to_json() for one in self.tried],
            "stops": self.stops.to_json() if self.stops else None,
            "searched": self.searched,
        }


def against(
    profile: Profile,
    commits: Sequence[str],
    sources: Sources,
    *,
    archive: str = "",
    patch_set: str = "",
    net: Net | None = None,
) -> Rebase:
    """Try an archive's patch sets on other commits, and find where they stop applying.

    Where the sets fit one of the commits and not the next, and a clone has the history between,
    that is searched along first parents, by halves: it finds one commit that does not fit and whose
    parent does, the only one if what has stopped fitting never fits again.

    Args:
        profile: whose patch sets are tried.
        commits: commits or tags, oldest first.
        sources: the cache and the clones.
        archive: its name; "" for the only one that has patch sets, or that ``patch_set`` is for.
        patch_set: try this one and those applied with it; "" for all.
        net: how to connect; a test's shorter timeouts.

    Raises:
        BadInput: the archive, the set or a commit is not meant so.
        BadEnvironment: a commit cannot be had.
    """
    chosen = profile.get_archive(archive or _only(profile, patch_set))
    chains = [row for name, row in _patched(profile, patch_set) if name == chosen.name]
    if not chains:
        raise BadInput(f"{chosen.name} of {profile.name} has no patch set {patch_set}".rstrip())
    git = next((o for o in chosen.origin if isinstance(o, GitOrigin)), None)
    if git is None:
        raise BadInput(
            f"{chosen.name}: no origin names a git repository, so no other commit can be had"
        )
    cache = Cache(sources.cache)
    place = evidence.place(cache, sources.git_root, net)
    work = evidence.Work(place)
    clone = regenerate.find_clone(sources.git_root, git.repository) if sources.git_root else None

    sets = [load_patch_set(name) for name in dict.fromkeys(itertools.chain(*chains))]
    wanted = sorted({edit.file for one in sets for edit in one.edits})
    wanted += sorted({new.path for one in sets for new in one.files})

    def look(commit: Commit, asked: str) -> At:
        with _files(chosen, git, commit.identity, wanted, work) as fill:
            return At(commit, asked, tuple(fits(profile, chosen.name, fill, patch_set)))

    try:
        tried = []
        for name in commits:
            identity = refs.commit_of(name, git, address(git), sources.git_root, "--against")
            tried.append(look(_named(identity, clone, cache), name))
        stops, searched = None, 0
        for before, after in itertools.pairwise(tried):
            if before.ok and not after.ok and clone is not None:
                with cache.scratch_dir(after.commit.identity, "history") as scratch:
                    ids = (before.commit.identity, after.commit.identity)
                    between = regenerate.history(clone, *ids, scratch)
                if between:
                    stops, searched = _search(between, after, look)
                    break
    finally:
        place.net.close()
    return Rebase(chosen.name, tuple(tried), stops, searched)


def lines(found: Rebase) -> Iterator[str]:
    """Yield what `against` found, for a reader: a line a commit, then what does not fit."""
    for at in found.tried:
        yield _line(at)
    if found.stops is None:
        return
    yield ""
    yield f"stops at {_line(found.stops)}"
    if found.searched:
        yield f"(found between the two by trying {found.searched} more)"
    for one in found.stops.fits:
        for problem in one.problems:
            yield f"{one.repository}, {one.patch_set}:"
            yield from (f"  {line}" for line in problem.splitlines())


def _line(at: At) -> str:
    told = f"{at.commit.identity[:12]} {at.commit.date} {at.commit.subject}"
    name = f" ({at.asked})" if at.asked and at.asked != at.commit.identity else ""
    bad = [
        f"{one.patch_set} of {one.repository}: {len(one.problems)} of {one.edits} edits do not"
        for one in at.fits
        if one.problems
    ]
    return f"{told.rstrip()}{name}: {'; '.join(bad) or 'fits'}"


def _search(
    between: Sequence[Commit], last: At, look: Callable[[Commit, str], At]
) -> tuple[At, int]:
    """Return the first that does not fit, by halves, and how many were tried."""
    low, high, found, tried = 0, len(between) - 1, last, 0
    while low < high:
        middle = (low + high) // 2
        at = look(between[middle], "")
        tried += 1
        if at.ok:
            low = middle + 1
        else:
            high, found = middle, at
    return found, tried


@contextmanager
def _files(
    archive: Archive, git: GitOrigin, commit: str, wanted: Sequence[str], work: evidence.Work
) -> Iterator[Callable[[Path], None]]:
    """Give what puts the wanted files of a commit into a folder; no edit looks at others."""
    with (
        evidence.repository(archive, git, commit, work) as clone,
        work.place.cache.scratch_dir(commit, "tree") as scratch,
    ):
        there = regenerate.listing(clone, commit, scratch, wanted)
        file = scratch / "file"
        if there:
            some = git.model_copy(update={"paths": tuple(there)})
            evidence.pack(archive, some, commit, clone, file, scratch)

        def fill(root: Path) -> None:
            if there:
                unpack(file, git.archive_format, root, strip_prefix=git.strip_prefix)

        yield fill


def _named(identity: str, clone: Path | None, cache: Cache) -> Commit:
    if clone is not None:
        with cache.scratch_dir(identity, "history") as scratch:
            found = regenerate.history(clone, "", identity, scratch)
        if found:
            return found[0]
    return Commit(identity, "", "")


def _patched(profile: Profile, patch_set: str) -> list[tuple[str, tuple[str, ...]]]:
    found = [(one.archive.name, one.patch_sets) for one in repositories(profile) if one.patch_sets]
    return [row for row in found if not patch_set or patch_set in row[1]]


def _only(profile: Profile, patch_set: str) -> str:
    names = list(dict.fromkeys(name for name, _ in _patched(profile, patch_set)))
    if len(names) == 1:
        return names[0]
    if not names:
        what = f"no patch set {patch_set}" if patch_set else "no patch sets"
        raise BadInput(f"{profile.name} has {what}", fix=f"xnnkit profile show {profile.name}")
    raise BadInput(
        f"{profile.name} patches {len(names)} archives; --against is for commits of one",
        why=", ".join(names),
        fix=f"--archive {names[-1]}",
    )
