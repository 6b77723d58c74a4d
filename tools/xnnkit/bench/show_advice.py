"""What to ship, operators and what was read, as text."""

from __future__ import annotations

from statistics import median

from xnnkit.bench import table
from xnnkit.bench.advise import Advice
from xnnkit.bench.analysis import Analysis
from xnnkit.bench.model import Results
from xnnkit.bench.show import times_cells


def advice_text(analysis: Analysis) -> str:
    """Return what to ship on each device as plain text."""
    blocks = [_advice(group.advice, "  ") for group in analysis.groups]
    blocks += ["\n".join(f"note: {note}" for note in analysis.notes)] if analysis.notes else []
    return "\n\n".join(blocks)


def advice_markdown(analysis: Analysis) -> str:
    """Return what to ship on each device as Markdown."""
    blocks = []
    for group in analysis.groups:
        first, *rest = _advice(group.advice, "").splitlines()
        blocks.append("\n".join([f"**{first}**", "", *(f"* {line}" for line in rest)]))
    blocks += ["\n".join(f"* note: {note}" for note in analysis.notes)] if analysis.notes else []
    return "\n\n".join(blocks)


def results_text(found: Results) -> str:
    """Return what was read from a file as plain text."""
    lines = []
    if found.benchmarks:
        rows = []
        for benchmark in found.benchmarks.values():
            rates = [s.items_per_second for s in benchmark.samples if s.items_per_second]
            times = times_cells([s.real_ns for s in benchmark.samples])
            if not benchmark.samples and "median" in benchmark.aggregates:
                times = [str(benchmark.repetitions or "?"), *_figures(benchmark.aggregates)]
            rows.append([benchmark.name, *times, f"{median(rates):.6g}" if rates else ""])
        header = ["benchmark", "n", "median", "spread", "items/s"]
        lines += [table.plain(header, rows, right=(1, 2, 3, 4))]
        failed = [f"{b.name} failed: {b.errors[0]}" for b in found.benchmarks.values() if b.errors]
        lines += ["\n".join(failed)] if failed else []
    if found.operators:
        rows = [
            [one.key, one.name, *times_cells(list(one.times))]
            for one in found.operators
            if one.times
        ]
        header = ["", "operator", "n", "median", "spread"]
        lines += [table.plain(header, rows, right=(0, 2, 3, 4))]
    return "\n\n".join(lines)


def _figures(aggregates: dict[str, float]) -> list[str]:
    spread = aggregates.get("cv")
    return [
        table.duration(aggregates["median"]),
        "" if spread is None else table.percent(spread),
    ]


def _advice(advice: Advice, indent: str) -> str:
    lines = [advice.sentence, f"{indent}how sure: {advice.confidence}: {advice.why}"]
    for word, effects in (("helps", advice.helps), ("hurts", advice.hurts)):
        for effect in effects:
            shown = table.milliseconds if effect.what == "operator" else table.duration
            times = f"{shown(effect.first_ns)} -> {shown(effect.second_ns)}"
            change = table.percent(effect.ratio - 1, signed=True)
            unsure = "" if effect.sure else ", not proved"
            lines.append(f"{indent}{word}: {effect.what} {effect.name}: {times} ({change}{unsure})")
    if advice.against and not advice.hurts:
        lines.append(f"{indent}hurts: nothing that was measured")
    return "\n".join(lines)
