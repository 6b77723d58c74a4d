"""ExecuTorch's ETDump as JSON: runs of events with the times at which each began and ended."""

from __future__ import annotations

from typing import Any

from xnnkit.bench.model import Collector, Operator, Problem, Results, Sample
from xnnkit.bench.readers.executorch_table import NOT_OPERATORS, WHOLE
from xnnkit.errors import BadInput

KIND = "ExecuTorch's ETDump"


def fits(data: Any) -> bool:
    """Tell whether this JSON is such a dump."""
    return isinstance(data, dict) and isinstance(data.get("run_data"), list)


def parse(data: Any, where: str) -> Results:
    """Read each event's times, one a run. The clock is taken to count nanoseconds.

    Args:
        data: the parsed JSON.
        where: a name for messages.

    Raises:
        BadInput: it has another shape.
    """
    found = Collector()
    names: dict[tuple[Any, ...], str] = {}
    times: dict[tuple[Any, ...], list[float]] = {}
    problems: list[Problem] = []
    for i, run in enumerate(data["run_data"]):
        events = run.get("events", []) if isinstance(run, dict) else None
        if not isinstance(events, list):
            raise BadInput("a run without events", where=f"{where}: run_data[{i}]")
        for k, wrapped in enumerate(events):
            event = wrapped.get("profile_event") if isinstance(wrapped, dict) else None
            if event is None:
                continue  # an allocation, or a value kept for debugging
            took = _duration(event)
            if took is None:
                problems.append(Problem(0, f"run_data[{i}].events[{k}]: no times"))
                continue
            name = event["name"]
            if name == WHOLE:
                found.known(WHOLE).append(Sample(took, 0.0, 1))
            elif name not in NOT_OPERATORS:
                key = tuple(str(event.get(part)) for part in _IDENTITY)
                names[key] = name
                times.setdefault(key, []).append(took)
    operators = tuple(
        Operator(str(n), names[k], tuple(t)) for n, (k, t) in enumerate(times.items())
    )
    return Results({}, found.benchmarks(), operators, tuple(problems), KIND)


_IDENTITY = (
    "name",
    "chain_index",
    "instruction_id",
    "delegate_debug_id_int",
    "delegate_debug_id_str",
)


def _duration(event: Any) -> float | None:
    """Return how long an event took, None when it does not say it or says nonsense."""
    if not isinstance(event, dict) or not isinstance(event.get("name"), str):
        return None
    start, end = event.get("start_time", 0), event.get("end_time", 0)
    if type(start) is not int or type(end) is not int or not 0 <= start <= end < 2**64:
        return None
    return float(end - start)
