"""``xnnkit repro``: build twice under different conditions; the same bits, or why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xnnkit.cli._common import (
    DEFAULT_PROFILE,
    complete_profile,
    emit_json,
    json_option,
    note,
    table,
)
from xnnkit.cli._compiler import compiler_options
from xnnkit.cli._sources import source_options, sources_of


@click.command()
@click.argument("profile", default=DEFAULT_PROFILE, shell_complete=complete_profile)
@click.option("--flavour", "flavours", multiple=True, help="Only this flavour; may be repeated.")
@compiler_options()
@click.option(
    "--vary",
    multiple=True,
    metavar="CONDITION",
    help="Only this condition; may be repeated. An error if it cannot be varied here.",
)
@click.option("--list", "list_only", is_flag=True, help="List the conditions; build nothing.")
@click.option("--objects", is_flag=True, help="Compare every object file, too.")
@click.option("--keep", is_flag=True, help="Keep both builds' folders; they are large.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the builds and the report go (default: .xnnkit/PROFILE-repro).",
)
@click.option(
    "--bazel-option", "bazel_options", multiple=True, help="Passed to both builds; may be repeated."
)
@source_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    profile: str,
    flavours: tuple[str, ...],
    toolchain: str,
    ndk: str,
    api_level: int | None,
    licence_accepted: bool,
    vary: tuple[str, ...],
    list_only: bool,
    objects: bool,
    keep: bool,
    out: Path | None,
    bazel_options: tuple[str, ...],
    as_json: bool,
    **source: Any,
) -> None:
    """Build PROFILE's benchmark twice, differently, and compare every byte.

    The first build is an ordinary one; the second has another directory, user, HOME, umask, clock,
    timezone, locale, number of jobs, order of files and hostname, an empty cache and no network.
    What cannot be varied on this machine is said. Exit 1 when an artifact differs: the first
    differing section, the symbol in it and the likely cause are named.
    """
    from xnnkit.build.request import Options
    from xnnkit.errors import Finding, typed
    from xnnkit.repro import machine

    found = machine.probe()
    if list_only:
        _list(found, as_json)
        return
    from xnnkit.repro import show, twice

    options = Options(
        out=(out or Path(".xnnkit") / f"{Path(profile).stem}-repro").absolute(),
        flavours=flavours,
        toolchain=toolchain,
        ndk=ndk,
        api_level=api_level,
        licence_accepted=licence_accepted,
        bazel_options=bazel_options,
    )
    content = twice.repro(
        profile,
        options,
        sources_of(**source),
        found,
        vary=vary,
        objects=objects,
        keep=keep,
        say=note,
    )
    if as_json:
        # One document: the error would be a second one.
        emit_json(content)
        ctx.exit(0 if content["identical"] else 1)
    click.echo(show.as_text(content))
    if content["identical"]:
        return
    different = [row for row in content["artifacts"] if not row["identical"]]
    causes = [f"{row['name']}: {row['causes'][0]['name']}" for row in different[:5]]
    raise Finding(
        f"{len(different)} of {len(content['artifacts'])} artifacts of two builds differ"
        if different
        else "both builds are the same, and fail their proof",
        where=str(options.out / "repro.json"),
        why="\n".join([*causes, *content["proofs"]]),
        fix=f"xnnkit repro {typed(profile)} --vary CONDITION"
        "    (until it is one condition that matters)",
    )


def _list(found: Any, as_json: bool) -> None:
    from xnnkit.repro.conditions import CONDITIONS, obstacles

    hindered = obstacles(found)
    if as_json:
        rows = [
            {"name": name, "what": what, "why": hindered.get(name, "")}
            for name, what in CONDITIONS.items()
        ]
        emit_json({"conditions": rows})
        return
    cells = [
        (name, f"no: {hindered[name]}" if name in hindered else "yes", what)
        for name, what in CONDITIONS.items()
    ]
    click.echo(table([("CONDITION", "VARIED HERE", "WHAT"), *cells]))
