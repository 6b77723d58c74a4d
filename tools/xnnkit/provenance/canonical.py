"""Compare a statement, key by key, with the one that xnnkit writes of the same build.

What is compared fact by fact can have no more than what a record holds; here a hash, a URI or a
field more is found, too. Nothing in the subjects, the definition of the build and the builder is
passed over: a field that nobody compared would look like one that agrees.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xnnkit.provenance.record import Record
from xnnkit.provenance.statement import BUILDER, Run, statement


@dataclass(frozen=True)
class Absent:
    """There is no such key or element."""


@dataclass(frozen=True)
class Part:
    """A part of a statement.

    Attributes:
        path: where it is.
        differences: each place in it that is otherwise: path, stated, expected.
    """

    path: str
    differences: tuple[tuple[str, Any, Any], ...]


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are the same; 1 is neither 1.0 nor true."""
    return _text(one) == _text(other)


def parts(content: dict[str, Any], record: Record, builder_id: str = "") -> list[Part]:
    """Return the parts of a statement, compared with the statement of a record.

    Args:
        content: the statement, of the right shape.
        record: of the build.
        builder_id: who must have built; "" for whoever has no name.
    """
    expected = statement(record, Run(builder_id or BUILDER))
    found = [_part("subject", content["subject"], expected["subject"])]
    for where in (("predicate", "buildDefinition"), ("predicate", "runDetails", "builder")):
        stated, ours = content, expected
        for key in where:
            stated, ours = stated[key], ours[key]
        for key in _keys(stated, ours):
            path = ".".join([*where, key])
            found.append(_part(path, stated.get(key, Absent()), ours.get(key, Absent())))
    return found


def _part(path: str, stated: Any, ours: Any) -> Part:
    return Part(path, tuple(_differences(path, stated, ours)))


def _differences(path: str, stated: Any, ours: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(stated, dict) and isinstance(ours, dict):
        for key in _keys(stated, ours):
            inner = stated.get(key, Absent()), ours.get(key, Absent())
            yield from _differences(f"{path}.{key}", *inner)
        return
    one, other = _named(stated), _named(ours)
    if one is not None and other is not None:
        for name in _keys(one, other):
            inner = one.get(name, Absent()), other.get(name, Absent())
            yield from _differences(f"{path}[{name}]", *inner)
    elif not same(stated, ours):
        yield path, stated, ours


def _keys(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return [*one, *(key for key in other if key not in one)]


def _named(value: Any) -> dict[str, Any] | None:
    """Return a list of things with a name each by that name, in which their order has no say."""
    if not isinstance(value, list):
        return None
    named = {
        one["name"]: one
        for one in value
        if isinstance(one, dict) and isinstance(one.get("name"), str)
    }
    return named if named and len(named) == len(value) else None


def _text(value: Any) -> str:
    return "" if isinstance(value, Absent) else json.dumps(value, sort_keys=True)
