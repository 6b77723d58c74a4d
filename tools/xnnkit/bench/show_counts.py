"""Counted instructions as text: what an iteration executes, and in which functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xnnkit.bench import table
from xnnkit.bench.runs import Run

_SHARE = 0.01
"""Functions with a smaller share of the instructions than this are left out of the table."""

_NOTE = "These are executed guest instructions. They say nothing of time, caches or memory."


def text(runs: Sequence[Run]) -> str:
    """Return two tables: instructions of each benchmark, and of its most executed functions.

    Ratios are against the first run that has the benchmark, which the column's title names.

    Args:
        runs: of which those without counts are left out.
    """
    counted = [run for run in runs if run.counts]
    rows: list[list[str]] = []
    functions: list[list[str]] = []
    remarks: dict[str, None] = {}
    base: dict[str, float] = {}
    for run in counted:
        flavour = run.identity.flavour
        for one in (run.counts or {})["benchmarks"]:
            value = per_iteration(one, one["instructions"])
            base.setdefault(one["name"], value)
            rows.append([flavour, one["name"], *_figures(one, value, base[one["name"]])])
            functions += [[flavour, one["name"], *cells] for cells in _functions(one)]
            remarks |= dict.fromkeys(_remarks(flavour, one))
    first = counted[0].identity.flavour
    header = ["flavour", "benchmark", "iterations", "instructions/iteration", "per item"]
    header.append(f"against {first}")
    parts = [table.plain(header, rows, right=(2, 3, 4, 5))]
    if functions:
        header = ["flavour", "benchmark", "entries/iteration", "instructions", "share"]
        parts.append(table.plain([*header, "function"], functions, right=(2, 3, 4)))
    return "\n\n".join([*parts, "\n".join([_NOTE, *remarks])])


def per_iteration(one: dict[str, Any], number: int) -> float:
    """Return a number of a benchmark's window as of one iteration.

    Args:
        one: the benchmark, as in a run's ``counts``.
        number: of the whole window, such as its ``instructions``.
    """
    return number / max(1, int(one["iterations"]))


def number(value: float) -> str:
    """Return a number with its digits in groups; with two decimals if it is not whole."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _figures(one: dict[str, Any], value: float, base: float) -> list[str]:
    items = one["items_per_iteration"]
    return [
        str(one["iterations"]),
        number(value),
        number(round(value / items)) if items else "",
        f"{value / base:.3f}x" if base else "",
    ]


def _functions(one: dict[str, Any]) -> list[list[str]]:
    rows = []
    for symbol in one["symbols"] or ():
        share = symbol["instructions"] / max(1, one["instructions"])
        if share >= _SHARE:
            entries = per_iteration(one, symbol["entries"])
            instructions = per_iteration(one, symbol["instructions"])
            rows.append([number(entries), number(instructions), table.percent(share)])
            rows[-1].append(symbol["name"])
    return rows


def _remarks(flavour: str, one: dict[str, Any]) -> list[str]:
    found = []
    if one["symbols"] is None:
        found.append(f"{flavour} is stripped: nothing can be said about its functions.")
    if one["threads"] > 1:
        found.append(
            f"{flavour} ran with {one['threads']} threads: what they executed while they waited "
            "is counted too and differs from run to run; -- --num_threads=1 has none of it."
        )
    if one["forks"]:
        found.append(f"{flavour} made {one['forks']} other processes, which were not counted.")
    return found
