"""In what order sides were measured, and what a drift of the device explains."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from scipy.stats import kendalltau, linregress, t
from xnnkit.bench import order
from xnnkit.bench.order import Order

TIMES = [f"2026-11-21T08:{minute:02d}:00+00:00" for minute in range(8)]


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (TIMES[:4], TIMES[4:], Order.AFTER),
        (TIMES[4:], TIMES[:4], Order.AFTER),
        (TIMES[0::2], TIMES[1::2], Order.TURNS),
        ([TIMES[0], TIMES[3]], [TIMES[1], TIMES[2]], Order.TURNS),
        (TIMES[:1], TIMES[:1], Order.UNKNOWN),
        ([""], TIMES[:1], Order.UNKNOWN),
        (["yesterday"], TIMES[:1], Order.UNKNOWN),
        ([], TIMES, Order.UNKNOWN),
        (["2026-11-21T09:00:00+02:00"], ["2026-11-21T08:00:00+00:00"], Order.AFTER),
    ],
)
def test_order(first: Sequence[str], second: Sequence[str], found: Order) -> None:
    assert order.of_sides(first, second) is found


def test_later() -> None:
    assert order.later(TIMES[:4], TIMES[4:])
    assert not order.later(TIMES[4:], TIMES[:4])


def test_a_plain_trend_is_seen_and_noise_is_none() -> None:
    rising = [100 + i for i in range(12)]
    # From the median of 100..103 to that of 108..111, over 12 of the 8 figures between them.
    assert order.drift(rising, rising) == pytest.approx((109.5 / 101.5 - 1) * 12 / 8)
    assert order.drift([100, 101, 99, 100.5, 99.5], [99, 101, 100, 99.8, 100.2]) == 0
    assert order.drift([5.0] * 9, [5.0] * 9) == 0
    assert order.drift([1.0], [2.0]) == 0


def test_the_trend_test_is_that_of_mann_and_kendall() -> None:
    source = random.Random(3)
    values = [source.gauss(100, 1) + 0.1 * i for i in range(40)]
    s, variance = order._kendall(values)
    found = kendalltau(range(40), values)
    assert s == pytest.approx(found.statistic * 40 * 39 / 2)
    assert order._p(s, variance) == pytest.approx(found.pvalue, rel=0.1)


def test_long_series_are_taken_in_blocks() -> None:
    source = random.Random(4)
    values = [source.gauss(100, 1) * (1 + 0.03 * i / 20_000) for i in range(20_000)]
    assert order.drift(values, values) == pytest.approx(0.03, abs=0.003)


def test_what_a_drift_explains() -> None:
    assert order.explains(0.02, 1.03)
    assert order.explains(-0.02, 1.03)
    assert not order.explains(0.02, 1.10)
    assert not order.explains(0.0, 1.001)


@pytest.mark.parametrize("x", [0.5, 1.7, 2.5, 4.0])
@pytest.mark.parametrize("freedom", [3, 7, 17, 100])
def test_the_tail_of_student(x: float, freedom: int) -> None:
    assert order._t_tail(x, freedom) == pytest.approx(t.sf(x, freedom), rel=0.05)


def test_a_steady_drift_leaves_nothing() -> None:
    source = random.Random(5)
    drifting = [100 * 1.002**i * source.lognormvariate(0, 0.002) for i in range(20)]
    # Ten after ten, 0.2 % slower each: two levels 2 % apart, and no difference.
    assert linregress(range(20), drifting).slope == pytest.approx(0.2, abs=0.05)
    assert order.p_beyond_drift(drifting[:10], drifting[10:]) > 0.05
    slower = [*drifting[:10], *(1.05 * x for x in drifting[10:])]
    assert order.p_beyond_drift(slower[:10], slower[10:]) < 1e-4
    # Run the other way round the same figures are a drift that falls.
    assert order.p_beyond_drift(slower[10:], slower[:10]) < 1e-4


def test_one_outlier_does_not_hide_a_difference() -> None:
    source = random.Random(6)
    first = [source.gauss(100, 0.5) for _ in range(10)]
    second = [source.gauss(110, 0.5) for _ in range(10)]
    second[3] = 300.0
    assert order.p_beyond_drift(first, second) < 0.001


def test_too_little_to_tell() -> None:
    assert order.p_beyond_drift([1.0], [2.0]) == 1
    assert order.p_beyond_drift([1.0, 1.0], [1.0, 1.0]) == 1
    assert order.p_beyond_drift([1.0, 1.0], [2.0, 2.0]) == 0


def test_a_drift_is_taken_out_of_sides_that_took_turns() -> None:
    # Powers of one drift: A B B A A B B A ... at the seconds 0, 1, 2, ...
    who = [(i // 2 % 2) ^ (i % 2) for i in range(20)]
    taken = [[float(i) for i in range(20) if who[i] == side] for side in (0, 1)]
    times = [[100 * (1 + 0.05 * side) * 1.004**x for x in taken[side]] for side in (0, 1)]
    found = order.steadied(times[0], taken[0], times[1], taken[1])
    assert found is not None
    # All as at the middle, 9.5 s.
    assert found[0] == pytest.approx([100 * 1.004**9.5] * 10, rel=1e-3)
    assert found[1] == pytest.approx([105 * 1.004**9.5] * 10, rel=1e-3)


def test_without_a_drift_nothing_is_taken_out() -> None:
    source = random.Random(7)
    times = [[source.gauss(100, 1) for _ in range(10)] for _ in "ab"]
    taken = [[2.0 * i + side for i in range(10)] for side in (0, 1)]
    assert order.steadied(times[0], taken[0], times[1], taken[1]) is None
    # Repetitions of one process that share its start are no rising series.
    starts = [[float(2 * (i // 10) + side) for i in range(40)] for side in (0, 1)]
    same = [[source.gauss(100, 1) for _ in range(40)] for _ in "ab"]
    assert order.steadied(same[0], starts[0], same[1], starts[1]) is None
    assert order.steadied([1.0] * 3, [1.0, 2, 3], [2.0] * 3, [1.0, 2, 3]) is None
    rising = [1.0 + i for i in range(10)]
    assert order.steadied(rising, [5.0] * 10, rising, [5.0] * 10) is None
