"""One process of a benchmark on a device, made into a run."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import xnnkit
from xnnkit import untrusted
from xnnkit.bench import counts, results, runs
from xnnkit.bench.plan import Binary, Plan, same_bytes
from xnnkit.device import OUTPUT, Device, DeviceLost, Done, Job, Remote
from xnnkit.errors import Finding

if TYPE_CHECKING:
    from xnnkit.profile import Profile

REMOTE_SECONDS = 3600.0
"""How long a process may take on a device that can vanish, when nobody says it."""


@dataclass(frozen=True)
class Setting:
    """What all runs of a series share.

    Attributes:
        profile: what was built.
        plan: what is run.
        device: where.
        identity: the device's.
        built: the build's manifest.
        say: called with each line that a benchmark prints.
        note: called with what a person should know.
    """

    profile: Profile
    plan: Plan
    device: Device
    identity: dict[str, Any]
    built: dict[str, Any]
    say: Callable[[str], None]
    note: Callable[[str], None]

    @property
    def timeout(self) -> float | None:
        """Seconds for each process."""
        if self.plan.timeout is None and isinstance(self.device, Remote):
            return REMOTE_SECONDS
        return self.plan.timeout


def measure(
    setting: Setting,
    one: Binary,
    *,
    repetitions: int,
    verified: dict[str, Any] | None,
    series: dict[str, Any] | None,
) -> runs.Run:
    """Run one binary once and return what came of it; nothing is written.

    Args:
        setting: what all runs share.
        one: the binary.
        repetitions: that this process does.
        verified: what the verification found.
        series: this run's place in its series.

    Raises:
        DeviceLost: the device stopped answering.
        BadEnvironment: it takes too long, or cannot be started.
        Finding: the binary is not the one that was built, or it failed.
    """
    plan, device = setting.plan, setting.device
    same_bytes(one)
    arguments = list(plan.arguments)
    if repetitions > 1:
        arguments.append(f"--benchmark_repetitions={repetitions}")
    before = device.conditions() if isinstance(device, Remote) else None
    started = datetime.now(UTC).isoformat(timespec="seconds")
    counted: dict[str, Any] | None = None
    if plan.count:
        arguments = counts.arguments_of(arguments)
        measured = counts.measure(
            device,
            one.path,
            arguments,
            flavour=one.flavour,
            trace=one.traced,
            timeout=setting.timeout,
            output=lambda done: output(one, done),
            say=setting.say,
            note=setting.note,
        )
        raw, seconds, counted = measured.raw, measured.seconds, measured.counts
        executed = _executed(measured.entered)
    else:
        job = Job(
            binary=one.path,
            args=[*arguments, f"--benchmark_out={OUTPUT}", "--benchmark_out_format=json"],
            timeout=setting.timeout,
            trace=one.traced,
        )
        done = device.run(job, setting.say)
        raw, seconds, executed = output(one, done), done.seconds, _executed(done.entered)
    parsed = results.parse(raw, f"the output of {one.path}")
    identity = runs.Identity(
        binary={"name": one.path.name, "sha256": one.sha256, "size": one.size},
        profile=setting.profile.name,
        flavour=one.flavour,
        toolchain=str(setting.built.get("toolchain", "unknown")),
        device=setting.identity,
        arguments=arguments,
        threads=_threads(parsed, arguments),
        benchmark=setting.profile.benchmark.name,
        method=_method(parsed, arguments),
        started=started,
        seconds=round(seconds, 3),
        host={
            "name": platform.node(),
            "system": platform.system(),
            "machine": platform.machine(),
        },
        xnnkit=xnnkit.__version__,
        archives=_archives(setting.built),
        prebuilt=_named(setting.built, "prebuilt"),
        accepted=_named(setting.built, "accepted_by_tree"),
        executed=executed,
        verify=verified,
        conditions=None if before is None else {"before": before, "after": _after(setting)},
        series=series,
    )
    return runs.Run(identity, raw, counts=counted)


def output(one: Binary, done: Done) -> dict[str, Any]:
    """Return the benchmark's JSON, once it is sure that it ended well and measured something.

    Raises:
        BadInput: it wrote what is none.
        Finding: it failed, or measured nothing.
    """
    if done.code != 0:
        why = {
            "SIGILL": "the processor lacks an instruction that the kernels use",
            "SIGKILL": "the system ended it, perhaps for lack of memory",
        }
        raise Finding(
            f"the benchmark of {one.flavour} ended with {done.ending}",
            where=str(one.path),
            why=why.get(done.ending, "\n".join(done.tail[-3:])),
        )
    if not done.output:
        raise Finding(
            f"the benchmark of {one.flavour} wrote no results",
            where=str(one.path),
            why="\n".join(done.tail[-3:]),
            fix="is it a Google Benchmark? does --benchmark_filter match anything?",
        )
    raw = results.loads(done.output, f"the output of {one.path}")
    parsed = results.parse(raw, f"the output of {one.path}")
    for benchmark in parsed.benchmarks.values():
        if benchmark.errors:
            raise Finding(
                f"{one.flavour}: {benchmark.name} failed: {benchmark.errors[0]}",
                where=str(one.path),
            )
    if not any(benchmark.samples for benchmark in parsed.benchmarks.values()):
        raise Finding(
            f"the benchmark of {one.flavour} measured nothing",
            where=str(one.path),
            fix="does --benchmark_filter match anything?",
        )
    assert isinstance(raw, dict)
    return raw


def _after(setting: Setting) -> dict[str, Any] | None:
    """Return the device's state after a run; a run that is done is not given up for it."""
    assert isinstance(setting.device, Remote)
    try:
        after = setting.device.conditions()
    except DeviceLost:
        return None
    if after.get("throttling", "none") != "none":
        setting.note(f"{setting.device.name} throttles: {after['throttling']}")
    elif after.get("slowed"):
        cores = ", ".join(map(str, after["slowed"]))
        setting.note(f"{setting.device.name}: the highest clock of cores {cores} is lowered")
    return after


def _executed(entered: Mapping[str, bool] | None) -> list[str] | None:
    return None if entered is None else sorted(name for name in entered if entered[name])


def _threads(parsed: results.Results, arguments: Sequence[str]) -> int | None:
    """Return the threads that compute, from what the program says or was told."""
    said = _said("num_threads", parsed, arguments)
    return next((n for text in said if (n := untrusted.number(text)) is not None), None)


def _method(parsed: results.Results, arguments: Sequence[str]) -> str | None:
    """Return the method that was timed, from what the program says or was told."""
    return next(filter(None, _said("benchmark_method", parsed, arguments)), None)


def _said(key: str, parsed: results.Results, arguments: Sequence[str]) -> list[str]:
    told = [a.partition("=")[2] for a in reversed(arguments) if a.startswith(f"--{key}=")]
    return [str(parsed.context.get(key, "")), *told]


def _archives(built: dict[str, Any]) -> list[dict[str, Any]]:
    keys = ("name", "sha256", "tree", "origin", "prebuilt")
    return [{key: one.get(key) for key in keys} for one in built.get("archives", [])]


def _named(built: dict[str, Any], key: str) -> list[str]:
    return [str(archive["name"]) for archive in built.get("archives", []) if archive.get(key)]
