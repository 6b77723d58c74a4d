"""``xnnkit build``: every flavour in one Bazel invocation, each proved from its ELF."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from xnnkit.cli._common import (
    DEFAULT_PROFILE,
    complete_profile,
    emit_json,
    json_option,
    load_profile,
    note,
)
from xnnkit.cli._compiler import compiler_options
from xnnkit.cli._sources import source_options, sources_of


@click.command()
@click.argument("profile", default=DEFAULT_PROFILE, shell_complete=complete_profile)
@click.option("--flavour", "flavours", multiple=True, help="Only this flavour; may be repeated.")
@compiler_options()
@click.option(
    "--format",
    "layout",
    type=click.Choice(["module", "workspace"]),
    default="module",
    show_default=True,
    help="MODULE.bazel for Bazel 7.4 to 7, or WORKSPACE for Bazel 6.1 to 7.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the workspace and the binaries go (default: .xnnkit/PROFILE).",
)
@click.option(
    "--log", type=click.Path(dir_okay=False, path_type=Path), help="File for Bazel's output."
)
@click.option(
    "--bazel-option", "bazel_options", multiple=True, help="Passed to bazel build; may be repeated."
)
@click.option(
    "--disk-cache",
    type=click.Path(file_okay=False, path_type=Path),
    help="Bazel's disk cache (default: in xnnkit's cache).",
)
@click.option("--stamp/--no-stamp", default=True, help="Skip steps with unchanged inputs.")
@click.option("--explain", is_flag=True, help="Say which actions ran and were shared.")
@source_options
@json_option
def command(
    profile: str,
    flavours: tuple[str, ...],
    toolchain: str,
    ndk: str,
    api_level: int | None,
    licence_accepted: bool,
    layout: Literal["module", "workspace"],
    out: Path | None,
    log: Path | None,
    bazel_options: tuple[str, ...],
    disk_cache: Path | None,
    stamp: bool,
    explain: bool,
    as_json: bool,
    **source: Any,
) -> None:
    """Build and prove every flavour of PROFILE's benchmark.

    Fetches and verifies the archives, renders the workspace, builds all flavours in one Bazel
    invocation, and proves each binary from its ELF: machine, static linking, the kernels that must
    and must not be in it, no build path, no date. Exit 1 when an archive is not as pinned, and
    nothing is built; or when a binary fails its proof: it is kept to be looked at, and not run.
    """
    from xnnkit.build.request import Options, key_of

    options = Options(
        out=(out or Path(".xnnkit") / Path(profile).stem).absolute(),
        profile=profile,
        flavours=flavours,
        toolchain=toolchain,
        ndk=ndk,
        api_level=api_level,
        licence_accepted=licence_accepted,
        layout=layout,
        log=log.absolute() if log else None,
        bazel_options=bazel_options,
        disk_cache=disk_cache.absolute() if disk_cache else None,
    )
    sources = sources_of(**source)
    content = None
    if stamp and not explain:
        from xnnkit.build.stamp import rebuild

        content = rebuild(options.out, key_of(profile, options, sources))
    if content is None:
        from xnnkit.build import build as library
        from xnnkit.build import explain as explanation

        loaded = load_profile(profile)
        if explain:
            content, account = explanation.build_explained(loaded, options, sources, say=note)
            content = {**content, "explanation": account}
        else:
            content = library.build(loaded, options, sources, say=note)
    if as_json:
        emit_json(content)
        return
    from xnnkit.build.show import as_text

    click.echo(as_text(content, options.out))
