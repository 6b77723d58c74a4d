"""What Bazel says of a build's actions: how many ran here, ran elsewhere, or were known."""

from __future__ import annotations

import re

_LINE = re.compile(r"^INFO: (\d+) process(?:es)?: (.*)\.$", re.M)
_NOT_CACHED = frozenset({"internal", "total"})


def counts(output: str) -> dict[str, int]:
    """Return kind ("remote cache hit", "linux-sandbox", "internal", ...) -> number of actions."""
    found = _LINE.findall(output)
    assert found, output[-3000:]
    return {
        kind: int(number) for number, kind in re.findall(r"(\d+) ([a-z][a-z -]*)", found[-1][1])
    }


def hit_rate(output: str) -> float:
    """Return which share of the actions that start a process was taken from the remote cache."""
    kinds = counts(output)
    spawned = {kind: n for kind, n in kinds.items() if kind not in _NOT_CACHED}
    total = sum(spawned.values())
    assert total, kinds
    return spawned.get("remote cache hit", 0) / total
