"""Names that other people chose: nothing hidden, nothing that turns the text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xnnkit.report.visible import LONGEST, readable, shorten, visible, width

ANY = st.text(st.characters())  # with lone surrogates and all else


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("BM_Llm/64", "BM_Llm/64"),
        ("a\nb\tc", "a b c"),
        ("a\x00b\x1b[31m", "a\\u0000b\\u001b[31m"),
        ("safe\u202egnp.exe", "safe\\u202egnp.exe"),
        ("half \ud800", "half \\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("größe 模型 \U0001f469\u200d\U0001f4bb", "größe 模型 \U0001f469\u200d\U0001f4bb"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY)
def test_whatever_it_is_it_can_be_seen_and_written(text: str) -> None:
    shown = visible(text)
    shown.encode()
    assert visible(shown) == shown
    hidden = {unicodedata.category(sign) for sign in shown if sign != "\u200d"}
    assert not hidden & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(ANY, st.integers(3, 60))
def test_shortened_names_fit_and_keep_both_ends(text: str, most: int) -> None:
    shown = visible(text)
    short = shorten(shown, most)
    assert width(short) <= most
    if width(shown) <= most:
        assert short == shown
    else:
        start, end = short.split("\u2026", 1) if short.count("\u2026") == 1 else ("", "")
        assert shown.startswith(start)
        assert shown.endswith(end)


def test_nobody_reads_thousands_of_signs() -> None:
    assert readable("a" * LONGEST) == "a" * LONGEST
    assert width(readable("\x00" * 5000)) <= LONGEST


def test_wide_signs_count_twice() -> None:
    assert width("模型") == 4
    assert width("e\u0301") == 1
    assert shorten("abcdefghij", 5) == "ab\u2026ij"
