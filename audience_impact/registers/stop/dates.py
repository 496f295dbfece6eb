"""Dates and durations of a row of the STOP register, and the repair of contradictions.

Method. A duration counts days, both ends or one of them; a part of a day is that day. If the
duration is negative although the dates are in order, the dates were swapped: the spreadsheet
printed the difference of the original dates. The event then began on the printed end and ended on
the printed start, whose year is one too low if it is before the printed end. This is repaired if
the result is at most a month, since only a turn of the year explains it; otherwise the end is
dropped. A positive duration that differs from the dates by more than a day is reported, and the
dates are used.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import pandas as pd

from audience_impact.periods import SANE_YEARS
from audience_impact.registers.stop.texts import MONTHS, PHRASES, Row

DAYS_OF_UNIT = {"day": 1, "week": 7, "month": 30}
MOST_DAYS = 36525
SERIALS = (32874, 73051)
"""Serial numbers of days in a spreadsheet, from 1990 to 2099."""
FIRST_SERIAL = date(1899, 12, 30)
LONGEST_REPAIR_DAYS = 31


@dataclass(frozen=True)
class Dates:
    """First and last day in ISO 8601, blank if there is none, and the defect."""

    start: str
    end: str
    defect: str = ""


@lru_cache(maxsize=100_000)
def parse_day(text: str) -> str:
    """Return a day in ISO 8601 from ISO text or a spreadsheet's serial number; else blank.

    A day outside SANE_YEARS is a typing error; such a row would make the whole layer invalid.
    """
    if re.fullmatch(r"\d{5}(\.\d+)?", text) and SERIALS[0] <= float(text) < SERIALS[1]:
        day = FIRST_SERIAL + timedelta(days=int(float(text)))
    else:
        match = re.match(r"(\d{4}-\d{2}-\d{2})(?:$|[T ]\d{2}:\d{2})", text)
        try:
            day = date.fromisoformat(match[1] if match else "")
        except ValueError:
            return ""
    return day.isoformat() if SANE_YEARS[0] <= day.year <= SANE_YEARS[1] else ""


def add_days(day: str, days: int) -> str:
    """Return the day in ISO 8601 so many days later."""
    return str((pd.Timestamp(day) + pd.Timedelta(days=days)).date())


def parse_duration(text: str) -> tuple[int | None, str]:
    """Return the days of a duration including both ends, and the defect of an unreadable one.

    Nine in ten durations next to both dates include both ends, and count a part of a day as a day.
    """
    if not text:
        return None, ""
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        return None, "duration_unreadable"
    value = float(text)
    if value < 0:
        return None, "duration_negative_serial" if -value >= SERIALS[0] else "duration_negative"
    return (max(1, int(value)), "") if value <= MOST_DAYS else (None, "duration_unreadable")


def read_restoration(text: str, start: str) -> str:
    """Return the last day before access came back in most of the area, by a text; else blank.

    A number of weeks or months is as precise as its unit.
    """
    match = PHRASES.find("restored_in_most", text)
    days = int(match["number"]) * DAYS_OF_UNIT[match["unit"].casefold()] if match else 0
    return add_days(start, days - 1) if days else ""


def narrow_to_rest(row: Row) -> dict[str, str]:
    """Return the cells of a row, limited to the place where access had not come back.

    If the text states that access came back in most places in an earlier year, and names the place
    where it did not, the edition records that place, from the day after the restoration.
    """
    start, text = parse_day(row["start_date"]), row["event"]
    restored = read_restoration(text, start) if start else ""
    rest = PHRASES.find("left_out", text)
    if not (restored and rest and row["count_year"] > restored[:4]):
        return dict(row)
    place = {"area_name": rest["place"], "geo_scope": "It only affected one city"}
    return {**row, **place, "start_date": add_days(restored, 1), "event": rest[0]}


def read_last_sign(text: str, start: str) -> str:
    """Return the last day on which a text says that it was still in force; blank if it does not.

    A day without a year is the first after the start; a month or a year counts from its first day.
    """
    signs = (_parse_sign(match, start) for match in PHRASES.pattern("last_sign").finditer(text))
    return max((sign for sign in signs if sign >= start), default="")


def _parse_sign(match: re.Match[str], start: str) -> str:
    if not (match["year"] or match["day"]):
        return ""
    month = MONTHS.index(match["month"].casefold()) + 1 if match["month"] else 1
    day = f"-{month:02d}-{int(match['day'] or 1):02d}"
    year = match["year"] or start[:4]
    if not match["year"] and year + day < start:
        year = str(int(year) + 1)
    return parse_day(year + day)


def read_dates(row: Row) -> Dates:
    """Return first and last day of a row, repaired where the row's duration shows the error."""
    start, end = parse_day(row["start_date"]), parse_day(row["end_date"])
    printed = row["duration"]
    if not (start and end) or not re.fullmatch(r"-?\d+(\.\d+)?", printed):
        return Dates(start, end)
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    apart = (last - first).days
    if float(printed) >= 0:
        differs = abs(float(printed) - (apart + 1)) > 1 and apart >= 0
        return Dates(start, end, "duration_differs" if differs else "")
    if apart <= 0:
        return Dates(start, end)
    turned = first + pd.DateOffset(years=1)
    length = (turned - last).days + 1
    if float(printed) == -apart and 1 <= length <= LONGEST_REPAIR_DAYS:
        return Dates(end, str(turned.date()), "dates_turned")
    return Dates(start, "", "dates_contradict")
