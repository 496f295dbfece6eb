"""Reach in n days: worked figures, the beta-binomial of scipy, and the laws that reach obeys."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from audience_impact.simulation.reach import find_heterogeneity, limit_reach, reach_days

DAYS = np.arange(121)

share = st.one_of(st.sampled_from([0.0, 1.0, 1e-9, 1.0 - 1e-9, 0.5]), st.floats(0.0, 1.0))


@st.composite
def audiences(draw: st.DrawFn) -> tuple[float, float]:
    """A daily share, and a monthly one that the law can give."""
    daily, part = draw(share), draw(share)
    return daily, max(daily, daily + part * (1.0 - (1.0 - daily) ** 30 - daily))


@pytest.mark.parametrize(
    ("days", "millions"), [(1, 82.1), (3, 89.1), (7, 92.7), (30, 97.0), (141, 99.9)]
)
def test_a_messenger_of_82_million_a_day_and_97_in_a_month(days: int, millions: float) -> None:
    assert round(float(105 * reach_days(82.1 / 105, 97 / 105, days)), 1) == millions


def test_two_days_have_a_closed_form() -> None:
    # Those who use it on both days are 2 m - R(2) = m (m + h (1 - m)).
    daily, two = np.meshgrid([0.15, 0.4], [0.2, 0.35])
    two = daily + two * (1 - daily) * daily
    both = 2 * daily - two
    h = (both / daily - daily) / (1 - daily)
    assert find_heterogeneity(daily, two, month_days=2) == pytest.approx(h, abs=1e-12)


@pytest.mark.parametrize(
    ("a", "b"), [(0.29, 0.08), (0.05, 3.0), (1.0, 1.0), (1.0, 4.0), (300.0, 9000.0)]
)
def test_the_law_is_scipys_and_is_found_from_two_of_its_points(a: float, b: float) -> None:
    expected = 1.0 - betabinom.pmf(0, DAYS, a, b)
    heterogeneity = find_heterogeneity(expected[1], expected[30])
    assert heterogeneity == pytest.approx(1 / (a + b + 1), rel=1e-6)
    assert reach_days(expected[1], expected[30], DAYS) == pytest.approx(expected, abs=1e-10)


@given(audiences())
def test_reach_starts_daily_passes_monthly_and_rises_ever_slower(
    audience: tuple[float, float],
) -> None:
    daily, monthly = audience
    reach = reach_days(daily, monthly, DAYS)
    assert reach[0] == 0.0
    assert reach[1] == daily
    assert reach[30] == pytest.approx(monthly, abs=1e-12)
    assert reach[-1] <= 1.0
    steps = np.diff(reach)
    assert (steps >= 0.0).all()
    assert (np.diff(steps) <= 1e-15).all()


@given(audiences())
def test_reach_lies_within_what_monthly_alone_allows(audience: tuple[float, float]) -> None:
    daily, monthly = audience
    least, most = limit_reach(monthly, DAYS)
    reach = reach_days(daily, monthly, DAYS)
    assert (reach >= least - 1e-12).all()
    assert (reach <= most + 1e-12).all()
    low, high = limit_reach(monthly, 1)
    assert low - 1e-15 <= daily <= high


@given(share)
def test_monthly_equal_to_daily_is_the_same_people_every_day(daily: float) -> None:
    assert find_heterogeneity(daily, daily) == 1.0
    assert (reach_days(daily, daily, DAYS[1:]) == daily).all()


@given(share, st.sampled_from([0.0, 1e-3, 1.0]))
def test_at_the_binomial_limit_and_above_it_people_are_alike(daily: float, more: float) -> None:
    limit = 1.0 - (1.0 - daily) ** 30
    monthly = max(daily, min(1.0, limit + more + 1e-14))
    expected = 1.0 - (1.0 - daily) ** DAYS
    assert reach_days(daily, monthly, DAYS) == pytest.approx(expected, abs=1e-12)


def test_limits_of_reach() -> None:
    least, most = limit_reach(0.6, [0, 1, 15, 30, 31, 400])
    assert least == pytest.approx([0.0, 0.02, 0.3, 0.6, 0.6, 0.6])
    assert most.tolist() == [0.0, 0.6, 0.6, 0.6, 1.0, 1.0]
    assert np.array(limit_reach(0.7, 1, month_days=7)) == pytest.approx([0.1, 0.7])


@pytest.mark.parametrize(
    "call",
    [
        lambda: reach_days(0.5, 0.4, 3),
        lambda: reach_days(np.nan, 0.4, 3),
        lambda: reach_days(0.1, 0.4, -1),
        lambda: reach_days(0.1, 0.4, 1.5),
        lambda: find_heterogeneity(0.1, 0.4, month_days=1),
        lambda: limit_reach(0.1, np.inf),
        lambda: limit_reach(0.1, 1, month_days=0),
    ],
)
def test_what_cannot_be_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="must"):
        call()
