"""``xnnkit mirror``: make a profile's archives again from git clones."""

from __future__ import annotations

from pathlib import Path

import click

from xnnkit.cli import _archives
from xnnkit.cli._common import emit_json, json_option, load_profile, note, profile_argument, table
from xnnkit.errors import BadInput


@click.command()
@profile_argument
@_archives.git_root_option
@click.option("--out", required=True, type=_archives.FOLDER, help="The folder to fill.")
@click.option(
    "-j", "--jobs", default=2, show_default=True, type=click.IntRange(1, 32), help="Files at once."
)
@json_option
@click.pass_context
def command(
    ctx: click.Context, profile: str, git_root: Path | None, out: Path, jobs: int, as_json: bool
) -> None:
    """Make the archives of PROFILE again from clones, for bazel build --distdir=OUT.

    Says for each: same bytes, same tree only, or different. Only files with the pinned bytes are
    put into OUT. Exit code 1 when one is different, 3 when one has no clone.
    """
    from xnnkit import paths
    from xnnkit.archives import mirror

    loaded = load_profile(profile)
    root = git_root or paths.git_root()
    if root is None:
        raise BadInput("no folder of clones is given", fix="--git-root FOLDER")
    results = mirror.mirror_profile(loaded, git_root=root, out=out, jobs=jobs)
    if as_json:
        emit_json({"profile": loaded.name, "mirrored": [one.to_json() for one in results]})
    else:
        rows = [(one.name, one.state, one.sha256 or "-", one.filename) for one in results]
        click.echo(table([("NAME", "RESULT", "SHA256", "FILE"), *rows]))
    for one in results:
        if one.why:
            note(f"{one.name}: {one.why}" + (f"\n  fix:   {one.fix}" if one.fix else ""))
    ctx.exit(mirror.exit_code(results))
