"""One plan on several devices at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xnnkit.bench import runs
from xnnkit.bench.execute import Plan, execute
from xnnkit.device import Device, Remote
from xnnkit.errors import XnnkitError

if TYPE_CHECKING:
    from xnnkit.profile import Profile


@dataclass(frozen=True)
class Outcome:
    """What came of a plan on one device: its runs, or the error that ended it."""

    device: str
    runs: Sequence[runs.Run]
    error: XnnkitError | None


def execute_all(
    profile: Profile,
    plan: Plan,
    devices: Sequence[Device],
    *,
    say: Callable[[str], None] = lambda line: None,
    note: Callable[[str], None] = lambda line: None,
) -> list[Outcome]:
    """Run a plan on every device, each at its own pace; one that fails stops none of the others.

    Args:
        profile: what the build was made from.
        plan: what to run.
        devices: where.
        say: called with each line that a benchmark prints, after its device's name.
        note: called with a line before each process.

    Returns:
        An outcome for each device, in their order.
    """

    def on(device: Device) -> Outcome:
        def named(line: str) -> None:
            say(f"{device.name}: {line}")

        try:
            made = execute(profile, plan, device, say=named, note=note)
        except XnnkitError as error:
            note(f"{device.name}: {error}")
            return Outcome(device.name, (), error)
        return Outcome(device.name, made, None)

    pool = ThreadPoolExecutor(max_workers=max(1, len(devices)))
    try:
        futures: list[Future[Outcome]] = [pool.submit(on, device) for device in devices]
        wait(futures)
    except BaseException:
        # Ctrl-C: what runs on the devices is ended, and nothing new is begun.
        for device in devices:
            if isinstance(device, Remote):
                device.interrupt()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return [future.result() for future in futures]


def worst(outcomes: Sequence[Outcome]) -> XnnkitError | None:
    """Return the error to end with: the only one, or one that names every device that failed."""
    failed = [(one.device, one.error) for one in outcomes if one.error is not None]
    if len(failed) < 2:
        return failed[0][1] if failed else None
    first = failed[0][1]
    error = type(first)(
        f"{len(failed)} of {len(outcomes)} devices failed",
        where=", ".join(device for device, _ in failed),
        why="\n".join(f"{device}: {error.what}" for device, error in failed),
        fix=first.fix,
    )
    return error
