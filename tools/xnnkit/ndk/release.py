"""How Google names an NDK release, its file, and the folder inside."""

from __future__ import annotations

from dataclasses import dataclass

from xnnkit.errors import BadInput
from xnnkit.profile.compiler import FIRST_NDK, RELEASE


@dataclass(frozen=True)
class Release:
    """One release, as in ``r26d``."""

    version: str
    major: int
    minor: int
    """0 for r26, 1 for r26b, 2 for r26c."""

    @property
    def filename(self) -> str:
        """The name of its archive for Linux."""
        return f"android-ndk-{self.version}-linux.zip"

    @property
    def folder(self) -> str:
        """The folder that the archive holds."""
        return f"android-ndk-{self.version}"


def parse(version: str) -> Release:
    """Return the release called ``version``.

    Raises:
        BadInput: it is no name of a release, or of one that is too old.
    """
    match = RELEASE.fullmatch(version)
    if not match:
        raise BadInput(
            f"{version!r} names no NDK release",
            why="they are named r26, r26b, r26c, ...",
            fix="xnnkit lock ndk r26d",
        )
    major = int(match[1])
    if major < FIRST_NDK:
        raise BadInput(
            f"NDK {version} is too old: xnnkit needs r{FIRST_NDK} or newer",
            why="clang of older releases has no +i8mm, which KleidiAI's kernels are compiled with",
            fix="xnnkit lock ndk r26d",
        )
    return Release(version, major, ord(match[2]) - ord("a") if match[2] else 0)
