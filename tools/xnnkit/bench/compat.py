"""What Google's ``compare.py`` takes and writes, so that its users and its scripts find their way.

Its modes: ``benchmarks A B``, ``filters FILE FILTER FILTER``, ``benchmarksfiltered A FILTER B
FILTER``. Its dump is written, and its input: Google Benchmark's JSON, from whatever was read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xnnkit import whole
from xnnkit.bench import mannwhitney, runs
from xnnkit.bench.model import Collector, Results, Sample
from xnnkit.bench.parts import Source
from xnnkit.bench.results import gbench
from xnnkit.bench.sides import Side
from xnnkit.errors import BadInput

MODES = {"benchmarks": 2, "filters": 3, "benchmarksfiltered": 4}
"""Its modes, and how many arguments each takes at least; what follows is for programs it starts."""

_OPTIMAL = 9
"""Repetitions from which on it calls its own test meaningful."""


@dataclass(frozen=True)
class Request:
    """What a command line asks to compare.

    Attributes:
        sources: at least one; the first is the baseline.
        filters: one for each source, or none at all.
        benchmark_filter: of ``--benchmark_filter``, for all sources; "" for all benchmarks.
    """

    sources: tuple[Source, ...]
    filters: tuple[str, ...] = ()
    benchmark_filter: str = ""


def request(words: Sequence[str], benchmark_filter: str = "") -> Request:
    """Take a command line's arguments as ``compare.py`` takes them, or as plain sources.

    Args:
        words: the arguments.
        benchmark_filter: a regular expression; "" for none.

    Raises:
        BadInput: a mode has too few arguments, or a filter is no regular expression.
    """
    mode = words[0] if words and words[0] in MODES else ""
    if not mode:
        return Request(tuple(Source.of(word) for word in words), (), _regex(benchmark_filter))
    rest = [word for word in words[1:] if not word.startswith("--")]
    for word in words[1:]:
        if word.startswith("--benchmark_filter="):
            benchmark_filter = word.partition("=")[2]
    if len(rest) != MODES[mode]:
        usage = {
            "benchmarks": "BASELINE OTHER",
            "filters": "FILE BASELINE-FILTER OTHER-FILTER",
            "benchmarksfiltered": "BASELINE FILTER OTHER FILTER",
        }[mode]
        raise BadInput(
            f"the mode {mode!r} takes {MODES[mode]} arguments, not {len(rest)}",
            fix=f"xnnkit compare {mode} {usage}; a folder of that name is ./{mode}",
        )
    if mode == "benchmarks":
        return Request((Source.of(rest[0]), Source.of(rest[1])), (), _regex(benchmark_filter))
    if mode == "filters":
        rest = [rest[0], rest[1], rest[0], rest[2]]
    sources = (Source.of(rest[0]), Source.of(rest[2]))
    filters = (_regex(rest[1]), _regex(rest[3]))
    return Request(sources, filters, _regex(benchmark_filter))


def chosen(groups: list[list[Side]], asked: Request) -> list[list[Side]]:
    """Leave in each side the benchmarks that were asked for, and give them common names.

    With two filters the part of a name that a filter matches becomes ``[FIRST vs. SECOND]``.

    Raises:
        BadInput: nothing is left of a side.
    """
    found = groups
    if asked.benchmark_filter:
        found = [[_filtered(side, asked.benchmark_filter) for side in group] for group in found]
    if asked.filters:
        first, second = asked.filters
        name = f"[{first} vs. {second}]"
        found = [
            [
                _filtered(replace(side, name=f"{side.name} ({f})"), f, name)
                for side, f in zip(group, asked.filters, strict=False)
            ]
            for group in found
        ]
    return found


def dump(first: Side, second: Side) -> list[dict[str, Any]]:
    """Return two sides as ``compare.py --dump_to_json`` writes them; times in nanoseconds.

    The last entry is the geometric mean over the benchmarks of both sides, and of no others.
    """
    found: list[dict[str, Any]] = []
    common = [name for name in first.samples if name in second.samples]
    for name in common:
        real = (first.samples[name], second.samples[name])
        cpu = (first.cpu[name], second.cpu[name])
        measurements = [
            _measurement(*values) for values in zip(real[0], cpu[0], real[1], cpu[1], strict=False)
        ]
        if not measurements:
            continue
        utest: dict[str, Any] = {}
        counts = (len(real[0]), len(real[1]))
        if min(counts) >= 2:
            utest = {
                "have_optimal_repetitions": min(counts) >= _OPTIMAL,
                "cpu_pvalue": mannwhitney.p_value(*cpu),
                "time_pvalue": mannwhitney.p_value(*real),
                "nr_of_repetitions": counts[0],
                "nr_of_repetitions_other": counts[1],
            }
        found.append(
            {
                "name": name,
                "label": "",
                "measurements": measurements,
                "time_unit": "ns",
                "run_type": "iteration",
                "aggregate_name": "",
                "utest": utest,
            }
        )
    means = [
        _geometric_mean([x for name in common for x in values[name]])
        for values in (first.samples, first.cpu, second.samples, second.cpu)
    ]
    if found and all(means):
        found.append(
            {
                "name": "OVERALL_GEOMEAN",
                "label": "",
                "measurements": [_measurement(*(mean * 1e-9 for mean in means))],
                "time_unit": "s",
                "run_type": "aggregate",
                "aggregate_name": "geomean",
                "utest": {},
            }
        )
    return found


def side_json(side: Side) -> dict[str, Any]:
    """Return a side as Google Benchmark's JSON, which ``compare.py`` reads."""
    collector = Collector()
    for name, values in side.samples.items():
        cpu = side.cpu.get(name, values)
        collector.known(name).extend(Sample(a, b, 1) for a, b in zip(values, cpu, strict=True))
    context = {
        key: value
        for key, value in side.facts.items()
        if isinstance(value, (str, int, float)) and not isinstance(value, bool)
    }
    return gbench(Results(context, collector.benchmarks()))


def export(groups: Sequence[Sequence[Side]], folder: Path) -> list[Path]:
    """Write every side as Google Benchmark's JSON, a file each.

    Returns:
        The files, in the sides' order.

    Raises:
        BadEnvironment: they cannot be written.
    """
    written = []
    for group in groups:
        for side in group:
            parts = [side.device, side.name] if len(groups) > 1 else [side.name]
            path = folder / (runs.stem("-".join(p for p in parts if p)) + ".json")
            whole.put(path, (json.dumps(side_json(side), indent=1) + "\n").encode(), folders=True)
            written.append(path)
    return written


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError) as error:
        raise BadInput(f"{text!r} is no regular expression: {error}") from error
    return text


def _filtered(side: Side, wanted: str, name: str = "") -> Side:
    """Return the benchmarks whose name holds the expression, renamed if a name is given."""
    expression = re.compile(wanted)
    names = {
        one: expression.sub(lambda _: name, one) if name else one
        for one in side.samples
        if expression.search(one)
    }
    if not names:
        raise BadInput(
            f"no benchmark of {side.name} fits {wanted!r}", why=f"there are: {_some(side.samples)}"
        )
    samples: dict[str, tuple[float, ...]] = {}
    cpu: dict[str, tuple[float, ...]] = {}
    errors: dict[str, tuple[str, ...]] = {}
    for old, new in names.items():
        samples[new] = samples.get(new, ()) + tuple(side.samples[old])
        cpu[new] = cpu.get(new, ()) + tuple(side.cpu.get(old, ()))
        if old in side.errors:
            errors[new] = errors.get(new, ()) + tuple(side.errors[old])
    figures = {names[old]: known for old, known in side.figures.items() if old in names}
    made_of = {names[old]: n for old, n in side.made_of.items() if old in names}
    return replace(side, samples=samples, cpu=cpu, errors=errors, figures=figures, made_of=made_of)


def _some(names: Sequence[str] | Any) -> str:
    listed = list(names)
    return ", ".join(listed[:6]) + (f" and {len(listed) - 6} more" if len(listed) > 6 else "")


def _measurement(real: float, cpu: float, other: float, cpu_other: float) -> dict[str, float]:
    return {
        "real_time": real,
        "cpu_time": cpu,
        "real_time_other": other,
        "cpu_time_other": cpu_other,
        "time": _change(real, other),
        "cpu": _change(cpu, cpu_other),
    }


def _change(old: float, new: float) -> float:
    if old == 0:
        return 0.0 if new == 0 else 2.0  # the difference over the mean of both
    return (new - old) / old


def _geometric_mean(values: Sequence[float]) -> float:
    if not values or min(values) <= 0:
        return 0.0
    return math.exp(math.fsum(math.log(x) for x in values) / len(values))
