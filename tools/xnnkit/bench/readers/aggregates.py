"""Which rows of a table are aggregates: there only their names tell."""

from __future__ import annotations

from collections.abc import Collection

from xnnkit.bench.model import AGGREGATES

_SURE = frozenset(("mean", "median", "stddev"))


def bases(names: Collection[str]) -> frozenset[str]:
    """Return the benchmarks that have aggregates among these rows.

    A row ``BM_x_mean`` is an aggregate of ``BM_x`` when ``BM_x`` has a row itself, or when mean,
    median and standard deviation all have one (only aggregates were printed). Else a benchmark is
    simply called so.
    """
    seen = set(names)
    found = set()
    for name in seen:
        base, _, last = name.rpartition("_")
        if base and last in AGGREGATES:
            siblings = {which for which in _SURE if f"{base}_{which}" in seen}
            if base in seen or siblings == _SURE:
                found.add(base)
    return frozenset(found)


def split(name: str, known: Collection[str]) -> tuple[str, str]:
    """Return the benchmark and the aggregate that a row is of; "" for a repetition.

    Args:
        name: of the row.
        known: what ``bases`` found.
    """
    base, _, last = name.rpartition("_")
    return (base, last) if base in known and last else (name, "")
