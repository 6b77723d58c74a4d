"""Google Benchmark's table, as it stands on a terminal and as people paste it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from xnnkit.bench.model import UNITS, Collector, Problem, Results, Sample
from xnnkit.bench.readers import aggregates, text

KIND = "Google Benchmark's table"

_N = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_UNIT = r"(?:ns|us|ms|s|%)"
_ROW = re.compile(
    rf"(?P<name>\S(?:.*?\S)?)\s+(?P<time>{_N})\s+(?P<unit>{_UNIT})"
    rf"\s+(?P<cpu>{_N})\s+(?P<cpu_unit>{_UNIT})\s+(?P<count>\d{{1,18}})(?P<rest>(?:\s.*)?)"
)
_FIT = re.compile(rf"\S.*_(?:BigO|RMS)\s+{_N}\s+\S+\s+{_N}\s+\S+\s*")
_FAILED = re.compile(r"(?P<name>\S(?:.*?\S)?)\s+(?P<word>ERROR OCCURRED|SKIPPED): '(?P<text>.*)'")
_HEADER = re.compile(r"Benchmark\s+Time\s+CPU\s+Iterations(?P<rest>(?:\s.*)?)")
_RULE = re.compile(r"-{10,}")
_PROMPT = re.compile(r"(?P<device>[\w.-]+):/\S*\s*[$#](?:\s+(?P<command>\S.*))?")
_LIKE_A_ROW = re.compile(rf"BM_\S|.*\d\s+{_UNIT}\s")

_COUNTER = re.compile(
    r"(?P<key>[^\s=]+)=(?P<value>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
    r"(?P<prefix>[kKMGTPEZY]i?|[munpfazy])?(?P<unit>/s|s|%)?"
)
_PREFIXES = {
    **{letter: 1000.0**i for i, letter in enumerate("kMGTPEZY", 1)},
    **{letter + "i": 1024.0**i for i, letter in enumerate("KMGTPEZY", 1)},
    **{"ki": 1024.0},
    **{letter: 1000.0**-i for i, letter in enumerate("munpfazy", 1)},
}
_RUN_ON = re.compile(rf"Run on \((?P<count>\d{{1,6}}) X (?P<mhz>{_N}) MHz CPU s?\s*\)")
_CONTEXT = re.compile(r"(?P<key>[A-Za-z_][\w.-]*): (?P<value>\S.*)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*")
_FLAG = re.compile(r"--(?P<key>[A-Za-z_]\w*)=(?P<value>\S+)")


@dataclass(frozen=True)
class _Row:
    name: str
    time: float
    cpu: float
    percent: bool
    count: int
    rate: float | None
    label: str


def fits(lines: list[str]) -> bool:
    """Tell whether these lines hold such a table."""
    return any(
        _HEADER.fullmatch(line.strip()) or (len(line) < text.LONGEST and _ROW.fullmatch(line))
        for line in lines
    )


def parse(lines: list[str]) -> Results:
    """Read the rows; what stands around the table is looked at for what it says of the machine.

    Args:
        lines: as ``text.lines`` returns them.
    """
    found = _Table()
    for number, line in enumerate(lines, 1):
        found.take(number, line.rstrip())
    return found.results()


class _Table:
    def __init__(self) -> None:
        self._context: dict[str, Any] = {}
        self._rows: list[_Row | tuple[str, str]] = []
        self._problems: list[Problem] = []
        self._doubtful: list[Problem] = []
        self._columns: list[str] = []
        self._inside = False
        self._about = False
        self._tables = 0

    def take(self, number: int, line: str) -> None:
        """Take one line."""
        stripped = line.strip()
        if header := _HEADER.fullmatch(stripped):
            rest = header["rest"].split()
            self._columns = [] if rest == ["UserCounters..."] else rest
            self._begin(number)
        elif not stripped or stripped.startswith("```"):
            self._inside = self._about = False
            self._doubtful.clear()
        elif _RULE.fullmatch(stripped):
            pass
        elif len(line) > text.LONGEST:
            self._bad(number, line, "too long for a row")
        elif row := _ROW.fullmatch(stripped):
            self._row(number, line, row)
        elif failed := _FAILED.fullmatch(stripped):
            if failed["word"] == "SKIPPED":
                self._keep()
            else:
                self._keep((failed["name"], failed["text"]))
        elif _FIT.fullmatch(stripped):
            self._keep()  # a fitted complexity: coefficients, no times
        elif prompt := _PROMPT.fullmatch(stripped):
            self._prompt(prompt)
        elif self._inside:
            self._bad(number, line, "no row")
        else:
            self._say(stripped)

    def results(self) -> Results:
        """Return what the lines said."""
        collector = Collector()
        names = [row.name if isinstance(row, _Row) else row[0] for row in self._rows]
        known = aggregates.bases(names)
        for row in self._rows:
            if isinstance(row, tuple):
                collector.error(*row)
                continue
            name, aggregate = aggregates.split(row.name, known)
            if row.percent and not aggregate:
                name, _, aggregate = row.name.rpartition("_")
            if aggregate:
                collector.aggregate(name, aggregate, row.time, row.count)
            else:
                sample = Sample(row.time, row.cpu, row.count, row.rate, row.label)
                collector.known(name).append(sample)
        return Results(
            self._context, collector.benchmarks(), problems=tuple(self._problems), kind=KIND
        )

    def _begin(self, number: int) -> None:
        self._tables += not self._inside
        if self._tables == 2 and not self._inside:
            text_ = "a second table: its rows count as further repetitions of the first"
            self._problems.append(Problem(number, text_))
        self._inside, self._about = True, False

    def _row(self, number: int, line: str, row: re.Match[str]) -> None:
        name = row["name"]
        percent = row["unit"] == "%"
        time, cpu = text.number(row["time"]), text.number(row["cpu"])
        if percent != (row["cpu_unit"] == "%") or time is None or cpu is None:
            self._bad(number, line, "no row")
            return
        if percent and "_" not in name:
            self._bad(number, line, "a percentage of no aggregate")
            return
        rate, label = self._counters(row["rest"])
        scale = 0.01 if percent else UNITS[row["unit"]]
        cpu_scale = 0.01 if percent else UNITS[row["cpu_unit"]]
        times = (time * scale, cpu * cpu_scale)
        self._keep(_Row(name, *times, percent, int(row["count"]), rate, label))

    def _keep(self, row: _Row | tuple[str, str] | None = None) -> None:
        """Keep a row: with it, the lines since the last one stood inside the table."""
        self._problems += self._doubtful
        self._doubtful.clear()
        if row is not None:
            self._rows.append(row)

    def _bad(self, number: int, line: str, why: str) -> None:
        problem = Problem(number, f"{why}: {text.excerpt(line)}")
        if _LIKE_A_ROW.match(line.strip()):
            self._problems += [*self._doubtful, problem]
            self._doubtful.clear()
        elif self._inside:
            self._doubtful.append(problem)

    def _counters(self, rest: str) -> tuple[float | None, str]:
        """Return items per second, if they are there, and what stands behind all counters."""
        words = rest.split()
        if self._columns and len(words) >= len(self._columns):
            values = [f"{key}={word}" for key, word in zip(self._columns, words, strict=False)]
            words = [*values, *words[len(self._columns) :]]
        rate = None
        while words and (counter := _COUNTER.fullmatch(words[0])):
            words.pop(0)
            if counter["key"] == "items_per_second" and counter["unit"] != "%":
                rate = text.number(counter["value"])
                if rate is not None:
                    rate *= _PREFIXES.get(counter["prefix"] or "", 1.0)
        return rate, " ".join(words)

    def _prompt(self, prompt: re.Match[str]) -> None:
        self._inside = False
        self._doubtful.clear()
        command = prompt["command"] or ""
        if command:
            self._context.setdefault("shell", prompt["device"])
        for flag in _FLAG.finditer(command):
            if not flag["key"].startswith("benchmark_") or flag["key"] == "benchmark_method":
                self._context.setdefault(flag["key"], flag["value"])

    def _say(self, line: str) -> None:
        """Take what the program says of the machine before its table."""
        if machine := _RUN_ON.fullmatch(line):
            self._about = True
            self._context.setdefault("num_cpus", int(machine["count"]))
            self._context.setdefault("mhz_per_cpu", round(float(machine["mhz"])))
        elif line.startswith("***WARNING***"):
            if "CPU scaling is enabled" in line:
                self._context["cpu_scaling_enabled"] = True
            if "built as DEBUG" in line:
                self._context["library_build_type"] = "debug"
        elif _DATE.fullmatch(line):
            self._context.setdefault("date", line)
        elif line.startswith("Running "):
            self._context.setdefault("executable", line.removeprefix("Running "))
        elif self._about and (said := _CONTEXT.fullmatch(line)) and said["key"] != "Load":
            self._context.setdefault(said["key"], said["value"])
