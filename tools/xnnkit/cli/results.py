"""``xnnkit results``: what a file of results says, in whatever format; and keep it as a run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from xnnkit.cli._common import emit_json, json_option, note
from xnnkit.errors import BadInput


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--gbench", is_flag=True, help="Print it as Google Benchmark's JSON, for its compare.py."
)
@click.option(
    "--keep",
    "root",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="RUNS",
    help="Keep it as a run below this folder.",
)
@click.option("--device", default="", help="With --keep: where it was measured.")
@click.option("--flavour", default="", help="With --keep: of the program.")
@click.option("--profile", default="", help="With --keep: what was measured.")
@click.option("--threads", type=click.IntRange(1), help="With --keep: threads that computed.")
@click.option("--started", default="", help="With --keep: when, such as 2026-11-21T08:00:00Z.")
@json_option
def command(
    file: Path,
    gbench: bool,
    root: Path | None,
    device: str,
    flavour: str,
    profile: str,
    threads: int | None,
    started: str,
    as_json: bool,
) -> None:
    """Show what FILE says: Google Benchmark's JSON, CSV or table, or a profile of operators.

    The format is told by the content. Lines that cannot be read are named on stderr, the rest is
    kept.
    """
    from xnnkit.bench import keep, parts, results, show_advice

    found = parts.load(file).results
    for problem in found.problems:
        note(f"{file}: {problem}", style="yellow")
    if root is not None:
        if not (device and flavour and profile):
            raise BadInput(
                "--keep wants to know where these results come from",
                fix="--keep RUNS --device NAME --flavour NAME --profile NAME",
            )
        origin = keep.Origin(device, flavour, profile, threads, started)
        click.echo(f"kept {keep.keep(found, file, origin, root).path}", err=True)
    if gbench:
        click.echo(json.dumps(results.gbench(found), indent=1))
    elif as_json:
        emit_json(
            {
                "kind": found.kind,
                "context": found.context,
                "benchmarks": [asdict(one) for one in found.benchmarks.values()],
                "operators": [asdict(one) for one in found.operators],
                "problems": [asdict(one) for one in found.problems],
            }
        )
    else:
        click.echo(f"{found.kind}\n\n{show_advice.results_text(found)}")
