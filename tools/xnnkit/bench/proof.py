"""What runs must have executed, and must not have, by their flavours' proofs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xnnkit import elf
from xnnkit.errors import Finding

if TYPE_CHECKING:
    from xnnkit.bench.runs import Run
    from xnnkit.profile import Profile


def check(profile: Profile, made: Sequence[Run], note: Callable[[str], None]) -> None:
    """Hold what runs entered against the proofs; runs of which nobody knows it are left out.

    What the verification of the same binary entered counts, too: it goes through encode and
    decode, which use different kernels, where a run is one of them.

    Args:
        profile: with the flavours' proofs.
        made: the runs.
        note: told of demanded kernels that the verification alone entered.

    Raises:
        Finding: a micro-kernel was entered that a flavour forbids or bypasses, or none that it
            demands.
    """
    entered: dict[str, None] = {}
    missing: dict[str, None] = {}
    untimed: dict[str, None] = {}
    for run in made:
        timed, before = run.identity.executed, (run.identity.verify or {}).get("executed")
        if timed is None and before is None:
            continue
        executed = {*(timed or ()), *(before or ())}
        flavour = profile.get_flavour(run.identity.flavour)
        for name in elf.matching(executed, *flavour.proof.forbidden, *flavour.proof.bypassed):
            entered[f"{flavour.name}: {name}"] = None
        for glob in flavour.proof.executed:
            if not elf.matching(executed, glob):
                missing[f"{flavour.name}: {glob}"] = None
            elif timed is not None and not elf.matching(timed, glob):
                untimed[f"{flavour.name}: only the verification entered {glob}, no timed run"] = (
                    None
                )
    for line in untimed:
        note(line)
    where = ", ".join(str(run.path) for run in made)
    if entered:
        raise Finding(
            "micro-kernels that the flavour must be without were executed",
            where=where,
            why="\n".join(entered),
            fix="xnnkit build; the runs are kept",
        )
    if missing:
        raise Finding(
            "micro-kernels that the flavour stands for were not executed",
            where=where,
            why="\n".join(missing),
            fix="run benchmarks that use them, or --no-trace; the runs are kept",
        )
