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
from dataclasses import dataclass

from xnnkit.errors import BadInput
from xnnkit.lock.reading import MAX_BYTES

MAX_WORDS = 200_000
"""Of a file: a parsed word takes 2 kB of memory."""
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
GIVEN = Unknown()
"""A parameter, and what is made of one: the caller knows it, and is read at its own place."""


@dataclass(frozen=True)
class Callee(Unknown):
    """A function of a known name, under whatever name it goes here.

    Attributes:
        name: as it is called where it is defined.
        extension: it is a module extension: its methods are tags.
        mutates: it is defined here, and changes lists or dicts.
    """

    name: str
    extension: bool = False
    mutates: bool = False


class Budget:
    """How much work may still be done; a hostile file gets no more than an honest one.

    Args:
        steps: of about a microsecond.
        whole: another budget that pays, too.
    """

    def __init__(self, steps: int, whole: Budget | None = None) -> None:
        self.left = steps
        self._whole = whole

    def spend(self, steps: int = 1) -> bool:
        """Take some steps; tell whether there were enough."""
        self.left -= steps
        return self.left >= 0 and (self._whole is None or self._whole.spend(steps))


Value = object
Names = Mapping[str, Value]
_FORMAT = re.compile(r"%(?:\((\w+)\))?(.)", re.DOTALL)
_WORD = re.compile(
    rb"""
    (?P<formatted>[rR]?[fF][rR]?(?=["']))                  # no Starlark, and words inside of a word
    | \"{3}(?:\\.|[^\\])*?(?:\"{3}|\Z) | '{3}(?:\\.|[^\\])*?(?:'{3}|\Z)
    | "(?:\\.|[^"\\\n])*+"? | '(?:\\.|[^'\\\n])*+'?        # an open one ends with its line
    | \#[^\n]* | \w+ | [^\w\s]
    """,
    re.DOTALL | re.VERBOSE,
)
METHODS = ("download", "download_and_extract", "execute")
"""Of a repository rule's context, which bring files."""


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
    if len(data) > MAX_BYTES:
        problem = f"{len(data):,} bytes; {MAX_BYTES:,} is the most that is read"
    elif (count := words(data)) > MAX_WORDS:
        problem = f"{count:,} words; {MAX_WORDS:,} is the most that is read"
    elif count < 0:
        problem = "an f-string, which Starlark has not"
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


def words(data: bytes) -> int:
    """Return about how many words a file has; a string or a comment is one. -1 for an f-string."""
    count = 0
    for match in _WORD.finditer(data):
        if match["formatted"]:
            return -1
        count += 1
    return count


class Reader:
    """Works out expressions.

    Args:
        names: what names stand for at this place; looked up, never changed.
        budget: what pays; one expression gets a bounded part of it.
    """

    def __init__(self, names: Names, budget: Budget | None = None) -> None:
        self._names = names
        self._whole = budget
        self._budget = Budget(_MAX_STEPS, budget)

    def value(self, node: ast.expr | None, depth: int = 0) -> Value:
        """Return what an expression stands for, `UNKNOWN` where that cannot be told."""
        if depth == 0:
            self._budget = Budget(_MAX_STEPS, self._whole)
        found = self._value(node, depth)
        if isinstance(found, str | list | dict) and not isinstance(node, ast.Constant | ast.Name):
            self._budget.spend(len(found) >> 5)  # what is made is paid for by its size
        return found

    def _value(self, node: ast.expr | None, depth: int) -> Value:
        if node is None or depth > _MAX_DEPTH or not self._budget.spend():
            return UNKNOWN
        match node:
            case ast.Constant(value=constant):
                return constant
            case ast.Name(id=name):
                return self._names.get(name, UNKNOWN)
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                found = self._items(elements, depth)
                if len(found) > _MAX_ITEMS:
                    return UNKNOWN
                return tuple(found) if isinstance(node, ast.Tuple) else found
            case ast.Dict(keys=keys, values=values):
                return self._dict(keys, values, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _added(self.value(left, depth + 1), self.value(right, depth + 1))
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                form = self.value(left, depth + 1)
                if not self._paid(form):
                    return UNKNOWN
                return _formatted(form, self.value(right, depth + 1))
            case ast.Subscript(value=holder, slice=index):
                return _item(self.value(holder, depth + 1), self.value(index, depth + 1))
            case ast.IfExp(body=body, orelse=orelse):
                one, other = self.value(body, depth + 1), self.value(orelse, depth + 1)
                return one if same(one, other) else UNKNOWN
            case ast.ListComp(elt=element, generators=[ast.comprehension(ifs=[]) as loop]):
                return self._comprehension(element, loop, depth)
            case ast.Attribute(value=holder, attr=name):
                of_all = isinstance(holder, ast.Name) and holder.id == "native"
                return Callee(name) if of_all or name in METHODS else UNKNOWN
            case ast.Call():
                return self._call(node, depth)
        return UNKNOWN

    def texts(self, node: ast.expr | None) -> list[str]:
        """Return the strings in an expression's value.

        Where a part of it cannot be told, those in the arguments of its calls, too: wrappers that
        add mirrors to an address take the address.
        """
        value = self.value(node)
        found = strings(value)
        if node is not None and not whole(value):
            for call in ast.walk(node):
                self._budget.spend()
                if isinstance(call, ast.Call):
                    for argument in (*call.args, *(k.value for k in call.keywords)):
                        found += [one for one in strings(self.value(argument)) if "://" in one]
        return list(dict.fromkeys(found))

    def from_caller(self, node: ast.AST) -> bool:
        """Tell whether an expression is made of a function's parameters."""
        for one in ast.walk(node):
            if not self._budget.spend():
                return False
            if isinstance(one, ast.Name) and self._names.get(one.id) is GIVEN:
                return True
        return False

    def _paid(self, value: Value) -> bool:
        """Pay for going through a value; tell whether that was possible."""
        size = len(value) if isinstance(value, str | list | tuple | dict) else 0
        return self._budget.spend(size >> 2)

    def _items(self, elements: Sequence[ast.expr], depth: int) -> list[Value]:
        found: list[Value] = []
        for element in elements:
            if isinstance(element, ast.Starred):
                inside = self.value(element.value, depth + 1)
                found += inside if isinstance(inside, list) else [UNKNOWN]
            else:
                found.append(self.value(element, depth + 1))
            if len(found) > _MAX_ITEMS:
                break
        return found

    def _dict(
        self, keys: Sequence[ast.expr | None], values: Sequence[ast.expr], depth: int
    ) -> Value:
        found: dict[Value, Value] = {}
        if len(keys) > _MAX_ITEMS:
            return UNKNOWN
        for key, value in zip(keys, values, strict=True):
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
        outside = self._names
        try:
            for one in list(over):
                if not self._budget.spend(len(outside) >> 4):
                    return UNKNOWN
                self._names = {**outside, **bound(loop.target, one)}
                found.append(self.value(element, depth + 1))
        finally:
            self._names = outside
        return found if self._budget.left >= 0 else UNKNOWN

    def _call(self, node: ast.Call, depth: int) -> Value:
        arguments = [self.value(one, depth + 1) for one in node.args]
        keywords = {k.arg: self.value(k.value, depth + 1) for k in node.keywords if k.arg}
        match node.func:
            case ast.Name(id="dict") if not node.args:
                return dict(keywords) if all(k.arg for k in node.keywords) else UNKNOWN
            case ast.Name(id="str") if len(arguments) == 1 and isinstance(arguments[0], str):
                return arguments[0]
            case ast.Name(id="getattr") if len(arguments) > 1 and isinstance(arguments[1], str):
                return Callee(arguments[1])
            case ast.Name(id="use_repo_rule" | "use_extension" as kind) if len(arguments) > 1:
                name = arguments[1]
                return Callee(name, kind == "use_extension") if isinstance(name, str) else UNKNOWN
            case ast.Attribute(value=holder, attr=method):
                object_ = self.value(holder, depth + 1)
                return (
                    _method(object_, method, arguments, keywords)
                    if self._paid(object_)
                    else UNKNOWN
                )
        return UNKNOWN


def bound(target: ast.expr, value: Value) -> dict[str, Value]:
    """Return what names stand for after ``target = value``."""
    match target:
        case ast.Name(id=name):
            return {name: value}
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            starred = any(isinstance(one, ast.Starred) for one in targets)
            known = isinstance(value, list | tuple) and len(value) == len(targets) and not starred
            other = GIVEN if value is GIVEN else UNKNOWN
            values: Sequence[Value] = value if known else [other] * len(targets)  # type: ignore[assignment]
            found: dict[str, Value] = {}
            for one, inner in zip(targets, values, strict=True):
                found |= bound(one, inner)
            return found
        case ast.Starred(value=one):
            return bound(one, UNKNOWN)
    return {}


def forget(value: Value) -> None:
    """Make a list or dict one of unknown contents, wherever it is held."""
    if isinstance(value, list):
        value[:] = [UNKNOWN]
    elif isinstance(value, dict):
        value.clear()
        value[UNKNOWN] = UNKNOWN


def changed(holder: Value, key: Value, value: Value) -> None:
    """Do ``holder[key] = value`` to a list or dict; forget its contents if that cannot be done."""
    match holder:
        case dict() if isinstance(key, str | int) and len(holder) < _MAX_ITEMS:
            holder[key] = value
        case list() if isinstance(key, int) and -len(holder) <= key < len(holder):
            holder[key] = value
        case _:
            forget(holder)


def extended(holder: Value, more: Value) -> None:
    """Do ``holder += more`` to a list; forget its contents if that cannot be done."""
    items = isinstance(holder, list) and isinstance(more, list | tuple)
    if items and len(holder) + len(more) <= _MAX_ITEMS:  # type: ignore[arg-type]
        holder += more  # type: ignore[operator]
    else:
        forget(holder)


def _added(left: Value, right: Value) -> Value:
    if isinstance(left, str) or isinstance(right, str):
        if isinstance(left, str | Unknown) and isinstance(right, str | Unknown):
            return _bounded(_text(left) + _text(right))
        return UNKNOWN
    if isinstance(left, list) and isinstance(right, list | Unknown):
        both = [*left, *(right if isinstance(right, list) else [UNKNOWN])]
        return both if len(both) <= _MAX_ITEMS else UNKNOWN
    if isinstance(right, list) and isinstance(left, Unknown):
        return [UNKNOWN, *right] if len(right) < _MAX_ITEMS else UNKNOWN
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
        if not isinstance(key, str | int):
            return UNKNOWN
        return holder.get(key, UNKNOWN if UNKNOWN in holder else default)
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


def strings(value: Value) -> list[str]:
    """Return the strings in a value, those that are keys among them."""
    return [one for one in _leaves(value) if isinstance(one, str)]


def whole(value: Value) -> bool:
    """Tell whether no part of a value is unknown."""
    return not any(isinstance(one, Unknown) or one is Ellipsis for one in _leaves(value))


def _leaves(value: Value) -> list[Value]:
    """Return what is in lists and dicts; an ellipsis stands for what is too much."""
    found: list[Value] = []
    todo = [value]
    steps = 0
    while todo:
        steps += 1
        if steps > 2 * _MAX_ITEMS:  # lists of lists of one list are large, and cheap to write
            return [*found, Ellipsis]
        one = todo.pop()
        if isinstance(one, list | tuple):
            todo += reversed(one)
        elif isinstance(one, dict):
            todo += reversed([part for item in one.items() for part in item])
        else:
            found.append(one)
    return found
