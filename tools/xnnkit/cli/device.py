"""``xnnkit device``: where a binary can run."""

from __future__ import annotations

from typing import Any

import click

from xnnkit.cli._common import emit_json, json_option, table
from xnnkit.cli._devices import directory_option


@click.group()
def command() -> None:
    """Show the devices that can run a binary."""


@command.command("list")
@json_option
def list_devices(as_json: bool) -> None:
    """List the devices that are there, and what to do for those that are not."""
    from xnnkit import device

    rows = device.available()
    if as_json:
        emit_json({"devices": rows, "legal": device.LEGAL})
        return
    click.echo(table([(row["name"], _state(row)) for row in rows]))


@command.command("info")
@click.argument("name")
@json_option
def info(name: str, as_json: bool) -> None:
    """Show what goes into the identity of a run on device NAME, and a phone's state now."""
    from xnnkit.cli._devices import open_devices
    from xnnkit.device import Remote

    if name == "all":
        name = "adb"  # which refuses when there are several
    (found,) = open_devices(name, {})
    shown = dict(found.identity())
    if isinstance(found, Remote):
        shown["now"] = found.conditions()
    if as_json:
        emit_json(shown)
        return
    rows = [row for key, value in shown.items() for row in _rows(key, value)]
    click.echo(table(rows))


@command.command("clean")
@click.argument("name", default="adb")
@directory_option
@json_option
def clean(name: str, phone: dict[str, str], as_json: bool) -> None:
    """End what was left running on device NAME, and remove all files of ours from it."""
    from xnnkit.cli._devices import open_phones

    rows: list[dict[str, Any]] = []
    for one in open_phones(name, phone):
        with one.held():
            rows.append({"device": one.name, "bytes": one.clean()})
    if as_json:
        emit_json({"cleaned": rows})
        return
    for row in rows:
        click.echo(f"{row['device']}: {row['bytes'] / 1e6:.1f} MB removed")


def _state(row: dict[str, Any]) -> str:
    if not row["available"]:
        return f"{row['why']}: {row['fix']}"
    model = str(row.get("model", "")).replace("_", " ")
    return f"ready  {model}".rstrip()


def _rows(key: str, value: Any) -> list[tuple[str, str]]:
    """Return a value as lines of a table, nested ones below each other."""
    if isinstance(value, dict):
        rows = [row for inner, one in value.items() for row in _rows(f"{key}.{inner}", one)]
        return rows or [(key, "nothing known")]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [(key, ", ".join(f"{k} {v}" for k, v in one.items())) for one in value]
    if isinstance(value, list):
        return [(key, ", ".join(map(str, value)) or "none")]
    return [(key, "unknown" if value is None else str(value))]
