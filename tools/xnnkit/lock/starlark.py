"""Constants of a Starlark file, worked out by reading: nothing of the file is ever run.

Python's own parser reads Starlark, whose syntax is a part of Python's. What can be worked out are
strings, lists, dicts and numbers put together with ``+``, ``%``, ``format`` and ``join``; all else
is `UNKNOWN`. Every result is bounded, so that a hostile file costs nothing.
"""

from __future__ import annotations

import ast
import re
import string
import warnings
from collections.abc import Callable, Mapping, Sequence

from xnnkit.errors import BadInput

MAX_FILE_BYTES = 8 << 20
_MAX_TEXT = 1 << 16
_MAX_ITEMS = 1 << 12
_MAX_DEPTH = 100
_MAX_STEPS = 1 << 16
HOLE = "…"
"""Stands in a string for a part that cannot be worked out."""


class Unknown:
    """What cannot be worked out."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()

Value = object
Names = Mapping[str, Value]
_FORMAT = re.compile(r"%(?:\((\w+)\))?(.)", re.DOTALL)


def parse(data: bytes, where: str) -> ast.Module:
    """Parse a Starlark file.

    Args:
        data: its bytes.
        where: its name, for the error.

    Raises:
        BadInput: it is too large, or no Starlark.
    """
    problem = ""
    line = 0
    if len(data) > MAX_FILE_BYTES:
        problem = f"{len(data):,} bytes; {MAX_FILE_BYTES:,} is the most that is read"
    else:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # "\." is legal enough in a file of others
                return ast.parse(data.decode("utf-8"), filename=where)
        except UnicodeDecodeError:
            problem = "not UTF-8"
        except SyntaxError as error:
            problem, line = str(error.msg), error.lineno or 0
        except (ValueError, RecursionError, MemoryError) as error:
            problem = str(error) or "nested too deeply"
    raise BadInput(
        "cannot be read as Starlark",
        where=f"{where}:{line}" if line else where,
        why=problem,
        fix="name a WORKSPACE, MODULE.bazel, .bzl or profile file",
    )


class Reader:
    """Works out expressions.

    Args:
        names: what names stand for at this place; looked up, never changed.
        left: how many steps are left, counted down; comprehensions in comprehensions multiply.
    """

    def __init__(self, names: Names, left: list[int] | None = None) -> None:
        self._names = names
        self._left = left if left is not None else [_MAX_STEPS]

    def value(self, node: ast.expr | None, depth: int = 0) -> Value:
        """Return what an expression stands for, `UNKNOWN` where that cannot be told."""
        self._left[0] -= 1
        if node is None or depth > _MAX_DEPTH or self._left[0] < 0:
            return UNKNOWN
        match node:
            case ast.Constant(value=constant):
                return constant
            case ast.Name(id=name):
                return self._names.get(name, UNKNOWN)
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                found = self._items(elements, depth)
                return tuple(found) if isinstance(node, ast.Tuple) else found
            case ast.Dict(keys=keys, values=values):
                return self._dict(keys, values, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _added(self.value(left, depth + 1), self.value(right, depth + 1))
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                return _formatted(self.value(left, depth + 1), self.value(right, depth + 1))
            case ast.Subscript(value=holder, slice=index):
                return _item(self.value(holder, depth + 1), self.value(index, depth + 1))
            case ast.IfExp(body=body, orelse=orelse):
                one, other = self.value(body, depth + 1), self.value(orelse, depth + 1)
                return one if same(one, other) else UNKNOWN
            case ast.ListComp(elt=element, generators=[ast.comprehension(ifs=[]) as loop]):
                return self._comprehension(element, loop, depth)
            case ast.Call():
                return self._call(node, depth)
        return UNKNOWN

    def texts(self, node: ast.expr | None) -> list[str]:
        """Return the strings in an expression's value.

        Where the value cannot be told, those in the arguments of a call: wrappers that add mirrors
        to an address take the address.
        """
        found = _strings(self.value(node))
        if not found and isinstance(node, ast.Call):
            for argument in (*node.args, *(k.value for k in node.keywords)):
                found += [text for text in _strings(self.value(argument)) if "://" in text]
        return found

    def _items(self, elements: Sequence[ast.expr], depth: int) -> list[Value]:
        found: list[Value] = []
        for element in elements[:_MAX_ITEMS]:
            if isinstance(element, ast.Starred):
                inside = self.value(element.value, depth + 1)
                found += inside if isinstance(inside, list) else [UNKNOWN]
            else:
                found.append(self.value(element, depth + 1))
        return found[:_MAX_ITEMS]

    def _dict(
        self, keys: Sequence[ast.expr | None], values: Sequence[ast.expr], depth: int
    ) -> Value:
        found: dict[Value, Value] = {}
        for key, value in list(zip(keys, values, strict=True))[:_MAX_ITEMS]:
            name = self.value(key, depth + 1)
            if not isinstance(name, str | int):
                return UNKNOWN
            found[name] = self.value(value, depth + 1)
        return found

    def _comprehension(self, element: ast.expr, loop: ast.comprehension, depth: int) -> Value:
        over = self.value(loop.iter, depth + 1)
        if not isinstance(over, list | tuple):
            return UNKNOWN
        found: list[Value] = []
        for one in over[:_MAX_ITEMS]:
            names = {**self._names, **bound(loop.target, one)}
            found.append(Reader(names, self._left).value(element, depth + 1))
            if self._left[0] < 0:
                return UNKNOWN
        return found

    def _call(self, node: ast.Call, depth: int) -> Value:
        arguments = [self.value(one, depth + 1) for one in node.args]
        keywords = {k.arg: self.value(k.value, depth + 1) for k in node.keywords if k.arg}
        match node.func:
            case ast.Name(id="dict") if not node.args:
                return dict(keywords) if all(k.arg for k in node.keywords) else UNKNOWN
            case ast.Name(id="str") if len(arguments) == 1 and isinstance(arguments[0], str):
                return arguments[0]
            case ast.Attribute(value=holder, attr=method):
                return _method(self.value(holder, depth + 1), method, arguments, keywords)
        return UNKNOWN


def bound(target: ast.expr, value: Value) -> dict[str, Value]:
    """Return what names stand for after ``target = value``."""
    match target:
        case ast.Name(id=name):
            return {name: value}
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            known = isinstance(value, list | tuple) and len(value) == len(targets)
            values: Sequence[Value] = value if known else [UNKNOWN] * len(targets)  # type: ignore[assignment]
            found: dict[str, Value] = {}
            for one, inner in zip(targets, values, strict=True):
                found |= bound(one, inner)
            return found
    return {}


def _added(left: Value, right: Value) -> Value:
    if isinstance(left, str) or isinstance(right, str):
        if isinstance(left, str | Unknown) and isinstance(right, str | Unknown):
            return _bounded(_text(left) + _text(right))
        return UNKNOWN
    if isinstance(left, list) and isinstance(right, list | Unknown):
        return [*left, *(right if isinstance(right, list) else [UNKNOWN])][:_MAX_ITEMS]
    if isinstance(right, list) and isinstance(left, Unknown):
        return [UNKNOWN, *right][:_MAX_ITEMS]
    if isinstance(left, int) and isinstance(right, int) and abs(left) + abs(right) < 1 << 62:
        return left + right
    return UNKNOWN


def _formatted(form: Value, given: Value) -> Value:
    """Return ``form % given``; only %s, %d and %r without widths are known."""
    if not isinstance(form, str):
        return UNKNOWN
    rest = list(given) if isinstance(given, tuple) else [given]
    failed = False
    room = _MAX_TEXT

    def fill(match: re.Match[str]) -> str:
        nonlocal failed, room
        name, kind = match.groups()
        if kind == "%":
            return "%"
        if kind not in "sd" or room < 0:
            failed = True
            return ""
        if name:
            text = _text(given.get(name, UNKNOWN) if isinstance(given, dict) else UNKNOWN)
        else:
            text = _text(rest.pop(0) if rest else UNKNOWN)
        room -= len(text)
        return text

    text = _FORMAT.sub(fill, form)
    return UNKNOWN if failed else _bounded(text)


def _method(holder: Value, name: str, given: list[Value], keywords: Mapping[str, Value]) -> Value:
    if isinstance(holder, dict) and name == "get" and given:
        key = given[0]
        default = given[1] if len(given) > 1 else None
        return holder.get(key, default) if isinstance(key, str | int) else UNKNOWN
    if isinstance(holder, dict) and name in ("items", "keys", "values") and not given:
        views: Mapping[str, Callable[[], list[Value]]] = {
            "items": lambda: [(k, v) for k, v in holder.items()],
            "keys": lambda: list(holder),
            "values": lambda: list(holder.values()),
        }
        return views[name]()
    if not isinstance(holder, str):
        return UNKNOWN
    if name == "format":
        return _braces(holder, given, keywords)
    if name == "join" and len(given) == 1 and isinstance(given[0], list | tuple):
        parts = [_text(one) for one in given[0]]
        if sum(map(len, parts)) + len(holder) * len(parts) > _MAX_TEXT:
            return UNKNOWN
        return holder.join(parts)
    if name in ("lower", "upper", "strip", "lstrip", "rstrip") and not given:
        return str(getattr(holder, name)())
    if name == "replace" and len(given) == 2:
        old, new = given
        if isinstance(old, str) and isinstance(new, str) and old and len(new) < 256:
            return _bounded(holder[:_MAX_TEXT].replace(old, new))
    return UNKNOWN


def _braces(form: str, given: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    """Return ``form.format(...)``; only plain names and numbers in the braces are known."""
    out, next_one = "", 0
    try:
        for literal, field, spec, conversion in string.Formatter().parse(form):
            out += literal
            if field is None:
                continue
            if spec or conversion:
                return UNKNOWN
            if not field:
                field, next_one = str(next_one), next_one + 1
            if field.isdecimal():
                index = int(field[:4])
                out += _text(given[index] if index < len(given) else UNKNOWN)
            else:
                out += _text(keywords.get(field, UNKNOWN))
            if len(out) > _MAX_TEXT:
                return UNKNOWN
    except ValueError:
        return UNKNOWN
    return out


def _item(holder: Value, index: Value) -> Value:
    if isinstance(holder, dict) and isinstance(index, str | int):
        return holder.get(index, UNKNOWN)
    if isinstance(holder, list | tuple) and isinstance(index, int):
        return holder[index] if -len(holder) <= index < len(holder) else UNKNOWN
    return UNKNOWN


def _text(value: Value) -> str:
    return str(value) if isinstance(value, str | int) else HOLE


def _bounded(text: str) -> Value:
    return text if len(text) <= _MAX_TEXT else UNKNOWN


def same(one: Value, other: Value) -> bool:
    """Tell whether two values are surely the same."""
    plain = isinstance(one, str | int | None) and type(one) is type(other)
    return one is other or (plain and one == other)


def _strings(value: Value) -> list[str]:
    found: list[str] = []
    todo = [value]
    steps = 0
    while todo and steps < _MAX_ITEMS:  # lists of lists of one list are large, and cheap to write
        steps += 1
        one = todo.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, list | tuple):
            todo += reversed(one)
    return found
