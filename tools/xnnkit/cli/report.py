"""``xnnkit report``: everything that runs say, on one page that holds its own data."""

from __future__ import annotations

from pathlib import Path

import click

from xnnkit.cli._common import emit_json, json_option, note
from xnnkit.cli._rules import share
from xnnkit.errors import BadInput


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="RUNS...")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the page here (default: report.html).",
)
@click.option("--markdown", is_flag=True, help="Print Markdown for a pull request.")
@click.option(
    "--figures",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the figures here, as SVG and PNG.",
)
@click.option(
    "--extract",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write what a report was made of here; RUNS is that report.",
)
@click.option("--baseline", default="", help="Compare with this flavour (default: upstream).")
@click.option("--title", default="", help="Of the page (default: what was measured, and where).")
@click.option(
    "--margin",
    callback=share,
    default="1%",
    show_default=True,
    metavar="PERCENT",
    help="What is surely smaller than this is no difference.",
)
@click.option(
    "--alpha",
    default=0.05,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Chance of even one false alarm among all benchmarks.",
)
@click.option("--allow-emulated", is_flag=True, help="Judge wall times of qemu like a device's.")
@click.option("--allow-throttled", is_flag=True, help="Judge runs that the device slowed down.")
@json_option
def command(
    sources: tuple[str, ...],
    output: Path | None,
    markdown: bool,
    folder: Path | None,
    extract: Path | None,
    baseline: str,
    title: str,
    margin: float,
    alpha: float,
    allow_emulated: bool,
    allow_throttled: bool,
    as_json: bool,
) -> None:
    """Write a report on RUNS: one HTML file that can be read offline and holds its own data.

    RUNS are runs or folders of runs; of any other file a label says where it comes from:
    DEVICE/FLAVOUR=FILE or DEVICE/MODEL/FLAVOUR=FILE. With --markdown, --figures or --json the page
    is only written where -o is given. A report that is written is exit 0, whatever it says.
    """
    if extract is not None:
        _extract(sources, extract)
        return
    from xnnkit import whole
    from xnnkit.bench.parts import Source
    from xnnkit.bench.verdict import Rules
    from xnnkit.report import content, export

    rules = Rules(alpha, margin, emulated=allow_emulated, throttled=allow_throttled)
    found = content.of_sources(
        [Source.of(text) for text in sources], rules, baseline=baseline, title=title
    )
    if output is None and not (markdown or folder or as_json):
        output = Path("report.html")
    if output is not None:
        from xnnkit.report import page

        note(f"wrote {whole.put(output, page.html(found).encode(), folders=True)}")
    if folder is not None:
        for path in export.write(found, folder):
            note(f"wrote {path}")
    if markdown:
        from xnnkit.report import markdown as layout

        click.echo(layout.text(found), nl=False)
    if as_json:
        emit_json(found.to_json())


def _extract(sources: tuple[str, ...], folder: Path) -> None:
    from xnnkit.report import data

    if len(sources) != 1:
        raise BadInput("one report is wanted", fix="xnnkit report --extract DIR report.html")
    for source in data.extract(Path(sources[0]), folder):
        click.echo(source)
