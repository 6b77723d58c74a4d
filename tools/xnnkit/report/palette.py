"""The colours of page and figures, light and dark: data, with a test for their contrast.

Blue and orange say faster and slower: they are told apart with any kind of colour blindness, and no
figure says anything by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping

LIGHT = {
    "paper": "#ffffff",
    "panel": "#f5f7fa",
    "ink": "#1a2029",
    "soft": "#56606e",
    "line": "#d5dbe3",
    "band": "#e3e8ef",
    "link": "#0b5cad",
    "faster": "#0b62b8",
    "slower": "#b1480b",
    "warn": "#8a5a00",
    "warn-panel": "#fff6e0",
    "side-0": "#5b6472",
    "side-1": "#007a78",
    "side-2": "#7a3fc4",
    "side-3": "#a8326e",
}
"""On white paper and in print."""

DARK = {
    "paper": "#10151c",
    "panel": "#181f29",
    "ink": "#e8ecf1",
    "soft": "#a3aebb",
    "line": "#323c49",
    "band": "#2a3441",
    "link": "#79b8ff",
    "faster": "#6fb5ff",
    "slower": "#ff9f5f",
    "warn": "#f2c063",
    "warn-panel": "#2b2415",
    "side-0": "#b0b9c5",
    "side-1": "#45d0c4",
    "side-2": "#c3a3ff",
    "side-3": "#ff92c2",
}
"""For who asks for dark pages."""

SIDES = 4
"""Colours for sides; more of them begin anew, and their names stand beside them."""

FONTS = "'Helvetica Neue', Arial, Roboto, 'Liberation Sans', 'Noto Sans', 'DejaVu Sans', sans-serif"
"""For the words of figures, by name: what draws PNG knows no default of the system."""

_FIGURE = """\
.fig text { font: 12px $fonts; fill: $ink }
.fig .soft { fill: $soft }
.fig .end { text-anchor: end }
.fig .mid { text-anchor: middle }
.fig .strong { font-weight: bold }
.fig .grid { stroke: $line; stroke-width: 1 }
.fig .zero { stroke: $soft; stroke-width: 1.5 }
.fig .band { fill: $band }
.fig .s-faster { stroke: $faster; stroke-width: 3 }
.fig .s-slower { stroke: $slower; stroke-width: 3 }
.fig .s-same, .fig .s-open { stroke: $soft; stroke-width: 3 }
.fig .f-faster { fill: $faster }
.fig .f-slower { fill: $slower }
.fig .f-same { fill: $soft }
.fig .f-open { fill: $paper; stroke: $soft; stroke-width: 2 }
.fig .t-faster { fill: $faster; font-weight: bold }
.fig .t-slower { fill: $slower; font-weight: bold }
.fig .paper { fill: $paper }
"""

_SIDE = """\
.fig .f-side-{n} {{ fill: ${{side-{n}}}; fill-opacity: 0.6 }}
.fig .s-side-{n} {{ stroke: ${{side-{n}}}; stroke-width: 2.5 }}
"""


def figure_css(colours: Mapping[str, str]) -> str:
    """Return the rules for figures with these colours.

    Args:
        colours: name -> colour, in any form that CSS knows.
    """
    text = _FIGURE.replace("$fonts", FONTS)
    text += "".join(_SIDE.format(n=n) for n in range(SIDES))
    for name, colour in sorted(colours.items(), key=lambda item: -len(item[0])):
        text = text.replace(f"${{{name}}}", colour).replace(f"${name}", colour)
    return text


def variables(colours: Mapping[str, str]) -> str:
    """Return colours as CSS variables, ``--NAME``."""
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


def references() -> dict[str, str]:
    """Return for each colour what refers to its CSS variable."""
    return {name: f"var(--{name})" for name in LIGHT}


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours as WCAG defines it, 1 to 21.

    Args:
        first: such as ``#1a2029``.
        second: another.
    """
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
