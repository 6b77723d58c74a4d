"""``xnnkit docker``: a build context for an image that builds, proves and runs the benchmark."""

from __future__ import annotations

from pathlib import Path

import click

from xnnkit.cli._common import emit_json, json_option, load_profile, note, profile_argument


@click.command()
@profile_argument
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path),
    help="Where the context goes (default: .xnnkit/docker/PROFILE).",
)
@click.option(
    "--base",
    default="",
    metavar="IMAGE@sha256:DIGEST",
    help="The base image (default: Debian testing, by its tag).",
)
@click.option("--flavour", "flavours", multiple=True, help="Only this flavour; may be repeated.")
@click.option("--toolchain", default="zig", help="zig or ndk (default: zig).")
@click.option(
    "--binaries-only",
    is_flag=True,
    help="With --toolchain ndk: mount the NDK while building, keep the binaries alone.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 on drift.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    profile: str,
    out: Path | None,
    base: str,
    flavours: tuple[str, ...],
    toolchain: str,
    binaries_only: bool,
    check: bool,
    as_json: bool,
) -> None:
    """Write a Docker build context for PROFILE.

    `docker build` then needs nothing of this machine: the image is built from a Debian base in
    which xnnkit fetches, verifies, builds and proves. Its last stage holds the binaries, their
    provenance and the command `bench`, and runs without rights; the stage `export` is for
    `docker build --output`.
    """
    from xnnkit.docker import context, image
    from xnnkit.render import directory

    loaded = load_profile(profile)
    wanted = image.image(
        loaded, base=base, toolchain=toolchain, flavours=flavours, binaries_only=binaries_only
    )
    planned = context.plan(loaded, wanted, profile)
    out = (out or Path(".xnnkit") / "docker" / loaded.name).absolute()
    directory.refuse_foreign(out)
    foreign: list[str] = []
    if check:
        foreign = directory.unplanned(out, planned, context.IGNORED)
        drift = directory.compare(out, planned)
    else:
        # The Dockerfile copies folders as they are.
        directory.refuse_unplanned(out, planned, context.IGNORED)
        drift = directory.write(out, planned)
    if not wanted.pinned:
        note(f"the base {wanted.base} is not pinned; --base NAME@sha256:DIGEST pins it")
    if as_json:
        emit_json(
            {
                "out": str(out),
                "base": wanted.base,
                "pinned": wanted.pinned,
                "files": len(planned),
                "drift": {**vars(drift), "foreign": foreign},
            }
        )
    else:
        for name in foreign:
            note(f"not written by xnnkit: {name}", style="yellow")
        if check:
            for line in drift.lines():
                note(line)
        count = len(drift.lines()) + len(foreign)
        click.echo(f"{out}: {len(planned)} files, {count} {'differ' if check else 'written'}")
    if check and (drift or foreign):
        ctx.exit(1)
