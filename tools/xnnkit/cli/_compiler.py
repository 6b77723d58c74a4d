"""The options that say which compiler the benchmark is built with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from xnnkit.profile import Profile
    from xnnkit.profile.compiler import Compiler

F = TypeVar("F", bound=Callable[..., Any])


def compiler_options(toolchain: str = "zig", shown: str = "zig") -> Callable[[F], F]:
    """Add --toolchain, --ndk, --api-level, --accept-ndk-licence; read them with ``compiler_of``.

    Args:
        toolchain: the default of --toolchain.
        shown: what the help calls that default.
    """
    options = (
        click.option(
            "--accept-ndk-licence",
            "licence_accepted",
            is_flag=True,
            envvar="XNNKIT_ACCEPT_ANDROID_SDK_LICENSE",
            help="You accept https://developer.android.com/studio/terms.",
        ),
        click.option(
            "--api-level",
            type=int,
            default=None,
            help="The oldest Android that binaries run on (default: 30); ndk only.",
        ),
        click.option(
            "--ndk",
            default="",
            metavar="RELEASE|FOLDER|local",
            help="Which NDK: a pinned release (default: the profile's first), an installed one's"
            " folder, or the one that ANDROID_NDK_HOME names.",
        ),
        click.option("--toolchain", default=toolchain, help=f"zig or ndk (default: {shown})."),
    )

    def add(function: F) -> F:
        for option in options:
            function = option(function)
        return function

    return add


def compiler_of(
    profile: Profile, toolchain: str, ndk: str, api_level: int | None, licence_accepted: bool
) -> Compiler:
    """Return what the options of ``compiler_options`` say."""
    from xnnkit.profile.compiler import choose

    return choose(
        profile, toolchain, ndk=ndk, api_level=api_level, licence_accepted=licence_accepted
    )
