"""Restrictions that come back: days in force, hours, and person-hours."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact.simulation.phases import cut_to_days
from tests.engine import calculated, calls, russia
from tests.support import World

pytestmark = pytest.mark.chain

SPAN = {"observed_from": "2025-08-15", "ended_on": "2025-08-24"}


def cells(days_in_force: str = "", times_in_force: float = np.nan) -> pd.DataFrame:
    return pd.DataFrame({"days_in_force": [days_in_force], "times_in_force": [times_in_force]})


def on_days(first: str, last: str, days: str = "", times: float = np.nan) -> list[str]:
    span = pd.DataFrame({"start": [pd.Timestamp(first)], "end": [pd.Timestamp(last)], "item": "a"})
    result = cut_to_days(span, cells(days, times))
    assert (result["item"] == "a").all()
    return [f"{row.start:%m-%d}/{row.end:%m-%d}" for row in result.itertuples()]


def test_without_days_all_days_count() -> None:
    assert on_days("2025-07-15", "2025-07-25") == ["07-15/07-25"]


def test_listed_days_inside_the_span_count() -> None:
    result = "2025-07-14;2025-07-15;2025-07-20;2025-07-25"
    assert on_days("2025-07-15", "2025-07-25", days=result) == [*("07-15/07-16", "07-20/07-21")]


@pytest.mark.parametrize(
    ("count", "days"),
    [
        (1.0, ["07-15/07-16"]),
        (2.0, ["07-15/07-16", "07-24/07-25"]),
        (4.0, ["07-15/07-16", "07-18/07-19", "07-21/07-22", "07-24/07-25"]),
        (10.0, ["07-15/07-25"]),
        (11.0, ["07-15/07-25"]),
    ],
)
def test_times_are_spread_from_the_first_day_to_the_last(count: float, days: list[str]) -> None:
    assert on_days("2025-07-15", "2025-07-25", times=count) == days


@given(length=st.integers(1, 60), count=st.integers(1, 80))
def test_each_time_is_a_day_of_its_own(length: int, count: int) -> None:
    span = pd.DataFrame({"start": [pd.Timestamp("2025-01-01")]})
    span["end"] = span["start"] + pd.Timedelta(days=length)
    result = cut_to_days(span, cells(times_in_force=float(count)))
    assert (result["end"] - result["start"]).dt.days.sum() == min(length, count)
    assert not result["start"].duplicated().any()
    assert result["start"].min() == span["start"][0]


def table(**told: str) -> pd.DataFrame:
    return person_days(calls(russia(), **SPAN, **told))


def person_days(made: World) -> pd.DataFrame:
    result = calculated(made)["person_days"]
    return result.set_index(["restriction_id", "period"])


HOURS = {"least_hours_a_day": "2", "most_hours_a_day": "3"}


def test_person_hours_are_person_days_times_the_hours_told() -> None:
    result = table(**HOURS).loc[("R1", "all")]
    assert result["days"] == 10
    assert result["printed_min_person_hours"] == pytest.approx(
        2 * result["printed_min_person_days"]
    )
    assert result["q50_person_hours"] == pytest.approx(6**0.5 * result["q50_person_days"], rel=0.05)
    spread = result["q95_person_hours"] / result["q05_person_hours"]
    assert spread > 1.5 * result["q95_person_days"] / result["q05_person_days"]
    assert result["printed_max_person_hours"] == pytest.approx(
        3 * result["printed_max_person_days"]
    )


def test_bounds_with_errors_contain_the_hours_that_are_drawn() -> None:
    result = table(**HOURS).loc[("R1", "all")]
    for unit, of in (("least", "min"), ("most", "max")):
        assert result[f"{of}_person_hours"] != pytest.approx(
            float(HOURS[f"{unit}_hours_a_day"]) * result[f"{of}_person_days"]
        )
    assert result["min_person_hours"] <= result["q05_person_hours"]
    assert result["q95_person_hours"] <= result["max_person_hours"]


def test_untold_hours_count_the_days_between_in_the_lower_bound_and_all_in_the_upper() -> None:
    result = table().loc[("R1", "all")]
    assert result["printed_min_person_hours"] == pytest.approx(
        24 * 0.8 * result["printed_min_person_days"]
    )
    assert result["q50_person_hours"] == pytest.approx(24 * result["q50_person_days"])
    assert result["printed_max_person_hours"] == pytest.approx(
        24 * result["printed_max_person_days"]
    )
    listed = table(days_in_force="2025-08-15;2025-08-24").loc[("R1", "all")]
    assert listed["printed_min_person_hours"] == 0


@pytest.mark.parametrize(
    "told", [{"days_in_force": "2025-08-15;2025-08-20;2025-08-24"}, {"times_in_force": "3"}]
)
def test_days_that_happened_count_and_not_the_span(told: dict[str, str]) -> None:
    whole, part = table(), table(**told)
    for column in ("days", "printed_min_person_days", "q50_person_days", "printed_max_person_days"):
        for key in [("R1", "all"), ("all", "2025")]:
            assert part.loc[key, column] == pytest.approx(0.3 * whole.loc[key, column], rel=1e-6)


def test_hours_and_days_change_nobody_who_is_exposed() -> None:
    def exposed(**told: str) -> pd.DataFrame:
        result = calculated(calls(russia(), **SPAN, **told))["impact"]
        return result[
            ["impact_metric", "printed_min_persons", "q50_persons", "printed_max_persons"]
        ]

    pd.testing.assert_frame_equal(exposed(), exposed(times_in_force="3", **HOURS))


def test_of_two_restrictions_at_once_hours_are_between_the_shortest_and_the_sum() -> None:
    made = calls(russia(), **SPAN, **HOURS)
    made = calls(made, "R2", **SPAN, least_hours_a_day="22", most_hours_a_day="23")
    result = person_days(made).loc[("all", "2025")]
    middle = result["q50_person_hours"] / result["q50_person_days"]
    assert 2.5 < result["q05_person_hours"] / result["q05_person_days"] < middle < 24
    assert result["printed_min_person_hours"] == pytest.approx(
        22 * result["printed_min_person_days"]
    )
    assert result["printed_max_person_hours"] == pytest.approx(
        24 * result["printed_max_person_days"]
    )


def test_the_window_is_as_long_as_the_days_in_force() -> None:
    impact = calculated(calls(russia(), **SPAN, times_in_force="3"))["impact"].set_index(
        "impact_metric"
    )
    assert impact.loc["people_exposed", "window_days"] == 3
