"""What programs ran on: the device, its state before and after, and the machine that asked it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xnnkit.bench.analysis import Group
from xnnkit.bench.runs import Run
from xnnkit.bench.sides import Side

_FIRST = ("manufacturer", "model", "soc", "board", "android", "cores", "features", "memory")
_HIDDEN = ("kind", "name", "emulated", "abis")


@dataclass(frozen=True)
class Machine:
    """One device.

    Attributes:
        name: of it.
        facts: name -> text, in the order in which they are shown.
    """

    name: str
    facts: dict[str, str]


def of_groups(groups: Iterable[Group]) -> list[Machine]:
    """Return the devices of all groups, each once, in their order."""
    sides: dict[str, list[Side]] = {}
    for group in groups:
        sides.setdefault(group.device, []).extend(group.sides)
    return [Machine(name, _facts(found)) for name, found in sides.items()]


def _facts(sides: Sequence[Side]) -> dict[str, str]:
    runs = [run for side in sides for run in side.runs]
    if not runs:
        said = {key: str(value) for key, value in sides[0].facts.items() if key != "device name"}
        return {"known": "only what the files say", **said}
    device = runs[0].identity.device
    keys = [*(k for k in _FIRST if k in device), *(k for k in device if k not in _FIRST)]
    facts = {key: _text(key, device[key]) for key in keys if key not in _HIDDEN}
    facts |= _states(runs)
    started = sorted(run.identity.started for run in runs if run.identity.started)
    if started:
        first, last = (_time(text) for text in (started[0], started[-1]))
        ends = first if first == last else f"{first} to {last}"
        facts["measured"] = f"{ends}, in {_count(len(runs), 'process', 'processes')}"
    hosts = [_host(run.identity.host) for run in runs]
    facts["asked by"] = "; ".join(dict.fromkeys(host for host in hosts if host))
    return {key: text for key, text in facts.items() if text}


def _states(runs: Sequence[Run]) -> dict[str, str]:
    """Return what changed while the runs lasted: the range over all of them, before and after."""
    before, after = ([_state(run, when) for run in runs] for when in ("before", "after"))
    if not any([*before, *after]):
        return {"state": "not known: nobody asked the device before and after"}
    pairs = {
        "hottest sensor before a run": [_hottest(state) for state in before],
        "hottest sensor after a run": [_hottest(state) for state in after],
    }
    facts = {
        name: _range([v for v in values if v is not None], " \u00b0C")
        for name, values in pairs.items()
    }
    words = [state.get("throttling") for state in [*before, *after]]
    facts["throttling"] = ", ".join(dict.fromkeys(str(word) for word in words if word))
    slowed = [core for state in after for core in _listed(state.get("slowed"))]
    facts["cores slowed down"] = ", ".join(dict.fromkeys(str(core) for core in slowed)) or "none"
    levels = [_number(_table(state.get("battery")).get("level")) for state in [*before, *after]]
    facts["battery"] = _range([level for level in levels if level is not None], " %")
    loads = [_number(state.get("load")) for state in before]
    facts["load before a run"] = _range([load for load in loads if load is not None], "")
    return facts


def _state(run: Run, when: str) -> dict[str, Any]:
    return _table(_table(run.identity.conditions).get(when))


def _hottest(state: Mapping[str, Any]) -> float | None:
    found = [_number(value) for value in _table(state.get("temperatures")).values()]
    return max((value for value in found if value is not None), default=None)


def _text(key: str, value: Any) -> str:
    if key == "cores" and isinstance(value, list):
        return "; ".join(_cluster(_table(one)) for one in value)
    if key == "memory" and (number := _number(value)):
        return f"{number / 2**30:.1f} GiB"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "" if value is None else str(value)


def _cluster(one: Mapping[str, Any]) -> str:
    words = [f"cpu {one.get('cpus', '?')}"]
    if "max_mhz" in one:
        words.append(f"up to {one['max_mhz']} MHz")
    if "capacity" in one:
        words.append(f"capacity {one['capacity']}")
    if "governor" in one:
        words.append(f"governor {one['governor']}")
    if one.get("online") is False:
        words.append("switched off")
    return ", ".join(words)


def _host(host: Any) -> str:
    found = _table(host)
    return " ".join(str(found[key]) for key in ("name", "system", "machine") if found.get(key))


def _range(values: Sequence[float], unit: str) -> str:
    if not values:
        return ""
    low, high = min(values), max(values)
    return f"{low:g}{unit}" if low == high else f"{low:g} to {high:g}{unit}"


def _time(started: str) -> str:
    return started.replace("T", " ").replace("+00:00", " UTC")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if good else None
