"""``xnnkit push``: built binaries onto a phone, nothing twice."""

from __future__ import annotations

from pathlib import Path

import click

from xnnkit.cli._common import (
    DEFAULT_PROFILE,
    complete_profile,
    emit_json,
    json_option,
    load_profile,
    note,
)
from xnnkit.cli._devices import built_options, directory_option, open_phones


@click.command()
@click.argument("profile", default=DEFAULT_PROFILE, shell_complete=complete_profile)
@click.option(
    "--device",
    "device_name",
    default="adb",
    show_default=True,
    help="Which phone: adb, adb:SERIAL, or all.",
)
@built_options
@directory_option
@json_option
def command(
    profile: str,
    device_name: str,
    flavours: tuple[str, ...],
    out: Path | None,
    binaries: dict[str, Path],
    phone: dict[str, str],
    as_json: bool,
) -> None:
    """Push the binaries that xnnkit build made of PROFILE to a phone, and print where they are.

    Each lies in a folder named after its content: what is there already, by its sha256, is not
    copied again. xnnkit run pushes by itself; this is for running by hand.
    """
    from xnnkit.bench import push

    loaded = load_profile(profile)
    out = (out or Path(".xnnkit") / loaded.name).absolute()
    plan = push.Plan(out=out, root=out / "runs", flavours=flavours, binaries=binaries)
    rows = push.push(loaded, plan, open_phones(device_name, phone), note)
    if as_json:
        emit_json({"pushed": rows})
        return
    for row in rows:
        click.echo(f"{row['device']}: {row['path']}")
