"""Every key's line is found, whatever strings, comments and brackets stand around it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from xnnkit.profile.position import dotted, line_map, line_of

TRICKY = '''\
# [not.a.table]
a = 1
"quoted key" = 2
b.c = "x = y"
text = """
[not.a.table]
d = 1
ends in quotes """""
literal = \'\'\'
[[nor.this]]\\\'\'\'
list = [ # a comment with ] and "
  "]",
  { x = 1 }, # [[
]
[ table . "sub.table" ]
e = '#'
[[array]]
f = 1
[array.sub]
g = 1
[[array.deep]]
h = 1
[[array.deep]]
h = 2
[[array]]
[[array.deep]] # comment
"esc\\"aped" = 3
"uni\\u0041" = 4
'''

EXPECTED = {
    ("a",): 2,
    ("quoted key",): 3,
    ("b", "c"): 4,
    ("text",): 5,
    ("literal",): 9,
    ("list",): 11,
    ("table", "sub.table"): 15,
    ("table", "sub.table", "e"): 16,
    ("array", 0): 17,
    ("array", 0, "f"): 18,
    ("array", 0, "sub"): 19,
    ("array", 0, "sub", "g"): 20,
    ("array", 0, "deep", 0, "h"): 22,
    ("array", 0, "deep", 1): 23,
    ("array", 0, "deep", 1, "h"): 24,
    ("array", 1): 25,
    ("array", 1, "deep", 0): 26,
    ("array", 1, "deep", 0, 'esc"aped'): 27,
    ("array", 1, "deep", 0, "uniA"): 28,
}


def test_tricky_document() -> None:
    tomllib.loads(TRICKY)
    lines = line_map(TRICKY)
    assert {path: lines.get(path) for path in EXPECTED} == EXPECTED
    assert ("nor",) not in lines
    assert ("not",) not in lines


@pytest.mark.parametrize(
    ("path", "line"),
    [(("array", 0, "missing"), 17), (("array", 9), 17), (("nowhere",), 0), ((), 0)],
)
def test_what_is_not_there_is_placed_at_what_holds_it(path: Any, line: int) -> None:
    assert line_of(line_map(TRICKY), path) == line


def test_dotted() -> None:
    assert dotted(("archive", 0, "origin", 1, "sha256")) == "archive[0].origin[1].sha256"
    assert dotted(()) == ""


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every key whose value is no table."""
    if isinstance(value, dict) and value:
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, (*path, key))]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [leaf for at, inner in enumerate(value) for leaf in _leaves(inner, (*path, at))]
    return [path]


def test_every_key_of_the_real_profiles_stands_on_its_line(repository: Path) -> None:
    for file in (repository / "profiles").glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        lines = text.splitlines()
        found = line_map(text)
        for leaf in _leaves(tomllib.loads(text)):
            line = lines[line_of(found, leaf) - 1]
            key = next(part for part in reversed(leaf) if isinstance(part, str))
            assert key in line, (file.name, leaf, line)


nested = st.recursive(
    st.none(),
    lambda inner: st.one_of(
        st.dictionaries(st.text(max_size=5), inner, min_size=1, max_size=4),
        st.lists(
            st.dictionaries(st.text(max_size=5), inner, min_size=1, max_size=3),
            min_size=1,
            max_size=3,
        ),
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), nested, max_size=4))
def test_every_value_of_a_generated_document_is_found(content: dict[str, Any]) -> None:
    numbers = iter(range(1000, 9999))

    def numbered(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: numbered(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [numbered(inner) for inner in value]
        return next(numbers)

    text = tomlkit.dumps(numbered(content))
    data = tomllib.loads(text)
    lines = text.split("\n")
    found = line_map(text)
    for leaf in _leaves(data):
        value: Any = data
        for part in leaf:
            value = value[part]
        if value != {}:
            assert lines[found[leaf] - 1].endswith(f"= {value}"), leaf


keys = st.from_regex(r"\A[A-Za-z0-9_-]{1,6}\Z")
values = st.one_of(
    st.integers(min_value=0).map(str),
    st.text(st.sampled_from("ab[]{}#='\\ "), max_size=8).map(lambda t: f"'''\n{t}\n'''"),
    st.text(st.sampled_from('ab[]{}#=" '), max_size=8).map(
        lambda t: '"' + t.replace('"', '\\"') + '"'
    ),
    st.lists(st.sampled_from(["1", "']'", '"["', "[2]", "{ x = ']' }"]), max_size=3).map(
        lambda items: "[\n" + ",\n".join(items) + " # ]\n]"
    ),
)
tables = st.lists(st.dictionaries(keys, values, max_size=4), min_size=1, max_size=4)


@given(tables)
def test_lines_of_generated_arrays_of_tables(content: list[dict[str, str]]) -> None:
    lines: list[str] = []
    expected: dict[tuple[str | int, ...], int] = {}
    for index, table in enumerate(content):
        lines.append("[[t]]")
        expected["t", index] = len(lines)
        for key, value in table.items():
            expected["t", index, key] = len(lines) + 1
            lines.extend(f"{key} = {value}".split("\n"))
    text = "\n".join(lines)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # a literal string with three quotes in it: not what this test is about
    found = line_map(text)
    assert {path: found[path] for path in expected} == expected
