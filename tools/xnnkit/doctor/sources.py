"""Whether every archive can be had: from the cache, the network, a mirror or clones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from xnnkit.archives.origins.git import address
from xnnkit.doctor.model import Need, Places
from xnnkit.doctor.probes import Probes
from xnnkit.errors import typed
from xnnkit.profile import (
    Archive,
    DebianOrigin,
    GitOrigin,
    HttpOrigin,
    Origin,
    Profile,
    PypiOrigin,
    Toolchain,
)
from xnnkit.profile.compiler import needed


def network(profile: Profile, places: Places, probes: Probes) -> Iterator[Need]:
    """Ask every host once, all at the same time, and judge each archive by the answers.

    One host that does not answer is no reason to stop; an archive with no way left is.
    """
    entries: Sequence[Archive | Toolchain] = (*profile.archive, *needed(profile).toolchain)
    urls = _addresses(entries, probes)
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = dict(zip(urls, pool.map(lambda n: probes.reachable(urls[n]), urls), strict=True))
    for name, url in urls.items():
        ok = bool(url) and answers[name]
        found = f"{url or 'none configured'}{'' if ok else ' does not answer' if url else ''}"
        yield Need(name, ok, False, found, "" if ok else _fix(name, url))
    yield _git_root(entries, places, probes)

    def obtainable(origin: Origin) -> bool:
        if probes.exists(places.cache / "sha256" / origin.sha256[:2] / origin.sha256):
            return True
        match origin:
            case HttpOrigin():
                return answers[_host(origin.url)]
            case DebianOrigin():
                return bool(urls["debian"]) and answers["debian"]
            case PypiOrigin():
                return bool(urls["pypi"]) and answers["pypi"]
            case GitOrigin():
                there = _has_clone(places.git_root, origin.repository, probes.exists)
                return there or answers[_host(address(origin))]

    lacking = [e.name for e in entries if not any(map(obtainable, e.origin))]
    found = f"no way to get {', '.join(lacking)}" if lacking else f"all {len(entries)} can be had"
    fix = f"xnnkit mirror {profile.name} --git-root DIR --out DIR  # on a machine that can"
    yield Need("sources", not lacking, True, found, fix if lacking else "")


def _addresses(entries: Sequence[Archive | Toolchain], probes: Probes) -> dict[str, str]:
    """Return name -> URL of everything to ask: each host, the Debian mirror, the package index."""
    urls: dict[str, str] = {}
    for entry in entries:
        for origin in entry.origin:
            match origin:
                case HttpOrigin():
                    urls.setdefault(_host(origin.url), f"https://{_host(origin.url)}/")
                case GitOrigin():
                    where = address(origin)
                    urls.setdefault(_host(where), f"{urlsplit(where).scheme}://{_host(where)}/")
                case DebianOrigin() if "debian" not in urls:
                    urls["debian"] = probes.debian_mirror()
                case PypiOrigin() if "pypi" not in urls:
                    urls["pypi"] = probes.package_index()
    return urls


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _fix(name: str, url: str) -> str:
    if url:
        return f"curl -sSI {typed(url)}"
    return {"debian": "apt-get indextargets", "pypi": "python3 -m pip config list"}[name]


def _git_root(entries: Sequence[Archive | Toolchain], places: Places, probes: Probes) -> Need:
    fix = "export XNNKIT_GIT_ROOT=/a/folder/of/clones"
    if places.git_root is None:
        return Need("git-root", False, False, "XNNKIT_GIT_ROOT is not set", fix)
    wanted = sorted({o.repository for e in entries for o in e.origin if isinstance(o, GitOrigin)})
    missing = [r for r in wanted if not _has_clone(places.git_root, r, probes.exists)]
    found = f"{len(wanted) - len(missing)} of {len(wanted)} clones in {places.git_root}"
    if missing:
        start = f"git clone --mirror https://github.com/{missing[0]}"
        fix = f"{start} {typed(places.git_root / f'{missing[0]}.git')}"
    return Need("git-root", not missing, False, found, fix if missing else "")


def _has_clone(root: Path | None, repository: str, exists: Callable[[Path], bool]) -> bool:
    """Tell whether ``root`` holds a clone of OWNER/NAME, in any of the three places for it."""
    if root is None:
        return False
    flat = repository.replace("/", "+")
    return any(exists(root / p) for p in (repository, f"{repository}.git", f"{flat}/repo"))
