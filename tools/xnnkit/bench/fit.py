"""Whether a device's processor can run what a flavour stands for, asked before anything is run."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from xnnkit.bench.plan import Binary
from xnnkit.errors import BadEnvironment

_WORDS = {
    "i8mm": re.compile(r"i8mm"),
    "dotprod": re.compile(r"neondot|dotprod"),
    "fp16": re.compile(r"fp16arith"),
    "sme": re.compile(r"_sme"),
    "sve": re.compile(r"_sve"),
}


# The patch set takes its path only where both are there, also for kernels that need one of them
# (patches/xnnpack-5ecf0769/kleidiai/files/src/configs/kleidiai-config.c).
_PATCHED = frozenset({"dotprod", "i8mm"})


def needed(kernel: str) -> frozenset[str]:
    """Return the CPU features without which a micro-kernel is not entered, told from its name."""
    found = frozenset(name for name, pattern in _WORDS.items() if pattern.search(kernel))
    return found | _PATCHED if kernel.startswith("xnn_kleidiai_") else found


def check(
    chosen: Sequence[Binary],
    features: frozenset[str] | None,
    device: str,
    note: Callable[[str], None],
    *,
    anyway: bool = False,
) -> None:
    """Refuse flavours whose own micro-kernels cannot run on a device.

    Args:
        chosen: the binaries, with the micro-kernels that a run must enter.
        features: what the device's processor has; None when nobody knows.
        device: its name, for messages.
        note: told of what is missing where nothing is refused.
        anyway: only tell, never refuse.

    Raises:
        BadEnvironment: every micro-kernel that a flavour stands for needs what is not there.
    """
    if features is None:
        note(f"{device}: its CPU features are not known")
        return
    for one in chosen:
        for glob, kernels in one.demanded.items():
            lacking = [needed(kernel) - features for kernel in kernels]
            if not any(lacking):
                continue
            missing = ", ".join(sorted(frozenset.union(*lacking)))
            text = f"{device} has no {missing}, which micro-kernels of {one.flavour} need"
            if all(lacking) and not anyway:
                raise BadEnvironment(
                    text,
                    where=f"{glob}: {len(kernels)} micro-kernels",
                    why=f"its processor has {', '.join(sorted(features)) or 'none of them'};"
                    " others would be timed in their place, or an illegal instruction end it",
                    fix="another device or --flavour; --any-cpu runs it all the same",
                )
            note(text)
