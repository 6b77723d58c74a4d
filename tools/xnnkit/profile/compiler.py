"""Which compiler a build uses, and which of a profile's pins such a build needs."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Literal

from xnnkit.errors import BadEnvironment, BadInput
from xnnkit.profile.model import Profile, Toolchain

DEFAULT_API_LEVEL = 30
"""Android 11: every phone whose processor has i8mm runs it or something newer."""

API_LEVELS = range(21, 36)
"""21 is the first with 64-bit Arm, 35 the last that the pinned releases have."""

FIRST_NDK = 25
"""The first release whose clang has +i8mm; rules/private/ndk_release.bzl refuses older ones too."""

RELEASE = re.compile(r"r(\d+)([b-z]?)")
"""How Google names a release: its major version and, from the second on, a letter."""

HOME = "ANDROID_NDK_HOME"

LICENCE = "https://developer.android.com/studio/terms"

ACCEPTED = "XNNKIT_ACCEPT_ANDROID_SDK_LICENSE"
"""Set to 1 by who accepts the licence for all builds; the repository rule reads it, too."""


@dataclass(frozen=True)
class Compiler:
    """What the benchmark is compiled with; tools that run on this machine always get zig.

    Attributes:
        name: "zig" or "ndk".
        version: the pinned release of the NDK; "" for an installed one, and for zig.
        path: the folder of an installed NDK; "" for a pinned one.
        api_level: the oldest Android API level that binaries run on; ndk only.
        licence_accepted: the NDK's licence was accepted on the command line.
        revision: Pkg.Revision of an installed NDK, as in 26.3.11579264; "" for a pinned one.
    """

    name: Literal["zig", "ndk"] = "zig"
    version: str = ""
    path: str = ""
    api_level: int = DEFAULT_API_LEVEL
    licence_accepted: bool = False
    revision: str = ""

    def identity(self) -> dict[str, object]:
        """Return what of it goes into a build's manifest, JSON-ready."""
        if self.name == "zig":
            return {"name": "zig"}
        known = {"version": self.version, "path": self.path, "revision": self.revision}
        found = {"name": "ndk", **{k: v for k, v in known.items() if v}}
        return {**found, "api_level": self.api_level}

    def options(self) -> list[str]:
        """Return the words of a command line that ask for it; none for zig."""
        if self.name == "zig":
            return []
        level = self.api_level != DEFAULT_API_LEVEL
        accepted = self.version and self.licence_accepted
        return [
            *("--toolchain", "ndk", "--ndk", self.version or self.path),
            *(("--api-level", str(self.api_level)) if level else ()),
            *(("--accept-ndk-licence",) if accepted else ()),
        ]


ZIG = Compiler()


def choose(
    profile: Profile,
    name: str,
    *,
    ndk: str = "",
    api_level: int | None = None,
    licence_accepted: bool = False,
) -> Compiler:
    """Return the compiler that a command line asks for.

    Args:
        profile: with the toolchains that are legal and pinned.
        name: "zig" or "ndk".
        ndk: a pinned release such as "r26d", the folder of an installed NDK, "local" for the one
            that ANDROID_NDK_HOME names, or "" for the first that the profile pins.
        api_level: 21 to 35; None for 30. For "ndk" only.
        licence_accepted: as in `Compiler`.

    Raises:
        BadInput: the profile cannot be built with it, or there is no such release or folder.
        BadEnvironment: "local", and ANDROID_NDK_HOME is not set.
    """
    if name not in profile.toolchains:
        raise BadInput(
            f"profile {profile.name} has no toolchain {name!r}",
            why=f"legal: {', '.join(profile.toolchains)}",
            fix=f"--toolchain {profile.toolchains[0]}",
        )
    if name != "ndk":
        for option, given in (("--ndk", bool(ndk)), ("--api-level", api_level is not None)):
            if given:
                raise BadInput(
                    f"{option} is for --toolchain ndk",
                    why="zig's binaries link musl and run on every Android that has a kernel of its"
                    " time: no NDK and no API level takes part",
                    fix=f"add --toolchain ndk, or leave {option} out",
                )
        return ZIG
    api_level = DEFAULT_API_LEVEL if api_level is None else api_level
    if api_level not in API_LEVELS:
        raise BadInput(
            f"there is no API level {api_level} to build for",
            where="--api-level",
            why=f"legal: {API_LEVELS[0]} (the first with 64-bit Arm) to {API_LEVELS[-1]}",
        )
    if ndk == "local":
        ndk = os.environ.get(HOME, "")
        if not ndk:
            raise BadEnvironment(
                f"{HOME} is not set",
                where="--ndk local",
                why="it says where the installed NDK is",
                fix=f"export {HOME}=FOLDER, or --ndk FOLDER",
            )
    if "/" in ndk or os.path.isdir(ndk):
        return _installed(ndk, api_level)
    pinned = [one.version for one in profile.toolchain if one.name == "ndk"]
    if ndk and ndk not in pinned:
        raise BadInput(
            f"profile {profile.name} pins no NDK {ndk!r}",
            where="--ndk",
            why=f"pinned: {', '.join(pinned) or 'none'}",
            fix=(
                f"xnnkit lock ndk {ndk}    (prints the [[toolchain]] table for the profile)\n"
                if RELEASE.fullmatch(ndk)
                else ""
            )
            + "--ndk FOLDER           (an installed one)",
        )
    return Compiler("ndk", ndk or pinned[0], "", api_level, licence_accepted)


def _installed(folder: str, api_level: int) -> Compiler:
    path = os.path.abspath(os.path.expanduser(folder))
    if not path.isprintable():
        raise BadInput(
            "the name of the NDK's folder holds what is not printable",
            where=ascii(path),
            why="the name is written into the workspace, where a line break begins another line",
            fix="give the folder another name, or name a link to it",
        )
    try:
        with open(os.path.join(path, "source.properties"), encoding="utf-8") as file:
            text = file.read(1 << 16)
    except (OSError, UnicodeDecodeError):
        text = ""
    revision = re.search(r"^\s*Pkg\.Revision\s*=\s*((\d+)\.\S*)\s*$", text, re.MULTILINE)
    if revision and int(revision[2]) < FIRST_NDK:
        raise BadInput(
            f"the NDK is r{revision[2]}",
            where=path,
            why=f"its clang has no +i8mm; r{FIRST_NDK} is the first that has",
            fix="--ndk FOLDER, a newer one, or leave --ndk out for the pinned release",
        )
    if not revision:
        raise BadInput(
            "there is no NDK",
            where=path,
            why="an NDK's folder has a file source.properties with its Pkg.Revision",
            fix="--ndk FOLDER, the one with source.properties and toolchains/ in it",
        )
    return Compiler("ndk", "", path, api_level, revision=revision[1])


def refuse_unaccepted(compiler: Compiler) -> None:
    """Refuse to fetch a pinned NDK for somebody who has not accepted its licence.

    Raises:
        BadInput: it has not been accepted.
    """
    if not compiler.version or compiler.licence_accepted:
        return
    raise BadInput(
        "the licence of Android's NDK has not been accepted",
        where=f"NDK {compiler.version}",
        why=f"Google gives the NDK to those who accept {LICENCE}",
        fix="read it, then add --accept-ndk-licence\n"
        f"or export {ACCEPTED}=1\n"
        "or --ndk FOLDER, one that you installed yourself",
    )


def toolchains(profile: Profile, compiler: Compiler) -> tuple[Toolchain, ...]:
    """Return the toolchains that a build fetches: zig, and the NDK if it is a pinned one."""
    return tuple(
        one
        for one in profile.toolchain
        if one.name == "zig" or (compiler.name == "ndk" and one.version == compiler.version)
    )


def needed(profile: Profile, compiler: Compiler = ZIG) -> Profile:
    """Return the profile with nothing but the toolchains that a build with `compiler` fetches."""
    return profile.model_copy(update={"toolchain": toolchains(profile, compiler)})
