"""Colours: readable on their paper, light and dark (WCAG's 4.5 for words and 3 for figures)."""

from __future__ import annotations

import re

import pytest
from xnnkit.report import palette
from xnnkit.report.page import TEMPLATES

WORDS = ("ink", "soft", "link", "faster", "slower", "warn")
MARKS = ("soft", "faster", "slower", "side-0", "side-1", "side-2", "side-3")
SCHEMES = {"light": palette.LIGHT, "dark": palette.DARK}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("paper", ["paper", "panel", "warn-panel"])
@pytest.mark.parametrize("colour", WORDS)
def test_words_can_be_read(scheme: str, paper: str, colour: str) -> None:
    colours = SCHEMES[scheme]
    assert palette.contrast(colours[colour], colours[paper]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("colour", MARKS)
def test_marks_can_be_seen(scheme: str, colour: str) -> None:
    colours = SCHEMES[scheme]
    assert palette.contrast(colours[colour], colours["paper"]) >= 3
    if colour in ("soft", "faster", "slower"):
        assert palette.contrast(colours[colour], colours["band"]) >= 3


def test_contrast_is_that_of_the_standard() -> None:
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert palette.contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


def test_both_schemes_have_the_same_colours_and_the_page_uses_no_other() -> None:
    assert palette.LIGHT.keys() == palette.DARK.keys()
    page = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", page))
    assert used <= palette.LIGHT.keys()
    assert not re.search(r"#[0-9a-f]{3,8}\b", page)
    for colours in (palette.LIGHT, palette.references()):
        assert "$" not in palette.figure_css(colours)
