"""The Starlark filter and the strict environment."""

from __future__ import annotations

import ast
from typing import Any

import jinja2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from xnnkit.errors import BadInput, XnnkitError
from xnnkit.render import environment
from xnnkit.render.environment import check_starlark, starlark

# Lone surrogates cannot be written to a file at all.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    TEXT | st.booleans() | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@example("\"'\\ \n\r\t\0 {{ x }} {% x %} é 日本 😀 \u2028")
@example(["one"])
@example({"a": [True, False, {"b": []}], "c": {}})
def test_a_literal_reads_back_as_the_value(value: Any) -> None:
    assert ast.literal_eval(starlark(value)) == value


@given(TEXT)
def test_a_string_stays_on_one_line_and_cannot_end_early(value: str) -> None:
    text = starlark(value)
    assert "\n" not in text
    assert "\r" not in text
    module = ast.parse(f"x = {text}")
    assert len(module.body) == 1


@given(VALUES, st.integers(0, 3))
def test_a_literal_reads_back_at_any_indent(value: Any, indent: int) -> None:
    assert ast.literal_eval(starlark(value, indent)) == value


@given(TEXT)
@example("a\nb")
@example("\u2028")
def test_a_comment_stays_one_line(value: str) -> None:
    if value.isprintable():
        assert environment.line(value) == value
        assert len(f"# {value}".splitlines()) == 1
    else:
        with pytest.raises(BadInput, match="not printable"):
            environment.line(value)


def test_the_layout_is_buildifiers() -> None:
    assert starlark(["a", "b"], 1) == '[\n        "a",\n        "b",\n    ]'
    assert starlark(["a"]) == '["a"]'
    assert starlark({"k": True}) == '{\n    "k": True,\n}'


@pytest.mark.parametrize("value", [1.5, object(), {1, 2}])
def test_a_value_without_a_literal_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        starlark(value)


def with_templates(monkeypatch: pytest.MonkeyPatch, **templates: Any) -> None:
    env = environment.environment()
    env.loader = jinja2.DictLoader({k.replace("__", "."): v for k, v in templates.items()})
    monkeypatch.setattr(environment, "environment", lambda: env)


def test_a_name_the_template_does_not_get_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with_templates(monkeypatch, BUILD__bazel__j2="x = {{ profil | starlark }}\n")
    with pytest.raises(BadInput, match=r"BUILD\.bazel\.j2.*'profil' is undefined"):
        environment.render("BUILD.bazel.j2", profile="x")


def test_a_template_that_is_no_function_of_its_variables_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_templates(monkeypatch, README__md__j2="{{ numbers | first }}\n")
    counter = iter(range(10))

    class Changing:
        def __iter__(self) -> Any:
            return iter([next(counter)])

    with pytest.raises(XnnkitError, match="renders differently twice"):
        environment.render("README.md.j2", numbers=Changing())


def test_a_string_the_template_does_not_escape_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    with_templates(monkeypatch, flavours__bzl__j2='a = 1\nb = "{{ text }}"\n')
    assert environment.render("flavours.bzl.j2", text="fine") == 'a = 1\nb = "fine"\n'
    with pytest.raises(BadInput) as caught:
        environment.render("flavours.bzl.j2", text='a"b')
    assert caught.value.where == "flavours.bzl:2"
    assert caught.value.exit_code == 2


def test_only_starlark_files_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    with_templates(monkeypatch, README__md__j2="not (Starlark\n")
    assert environment.render("README.md.j2") == "not (Starlark\n"


def test_the_error_names_the_line() -> None:
    check_starlark("BUILD.bazel", "a = 1\nb = [2]\n")
    with pytest.raises(BadInput) as caught:
        check_starlark("BUILD.bazel", "a = 1\nb = 2\nc = = 3\n")
    assert caught.value.where == "BUILD.bazel:3"
