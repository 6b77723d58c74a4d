"""XNNPACK's profile as MediaPipe's llm_test writes it: ``node_id; time(us); op_name``.

Each invocation of the graph appends a line a node, from 0 on. Names contain commas, no semicolons.
"""

from __future__ import annotations

import re

from xnnkit.bench.model import Operator, Problem, Results
from xnnkit.bench.readers import text

KIND = "XNNPACK's profile"

_HEADER = re.compile(r"\s*node_id\s*;\s*time\((ns|us|ms)\)\s*;\s*op_name\s*")
_SCALE = {"ns": 1.0, "us": 1e3, "ms": 1e6}


def fits(lines: list[str]) -> bool:
    """Tell whether a line of these is the header of such a file."""
    return any(_HEADER.fullmatch(line) for line in lines if len(line) < 200)


def parse(lines: list[str]) -> Results:
    """Read each node's times, one an invocation, and the sum of all nodes of an invocation.

    The sum is not the wall time of the invocation: what happens between operators is not in it.

    Args:
        lines: as ``text.lines`` returns them.
    """
    scale = 0.0
    names: dict[int, str] = {}
    times: dict[int, list[float]] = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines, 1):
        if header := _HEADER.fullmatch(line[:200]):
            scale = _SCALE[header[1]]
        elif scale and line.strip():
            cells = line.split(";", 2)
            node = text.whole(cells[0])
            time = text.number(cells[1]) if len(cells) == 3 else None
            if node is None or time is None or len(line) > text.LONGEST:
                problems.append(Problem(number, f"no line of a node: {text.excerpt(line)}"))
                continue
            name = cells[2].strip()
            if names.setdefault(node, name) != name:
                text_ = f"node {node} was {text.excerpt(names[node])} before: {text.excerpt(line)}"
                problems.append(Problem(number, text_))
                continue
            times.setdefault(node, []).append(time * scale)
    operators = tuple(Operator(str(n), names[n], tuple(times[n])) for n in sorted(times))
    return Results({}, {}, operators, tuple(problems), KIND)
