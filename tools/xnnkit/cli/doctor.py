"""``xnnkit doctor``: what this machine has and what it lacks."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from xnnkit.cli._common import (
    DEFAULT_PROFILE,
    complete_profile,
    emit_json,
    json_option,
    load_profile,
)


@click.command()
@click.argument("profile", default=DEFAULT_PROFILE, shell_complete=complete_profile)
@json_option
@click.pass_context
def command(ctx: click.Context, profile: str, as_json: bool) -> None:
    """Check what this machine has and lacks, with one line to paste for each lack.

    PROFILE says which Bazel and which archives are needed; without it the default profile is
    taken. Exit code 3 when something required is missing, 0 when only optional things are.
    """
    from xnnkit import doctor, paths

    loaded = load_profile(profile)
    places = doctor.Places(paths.cache_dir(), Path.cwd(), paths.git_root())
    needs = doctor.examine(loaded, places)
    if as_json:
        emit_json(doctor.as_json(needs, loaded.name))
    else:
        click.echo(doctor.as_text(needs, sys.stdout.encoding))
    if not doctor.ready(needs):
        ctx.exit(3)
