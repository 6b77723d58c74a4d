"""Scales and ticks: round, few, and everything that was measured has its place."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xnnkit.report import axis

RATIOS = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=8)
TIMES = st.lists(st.lists(st.floats(1e-3, 1e15), max_size=9), min_size=1, max_size=4).filter(any)


@given(RATIOS)
def test_every_ratio_and_1_have_their_place(values: list[float]) -> None:
    scale = axis.ratio_scale(values, [(value / 2, value * 2) for value in values])
    for value in (1.0, *values):
        assert scale.holds(math.log(value))
    places = [scale.place(math.log(value)) for value in sorted(values)]
    assert places == sorted(places)
    assert all(axis.LEFT <= place <= axis.RIGHT for place in places)


def test_one_wide_interval_does_not_press_the_others_together() -> None:
    scale = axis.ratio_scale([0.9, 1.0], [(0.88, 0.92), (0.01, 100.0)])
    shown = scale.place(0) - scale.place(math.log(0.9))
    assert shown > 0.2
    assert not scale.holds(math.log(100))
    # What is no interval says nothing of the scale.
    assert axis.ratio_scale([0.9], [(0.0, math.inf)]).high < math.log(1.1)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.86, 1.02, ["\u221210 %", "\u22125 %", "0"]),
        (0.995, 1.004, ["\u22120.4 %", "\u22120.2 %", "0", "+0.2 %", "+0.4 %"]),
        (0.5, 2.1, ["\u221250 %", "0", "+50 %", "+100 %"]),
    ],
)
def test_ratio_ticks(low: float, high: float, labels: list[str]) -> None:
    ticks = axis.ratio_ticks(axis.Scale(math.log(low), math.log(high)))
    assert [label for _, label in ticks] == labels


@given(RATIOS)
def test_ratio_ticks_are_few_and_inside(values: list[float]) -> None:
    scale = axis.ratio_scale(values, [])
    ticks = axis.ratio_ticks(scale)
    assert 1 <= len(ticks) <= 6
    assert all(scale.low - 1e-9 <= place <= scale.high + 1e-9 for place, _ in ticks)


@given(TIMES)
def test_times_have_a_scale_and_ticks(series: list[list[float]]) -> None:
    scale = axis.time_scale(series)
    assert scale.low < scale.high
    ticks = axis.linear_ticks(scale)
    assert len(ticks) <= 6
    labels = axis.time_labels(ticks)
    assert len(set(labels)) == len(labels)


def test_an_outlier_does_not_press_the_rest_together() -> None:
    scale = axis.time_scale([[100.0, 101, 102, 103, 104, 105, 106, 5000]])
    assert scale.high < 200
    assert all(scale.holds(value) for value in range(100, 107))


def test_labels_of_times_share_unit_and_decimals() -> None:
    assert axis.time_labels([0.0, 5e5, 1e6]) == ["0.0 ms", "0.5 ms", "1.0 ms"]
    assert axis.time_labels([2e9, 4e9]) == ["2 s", "4 s"]
    assert axis.time_labels([-2e6, 0.0]) == ["\u22122 ms", "0 ms"]
