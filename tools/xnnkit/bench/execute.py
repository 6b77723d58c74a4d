"""Run a build's binaries on a device, and keep every run with its identity."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xnnkit
from xnnkit import elf
from xnnkit.bench import counts, llm_block, proof, results, runs
from xnnkit.build import manifest
from xnnkit.device import OUTPUT, Device, Done, Job
from xnnkit.doctor import memory
from xnnkit.errors import BadInput, Finding

if TYPE_CHECKING:
    from xnnkit.profile import Profile

_OURS = {
    "benchmark_out": "xnnkit keeps the results itself",
    "benchmark_out_format": "xnnkit keeps the results itself",
    "benchmark_format": "xnnkit keeps the results itself",
    "benchmark_list_tests": "nothing is run with it",
    "benchmark_report_aggregates_only": "comparing needs every repetition",
    "benchmark_repetitions": "--repetitions says how many",
}


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes:
        out: the build's directory, with its ``build.json``.
        root: where runs are kept.
        flavours: names; empty for all that were built.
        repetitions: of each benchmark.
        interleave: a process for each repetition, flavours in turn (A B, B A, ...), so that heat
            and drift fall on all; without it one process a flavour does all repetitions.
        timeout: seconds for each process, None for no end.
        trace: look which micro-kernels are entered.
        verify: before anything is timed, compare each flavour's results with the reference of the
            program, if it is ``llm_block``; others have none.
        replace: remove this device's earlier runs of these flavours once the new ones are kept.
        count: count executed instructions, each benchmark in a process of its own.
        arguments: the benchmark's own; with none, an emulated device is given those that the
            profile has for it.
    """

    out: Path
    root: Path
    flavours: Sequence[str] = ()
    repetitions: int = 1
    interleave: bool = False
    timeout: float | None = None
    trace: bool = True
    verify: bool = True
    replace: bool = False
    count: bool = False
    arguments: Sequence[str] = ()


@dataclass(frozen=True)
class _Binary:
    flavour: str
    path: Path
    sha256: str
    size: int
    traced: list[str]


def execute(
    profile: Profile,
    plan: Plan,
    device: Device,
    *,
    say: Callable[[str], None] = lambda line: None,
    note: Callable[[str], None] = lambda line: None,
) -> list[runs.Run]:
    """Run the chosen flavours and keep each run as soon as it is done.

    Args:
        profile: what the build was made from.
        plan: what to run.
        device: where.
        say: called with each line that a benchmark prints.
        note: called with a line before each process.

    Returns:
        The runs, in the order in which they were made, each with its path.

    Raises:
        BadInput: nothing is built, an unknown flavour, an argument that is ours to give.
        BadEnvironment: the device is not there, a run takes too long, or an emulated one would need
            more memory than there is.
        Finding: a binary is not the one that was built, its results are wrong (then nothing is
            timed), a benchmark failed, or a run did not enter
            the micro-kernels that its flavour's proof names, or entered one that it forbids.
            Finished runs are kept all the same.
    """
    _refuse(plan.arguments)
    if plan.count:
        counts.refuse(device, plan.repetitions, plan.interleave)
    built = _manifest(profile, plan.out)
    chosen = _chosen(profile, plan, built)
    identity = device.identity()
    if device.emulated:
        memory.refuse(profile, plan.arguments)
    small = profile.benchmark.emulated_arguments
    if device.emulated and not plan.arguments and small:
        plan = replace(plan, arguments=counts.defaults(small) if plan.count else small)
        note(
            f"{device.name} is emulated: {' '.join(plan.arguments)}\n"
            "wall time there says nothing; give arguments after -- to run something else"
        )
    earlier = [
        path
        for one in chosen
        for path in runs.existing(plan.root, profile.name, one.flavour, device.name)
    ]
    verified = _verified(profile, plan, device, chosen, note)
    made: list[runs.Run] = []
    for turn, one in _order(chosen, plan):
        note(f"{profile.name}: {one.flavour} on {device.name}{turn}")
        found = verified.get(one.flavour)
        made.append(_run(one, plan, device, identity, profile, built, found, say, note))
    if plan.replace:
        for path in earlier:
            path.unlink(missing_ok=True)
    if plan.trace:
        proof.check(profile, made, note)
    return made


def _verified(
    profile: Profile,
    plan: Plan,
    device: Device,
    chosen: Sequence[_Binary],
    note: Callable[[str], None],
) -> dict[str, dict[str, Any]]:
    """Return, for each flavour, what its verification found; nothing when there is none."""
    if not plan.verify or profile.benchmark.name != llm_block.NAME:
        return {}
    found = {}
    for one in chosen:
        _same_bytes(one)
        note(f"{profile.name}: {one.flavour} on {device.name}, against its reference")
        found[one.flavour] = llm_block.verify(
            one.path, one.flavour, device, timeout=plan.timeout, trace=one.traced
        )
    return found


def _order(chosen: Sequence[_Binary], plan: Plan) -> Iterator[tuple[str, _Binary]]:
    if not plan.interleave:
        yield from (("", one) for one in chosen)
        return
    for i in range(plan.repetitions):
        for one in chosen if i % 2 == 0 else reversed(chosen):
            yield f", repetition {i + 1} of {plan.repetitions}", one


def _run(
    one: _Binary,
    plan: Plan,
    device: Device,
    identity: dict[str, Any],
    profile: Profile,
    built: dict[str, Any],
    verified: dict[str, Any] | None,
    say: Callable[[str], None],
    note: Callable[[str], None],
) -> runs.Run:
    _same_bytes(one)
    arguments = list(plan.arguments)
    if not plan.interleave and plan.repetitions > 1:
        arguments.append(f"--benchmark_repetitions={plan.repetitions}")
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
            timeout=plan.timeout,
            output=lambda done: _output(one, done),
            say=say,
            note=note,
        )
        raw, seconds, counted = measured.raw, measured.seconds, measured.counts
        executed = _executed(measured.entered)
    else:
        job = Job(
            binary=one.path,
            args=[*arguments, f"--benchmark_out={OUTPUT}", "--benchmark_out_format=json"],
            timeout=plan.timeout,
            trace=one.traced,
        )
        done = device.run(job, say)
        raw, seconds, executed = _output(one, done), done.seconds, _executed(done.entered)
    parsed = results.parse(raw, f"the output of {one.path}")
    run = runs.Run(
        runs.Identity(
            binary={"name": one.path.name, "sha256": one.sha256, "size": one.size},
            profile=profile.name,
            flavour=one.flavour,
            toolchain=str(built.get("toolchain", "unknown")),
            device=identity,
            arguments=arguments,
            threads=_threads(parsed, arguments),
            benchmark=profile.benchmark.name,
            method=_method(parsed, arguments),
            started=started,
            seconds=round(seconds, 3),
            host={
                "name": platform.node(),
                "system": platform.system(),
                "machine": platform.machine(),
            },
            xnnkit=xnnkit.__version__,
            archives=_archives(built),
            prebuilt=_named(built, "prebuilt"),
            accepted=_named(built, "accepted_by_tree"),
            executed=executed,
            verify=verified,
        ),
        raw,
        counts=counted,
    )
    return replace(run, path=runs.save(run, plan.root))


def _output(one: _Binary, done: Done) -> dict[str, Any]:
    """Return the benchmark's JSON, once it is sure that it ended well and measured something."""
    if done.code != 0:
        illegal = "the processor lacks an instruction that the kernels use"
        raise Finding(
            f"the benchmark of {one.flavour} ended with {done.ending}",
            where=str(one.path),
            why=illegal if done.ending == "SIGILL" else "\n".join(done.tail[-3:]),
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


def _executed(entered: Mapping[str, bool] | None) -> list[str] | None:
    return None if entered is None else sorted(name for name in entered if entered[name])


def _same_bytes(one: _Binary) -> None:
    try:
        seen = manifest.sha256_of(one.path)
    except OSError as error:
        raise Finding(
            f"the binary of {one.flavour} cannot be read: {error.strerror}",
            where=str(one.path),
            fix="xnnkit build",
        ) from error
    if seen != one.sha256:
        raise Finding(
            f"the binary of {one.flavour} is not the one that was built",
            where=str(one.path),
            why=f"sha256 {seen}, built {one.sha256}",
            fix="xnnkit build",
        )


def _manifest(profile: Profile, out: Path) -> dict[str, Any]:
    built = manifest.read(out)
    if built.get("profile") != profile.name:
        raise BadInput(
            f"another profile was built here: {built.get('profile')}",
            where=str(out / manifest.NAME),
            fix=f"xnnkit build {profile.name}, or --out",
        )
    return built


def _chosen(profile: Profile, plan: Plan, built: dict[str, Any]) -> list[_Binary]:
    """Return the binaries to run, in the manifest's order."""
    there = {str(binary["flavour"]): binary for binary in built["binaries"]}
    for name in plan.flavours:
        if profile.get_flavour(name).name not in there:
            raise BadInput(
                f"flavour {name!r} has not been built",
                where=str(plan.out / manifest.NAME),
                why=f"built: {', '.join(there)}",
                fix=f"xnnkit build {profile.name} --flavour {name}",
            )
    found = []
    for name, binary in there.items():
        if plan.flavours and name not in plan.flavours:
            continue
        path = plan.out / binary["path"]
        one = _Binary(name, path, binary["sha256"], binary["size"], [])
        _same_bytes(one)
        found.append(replace(one, traced=_traced(profile, one) if plan.trace else []))
    return found


def _traced(profile: Profile, one: _Binary) -> list[str]:
    names = elf.inspect(one.path).names
    asked = profile.get_flavour(one.flavour).proof
    return sorted({*elf.kernels(names), *elf.matching(names, *asked.executed, *asked.forbidden)})


def _refuse(arguments: Sequence[str]) -> None:
    for argument in arguments:
        key = argument.lstrip("-").partition("=")[0]
        if key in _OURS:
            raise BadInput(f"{argument} cannot be given", why=_OURS[key])


def _threads(parsed: results.Results, arguments: Sequence[str]) -> int | None:
    """Return the threads that compute, from what the program says or was told."""
    said = _said("num_threads", parsed, arguments)
    return next((int(text) for text in said if text.isdecimal()), None)


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
