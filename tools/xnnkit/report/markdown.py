"""A report for a pull request: Markdown in which no name becomes HTML, a mention or a link."""

from __future__ import annotations

import re
from collections.abc import Iterator

from xnnkit.bench import show_compare, table
from xnnkit.bench.analysis import Group
from xnnkit.bench.compare import Comparison
from xnnkit.bench.operators import OperatorTable
from xnnkit.bench.stats import Ratio, Summary
from xnnkit.report import page
from xnnkit.report.content import Report
from xnnkit.report.visible import readable

OPERATORS = 8
"""Operators of a table that are shown."""

_SPECIAL = re.compile(r"[&<|`*\[\]\\~@#$]|(?<!\w)_|_(?!\w)|://|(?i:www\.)|^[-+=>]")


def text(report: Report) -> str:
    """Return a report as Markdown, ending with a line end."""
    lines = [f"## {escaped(report.title)}", ""]
    for group in report.analysis.groups:
        advice = group.advice
        lines += [f"**{escaped(advice.sentence)}**", ""]
        lines += [f"* how sure: {advice.confidence}: {escaped(advice.why)}"]
        lines += _effects(group)
        lines += [""]
    grave = [one for one in report.remarks if one.grave]
    for one in grave:
        where = f"{escaped(one.where)}: " if one.where else ""
        lines.append(f"> :warning: {where}{escaped(one.text)}.")
    lines += [""] if grave else []
    for group in report.analysis.groups:
        for comparison in group.comparisons:
            lines += _comparison(comparison)
        for found in group.operators:
            lines += _operators(found)
    lines += _built(report)
    return "\n".join(lines).rstrip() + "\n"


def escaped(words: str) -> str:
    """Return a text that Markdown shows as it is: entities stand for what has a meaning there."""
    return _SPECIAL.sub(_entities, readable(words))


def _entities(found: re.Match[str]) -> str:
    first, rest = found[0][0], found[0][1:]
    return f"&#{ord(first)};{rest}"


def _effects(group: Group) -> Iterator[str]:
    for word, effects in (("helps", group.advice.helps), ("hurts", group.advice.hurts)):
        for effect in effects:
            shown = table.milliseconds if effect.what == "operator" else table.duration
            times = f"{shown(effect.first_ns)} \u2192 {shown(effect.second_ns)}"
            change = table.percent(effect.ratio - 1, signed=True)
            unsure = "" if effect.sure else ", not proved"
            yield f"* {word}: {effect.what} {escaped(effect.name)}: {times} ({change}{unsure})"


def _comparison(found: Comparison) -> list[str]:
    lines = [escaped(show_compare.sentence(found)), ""]
    if not found.rows:
        return lines
    header = ["benchmark", escaped(found.baseline), "n", escaped(found.other), "n"]
    header += ["change", "95 % interval", "p", "verdict"]
    rows = []
    for row in found.rows:
        known = row.evidence
        rows.append(
            [
                escaped(row.name),
                *_cells(known.first),
                *_cells(known.second),
                table.percent(known.ratio.value - 1, signed=True) if known.ratio else "",
                _interval(known.ratio),
                "" if known.corrected is None else f"{known.corrected:.2g}",
                str(row.verdict),
            ]
        )
    lines += [table.markdown(header, rows, right=(1, 2, 3, 4, 5, 6, 7)), ""]
    reasons = dict.fromkeys(row.reason for row in found.rows if row.reason)
    lines += [f"* {escaped(reason)}" for reason in reasons if reason != found.reason]
    lines += [f"* note: {escaped(note)}" for note in found.notes]
    return [*lines, ""]


def _interval(ratio: Ratio | None) -> str:
    return page.interval(ratio).replace(page.MINUS, "-").replace("\u00a0", " ")


def _cells(one: Summary | None) -> list[str]:
    if one is None:
        return ["", "0"]
    return [table.duration(one.median), str(one.n) if one.n else "?"]


def _operators(found: OperatorTable) -> list[str]:
    header = ["", "operator", escaped(found.baseline), escaped(found.other), "change", "verdict"]
    rows = [
        [
            escaped(row.key),
            escaped(row.name),
            table.milliseconds(row.first_ns),
            table.milliseconds(row.second_ns),
            "" if row.ratio is None else table.percent(row.ratio - 1, signed=True),
            str(row.verdict),
        ]
        for row in found.by_gain[:OPERATORS]
    ]
    shown = f"The {len(rows)} of {len(found.rows)} operators that gain or lose most:"
    return [shown, "", table.markdown(header, rows, right=(0, 2, 3, 4)), ""]


def _built(report: Report) -> list[str]:
    lines = ["<details><summary>What was built, and what it ran on</summary>", ""]
    for one in report.programs:
        unknown = f"program unknown, on {escaped(', '.join(one.devices))}"
        sha256 = f"sha256 {escaped(one.sha256)}" if one.sha256 else unknown
        facts = [one.facts[key] for key in ("profile", "toolchain") if key in one.facts]
        said = ", ".join([sha256, *(escaped(fact) for fact in facts)])
        lines.append(f"* {escaped(one.flavour)}: {said}")
    for machine in report.machines:
        keys = ("model", "soc", "cores", "hottest sensor after a run", "throttling")
        said = "; ".join(f"{key} {machine.facts[key]}" for key in keys if key in machine.facts)
        lines.append(f"* {escaped(machine.name)}" + (f": {escaped(said)}" if said else ""))
    return [*lines, "", "</details>"]
