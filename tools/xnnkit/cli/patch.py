"""``xnnkit patch``: render, check and explain patch sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xnnkit.cli._common import (
    DEFAULT_PROFILE,
    complete_profile,
    emit_json,
    json_option,
    load_profile,
    table,
)
from xnnkit.cli._sources import source_options, sources_of

tree_option = click.option(
    "--tree",
    type=click.Path(file_okay=False, path_type=Path),
    help="Root of the archive's unpacked tree; fetched and verified when not given.",
)


@click.group()
def command() -> None:
    """Render, check and explain patch sets.

    A patch set is a list of anchored edits of one archive's tree, patches/ARCHIVE/SET/patch.toml.
    """


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the patch sets."""
    from xnnkit.patches import load

    found = [load.load(name) for name in load.names()]
    if as_json:
        rows = [(s.name, s.meta.applies_to, s.meta.subject) for s in found]
        keys = ("name", "applies_to", "subject")
        emit_json({"patch_sets": [dict(zip(keys, row, strict=True)) for row in rows]})
    elif found:
        click.echo(table([(s.name, s.meta.applies_to, s.meta.subject) for s in found]))


@command.command()
@click.argument("profile", required=False, shell_complete=complete_profile)
@click.option("--patch-set", "name", metavar="NAME", help="Only this set; needs --tree.")
@tree_option
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here.")
@source_options
def render(
    profile: str | None, name: str | None, tree: Path | None, output: Path | None, **source: Any
) -> None:
    """Print the patch sets of PROFILE, or one set, as unified diffs.

    The diff fits exactly one tree: git am, git apply and patch -p1 take it, and so does Bazel.
    """
    from xnnkit.patches import check as checks
    from xnnkit.patches.model import load_patch_set
    from xnnkit.patches.render import render_bytes

    if name is not None:
        if tree is None or profile is not None:
            raise click.UsageError("--patch-set needs --tree, and no PROFILE")
        text = render_bytes(load_patch_set(name), tree)
    else:
        pins = load_profile(profile or DEFAULT_PROFILE)
        rendered = checks.of_profile(pins, tree, sources_of(**source))
        text = b"".join(one.diff() for one in rendered)
    if output is None:
        click.echo(text, nl=False)
    else:
        from xnnkit import whole

        whole.put(output, text, "the diff")


@command.command()
@click.argument("profile", default=DEFAULT_PROFILE, shell_complete=complete_profile)
@tree_option
@click.option(
    "--against",
    multiple=True,
    metavar="COMMIT|TAG",
    help="Try the sets on this commit instead of the pinned one; may be given several times, oldest"
    " first.",
)
@click.option(
    "--archive", default="", help="Whose commits these are; needed if PROFILE patches several."
)
@click.option("--patch-set", "name", default="", metavar="NAME", help="Only where this set is in.")
@source_options
@json_option
@click.pass_context
def check(
    ctx: click.Context,
    /,
    profile: str,
    tree: Path | None,
    against: tuple[str, ...],
    archive: str,
    name: str,
    as_json: bool,
    **source: Any,
) -> None:
    """Let every tool here apply PROFILE's rendered diffs, and compare with our own edits.

    With --against: on other commits, edit by edit. Where the sets fit one of them and not the next,
    and a clone has the history between the two, the first commit that they do not fit is found.

    Exit code 1 if a tool refuses a diff or leaves something else, or an edit does not fit.
    """
    from xnnkit.patches import check as checks

    if against:
        if tree is not None:
            raise click.UsageError("--against looks at commits, --tree at a folder")
        from xnnkit.lock import rebase

        pins, sources = load_profile(profile), sources_of(**source)
        found = rebase.against(pins, against, sources, archive=archive, patch_set=name)
        if as_json:
            emit_json({"profile": profile, "against": found.to_json()})
        else:
            click.echo("\n".join(rebase.lines(found)))
        if not found.ok:
            ctx.exit(1)
        return
    if archive or name:
        raise click.UsageError("--archive and --patch-set go with --against")
    outcomes = [
        outcome
        for one in checks.of_profile(load_profile(profile), tree, sources_of(**source))
        for outcome in checks.check_changes(one.patch_set, one.changed)
    ]
    if as_json:
        emit_json({"profile": profile, "checks": [o.to_json() for o in outcomes]})
    elif outcomes:
        click.echo(table([(o.patch_set, o.tool, "ok" if o.ok else o.said) for o in outcomes]))
    if not all(o.ok for o in outcomes):
        ctx.exit(1)


@command.command()
@click.argument("name")
@json_option
def explain(name: str, as_json: bool) -> None:
    """Print what each edit of the patch set NAME does, and why."""
    from xnnkit.patches import explain as output
    from xnnkit.patches.model import load_patch_set

    patch_set = load_patch_set(name)
    if as_json:
        emit_json({"patch_set": output.as_json(patch_set)})
    else:
        click.echo(output.as_text(patch_set))
