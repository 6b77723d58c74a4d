"""``xnnkit elf``: what is in a binary, and whether a flavour's proof holds."""

from __future__ import annotations

from pathlib import Path

import click

from xnnkit.cli._common import (
    DEFAULT_PROFILE,
    complete_profile,
    emit_json,
    json_option,
    load_profile,
)


@click.command()
@click.argument("binary", type=click.Path(path_type=Path))
@click.option(
    "--profile",
    default=DEFAULT_PROFILE,
    show_default=True,
    shell_complete=complete_profile,
    help="The profile that --flavour is looked up in.",
)
@click.option("--flavour", help="Check this flavour's proof.")
@click.option(
    "--forbid", multiple=True, metavar="TEXT", help="Must not stand in it; may be repeated."
)
@click.option(
    "--linking",
    type=click.Choice(["static", "bionic"]),
    default="static",
    show_default=True,
    help="How the proof wants it linked.",
)
@click.option("--kernels", "list_kernels", is_flag=True, help="List every micro-kernel.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    binary: Path,
    profile: str,
    flavour: str | None,
    forbid: tuple[str, ...],
    linking: str,
    list_kernels: bool,
    as_json: bool,
) -> None:
    """Look into the ELF file BINARY: machine, linking, micro-kernels.

    With --flavour its proof is checked, too: exit 1 when a check fails.
    """
    from xnnkit import elf
    from xnnkit.elf import show

    facts = elf.inspect(binary)
    result = None
    if flavour is not None:
        wanted = load_profile(profile).get_flavour(flavour).proof
        strings = [text.encode() for text in forbid]
        result = elf.prove(binary, wanted, forbidden_strings=strings, linking=linking)
    if as_json:
        emit_json({**facts.to_json(), "proof": result.to_json() if result else None})
    else:
        click.echo(show.facts_text(facts))
        if list_kernels:
            click.echo("\n".join(f"  {name}" for name in elf.kernels(facts.names)))
        if result:
            click.echo(show.proof_text(result))
    if result and not result.ok:
        ctx.exit(1)
