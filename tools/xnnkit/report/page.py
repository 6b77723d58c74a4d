"""The page: one HTML file that fetches nothing, runs no script, and suits screens and paper."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from xnnkit.bench import show_compare, table
from xnnkit.bench.advise import Advice
from xnnkit.bench.analysis import Group
from xnnkit.bench.stats import Ratio
from xnnkit.bench.verdict import Verdict
from xnnkit.report import data, figures, palette, ratios
from xnnkit.report.content import Report
from xnnkit.report.visible import readable

TEMPLATES = Path(__file__).parent / "templates"

OPERATORS = 15
"""Operators that are shown at once; the others unfold."""

MINUS = "\u2212"


def html(report: Report) -> str:
    """Return a report as a page; the same bytes for the same runs."""
    rules = report.analysis.rules
    style = _style()
    return (
        _environment()
        .get_template("page.html")
        .render(
            report=report,
            groups=[
                (number, group, figures.of_group(number, group, rules))
                for number, group in enumerate(report.analysis.groups, 1)
            ],
            style=Markup(style),
            policy=Markup(_policy(style)),
            json=Markup(data.script(report.to_json())),
            link=Markup(data.link(report.files)),
            total=sum(len(one.content) for one in report.files),
        )
    )


def _style() -> str:
    """Return the page's style sheet: colours, then the page, then the figures."""
    colours = [
        f":root {{ color-scheme: light dark; {palette.variables(palette.LIGHT)} }}",
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ "
        f"{palette.variables(palette.DARK)} }} }}",
    ]
    page = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    return "\n".join([*colours, page, palette.figure_css(palette.references())])


def _policy(style: str) -> str:
    """Return what the browser may do: take this very style sheet, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Callable[..., Any]] = {
        "duration": lambda value: _unbroken(table.duration(value)),
        "milliseconds": lambda value: _unbroken(table.milliseconds(value)),
        "share": lambda value: _unbroken(table.percent(value)),
        "change": _change,
        "interval": interval,
        "says": show_compare.sentence,
        "advice": _advice,
        "mood": _mood,
        "look": lambda verdict: ratios.STYLES[Verdict(verdict)],
        "p": lambda value: f"{value:.2g}",
        "size": _size,
        "reasons": _reasons,
    }
    environment.filters.update(filters)
    environment.globals.update(
        JSON_ID=data.JSON_ID, ZIP_ID=data.ZIP_ID, OPERATORS=OPERATORS, TIMES=figures.BENCHMARKS
    )
    return environment


def _finalize(value: object) -> object:
    """Make what is not ours readable; jinja escapes it afterwards."""
    if isinstance(value, Markup):
        return value
    return readable(str(value))


def _unbroken(figure: str) -> str:
    """Return a figure that stays in one line with its unit."""
    return figure.replace(" ", "\u00a0")


def _change(share: float | None) -> str:
    if share is None:
        return ""
    return _unbroken(table.percent(share, signed=True)).replace("-", MINUS)


def interval(ratio: Ratio | None) -> str:
    """Return a ratio's change with its interval, as far as it has one."""
    if ratio is None:
        return ""
    if ratio.low <= 0 or not math.isfinite(ratio.high):
        return "unknown"
    return f"{_change(ratio.low - 1)} to {_change(ratio.high - 1)}"


def _advice(group: Group) -> str:
    """Return an advice's sentence without the device and the work, which stand above it."""
    advice = group.advice
    if not advice.ship and any(side.emulated for side in group.sides):
        return "No advice: an emulator does not tell."
    where = f"{advice.device}, {advice.model}: " if advice.model else f"{advice.device}: "
    rest = advice.sentence.removeprefix(where)
    return rest[:1].upper() + rest[1:]


def _mood(advice: Advice) -> str:
    """Return how an advice looks: a flavour wins, the baseline stays, or nobody knows."""
    if not advice.ship:
        return "open"
    return "win" if advice.ship == advice.against else "stay"


def _reasons(group: Group) -> list[str]:
    """Return why benchmarks are inconclusive, each reason once with the benchmarks it is about."""
    found: dict[str, dict[str, None]] = {}
    for comparison in group.comparisons:
        for row in comparison.rows:
            if row.reason:
                found.setdefault(row.reason, {})[row.name] = None
    many = sum(len(one.rows) for one in group.comparisons)
    return [
        reason if len(names) > 1 and len(names) == many else f"{', '.join(names)}: {reason}"
        for reason, names in found.items()
    ]


def _size(count: int) -> str:
    for unit, size in (("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
