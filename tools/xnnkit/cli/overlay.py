"""``xnnkit overlay``: a MediaPipe checkout in which the Learning Path's own command works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xnnkit.cli._common import complete_profile, emit_json, json_option, note
from xnnkit.cli._compiler import compiler_options
from xnnkit.cli._sources import source_options, sources_of


@click.command()
@click.argument("checkout", type=click.Path(path_type=Path))
@click.option(
    "--profile",
    shell_complete=complete_profile,
    help="Name or path; without it, the profile whose MediaPipe is checked out.",
)
@click.option("--flavour", help="What a plain build builds; the profile's default.")
@compiler_options("", "the profile's first, or what is there")
@click.option("--undo", is_flag=True, help="Take the overlay out; git status is clean after it.")
@click.option("--force", is_flag=True, help="With --undo: restore edited files, too.")
@source_options
@json_option
def command(
    checkout: Path,
    profile: str | None,
    flavour: str | None,
    toolchain: str,
    ndk: str,
    api_level: int | None,
    licence_accepted: bool,
    undo: bool,
    force: bool,
    as_json: bool,
    **source: Any,
) -> None:
    """Make a MediaPipe CHECKOUT build llm_test with the pinned closure.

    After it, `bazel build -c opt --config=android_arm64 .../xnn_utils:llm_test` works there as
    Arm's Learning Path gives it. CHECKOUT must be clean and at the profile's commit. The same
    command again changes nothing; another --flavour or --toolchain switches; --undo takes
    everything out.
    """
    from xnnkit.overlay import run

    if undo and (profile or flavour or toolchain or ndk or api_level is not None):
        raise click.UsageError(
            "--undo takes neither profile nor flavour, toolchain, NDK or API level"
        )
    if force and not undo:
        raise click.UsageError("--force goes with --undo")
    if undo:
        done = run.take_out(checkout, force=force)
    else:
        done = run.lay(
            checkout,
            sources_of(**source),
            profile=profile,
            flavour=flavour,
            toolchain=toolchain,
            ndk=ndk,
            api_level=api_level,
            licence_accepted=licence_accepted,
        )
    changed = done.changed
    if as_json:
        what = done.record
        emit_json(
            {
                "checkout": str(done.checkout.root),
                "commit": done.checkout.head,
                "undone": undo,
                "profile": what.profile if what else None,
                "flavour": what.flavour if what else None,
                "toolchain": what.compiler.identity() if what else None,
                "added": changed.added,
                "changed": changed.changed,
                "removed": changed.removed,
                "command": done.command,
            }
        )
        return
    for kind, names in vars(changed).items():
        for name in names:
            note(f"{kind:8} {name}")
    root = done.checkout.root
    if done.record is None:
        click.echo(f"{root}: no overlay there")
    elif undo:
        click.echo(f"{root}: {len(changed.removed)} files removed, {len(changed.changed)} restored")
    else:
        click.echo(f"{root}: {done.record.words}; {len(changed)} files written")
        click.echo(done.command)
