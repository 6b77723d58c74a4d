"""A build's binaries onto phones, without running them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from xnnkit.bench.plan import Plan, built, chosen

if TYPE_CHECKING:
    from xnnkit.device.adb.device import AdbDevice
    from xnnkit.profile import Profile

__all__ = ["Plan", "push"]


def push(
    profile: Profile,
    plan: Plan,
    phones: Sequence[AdbDevice],
    note: Callable[[str], None] = lambda line: None,
) -> list[dict[str, Any]]:
    """Copy the chosen flavours to phones, what is not there already.

    Args:
        profile: what the build was made from.
        plan: which binaries.
        phones: where to.
        note: called with a line for each file.

    Returns:
        For each phone and flavour ``device``, ``flavour``, ``path``, ``sha256`` and ``pushed``
        (False when it was there), JSON-ready.

    Raises:
        BadInput: nothing is built, or an unknown flavour.
        BadEnvironment: a phone does not answer or has no room.
        Finding: a binary is not the one that was built.
    """
    rows = []
    binaries = chosen(profile, plan, built(profile, plan))
    for phone in phones:
        for one in binaries:
            placed = phone.place(one.path)
            said = f"pushed, {one.size / 1e6:.1f} MB" if placed.pushed else "is there already"
            note(f"{phone.name}: {one.flavour} {said}")
            rows.append(
                {
                    "device": phone.name,
                    "flavour": one.flavour,
                    "path": placed.path,
                    "sha256": placed.sha256,
                    "pushed": placed.pushed,
                }
            )
    return rows
