"""What a Starlark file declares: every archive, file and repository that comes from elsewhere.

Statements are followed in their order, both branches of an ``if``, loops over constants, and the
bodies of functions with parameters that nobody knows. Files of the same workspace that are loaded
are read, too; nothing outside of it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xnnkit.errors import BadInput
from xnnkit.lock.starlark import UNKNOWN, Reader, Unknown, Value, bound, parse, same

ROOT_FILES = ("WORKSPACE.bazel", "WORKSPACE", "WORKSPACE.bzlmod", "MODULE.bazel")

_MAX_NODES = 200_000
_MAX_FILES = 1_000
_LABEL = re.compile(r"(?:@@?(?P<repo>[\w.~+-]*))?(?://(?P<package>[^:]*))?:?(?P<name>[^:]*)")
_HASHES = ("sha256", "integrity", "sha", "checksum", "hash", "sha512")
_ADDRESSES = ("urls", "url", "remote", "location")
_DOWNLOADS = ("download", "download_and_extract")
_NOT_RULES = ("dict", "struct")
_UNKNOWN_NAME = "?"


@dataclass(frozen=True)
class Source:
    """One thing that a build gets from elsewhere.

    Attributes:
        name: the repository's, or of the function that downloads.
        kind: the rule that declares it, such as http_archive.
        file: as it was named, or relative to the workspace.
        line: 1-based.
        urls: its addresses, in order; unknown parts are "…".
        pin: the hash or commit as it is written; "" when there is none or an empty one.
        pin_known: False when a hash is given that cannot be read as a constant.
        tag: a git repository's tag; "" for none.
        branch: a git repository's branch; "" for none.
        versions: a Maven rule's artifacts; it has no addresses.
    """

    name: str
    kind: str
    file: str
    line: int
    urls: tuple[str, ...] = ()
    pin: str = ""
    pin_known: bool = True
    tag: str = ""
    branch: str = ""
    versions: tuple[str, ...] = ()


@dataclass
class Declared:
    """Everything that some files declare.

    Attributes:
        sources: in the order of the files.
        files: those that were read.
        unread: (file or label, why) of what is loaded but could not be read.
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

    def read(self, file: Path, shown: str, *, fatal: bool = False) -> dict[str, Value]:
        """Read a file once and return its constants; while it is being read, none."""
        place = file.resolve()
        if place in self.names:
            return self.names[place]
        self.names[place] = {}
        try:
            self.found.files.append(shown)
            tree = parse(_bytes(place, shown), shown)
            self.names[place] = _File(self, place, shown).run(tree)
        except (BadInput, RecursionError) as error:
            if fatal and isinstance(error, BadInput):
                raise
            why = error.why if isinstance(error, BadInput) else "nested too deeply"
            if fatal:
                raise BadInput("cannot be read", where=shown, why=why) from None
            self.found.unread.append((shown, why))
        return self.names[place]

    def load(self, label: str, from_file: Path) -> dict[str, Value]:
        """Return the constants of a loaded file of this workspace; none of what is elsewhere."""
        match = _LABEL.fullmatch(label)
        if not match or match["repo"]:
            return {}
        package = match["package"]
        folder = self.root / package if package is not None else from_file.parent
        file = (folder / match["name"]).resolve()
        if not file.is_relative_to(self.root):
            self.found.unread.append((label, "it lies outside of the workspace"))
            return {}
        if not file.is_file():
            self.found.unread.append((label, "there is no such file"))
            return {}
        if len(self.names) >= _MAX_FILES:
            self.found.unread.append((label, f"more than {_MAX_FILES} files"))
            return {}
        return self.read(file, file.relative_to(self.root).as_posix())


def _bytes(file: Path, shown: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput("cannot be read", where=shown, why=error.strerror or str(error)) from None


class _File:
    """Follows the statements of one file."""

    def __init__(self, walk: _Walk, place: Path, shown: str) -> None:
        self._walk = walk
        self._place = place
        self._shown = shown
        self._nodes = 0

    def run(self, tree: ast.Module) -> dict[str, Value]:
        """Collect what the file declares; return its constants."""
        names: dict[str, Value] = {}
        functions: list[ast.FunctionDef] = []
        self._block(tree.body, names, "", functions)
        for function in functions:  # after the whole file: constants may stand below them
            self._function(function, dict(names))
        if self._nodes > _MAX_NODES:
            self._walk.found.unread.append((self._shown, "too much to follow; read in part"))
        return names

    def _block(
        self,
        body: Sequence[ast.stmt],
        names: dict[str, Value],
        inside: str,
        functions: list[ast.FunctionDef],
    ) -> None:
        for statement in body:
            if self._nodes > _MAX_NODES:
                return
            match statement:
                case ast.FunctionDef():
                    functions.append(statement)
                    names[statement.name] = UNKNOWN
                case ast.If(body=then, orelse=otherwise):
                    self._calls(statement.test, names, inside)
                    one, other = dict(names), dict(names)
                    self._block(then, one, inside, functions)
                    self._block(otherwise, other, inside, functions)
                    for name in one.keys() | other.keys():
                        left, right = one.get(name, UNKNOWN), other.get(name, UNKNOWN)
                        names[name] = left if same(left, right) else UNKNOWN
                case ast.For(target=target, iter=over, body=inner):
                    self._calls(over, names, inside)
                    values = Reader(names).value(over)
                    known = isinstance(values, list | tuple) and values
                    rounds: Sequence[Value] = values if known else [UNKNOWN]  # type: ignore[assignment]
                    for value in rounds:
                        names |= bound(target, value)
                        self._block(inner, names, inside, functions)
                case ast.Expr(value=ast.ListComp(elt=element, generators=[loop])):
                    again = ast.For(loop.target, loop.iter, [ast.Expr(element)], [])
                    self._block([again], names, inside, functions)
                case ast.Expr(value=ast.Call() as call) if _called(call.func) == "load":
                    self._load(call, names)
                case _:
                    self._calls(statement, names, inside)
                    self._assign(statement, names)

    def _function(self, function: ast.FunctionDef, names: dict[str, Value]) -> None:
        given = function.args
        for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
            if one is not None:
                names[one.arg] = UNKNOWN
        inner: list[ast.FunctionDef] = []
        self._block(function.body, names, function.name, inner)
        for nested in inner:
            self._function(nested, dict(names))

    def _assign(self, statement: ast.stmt, names: dict[str, Value]) -> None:
        match statement:
            case ast.Assign(targets=targets, value=value):
                found = Reader(names).value(value)
                for target in targets:
                    names |= bound(target, found)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                left = ast.Name(id=name, ctx=ast.Load())
                names[name] = Reader(names).value(ast.BinOp(left=left, op=op, right=value))

    def _load(self, call: ast.Call, names: dict[str, Value]) -> None:
        texts = [Reader(names).value(one) for one in call.args]
        if not texts or not isinstance(texts[0], str):
            return
        loaded = self._walk.load(texts[0], self._place)
        for name in texts[1:]:
            if isinstance(name, str):
                names[name] = loaded.get(name, UNKNOWN)
        for keyword in call.keywords:
            original = Reader(names).value(keyword.value)
            if keyword.arg and isinstance(original, str):
                names[keyword.arg] = loaded.get(original, UNKNOWN)

    def _calls(self, node: ast.AST, names: dict[str, Value], inside: str) -> None:
        for call in ast.walk(node):
            self._nodes += 1
            if isinstance(call, ast.Call):
                self._walk.found.sources += self._sources(call, names, inside)

    def _sources(self, call: ast.Call, names: dict[str, Value], inside: str) -> Iterator[Source]:
        reader = Reader(names)
        kind = _called(call.func)
        if kind == "maybe" and call.args:
            kind = _called(call.args[0]) or kind
        keywords = {k.arg: k.value for k in call.keywords if k.arg}
        given: dict[str, Value] = {name: reader.value(node) for name, node in keywords.items()}
        open_ended = False
        for keyword in call.keywords:
            if keyword.arg is None:
                more = reader.value(keyword.value)
                if isinstance(more, dict):
                    given |= {str(key): value for key, value in more.items()}
                else:
                    open_ended = True
        urls: list[str] = []
        for name in _ADDRESSES:
            if name in keywords:
                urls += reader.texts(keywords[name])
            elif name in given:
                urls += reader.texts(ast.Constant(value=given[name]))  # type: ignore[arg-type]
        in_rule = isinstance(call.func, ast.Attribute) and kind in _DOWNLOADS
        if in_rule and not any(name in given for name in _ADDRESSES) and call.args:
            urls += reader.texts(call.args[0])
        if kind == "maven_install":
            yield self._maven(call, given, reader, keywords)
            return
        named = "name" in given or "module_name" in given or "archive" in given
        if not (in_rule or (named and any(name in given for name in _ADDRESSES))):
            return
        if kind in _NOT_RULES or (in_rule and not inside):
            return
        # A positional hash, as in rctx.download(url, output, sha256).
        pin, known = _pin(given, open_ended, positional=in_rule and len(call.args) > 2)
        yield Source(
            name=inside if in_rule else _name(given),
            kind=kind or _UNKNOWN_NAME,
            file=self._shown,
            line=call.lineno,
            urls=tuple(dict.fromkeys(urls)),
            pin=pin,
            pin_known=known,
            tag=_string(given.get("tag")),
            branch=_string(given.get("branch")),
        )

    def _maven(
        self, call: ast.Call, given: dict[str, Value], reader: Reader, nodes: dict[str, ast.expr]
    ) -> Source:
        return Source(
            name=_string(given.get("name")) or "maven",
            kind="maven_install",
            file=self._shown,
            line=call.lineno,
            pin=_string(given.get("maven_install_json")) or _string(given.get("lock_file")),
            versions=tuple(reader.texts(nodes.get("artifacts"))),
        )


def _pin(given: dict[str, Value], open_ended: bool, *, positional: bool) -> tuple[str, bool]:
    """Return (the pin as written, whether that is all there is to know)."""
    known = not (open_ended or positional)
    for name in (*_HASHES, "commit"):
        value = given.get(name)
        if isinstance(value, str) and value:
            return value, True
        if isinstance(value, Unknown):
            known = False
        if isinstance(value, dict) and value:
            return "given", True
    return "", known


def _name(given: dict[str, Value]) -> str:
    for key in ("name", "module_name", "archive"):
        if text := _string(given.get(key)):
            return text
    return _UNKNOWN_NAME


def _string(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
    return ""
