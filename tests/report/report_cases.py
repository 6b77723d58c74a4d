"""Reports for tests: the example that ships with the project, and small ones made up here."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import example_report
import xnnkit
from gbench import keep
from xnnkit.bench.parts import Source
from xnnkit.report import content, data, page
from xnnkit.report.content import Report
from xnnkit.report.drawing import Figure

GOLDEN = Path(__file__).parent / "golden"
UPDATE = "python tests/report/update_golden.py"
VOID = {"meta", "link", "br", "img", "input", "hr"}


@cache
def example() -> Report:
    """Return the report on the example that ships with the project."""
    return content.of_sources(example_report.sources(), title="An example, made up")


def golden() -> dict[str, str]:
    """Return what the golden files should hold: name -> text."""
    from xnnkit.report import export, markdown

    report = example()
    figures = export.of_report(report)
    return {
        "report.html": without_archive(page.html(report)),
        "report.md": markdown.text(report),
        **{f"{word}.svg": _first(figures, word) for word in ("ratios", "times", "operators")},
    }


def _first(figures: Mapping[str, Figure], word: str) -> str:
    return next(figure.alone() for name, figure in figures.items() if f"-{word}-" in name)


def without_archive(html: str) -> str:
    """Return a page without its archive, which depends on zlib, and without our version."""
    html = html.replace(f'"xnnkit":"{xnnkit.__version__}"', '"xnnkit":"VERSION"')
    return re.sub(re.escape(data.PREFIX) + "[A-Za-z0-9+/=]+", data.PREFIX + "...", html)


def noisy(seed: str, middle: float, n: int = 10, noise: float = 0.01) -> list[float]:
    """Return times in milliseconds."""
    source = random.Random(repr(seed))
    return [source.gauss(middle, noise * middle) for _ in range(n)]


def of_times(
    root: Path, flavours: Mapping[str, Mapping[str, Sequence[float]]], **changes: Any
) -> Report:
    """Keep a run of each flavour and return the report on them.

    Args:
        root: where runs are kept.
        flavours: flavour -> benchmark -> times in milliseconds.
        changes: of the runs' identities.
    """
    for flavour, times in flavours.items():
        keep(root, times, flavour, **changes)
    return content.of_sources([root])


def labelled(*texts: str) -> Report:
    """Return the report on sources as they stand on a command line."""
    return content.of_sources([Source.of(text) for text in texts])


class Page(HTMLParser):
    """A page taken apart: its elements, their nesting, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        """What is to be read, blanks made even."""
        return " ".join("".join(self.words).split())

    def find(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of this kind with these attributes."""
        return [
            said
            for name, said in self.elements
            if name == tag and all(said.get(k) == v for k, v in attributes.items())
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.wrong.append(tag)

    def handle_data(self, text: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.words.append(text)
