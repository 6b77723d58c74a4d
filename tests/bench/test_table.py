"""Tables and figures as text."""

from __future__ import annotations

import pytest
from xnnkit.bench import table


def test_plain() -> None:
    text = table.plain(["name", "n"], [["a", "1"], ["long name", "23"]], right=(1,))
    assert text.splitlines() == ["name        n", "---------  --", "a           1", "long name  23"]


def test_markdown() -> None:
    text = table.markdown(["name", "n"], [["a|b", "1"]], right=(1,))
    assert text.splitlines() == ["| name | n |", "|:--|--:|", "| a\\|b | 1 |"]


def test_without_rows() -> None:
    assert table.plain(["name", "n"], []) == "name  n\n----  -"


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0.5, "0.5000 ns"),
        (999, "999.0 ns"),
        (1500, "1.500 us"),
        (435261231, "435.3 ms"),
        (5e12, "5000 s"),
    ],
)
def test_duration(ns: float, text: str) -> None:
    assert table.duration(ns) == text


@pytest.mark.parametrize(
    ("share", "signed", "text"),
    [
        (0.084, False, "8.4 %"),
        (-0.0839, True, "-8.4 %"),
        (0.146, True, "+14.6 %"),
        (0.0001, True, "0.0 %"),
        (-0.0001, True, "0.0 %"),
        (-0.0001, False, "0.0 %"),
    ],
)
def test_percent(share: float, signed: bool, text: str) -> None:
    assert table.percent(share, signed=signed) == text
