"""What a reader must know before believing a figure: emulators, heat, what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xnnkit.bench.analysis import Analysis, Group
from xnnkit.bench.verdict import EMULATED, Rules


@dataclass(frozen=True)
class Remark:
    """One thing to know.

    Attributes:
        where: which device it is about, "" for all.
        text: a sentence without its full stop.
        grave: a verdict cannot be given, or must not be believed without knowing this.
    """

    where: str
    text: str
    grave: bool


def of_analysis(analysis: Analysis) -> list[Remark]:
    """Return the remarks on all groups, grave ones first, each once."""
    found = [remark for group in analysis.groups for remark in _of_group(group, analysis.rules)]
    found += [Remark("", note, False) for note in analysis.notes]
    return sorted(dict.fromkeys(found), key=lambda remark: not remark.grave)


def _of_group(group: Group, rules: Rules) -> Iterator[Remark]:
    device = group.device
    if any(side.emulated for side in group.sides):
        judged = "; it was judged all the same (--allow-emulated)" if rules.emulated else ""
        yield Remark(device, f"an emulator: {EMULATED}, so there is no verdict{judged}", True)
    for side in group.sides:
        if side.throttled:
            judged = "; judged all the same (--allow-throttled)" if rules.throttled else ""
            yield Remark(device, f"throttled, {side.name}: {side.throttled}{judged}", True)
        for name, errors in side.errors.items():
            count = f" ({len(errors)} repetitions)" if len(errors) > 1 else ""
            yield Remark(device, f"{side.name}: {name} failed: {errors[0]}{count}", True)
        for note in side.notes:
            yield Remark(device, f"{side.name}: {note}", False)
    for comparison in group.comparisons:
        if comparison.reason.startswith("not comparable"):
            yield Remark(device, f"{comparison.other}: {comparison.reason}", True)
        of_sides = {note for side in group.sides for note in side.notes}
        for note in comparison.notes:
            if note not in of_sides:
                yield Remark(device, f"{comparison.other}: {note}", False)
        for side_name, names in comparison.only.items():
            yield Remark(device, f"only in {side_name}: {_few(names)}", False)
    for table in group.operators:
        for side_name, names in table.only.items():
            yield Remark(device, f"operators only in {side_name}: {_few(names)}", False)


def _few(names: list[str], most: int = 8) -> str:
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left} more" if left > 0 else "")
