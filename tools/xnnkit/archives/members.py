"""What is inside an archive, as one kind of object, and what of it is refused.

Every refusal names the archive and the member. The checks see the whole archive, also the members
outside the strip prefix; links are checked at the end, when all of them are known.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Literal, NoReturn

from xnnkit.archives.tree import printable
from xnnkit.errors import Finding

Kind = Literal["file", "directory", "symlink", "hardlink", "special"]

MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 2000
MAX_LINK_STEPS = 40
MAX_LINK_PARTS = 5_000_000
"""Parts of paths to follow at most, of all symlinks together."""


@dataclass(frozen=True)
class Limits:
    """How much an archive may unpack to."""

    members: int = 200_000
    """Members at most."""
    depth: int = 48
    """Parts of a path at most."""
    total: int = 8 << 30
    """Bytes of all files together at most."""
    ratio: int = 300
    """Unpacked bytes for each packed byte at most, once ``ratio_floor`` is passed."""
    ratio_floor: int = 32 << 20
    """Below this many unpacked bytes the ratio does not matter."""
    case_clash: bool = False
    """Allow names that differ only in case; Linux header sets, as in the NDK, have such."""

    def allowance(self, packed: int) -> int:
        """Return the bytes that an archive of ``packed`` bytes may unpack to."""
        return min(self.total, max(self.ratio_floor, packed * self.ratio))


@dataclass(frozen=True)
class Member:
    """One member of an archive."""

    name: str
    """As the archive has it, without a trailing slash."""
    kind: Kind
    mode: int
    """Permission bits, with set-id bits as the archive has them."""
    size: int
    """Bytes that the archive says the file has."""
    target: str = ""
    """Where a symlink or hardlink points."""
    what: str = ""
    """What a special member is, for the refusal."""
    open: Callable[[], BinaryIO] | None = None
    """Opens a file's contents."""


def refuse(archive: str, name: str, what: str, why: str = "") -> NoReturn:
    """Raise the Finding for one member of ``archive``."""
    raise Finding(
        f"{archive}: refused, {what}",
        where=f"member {printable(name)}" if name else archive,
        why=why or "an archive must not touch anything outside its own folder",
        fix="do not use this file; fetch it again or from another origin",
    )


class Gate:
    """Lets members through one by one and refuses what must not be unpacked.

    Args:
        archive: the file's name, for refusals.
        limits: bounds on count and depth (sizes are counted by whoever reads the bytes).
        strip_prefix: the folder that becomes the root; "" keeps all.
    """

    def __init__(self, archive: str, limits: Limits, strip_prefix: str) -> None:
        self._archive = archive
        self._limits = limits
        self._prefix = strip_prefix
        self._count = 0
        self._kinds: dict[str, Kind] = {}
        self._folded: dict[str, str] = {}
        self._links: dict[str, str] = {}
        self._followed = 0
        self.stripped = 0
        """Members found under the strip prefix."""

    def admit(self, member: Member) -> str | None:
        """Check one member; return its path under the strip prefix, None when it is outside.

        Raises:
            Finding: it is refused.
        """
        self._count += 1
        if self._count > self._limits.members:
            self._no(member, f"it holds more than {self._limits.members} members")
        path = self._path(member)
        if path == "":
            return None
        self._check_kind(member)
        if member.kind == "hardlink":
            self._check_hardlink(member)
        self._check_place(member, path)
        inside = self._inside(path)
        if member.kind == "symlink" and inside is not None:
            self._links[inside] = self._target(member)
        return inside

    def finish(self) -> dict[str, str]:
        """Check all symlinks together; return them, path -> target.

        Raises:
            Finding: one leads out, by itself or through others; or the prefix was not found.
        """
        if self._prefix and not self.stripped:
            tops = sorted({path.split("/")[0] for path in self._kinds})
            refuse(
                self._archive,
                "",
                f"it has no folder {self._prefix!r}",
                "at its root are: " + (", ".join(map(printable, tops[:8])) or "nothing"),
            )
        for path, target in self._links.items():
            self._resolve(path, target)
        return self._links

    def hardlink_source(self, member: Member) -> str:
        """Return the path under the strip prefix of the file that a hardlink names."""
        source = self._inside(self._clean(member.target))
        if source is None:
            self._no(member, f"it is a hard link to {member.target!r} outside {self._prefix!r}")
        return source

    def _no(self, member: Member, what: str, why: str = "") -> NoReturn:
        refuse(self._archive, member.name, what, why)

    def _path(self, member: Member) -> str:
        name = member.name
        if "\0" in name:
            self._no(member, "a member has a NUL in its name")
        if any(c < " " or c == "\x7f" for c in name):
            self._no(member, "a member has a control character in its name")
        if name.startswith("/") or name.startswith("\\") or name[1:3] in (":\\", ":/"):
            self._no(member, "a member has an absolute path")
        if "\\" in name:
            self._no(member, "a member has a backslash in its name")
        parts = name.split("/")
        if ".." in parts:
            self._no(member, "a member climbs out with '..'")
        clean = self._clean(name)
        if len(clean.encode("utf-8", "surrogateescape")) > MAX_PATH_BYTES or any(
            len(p.encode("utf-8", "surrogateescape")) > MAX_NAME_BYTES for p in parts
        ):
            self._no(member, "a member's name is too long")
        if clean.count("/") >= self._limits.depth:
            self._no(member, f"a member lies deeper than {self._limits.depth} folders")
        return clean

    def _check_kind(self, member: Member) -> None:
        if member.kind == "special":
            self._no(member, f"a member is {member.what}")
        if member.mode & 0o6000:
            self._no(member, "a member has a set-user-id or set-group-id bit")

    def _check_place(self, member: Member, path: str) -> None:
        before = self._kinds.get(path)
        if before is not None and not (before == member.kind == "directory"):
            self._no(member, "two members have the same name")
        self._claim(member, path)
        self._kinds[path] = member.kind
        parent = posixpath.dirname(path)
        while parent:
            kind = self._kinds.get(parent, "directory")
            if kind != "directory":
                self._no(member, f"a member lies below {printable(parent)!r}, which is a {kind}")
            if parent in self._kinds:
                break
            self._claim(member, parent)
            self._kinds[parent] = "directory"
            parent = posixpath.dirname(parent)

    def _claim(self, member: Member, path: str) -> None:
        other = self._folded.setdefault(path.casefold(), path)
        if other != path and not self._limits.case_clash:
            self._no(
                member,
                f"its name differs from {printable(other)!r} only in upper and lower case",
                "where case does not count, one would overwrite the other",
            )

    def _check_hardlink(self, member: Member) -> None:
        target = member.target
        if target.startswith("/") or ".." in target.split("/"):
            self._no(member, f"it is a hard link that leads out, to {printable(target)!r}")
        if self._kinds.get(self._clean(target)) not in ("file", "hardlink"):
            self._no(member, f"it is a hard link to {printable(target)!r}, no earlier file")

    def _target(self, member: Member) -> str:
        if not member.target or "\0" in member.target:
            self._no(member, "it is a symlink that points nowhere")
        if len(member.target.encode("utf-8", "surrogateescape")) > MAX_PATH_BYTES:
            self._no(member, "it is a symlink whose target is too long")
        if member.target.startswith("/"):
            self._no(member, f"it is a symlink that leads out, to {printable(member.target)!r}")
        return member.target

    def _inside(self, path: str) -> str | None:
        if not self._prefix:
            self.stripped += 1
            return path
        if path.startswith(self._prefix + "/"):
            self.stripped += 1
            return path[len(self._prefix) + 1 :]
        return None

    def _resolve(self, path: str, target: str) -> None:
        """Follow a link as the kernel would, through other links, and refuse to leave the root."""
        place = path.split("/")[:-1]
        todo = target.split("/")[::-1]
        steps = 0
        while todo:
            part = todo.pop()
            self._followed += 1
            if self._followed > MAX_LINK_PARTS:
                refuse(self._archive, path, "its symlinks lead on and on")
            if part in ("", "."):
                continue
            if part == "..":
                if not place:
                    refuse(
                        self._archive,
                        path,
                        f"it is a symlink that leads out, to {printable(target)!r}",
                    )
                place.pop()
                continue
            place.append(part)
            onward = self._links.get("/".join(place))
            if onward is not None:
                steps += 1
                if steps > MAX_LINK_STEPS:
                    refuse(self._archive, path, "it is a symlink in a ring of symlinks")
                place.pop()
                todo += onward.split("/")[::-1]

    @staticmethod
    def _clean(name: str) -> str:
        clean = posixpath.normpath(name) if name else ""
        return "" if clean == "." else clean
