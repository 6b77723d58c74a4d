"""``xnnkit history``: a benchmark over time, with its steps marked."""

from __future__ import annotations

from pathlib import Path

import click

from xnnkit.cli._common import emit_json, json_option


@click.command()
@click.argument("sources", nargs=-1, type=click.Path(path_type=Path), metavar="[RUNS]...")
@click.option("--filter", "wanted", default="", metavar="REGEX", help="Only these benchmarks.")
@click.option("--flavour", "flavours", multiple=True, help="Only this flavour; may be repeated.")
@click.option("--device", "devices", multiple=True, help="Only this device; may be repeated.")
@click.option(
    "--last",
    default=20,
    show_default=True,
    type=click.IntRange(1),
    help="Measurements shown of each benchmark.",
)
@click.option("--fail-on-step", is_flag=True, help="Exit 1 when the newest step is a slower one.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    sources: tuple[Path, ...],
    wanted: str,
    flavours: tuple[str, ...],
    devices: tuple[str, ...],
    last: int,
    fail_on_step: bool,
    as_json: bool,
) -> None:
    """Show every benchmark of RUNS over time, and mark where it steps.

    RUNS are runs or folders of runs (default: those of all profiles below .xnnkit). A step is
    marked with what the runs before and after it say differently of themselves.
    """
    from xnnkit.bench import history, show_history

    if not sources:
        sources = tuple(sorted(Path(".xnnkit").glob("*/runs"))) or (Path(".xnnkit"),)
    found = history.lines(sources, wanted=wanted, flavours=flavours, devices=devices)
    if as_json:
        emit_json({"lines": [line.to_json() for line in found]})
    else:
        click.echo(show_history.history_text(found, last))
    if fail_on_step and any(line.marks and line.marks[-1].step.ratio > 1 for line in found):
        ctx.exit(1)
