"""Small SVG of our own, that is as wide as there is room.

Why no plotting library: a figure lies in the page as text. Its colours are the page's CSS
variables, so light, dark and print share one figure; horizontal places are percentages and words
keep their size, so it can be read on a phone as on a screen; a browser's search finds its words;
and it takes a few kilobytes. Matplotlib writes a figure of fixed size and colours, its words as
outlines or in a size that shrinks with the screen. PNG is drawn from the same SVG (``export``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from xnnkit.report import palette
from xnnkit.report.axis import Scale
from xnnkit.report.visible import readable, shorten, visible

WIDTH = 720
"""Of a figure in a file of its own, in pixels."""

LABEL = 44
"""Columns that a name may take up: as many as fit on a phone of 360 pixels."""

_MARGIN = 16
_EDGE = 0.1
_SAID = 4000


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: of its file, without an ending.
        title: what it shows, in one line.
        summary: the same in words for who cannot see it.
        height: pixels.
        body: its elements.
        note: what a reader must know to read it rightly; "" for nothing.
    """

    name: str
    title: str
    summary: str
    height: int
    body: Markup
    note: str = ""

    def inline(self) -> Markup:
        """Return it for the page, which has the style; as wide as there is room."""
        return Markup(
            '<svg class="fig" role="img" width="100%" height="{}" aria-label="{}">{}</svg>'
        ).format(self.height, shorten(visible(self.summary), _SAID), self.body)

    def alone(self, *, dark: bool = True) -> str:
        """Return it as a file of its own.

        Args:
            dark: let the reader's preference choose the colours; without it they are light.
        """
        style = palette.figure_css(palette.LIGHT)
        if dark:
            style += "@media (prefers-color-scheme: dark) {\n"
            style += palette.figure_css(palette.DARK) + "}\n"
        height = self.height + 2 * _MARGIN + 24
        inner = Markup('<svg x="{0}" y="{1}" width="{2}" height="{3}">{4}</svg>').format(
            _MARGIN, _MARGIN + 24, WIDTH - 2 * _MARGIN, self.height, self.body
        )
        title = text(_MARGIN, _MARGIN + 8, shorten(visible(self.title), 100), "strong")
        return Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" class="fig" role="img" width="{0}" '
            'height="{1}" viewBox="0 0 {0} {1}">\n<title>{2}</title>\n<desc>{3}</desc>\n'
            '<style>\n{4}</style>\n<rect class="paper" width="{0}" height="{1}"/>\n{5}\n{6}\n'
            "</svg>\n"
        ).format(
            WIDTH,
            height,
            visible(self.title),
            visible(self.summary),
            Markup(style),
            title,
            inner,
        )


def at(share: float) -> str:
    """Return a horizontal place, a share of the width, as SVG takes it."""
    return f"{100 * share:.2f}%"


def text(x: float | str, y: float, words: str | Markup, style: str = "", dx: float = 0) -> Markup:
    """Return a line of text; what is not ours in it must be ``visible`` already."""
    return Markup('<text x="{}" y="{:g}"{}{}>{}</text>').format(
        x,
        y,
        Markup(' class="{}"').format(style) if style else "",
        Markup(' dx="{:g}"').format(dx) if dx else "",
        words,
    )


def name(y: float, words: str, style: str = "strong", most: int = LABEL) -> Markup:
    """Return a name at the left edge, shortened as needed; the whole of it as its tooltip."""
    whole = readable(words)
    return Markup('<text x="0" y="{:g}" class="{}">{}<title>{}</title></text>').format(
        y, style, shorten(whole, most), whole
    )


def line(x1: str, y1: float, x2: str, y2: float, style: str) -> Markup:
    """Return a line."""
    return Markup('<line x1="{}" y1="{:g}" x2="{}" y2="{:g}" class="{}"/>').format(
        x1, y1, x2, y2, style
    )


def rect(x: float, y: float, wide: float, high: float, style: str) -> Markup:
    """Return a rectangle; horizontal figures are shares of the width."""
    return Markup('<rect x="{}" y="{:g}" width="{}" height="{:g}" class="{}"/>').format(
        at(x), y, at(wide), high, style
    )


def circle(x: float, y: float, radius: float, style: str) -> Markup:
    """Return a disc at a share of the width."""
    return Markup('<circle cx="{}" cy="{:g}" r="{:g}" class="{}"/>').format(at(x), y, radius, style)


def diamond(x: float, y: float, radius: float, style: str) -> Markup:
    """Return a diamond at a share of the width."""
    return Markup(
        '<svg x="{}" y="{:g}" overflow="visible"><path class="{}" '
        'd="M{r:g} 0L0 {r:g}L-{r:g} 0L0 -{r:g}Z"/></svg>'
    ).format(at(x), y, style, r=radius)


def arrow(x: float, y: float, direction: int, style: str) -> Markup:
    """Return a small arrow head: something goes on beyond the edge.

    Args:
        x: a share of the width.
        y: pixels.
        direction: 1 to the right, -1 to the left.
        style: its class.
    """
    return Markup(
        '<svg x="{}" y="{:g}" overflow="visible"><path class="{}" d="M{:g} -5L0 0L{:g} 5" '
        'fill="none"/></svg>'
    ).format(at(x), y, style, -6 * direction, -6 * direction)


def directions(left: str, right: str) -> list[Markup]:
    """Return what the two ends of an axis mean, as words above a figure."""
    return [
        text(at(0), 12, f"\u2190 {left}", "soft"),
        text(at(1), 12, f"{right} \u2192", "soft end"),
    ]


def ticks(places: Sequence[tuple[float, str]], scale: Scale, bottom: float) -> list[Markup]:
    """Return the labels of an axis below a figure.

    Args:
        places: values and their labels.
        scale: of the axis.
        bottom: where the figure ends.
    """
    found = []
    for value, label in places:
        place = scale.place(value)
        # Near an edge a label has no room on a phone; its line is still there.
        style = "mid soft" if _EDGE <= place <= 1 - _EDGE else "mid soft wide"
        found.append(text(at(place), bottom + 16, label, style))
    return found


def grid(
    places: Sequence[tuple[float, str]], scale: Scale, top: float, bottom: float
) -> list[Markup]:
    """Return lines at an axis' ticks, from one height to another; that at 0 is a strong one."""
    found = []
    for value, _ in places:
        x = at(scale.place(value))
        found.append(line(x, top, x, bottom, "grid" if value else "zero"))
    return found


def join(parts: Sequence[Markup | str]) -> Markup:
    """Return elements below each other; what is not marked as ours is escaped."""
    return Markup("\n").join(escape(part) for part in parts)
