"""ExecuTorch's table of events: tab- or comma-separated, or drawn with lines, as people paste it.

It is found by its header, which names ``event_name`` and at least one of ``p50``, ``avg`` and
``raw``. A row is an operator; the row ``Method::execute`` is the model as a whole.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable

from xnnkit.bench.model import UNITS, Collector, Operator, Problem, Results, Sample
from xnnkit.bench.readers import text
from xnnkit.errors import BadInput

KIND = "ExecuTorch's table of events"
WHOLE = "Method::execute"
"""The event that is the model as a whole."""

NOT_OPERATORS = frozenset(
    ("Method::init", "Program::load_method", "DELEGATE_CALL", "OPERATOR_CALL", "Run Model")
)
"""Events that prepare the model, or that are the sum of others."""

_FIGURE = re.compile(r"(p10|p50|p90|avg|min|max|raw)(?:\s*\((\w+)\))?")
_BORDER = re.compile(r"[\s+\-=|:\u2500-\u257f]+")
_AGGREGATE = {"p50": "median", "avg": "mean"}

_Cells = Callable[[str], list[str]]


def fits(lines: list[str]) -> bool:
    """Tell whether a line of these is the header of such a table."""
    return _header(lines) is not None


def parse(lines: list[str], where: str) -> Results:
    """Read the rows below the header.

    Args:
        lines: as ``text.lines`` returns them, with a header among them.
        where: a name for messages.

    Raises:
        BadInput: the table counts cycles, which are no times.
    """
    header = _header(lines)
    assert header is not None
    start, cells, columns = header
    figures = {i: m for i, name in enumerate(columns) if (m := _FIGURE.fullmatch(name))}
    units = {m[2] for m in figures.values() if m[2]}
    unit = units.pop() if len(units) == 1 else "ms" if not units else ""
    if unit not in UNITS:
        raise BadInput(
            f"the table's unit is not one of time: {unit or 'several units'}",
            where=f"{where}:{start + 1}",
            why=f"legal: {', '.join(UNITS)}",
        )
    table = _Table(columns, {i: m[1] for i, m in figures.items()}, UNITS[unit])
    if not any(m[2] for m in figures.values()):
        table.problems.append(Problem(start + 1, "no unit is given: milliseconds are taken"))
    for number, line in enumerate(lines[start + 1 :], start + 2):
        if not line.strip() or _BORDER.fullmatch(line):
            continue
        table.take(number, line, cells(line) if len(line) <= 100 * text.LONGEST else [])
    return table.results()


def _header(lines: list[str]) -> tuple[int, _Cells, list[str]] | None:
    """Return where the header is, how its lines are cut, and its columns."""
    for number, line in enumerate(lines):
        if "event_name" not in line or len(line) > text.LONGEST:
            continue
        for cut in (_tabs, _drawn, _commas, _blanks):
            columns = cut(line)
            known = {m[1] for name in columns if (m := _FIGURE.fullmatch(name))}
            if "event_name" in columns and known & {"p50", "avg", "raw"}:
                return number, cut, columns
    return None


def _tabs(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("\t")] if "\t" in line else []


def _drawn(line: str) -> list[str]:
    marked = line.replace("\u2502", "|")
    if "|" not in marked:
        return []
    cells = [cell.strip() for cell in marked.split("|")]
    framed = len(cells) > 2 and marked.strip().startswith("|") and marked.strip().endswith("|")
    return cells[1:-1] if framed else cells


def _commas(line: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line]), [])]
    except csv.Error:
        return []


def _blanks(line: str) -> list[str]:
    """Cut where at least two blanks stand; a first column without a title stays one."""
    cells = re.split(r"\s{2,}", line.strip())
    return ["", *cells] if line.startswith("  ") and "event_name" in line else cells


class _Table:
    def __init__(self, columns: list[str], figures: dict[int, str], scale: float) -> None:
        self._columns = columns
        self._figures = figures
        self._scale = scale
        self._name = columns.index("event_name")
        numbered = columns[0] in ("", "Unnamed: 0", "#")
        self._key = 0 if numbered else None
        self._block = columns.index("event_block_name") if "event_block_name" in columns else None
        self._rows = 0
        self._operators: dict[str, Operator] = {}
        self._whole: list[tuple[str, dict[str, float], list[float]]] = []
        self.problems: list[Problem] = []

    def take(self, number: int, line: str, cells: list[str]) -> None:
        """Take one row."""
        if len(cells) != len(self._columns):
            self._bad(number, line, f"{len(self._columns)} cells are wanted, {len(cells)} are here")
            return
        name = cells[self._name]
        if not name:
            return  # a cell that goes on over several lines
        values: dict[str, float] = {}
        raw: list[float] = []
        for i, figure in self._figures.items():
            if figure == "raw":
                raw = [x for part in cells[i].strip("[]").split(",") if (x := _number(part)) >= 0]
            elif (value := _number(cells[i])) >= 0:
                values[figure] = value * self._scale
        raw = [x * self._scale for x in raw]
        middle = values.get("p50", values.get("avg"))
        if middle is None and not raw:
            self._bad(number, line, "no time")
            return
        position = str(self._rows)
        self._rows += 1
        if name == WHOLE:
            block = "" if self._block is None else cells[self._block]
            self._whole.append((block, values, raw))
        elif name not in NOT_OPERATORS:
            key = position if self._key is None else (cells[self._key] or position)
            if key in self._operators:
                self._bad(number, line, f"event {key} stands here twice")
                return
            times = tuple(raw) or ((middle,) if middle is not None else ())
            self._operators[key] = Operator(key, name, times, values)

    def results(self) -> Results:
        """Return what the rows said."""
        found = Collector()
        several = len({block for block, _, _ in self._whole}) > 1
        for block, values, raw in self._whole:
            name = f"{WHOLE} ({block})" if several else WHOLE
            found.known(name).extend(Sample(x, 0.0, 1) for x in raw)
            for figure, value in values.items():
                found.aggregate(name, _AGGREGATE.get(figure, figure), value)
        operators = tuple(self._operators.values())
        return Results({}, found.benchmarks(), operators, tuple(self.problems), KIND)

    def _bad(self, number: int, line: str, why: str) -> None:
        self.problems.append(Problem(number, f"{why}: {text.excerpt(line)}"))


def _number(cell: str) -> float:
    value = text.number(cell)
    return -1.0 if value is None else value
