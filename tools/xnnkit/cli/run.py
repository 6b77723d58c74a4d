"""``xnnkit run``: the built benchmark on a device, each run kept with its identity."""

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
from xnnkit.cli._devices import built_options, open_devices, phone_options, say


@click.command()
@click.argument("profile", default=DEFAULT_PROFILE, shell_complete=complete_profile)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--device",
    "device_name",
    default="qemu",
    show_default=True,
    help="Where to run: qemu, adb, adb:SERIAL, or all for every phone at once.",
)
@built_options
@click.option(
    "--runs",
    "root",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where runs are kept (default: OUT/runs).",
)
@click.option(
    "--repetitions", default=1, show_default=True, type=click.IntRange(1, 1000), help="How often."
)
@click.option("--interleave", is_flag=True, help="A process for each repetition, flavours in turn.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds for each process."
)
@click.option(
    "--count",
    is_flag=True,
    help="Count executed instructions, exactly; no times are to be taken from such a run.",
)
@click.option("--resume", is_flag=True, help="Go on with the series that was cut.")
@click.option(
    "--wait",
    "patience",
    default=60.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds to wait for a phone that vanished.",
)
@phone_options
@click.option("--any-cpu", is_flag=True, help="Run even what the phone's processor lacks.")
@click.option("--trace/--no-trace", default=True, help="Look which micro-kernels are entered (on).")
@click.option(
    "--verify/--no-verify", default=True, help="Compare results with the reference first (on)."
)
@click.option("--replace", is_flag=True, help="Remove the device's earlier runs afterwards.")
@json_option
def command(
    profile: str,
    arguments: tuple[str, ...],
    device_name: str,
    flavours: tuple[str, ...],
    out: Path | None,
    root: Path | None,
    repetitions: int,
    interleave: bool,
    timeout: float | None,
    count: bool,
    resume: bool,
    patience: float,
    binaries: dict[str, Path],
    phone: dict[str, str],
    any_cpu: bool,
    trace: bool,
    verify: bool,
    replace: bool,
    as_json: bool,
) -> None:
    """Run the binaries that xnnkit build made of PROFILE; what follows -- goes to the benchmark.

    Each binary is hashed again before it is run, and compares its results with a plain reference
    before it is timed. A run is kept as RUNS/PROFILE/FLAVOUR/DEVICE-N.json. Exit 1 when a binary
    is not the one that was built, its results are wrong, a benchmark fails, a flavour's
    micro-kernels were not entered, or forbidden ones were.

    On a phone each repetition is a process: one that is lost with the phone is run again when it
    comes back, and --resume goes on after that. See docs/devices.md.
    """
    from xnnkit.bench import execute, fleet, show

    if profile.startswith("-"):  # PROFILE was left out: xnnkit run -- --benchmark_filter=...
        profile, arguments = DEFAULT_PROFILE, (profile, *arguments)
    devices = open_devices(device_name, phone)
    loaded = load_profile(profile)
    out = (out or Path(".xnnkit") / loaded.name).absolute()
    plan = execute.Plan(
        out=out,
        root=(root or out / "runs").absolute(),
        flavours=flavours,
        repetitions=repetitions,
        interleave=interleave,
        timeout=timeout,
        trace=trace,
        verify=verify,
        replace=replace,
        count=count,
        arguments=arguments,
        binaries=binaries,
        resume=resume,
        patience=patience,
        any_cpu=any_cpu,
    )
    if len(devices) == 1:
        made = execute.execute(loaded, plan, devices[0], say=say, note=note)
    else:
        outcomes = fleet.execute_all(loaded, plan, devices, say=say, note=note)
        made = [run for one in outcomes for run in one.runs]
        if error := fleet.worst(outcomes):
            if made and not as_json:
                click.echo(show.runs_text(made))
            raise error
    if as_json:
        emit_json({"runs": [{"path": str(run.path), **run.to_json()} for run in made]})
    else:
        click.echo(show.runs_text(made))
