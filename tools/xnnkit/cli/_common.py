"""What the subcommands share: ``--json``, notes on stderr, loading a profile, plain tables."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from xnnkit import terminal

if TYPE_CHECKING:
    from xnnkit.profile import Profile

F = TypeVar("F", bound=Callable[..., Any])

SCHEMA_VERSION = 1
DEFAULT_PROFILE = "xnnpack-2024-11"


def json_option(function: F) -> F:
    """Add ``--json`` to a command; it arrives as ``as_json: bool``."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(
        function
    )


def profile_argument(function: F) -> F:
    """Add the argument PROFILE, a name or a path; it arrives as ``profile: str``."""
    return click.argument("profile", shell_complete=complete_profile)(function)


def complete_profile(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the profiles that start with ``incomplete``, for the shell."""
    from xnnkit import paths

    found = (paths.home() / "profiles").glob("*.toml")
    return sorted(file.stem for file in found if file.stem.startswith(incomplete))


def emit_json(obj: Mapping[str, object]) -> None:
    """Print ``obj`` on stdout as JSON, with ``schema_version`` first."""
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **obj}, indent=2))


def note(text: str, *, style: str = "") -> None:
    """Print ``text`` on stderr; in a colour only on a terminal that wants one.

    Args:
        text: one or more lines.
        style: a colour that click knows, such as ``yellow``; "" for none.
    """
    if style and sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        # Made plain first: no colour but this one can be in it.
        text = click.style(terminal.plain(text), fg=style)
        click.echo(text, file=terminal.raw(sys.stderr))
        return
    click.echo(text, err=True)


def load_profile(name: str) -> Profile:
    """Load a profile by name or path.

    Raises:
        BadInput: there is none, or it is refused.
    """
    from xnnkit import profile

    return profile.load(name)


def table(rows: Sequence[Sequence[str]], *, indent: int = 0) -> str:
    """Lay rows out in columns, two blanks apart; the last column is left as it is.

    Args:
        rows: cells; every row with as many as the first.
        indent: blanks before each line.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(" " * indent + line for line in lines)
