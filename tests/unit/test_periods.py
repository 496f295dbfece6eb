"""Periods as written become half-open intervals of days, or nothing."""

import calendar
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact import periods

YEARS = st.integers(1, 9998)
MONTHS = st.integers(1, 12)
DAYS = st.dates(date(1, 1, 1), date(9998, 12, 31))


def days(text: str) -> tuple[str, str]:
    """First day and the day after the last."""
    period = periods.parse_period(text)
    assert period is not None
    start, end = period
    return start.date().isoformat(), end.date().isoformat()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2025", "2025-01-01", "2026-01-01"),
        ("2025-H1", "2025-01-01", "2025-07-01"),
        ("2025-H2", "2025-07-01", "2026-01-01"),
        ("2025-Q1", "2025-01-01", "2025-04-01"),
        ("2025-Q4", "2025-10-01", "2026-01-01"),
        ("2024-02", "2024-02-01", "2024-03-01"),
        ("2025-12", "2025-12-01", "2026-01-01"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("2025-08-10/2025-08-11", "2025-08-10", "2025-08-12"),
        ("2013-08/2013-09", "2013-08-01", "2013-10-01"),
        ("2025-08-10/2025", "2025-08-10", "2026-01-01"),
        ("2025-07-13/2025-07-13", "2025-07-13", "2025-07-14"),
    ],
)
def test_known_periods(text: str, start: str, end: str) -> None:
    assert days(text) == (start, end)


@pytest.mark.parametrize("text", [
    "", " ", "2025-13", "2025-13-01", "2025-00", "2025-02-29", "2025-02-30", "2025-1", "25-01-01",
    "2025-Q0", "2025-Q5", "2025-H3", "2025Q1", "2025-W01", "2025-07-13T00:00", "2025-7-13",
    "13.07.2025", "July 2025", "2025-07-13 ", " 2025", "2025/", "/2025", "2025/2026/2027",
    "2025-08-11/2025-08-10", "2026/2025", "0000", "-2025", "２０２５", "٢٠٢٥", "2025\n", "nan",
])  # fmt: skip
def test_what_is_no_period(text: str) -> None:
    assert periods.parse_period(text) is None


@given(YEARS, MONTHS)
def test_a_month_holds_its_days(year: int, month: int) -> None:
    period = periods.parse_period(f"{year:04}-{month:02}")
    assert period is not None
    start, end = period
    assert (start.year, start.month, start.day) == (year, month, 1)
    assert (end - start).days == calendar.monthrange(year, month)[1]


@given(DAYS)
def test_a_day_is_one_day(day: date) -> None:
    assert days(day.isoformat()) == (day.isoformat(), (day + timedelta(1)).isoformat())


@given(YEARS)
def test_parts_tile_the_year(year: int) -> None:
    for parts in (["H1", "H2"], ["Q1", "Q2", "Q3", "Q4"], [f"{m:02}" for m in range(1, 13)]):
        spans = [periods.parse_period(f"{year:04}-{part}") for part in parts]
        edges = [edge for span in spans if span for edge in span]
        assert edges[1:-1:2] == edges[2::2]
        assert (edges[0], edges[-1]) == periods.parse_period(f"{year:04}")


@given(DAYS, DAYS)
def test_an_interval_runs_from_its_first_to_its_last_day(one: date, other: date) -> None:
    first, last = sorted((one, other))
    assert days(f"{first}/{last}") == (first.isoformat(), (last + timedelta(1)).isoformat())
    assert (periods.parse_period(f"{last}/{first}") is None) == (first != last)


@given(st.text("0123456789-/QH ٣", max_size=21))
def test_no_text_raises_and_every_answer_is_in_order(text: str) -> None:
    period = periods.parse_period(text)
    assert period is None or period[0] < period[1]


@given(st.lists(st.sampled_from(["2025", "2025-07", "", "never", "2025-08-10/2025-08-11"])))
def test_a_column_is_its_cells(texts: list[str]) -> None:
    cells = pd.Series(texts, index=range(5, 5 + len(texts)), dtype="str")
    result = periods.parse_periods(cells)
    assert list(result.index) == list(cells.index)
    for text, start, end in zip(texts, result["start"], result["end"], strict=True):
        known = periods.parse_period(text)
        assert (start, end) == known if known else (pd.isna(start) and pd.isna(end))


def test_a_column_is_of_dates_whatever_it_holds() -> None:
    for texts in ([], [""], ["2025"], ["2025", ""]):
        result = periods.parse_periods(pd.Series(texts, dtype="str"))
        assert [str(kind) for kind in result.dtypes] == ["datetime64[us]"] * 2
