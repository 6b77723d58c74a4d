"""What a Starlark file declares: every archive, file and repository that comes from elsewhere.

Statements are followed in their order, both branches of an ``if``, loops over constants, and the
bodies of functions with parameters that nobody knows. Files of the same workspace that are loaded
are read, too; nothing outside of it is.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xnnkit.errors import BadInput
from xnnkit.lock import calls, reading
from xnnkit.lock.calls import Place
from xnnkit.lock.rules import MUTATORS
from xnnkit.lock.source import Source
from xnnkit.lock.starlark import (
    GIVEN,
    MAX_WORDS,
    UNKNOWN,
    Budget,
    Callee,
    Reader,
    Value,
    bound,
    changed,
    extended,
    forget,
    parse,
    same,
    words,
)

ROOT_FILES = ("WORKSPACE.bazel", "WORKSPACE", "WORKSPACE.bzlmod", "MODULE.bazel")

_MAX_STEPS = 2_000_000
_NODE_STEPS = 3
_CALL_STEPS = 60
_MAX_FILES = 1_000
_LABEL = re.compile(r"(?:@@?(?P<repo>[\w.~+-]*))?(?://(?P<package>[^:]*))?:?(?P<name>[^:]*)")
_TOO_MUCH = "too much to follow; read in part"
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


@dataclass
class Declared:
    """Everything that some files declare.

    Attributes:
        sources: in the order of the files.
        files: those that were read.
        unread: what could not be read or understood: where (a file, a label or file:line), and why.
    """

    sources: list[Source] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)


def of_files(files: Sequence[Path]) -> Declared:
    """Return what some files declare, with what they load from their own workspaces.

    Args:
        files: WORKSPACE, MODULE.bazel or .bzl files.

    Raises:
        BadInput: one of them is no Starlark, or cannot be read.
    """
    found = Declared()
    walks: dict[Path, _Walk] = {}
    for file in files:
        root = root_of(file)
        walk = walks.setdefault(root, _Walk(root, found))
        walk.read(file, str(file), fatal=True)
    return found


def root_of(file: Path) -> Path:
    """Return the workspace that a file belongs to: the nearest folder with a root file."""
    folder = file.absolute().parent
    for candidate in (folder, *folder.parents):
        if any((candidate / name).is_file() for name in ROOT_FILES):
            return candidate
    return folder


class _Walk:
    """Reads the files of one workspace, each once."""

    def __init__(self, root: Path, found: Declared) -> None:
        self.root = root.resolve()
        self.found = found
        self.names: dict[Path, dict[str, Value]] = {}
        self.budget = Budget(_MAX_STEPS)
        self.own = {""}
        """What this workspace calls itself in labels."""
        self._open = 0
        self._told: set[object] = set()

    def read(self, file: Path, shown: str, *, fatal: bool = False) -> dict[str, Value]:
        """Read a file once and return its constants; while it is being read, none."""
        try:
            place = file.resolve()
        except (OSError, RuntimeError, ValueError):  # it leads to itself, or is no name
            place = file
        if place in self.names:
            return self.names[place]
        self.names[place] = {}
        try:
            self.found.files.append(shown)
            self.names[place] = self._parsed(place, shown)
        except (BadInput, RecursionError) as error:
            if fatal and isinstance(error, BadInput):
                raise
            why = error.why if isinstance(error, BadInput) else "nested too deeply"
            if fatal:
                raise BadInput("cannot be read", where=shown, why=why) from None
            self.unread(shown, why)
        return self.names[place]

    def _parsed(self, place: Path, shown: str) -> dict[str, Value]:
        """Read a file; those that load each other are in memory together, and bounded together."""
        data = reading.data(place, shown)
        count = max(0, words(data))
        if (self._open and self._open + count > MAX_WORDS) or not self.budget.spend(count):
            raise BadInput("cannot be read", where=shown, why="too much is loaded")
        self._open += count
        try:
            return _File(self, place, shown).run(parse(data, shown))
        finally:
            self._open -= count

    def load(self, label: str, from_file: Path, *, ours: bool = False) -> dict[str, Value]:
        """Return the constants of a loaded file of this workspace; none of what is elsewhere.

        Args:
            label: as it is written.
            from_file: the file that loads it.
            ours: a file of elsewhere is to be told as unread.
        """
        match = _LABEL.fullmatch(label)
        if not match or (match["repo"] or "") not in self.own:
            if ours:
                self.unread(label, "it is no file of this workspace")
            return {}
        package = match["package"]
        folder = self.root / package if package is not None else from_file.parent
        try:
            file = (folder / match["name"]).resolve()
            there, plain = file.exists(), file.is_file()
        except (OSError, RuntimeError, ValueError) as error:
            self.unread(label, f"no name of a file: {error}")
            return {}
        if not file.is_relative_to(self.root):
            self.unread(label, "it lies outside of the workspace")
        elif not plain:
            self.unread(label, "not a plain file" if there else "there is no such file")
        elif len(self.names) >= _MAX_FILES:
            self.unread(label, f"more than {_MAX_FILES} files")
        else:
            return self.read(file, file.relative_to(self.root).as_posix())
        return {}

    def source(self, one: Source) -> None:
        """Note a source, once: loops and branches lead to a line more than once."""
        if one not in self._told:
            self._told.add(one)
            self.found.sources.append(one)

    def unread(self, what: str, why: str) -> None:
        """Note once what could not be read."""
        if (what, why) not in self._told:
            self._told.add((what, why))
            self.found.unread.append((what, why))


class _File:
    """Follows the statements of one file."""

    def __init__(self, walk: _Walk, place: Path, shown: str) -> None:
        self._walk = walk
        self._place = place
        self._shown = shown
        self._root = place.suffix != ".bzl"
        self._inside = ""
        self._perhaps = 0
        """How many statements around this one may be run once, often or never."""

    def run(self, tree: ast.Module) -> dict[str, Value]:
        """Collect what the file declares; return its constants."""
        names: dict[str, Value] = {}
        functions: list[ast.FunctionDef] = []
        self._block(tree.body, names, functions)
        self._functions(functions, names)  # after the whole file: constants may stand below them
        if not self._spend(0):
            self._walk.unread(self._shown, _TOO_MUCH)
        return names

    def _spend(self, steps: int = 1) -> bool:
        return self._walk.budget.spend(steps)

    def _reader(self, names: Mapping[str, Value]) -> Reader:
        return Reader(names, self._walk.budget)

    def _block(
        self, body: Sequence[ast.stmt], names: dict[str, Value], functions: list[ast.FunctionDef]
    ) -> None:
        for statement in body:
            if not self._spend():
                return
            match statement:
                case ast.FunctionDef(name=name, args=given):
                    for default in (*given.defaults, *given.kw_defaults):
                        self._visit(default, names)
                    functions.append(statement)
                    names[name] = Callee(name, mutates=self._changes(statement))
                case ast.If(test=test, body=then, orelse=otherwise):
                    self._visit(test, names)
                    self._branches(then, otherwise, names, functions)
                case ast.For():
                    self._loop(statement, names, functions)
                case ast.Expr(value=ast.Call() as call) if _called(call.func) == "load":
                    self._load(call, names)
                case ast.Expr(value=ast.Call() as call) if _called(call.func) == "include":
                    self._include(call, names)
                case ast.Expr(value=ast.Call(func=ast.Attribute() as method) as call) if (
                    self._changeable(method, names)
                ):
                    for part in (method.value, *call.args, *call.keywords):
                        self._visit(part, names)
                    self._mutate(method, call, names)
                case ast.Assign() | ast.AugAssign() | ast.Expr() | ast.Return():
                    self._visit(statement, names)
                    self._assign(statement, names)
                case ast.Pass() | ast.Break() | ast.Continue():
                    pass
                case _:
                    where = f"{self._shown}:{statement.lineno}"
                    self._walk.unread(where, f"{type(statement).__name__} is no Starlark")
                    self._widen([statement], names)
                    self._visit(statement, names)

    def _branches(
        self,
        then: Sequence[ast.stmt],
        otherwise: Sequence[ast.stmt],
        names: dict[str, Value],
        functions: list[ast.FunctionDef],
    ) -> None:
        self._spend(len(names) >> 1)
        one, other = dict(names), dict(names)
        self._perhaps += 1
        self._block(then, one, functions)
        self._block(otherwise, other, functions)
        self._perhaps -= 1
        for name in one.keys() | other.keys():
            left, right = one.get(name, UNKNOWN), other.get(name, UNKNOWN)
            if same(left, right):
                names[name] = left
            else:
                names[name] = GIVEN if GIVEN in (left, right) else UNKNOWN

    def _loop(
        self, loop: ast.For, names: dict[str, Value], functions: list[ast.FunctionDef]
    ) -> None:
        self._visit(loop.iter, names)
        rounds = self._rounds(loop.iter, names)
        inner = [node for statement in loop.body for node in ast.walk(statement)]
        steady = rounds is not None and not any(
            isinstance(node, ast.Break | ast.Continue) for node in inner
        )
        self._spend(len(inner))
        if not steady:  # a round may see what another one did
            self._widen(loop.body, names)
            self._perhaps += 1
        for value in rounds or [self._unknown(loop.iter, names)]:
            names |= bound(loop.target, value)
            self._block(loop.body, names, functions)
        if not steady:
            self._perhaps -= 1
            self._widen(loop.body, names)
        names |= bound(loop.target, UNKNOWN)

    def _rounds(self, over: ast.expr, names: Mapping[str, Value]) -> list[Value] | None:
        """Return what a loop goes over, None when that is unknown or nothing."""
        value = self._reader(names).value(over)
        if isinstance(value, dict):
            value = list(value)
        return list(value) if isinstance(value, list | tuple) and value else None

    def _unknown(self, node: ast.AST, names: Mapping[str, Value]) -> Value:
        return GIVEN if self._reader(names).from_caller(node) else UNKNOWN

    def _functions(self, functions: Sequence[ast.FunctionDef], names: dict[str, Value]) -> None:
        for function in functions:
            if not self._spend(1 + (len(names) >> 3)):
                return
            inner = dict(names)
            given = function.args
            every = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
            inner |= {one.arg: GIVEN for one in every if one is not None}
            nested: list[ast.FunctionDef] = []
            before, self._inside = self._inside, function.name
            self._block(function.body, inner, nested)
            self._functions(nested, inner)
            self._inside = before

    def _changes(self, function: ast.FunctionDef) -> bool:
        """Tell whether a function changes a list or a dict."""
        for node in ast.walk(function):
            self._spend()
            match node:
                case ast.AugAssign() | ast.Subscript(ctx=ast.Store()):
                    return True
                case ast.Call(func=ast.Attribute(attr=attr)) if attr in MUTATORS:
                    return True
        return False

    def _widen(self, body: Sequence[ast.stmt], names: dict[str, Value]) -> None:
        """Forget what statements may change."""
        for node in (node for statement in body for node in ast.walk(statement)):
            if not self._spend():
                return
            match node:
                case ast.Name(id=name, ctx=ast.Store()):
                    forget(names.get(name))  # `+=` changes a list that others hold, too
                    names[name] = GIVEN if names.get(name) is GIVEN else UNKNOWN
                case ast.Subscript(value=holder, ctx=ast.Store()):
                    forget(self._reader(names).value(holder))
                case ast.Call(func=ast.Attribute(value=holder, attr=attr)) if attr in MUTATORS:
                    forget(self._reader(names).value(holder))

    def _assign(self, statement: ast.stmt, names: dict[str, Value]) -> None:
        match statement:
            case ast.Assign(targets=targets, value=value):
                found = self._reader(names).value(value)
                if found is UNKNOWN:
                    found = self._unknown(value, names)
                for target in targets:
                    self._store(target, found, names)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                held = names.get(name)
                if isinstance(held, list | dict):
                    more = self._reader(names).value(value)
                    known = isinstance(op, ast.Add) and not self._perhaps
                    extended(held, more if known else UNKNOWN)
                    return
                left = ast.Name(id=name, ctx=ast.Load())
                sum_ = ast.BinOp(left=left, op=op, right=value)
                found = self._reader(names).value(sum_)
                names[name] = self._unknown(sum_, names) if found is UNKNOWN else found
            case ast.AugAssign(target=target):
                self._store(target, UNKNOWN, names)

    def _store(self, target: ast.expr, value: Value, names: dict[str, Value]) -> None:
        """Do ``target = value``."""
        match target:
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                names |= bound(target, value)
                for one in targets:
                    if isinstance(one, ast.Subscript):
                        self._store(one, UNKNOWN, names)
            case ast.Subscript(value=holder, slice=index):
                held = self._reader(names).value(holder)
                key = UNKNOWN if self._perhaps else self._reader(names).value(index)
                changed(held, key, value)
            case _:
                names |= bound(target, value)

    def _changeable(self, method: ast.Attribute, names: dict[str, Value]) -> bool:
        """Tell whether this very statement calls a method that changes a known list or dict."""
        if method.attr not in MUTATORS or self._perhaps:
            return False
        return isinstance(self._reader(names).value(method.value), list | dict)

    def _mutate(self, method: ast.Attribute, call: ast.Call, names: dict[str, Value]) -> None:
        """Do ``append``, ``extend`` or ``update``; forget what another method changes."""
        reader = self._reader(names)
        held = reader.value(method.value)
        given = [reader.value(one) for one in call.args]
        if isinstance(held, list) and len(given) == 1 and method.attr in ("append", "extend"):
            extended(held, given if method.attr == "append" else given[0])
            return
        more = given[0] if given else {}
        if isinstance(held, dict) and method.attr == "update" and isinstance(more, dict):
            for key, value in list(more.items()):
                changed(held, key, value)
            for keyword in call.keywords:
                changed(held, keyword.arg or UNKNOWN, reader.value(keyword.value))
            return
        forget(held)

    def _load(self, call: ast.Call, names: dict[str, Value]) -> None:
        reader = self._reader(names)
        texts = [reader.value(one) for one in call.args]
        if not texts or not isinstance(texts[0], str):
            self._walk.unread(f"{self._shown}:{call.lineno}", "what it loads is no constant")
            return
        loaded = self._walk.load(texts[0], self._place)
        taken = [(name, name) for name in texts[1:]]
        taken += [(keyword.arg or "", reader.value(keyword.value)) for keyword in call.keywords]
        for name, original in taken:
            if isinstance(name, str) and isinstance(original, str):
                found = loaded.get(original, UNKNOWN)
                names[name] = Callee(original) if found is UNKNOWN else found

    def _include(self, call: ast.Call, names: dict[str, Value]) -> None:
        label = self._reader(names).value(call.args[0]) if call.args else UNKNOWN
        if isinstance(label, str):
            self._walk.load(label, self._place, ours=True)
        else:
            self._walk.unread(f"{self._shown}:{call.lineno}", "what it includes is no constant")

    def _visit(self, node: ast.AST | None, names: dict[str, Value]) -> None:
        """Take every call in a statement or expression, comprehensions round by round."""
        todo: list[Iterator[tuple[ast.AST, dict[str, Value], bool]]] = []
        if node is not None:
            todo.append(iter([(node, names, False)]))
        while todo:
            if not self._spend(_NODE_STEPS):
                return
            taken = next(todo[-1], None)
            if taken is None:
                todo.pop()
                continue
            one, scope, nested = taken
            if isinstance(one, _COMPREHENSIONS):
                todo.append(self._comprehended(one, scope, nested))
                continue
            if isinstance(one, ast.Lambda):
                scope = scope | {given.arg: GIVEN for given in one.args.args}
            if isinstance(one, ast.Call):
                self._call(one, scope, nested)
                nested = True
            todo.append(iter([(child, scope, nested) for child in ast.iter_child_nodes(one)]))

    def _comprehended(
        self, node: ast.expr, names: dict[str, Value], nested: bool
    ) -> Iterator[tuple[ast.AST, dict[str, Value], bool]]:
        """Yield what a comprehension works out, with what names stand for in each round."""
        first, *others = node.generators  # type: ignore[attr-defined]
        yield first.iter, names, nested
        rest = copy.copy(node)
        rest.generators = others  # type: ignore[attr-defined]
        pair = isinstance(node, ast.DictComp)
        made = [node.key, node.value] if pair else [node.elt]  # type: ignore[attr-defined]
        for value in self._rounds(first.iter, names) or [self._unknown(first.iter, names)]:
            if not self._spend(1 + (len(names) >> 3)):
                return
            inner = names | bound(first.target, value)
            for one in (*first.ifs, *([rest] if others else made)):
                yield one, inner, nested

    def _call(self, call: ast.Call, names: dict[str, Value], nested: bool) -> None:
        if not self._spend(_CALL_STEPS):
            return
        reader = self._reader(names)
        if self._root and _called(call.func) in ("workspace", "module"):
            given = {k.arg: reader.value(k.value) for k in call.keywords}
            own = (given.get("name"), given.get("repo_name"))
            self._walk.own |= {name for name in own if isinstance(name, str)}
        at = Place(self._shown, self._inside, self._root and not self._inside, nested)
        for one in calls.brought(call, names, reader, at):
            if isinstance(one, Source):
                self._walk.source(one)
            else:
                self._walk.unread(one.where, one.why)
        function = reader.value(call.func)
        if isinstance(function, Callee) and function.mutates:
            for argument in (*call.args, *(k.value for k in call.keywords)):
                forget(reader.value(argument))
        elif isinstance(call.func, ast.Attribute) and call.func.attr in MUTATORS:
            forget(reader.value(call.func.value))


def _called(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""
