"""Verify: what is in the cache and in distdirs, by bytes and by tree; nothing is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xnnkit.archives import distdir, judge
from xnnkit.archives.cache import Cache
from xnnkit.archives.fetch import candidates, check_origins, items
from xnnkit.archives.judge import Item
from xnnkit.errors import Finding
from xnnkit.profile import Archive, Origin, Profile

State = Literal["ok", "missing", "wrong"]


@dataclass(frozen=True)
class Verified:
    """What was found of one item, at one place."""

    name: str
    state: State
    origin: str
    """The origin's type; "" when the item is missing."""
    path: Path | None
    sha256: str
    """The pinned hash of the bytes, or the one that was accepted."""
    tree: str | None
    """The git tree id; None where only bytes are checked, or nothing could be."""
    accepted: bool = False
    prebuilt: bool = False
    finding: Finding | None = None
    """What is wrong."""
    via: str = ""
    """``cache`` or ``distdir``; "" when the item is missing."""

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON-ready object."""
        return {
            "name": self.name,
            "state": self.state,
            "origin": self.origin,
            "via": self.via,
            "path": str(self.path) if self.path else None,
            "sha256": self.sha256,
            "tree": self.tree,
            "accepted": self.accepted,
            "prebuilt": self.prebuilt,
            "finding": self.finding.to_json() if self.finding else None,
        }


def verify_profile(
    profile: Profile,
    *,
    cache: Cache,
    origins: Sequence[str] | None = None,
    git_root: Path | None = None,
    distdirs: Sequence[Path] = (),
    jobs: int = 2,
    again: bool = False,
) -> list[Verified]:
    """Verify everything of a profile that is here.

    Args:
        profile: what to verify.
        cache: where to look; trees that it does not know yet are unpacked below it.
        origins: origin types to look for, None for all.
        git_root: clones that help to list paths that differ.
        distdirs: folders to look through too.
        jobs: files to work on at once.
        again: compute every tree, also those that the cache remembers.

    Returns:
        One `Verified` for each file found, and one for each item of which nothing is here;
        in the profile's order, then what is wrong in distdirs.

    Raises:
        BadInput: an unknown origin type or distdir.
        BadEnvironment: the cache cannot be written.
    """
    check_origins(origins)
    wanted = items(profile)
    brought, wrong = distdir.examine(distdirs, [o for item in wanted for o in item.origin])
    work = _Work(cache, git_root, brought, again)
    with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="verify") as pool:
        rows = pool.map(lambda item: work.verify(item, candidates(item, origins)), wanted)
        results = [row for found in rows for row in found]
    for finding in wrong:
        path = Path(finding.where)
        results.append(
            Verified(path.name, "wrong", "", path, "", None, finding=finding, via="distdir")
        )
    return results


def ok(results: Sequence[Verified]) -> bool:
    """Tell whether everything is here and right."""
    return all(result.state == "ok" for result in results)


@dataclass(frozen=True)
class _Work:
    cache: Cache
    git_root: Path | None
    brought: dict[str, Path]
    again: bool

    def verify(self, item: Item, origins: Sequence[Origin]) -> list[Verified]:
        """Return what was found of one item."""
        found: dict[Path, Verified] = {}
        for origin in origins:
            for path, digest in self._places(item, origin):
                if path not in found:
                    found[path] = self._check(item, origin, path, digest)
        if found:
            return list(found.values())
        return [
            Verified(item.name, "missing", "", None, origins[0].sha256 if origins else "", None)
        ]

    def _places(self, item: Item, origin: Origin) -> list[tuple[Path, str]]:
        places = []
        if (blob := self.cache.blob_path(origin.sha256)).exists():
            places.append((blob, origin.sha256))
        actual = self.cache.accepted(origin.sha256)
        if actual and judge.checked_by_tree(item, origin):
            blob = self.cache.blob_path(actual)
            if blob.exists():
                places.append((blob, actual))
        if origin.sha256 in self.brought:
            places.append((self.brought[origin.sha256], origin.sha256))
        return places

    def _check(self, item: Item, origin: Origin, path: Path, digest: str) -> Verified:
        accepted = digest != origin.sha256
        tree = None
        finding = None
        try:
            if path == self.cache.blob_path(digest):
                self.cache.get(digest, None if accepted else origin.size)
            if judge.checked_by_tree(item, origin):
                assert isinstance(item, Archive)
                tree = judge.check_tree(
                    item,
                    origin,
                    path,
                    digest,
                    self.cache,
                    self.git_root,
                    again=self.again or accepted,
                )
        except Finding as error:
            finding = error
        return Verified(
            item.name,
            "wrong" if finding else "ok",
            origin.type,
            path,
            digest,
            tree,
            accepted=accepted,
            prebuilt=origin.prebuilt,
            finding=finding,
            via="cache" if path == self.cache.blob_path(digest) else "distdir",
        )
