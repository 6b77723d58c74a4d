"""``xnnkit fetch``: download a profile's archives and verify them."""

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
@click.option(
    "--accept-tree",
    multiple=True,
    metavar="NAME",
    help="Take archive NAME with other bytes than pinned if its tree is the pinned one.",
)
@compiler_options()
@click.option("--repair", is_flag=True, help="Move damaged files aside and fetch them again.")
@click.option("-q", "--quiet", is_flag=True, help="Print only what is wrong.")
@json_option
def command(
    profile: str,
    origin: tuple[str, ...],
    git_root: Path | None,
    distdir: tuple[Path, ...],
    jobs: int,
    accept_tree: tuple[str, ...],
    toolchain: str,
    ndk: str,
    api_level: int | None,
    licence_accepted: bool,
    repair: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Fetch every archive and the toolchain of PROFILE into the cache, verified by bytes and tree.

    Looked for in the cache, in each --distdir, then at each origin in order. An origin that cannot
    be reached is noted and the next is tried; wrong bytes or a wrong tree end it with exit code 1.
    """
    from xnnkit import paths
    from xnnkit.archives import fetch, progress
    from xnnkit.archives.cache import Cache
    from xnnkit.profile.compiler import needed, refuse_unaccepted

    loaded = load_profile(profile)
    compiler = compiler_of(loaded, toolchain, ndk, api_level, licence_accepted)
    refuse_unaccepted(compiler)
    loaded = needed(loaded, compiler)
    with progress.bars(fetch.items(loaded), quiet=quiet or as_json) as tell:
        done = fetch.fetch_profile(
            loaded,
            cache=Cache(paths.cache_dir()),
            origins=list(origin) or None,
            git_root=git_root or paths.git_root(),
            distdirs=distdir,
            jobs=jobs,
            accept_tree=accept_tree,
            progress=tell,
            repair=repair,
        )
    if as_json:
        emit_json({"profile": loaded.name, "fetched": [one.to_json() for one in done]})
        return
    if quiet:
        return
    for one in done:
        for text in one.notes:
            note(f"{one.name}: {text}")
    rows = [
        (
            one.name,
            one.via if one.via == one.origin.type else f"{one.via} ({one.origin.type})",
            f"{one.size:,}",
            _archives.tree_cell(one.tree, one.prebuilt, one.accepted),
        )
        for one in done
    ]
    click.echo(table([("NAME", "FROM", "BYTES", "TREE"), *rows]))
