"""The page, the Markdown and the figures of the shipped example, to the byte."""

from __future__ import annotations

import example_report
import pytest
import report_cases


def test_nothing_else_lies_there() -> None:
    there = {path.name for path in report_cases.GOLDEN.iterdir()}
    assert there == set(report_cases.golden()), report_cases.UPDATE


@pytest.mark.parametrize("name", sorted(report_cases.golden()))
def test_golden(name: str) -> None:
    wanted = (report_cases.GOLDEN / name).read_text(encoding="utf-8")
    assert report_cases.golden()[name] == wanted, f"if this is meant: {report_cases.UPDATE}"


def test_the_example_is_what_its_script_writes() -> None:
    assert example_report.stale() == []
