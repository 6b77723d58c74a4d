"""Which image is asked for, and what of that is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from xnnkit.errors import BadInput
from xnnkit.profile import Flavour, Profile
from xnnkit.profile.compiler import LICENCE
from xnnkit.render.repositories import available

DEFAULT_BASE = "docker.io/library/debian:testing-slim"
"""Debian testing has the Bazel of the profiles; its packages are checked by apt's signatures."""

# host[:port]/path[:tag][@sha256:digest], and nothing that a Dockerfile would read as more.
_IMAGE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_SUITE = re.compile(r"[a-z][a-z0-9.-]*")


@dataclass(frozen=True)
class Image:
    """What a build context is made for.

    Attributes:
        base: the image that everything starts from.
        toolchain: "zig", or "ndk" for binaries alone.
        flavours: what is built, in the profile's order.
    """

    base: str
    toolchain: Literal["zig", "ndk"]
    flavours: tuple[Flavour, ...]

    @property
    def pinned(self) -> bool:
        """Whether the base is named by digest, so that nobody can change it."""
        return "@sha256:" in self.base

    @property
    def runs(self) -> bool:
        """Whether there is an image that runs the benchmark, not only one with the binaries."""
        return self.toolchain == "zig"


def image(
    profile: Profile,
    *,
    base: str = "",
    toolchain: str = "zig",
    flavours: Sequence[str] = (),
    binaries_only: bool = False,
) -> Image:
    """Check what is asked for.

    Args:
        profile: the pins.
        base: the base image; "" for Debian testing by its tag.
        toolchain: "zig" or "ndk".
        flavours: names; none for all that can be built.
        binaries_only: the image that is kept holds binaries and nothing of the toolchain; asked
            for with the NDK, which may not be given on.

    Raises:
        BadInput: a base that is no image's name, an unknown toolchain or flavour, the NDK without
            ``binaries_only``.
    """
    if base and not _IMAGE.fullmatch(base):
        raise BadInput(
            f"{base!r} is no image",
            where="--base",
            why="legal: NAME[:TAG][@sha256:DIGEST], the digest with 64 hexadecimal digits",
            fix=f"--base {DEFAULT_BASE}@sha256:DIGEST",
        )
    if toolchain not in profile.toolchains:
        raise BadInput(
            f"profile {profile.name} has no toolchain {toolchain!r}",
            where="--toolchain",
            why=f"legal: {', '.join(profile.toolchains)}",
            fix=f"--toolchain {profile.toolchains[0]}",
        )
    if toolchain == "ndk" and not binaries_only:
        raise BadInput(
            "no image with Android's NDK in it is made",
            where="--toolchain ndk",
            why="an image leaves the machine that built it, and the NDK's licence"
            f" ({LICENCE}) does not allow to pass the NDK on",
            fix=f"xnnkit docker {profile.name} --toolchain ndk --binaries-only\n"
            "the NDK is then mounted while Bazel runs, and the result holds the binaries alone",
        )
    if toolchain == "zig" and binaries_only:
        raise BadInput(
            "--binaries-only is for --toolchain ndk",
            why="with zig, the stage export of the same Dockerfile holds the binaries alone",
            fix="docker build --target export --output DIR .",
        )
    debian = profile.bazel.debian
    if not (debian and _PACKAGE.fullmatch(debian.package) and _SUITE.fullmatch(debian.suite)):
        raise BadInput(
            f"profile {profile.name} names no Debian package of Bazel",
            where="bazel.debian",
            why="in the image, Bazel is installed with apt, which checks it",
            fix='debian = { package = "bazel-bootstrap", suite = "testing" }',
        )
    wanted = [profile.get_flavour(name) for name in flavours]
    for flavour in wanted:
        if flavour.unavailable:
            raise BadInput(
                f"flavour {flavour.name} of {profile.name} cannot be built",
                where=f"profiles/{profile.name}.toml",
                why=flavour.unavailable,
            )
    chosen = tuple(one for one in available(profile) if not wanted or one in wanted)
    return Image(base or DEFAULT_BASE, "ndk" if toolchain == "ndk" else "zig", chosen)
