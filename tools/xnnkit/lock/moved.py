"""An archive's origins at another commit: which addresses they would have, before anybody looks."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from xnnkit.errors import BadInput
from xnnkit.lock import addresses
from xnnkit.profile import Archive, GitOrigin, HttpOrigin, Origin


@dataclass(frozen=True)
class Target:
    """Where an archive moves to.

    Attributes:
        commit: its 40 digits.
        tag: the tag that was asked for; "" when a commit was.
        url: the http origin's new address, if the user gave one.
        strip_prefix: the folder in that file, with ``url``.
    """

    commit: str
    tag: str = ""
    url: str = ""
    strip_prefix: str = ""


@dataclass(frozen=True)
class Moved:
    """One origin at the new commit.

    Attributes:
        index: its number among the archive's origins.
        origin: as it is pinned now.
        changes: key -> new value of what its address is made of; hashes are not among them.
    """

    index: int
    origin: HttpOrigin | GitOrigin
    changes: dict[str, str]


def move(archive: Archive, to: Target) -> tuple[list[Moved], list[Origin]]:
    """Return the origins that can follow to the new commit, and those that cannot.

    A Debian package, a wheel or a prebuilt file is of the old commit, and nobody can tell which
    one is of the new. At the commit that is pinned all stay as they are, and none is returned but
    an http origin with another address.

    Args:
        archive: as it is pinned now.
        to: where to.

    Raises:
        BadInput: an http origin's new address cannot be told from its old one, or it is not said
            which one has another.
    """
    if to.commit == archive.commit:
        return _elsewhere(archive, to), []
    kept: list[Moved] = []
    left: list[Origin] = []
    for index, origin in enumerate(archive.origin):
        if origin.prebuilt or not isinstance(origin, HttpOrigin | GitOrigin):
            left.append(origin)
        elif isinstance(origin, HttpOrigin):
            kept.append(Moved(index, origin, _http(archive, origin, to)))
    https = [one for one in kept if isinstance(one.origin, HttpOrigin)]
    for index, origin in enumerate(archive.origin):
        if isinstance(origin, GitOrigin) and not origin.prebuilt:
            kept.append(Moved(index, origin, _git(archive, origin, to, https)))
    return sorted(kept, key=lambda one: one.index), left


def _elsewhere(archive: Archive, to: Target) -> list[Moved]:
    https = [
        (index, origin)
        for index, origin in enumerate(archive.origin)
        if isinstance(origin, HttpOrigin) and not origin.prebuilt
    ]
    if not to.url:
        return []
    if len(https) != 1:
        raise BadInput(
            f"{archive.name} has {len(https)} http origins, and --url is for one",
            why=f"{to.commit[:12]} is pinned already: every other origin stays as it is",
            fix="change the address in the profile, then: xnnkit verify PROFILE",
        )
    index, origin = https[0]
    return [Moved(index, origin, _http(archive, origin, to))]


def _http(archive: Archive, origin: HttpOrigin, to: Target) -> dict[str, str]:
    if to.url:
        return {"url": to.url, "strip_prefix": to.strip_prefix}
    old = archive.commit
    if old in origin.url:
        return {
            "url": origin.url.replace(old, to.commit),
            "strip_prefix": origin.strip_prefix.replace(old, to.commit),
        }
    tag = addresses.tag(origin.url)
    parts = urlsplit(origin.url)
    if tag and to.tag:
        bare, new = tag.removeprefix("v"), to.tag.removeprefix("v")
        return {
            "url": origin.url.replace(tag, to.tag),
            "strip_prefix": origin.strip_prefix.replace(bare, new),
        }
    words = parts.path.split("/")
    if tag and parts.netloc == "github.com" and words[3:4] == ["archive"]:
        repository = "/".join(words[:3])
        return {
            "url": f"https://github.com{repository}/archive/{to.commit}.{origin.archive_format}",
            "strip_prefix": f"{words[2]}-{to.commit}",
        }
    raise BadInput(
        f"{archive.name}: the address of {to.tag or to.commit[:12]} cannot be told",
        where=origin.url,
        why="neither the pinned commit nor a tag stands in it",
        fix="--url URL --strip-prefix FOLDER    (the file at that commit, and the folder in it)",
    )


def _git(archive: Archive, origin: GitOrigin, to: Target, https: list[Moved]) -> dict[str, str]:
    """Return the folder in the file that git makes: that of the http origin's file, if it is."""
    for one in https:
        if one.origin.strip_prefix == origin.strip_prefix:
            return {"strip_prefix": one.changes["strip_prefix"]}
    if archive.commit in origin.strip_prefix:
        return {"strip_prefix": origin.strip_prefix.replace(archive.commit, to.commit)}
    return {"strip_prefix": f"{origin.repository.split('/')[1]}-{to.commit}"}
