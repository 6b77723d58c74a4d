"""Fetch: every archive and toolchain of a profile into the cache, verified.

Looked for in the cache, in distdirs, then at each origin in order. An origin that cannot be
reached is noted and the next is tried; one that gives something wrong stops everything.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from xnnkit.archives import distdir, judge
from xnnkit.archives.cache import Cache, Stopped, remove_tree
from xnnkit.archives.http import Net, Unreachable
from xnnkit.archives.judge import Item
from xnnkit.archives.origins import Place, obtain
from xnnkit.archives.stream import Digest, TooLong, copy
from xnnkit.errors import BadEnvironment, BadInput, XnnkitError
from xnnkit.profile import Archive, GitOrigin, Origin, Profile, Toolchain

ORIGIN_TYPES = ("http", "git", "debian", "pypi")

Progress = Callable[[str, int, int], None]
"""Told (name, bytes there so far, bytes in all)."""


@dataclass(frozen=True)
class Fetched:
    """One file that is in the cache now, verified."""

    name: str
    kind: Literal["archive", "toolchain"]
    origin: Origin
    """Where the file comes from, or would come from if it was there already."""
    blob: Path
    sha256: str
    """Of the bytes; not the origin's when ``accepted``."""
    size: int
    """Bytes."""
    tree: str | None
    """The git tree id, None where only bytes are checked."""
    prebuilt: bool
    accepted: bool
    """Other bytes than pinned, accepted by the user because the tree is the pinned one."""
    from_cache: bool
    """Nothing had to be fetched."""
    via: str
    """``cache``, ``distdir``, or the origin's type."""
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON-ready object."""
        return {
            "name": self.name,
            "kind": self.kind,
            "origin": self.origin.type,
            "location": self.origin.location,
            "blob": str(self.blob),
            "sha256": self.sha256,
            "size": self.size,
            "tree": self.tree,
            "prebuilt": self.prebuilt,
            "accepted": self.accepted,
            "from_cache": self.from_cache,
            "via": self.via,
            "notes": self.notes,
        }


def fetch_profile(
    profile: Profile,
    *,
    cache: Cache,
    origins: Sequence[str] | None = None,
    git_root: Path | None = None,
    distdirs: Sequence[Path] = (),
    jobs: int = 4,
    accept_tree: Collection[str] = (),
    progress: Progress | None = None,
    repair: bool = False,
    net: Net | None = None,
) -> list[Fetched]:
    """Fetch everything that the profile pins for this machine.

    Args:
        profile: what to fetch.
        cache: where to put it.
        origins: origin types to use, in this order; None takes each archive's own order. An
            item that has none of them is an error.
        git_root: the folder of clones for ``git`` origins.
        distdirs: folders that are looked through before any origin.
        jobs: files to work on at once.
        accept_tree: names of archives that may have other bytes if the tree is right.
        progress: told how far each file is, from several threads.
        repair: move a damaged file in the cache aside and fetch it again.
        net: how to connect; a test's shorter timeouts.

    Returns:
        One `Fetched` an archive, then one a toolchain, in the profile's order.

    Raises:
        Finding: something has the wrong bytes or the wrong tree; nothing of it is in the cache.
        BadEnvironment: an item cannot be had from any origin, or the cache cannot be written.
        BadInput: an unknown origin type, archive or distdir.
    """
    wanted = items(profile)
    check_origins(origins)
    _check_accepted(wanted, accept_tree)
    net = net or Net()
    place = Place(cache, net, git_root)
    brought = distdir.index(distdirs, (o for item in wanted for o in item.origin))
    work = _Work(place, origins, brought, accept_tree, progress, repair)
    try:
        return _all(work, wanted, jobs, net.stop)
    finally:
        net.close()


def items(profile: Profile) -> list[Item]:
    """Return the archives, and the toolchains for this machine (all hosts' if none fits)."""
    host = f"{platform.system().lower()}-{platform.machine()}"
    fitting = [t for t in profile.toolchain if t.host == host]
    return [*profile.archive, *(fitting or profile.toolchain)]


def candidates(item: Item, origins: Sequence[str] | None) -> list[Origin]:
    """Return the item's origins to try, in order.

    Args:
        item: an archive or a toolchain.
        origins: origin types in the user's order, None for the item's own order.
    """
    if origins is None:
        return list(item.origin)
    return [
        origin for kind in dict.fromkeys(origins) for origin in item.origin if origin.type == kind
    ]


def check_origins(origins: Sequence[str] | None) -> None:
    """Refuse an origin type that does not exist.

    Raises:
        BadInput: with the legal ones.
    """
    for kind in origins or ():
        if kind not in ORIGIN_TYPES:
            raise BadInput(
                f"there is no origin type {kind!r}", why=f"legal: {', '.join(ORIGIN_TYPES)}"
            )


def _check_accepted(wanted: Iterable[Item], accept_tree: Collection[str]) -> None:
    names = [item.name for item in wanted if isinstance(item, Archive)]
    for name in accept_tree:
        if name not in names:
            raise BadInput(
                f"--accept-tree: there is no archive {name!r}", why=f"legal: {', '.join(names)}"
            )


def _all(work: _Work, wanted: Sequence[Item], jobs: int, stop: threading.Event) -> list[Fetched]:
    futures: list[Future[Fetched]] = []
    with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="fetch") as pool:
        try:
            futures = [pool.submit(work.fetch, item) for item in wanted]
            pending: set[Future[Fetched]] = set(futures)
            while pending:
                done, pending = wait(pending, return_when=FIRST_EXCEPTION)
                if any(_stops_all(future) for future in done):
                    stop.set()
                    break
        except BaseException:  # Ctrl-C, above all: no thread may go on
            stop.set()
            raise
        finally:
            for future in futures:
                future.cancel()
    errors = [e for f in futures if not f.cancelled() and (e := f.exception()) is not None]
    real = [e for e in errors if not isinstance(e, (Stopped, NoOrigin))]
    if real:
        raise real[0]
    missing = [e for e in errors if isinstance(e, NoOrigin)]
    if missing:
        raise _nothing_to_fetch(missing)
    return [future.result() for future in futures]


def _stops_all(future: Future[Fetched]) -> bool:
    error = future.exception()
    return error is not None and not isinstance(error, NoOrigin)


class NoOrigin(Exception):
    """No origin of one item can be had.

    Args:
        item: which.
        reasons: (origin type, why not, what would help) for each that was tried.
    """

    def __init__(self, item: Item, reasons: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(item.name)
        self.item = item
        self.reasons = reasons


def _nothing_to_fetch(missing: Sequence[NoOrigin]) -> XnnkitError:
    told: dict[str, list[str]] = {}
    fixes: dict[str, None] = {}
    for one in missing:
        if not one.reasons:
            legal = ", ".join(dict.fromkeys(o.type for o in one.item.origin))
            told.setdefault(f"none of the asked origins; only {legal}", []).append(one.item.name)
        for kind, reason, fix in one.reasons:
            told.setdefault(f"{kind}: {reason}", []).append(one.item.name)
            if fix:
                fixes[fix] = None
    names = ", ".join(one.item.name for one in missing)
    fixes["xnnkit fetch PROFILE --distdir FOLDER    (with the files in it)"] = None
    fixes["or connect to the network and type the same again"] = None
    return BadEnvironment(
        f"cannot be fetched from any origin: {names}",
        why="\n         ".join(f"{reason} ({', '.join(of)})" for reason, of in told.items()),
        fix="\n".join(fixes),
    )


@dataclass(frozen=True)
class _Work:
    """Fetches one item after the other; each thread calls `fetch`."""

    place: Place
    origins: Sequence[str] | None
    brought: dict[str, Path]
    accept_tree: Collection[str]
    progress: Progress | None
    repair: bool

    def fetch(self, item: Item) -> Fetched:
        """Find one item in the cache, in a distdir, or at an origin."""
        tried = candidates(item, self.origins)
        for origin in tried:
            if (found := self._from_cache(item, origin)) is not None:
                return found
        for origin in tried:
            if (found := self._from_distdir(item, origin)) is not None:
                return found
        reasons: list[tuple[str, str, str]] = []
        for origin in tried:
            try:
                found = self._from_origin(item, origin)
            except Unreachable as error:
                reasons.append((origin.type, error.reason, error.fix))
                continue
            found.notes[:0] = [f"{kind}: {reason}" for kind, reason, _ in reasons]
            return found
        raise NoOrigin(item, reasons)

    def _from_cache(self, item: Item, origin: Origin) -> Fetched | None:
        if self.place.net.stop.is_set():
            raise Stopped
        cache = self.place.cache
        blob = cache.get(origin.sha256, origin.size, repair=self.repair)
        if blob is not None:
            tree = self._tree(item, origin, blob, origin.sha256)
            return self._done(item, origin, blob, tree)
        actual = cache.accepted(origin.sha256)
        if actual is None or not judge.checked_by_tree(item, origin):
            return None
        blob = cache.get(actual, repair=self.repair)
        if blob is None:
            return None
        # What a note in the cache alone vouches for is unpacked again every time.
        tree = self._tree(item, origin, blob, actual, again=True)
        return self._done(item, origin, blob, tree, accepted=actual)

    def _from_distdir(self, item: Item, origin: Origin) -> Fetched | None:
        file = self.brought.get(origin.sha256)
        if file is None:
            return None
        cache = self.place.cache
        with cache.lock(origin.sha256, self.place.net.stop):
            part = cache.scratch(origin.sha256, "distdir")
            try:
                with file.open("rb") as source, cache.writing():
                    actual = copy(source, part, bound=origin.size)
            except TooLong as error:  # it has grown since it was looked at
                raise judge.too_long(item, origin, error.bound) from error
            found = self._accept(item, origin, part, actual, via="distdir")
        found.notes.append(f"from {file}")
        return found

    def _from_origin(self, item: Item, origin: Origin) -> Fetched:
        cache = self.place.cache
        with cache.lock(origin.sha256, self.place.net.stop):
            # Another process may have done it while this one waited.
            blob = cache.get(origin.sha256, origin.size, repair=self.repair)
            if blob is None:
                return self._download(item, origin)
        return self._done(item, origin, blob, self._tree(item, origin, blob, origin.sha256))

    def _download(self, item: Item, origin: Origin) -> Fetched:
        commit = item.commit if isinstance(item, Archive) else ""
        most = judge.bound(item, origin)

        def tick(size: int) -> None:
            if self.progress:
                self.progress(item.name, size, origin.size)

        try:
            part, actual = obtain(origin, commit, self.place, bound=most, tick=tick)
        except TooLong as error:
            raise judge.too_long(item, origin, error.bound) from error
        return self._accept(item, origin, part, actual, via=origin.type)

    def _accept(
        self, item: Item, origin: Origin, part: Path, actual: Digest, *, via: str
    ) -> Fetched:
        """Judge a file in ``partial/`` and publish it; the caller holds the origin's lock."""
        cache = self.place.cache
        try:
            tree, accepted = judge.judge(
                item,
                origin,
                part,
                actual,
                cache,
                git_root=self.place.git_root,
                accept_tree=self.accept_tree,
            )
            blob = cache.publish(part, actual.sha256)
        finally:
            remove_tree(part)
            cache.sweep(origin.sha256)
        if accepted:
            cache.accept(origin.sha256, actual.sha256, item.name)
        return self._done(
            item, origin, blob, tree, accepted=actual.sha256 if accepted else "", via=via
        )

    def _tree(
        self, item: Item, origin: Origin, blob: Path, digest: str, *, again: bool = False
    ) -> str | None:
        if not judge.checked_by_tree(item, origin):
            return None
        assert isinstance(item, Archive)
        place = self.place
        return judge.check_tree(
            item, origin, blob, digest, place.cache, place.git_root, again=again
        )

    def _done(
        self,
        item: Item,
        origin: Origin,
        blob: Path,
        tree: str | None,
        *,
        accepted: str = "",
        via: str = "cache",
    ) -> Fetched:
        size = blob.stat().st_size
        if self.progress:
            self.progress(item.name, size, size)
        return Fetched(
            name=item.name,
            kind="toolchain" if isinstance(item, Toolchain) else "archive",
            origin=origin,
            blob=blob,
            sha256=accepted or origin.sha256,
            size=size,
            tree=tree,
            prebuilt=origin.prebuilt,
            accepted=bool(accepted),
            from_cache=via == "cache",
            via=via,
            notes=_notes(item, origin, accepted),
        )


def _notes(item: Item, origin: Origin, accepted: str) -> list[str]:
    notes = []
    if origin.prebuilt:
        notes.append("prebuilt: checked by its bytes only, there is no source tree to check")
    elif isinstance(origin, GitOrigin) and origin.paths:
        notes.append(f"a part of the commit's tree: {len(origin.paths)} paths")
    if accepted:
        notes.append(f"other bytes than pinned, accepted by tree: sha256 {accepted}")
    return notes
