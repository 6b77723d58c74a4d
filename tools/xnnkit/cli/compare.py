"""``xnnkit compare``: which side is faster, by how much, and how sure that is."""

from __future__ import annotations

from pathlib import Path

import click

from xnnkit.cli._common import emit_json, json_option
from xnnkit.cli._rules import rules_options


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCES...")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@rules_options
@click.option("--allow-inconclusive", is_flag=True, help="Exit 0 instead of 4.")
@click.option("--force", is_flag=True, help="Compare what differs in device, threads or method.")
@click.option(
    "--filter",
    "--benchmark_filter",
    "wanted",
    default="",
    metavar="REGEX",
    help="Only benchmarks with this in their name.",
)
@click.option(
    "-d",
    "--dump_to_json",
    "dump",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the differences as Google's compare.py does.",
)
@click.option(
    "--export",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each side here as JSON that compare.py reads.",
)
@click.option("-a", "--display_aggregates_only", is_flag=True, hidden=True)
@click.option("--no-color", is_flag=True, hidden=True)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    sources: tuple[str, ...],
    markdown: bool,
    fail_above: float | None,
    margin: float,
    alpha: float,
    allow_emulated: bool,
    allow_throttled: bool,
    allow_inconclusive: bool,
    force: bool,
    wanted: str,
    dump: Path | None,
    export: Path | None,
    display_aggregates_only: bool,
    no_color: bool,
    as_json: bool,
) -> None:
    """Compare SOURCES: runs, folders of runs, or results of any format; LABEL=PATH names one.

    The first is the baseline. Google's modes are taken too: benchmarks A B, filters FILE F F,
    benchmarksfiltered A F B F. Exit 0 when there is a verdict, 1 when --fail-above is exceeded, 4
    when nothing can be said (with --fail-above: when it may or may not be exceeded).
    """
    import json

    from xnnkit import whole
    from xnnkit.bench import compat, operators, show_compare
    from xnnkit.bench.compare import compare, load_groups
    from xnnkit.bench.verdict import Rules

    rules = Rules(
        alpha=alpha,
        margin=margin,
        fail_above=fail_above,
        emulated=allow_emulated,
        throttled=allow_throttled,
    )
    asked = compat.request(sources, wanted)
    groups = compat.chosen(load_groups(asked.sources, force=force), asked)
    found = [compare(g[0], other, rules, force=force) for g in groups for other in g[1:]]
    tables = [table for g in groups for table in operators.of_sides(g, rules)]
    if dump:
        dumped = [entry for g in groups for o in g[1:] for entry in compat.dump(g[0], o)]
        whole.put(dump, (json.dumps(dumped, indent=1) + "\n").encode(), folders=True)
    if export:
        for path in compat.export(groups, export):
            click.echo(f"wrote {path}", err=True)
    codes = {one.exit_code for one in found}
    code = 1 if 1 in codes else 4 if 4 in codes and not allow_inconclusive else 0
    if as_json:
        compared = [one.to_json() for one in found]
        shown = [one.to_json() for one in tables]
        emit_json({"exit_code": code, "comparisons": compared, "operators": shown})
    else:
        layout = show_compare.comparison_markdown if markdown else show_compare.comparison_text
        blocks = [layout(one) for one in found]
        blocks += [show_compare.operators_text(one, markdown=markdown) for one in tables]
        click.echo("\n\n".join(blocks))
    if code:
        ctx.exit(code)
