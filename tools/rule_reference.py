"""docs/reference/rules.md: what the Bazel module offers, from the docstrings of its .bzl files.

Starlark is read with Python's parser, of whose syntax it is a part. A public file loads names from
``rules/private`` and gives them on; what stands behind a name is looked up there.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

KINDS = {
    "rule": "rule",
    "repository_rule": "repository rule",
    "module_extension": "module extension",
    "tag_class": "tag",
}


@dataclass(frozen=True)
class File:
    """One .bzl file: its docstring, its loads (name -> (file, name there)), and its definitions."""

    doc: str
    loads: dict[str, tuple[Path, str]] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)


def lines(root: Path, note: str) -> Iterator[str]:
    """Yield the page.

    Args:
        root: of the checkout.
        note: the comment that says that the page is generated.

    Raises:
        ValueError: a public name, or one of its attributes, has no documentation.
    """
    yield from ("# Bazel rules", "", note, "")
    yield "What the module `xnnkit` offers. [rules/README.md](../../rules/README.md) shows how it"
    yield "is used, [Archives](../archives.md) where files come from."
    for file in sorted((root / "rules").rglob("*.bzl")):
        if "private" in file.parts:
            continue
        place = file.relative_to(root).as_posix()
        found = read(file, root)
        yield from ("", f"## {place}", "", *_paragraphs(found.doc), "")
        yield from ("```starlark", _load(place, found), "```")
        for name in _public(found):
            yield from _symbol(name, file, root)


@cache
def read(file: Path, root: Path) -> File:
    """Parse a .bzl file.

    Raises:
        ValueError: it has no docstring.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    doc = ast.get_docstring(tree)
    if not doc:
        raise ValueError(f"{file} has no docstring")
    found = File(doc)
    for node in tree.body:
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id="load")) as call):
                source = _source(ast.literal_eval(call.args[0]), file, root)
                for word in call.args[1:]:
                    found.loads[ast.literal_eval(word)] = (source, ast.literal_eval(word))
                for keyword in call.keywords:
                    found.loads[str(keyword.arg)] = (source, ast.literal_eval(keyword.value))
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.values[name] = value
            case ast.FunctionDef(name=name):
                found.functions[name] = node
            case _:
                pass
    return found


def _source(label: str, file: Path, root: Path) -> Path:
    package, _, name = label.rpartition(":")
    folder = root / package.removeprefix("//") if package else file.parent
    return folder / name


def _public(found: File) -> list[str]:
    names = [*found.values, *found.functions]
    return sorted(name for name in names if not name.startswith("_"))


def _load(place: str, found: File) -> str:
    package, _, name = place.rpartition("/")
    words = ", ".join(f'"{one}"' for one in _public(found))
    label = f'"@xnnkit//{package}:{name}"'
    if name == "extensions.bzl":
        only = _public(found)[0]
        return f'{only} = use_extension({label}, "{only}")'
    return f"load({label}, {words})"


def _resolve(name: str, file: Path, root: Path) -> tuple[ast.expr | ast.FunctionDef, Path]:
    """Follow a name through loads and assignments to what it stands for."""
    while True:
        found = read(file, root)
        if name in found.functions:
            return found.functions[name], file
        value = found.values.get(name)
        if isinstance(value, ast.Name):
            name = value.id
        elif value is not None:
            return value, file
        elif name in found.loads:
            file, name = found.loads[name]
        else:
            raise ValueError(f"{file}: nothing is called {name}")


def _symbol(name: str, file: Path, root: Path) -> Iterator[str]:
    value, place = _resolve(name, file, root)
    if isinstance(value, ast.FunctionDef):
        doc = ast.get_docstring(value)
        if not doc:
            raise ValueError(f"{place}: {name} has no docstring")
        arguments = ast.unparse(value.args)
        yield from ("", f"### {name}", "", "```text", f"{name}({arguments})", "```", "")
        yield from _function_doc(doc)
        return
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Name)):
        raise ValueError(f"{place}: {name} is nothing that can be documented")
    yield from ("", f"### {name}", "", f"A {KINDS[value.func.id]}.", "")
    yield from _called(value, name, place, root)
    tags = _keyword(value, "tag_classes")
    for tag, one in _entries(tags, place, root) if tags is not None else ():
        resolved, where = (
            _resolve(one.id, place, root) if isinstance(one, ast.Name) else (one, place)
        )
        assert isinstance(resolved, ast.Call)
        yield from ("", f"#### {name}.{tag}", "")
        yield from _called(resolved, f"{name}.{tag}", where, root)


def _called(call: ast.Call, name: str, place: Path, root: Path) -> Iterator[str]:
    doc = _text(_keyword(call, "doc"), place, root)
    if not doc:
        raise ValueError(f"{place}: {name} has no doc")
    yield from _paragraphs(doc)
    attrs = _keyword(call, "attrs")
    rows = [
        (key, one)
        for key, one in (_entries(attrs, place, root) if attrs is not None else ())
        if not key.startswith("_")
    ]
    if rows:
        yield from ("", "| attribute | kind | default | meaning |", "|---|---|---|---|")
    for key, one in rows:
        if isinstance(one, ast.Name):
            resolved, _ = _resolve(one.id, place, root)
            assert isinstance(resolved, ast.expr)
            one = resolved
        if not (isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)):
            raise ValueError(f"{place}: {name}, attribute {key} cannot be read")
        default = _keyword(one, "default")
        mandatory = _keyword(one, "mandatory")
        shown = f"`{ast.unparse(default)}`" if default is not None else ""
        if isinstance(mandatory, ast.Constant) and mandatory.value:
            shown = "needed"
        meaning = _text(_keyword(one, "doc"), place, root)
        if (values := _keyword(one, "values")) is not None:
            legal = ", ".join(f"`{one}`" for one in _values(values, place, root))
            meaning = f"{meaning} One of {legal}.".strip()
        kind = one.func.attr.replace("_", " ")
        yield f"| `{key}` | {kind} | {shown} | {_cell(meaning)} |"


def _values(node: ast.expr, place: Path, root: Path) -> list[str]:
    """Return the legal values of an attribute: a list, or the keys of a dict by name."""
    match node:
        case ast.Call(func=ast.Attribute(value=dictionary, attr="keys")):
            return [key for key, _ in _entries(dictionary, place, root)]
        case ast.Call(func=ast.Name(id="sorted" | "list"), args=[inner]):
            return _values(inner, place, root)
        case ast.Name(id=name):
            found, where = _resolve(name, place, root)
            assert isinstance(found, ast.expr)
            return _values(found, where, root)
        case ast.Dict():
            return [key for key, _ in _entries(node, place, root)]
        case _:
            return [str(one) for one in ast.literal_eval(node)]


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((k.value for k in call.keywords if k.arg == name), None)


def _entries(node: ast.expr, place: Path, root: Path) -> Iterator[tuple[str, ast.expr]]:
    """Yield the entries of a dict that is written out, named, extended or joined."""
    match node:
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if key is None:
                    yield from _entries(value, place, root)
                else:
                    yield ast.literal_eval(key), value
        case ast.Name(id=name):
            meant, where = _resolve(name, place, root)
            assert isinstance(meant, ast.expr)
            yield from _entries(meant, where, root)
        case ast.Call(func=ast.Name(id="dict"), args=args, keywords=keywords):
            for one in args:
                yield from _entries(one, place, root)
            for keyword in keywords:
                yield str(keyword.arg), keyword.value
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _entries(left, place, root)
            yield from _entries(right, place, root)
        case _:
            raise ValueError(f"{place}:{node.lineno}: cannot be read as a dict")


def _text(node: ast.expr | None, place: Path, root: Path) -> str:
    match node:
        case None:
            return ""
        case ast.Constant(value=str(text)):
            return inspect.cleandoc(text)
        case ast.Name(id=name):
            value, where = _resolve(name, place, root)
            assert isinstance(value, ast.expr)
            return _text(value, where, root)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left, place, root) + _text(right, place, root)
        case _:
            raise ValueError(f"{place}:{node.lineno}: cannot be read as a text")


def _paragraphs(doc: str) -> Iterator[str]:
    yield from (line.rstrip() for line in doc.strip().splitlines())


def _function_doc(doc: str) -> Iterator[str]:
    """Write a docstring with its ``Args:`` as a list."""
    inside = ""
    for line in doc.splitlines():
        if line.strip() in ("Args:", "Returns:"):
            inside = line.strip()
            yield f"**{inside[:-1]}**"
            yield ""
        elif inside == "Args:" and line.startswith("  ") and not line.startswith("   "):
            name, colon, rest = line.strip().partition(":")
            yield f"- `{name}`{colon}{rest}"
        else:
            yield line.strip() if inside else line.rstrip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
