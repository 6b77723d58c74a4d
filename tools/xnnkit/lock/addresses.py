"""What an address says about itself: fetched in the clear, changing under its name, or gone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_TAG = re.compile(
    r"(?:/archive/(?:refs/tags/)?|/releases/download/|/get/)(?P<ref>[^/]+)(?:/|\.(?:zip|tar\.\w+)$)"
)
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_VERSION = re.compile(r"v?\d[\w.+-]*")
_BRANCH = r"(?:master|main|HEAD|head|trunk|develop|latest|nightly|stable)"
_MOVING = tuple(
    re.compile(pattern)
    for pattern in (
        r"/refs/heads/",
        rf"/(?:archive|zipball|tarball|get|\+archive)/{_BRANCH}(?:\.|/|$)",
        rf"/-/archive/{_BRANCH}/",
        rf"//codeload\.github\.com/[^/]+/[^/]+/[^/]+/(?:refs/heads/.+|{_BRANCH})$",
        rf"//raw\.githubusercontent\.com/[^/]+/[^/]+/{_BRANCH}/",
        r"/releases/latest(?:/|$)",
        r"[/_-]latest(?=[./]|$)",
    )
)


@dataclass(frozen=True)
class Move:
    """An address that is no longer served, by what it starts with."""

    pattern: re.Pattern[str]
    where: str
    """Where it went, or ""."""
    why: str


MOVES = (
    Move(
        re.compile(r"\w+://(?:dl|jcenter)\.bintray\.com(?:/|$)"),
        "the project's releases, or Maven Central",
        "Bintray and JCenter were shut down in 2021",
    ),
    Move(
        re.compile(r"\w+://bitbucket\.org/eigen/eigen(?:/|$)"),
        "https://gitlab.com/libeigen/eigen",
        "Bitbucket removed all Mercurial repositories in 2020",
    ),
    Move(
        re.compile(r"git://github\.com/"),
        "https://github.com/",
        "GitHub has not answered the git protocol since 2022",
    ),
    Move(
        re.compile(r"https?://(?:www\.)?zlib\.net/zlib-[\d.]+\.tar\.\w+$"),
        "https://zlib.net/fossils/",
        "zlib.net keeps only the newest release there, and moves it with the next one",
    ),
    Move(
        re.compile(r"https?://[\w.-]*googlecode\.com/"),
        "the project's new home",
        "Google Code was closed in 2016",
    ),
)
"""Moves that are known without asking; `follow` asks."""


def plain(url: str) -> bool:
    """Tell whether whoever stands in between can read and change what comes from there."""
    return urlsplit_scheme(url) in ("http", "ftp", "git", "rsync")


def urlsplit_scheme(url: str) -> str:
    """Return an address's scheme in lower case, "" when it has none or is no address."""
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


def moving(url: str) -> str:
    """Return what in an address names a branch or "the newest", "" when nothing does."""
    for pattern in _MOVING:
        if match := pattern.search(url):
            return match[0].strip("/.-_")
    return ""


def tag(url: str) -> str:
    """Return the tag that an archive's address names, "" when it names a commit or nothing."""
    match = _TAG.search(url)
    if not match or moving(url):
        return ""
    ref = match["ref"]
    if _COMMIT.fullmatch(ref) and not _VERSION.fullmatch(ref):
        return ""
    return "" if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", ref) else ref


def moved(url: str) -> Move | None:
    """Return where an address is known to have gone, None when nothing is known."""
    for one in MOVES:
        if one.pattern.match(url):
            return one
    return None


def packed_anew(url: str) -> bool:
    """Tell whether the host makes other bytes at each download, so that no sha256 can hold."""
    parts = urlsplit(url) if urlsplit_scheme(url) else None
    return parts is not None and parts.netloc.endswith("googlesource.com") and "+archive" in url
