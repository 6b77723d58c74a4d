"""Figures as files: SVG, and PNG for where SVG cannot go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from xnnkit import whole
from xnnkit.errors import BadEnvironment
from xnnkit.report import figures
from xnnkit.report.content import Report
from xnnkit.report.drawing import Figure
from xnnkit.report.palette import FONTS

ZOOM = 2
"""Pixels of a PNG for each of its SVG."""

_LETTER = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">'
    f'<text x="5" y="30" font-size="30" font-family="{FONTS}">M</text></svg>'
)


def of_report(report: Report) -> dict[str, Figure]:
    """Return all figures of a report by the name of their file, without its ending."""
    found = [
        figure
        for number, group in enumerate(report.analysis.groups, 1)
        for figure in figures.of_group(number, group, report.analysis.rules).all()
    ]
    return figures.unique(found)


def write(report: Report, folder: Path) -> Iterator[Path]:
    """Write each figure as SVG and as PNG, and yield their paths.

    Args:
        report: whose figures.
        folder: where to; it is made as needed, files of the same name are replaced.

    Raises:
        BadEnvironment: they cannot be written, or no PNG can be made here.
    """
    for name, figure in of_report(report).items():
        yield whole.put(folder / f"{name}.svg", figure.alone().encode(), folders=True)
        yield whole.put(folder / f"{name}.png", png(figure), folders=True)


def png(figure: Figure) -> bytes:
    """Return a figure as PNG, in light colours.

    Raises:
        BadEnvironment: what draws it is not installed, or there is no font.
    """
    _font()
    return _drawn(figure.alone(dark=False), ZOOM)


@cache
def _font() -> None:
    """Make sure that words can be drawn: without a font they would silently be missing."""
    if _drawn(_LETTER, 1) == _drawn(_LETTER.replace(">M<", "> <"), 1):
        raise BadEnvironment(
            "PNG cannot be drawn: there is no font on this machine",
            why="the words of a figure need one",
            fix="apt-get install -y fonts-dejavu-core",
        )


def _drawn(svg: str, zoom: int) -> bytes:
    try:
        import resvg_py
    except ImportError as error:
        raise BadEnvironment(
            "PNG cannot be drawn: resvg_py is not installed",
            why=f"the SVGs are there; {error}",
            fix="pip install resvg-py",
        ) from error
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=zoom))


__all__: Sequence[str] = ("of_report", "png", "write")
