"""``xnnkit device``: where a binary can run."""

from __future__ import annotations

import click

from xnnkit.cli._common import emit_json, json_option, table


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
    lines = [
        (row["name"], "ready" if row["available"] else f"{row['why']}: {row['fix']}")
        for row in rows
    ]
    click.echo(table(lines))


@command.command("info")
@click.argument("name")
@json_option
def info(name: str, as_json: bool) -> None:
    """Show what goes into the identity of a run on device NAME."""
    from xnnkit import device

    identity = device.open_device(name).identity()
    if as_json:
        emit_json(identity)
        return
    click.echo(table([(key, str(value)) for key, value in identity.items()]))
