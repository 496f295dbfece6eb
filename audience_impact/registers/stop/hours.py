"""Days of a row of the STOP register, their repair, and its daily hours.

Definitions. A curfew is a restriction that comes back: on listed days, or a number of times, for
some hours each.

Method: first and last day
--------------------------
A duration counts days, both ends or one of them; a part of a day is that day. If the duration is
negative although the dates are in order, the dates were swapped: the spreadsheet printed the
difference of the original dates. The event then began on the printed end and ended on the printed
start, whose year is one too low if it is before the printed end. This is repaired if the result is
at most a month, since only a turn of the year explains it; otherwise the end is dropped. A positive
duration that differs from the dates by more than a day is reported, and the dates are used.

Method: days and hours in force
-------------------------------
Days are read where the text lists them ("May 20, May 22, May 24", "Jul. 1-3"), a number of times
where it counts them ("on 15 occasions"), and hours where it gives them for each day ("each from
6:00-8:00am", "lasting around 3-5 hours"), for the whole ("for 30 hours") or as the first and last
hour ("from 17:00 on Mar. 1 until 6:45 on Mar. 4"). All dates must lie between the first and the
last day of the row, else nothing is read. A number of times without days is reported as a number:
which days is not known. A duration below one day is hours. "Around", "approximately" and "~" are
read as said. Exam cuts happen for some hours on the days of an exam: where a row prints no hours,
it is marked, and without days either it has the share of days that other rows have. Where only the
first or only the last hour of a cut is printed, hours a day have a range.

Assumptions. Each of several times is on a day of its own.

Drawbacks. Hours in other words ("all night", "the first hour of each exam") and weekdays ("every
Monday") are not read, so that the whole day counts.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import pandas as pd

from audience_impact.periods import SANE_YEARS
from audience_impact.registers.stop.texts import (
    MONTHS,
    PHRASES,
    Row,
    cause_text,
    first_sentence,
    says,
    split_sentences,
)

DAYS_OF_UNIT = {"day": 1, "week": 7, "month": 30}
MOST_DAYS = 36525
SERIALS = (32874, 73051)
"""Serial numbers of days in a spreadsheet, from 1990 to 2099."""
FIRST_SERIAL = date(1899, 12, 30)
LONGEST_REPAIR_DAYS = 31
HOURS = 24.0
EXAMS = "Exam cheating"
EXAM_DAYS_SHARE, MOST_EXAM_DAYS = 0.6, 14
"""Share of days with an exam among the days from the first to the last, and maximum number of
exam days: medians of the 19 rows that list or count exam days."""
SHORT_SPAN_DAYS = 7
NUMBERS = {phrase: at for at, (phrase, _) in enumerate(PHRASES.phrases["numeral"], 1)} | {"an": 1}
Clock = Sequence[str]
"""Hour, minute and am or pm of a time of day, as printed."""
Range = tuple[float, float]
"""Least and most hours."""


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

    Four in five durations beside both dates include both ends, and count a part of a day as a day.
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


@dataclass(frozen=True)
class Timing:
    """Days in force and the average hours of each day.

    `days` is blank if the row lists none, and `times` if it counts none; hours are a range, blank
    if the row states none. `is_of_exams` means that the row does not print its hours, so that those
    of other cuts for exams are used (fitted/hours.py).
    """

    days: tuple[date, ...] = ()
    times: int | None = None
    least_hours: float | None = None
    most_hours: float | None = None
    is_of_exams: bool = False


def _day_of(month: str, day: str, first: date) -> date | None:
    number = MONTHS.index(month[:3].casefold()) + 1
    for year in (first.year, first.year + 1):
        try:
            candidate = date(year, number, int(day))
        except ValueError:
            return None
        if candidate >= first:
            return candidate
    return None


def _list_days(text: str, first: date, last: date) -> tuple[date, ...]:
    lists = PHRASES.pattern("days_listed").finditer(PHRASES.pattern("span").sub(" ", text))
    longest = max((match[0] for match in lists), key=len, default="")
    listed: set[date] = set()
    for month, day, to_month, until in PHRASES.pattern("days").findall(longest):
        start = _day_of(month, day, first)
        end = _day_of(to_month or month, until or day, first)
        if start is None or end is None or not start <= end <= last:
            return ()
        listed |= {start + timedelta(days) for days in range((end - start).days + 1)}
    return tuple(sorted(listed))


def _parse_clock(hour: str, minute: str, half: str) -> float:
    value = float(hour) % 12 if half else float(hour)
    return value + (12.0 if half.casefold() == "pm" else 0.0) + float(minute or 0) / 60


def _hours_between(begin: Clock, end: Clock) -> float:
    """Return the hours from one time of day to another; one am or pm may count for both."""
    start = _parse_clock(begin[0], begin[1], begin[2] or end[2])
    stop = _parse_clock(end[0], end[1], end[2] or begin[2])
    if start > stop and not begin[2]:  # "11:00-1:00pm" begins before noon
        start = _parse_clock(begin[0], begin[1], "am")
    return (stop - start) % HOURS


def _clock_spans(text: str) -> list[re.Match[str]]:
    """Return passages from one time of day to another, and not of two days or counts."""
    matches = PHRASES.pattern("clocks").finditer(text)
    return [match for match in matches if match[3] or match[6] or ":" in match[0]]


def _read_range(match: re.Match[str] | None) -> Range | None:
    if match is None:
        return None
    low = _parse_number(match[1])
    return low, float(match[2]) if match[2] else low


def _parse_number(text: str) -> float:
    return float(NUMBERS.get(text.casefold(), 0) or text)


def _hours_a_day(text: str, days: int, comes_back: bool) -> Range | None:
    """Return least and most hours a day: of each time if recurring, else of the whole period.

    Hours of the whole period must extend from the first day to the last.
    """
    stated = _read_range(PHRASES.find("length", text) or PHRASES.find("length_before", text))
    spans = [span.groups("") for span in _clock_spans(text)]
    clocks = {_hours_between(span[:3], span[3:6]) for span in spans}
    single = (min(clocks), max(clocks)) if len(clocks) == 1 else None
    if comes_back:
        return _plausible_hours(stated or single, 1)
    if days == 1 and single:
        return _plausible_hours(single, 1)
    reaches = stated is not None and stated[1] > (days - 2) * HOURS
    return _plausible_hours(stated if reaches else None, days)


def _plausible_hours(hours: Range | None, days: int) -> Range | None:
    if hours is None:
        return None
    low, high = (round(number / days, 2) for number in hours)
    return (low, high) if 0 < low <= high <= HOURS else None


def _hours_of_edges(text: str, first: date, last: date) -> Range | None:
    """Return hours a day of a cut whose first or last hour is printed.

    Of an end without an hour any hour of that day is possible.
    """
    begin = end = None
    is_other_end = False
    for match in PHRASES.pattern("edge").finditer(text):
        day, clock = _day_of(match[6], match[7], first), _parse_clock(*match.groups("")[2:5])
        if match["begins"] and day == first and begin is None:
            begin = clock
        if match["ends"] and day == last:
            end = clock
        is_other_end |= bool(match["ends"]) and day != last
    length = (last - first).days + 1
    is_open = begin is None or end is None
    if (is_other_end and end is None) or (is_open and (length == 1 or begin == end)):
        return None
    low, high = (0.0, HOURS) if end is None else (end, end)
    full = (length - 1) * HOURS
    least = full - (HOURS if begin is None else begin) + low
    return _plausible_hours((least, full - (begin or 0.0) + high), length)


def _duration_hours(text: str) -> Range | None:
    if re.fullmatch(r"0\.\d+", text):
        hours = round(float(text) * HOURS, 1)
        return hours, hours
    return _read_range(PHRASES.find("hours", text))


def read_timing(row: Row, first: date, last: date | None) -> Timing:
    """Return days in force and hours a day of a row that lasted from a first to a last day."""
    if last is None:
        lasted = _duration_hours(row["duration"])
        return Timing((), None, *lasted) if lasted else _with_exam_hours(row, Timing(), None)
    length = (last - first).days + 1
    days, times, comes_back = _read_returns(row, first, last)
    sentences = split_sentences(row["event"])[: None if length == 1 else 2]
    lead = " ".join([row["actual_cause_details"], *sentences])
    hours = _hours_a_day(lead, length, comes_back)
    if hours is None and length == 1:
        hours = _duration_hours(row["duration"])
    if hours is None and not comes_back:
        hours = _hours_of_edges(cause_text(row), first, last)
    if hours and not comes_back:
        times, hours = _in_whole_days(hours, length)
    timing = Timing(days, times, *(hours or (None, None)))
    return timing if hours else _with_exam_hours(row, timing, length)


def _read_returns(row: Row, first: date, last: date) -> tuple[tuple[date, ...], int | None, bool]:
    main_text = f"{row['actual_cause_details']}. {first_sentence(row['event'])}"
    count = PHRASES.find("times", main_text, row["event"])
    times = int(_parse_number(count[1])) if count else 0
    days = _list_days(main_text, first, last)
    comes_back = says("each", main_text) or times > 1
    comes_back |= bool(days) and bool(_clock_spans(main_text))
    is_plausible = 1 < times <= (last - first).days + 1 and not days
    return days if comes_back else (), times if is_plausible else None, comes_back


def _in_whole_days(hours: Range, length: int) -> tuple[int | None, Range]:
    """Return times and hours a day of a cut of some hours that covers `length` dates.

    48 hours on three dates are two days.
    """
    count = math.ceil(hours[1] * length / HOURS)
    if count >= length:
        return None, hours
    low, high = (round(number * length / count, 2) for number in hours)
    return count, (low, high)


def _with_exam_hours(row: Row, timing: Timing, length: int | None) -> Timing:
    """Return a timing with the days of other exam cuts where a cut for exams prints no hours.

    Cuts of services get them only if the text states that the services came back. Cuts with
    protests as a further reason do not get them. `length` is the number of days of the cut, if
    known.
    """
    text = cause_text(row).casefold()
    comes_back = "curfew" in text or timing.times or timing.days
    is_cut_off = "Full" in row["shutdown_extent"] or comes_back
    if row["actual_cause"] != EXAMS or "protest" in text or not is_cut_off:
        return timing
    times = timing.times
    if times is None and not timing.days and length and length > SHORT_SPAN_DAYS:
        times = min(round(EXAM_DAYS_SHARE * length), MOST_EXAM_DAYS)
    return Timing(timing.days, times, is_of_exams=True)
