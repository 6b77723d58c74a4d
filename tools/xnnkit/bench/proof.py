"""What runs must have executed, and must not have, by their flavours' proofs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xnnkit import elf
from xnnkit.errors import Finding

if TYPE_CHECKING:
    from xnnkit.bench.runs import Run
    from xnnkit.profile import Profile


def check(profile: Profile, made: Sequence[Run]) -> None:
    """Hold what runs entered against the proofs; runs of which nobody knows it are left out.

    Args:
        profile: with the flavours' proofs.
        made: the runs.

    Raises:
        Finding: a micro-kernel was entered that a flavour forbids, or none that it demands.
    """
    entered: dict[str, None] = {}
    missing: dict[str, None] = {}
    for run in made:
        executed = run.identity.executed
        if executed is None:
            continue
        flavour = profile.get_flavour(run.identity.flavour)
        for name in elf.matching(executed, *flavour.proof.forbidden):
            entered[f"{flavour.name}: {name}"] = None
        for glob in flavour.proof.executed:
            if not elf.matching(executed, glob):
                missing[f"{flavour.name}: {glob}"] = None
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
