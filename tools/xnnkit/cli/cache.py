"""``xnnkit cache``: show, check and clean the cache of downloads."""

from __future__ import annotations

import click

from xnnkit.cli._common import emit_json, json_option, note


@click.group()
def command() -> None:
    """Show, check and clean the cache of downloads (XNNKIT_CACHE)."""


@command.command()
@json_option
def show(as_json: bool) -> None:
    """Show where the cache is and how much is in it."""
    from xnnkit import paths
    from xnnkit.archives import tend
    from xnnkit.archives.cache import Cache

    found = tend.inventory(Cache(paths.cache_dir()))
    if as_json:
        emit_json({"cache": found.to_json()})
        return
    click.echo(f"{found.root}\n  verified files: {found.blobs}, {found.blob_bytes:,} bytes")
    click.echo(f"  accepted by tree: {found.accepted}")
    click.echo(f"  leftovers: {found.leftover_bytes:,} bytes")


@command.command()
@json_option
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """Verify the bytes of every file in the cache; exit code 1 when one is damaged."""
    _check(ctx, as_json, repair=False)


@command.command()
@json_option
@click.pass_context
def repair(ctx: click.Context, as_json: bool) -> None:
    """Move every damaged file aside, so that the next fetch gets it again."""
    _check(ctx, as_json, repair=True)


@command.command()
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Remove all that xnnkit made there, Bazel and its results, too.",
)
@json_option
def clean(everything: bool, as_json: bool) -> None:
    """Remove what interrupted downloads and repairs left behind.

    Only what xnnkit calls its own is removed, whatever else the folder holds. With --all nothing
    may be building: what Bazel works with goes, too.
    """
    from xnnkit import paths
    from xnnkit.archives import tend
    from xnnkit.archives.cache import Cache

    freed = tend.clean(Cache(paths.cache_dir()), everything=everything)
    if as_json:
        emit_json({"freed": freed})
    else:
        click.echo(f"freed {freed:,} bytes")


def _check(ctx: click.Context, as_json: bool, *, repair: bool) -> None:
    from xnnkit import paths
    from xnnkit.archives import tend
    from xnnkit.archives.cache import Cache

    cache = Cache(paths.cache_dir())
    wrong = tend.check(cache, repair=repair)
    if as_json:
        emit_json({"damaged": [finding.where for finding in wrong], "repaired": repair})
    else:
        for finding in wrong:
            note(str(finding), style="red")
        sound = len(tend.blobs(cache)) - (0 if repair else len(wrong))
        word = "moved aside" if repair else "damaged"
        click.echo(f"{sound} files sound, {len(wrong)} {word}")
    ctx.exit(1 if wrong and not repair else 0)
