"""``xnnkit verify``: check a profile's archives, by bytes and by tree."""

from __future__ import annotations

from pathlib import Path

import click

from xnnkit.cli import _archives
from xnnkit.cli._common import emit_json, json_option, load_profile, note, profile_argument, table
from xnnkit.cli._compiler import compiler_of, compiler_options


@click.command()
@profile_argument
@_archives.origin_option
@_archives.git_root_option
@_archives.distdir_option
@_archives.jobs_option
@compiler_options()
@click.option("--again", is_flag=True, help="Unpack everything again; trust no remembered tree.")
@click.option("-q", "--quiet", is_flag=True, help="Print only what is wrong.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    profile: str,
    origin: tuple[str, ...],
    git_root: Path | None,
    distdir: tuple[Path, ...],
    jobs: int,
    toolchain: str,
    ndk: str,
    api_level: int | None,
    licence_accepted: bool,
    again: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Verify every file of PROFILE in the cache and in each --distdir; fetch nothing.

    Exit code 1 when a file is wrong or an archive is not there at all.
    """
    from xnnkit import paths
    from xnnkit.archives import verify
    from xnnkit.archives.cache import Cache
    from xnnkit.profile.compiler import needed

    loaded = load_profile(profile)
    loaded = needed(loaded, compiler_of(loaded, toolchain, ndk, api_level, licence_accepted))
    results = verify.verify_profile(
        loaded,
        cache=Cache(paths.cache_dir()),
        origins=list(origin) or None,
        git_root=git_root or paths.git_root(),
        distdirs=distdir,
        jobs=jobs,
        again=again,
    )
    good = verify.ok(results)
    if as_json:
        emit_json({"profile": loaded.name, "ok": good, "files": [one.to_json() for one in results]})
    elif not quiet:
        rows = [
            (
                one.name,
                one.state,
                f"{one.via} ({one.origin})" if one.origin else one.via or "-",
                _archives.tree_cell(one.tree, one.prebuilt, one.accepted)
                if one.state == "ok"
                else "-",
            )
            for one in results
        ]
        click.echo(table([("NAME", "STATE", "WHERE", "TREE"), *rows]))
    for one in results:
        if one.finding is not None:
            note(str(one.finding), style="red")
    missing = [one.name for one in results if one.state == "missing"]
    if missing:
        note(f"not in the cache: {', '.join(missing)}\n  fix:   xnnkit fetch {profile}")
    ctx.exit(0 if good else 1)
