"""On which days a restriction was in force and for how many hours, from the text of a row.

Definitions. A curfew is a restriction that comes back: on listed days, or a number of times, for
some hours each. A stretch is one time from a clock hour of a day to a clock hour of a day.

Method. Days are read where the text lists them ("May 20, May 22, May 24", "Jul. 1-3"), a number of
times where it counts them ("on 15 occasions"), and hours where it gives them for each day ("each
from 6:00-8:00am", "lasting around 3-5 hours"), for the whole ("for 30 hours") or as stretches
("from 17:00 on Mar. 1 until 6:45 on Mar. 4"). All dates must lie between the first and the last
day of the row, else nothing is read; stretches must reach from the first day to the last. A number
of times without days is told as a number: which days is not known. A duration below one day is
hours. "Around", "approximately" and "~" are read as said.

Assumptions. Each of several times is on a day of its own.

Drawbacks. Hours that are told in other words ("all night", "the first hour of each exam") are not
read, and then it counts as the whole day.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from audience_impact.registers.stop.words import MONTHS, first_sentence, sentences

HOURS = 24.0
NUMBERS = {
    **{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8},
    **{"nine": 9, "ten": 10, "eleven": 11, "twelve": 12},
}
_MONTH = rf"(?:{'|'.join(MONTHS)})[a-z]*\.?"
_DAY = rf"({_MONTH}) (\d{{1,2}})(?!\d|:)"
ITEM = re.compile(rf"{_DAY}(?:\s*-\s*(?:({_MONTH}) )?(\d{{1,2}})(?!\d|:))?", re.IGNORECASE)
LIST = re.compile(
    rf"{ITEM.pattern}(?:(?:\s*[,;]\s*(?:and )?|\s+and\s+){ITEM.pattern})+", re.IGNORECASE
)
SPAN = re.compile(
    rf"\b(?:between|from)\s+{_DAY}(?:\s+(?:and|to|until)\s+|\s*-\s*){_DAY}", re.IGNORECASE
)
_COUNT = rf"(\d{{1,3}}|{'|'.join(NUMBERS)})"
TIMES = re.compile(
    rf"\b{_COUNT} (?:different |separate )?(?:times|occasions|instances|events of curfew)\b",
    re.IGNORECASE,
)
EACH = re.compile(
    r"\b(?:each|both|all (?:between|from)|daily|every ?days?|every night|curfew)\b", re.IGNORECASE
)
_CLOCK = r"(?:around |about |approximately )?(\d{1,2})(?::(\d{2}))?\s*(am|pm)?"
_ZONE = r"(?:\s*\([^)]*\)|\s+utc(?:[+-]\d+)?)?"
CLOCKS = re.compile(
    rf"\b(?:between|from|starting from)\s+{_CLOCK}{_ZONE}\s*(?:-|to|and|until)\s*{_CLOCK}",
    re.IGNORECASE,
)
STRETCH = re.compile(
    rf"\b(?:between|from)\s+{_CLOCK}{_ZONE}(?:\s+on\s+{_DAY})?\s*(?:-|to|and|until)\s*"
    rf"{_CLOCK}{_ZONE}\s+on\s+{_DAY}",
    re.IGNORECASE,
)
_NUMBER = rf"~?\s*(\d{{1,3}}(?:\.\d+)?|{'|'.join(NUMBERS)})(?:\s*-\s*(\d{{1,2}}(?:\.\d+)?))?"
LENGTH = re.compile(
    r"\b(?:for|during|last(?:ed|ing)|approximately|about|around|after|~)\s*"
    r"(?:around |about |approximately |over )?"
    rf"{_NUMBER}\s*[- ]?hours?\b(?! of brief| periods?)",
    re.IGNORECASE,
)
ADJECTIVE = re.compile(
    rf"{_NUMBER}[- ]hours?[- ](?:long )?(?:internet |nationwide )?"
    r"(?:shutdown|disruption|outage|blackout|curfew)(?!s)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Timing:
    """Days in force and the hours of each, on average over them.

    `days` is blank where none are listed, and `times` where none are counted; hours are a range,
    blank where nothing is told of them.
    """

    days: tuple[date, ...] = ()
    times: int | None = None
    least_hours: float | None = None
    most_hours: float | None = None


def _number(text: str) -> float:
    return float(NUMBERS.get(text.casefold(), 0) or text)


def _day_of(month: str, day: str, first: date) -> date | None:
    """A day without its year: the year of the first day, or the next if it lies before it."""
    number = MONTHS.index(month[:3].casefold()) + 1
    for year in (first.year, first.year + 1):
        try:
            found = date(year, number, int(day))
        except ValueError:
            return None
        if found >= first:
            return found
    return None


def _listed(text: str, first: date, last: date) -> tuple[date, ...]:
    """The days of the longest list in a text, if all lie between first and last."""
    texts = [match[0] for match in LIST.finditer(SPAN.sub(" ", text))]
    if not texts:
        return ()
    found: set[date] = set()
    for month, day, other, until in ITEM.findall(max(texts, key=len)):
        start = _day_of(month, day, first)
        end = _day_of(other or month, until, first) if until else start
        if start is None or end is None or not start <= end <= last:
            return ()
        found |= {start + timedelta(days) for days in range((end - start).days + 1)}
    return tuple(sorted(found))


def _clock(hour: str, minute: str, half: str) -> float:
    value = float(hour) % 12 if half else float(hour)
    return value + (12.0 if half.casefold() == "pm" else 0.0) + float(minute or 0) / 60


def _between(parts: tuple[str, ...]) -> float:
    """Hours from one clock time to the next; a half of the day told once is that of both."""
    begin, end = parts[:3], parts[3:6]
    half = begin[2] or (end[2] if int(begin[0]) <= 12 else "")
    start, stop = _clock(begin[0], begin[1], half), _clock(end[0], end[1], end[2] or begin[2])
    if start > stop and not begin[2] and half:  # "11:00-1:00pm" begins before noon
        start = _clock(begin[0], begin[1], "am")
    return (stop - start) % HOURS


def _stretches(text: str, first: date, last: date) -> Iterator[tuple[date, date, float]]:
    """First and last day and hours of each stretch with its days; those outside raise nothing."""
    for match in STRETCH.finditer(text):
        begin, month, day = match.groups("")[:3], match[4], match[5]
        end, to_month, to_day = match.groups("")[5:8], match[9], match[10]
        until = _day_of(to_month, to_day, first)
        start = _day_of(month, day, first) if month else until
        if start is None or until is None or not first <= start <= until <= last:
            continue
        hours = (until - start).days * HOURS + _clock(*end) - _clock(*begin)
        if start == until:
            hours = _between((*begin, *end))
        if hours > 0:
            yield start, until, hours


def _of_stretches(text: str, first: date, last: date) -> Timing | None:
    """The timing where stretches reach from the first day to the last."""
    found = sorted(set(_stretches(text, first, last)))
    if not found or found[0][0] != first or max(until for _, until, _ in found) != last:
        return None
    days = {
        start + timedelta(each)
        for start, until, _ in found
        for each in range((until - start).days + 1)
    }
    hours = round(min(sum(hours for *_, hours in found) / len(days), HOURS), 2)
    gaps = len(days) <= (last - first).days
    return Timing(tuple(sorted(days)) if gaps else (), None, hours, hours)


def _range(found: re.Match[str]) -> tuple[float, float]:
    low = _number(found[1])
    return low, float(found[2]) if found[2] else low


def _hours(text: str, days: int, comes_back: bool) -> tuple[float, float] | None:
    """Least and most hours a day: of each time where it comes back, else of the whole.

    Hours of the whole must reach from the first day to the last.
    """
    length = LENGTH.search(text) or ADJECTIVE.search(text)
    clocks = {_between(match.groups("")[:6]) for match in CLOCKS.finditer(text) if _told(match)}
    single = (*clocks, *clocks)[:2] if len(clocks) == 1 else None
    whole = _range(length) if length else None
    if comes_back:
        return _sane(whole or single, 1)
    if days == 1 and single:
        return _sane(single, 1)
    reaches = whole is not None and whole[1] > (days - 2) * HOURS
    return _sane(whole if reaches else None, days)


def _told(match: re.Match[str]) -> bool:
    """Whether two numbers are clock times and not days or counts."""
    return bool(match[3] or match[6] or ":" in match[0])


def _sane(hours: tuple[float, ...] | None, days: int) -> tuple[float, float] | None:
    """Hours a day, or nothing where they are none or more than a day has."""
    if hours is None:
        return None
    low, high = (round(each / days, 2) for each in hours)
    return (low, high) if 0 < low <= high <= HOURS else None


def _said(row: Mapping[str, str]) -> str:
    return f"{row['actual_cause_details']}. {row['event']}"


def _lasted(text: str) -> tuple[float, float] | None:
    """Hours of a duration below one day, or told in hours."""
    if re.fullmatch(r"0\.\d+", text):
        hours = round(float(text) * HOURS, 1)
        return (hours, hours) if hours else None
    found = re.search(rf"{_NUMBER}\s*hours?\b", text, re.IGNORECASE)
    return _range(found) if found else None


def _times(text: str) -> int | None:
    found = TIMES.search(text)
    count = int(_number(found[1])) if found else 0
    return count if count > 1 else None


def timing(row: Mapping[str, str], first: date, last: date | None) -> Timing:
    """Days in force and hours a day of a row that lasted from a first to a last day.

    Without a last day only the duration is read.
    """
    lasted = _lasted(row["duration"])
    if last is None or last < first:
        return Timing((), None, *(lasted or (None, None)))
    length = (last - first).days + 1
    found = _of_stretches(_said(row), first, last)
    if found is not None:
        return found
    act = f"{row['actual_cause_details']}. {first_sentence(row['event'])}"
    times = _times(act) or _times(row["event"])
    days = _listed(act, first, last)
    comes_back = bool(EACH.search(act)) or times is not None
    if not comes_back or (times and times < len(days)):
        days = ()
    if times is not None and (times > length or days):
        times = None
    lead = " ".join([row["actual_cause_details"], *sentences(row["event"])[:2]])
    hours = _hours(lead, length, comes_back) or (lasted if length == 1 else None)
    return Timing(days, times, *(hours or (None, None)))
