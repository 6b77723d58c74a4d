"""The jinja2 environment: strict, deterministic, with filters for Starlark and for comments."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2

from xnnkit import paths
from xnnkit.errors import BadInput, XnnkitError

_STARLARK_NAMES = ("BUILD", "BUILD.bazel", "MODULE.bazel", "WORKSPACE")


def starlark(value: Any, indent: int = 0) -> str:
    """Write a value as a Starlark literal, the way buildifier would lay it out.

    Args:
        value: str, bool, int, list/tuple or dict with string keys.
        indent: how many levels (of four spaces) the literal's first line is indented by.

    Raises:
        TypeError: the value has no Starlark literal (None is one: ``None``).
        jinja2.UndefinedError: the template was not given the value.
    """
    pad, close = "    " * (indent + 1), "    " * indent
    match value:
        case jinja2.Undefined():
            return str(value)  # strict: this raises jinja2.UndefinedError, with the name
        case None | True | False:
            return str(value)
        case int():
            return str(value)
        case str():
            # JSON's escapes are a subset of Starlark's, except \/ which json.dumps never writes.
            return json.dumps(value, ensure_ascii=False)
        case Mapping():
            if not value:
                return "{}"
            rows = [f"{pad}{starlark(k)}: {starlark(v, indent + 1)},\n" for k, v in value.items()]
            return "{\n" + "".join(rows) + close + "}"
        case Sequence():
            if not value:
                return "[]"
            if len(value) == 1:
                return f"[{starlark(value[0], indent)}]"
            items = [f"{pad}{starlark(v, indent + 1)},\n" for v in value]
            return "[\n" + "".join(items) + close + "]"
    raise TypeError(f"no Starlark literal for {type(value).__name__}")


def line(value: str) -> str:
    """Return text that stands in a comment, as it is: there, nothing but its end has a meaning.

    Raises:
        BadInput: a character of it is not printable. A line break would end the comment, and what
            follows it would be read.
    """
    if not value.isprintable():
        raise BadInput(
            "a comment cannot hold what is not printable",
            where=ascii(value),
            why="what follows a line break would not be part of the comment",
        )
    return value


def environment() -> jinja2.Environment:
    """Return the environment all templates are rendered in: StrictUndefined, no autoescape."""
    env = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.PackageLoader("xnnkit.render", "templates"),
                # WORKSPACE.tmpl stands at the top, where a reader of the project looks for it.
                jinja2.FileSystemLoader(paths.home()),
            ]
        ),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    env.filters["starlark"] = starlark
    env.filters["line"] = line
    return env


def render(template: str, /, **variables: Any) -> str:
    """Render one template, twice, and refuse a template that is not a function of its variables.

    Args:
        template: file name under ``templates/``.
        variables: what the template may use; anything else is an error.

    Raises:
        XnnkitError: an undefined variable, two different renderings, or bad Starlark.
    """
    try:
        first = environment().get_template(template).render(**variables)
        second = environment().get_template(template).render(**variables)
    except jinja2.TemplateError as error:
        raise BadInput(
            f"template {template} cannot be rendered: {error}", where=template
        ) from error
    if first != second:
        raise XnnkitError(f"template {template} renders differently twice", where=template)
    name = template.removesuffix(".j2").removesuffix(".tmpl")
    if name.endswith(".bzl") or name in _STARLARK_NAMES:
        check_starlark(name, first)
    return first


def check_starlark(name: str, text: str) -> None:
    """Parse rendered Starlark again; Python's parser serves, Starlark being a subset.

    Raises:
        BadInput: the text does not parse; the message names the line.
    """
    try:
        ast.parse(text, filename=name)
    except SyntaxError as error:
        raise BadInput(
            f"rendered {name} is not Starlark: {error.msg}",
            where=f"{name}:{error.lineno}",
            why="a string from the profile was not escaped, or the template is wrong",
        ) from error
