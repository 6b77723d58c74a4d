"""What is known of our own benchmark program, ``llm_block``, and of no other: its own arguments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xnnkit.bench import results
from xnnkit.device import Device, Job
from xnnkit.errors import Finding

NAME = "llm_block"
"""The benchmark's name in profiles; other programs are not sent these options."""

_DIMENSIONS = ("--model_dim=256", "--hidden_dim=1024", "--num_heads=2", "--head_dim=64")

VERIFY = ("--verify", *_DIMENSIONS, "--seq_lens=16", "--num_threads=2")
"""Arguments that compare both variants and both methods with a reference; about 2 s under qemu."""


def verify(
    binary: Path,
    flavour: str,
    device: Device,
    *,
    timeout: float | None = None,
    trace: Sequence[str] = (),
) -> dict[str, Any]:
    """Let the program compare what it computes with its reference, for encode and for decode.

    Args:
        binary: the program.
        flavour: its flavour, for messages.
        device: where to run it.
        timeout: seconds, None for no end.
        trace: functions of which the device shall tell whether they were entered.

    Returns:
        ``arguments``, ``cases`` (what the program said of each benchmark and method) and
        ``executed`` (names of ``trace`` that were entered, None when the device cannot tell).

    Raises:
        BadEnvironment: the device is not there or it takes too long.
        BadInput: it prints what is no JSON.
        Finding: a result is outside its tolerance, or the program did not finish.
    """
    lines: list[str] = []
    done = device.run(Job(binary, VERIFY, timeout=timeout, trace=trace), lines.append)
    where = f"{binary} {' '.join(VERIFY)}"
    said = [results.loads(x.encode(), f"{where}: {x}") for x in lines if x.startswith("{")]
    cases = [one for one in said if isinstance(one, dict) and "passed" in one]
    if wrong := [one for one in cases if one["passed"] is not True]:
        raise Finding(
            f"{flavour} computes wrong results",
            where=where,
            why="\n".join(_case(one) for one in wrong),
            fix="nothing was timed; --no-verify times it all the same",
        )
    if done.code != 0 or not cases:
        illegal = "the processor lacks an instruction that the kernels use"
        how = f"ended with {done.ending}" if done.code else "said nothing of its results"
        raise Finding(
            f"the verification of {flavour} {how}",
            where=where,
            why=illegal if done.ending == "SIGILL" else "\n".join(done.tail[-3:]),
        )
    entered = done.entered
    executed = None if entered is None else sorted(name for name in entered if entered[name])
    return {"arguments": list(VERIFY), "cases": cases, "executed": executed}


def text(verified: dict[str, Any]) -> str:
    """Return how many results were compared, and the worst of their errors, as one line."""
    parts = [f"{len(verified['cases'])} results"]
    for error, limit in (("rel_error", "tolerance"), ("linear_error", "linear_tolerance")):
        pairs = [(c[error], c[limit]) for c in verified["cases"] if error in c and limit in c]
        if pairs:
            worst, allowed = max(pairs)
            parts.append(f"{error} at most {worst:.1e} (tolerance {allowed:g})")
    return ", ".join(parts)


def _case(one: dict[str, Any]) -> str:
    names = ("benchmark", "method", "rel_error", "tolerance", "linear_error", "repeatable")
    return ", ".join(f"{name} {one[name]}" for name in names if name in one)
