"""ISO 8601 days and periods, also at reduced precision, as half-open intervals of days.

`2025`, `2025-Q3`, `2025-H1`, `2025-07`, `2025-07-13`, and intervals of two of them joined
by `/` with both ends inclusive. Inside the program an interval is [start, end). Windows of time
and the distance between two periods are measured here and nowhere else.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # an answer for a restriction is made without pandas
    import pandas as pd

SHAPE = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2])(?:-([0-9]{2}))?|-Q([1-4])|-H([12]))?")

SANE_YEARS = (1990, 2035)
"""Permitted years: from before the first figure of internet use to the last projection on record.
"""
DAY = "datetime64[us]"
ONE_DAY = timedelta(days=1)
WINDOW_DAYS = 366
"""Maximum distance of a base from a figure (twelve months)."""
MONTH_DAYS = 30
"""Days of the period of a monthly audience."""
QUARTER_DAYS = 90
"""Days of the period of a quarterly audience, as for internet users."""
YEAR_DAYS = 365.25
"""Mean length of a year in days, leap years included."""
MEAN_MONTH_DAYS = 30.4375
"""Mean length of a month in days, to convert days to months."""


def _parse_part(text: str) -> tuple[datetime, datetime] | None:
    """Return the first day of a date or period and the day after its last, or None."""
    parts = SHAPE.fullmatch(text)
    if not parts:
        return None
    year, month, day, quarter, half = (int(part or 0) for part in parts.groups())
    try:
        if parts[3]:
            first = datetime(year, month, day)
            return first, first + ONE_DAY
        length = 1 if month else 3 if quarter else 6 if half else 12
        number = month or length * (max(quarter, half, 1) - 1) + 1
        years, months = divmod(number - 1 + length, 12)
        return datetime(year, number, 1), datetime(year + years, months + 1, 1)
    except (ValueError, OverflowError):  # a day or a year that no calendar has
        return None


@lru_cache(maxsize=65536)
def parse_period(text: str) -> tuple[datetime, datetime] | None:
    """Return start and end (exclusive) of a period of the facts, or None where it is none."""
    parts = [_parse_part(part) for part in text.split("/")]
    parsed = [part for part in parts if part is not None]
    if len(parsed) != len(parts) or len(parts) > 2 or parsed[-1][1] <= parsed[0][0]:
        return None
    return parsed[0][0], parsed[-1][1]


def parse_periods(texts: pd.Series[str]) -> pd.DataFrame:
    """Return `start` and `end` (exclusive) of a column of periods; NaT where a text is none."""
    import pandas as pd

    codes, unique_texts = pd.factorize(texts)
    none = (np.datetime64("NaT", "us"),) * 2
    parsed = np.array([*(parse_period(text) or none for text in unique_texts), none], dtype=DAY)
    days = parsed[codes]
    return pd.DataFrame({"start": days[:, 0], "end": days[:, 1]}, index=texts.index)


def gap_days(
    start: pd.Series, end: pd.Series, other_start: pd.Series, other_end: pd.Series
) -> pd.Series:
    """Return the days between two half-open periods, 0 if they touch or overlap."""
    before = (start - other_end).dt.days
    after = (other_start - end).dt.days
    return np.fmax(before, after).clip(lower=0)


def period_middle(start: pd.Series, end: pd.Series) -> pd.Series:
    """Return the day in the middle of each period."""
    return start + (end - start) / 2


def with_distance(
    joined: pd.DataFrame, columns: tuple[str, str], other_columns: tuple[str, str]
) -> pd.DataFrame:
    """Add `gap` and `apart` (between the middles) in days of two periods in these columns."""
    start, end, other_start, other_end = (joined[name] for name in (*columns, *other_columns))
    apart = (period_middle(start, end) - period_middle(other_start, other_end)).abs()
    return joined.assign(gap=gap_days(start, end, other_start, other_end), apart=apart)


def months_between(earlier: pd.Series, later: pd.Series) -> pd.Series:
    """Return months of mean length between two days, below zero if `later` is earlier."""
    return in_months((later - earlier).dt.days)


def in_months(days: pd.Series) -> pd.Series:
    """Return a number of days in months of mean length."""
    return days / MEAN_MONTH_DAYS
