"""``xnnkit lock``: record a release of a toolchain, for a profile."""

from __future__ import annotations

from pathlib import Path

import click

from xnnkit.cli._common import emit_json, json_option, note
from xnnkit.errors import BadInput


@click.group()
def command() -> None:
    """Record a release of a toolchain: check its bytes, print what a profile pins."""


@command.command("ndk")
@click.argument("version")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The archive, if it is already here; else it is downloaded.",
)
@click.option("--sha1", default="", help="Google's SHA-1 of it; else Google's list is read.")
@click.option("--size", default=0, help="Google's size of it in bytes; goes with --sha1.")
@click.option(
    "--accept-ndk-licence",
    "accept_licence",
    is_flag=True,
    envvar="XNNKIT_ACCEPT_ANDROID_SDK_LICENSE",
    help="You accept https://developer.android.com/studio/terms.",
)
@click.option("--base", default="", hidden=True, help="Where Google's files are.")
@json_option
def ndk(
    version: str,
    file: Path | None,
    sha1: str,
    size: int,
    accept_licence: bool,
    base: str,
    as_json: bool,
) -> None:
    """Check the Android NDK VERSION, such as r26d, against the size and SHA-1 that Google
    publishes, and print its block for a profile with the sha256.

    Nothing is printed on stdout unless the whole archive was checked. The download stays in the
    cache for `xnnkit build`.
    """
    import re

    from xnnkit import ndk as package
    from xnnkit import paths
    from xnnkit.archives.cache import Cache
    from xnnkit.ndk.lock import BASE

    if bool(sha1) != bool(size):
        raise BadInput("--sha1 and --size go together", fix="give both, or neither")
    if sha1 and not re.fullmatch(r"[0-9a-fA-F]{40}", sha1):
        raise BadInput(f"--sha1 {sha1} is no SHA-1", why="40 hexadecimal digits")
    published = package.Published(size, sha1.lower()) if sha1 else None
    locked = package.lock(
        version,
        Cache(paths.cache_dir()),
        file=file,
        published=published,
        base=base or BASE,
        accepted=accept_licence,
        say=note,
    )
    if as_json:
        emit_json({"ndk": locked.to_json()})
        return
    note(f"checked: {locked.published.size:,} bytes, SHA-1 {locked.published.sha1}")
    click.echo(locked.toml(), nl=False)
