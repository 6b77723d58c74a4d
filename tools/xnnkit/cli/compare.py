"""``xnnkit compare``: which side is faster, by how much, and how sure that is."""

from __future__ import annotations

from pathlib import Path

import click

from xnnkit.cli._common import emit_json, json_option


def _share(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Return ``3%`` or ``0.03`` as a share."""
    if value is None:
        return None
    text = value.strip()
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share < 10:
        raise click.BadParameter(f"{text!r} is no percentage such as 3%", ctx, param)
    return share


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--fail-above",
    callback=_share,
    metavar="PERCENT",
    help="Exit 1 when a benchmark is slower by more than this.",
)
@click.option(
    "--margin",
    callback=_share,
    default="1%",
    show_default=True,
    metavar="PERCENT",
    help="What is surely smaller than this is no difference.",
)
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@click.option("--allow-emulated", is_flag=True, help="Judge wall times of qemu like a device's.")
@click.option("--allow-inconclusive", is_flag=True, help="Exit 0 instead of 4.")
@click.option("--force", is_flag=True, help="Compare what differs in device, threads or method.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    sources: tuple[Path, ...],
    fail_above: float | None,
    margin: float,
    markdown: bool,
    allow_emulated: bool,
    allow_inconclusive: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Compare SOURCES, each a run, a folder of runs or Google Benchmark's JSON.

    The first is the baseline. Exit 0 when there is a verdict, 1 when --fail-above is exceeded, 4
    when nothing can be said (with --fail-above: when it may or may not be exceeded).
    """
    from xnnkit.bench import show
    from xnnkit.bench.compare import compare_paths
    from xnnkit.bench.verdict import Rules

    rules = Rules(margin=margin, fail_above=fail_above, emulated=allow_emulated)
    found = compare_paths(sources, rules, force=force)
    codes = {one.exit_code for one in found}
    code = 1 if 1 in codes else 4 if 4 in codes and not allow_inconclusive else 0
    if as_json:
        emit_json({"exit_code": code, "comparisons": [one.to_json() for one in found]})
    else:
        layout = show.comparison_markdown if markdown else show.comparison_text
        click.echo("\n\n".join(layout(one) for one in found))
    if code:
        ctx.exit(code)
