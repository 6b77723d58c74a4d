"""Download or read one NDK archive, hold it to what Google publishes, compute its sha256."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xnnkit.archives.cache import Cache
from xnnkit.archives.http import Net, Unreachable, download, forget
from xnnkit.archives.readers import BROKEN
from xnnkit.archives.stream import CHUNK, Digest, TooLong
from xnnkit.errors import BadEnvironment, BadInput, Finding
from xnnkit.ndk import manifest
from xnnkit.ndk.manifest import Published
from xnnkit.ndk.release import Release, parse
from xnnkit.profile.compiler import ACCEPTED, LICENCE

BASE = "https://dl.google.com/android/repository/"
LIST = BASE + "repository2-3.xml"
_MAX_PROPERTIES = 1 << 16


@dataclass(frozen=True)
class Lock:
    """A release whose bytes were checked."""

    release: Release
    published: Published
    sha256: str
    revision: str
    """Pkg.Revision of the release's own source.properties."""
    url: str
    """Where a profile gets it from."""

    def toml(self) -> str:
        """Return the block that a profile pins the release with."""
        return (
            "[[toolchain]]\n"
            'name = "ndk"\n'
            f'version = "{self.release.version}"\n'
            'host = "linux-x86_64"\n'
            'licence = "LicenseRef-Android-SDK"\n'
            "\n"
            "[[toolchain.origin]]\n"
            'type = "http"\n'
            f'url = "{self.url}"\n'
            f'sha256 = "{self.sha256}"\n'
            f"size = {self.published.size}\n"
            f'strip_prefix = "{self.release.folder}"\n'
        )

    def to_json(self) -> dict[str, object]:
        """Return all of it, JSON-ready."""
        return {
            "version": self.release.version,
            "revision": self.revision,
            "url": self.url,
            "size": self.published.size,
            "sha1": self.published.sha1,
            "sha256": self.sha256,
            "strip_prefix": self.release.folder,
            "toml": self.toml(),
        }


class _AnySha256(Digest):
    """Equal to every digest of its size: the hash is not known yet, SHA-1 decides afterwards."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and other.size == self.size

    __hash__ = Digest.__hash__


def lock(
    version: str,
    cache: Cache,
    *,
    file: Path | None = None,
    published: Published | None = None,
    base: str = BASE,
    accepted: bool = False,
    net: Net | None = None,
    tick: Callable[[int], None] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Lock:
    """Check a release against what Google publishes and return what a profile pins.

    A download that passed is left in the cache, so that a build need not repeat it.

    Args:
        version: as in ``r26d``.
        cache: takes the partial download, and the file when it is right.
        file: an archive that is already here; nothing but the list is downloaded.
        published: size and SHA-1 to check against; None reads Google's list.
        base: where the list and the archive are, with a slash at the end.
        accepted: the licence was accepted; asked for before a download only.
        net: connections; one of its own when None.
        tick: told the bytes that are there so far.
        say: called with a line before a long step.

    Raises:
        BadInput: no such release, or the licence was not accepted.
        BadEnvironment: the list or the archive cannot be had.
        Finding: the archive is not what Google published, or holds another release.
    """
    release = parse(version)
    if file is None and not accepted:
        raise BadInput(
            f"NDK {version} is not downloaded: its licence has not been accepted",
            where=LICENCE,
            why="Google gives the NDK under that agreement, and nobody can accept it for you",
            fix=f"xnnkit lock ndk {version} --accept-ndk-licence\nor export {ACCEPTED}=1",
        )
    own = net or Net()
    try:
        if published is None:
            published = _read_list(base + LIST.removeprefix(BASE), release, cache, own)
        url = BASE + release.filename
        if file is not None:
            sha256 = _check(file, published, str(file))
            return Lock(release, published, sha256, _revision(file, release), url)
        say(f"downloading NDK {version}: {published.size:,} bytes")
        return _fetch(release, published, base, cache, own, tick)
    finally:
        if net is None:
            own.close()


def _fetch(
    release: Release,
    published: Published,
    base: str,
    cache: Cache,
    net: Net,
    tick: Callable[[int], None] | None,
) -> Lock:
    address = base + release.filename
    with cache.lock(published.sha1):
        part = cache.scratch(published.sha1, "ndk.part")
        want = _AnySha256("", published.size)
        try:
            with cache.writing():
                download(address, part, want, net, bound=published.size, tick=tick)
            sha256 = _check(part, published, address)
            revision = _revision(part, release)
        except Unreachable as error:
            raise BadEnvironment(
                f"{release.filename} cannot be downloaded",
                where=address,
                why=error.reason,
                fix=f"xnnkit lock ndk {release.version} --file ZIP   (one that is already here)",
            ) from error
        except TooLong as error:
            raise _other_bytes(address, f"{error}, {published.size:,} are published") from error
        except Finding:
            forget(part)
            raise
        cache.publish(part, sha256)
        forget(part)
    return Lock(release, published, sha256, revision, BASE + release.filename)


def _read_list(address: str, release: Release, cache: Cache, net: Net) -> Published:
    part = cache.scratch("list-" + release.version, f"{os.getpid()}.xml")
    forget(part)
    try:
        with cache.writing():
            download(address, part, _AnySha256("", 0), net, bound=manifest.MAX_BYTES)
        return manifest.find(part.read_bytes(), release.filename, address)
    except (Unreachable, TooLong) as error:
        raise BadEnvironment(
            "Google's list of packages cannot be downloaded",
            where=address,
            why=str(error),
            fix=f"xnnkit lock ndk {release.version} --file ZIP --sha1 HEX --size BYTES\n"
            "where the archive is here already, and Google's page of the NDK says both",
        ) from error
    finally:
        forget(part)


def _check(file: Path, published: Published, where: str) -> str:
    """Return the sha256 of a file whose size and SHA-1 are the published ones."""
    sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    size = 0
    try:
        with file.open("rb", buffering=0) as stream:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                sha1.update(chunk)
                sha256.update(chunk)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from error
    if size != published.size:
        raise _other_bytes(where, f"{size:,} bytes, {published.size:,} are published")
    if sha1.hexdigest() != published.sha1:
        raise _other_bytes(where, f"SHA-1 {sha1.hexdigest()}, published is {published.sha1}")
    return sha256.hexdigest()


def _other_bytes(where: str, why: str) -> Finding:
    return Finding(
        "the archive is not the one that Google published",
        where=where,
        why=why,
        fix="download it again; if it stays so, do not use it",
    )


def _revision(file: Path, release: Release) -> str:
    """Return Pkg.Revision from inside an archive; it must be that of the release."""
    member = f"{release.folder}/source.properties"
    try:
        with zipfile.ZipFile(file) as archive, archive.open(member) as stream:
            text = stream.read(_MAX_PROPERTIES).decode()
    except (KeyError, *BROKEN) as error:
        raise Finding(
            f"the archive has no {member}",
            where=str(file),
            why=f"every NDK says its revision there ({error})",
        ) from error
    values = {
        key.strip(): value.strip()
        for key, _, value in (line.partition("=") for line in text.splitlines())
    }
    revision = values.get("Pkg.Revision", "")
    if not revision.startswith(f"{release.major}.{release.minor}."):
        raise Finding(
            f"the archive holds revision {revision or 'none'}",
            where=str(file),
            why=f"{release.version} is revision {release.major}.{release.minor}.*",
        )
    return revision
