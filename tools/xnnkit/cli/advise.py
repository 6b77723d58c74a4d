"""``xnnkit advise``: which flavour to ship on each device, and how sure that is."""

from __future__ import annotations

import click

from xnnkit.cli._common import emit_json, json_option


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="RUNS...")
@click.option("--baseline", default="", help="Compare with this flavour (default: upstream).")
@click.option("--operators", is_flag=True, help="Also print the operators that changed most.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@click.option("--allow-emulated", is_flag=True, help="Judge wall times of qemu like a device's.")
@click.option("--allow-throttled", is_flag=True, help="Judge runs that the device slowed down.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    sources: tuple[str, ...],
    baseline: str,
    operators: bool,
    markdown: bool,
    allow_emulated: bool,
    allow_throttled: bool,
    as_json: bool,
) -> None:
    """Say which flavour to ship on each device that RUNS were made on.

    RUNS are runs or folders of runs; of any other file a label says where it comes from:
    DEVICE/FLAVOUR=FILE or DEVICE/MODEL/FLAVOUR=FILE. Exit 4 when of some device nothing can be
    said.
    """
    from xnnkit.bench import show_advice, show_compare
    from xnnkit.bench.analysis import analyse
    from xnnkit.bench.parts import Source
    from xnnkit.bench.verdict import Rules

    rules = Rules(emulated=allow_emulated, throttled=allow_throttled)
    found = analyse([Source.of(text) for text in sources], rules, baseline=baseline)
    if as_json:
        emit_json(found.to_json())
    else:
        click.echo(
            show_advice.advice_markdown(found) if markdown else show_advice.advice_text(found)
        )
        if operators:
            for table in (table for group in found.groups for table in group.operators):
                click.echo("\n" + show_compare.operators_text(table, markdown=markdown))
    if not all(group.advice.ship for group in found.groups):
        ctx.exit(4)
