"""``xnnkit render``: write a workspace in which plain ``bazel build`` works."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from xnnkit.cli._common import emit_json, json_option, load_profile, note, profile_argument
from xnnkit.cli._compiler import compiler_of, compiler_options
from xnnkit.cli._remote import remote_of, remote_options
from xnnkit.cli._sources import source_options, sources_of


@click.command()
@profile_argument
@click.argument("out", type=click.Path(path_type=Path))
@compiler_options()
@click.option(
    "--format",
    "layout",
    type=click.Choice(["module", "workspace", "package"]),
    default="module",
    show_default=True,
    help="MODULE.bazel for Bazel 7.4 to 7; WORKSPACE for older ones, too, if the profile allows"
    " them; a package of a module of yours.",
)
@remote_options
@click.option("--check", is_flag=True, help="Write nothing; exit 1 on drift.")
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing; print what would change.")
@source_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    profile: str,
    out: Path,
    toolchain: str,
    ndk: str,
    api_level: int | None,
    licence_accepted: bool,
    layout: Literal["module", "workspace", "package"],
    check: bool,
    show_diff: bool,
    as_json: bool,
    **rest: Any,
) -> None:
    """Write PROFILE's workspace into OUT.

    OUT is a new or empty directory, or one that xnnkit rendered before. What is unchanged is not
    touched. The workspace needs no xnnkit: the rules come along, and it can be moved.
    """
    from xnnkit.build.prepare import plan_of
    from xnnkit.profile import carried
    from xnnkit.render import directory

    loaded = load_profile(profile)
    compiler = compiler_of(loaded, toolchain, ndk, api_level, licence_accepted)
    far = remote_of(rest)
    own = carried(profile)
    planned = plan_of(loaded, sources_of(**rest), layout, compiler, own=own, far=far)
    out = out.absolute()
    if check or show_diff:
        directory.refuse_foreign(out)
        drift = directory.compare(out, planned)
        text = directory.diff(out, planned, drift) if show_diff else ""
    else:
        drift = directory.write(out, planned)
        text = ""
    if as_json:
        emit_json({"out": str(out), "files": len(planned), "drift": vars(drift), "diff": text})
    elif show_diff:
        click.echo(text, nl=False)
    else:
        verb = "differ" if check else "written"
        count = len(drift.lines())
        for line in drift.lines():
            note(line)
        click.echo(f"{out}: {len(planned)} files, {count} {verb}")
    if drift and check:
        ctx.exit(1)
