"""Where actions are cached or run: the lines of remote.bazelrc, which .bazelrc imports.

Addresses and names are written, credentials never: a file of the user's holds those, and only its
path is written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from xnnkit.errors import BadInput
from xnnkit.render.environment import render

NAME = "remote.bazelrc"
"""The file beside .bazelrc."""

_CACHES = ("http", "https", "grpc", "grpcs", "unix")
_EXECUTORS = ("grpc", "grpcs", "unix")
# No blank, quote, backslash or #: a .bazelrc would read them as something else.
_PLAIN = re.compile(r"[!$-&(-\[\]-~]+")
_INSTANCE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
_PROPERTY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*=[A-Za-z0-9_][A-Za-z0-9_.:/@+-]*")


@dataclass(frozen=True)
class Remote:
    """What remote.bazelrc says.

    Attributes:
        cache: address of the cache; "" for the executor's own, or none.
        executor: address of the execution service; "" for none.
        instance: the name that the server knows us by.
        properties: KEY=VALUE of the workers that are asked for.
        jobs: actions at a time; 0 leaves it to Bazel.
        upload: results of local actions are given to the cache.
        settings: an rc file of the user's with headers or certificates, an absolute path; "" for
            none.
    """

    cache: str = ""
    executor: str = ""
    instance: str = ""
    properties: tuple[str, ...] = ()
    jobs: int = 0
    upload: bool = True
    settings: str = ""

    def options(self) -> list[str]:
        """Return the words of a command line that ask for it."""
        named = (
            ("--remote", f"cache={self.cache}" if self.cache else ""),
            ("--remote", f"executor={self.executor}" if self.executor else ""),
            ("--remote-instance", self.instance),
            *(("--remote-property", one) for one in self.properties),
            ("--remote-jobs", str(self.jobs or "")),
            ("--remote-rc", self.settings),
        )
        words = [word for option, value in named if value for word in (option, value)]
        return words if self.upload else [*words, "--remote-read-only"]


def remote(
    urls: Sequence[str],
    *,
    instance: str = "",
    properties: Sequence[str] = (),
    jobs: int = 0,
    upload: bool = True,
    settings: str = "",
) -> Remote | None:
    """Check what a command line asks for; None when it asks for nothing remote.

    Args:
        urls: ``http://`` and ``https://`` are caches; ``grpc://``, ``grpcs://`` and ``unix:`` run
            actions and cache them; ``cache=URL`` and ``executor=URL`` say which is meant.
        instance, properties, jobs, upload, settings: as in `Remote`.

    Raises:
        BadInput: an address that is none, that is two of a kind, or that holds a credential; an
            option that only a remote has; a path of ``settings`` that is not absolute.
    """
    if not urls:
        given = instance or properties or jobs or settings or not upload
        if given:
            raise BadInput(
                "what is remote is not named",
                where="--remote",
                why="the other options of a remote say how it is used",
                fix="--remote https://CACHE, or --remote grpcs://SERVER",
            )
        return None
    found: dict[str, str] = {}
    for text in urls:
        kind, url = _address(text)
        if kind in found:
            raise BadInput(
                f"two addresses of one {kind}",
                where=f"--remote {url}",
                why=f"{found[kind]} is one already",
                fix="--remote cache=URL --remote executor=URL    (one of each)",
            )
        found[kind] = url
    executor = found.get("executor", "")
    for value, pattern, option, example in (
        *((instance, _INSTANCE, "--remote-instance", "main") for _ in [0] if instance),
        *((value, _PROPERTY, "--remote-property", "OSFamily=linux") for value in properties),
        *((settings, _PLAIN, "--remote-rc", "/PATH/remote.bazelrc") for _ in [0] if settings),
    ):
        if not pattern.fullmatch(value):
            raise BadInput(
                f"{value!r} cannot be written into a .bazelrc",
                where=option,
                why="no blank, quote, backslash or #; a property is KEY=VALUE",
                fix=f"{option} {example}",
            )
    if settings and (not settings.startswith("/") or "%workspace%" in settings):
        raise BadInput(
            f"{settings!r} is no absolute path",
            where="--remote-rc",
            why="the workspace can be moved, and a path from there would name another file",
            fix="--remote-rc /home/you/.config/remote.bazelrc",
        )
    if not executor and (properties or jobs):
        raise BadInput(
            "a cache has no workers",
            where="--remote-property or --remote-jobs",
            fix="--remote executor=grpcs://SERVER",
        )
    cache = found.get("cache", "")
    return Remote(cache, executor, instance, tuple(properties), jobs, upload, settings)


def _address(text: str) -> tuple[str, str]:
    kind, separator, url = text.partition("=")
    if not separator or kind not in ("cache", "executor"):
        kind, url = "", text
    try:
        parts = urlsplit(url)
    except ValueError:  # half of an IPv6 address; nobody can tell where a credential would be
        parts = SplitResult("", url if re.search("[@?#]", url) else "", "", "", "")
    legal = _EXECUTORS if kind == "executor" else _CACHES
    named = parts.netloc if parts.scheme != "unix" else parts.path
    if re.search("[@?#]", parts.netloc) or parts.query or parts.fragment:
        raise BadInput(
            "a credential would be written into the workspace",
            where="--remote",
            why="everybody who gets the workspace would have it",
            fix="--remote-rc FILE, with the line: build --remote_header=authorization=...",
        )
    if parts.scheme not in legal or not named or not _PLAIN.fullmatch(url):
        raise BadInput(
            f"{text!r} is no address of a {kind or 'cache or an executor'}",
            where="--remote",
            why=f"legal: {', '.join(one + ':' for one in legal)} without blanks or quotes",
            fix="--remote https://CACHE, or --remote grpcs://SERVER",
        )
    return kind or ("cache" if parts.scheme.startswith("http") else "executor"), url


def rendered(remote: Remote) -> bytes:
    """Return the file's bytes."""
    return render("remote.bazelrc.j2", remote=remote).encode()
