"""Days and daily hours on which a restriction was in force, from the text of a row.

Definitions. A curfew is a restriction that comes back: on listed days, or a number of times, for
some hours each. A stretch is a period between two times of day, on the same day or on different
days.

Method. Days are read where the text lists them ("May 20, May 22, May 24", "Jul. 1-3"), a number of
times where it counts them ("on 15 occasions"), and hours where it gives them for each day ("each
from 6:00-8:00am", "lasting around 3-5 hours"), for the whole ("for 30 hours") or as stretches
("from 17:00 on Mar. 1 until 6:45 on Mar. 4"). All dates must lie between the first and the last
day of the row, else nothing is read; stretches must reach from the first day to the last. A stretch
counts as many days as it has 24 hours begun, so that 22:00 to 22:00 is one day. A number of times
without days is reported as a number: which days is not known. A duration below one day is hours.
"Around", "approximately" and "~" are read as said. Exam cuts happen for some hours on the days of
an exam: where a row prints no hours, it is marked, and without days either it has the share of days
that other rows have.

Where one of its hours is printed, the first or the last, hours a day have a range.

Assumptions. Each of several times is on a day of its own.

Drawbacks. Hours in other words ("all night", "the first hour of each exam") and weekdays ("every
Monday") are not read, so that the whole day counts.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from audience_impact.registers.stop.texts import (
    MONTHS,
    PHRASES,
    Row,
    cause_text,
    first_sentence,
    says,
    split_sentences,
)

HOURS = 24.0
DAY_SLACK_HOURS = 0.25
EXAMS = "Exam cheating"
EXAM_DAYS_SHARE, MOST_EXAM_DAYS = 0.6, 14
"""Share of days with an exam among the days from the first to the last, and maximum number of
exam days: medians of the 19 rows that list or count exam days."""
SHORT_SPAN_DAYS = 7
NUMBERS = {phrase: at for at, (phrase, _) in enumerate(PHRASES.phrases["numeral"], 1)} | {"an": 1}
HOURS_WORDS = {"midnight": "12:00am", "noon": "12:00pm"}
Range = tuple[float, float]
"""Least and most hours."""


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


def _hours_between(parts: tuple[str, ...]) -> float:
    begin, end = parts[:3], parts[3:6]
    half = begin[2] or (end[2] if int(begin[0]) <= 12 else "")
    start = _parse_clock(begin[0], begin[1], half)
    stop = _parse_clock(end[0], end[1], end[2] or begin[2])
    if start > stop and not begin[2] and half:  # "11:00-1:00pm" begins before noon
        start = _parse_clock(begin[0], begin[1], "am")
    return (stop - start) % HOURS


def _find_stretches(text: str, first: date, last: date) -> Iterator[tuple[date, date, float]]:
    for match in PHRASES.pattern("stretch").finditer(text):
        begin, month, day = match.groups("")[:3], match[4], match[5]
        end, to_month, to_day = match.groups("")[5:8], match[9], match[10]
        until = _day_of(to_month, to_day, first)
        start = _day_of(month, day, first) if month else until
        if start is None or until is None or not first <= start <= until <= last:
            continue
        hours = (until - start).days * HOURS + _parse_clock(*end) - _parse_clock(*begin)
        if start == until:
            hours = _hours_between((*begin, *end))
        if hours > 0:
            yield start, until, hours


def _timing_of_stretches(text: str, first: date, last: date) -> Timing | None:
    """Return the timing if stretches extend from the first day to the last.

    A stretch counts one day for each 24 hours or part of them: from 22:00 to 22:00 is one day, and
    so is a night. A single stretch names no days, since it covers all its dates.
    """
    stretches = sorted(set(_find_stretches(text, first, last)))
    ends = [until for _, until, _ in stretches]
    if not stretches or stretches[0][0] != first or max(ends) != last:
        return None
    days = {
        start + timedelta(offset)
        for start, _, hours in stretches
        for offset in range(_count_days(hours))
    }
    hours = round(min(sum(hours for *_, hours in stretches) / len(days), HOURS), 2)
    if len(days) == (last - first).days + 1:
        return Timing((), None, hours, hours)
    if len(stretches) == 1:
        return Timing((), len(days), hours, hours)
    return Timing(tuple(sorted(days)), None, hours, hours)


def _count_days(hours: float) -> int:
    """Count every 24 hours begun, ignoring a last quarter of an hour."""
    return max(1, math.ceil((hours - DAY_SLACK_HOURS) / HOURS))


def _read_range(match: re.Match[str] | None) -> Range | None:
    if match is None:
        return None
    low = _parse_number(match[1])
    return low, float(match[2]) if match[2] else low


def _parse_number(text: str) -> float:
    return float(NUMBERS.get(text.casefold(), 0) or text)


def _clock_spans(text: str) -> list[re.Match[str]]:
    """Return passages from one time of day to another, and not of two days or counts."""
    matches = PHRASES.pattern("clocks").finditer(text)
    return [match for match in matches if match[3] or match[6] or ":" in match[0]]


def _hours_a_day(text: str, days: int, comes_back: bool) -> Range | None:
    """Return least and most hours a day: of each time if recurring, else of the whole period.

    Hours of the whole period must extend from the first day to the last.
    """
    length = PHRASES.find("length", text) or PHRASES.find("length_before", text)
    clocks = {_hours_between(match.groups("")[:6]) for match in _clock_spans(text)}
    single = (min(clocks), max(clocks)) if len(clocks) == 1 else None
    stated = _read_range(length)
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


def _with_clock_times(row: Row) -> dict[str, str]:
    names, words = ("actual_cause_details", "event"), r"\b(?:midnight|noon)\b"
    texts = {name: re.sub(words, lambda word: HOURS_WORDS[word[0]], row[name]) for name in names}
    return {**row, **texts}


def _hours_of_edges(text: str, first: date, last: date) -> Range | None:
    """Return hours a day of a cut whose first or last hour is printed.

    Of an end without an hour any hour of that day is possible.
    """
    begins, ends = _find_edges(text, first, last)
    length = (last - first).days + 1
    if None in (begins, ends) and (length == 1 or begins == ends):
        return None
    low, high = (0.0, HOURS) if ends is None else (ends, ends)
    full = (length - 1) * HOURS
    least = full - (HOURS if begins is None else begins) + low
    return _plausible_hours((least, full - (begins or 0.0) + high), length)


def _find_edges(text: str, first: date, last: date) -> tuple[float | None, float | None]:
    edges: dict[str, list[tuple[date | None, float]]] = {"begins": [], "ends": []}
    for match in PHRASES.pattern("edge").finditer(text):
        clock = _parse_clock(*match.groups("")[2:5])
        for side in edges:
            edges[side] += [(_day_of(match[6], match[7], first), clock)] if match[side] else []
    begins, ends = (
        [clock for day, clock in edges[side] if day == edge]
        for side, edge in (("begins", first), ("ends", last))
    )
    if edges["ends"] and not ends:
        return None, None  # the text has another end
    return next(iter(begins), None), next(reversed(ends), None)


def _duration_hours(text: str) -> Range | None:
    if re.fullmatch(r"0\.\d+", text):
        hours = round(float(text) * HOURS, 1)
        return hours, hours
    return _read_range(PHRASES.find("hours", text))


def _count_times(text: str) -> int | None:
    match = PHRASES.find("times", text)
    count = int(_parse_number(match[1])) if match else 0
    return count if count > 1 else None


def read_timing(row: Row, first: date, last: date | None) -> Timing:
    """Return days in force and hours a day of a row that lasted from a first to a last day."""
    row = _with_clock_times(row)
    text = cause_text(row)
    if last is None:
        lasted = _duration_hours(row["duration"])
        return Timing((), None, *lasted) if lasted else _with_exam_hours(row, Timing(), None)
    by_stretches = _timing_of_stretches(text, first, last)
    if by_stretches is not None:
        return by_stretches
    length = (last - first).days + 1
    days, times, comes_back = _read_returns(row, first, last)
    sentences = split_sentences(row["event"])[: None if length == 1 else 2]
    lead = " ".join([row["actual_cause_details"], *sentences])
    hours = _hours_a_day(lead, length, comes_back)
    if hours is None and length == 1:
        hours = _duration_hours(row["duration"])
    if hours is None and not comes_back:
        hours = _hours_of_edges(text, first, last)
    if hours and not comes_back:
        times, hours = _in_whole_days(hours, length)
    timing = Timing(days, times, *(hours or (None, None)))
    return timing if hours else _with_exam_hours(row, timing, length)


def _read_returns(row: Row, first: date, last: date) -> tuple[tuple[date, ...], int | None, bool]:
    main_text = f"{row['actual_cause_details']}. {first_sentence(row['event'])}"
    times = _count_times(main_text) or _count_times(row["event"])
    days = _list_days(main_text, first, last)
    comes_back = says("each", main_text) or times is not None
    comes_back |= bool(days) and bool(_clock_spans(main_text))
    if times is not None and (times > (last - first).days + 1 or days):
        times = None
    return days if comes_back else (), times, comes_back


def _in_whole_days(hours: Range, length: int) -> tuple[int | None, Range]:
    """Return times and hours a day of a cut of some hours that covers `length` dates.

    48 hours on three dates are two days.
    """
    count = _count_days(hours[1] * length)
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
