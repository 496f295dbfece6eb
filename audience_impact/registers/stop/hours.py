"""Days of a row of the STOP register, and its daily hours.

Definitions. A curfew is a restriction that comes back for some hours each time.

Method. Hours are read where the text gives them for each day ("each from 6:00-8:00am", "lasting
around 3-5 hours"), for the whole ("for 30 hours") or as the first and last hour ("from 17:00 on
Mar. 1 until 6:45 on Mar. 4"), between the first and the last day of the row. A duration below one
day is hours. "Around", "approximately" and "~" are read as said. Exam cuts happen for some hours on
the days of an exam: where a row prints no hours, it is marked, and has the share of days that other
rows have. Where only the first or only the last hour of a cut is printed, hours a day have a range.
Listed days and counted times are read by hand (corrections.csv).

Drawbacks. Hours in other words ("all night", "the first hour of each exam") and weekdays ("every
Monday") are not read, so that the whole day counts.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from audience_impact.periods import SANE_YEARS
from audience_impact.registers.stop.words import (
    MONTHS,
    PHRASES,
    Row,
    cause_text,
    first_sentence,
    says,
    split_sentences,
)

HOURS = 24.0
EXAMS = "Exam cheating"
EXAM_DAYS_SHARE, MOST_EXAM_DAYS = 0.6, 14
"""Share of days with an exam from the first to the last, and most of them: medians of 19 rows."""
SHORT_SPAN_DAYS = 7
NUMBERS = {phrase: at for at, (phrase, _) in enumerate(PHRASES.phrases["numeral"], 1)} | {"an": 1}
Clock = Sequence[str]
"""Hour, minute and am or pm of a time of day, as printed."""
Range = tuple[float, float]
"""Least and most hours."""


@lru_cache(maxsize=100_000)
def parse_day(text: str) -> str:
    """Return the day at the beginning of an ISO text; blank for none, or outside SANE_YEARS."""
    match = re.match(r"(\d{4}-\d{2}-\d{2})(?:$|[T ]\d{2}:\d{2})", text)
    try:
        day = date.fromisoformat(match[1] if match else "")
    except ValueError:
        return ""
    return day.isoformat() if SANE_YEARS[0] <= day.year <= SANE_YEARS[1] else ""


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


@dataclass(frozen=True)
class Timing:
    """The number of times in force and the average hours of each.

    `times` is blank if it is not known, and so are the hours, a range. `is_of_exams` means that the
    row prints no hours, so that those of other cuts for exams are used (fitted/durations.py).
    """

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


def _parse_clock(hour: str, minute: str, half: str) -> float:
    value = float(hour) % 12 if half else float(hour)
    return value + (12.0 if half.casefold() == "pm" else 0.0) + float(minute or 0) / 60


def _hours_between(begin: Clock, end: Clock) -> float:
    """Return the hours from one time of day to another; one am or pm may count for both."""
    start = _parse_clock(begin[0], begin[1], begin[2] or end[2])
    stop = _parse_clock(end[0], end[1], end[2] or begin[2])
    if start > stop and end[2] and not begin[2]:  # "11:00-1:00pm" begins before noon
        start = _parse_clock(begin[0], begin[1], "am")
    return (stop - start) % HOURS


def _read_range(match: re.Match[str] | None) -> Range | None:
    if match is None:
        return None
    low = float(NUMBERS.get(match[1].casefold(), 0) or match[1])
    return low, float(match[2]) if match[2] else low


def _hours_a_day(text: str, days: int, comes_back: bool) -> Range | None:
    """Return least and most hours a day: of each time if recurring, else of the whole period.

    Hours of the whole period must extend from the first day to the last.
    """
    stated = _read_range(PHRASES.find("length", text))
    # Without am, pm or a colon the numbers are days or counts.
    matches = PHRASES.pattern("clocks").finditer(text)
    spans = [match.groups("") for match in matches if match[3] or match[6] or ":" in match[0]]
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
    """Return hours a day where the first or last hour is printed; the other may be any hour."""
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
    """Return times and hours a day of a row that lasted from a first to a last day."""
    if last is None:
        lasted = _duration_hours(row["duration"])
        return Timing(None, *lasted) if lasted else _time_exams(row, None)
    length = (last - first).days + 1
    comes_back = says("each", f"{row['actual_cause_details']}. {first_sentence(row['event'])}")
    sentences = split_sentences(row["event"])[: None if length == 1 else 2]
    lead = " ".join([row["actual_cause_details"], *sentences])
    hours = _hours_a_day(lead, length, comes_back)
    if hours is None and length == 1:
        hours = _duration_hours(row["duration"])
    if hours is None and not comes_back:
        hours = _hours_of_edges(cause_text(row), first, last)
    if hours is None:
        return _time_exams(row, length)
    # 48 hours on three dates are two days.
    count = length if comes_back else math.ceil(hours[1] * length / HOURS)
    if count >= length:
        return Timing(None, *hours)
    low, high = (round(number * length / count, 2) for number in hours)
    return Timing(count, low, high)


def _time_exams(row: Row, length: int | None) -> Timing:
    """Return the timing of a cut without hours: that of other exam cuts if it was for an exam.

    Cuts of services get it only if the text states that the services came back. Cuts with protests
    as a further reason do not get it. `length` is the number of days of the cut, if known.
    """
    text = cause_text(row).casefold()
    is_cut_off = "Full" in row["shutdown_extent"] or "curfew" in text
    if row["actual_cause"] != EXAMS or "protest" in text or not is_cut_off:
        return Timing()
    times = None
    if length and length > SHORT_SPAN_DAYS:
        times = min(round(EXAM_DAYS_SHARE * length), MOST_EXAM_DAYS)
    return Timing(times, is_of_exams=True)
