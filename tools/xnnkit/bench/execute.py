"""Run a build's binaries on a device, and keep every run with its identity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from xnnkit.bench import counts, fit, llm_block, proof, runs, series
from xnnkit.bench.measure import Setting, measure
from xnnkit.bench.plan import Binary, Plan, built, chosen, refuse, same_bytes
from xnnkit.device import Device, DeviceLost, Remote
from xnnkit.doctor import memory

if TYPE_CHECKING:
    from xnnkit.profile import Profile

__all__ = ["LOSSES", "Plan", "execute"]

LOSSES = 3
"""How often a device may vanish in one and the same process before we give up."""

T = TypeVar("T")


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
        The runs, in the order in which they were made, each with its path; with ``resume``, those
        of the series that were there as well.

    Raises:
        BadInput: nothing is built, an unknown flavour, an argument that is ours to give, or nothing
            to go on with.
        BadEnvironment: the device is not there or lacks what a flavour needs, a run takes too long,
            or an emulated one would need more memory than there is.
        DeviceLost: the device vanished and did not come back.
        Finding: a binary is not the one that was built, its results are wrong (then nothing is
            timed), a benchmark failed, or a run did not enter
            the micro-kernels that its flavour's proof names, or entered one that it forbids.
            Finished runs are kept all the same.
    """
    with device.held() if isinstance(device, Remote) else nullcontext():
        return _execute(profile, plan, device, say, note)


def _execute(
    profile: Profile,
    plan: Plan,
    device: Device,
    say: Callable[[str], None],
    note: Callable[[str], None],
) -> list[runs.Run]:
    refuse(plan.arguments)
    if plan.count:
        counts.refuse(device, plan.repetitions, plan.interleave)
    manifest = built(profile, plan)
    binaries = chosen(profile, plan, manifest)
    identity = device.identity()
    if isinstance(device, Remote):
        fit.check(binaries, device.features(), device.name, note, anyway=plan.any_cpu)
    plan = _for_device(profile, plan, device, note)
    apart = not plan.count and (plan.interleave or isinstance(device, Remote))
    under_way, given_up = series.begin(plan, profile.name, device.name, binaries, apart=apart)
    if given_up:
        note("a series on this device was cut before; --resume would have gone on with it")
    order = series.turns(binaries, plan, apart=apart)
    there = {t.number: run for t in order if (run := under_way.find(t, plan.root)) is not None}
    if there:
        note(f"{len(there)} of {len(order)} are kept from before")
    earlier = [
        path
        for one in binaries
        for path in runs.existing(plan.root, profile.name, one.flavour, device.name)
        if path not in {run.path for run in there.values()}
    ]
    setting = Setting(profile, plan, device, identity, manifest, say, note)
    made = dict(there)
    try:
        verified = _verified(setting, binaries, there.values())
        for turn in order:
            if turn.number in there:
                continue
            note(_announced(setting, turn))
            place = {"name": under_way.name, "turn": turn.number, "of": len(order)}
            run = _patiently(
                setting,
                lambda turn=turn, place=place: measure(  # type: ignore[misc]
                    setting,
                    turn.binary,
                    repetitions=1 if apart else plan.repetitions,
                    verified=verified.get(turn.binary.flavour),
                    series={**place, "repetition": turn.repetition} if apart else None,
                ),
            )
            run = replace(run, path=runs.save(run, plan.root))
            made[turn.number] = run
            if len(order) > 1:
                under_way.keep(turn, run, plan.root)
    except DeviceLost as error:
        error.why = f"{error.why}\n{len(made)} of {len(order)} are kept".strip()
        error.fix = "connect it again, then repeat the command with --resume"
        raise
    under_way.end()
    if plan.replace:
        for path in earlier:
            path.unlink(missing_ok=True)
    done = [made[turn.number] for turn in order]
    if plan.trace:
        proof.check(profile, done, note)
    return done


def _for_device(profile: Profile, plan: Plan, device: Device, note: Callable[[str], None]) -> Plan:
    """Return the plan with the arguments that an emulated device is given."""
    if not device.emulated:
        return plan
    if isinstance(device, Remote):
        free = device.conditions().get("memory_available")
        memory.refuse(profile, plan.arguments, lambda: free)
    else:
        memory.refuse(profile, plan.arguments)
    small = profile.benchmark.emulated_arguments
    if plan.arguments or not small:
        return plan
    plan = replace(plan, arguments=counts.defaults(small) if plan.count else small)
    note(
        f"{device.name} is emulated: {' '.join(plan.arguments)}\n"
        "wall time there says nothing; give arguments after -- to run something else"
    )
    return plan


def _verified(
    setting: Setting, binaries: Sequence[Binary], there: Sequence[runs.Run] | Any
) -> dict[str, dict[str, Any]]:
    """Return, for each flavour, what its verification found; nothing when there is none."""
    plan = setting.plan
    if not plan.verify or setting.profile.benchmark.name != llm_block.NAME:
        return {}
    found = {run.identity.flavour: run.identity.verify for run in there if run.identity.verify}
    for one in binaries:
        if one.flavour in found:
            continue
        same_bytes(one)
        setting.note(
            f"{setting.profile.name}: {one.flavour} on {setting.device.name}, against its reference"
        )
        found[one.flavour] = _patiently(
            setting,
            lambda one=one: llm_block.verify(  # type: ignore[misc]
                one.path,
                one.flavour,
                setting.device,
                timeout=setting.timeout,
                trace=one.traced,
            ),
        )
    return found


def _patiently(setting: Setting, attempt: Callable[[], T]) -> T:
    """Try again what was lost with a device that comes back."""
    device, lost = setting.device, 0
    while True:
        try:
            return attempt()
        except DeviceLost as error:
            lost += 1
            if not isinstance(device, Remote) or lost > LOSSES or setting.plan.patience <= 0:
                raise
            why = error.why.splitlines()[-1] if error.why else error.what
            setting.note(
                f"{device.name} is lost ({why}); what ran there does not count;"
                f" waiting up to {setting.plan.patience:g} s for it"
            )
            device.wait_back(setting.plan.patience)
            setting.note(f"{device.name} is back; running it again")


def _announced(setting: Setting, turn: series.Turn) -> str:
    text = f"{setting.profile.name}: {turn.binary.flavour} on {setting.device.name}"
    if turn.repetition:
        text += f", repetition {turn.repetition} of {setting.plan.repetitions}"
    return text
