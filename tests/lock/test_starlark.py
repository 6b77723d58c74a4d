"""Constants of Starlark files: what is worked out, what is not, and what must cost nothing."""

from __future__ import annotations

import ast
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xnnkit.errors import BadInput
from xnnkit.lock.starlark import HOLE, UNKNOWN, Reader, parse


def value(text: str, **names: object) -> object:
    return Reader(names).value(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a" + "b" + "c"', "abc"),
        ('"a" "b"', "ab"),
        ('"x-%s" % V', "x-1.2"),
        ('"%s/%s" % (V, "y")', "1.2/y"),
        ('"%(v)s%%" % {"v": V}', "1.2%"),
        ('"%d" % 3', "3"),
        ('"{}-{v}".format(V, v = "w")', "1.2-w"),
        ('"{0}{1}{0}".format("a", "b")', "aba"),
        ('"-".join(["a", V])', "a-1.2"),
        ('"v1.2".replace("v", "")', "1.2"),
        ('["a"] + ["b"]', ["a", "b"]),
        ('[u + ".zip" for u in ["a", "b"]]', ["a.zip", "b.zip"]),
        ('["%s%s" % (a, b) for a, b in [("x", "y")]]', ["xy"]),
        ('{"a": V}["a"]', "1.2"),
        ('dict(a = "b")["a"]', "b"),
        ('["a", "b"][1]', "b"),
        ('"a" if X else "a"', "a"),
        ('"https://x/" + UNHEARD', f"https://x/{HOLE}"),
        ('"%s" % UNHEARD', HOLE),
        ('"%s %s" % "a"', f"a {HOLE}"),
    ],
)
def test_what_can_be_worked_out(text: str, expected: object) -> None:
    assert value(text, V="1.2") == expected


@pytest.mark.parametrize(
    "text",
    [
        "f()",
        '"a" if X else "b"',
        "a.b",
        '"a" * 5',
        '"{0.__class__}".format("a") if X else 1',
        '"%1000000000d" % 1',
        '"{:>1000000000}".format("a")',
        '"%x" % 1',
        '"{".format(1)',
        "[x for x in UNHEARD]",
        '"a" + 1',
        "{UNHEARD: 1}",
    ],
)
def test_what_cannot(text: str) -> None:
    assert value(text) is UNKNOWN


def test_attributes_are_not_reached_through_format() -> None:
    assert value('"{0.__class__}".format("a")') == HOLE


@pytest.mark.parametrize(
    "growth", ["x = x + x", "x = x % x", "x = x.join([x, x, x])", 'x = x.replace("%s", x)']
)
def test_what_grows_without_end_is_given_up(growth: str) -> None:
    names: dict[str, object] = {"x": "%s%s"}
    statement = ast.parse(growth).body[0]
    assert isinstance(statement, ast.Assign)
    begun = time.monotonic()
    for _ in range(60):
        names["x"] = Reader(names).value(statement.value)
    assert time.monotonic() - begun < 5
    assert names["x"] is UNKNOWN or len(str(names["x"])) <= 1 << 16


def test_lists_of_one_list_cost_nothing() -> None:
    names: dict[str, object] = {"x": ["a"]}
    for _ in range(64):
        names["x"] = [names["x"], names["x"]]
    assert len(Reader(names).texts(ast.parse("x", mode="eval").body)) < 1 << 13


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff", "not UTF-8"),
        (b"a = = b", "invalid syntax"),
        (b"a = '\0'", ""),
        (b"(" * 5000 + b")" * 5000, ""),
        (b"x" * ((8 << 20) + 1), "is the most that is read"),
    ],
)
def test_what_is_no_starlark_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(data, "WORKSPACE")
    assert caught.value.where.startswith("WORKSPACE")
    assert why in caught.value.why


def test_bad_escapes_are_no_matter() -> None:
    assert isinstance(parse(b'x = "\\."\n', "x.bzl"), ast.Module)


@given(st.text(alphabet="ab%s({[]}).+=,\"' \n:0xif", max_size=60))
def test_any_text_is_a_value_or_refused(text: str) -> None:
    try:
        tree = parse(text.encode(), "x.bzl")
    except BadInput:
        return
    for statement in tree.body:
        if isinstance(statement, ast.Expr):
            Reader({}).value(statement.value)


@pytest.mark.parametrize(
    "text",
    [
        repr("%(a)s" * 13000) + " % {'a': A}",
        "[[[z for z in L] for y in L] for x in L]",
    ],
    ids=["format", "comprehensions"],
)
def test_what_multiplies_is_not_built(text: str) -> None:
    tracemalloc.start()
    try:
        assert value(text, A="a" * 60000, L=[0] * 4096) is UNKNOWN
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50 << 20
