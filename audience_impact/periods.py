"""ISO 8601 days and periods, also at reduced precision, as half-open intervals of days.

`2025`, `2025-Q3`, `2025-H1`, `2025-07`, `2025-07-13`, and intervals of two of them joined
by `/` with both ends inclusive. Inside the program an interval is [start, end). Windows of time
and the distance between two periods are measured here and nowhere else.
"""

import re
from functools import lru_cache

import numpy as np
import pandas as pd

HALF_YEAR = re.compile(r"^(\d{4})-H([12])$")
SHAPE = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])(-[0-9]{2})?|-Q[1-4]|-H[12])?")

SANE_YEARS = (1990, 2035)
"""From before the first figure of internet use to the end of the projections on record."""
DAY = "datetime64[us]"
ONE_DAY = pd.Timedelta(days=1)
WINDOW_DAYS = 366
"""A base speaks for a figure at most twelve months away."""
MONTH_DAYS = 30
"""Days of a "monthly" audience."""
QUARTER_DAYS = 90
"""Days of an audience of three months, as internet users are counted."""
MEAN_MONTH_DAYS = 30.4375
"""Days of a month on average: from days to months."""


def _span(text: str) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """First day and the day after the last of one date or period; None if it is neither."""
    if not SHAPE.fullmatch(text):
        return None
    half = HALF_YEAR.match(text)
    try:
        if half:
            first = pd.Timestamp(int(half[1]), 6 * int(half[2]) - 5, 1)
            return first, first + pd.DateOffset(months=6)
        period = pd.Period(text.replace("-Q", "Q"))
        return period.start_time, (period + 1).start_time
    except (ValueError, OverflowError):  # a year that no calendar has
        return None


@lru_cache(maxsize=65536)
def span(text: str) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Half-open interval of days of a period as written in the facts.

    Returns (start, end) with end exclusive, or None where the text is no ISO 8601 period
    or its end lies before its start.
    """
    parts = [_span(part) for part in text.split("/")]
    known = [part for part in parts if part is not None]
    if len(known) != len(parts) or len(parts) > 2 or known[-1][1] <= known[0][0]:
        return None
    return known[0][0], known[-1][1]


def spans(texts: "pd.Series[str]") -> pd.DataFrame:
    """Columns `start` and `end` (datetime64, end exclusive) of a column of periods.

    Equal texts are parsed once. Blank or malformed texts give NaT in both columns.
    """
    codes, known = pd.factorize(texts)
    none = (np.datetime64("NaT", "us"),) * 2
    days = np.array([*(span(text) or none for text in known), none], dtype=DAY)[codes]
    return pd.DataFrame({"start": days[:, 0], "end": days[:, 1]}, index=texts.index)


def gap_days(
    start: pd.Series, end: pd.Series, other_start: pd.Series, other_end: pd.Series
) -> pd.Series:
    """Days between two half-open periods, 0 where they touch or overlap."""
    before = (start - other_end).dt.days
    after = (other_start - end).dt.days
    return np.fmax(before, after).clip(lower=0)


def middle(start: pd.Series, end: pd.Series) -> pd.Series:
    """The middle of each period."""
    return start + (end - start) / 2


def apart_days(
    start: pd.Series, end: pd.Series, other_start: pd.Series, other_end: pd.Series
) -> pd.Series:
    """Days between the middles of two periods: which of two that touch is the nearer."""
    return (middle(start, end) - middle(other_start, other_end)).abs()


def with_distance(
    joined: pd.DataFrame, own: tuple[str, str], other: tuple[str, str]
) -> pd.DataFrame:
    """Columns `gap` (days between) and `apart` (between the middles) of two periods of each row.

    `own` and `other` name the columns of start and end of the two periods.
    """
    periods = [joined[name] for name in (*own, *other)]
    return joined.assign(gap=gap_days(*periods), apart=apart_days(*periods))


def months_between(earlier: pd.Series, later: pd.Series) -> pd.Series:
    """Months of mean length from one day to another, below zero where the order is turned."""
    return in_months((later - earlier).dt.days)


def in_months(days: pd.Series) -> pd.Series:
    """Days as months of mean length."""
    return days / MEAN_MONTH_DAYS
