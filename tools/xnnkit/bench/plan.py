"""What to run: the plan, and the binaries that it chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xnnkit import elf
from xnnkit.build import manifest
from xnnkit.errors import BadInput, Finding, typed

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
            and drift fall on all; without it one process a flavour does all repetitions (on a
            device that can vanish, a process each all the same, one flavour after the other).
        timeout: seconds for each process, None for no end (on a device that can vanish, an hour).
        trace: look which micro-kernels are entered.
        verify: before anything is timed, compare each flavour's results with the reference of the
            program, if it is ``llm_block``; others have none.
        replace: remove this device's earlier runs of these flavours once the new ones are kept.
        count: count executed instructions, each benchmark in a process of its own.
        arguments: the benchmark's own; with none, an emulated device is given those that the
            profile has for it.
        binaries: flavour -> program, in place of a build's.
        resume: go on with the series that was cut, if everything is as it was.
        patience: seconds to wait for a device that vanished.
        any_cpu: run a flavour even if the device lacks what its micro-kernels need.
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
    binaries: Mapping[str, Path] = field(default_factory=dict)
    resume: bool = False
    patience: float = 60.0
    any_cpu: bool = False


@dataclass(frozen=True)
class Binary:
    """One flavour's program.

    Attributes:
        flavour: the flavour's name.
        path: the program.
        sha256: of its bytes, when it was built or named.
        size: in bytes.
        demanded: glob of the flavour's proof that a run must enter -> the functions it matches.
        traced: functions of which a device is asked whether they were entered.
    """

    flavour: str
    path: Path
    sha256: str
    size: int
    demanded: Mapping[str, Sequence[str]]
    traced: Sequence[str]


def refuse(arguments: Sequence[str]) -> None:
    """Refuse a benchmark's arguments that are ours to give (BadInput)."""
    for argument in arguments:
        key = argument.lstrip("-").partition("=")[0]
        if key in _OURS:
            raise BadInput(f"{argument} cannot be given", why=_OURS[key])


def built(profile: Profile, plan: Plan) -> dict[str, Any]:
    """Return the manifest of the build that is run; of named programs, what is known of them.

    Raises:
        BadInput: nothing is built, or another profile.
    """
    if plan.binaries:
        rows = [_row(flavour, path) for flavour, path in plan.binaries.items()]
        return {"profile": profile.name, "toolchain": "unknown", "binaries": rows}
    found = manifest.read(plan.out, profile.name)
    if found.get("profile") != profile.name:
        raise BadInput(
            f"another profile was built here: {found.get('profile')}",
            where=str(plan.out / manifest.NAME),
            fix=f"xnnkit run {typed(found.get('profile'))} --out {typed(plan.out)}\n"
            f"or xnnkit build {profile.name}",
        )
    return found


def chosen(profile: Profile, plan: Plan, found: dict[str, Any]) -> list[Binary]:
    """Return the binaries to run, in the manifest's order.

    Raises:
        BadInput: an unknown flavour, or one that was not built.
        Finding: a binary is not the one that was built, or a named one is not its flavour's.
    """
    there = {str(binary["flavour"]): binary for binary in found["binaries"]}
    for name in [*plan.flavours, *plan.binaries]:
        if profile.get_flavour(name).name not in there:
            raise BadInput(
                f"flavour {name!r} has not been built",
                where=str(plan.out / manifest.NAME),
                why=f"built: {', '.join(there)}",
                fix=f"xnnkit build {profile.name} --flavour {name}",
            )
    return [
        _binary(profile, plan, name, row)
        for name, row in there.items()
        if not plan.flavours or name in plan.flavours
    ]


def same_bytes(one: Binary) -> None:
    """Hold a binary against what was built (Finding when it is another)."""
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


def _row(flavour: str, path: Path) -> dict[str, Any]:
    try:
        size, digest = path.stat().st_size, manifest.sha256_of(path)
    except OSError as error:
        raise BadInput(
            f"the program of {flavour} cannot be read: {error.strerror}", where=str(path)
        ) from error
    return {"flavour": flavour, "path": str(path.absolute()), "sha256": digest, "size": size}


def _binary(profile: Profile, plan: Plan, name: str, row: dict[str, Any]) -> Binary:
    one = Binary(name, plan.out / row["path"], row["sha256"], row["size"], {}, [])
    same_bytes(one)
    manifest.refuse_unproved(plan.out, row, profile.name)
    facts = elf.inspect(one.path)
    proof = profile.get_flavour(name).proof
    if plan.binaries:
        _prove(profile, one)
    demanded = {glob: elf.matching(facts.names, glob) for glob in proof.executed}
    asked = elf.matching(facts.names, *proof.executed, *proof.forbidden, *proof.bypassed)
    traced = sorted({*elf.kernels(facts.names), *asked}) if plan.trace else []
    return Binary(one.flavour, one.path, one.sha256, one.size, demanded, traced)


def _prove(profile: Profile, one: Binary) -> None:
    """Hold a named program against its flavour's proof: nobody else did."""
    linking = "bionic" if elf.inspect(one.path).linking == "bionic" else "static"
    proof = profile.get_flavour(one.flavour).proof
    found = elf.prove(one.path, proof, linking=linking)
    if failed := [check for check in found.checks if not check.ok]:
        raise Finding(
            f"the program is not what flavour {one.flavour} of {profile.name} stands for",
            where=str(one.path),
            why="\n".join(f"{check.name}: {check.detail}" for check in failed),
            fix="name the program that was built for this flavour",
        )
