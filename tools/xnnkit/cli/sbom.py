"""``xnnkit sbom``: a bill of materials of what a profile's programs are built from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xnnkit.cli._common import load_profile, note, profile_argument
from xnnkit.cli._compiler import compiler_of, compiler_options
from xnnkit.cli._sources import source_options, sources_of


@click.command()
@profile_argument
@click.option("--flavour", "flavours", multiple=True, help="Only this flavour; may be repeated.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where it was built (default: .xnnkit/PROFILE, if there is one).",
)
@click.option(
    "--format",
    "layout",
    type=click.Choice(["module", "workspace"]),
    default="module",
    show_default=True,
    help="As in xnnkit build; for a profile that is not built.",
)
@compiler_options()
@source_options
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here, not on stdout.",
)
def command(
    profile: str,
    flavours: tuple[str, ...],
    out: Path | None,
    layout: str,
    toolchain: str,
    ndk: str,
    api_level: int | None,
    licence_accepted: bool,
    output: Path | None,
    **source: Any,
) -> None:
    """Print a bill of materials of PROFILE's programs: CycloneDX 1.6, JSON.

    Of a build: with its binaries, the files it took and its rendered diffs. Without one the patch
    sets are rendered on verified archives, which are fetched if they are not in the cache.
    """
    from xnnkit import whole
    from xnnkit.build.build import chosen
    from xnnkit.build.request import Options
    from xnnkit.provenance import known as knowledge
    from xnnkit.provenance.sbom import render

    loaded = load_profile(profile)
    folder = out or Path(".xnnkit") / loaded.name
    known = knowledge.of_build(loaded, folder, flavours, must=out is not None)
    if known is None:
        note(f"{loaded.name} is not built here: the bill names no binary")
        of = chosen(loaded, Options(out=folder, flavours=flavours))
        compiler = compiler_of(loaded, toolchain, ndk, api_level, licence_accepted)
        known = knowledge.of_profile(loaded, compiler, layout, sources_of(**source))
    else:
        of = [one for one in loaded.flavour if one.name in known.subjects]
    text = render(loaded, of, known)
    if output is None:
        click.echo(text, nl=False)
    else:
        whole.put(output, text.encode())
