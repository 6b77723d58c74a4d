"""The statistics: against scipy, against hand arithmetic, and against a known truth."""

from __future__ import annotations

import math
import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, norm
from xnnkit.bench import mannwhitney as mw
from xnnkit.bench import stats

numbers = st.lists(st.integers(1, 40).map(float), min_size=1, max_size=25)
different = st.lists(st.floats(1, 1e6), min_size=2, max_size=40, unique=True)


@given(numbers, numbers)
def test_p_as_scipy_with_ties(a: list[float], b: list[float]) -> None:
    if len({*a, *b}) == 1:
        assert mw.p_value(a, b) == 1  # scipy divides by zero here
        return
    assert mw.p_value(a, b) == pytest.approx(mannwhitneyu(a, b).pvalue, rel=1e-9)


@given(different, st.integers(1, 39))
def test_p_as_scipy_without_ties(values: list[float], cut: int) -> None:
    cut = 1 + cut % (len(values) - 1)
    a, b = values[:cut], values[cut:]
    assert mw.p_value(a, b) == pytest.approx(mannwhitneyu(a, b).pvalue, rel=1e-9)
    assert mw.u_of(a, b) == mannwhitneyu(b, a).statistic


def test_p_by_hand() -> None:
    # 3 and 3 values, all of one above the other: 1 of 20 orders, twice for both sides.
    assert mw.p_value([1, 2, 3], [4, 5, 6]) == pytest.approx(2 / 20)
    # 4 and 4: 1 of 70. One inversion (U = 15): 2 of 70 orders are as extreme.
    assert mw.p_value([1, 2, 3, 4], [5, 6, 7, 8]) == pytest.approx(2 / 70)
    assert mw.p_value([1, 2, 3, 5], [4, 6, 7, 8]) == pytest.approx(4 / 70)
    assert mw.p_value([1], [2]) == 1
    assert mw.smallest_p(4, 4) == pytest.approx(2 / 70)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 4), (5, 5), (8, 20)])
def test_the_distribution_of_u_is_one(n: int, m: int) -> None:
    assert mw.tail(n, m, n * m) == pytest.approx(1)
    assert mw.tail(n, m, -1) == 0
    # Symmetric: P(U <= u) = P(U >= nm - u).
    assert mw.tail(n, m, 0) == pytest.approx(1 - mw.tail(n, m, n * m - 1))


def test_shift_by_hand() -> None:
    # Differences of [10, 11, 12, 13] and [1, 2, 3, 4]: 6..12, as 6 7 7 8 8 8 9 9 9 9 10 10 10 ...
    # At 95 % the test refuses only U = 0 (2/70): the interval ends at the outermost differences.
    assert mw.shift([1, 2, 3, 4], [10, 11, 12, 13]) == (9, 6, 12)
    # At 90 % U <= 1 is refused as well (2/70 <= 0.05): one difference in from each end.
    assert mw.shift([1, 2, 3, 4], [10, 11, 12, 13], 0.9) == (9, 7, 11)


def test_samples_too_small_for_an_interval() -> None:
    assert mw.shift([1, 2, 3], [4, 5, 6]) == (3, -math.inf, math.inf)
    found = stats.ratio([1], [2])
    assert (found.value, found.low, found.high) == (pytest.approx(2), 0, math.inf)


@given(different, st.integers(1, 39), st.floats(0, 2))
def test_interval_and_test_agree(values: list[float], cut: int, move: float) -> None:
    cut = 1 + cut % (len(values) - 1)
    a, b = values[:cut], [x + move for x in values[cut:]]
    if len({*a, *b}) < len(values):
        return
    _, low, high = mw.shift(a, b)
    if not low <= 0 <= high:
        assert mw.p_value(a, b) <= 0.0501


@given(different, different)
def test_large_samples_give_the_same_differences(a: list[float], b: list[float]) -> None:
    a, b = sorted(a), sorted(b)
    pairs = len(a) * len(b)
    ranks = [0, pairs // 3, pairs // 2, pairs - 1]
    wanted = sorted(y - x for x in a for y in b)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mw, "_PAIRS_IN_MEMORY", 0)
        found = mw._differences(a, b, ranks)
    assert found == pytest.approx([wanted[rank] for rank in ranks], rel=1e-9, abs=1e-9)


def test_summary_by_hand() -> None:
    # Median 10; absolute deviations 2 1 0 1 90, their median 1.
    found = stats.summary([8, 9, 10, 11, 100])
    assert (found.n, found.median) == (5, 10)
    assert found.spread == pytest.approx(0.14826)
    assert stats.summary([0.0]).spread == 0


def test_ratio_is_a_matter_of_scale() -> None:
    a, b = [1.0, 1.1, 1.2, 1.3, 1.4], [2.0, 2.2, 2.4, 2.6, 2.8]
    found, back = stats.ratio(a, b), stats.ratio(b, a)
    assert found.value == pytest.approx(2)
    assert found.value == pytest.approx(1 / back.value)
    assert (found.low, found.high) == (pytest.approx(1 / back.high), pytest.approx(1 / back.low))
    scaled = stats.ratio([x * 1e6 for x in a], [x * 1e6 for x in b])
    assert scaled.low == pytest.approx(found.low)


def test_holm_by_hand() -> None:
    # Sorted: 0.01 * 4, 0.02 * 3, 0.03 * 2, 0.5 * 1, never falling.
    assert stats.holm([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.06, 0.06])
    assert stats.holm([0.6, 0.7]) == [1, 1]
    assert stats.holm([]) == []
    assert stats.holm([0.04]) == [0.04]


def test_geometric_mean_by_hand() -> None:
    ratios = [stats.Ratio(2, 2 / 1.1, 2 * 1.1), stats.Ratio(0.5, 0.5 / 1.1, 0.5 * 1.1)]
    found = stats.geometric_mean(ratios)
    # Half widths log(1.1) each; of the mean of two: log(1.1) * sqrt(2) / 2.
    assert found.value == pytest.approx(1)
    assert found.high == pytest.approx(1.1 ** math.sqrt(0.5))
    assert found.low == pytest.approx(1 / found.high)
    wide = stats.geometric_mean([*ratios, stats.Ratio(1, 0, math.inf)])
    assert (wide.value, wide.low, wide.high) == (pytest.approx(1), 0, math.inf)
    lopsided = stats.geometric_mean([stats.Ratio(2, 1.9, 3)])
    assert (lopsided.value, lopsided.low, lopsided.high) == pytest.approx((2, 1.9, 3))


@pytest.mark.parametrize("n", [4, 5, 8, 10, 12])
def test_the_interval_holds_the_truth_as_often_as_it_says(n: int) -> None:
    source = random.Random(n)
    hits = 0
    for _ in range(1000):
        a = [source.lognormvariate(0, 0.05) for _ in range(n)]
        b = [1.1 * source.lognormvariate(0, 0.05) for _ in range(n)]
        found = stats.ratio(a, b)
        hits += found.low <= 1.1 <= found.high
    # 95 % of 1000, less three standard deviations.
    assert hits >= 950 - 3 * math.sqrt(1000 * 0.95 * 0.05)


def test_the_estimate_withstands_an_outlier() -> None:
    a = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01, 0.99]
    b = [1.1 * x for x in a[:-1]] + [50.0]
    assert stats.ratio(a, b).value == pytest.approx(1.1, rel=0.02)


def test_a_thousand_repetitions() -> None:
    source = random.Random(1)
    a = [source.gauss(100, 1) for _ in range(1000)]
    b = [source.gauss(103, 1) for _ in range(1000)]
    estimate, low, high = mw.shift(a, b)
    assert low < 3 < high
    assert estimate == pytest.approx(median(b) - median(a), abs=0.1)
    # The interval of a normal sample's median difference is about 1.96 * sqrt(2/n) * 1.02 wide.
    assert high - low == pytest.approx(2 * norm.ppf(0.975) * math.sqrt(2 / 1000) * 1.02, rel=0.1)
