"""A figure whose source states an error: what it forces, and how it is drawn."""

import pandas as pd
import pytest

from tests.support import Results, World, row, world

pytestmark = pytest.mark.chain

ENDS = ["printed_min_persons", "printed_max_persons"]
DAYS_ENDS = ["printed_min_person_days", "printed_max_person_days"]
QUANTILES = ["q05", "q50", "q95"]


def learned(made: World) -> World:
    """Add a calibration and errors too small to see, without which nothing is drawn."""
    made.errors()
    for name, value in (
        ("mean", "-0.3"),
        ("between", "0.3"),
        ("within", "0.3"),
        ("area", "0.01"),
        ("region", "0.5"),
        ("model", "0.1"),
        ("spread_below", "1.0"),
        ("spread_above", "1.0"),
    ):
        made.add("overlap_calibration", parameter=name, value=value)
    return made


def monthly(**cells: str) -> "pd.Series[float]":
    """The people exposed to the restriction of one service with one figure."""
    return learned(world()).estimate("E1", **cells).restrict("R1", "alpha").exposed()


def over_ten_days(**cells: str) -> Results:
    """Results for ten days of one service with a monthly and a daily figure."""
    made = learned(world()).estimate("E1", value="600000")
    made.estimate("D1", **{"audience_metric": "avg_daily_reach", "period": "2025-07", **cells})
    ended = {"ended_on": "2025-07-24", "end_status": "ended", "end_source": "recorded"}
    return made.restrict("R1", "alpha", **ended).results()


def days(**cells: str) -> "pd.Series[float]":
    """Person-days of those ten days."""
    table = over_ten_days(**cells)["person_days"]
    return row(table, restriction_id="R1", period="all")


@pytest.mark.parametrize("kind", ["ci90", "ci95", "min_max"])
def test_a_stated_interval_widens_the_bounds_to_its_ends(kind: str) -> None:
    result = monthly(low="400000", high="600000", interval_kind=kind)
    assert list(result[ENDS]) == [400000, 600000]


def test_a_stated_interval_on_one_side_widens_the_bounds_on_that_side() -> None:
    assert list(monthly(low="400000", interval_kind="ci95")[ENDS]) == [400000, 500000]


def test_ends_without_a_word_for_what_they_are_widen_nothing() -> None:
    assert list(monthly(low="400000", high="600000")[ENDS]) == [500000, 500000]


@pytest.mark.parametrize(("kind", "half"), [("ci90", 100000.0), ("ci95", 83925.0)])
def test_the_draws_keep_the_stated_interval(kind: str, half: float) -> None:
    result = monthly(low="400000", high="600000", interval_kind=kind)
    drawn = [result[f"{name}_persons"] for name in QUANTILES]
    assert drawn == pytest.approx([500000 - half, 500000, 500000 + half], abs=9000)


@pytest.mark.parametrize(("kind", "half"), [("ci90", 100000.0), ("ci95", 83925.0)])
def test_a_daily_figure_with_an_error_gives_person_days_with_one(kind: str, half: float) -> None:
    result = days(value="300000", low="200000", high="400000", interval_kind=kind)
    assert list(result[DAYS_ENDS]) == [2000000, 4000000]
    drawn = [result[f"{name}_person_days"] for name in QUANTILES]
    centre = 3000000
    assert drawn == pytest.approx([centre - 10 * half, centre, centre + 10 * half], abs=90000)


@pytest.mark.parametrize("value", ["", "300000"])
def test_a_daily_range_is_drawn_inside_its_ends(value: str) -> None:
    result = days(value=value, low="200000", high="400000", interval_kind="min_max")
    assert list(result[DAYS_ENDS]) == [2000000, 4000000]
    low, middle, high = (result[f"{name}_person_days"] for name in QUANTILES)
    assert 2000000 < low < 2500000 < middle < 3500000 < high < 4000000


def test_a_daily_figure_without_an_error_is_drawn_as_it_is_rounded() -> None:
    result = days(value="300000")
    assert list(result[DAYS_ENDS]) == [3000000] * 2
    low, middle, high = (result[f"{name}_person_days"] for name in QUANTILES)
    # Printed to ten thousands: on each of ten days up to 5,000 more or fewer.
    assert 3000000 - 50000 < low < middle < high < 3000000 + 50000
    assert middle == pytest.approx(3000000, rel=2e-3)


def test_a_daily_figure_that_names_no_number_is_no_figure() -> None:
    result = days(value="", low="300000", interval_kind="one_sided_min")
    assert pd.isna(result["q50_person_days"])
    assert list(result[DAYS_ENDS]) == [200000, 6000000]


def test_a_figure_of_a_day_above_that_of_the_month_bounds_no_more_from_below_with_errors() -> None:
    """Both figures are at their ends: that of the day is then below the larger month."""
    result = days(value="900000")
    assert result["printed_min_person_days"] == 10 * 600e3
    assert 0.0 < result["min_person_days"] <= result["printed_min_person_days"]
