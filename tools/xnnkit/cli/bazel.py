"""``xnnkit bazel``: the Bazel that a profile allows, found or set up, and run."""

from __future__ import annotations

from pathlib import Path

import click

from xnnkit.cli._common import (
    DEFAULT_PROFILE,
    complete_profile,
    emit_json,
    json_option,
    load_profile,
)


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--profile", default=DEFAULT_PROFILE, show_default=True, shell_complete=complete_profile
)
@json_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(ctx: click.Context, profile: str, as_json: bool, arguments: tuple[str, ...]) -> None:
    """Run the Bazel that the profile allows: xnnkit bazel -- build //...

    Without arguments, say which one that is, setting it up first if there is none: Debian's
    package, unpacked into the cache. The exit code is Bazel's.
    """
    from xnnkit.bazel import find, outside

    bazel = find(load_profile(profile).bazel)
    if arguments:
        ctx.exit(outside.run(bazel, arguments, cwd=Path.cwd()))
    if as_json:
        emit_json({"kind": bazel.kind, "version": bazel.version, "argv": bazel.argv()})
    else:
        click.echo(f"{bazel.version} ({bazel.kind}): {' '.join(bazel.argv())}")
