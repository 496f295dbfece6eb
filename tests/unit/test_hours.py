"""Hours of a day of cuts that print none: a distribution learned from those that are known."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.fitted import durations
from audience_impact.vocabulary import HoursBasis

NONE = pd.Series(dtype="float64")


def list_hours(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["hours_basis", "country_id", "hours"])


def about(basis: str, country: str = "XX", **cells: float) -> pd.DataFrame:
    blank = {"measured_hours": np.nan, "least_hours_a_day": np.nan, "most_hours_a_day": np.nan}
    return pd.DataFrame([{"hours_basis": basis, "country_id": country, **blank, **cells}])


def interval(fitted: durations.Hours, rows: pd.DataFrame, **most: float) -> list[float]:
    u = np.array([[0.05, 0.5, 0.95]])
    return [float(x) for x in durations.quantile_hours(u, fitted.predict(rows), **most)[0]]


def test_each_country_counts_once_whatever_the_number_of_its_cuts() -> None:
    fitted = durations.fit_hours(
        list_hours(*[("network_cut", "A", 4.0)] * 9, ("network_cut", "B", 16.0)), NONE
    )
    assert interval(fitted, about("network_cut"))[1] == pytest.approx(8.0)
    # two countries deviate by log 2, which is a variance of 2 log 2 squared with one of them free
    assert fitted.bases.loc["network_cut", "hours_log_sd"] == pytest.approx(np.sqrt(2) * np.log(2))


def test_exams_have_the_hours_of_their_country_and_others_are_known_less_well() -> None:
    fitted = durations.fit_hours(
        list_hours(*[("exams", "A", 2.0)] * 9, *[("exams", "B", 6.0)] * 9, ("exams", "C", 4.0)),
        NONE,
    )
    of_country, of_other = (interval(fitted, about("exams", name)) for name in ("A", "XX"))
    assert 1.9 < of_country[1] < 2.4
    assert of_other[1] == pytest.approx((2 * 6 * 4) ** (1 / 3))
    assert of_other[2] / of_other[0] > 2 * of_country[2] / of_country[0]


def test_no_interval_of_printed_or_measured_hours_has_the_width_zero() -> None:
    fitted = durations.fit_hours(list_hours(), NONE)
    printed = about(HoursBasis.PRINTED, least_hours_a_day=8.0, most_hours_a_day=8.0)
    assert interval(fitted, printed)[1] == pytest.approx(8.0)
    for rows in (printed, about(HoursBasis.MEASURED, measured_hours=8.0)):
        low, _, high = interval(fitted, rows)
        assert low < 0.75 * 8.0 < 8.0 / 0.75 < high
    differing = durations.fit_hours(list_hours(), pd.Series([0.25, 4.0]))
    assert interval(differing, printed)[0] < interval(fitted, printed)[0]


def test_a_day_has_24_hours_at_most_and_none_are_drawn_without_a_basis() -> None:
    fitted = durations.fit_hours(list_hours(("network_cut", "A", 20.0)), NONE)
    assert interval(fitted, about(HoursBasis.MEASURED, measured_hours=23.0))[2] == 24.0
    assert interval(fitted, about(HoursBasis.MEASURED, measured_hours=29.0), most=29.0)[1:] == [
        pytest.approx(29.0),
        29.0,
    ]
    for basis in ("", HoursBasis.EXAMS):
        assert np.isnan(interval(fitted, about(basis))).all()
