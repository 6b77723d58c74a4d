"""The options by which verdicts are made, for the commands that make some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def share(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Return ``3%`` or ``0.03`` as a share."""
    if value is None:
        return None
    text = value.strip()
    try:
        found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        found = -1.0
    if not 0 <= found < 10:
        raise click.BadParameter(f"{text!r} is no percentage such as 3%", ctx, param)
    return found


def rules_options(function: F) -> F:
    """Add ``--fail-above``, ``--margin``, ``--alpha``, ``--allow-emulated``, ``--allow-throttled``.

    They arrive as ``fail_above: float | None``, ``margin: float``, ``alpha: float`` and two bools.
    """
    options = (
        click.option(
            "--fail-above",
            callback=share,
            metavar="PERCENT",
            help="Exit 1 when a benchmark is slower by more than this.",
        ),
        click.option(
            "--margin",
            callback=share,
            default="1%",
            show_default=True,
            metavar="PERCENT",
            help="What is surely smaller than this is no difference.",
        ),
        click.option(
            "--alpha",
            default=0.05,
            show_default=True,
            type=click.FloatRange(0, 1, min_open=True, max_open=True),
            help="Chance of even one false alarm among all benchmarks.",
        ),
        click.option(
            "--allow-emulated", is_flag=True, help="Judge wall times of qemu like a device's."
        ),
        click.option(
            "--allow-throttled", is_flag=True, help="Judge runs that the device slowed down."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function
