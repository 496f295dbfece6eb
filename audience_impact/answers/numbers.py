"""Formatting of numbers, shares and dates for readers. No other module formats them.

Method. A number is rounded to the largest power of ten that fits three times into its interval. A
number that is small compared with its interval is rounded to two significant digits: 101,249,599
between 97.0 and 104.0 million is "101 million", 5,686,455 between 1.8 and 14.6 million is "5.7
million". Bounds, and numbers without an interval, are rounded to three significant digits.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from audience_impact.vocabulary import YesNo

LOCALE = Locale.parse("en_GB")
STEPS, DIGITS = 3, 2
"""Rounding steps per interval, and digits of a number that is small compared with its interval."""
COUNTRIES, RESTRICTIONS = "countries", "restrictions"
"""The parts of a total of which some may have no estimate."""
NAMES = ((1_000_000_000_000, "trillion"), (1_000_000_000, "billion"), (1_000_000, "million"))
NONE = "-"
"""Text of a table cell without a number."""


class Cover(NamedTuple):
    """The part of a total that its median and interval are of: so many of its countries.

    Where each country has an estimate, `noun` is restrictions; a row of a day does not count these,
    and both numbers are None. Where countries have none, `also_without` names the restrictions
    without an estimate: `60 of all 320 restrictions`; blank for none.
    """

    noun: str
    drawn: int | None = None
    total: int | None = None
    also_without: str = ""

    def __str__(self) -> str:
        """Return the part in words: `in 41 of 53 countries`, `under 2 of 4 restrictions`."""
        if self.drawn is None:
            return f"under the {self.noun} with an estimate"
        where = "in" if self.noun == COUNTRIES else "under"
        return f"{where} {self.drawn:,} of {self.total:,} {self.noun}"


class Estimate(NamedTuple):
    """Bounds, median and 90 % interval of a published row; None where it has none.

    A reader sees `min` and `max`, which allow for the errors of figures; `printed_min` and
    `printed_max` are what the figures force as printed. Where a total leaves out countries or
    restrictions that cannot be drawn, `covered` is the part that its interval is of.
    """

    min: float | None
    q05: float | None
    q50: float | None
    q95: float | None
    max: float | None
    printed_min: float | None = None
    printed_max: float | None = None
    covered: Cover | None = None

    @property
    def interval(self) -> tuple[float, float, float] | None:
        """Return the 5 % quantile, the median and the 95 % quantile; None without an estimate."""
        if self.q05 is None or self.q50 is None or self.q95 is None:
            return None
        return self.q05, self.q50, self.q95


NUMBERS = Estimate._fields[:-1]
ENDS = [f"{name}_persons" for name in NUMBERS]
"""Columns of the numbers of people of a published row."""


def is_blank(cell: Any) -> bool:
    """Return whether a cell of a row or of a frame has no value."""
    if cell is None or isinstance(cell, float | int | str):
        return cell is None or cell != cell
    import pandas as pd  # others are cells of a frame

    return bool(pd.isna(cell))


def read_number(cell: Any) -> float | None:
    """Return the number in a cell, None where it is blank."""
    return None if is_blank(cell) else float(cell)


def read_estimate(row: Mapping[str, Any], unit: str = "persons", prefix: str = "") -> Estimate:
    """Return the numbers of a row; None for those that it has no column of."""
    numbers = {name: read_number(row.get(f"{prefix}{name}_{unit}")) for name in NUMBERS}
    return Estimate(**numbers, covered=read_cover(row))


def read_numbers(estimate: Estimate) -> tuple[float | None, ...]:
    """Return the numbers of an estimate, in the order of NUMBERS."""
    return tuple(estimate[:-1])


def read_cover(row: Mapping[str, Any]) -> Cover | None:
    """Return the part of a total that its interval is of; None for all."""
    drawn, countries = row.get("countries_drawn"), row.get("countries_count")
    if row.get("is_lower_bound") != YesNo.YES.value or not drawn or not countries:
        return None
    without, restrictions = row.get("bounds_only_count"), row.get("restrictions_count")
    if drawn < countries:
        also = f"{without:,.0f} of all {restrictions:,.0f} restrictions" if without else ""
        return Cover(COUNTRIES, int(drawn), int(countries), also)
    if not without or not restrictions:  # a row of a day counts neither
        return Cover(RESTRICTIONS)
    return Cover(RESTRICTIONS, int(restrictions - without), int(restrictions))


def format_compact(persons: float | None) -> str:
    """Return people for tables and lists: 96.0 M, 466 k, 0; a dash where nothing is known."""
    if persons is None or is_blank(persons):
        return NONE
    if persons >= 1e6:
        return f"{persons / 1e6:,.1f} M"
    return f"{persons / 1e3:,.0f} k" if persons >= 1e3 else f"{persons:,.0f}"


def format_estimate(row: Mapping[str, Any]) -> str:
    """Return median and interval of a row for tables and lists, else its bounds."""
    estimate = read_estimate(row)
    if estimate.q50 is None:
        return f"{format_compact(estimate.min)} to {format_compact(estimate.max)}"
    if estimate.q05 == estimate.q95:
        return format_compact(estimate.q50)
    low, middle, high = map(format_compact, (estimate.q05, estimate.q50, estimate.q95))
    part = f" {estimate.covered}" if estimate.covered else ""
    return f"{middle} ({low} to {high}){part}"


def format_in_full(value: float | None, blank: str = NONE) -> str:
    """Return a number with all digits in groups of three; a fraction with four decimals."""
    if value is None:
        return blank
    return f"{value:,.4g}" if value % 1 else f"{int(value):,}"


@cache
def format_share(value: float | None, blank: str = NONE) -> str:
    """Return a share as a percentage, with one decimal if it is below 1 %."""
    if value is None:
        return blank
    pattern = "#,##0.# %" if value < 0.00995 else "#,##0 %"
    return str(format_percent(value, pattern, locale=LOCALE))


def round_interval(
    low: float, middle: float, high: float, digits: int = DIGITS
) -> tuple[str, str, str]:
    """Return the ends and the middle of an interval, rounded for a text: `97 million`."""
    if high <= low:
        return format_number(low), format_number(middle), format_number(high)
    step = _floor_power((high - low) / STEPS)
    first, second, third = (format_number(value, step, digits) for value in (low, middle, high))
    return first, second, third


def format_interval(low: float, high: float, digits: int = DIGITS) -> str:
    """Return an interval with its unit: `97 to 104 million`; one number if the ends are equal."""
    first, _, last = round_interval(low, low, high, digits)
    return _join_range(first, last)


def describe_estimate(low: float, middle: float, high: float, noun: str = "people") -> str:
    """Return the number with its interval: `about 101 million people (likely range 97 to ...)`."""
    return f"about {round_interval(low, middle, high)[1]} {noun}{bracket_interval(low, high)}"


def bracket_interval(low: float, high: float) -> str:
    """Return the interval in brackets after a space; blank if it has no width."""
    return f" (likely range {format_interval(low, high)})" if high > low else ""


def describe_bounds(estimate: Estimate) -> str:
    """Return a text on the bounds of a published row: with errors, and as its sources have them."""
    limits, parts = [], []
    if has_telling_floor(estimate):
        limits.append(f"the minimum is {format_floor(estimate.min or 0.0)}")
    if estimate.max is not None and not _ends_at_maximum(estimate):
        limits.append(f"the maximum {'' if limits else 'is '}{format_ceiling(estimate.max)}")
    if limits:
        parts.append(" and ".join(limits))
    if estimate.printed_max is not None:
        printed = f"a maximum of {format_number(estimate.printed_max)}"
        if estimate.printed_min:
            low, high = estimate.printed_min, estimate.printed_max
            is_one = high - low <= 0.001 * high
            printed = format_number(high) if is_one else format_interval(low, high, 3)
        parts.append(f"the sources' own figures give {printed}")
    return "; ".join(parts) or "our record holds no count of the people that they are part of"


def _ends_at_maximum(estimate: Estimate) -> bool:
    low, _, high = estimate.interval or (0.0, 0.0, 0.0)
    if high <= low:
        return False
    step = _limit_step(high, _floor_power((high - low) / STEPS), DIGITS)
    return round(high / step) * step >= (estimate.max or 0.0)


def limit_bounds(estimate: Estimate, residents: float | None, base: float | None) -> Estimate:
    """Return an estimate without the upper bounds that are those of everyone."""
    most, upper = estimate.max, estimate.printed_max
    everyone = min(filter(None, (residents, base)), default=math.inf)
    if not estimate.printed_min and (upper or 0.0) >= everyone / 2:
        estimate = estimate._replace(printed_max=None)
    if most is not None and most >= everyone * 0.98:  # which says no more than everyone
        estimate = estimate._replace(max=None)
    return estimate


def has_telling_ceiling(estimate: Estimate, residents: float | None, base: float | None) -> bool:
    """Return whether the upper bound is below all residents and half of those online."""
    most = estimate.max
    return bool(most and residents and base and most < residents and most < base / 2)


def has_telling_floor(estimate: Estimate) -> bool:
    """Return whether the lower bound says anything beside the median and the upper bound."""
    least, most = estimate.min or 0.0, estimate.max or 0.0
    return least > 0.05 * (estimate.q50 or 0.0) and not _is_misread(least, most)


def _is_misread(low: float, high: float) -> bool:
    """Return whether `809 to 239 million` would be read as 809 million."""
    return low < 1_000 and high >= 1_000_000


def format_median_interval(estimate: Estimate) -> str:
    """Return median and interval for a picture; only the median if the interval has no width."""
    if estimate.interval is None:
        return "no estimate"
    low, _, high = estimate.interval
    first, shown, last = round_interval(*estimate.interval)
    if low == high:
        return shown
    span, unit = format_interval(low, high), shown.partition(" ")[2]
    if unit and first.endswith(unit) and last.endswith(unit):
        span = span.removesuffix(f" {unit}")
    part = f" {estimate.covered}" if estimate.covered else ""
    return f"{shown} ({span}){part}"


def format_amount(estimate: Estimate) -> str:
    """Return median and interval for a list, or that there is no estimate."""
    is_blank = estimate.interval is None and estimate.min is None and estimate.max is None
    return NONE if is_blank else format_median_interval(estimate)


def format_median(estimate: Estimate, blank: str = NONE) -> str:
    """Return the median, rounded by the width of its interval."""
    return blank if estimate.interval is None else round_interval(*estimate.interval)[1]


def format_bounds(estimate: Estimate) -> str:
    """Return both bounds with errors, rounded outwards, or the only one that is known."""
    least, most = estimate.min or 0.0, estimate.max
    low = format_floor(0.0 if _is_misread(least, most or 0.0) else least)
    if most is None:
        return f"{low} or more" if least else "not known"
    return _join_range(low, format_ceiling(most))


def format_printed(estimate: Estimate) -> str:
    """Return both bounds as printed; a dash if there is no upper bound."""
    low, high = estimate.printed_min or 0.0, estimate.printed_max
    return NONE if high is None else _join_range(format_number(low), format_number(high))


def _join_range(first: str, last: str) -> str:
    """Return `97 to 104 million`, or one number if both are the same."""
    if first == last:
        return first
    digits, _, unit = first.partition(" ")
    return f"{digits if unit and last.endswith(f' {unit}') else first} to {last}"


def _floor_power(value: float) -> float:
    return float(10.0 ** math.floor(math.log10(value)))


def _limit_step(value: float, step: float, digits: int) -> float:
    """Return a step of rounding, or that of so many digits of a number where it is finer."""
    return max(min(_floor_power(value) / 10.0 ** (digits - 1), step), 1.0)


def format_number(
    value: float, step: float = math.inf, digits: int = 3, rounded: Callable[[float], int] = round
) -> str:
    """Return a number at a step, or at so many digits if these are finer: `95.5 million`."""
    if value <= 0:
        return "0"
    step = _limit_step(value, step, digits)
    value = rounded(value / step) * step
    for size, name in NAMES:
        if value >= size:
            decimals = max(0, round(math.log10(size / step)))
            return f"{group_digits(value / size, decimals)} {name}"
    return group_digits(value, 0)


def format_floor(value: float) -> str:
    """Return a lower bound with three digits, rounded down."""
    return format_number(value, rounded=math.floor)


def format_ceiling(value: float) -> str:
    """Return an upper bound with three digits, rounded up."""
    return format_number(value, rounded=math.ceil)


@cache
def group_digits(value: float, decimals: int) -> str:
    """Return a number in groups of three with at most so many decimals."""
    pattern = "#,##0" + ("." + "#" * decimals if decimals else "")
    return str(format_decimal(round(value, decimals), format=pattern, locale=LOCALE))


def on_day(text: str) -> str:
    """Return a day, month, year or span as part of a sentence: `on 13 August 2025`."""
    first, _, last = text.partition("/")
    if not last:
        return f"{'on' if len(text) == 10 else 'in'} {day_in_words(text)}"
    days = [date.fromisoformat(day) for day in (first, last) if len(day) == 10]
    if len(days) > 1 and (days[1] - days[0]).days == 1:
        return "on " + _join_dates(first, last, " or ")
    return "between " + _join_dates(first, last, " and ")


def from_to(first: str, last: str) -> str:
    """Return a span between two dates in words: `from 4 to 26 November 2020`."""
    if first == last:
        return on_day(first)
    if "/" in last:
        return f"from {day_in_words(first)} to {last_day_in_words(last)}"
    if len(last) < len(first) and first.startswith(last):
        return f"from {day_in_words(first)} until later that {'month' if '-' in last else 'year'}"
    return "from " + _join_dates(first, last, " to ")


def _join_dates(first: str, last: str, word: str) -> str:
    """Return two dates joined by a word, their common part once: `4 to 26 November 2020`."""
    begin = day_in_words(first)
    if len(first) == len(last) > 4 and first[:4] == last[:4]:
        pattern = "d" if first[:7] == last[:7] else "d MMMM" if len(first) == 10 else "MMMM"
        begin = _write_date(first, pattern)
    return f"{begin}{word}{day_in_words(last)}"


def day_in_words(text: str) -> str:
    """Return a day, month, quarter or year in words: `13 August 2025`, `July 2025`, `Q1 2025`."""
    if re.fullmatch(r"\d{4}-Q[1-4]", text):
        year, quarter = text.split("-Q")
        return str(format_date(date(int(year), 3 * int(quarter), 1), "QQQ y", LOCALE))
    if half := re.fullmatch(r"(\d{4})-H([12])", text):
        return f"{'first' if half[2] == '1' else 'second'} half of {half[1]}"
    is_date = re.fullmatch(r"\d{4}(-\d{2}){0,2}", text)
    return _write_date(text, {4: "y", 7: "MMMM y", 10: "d MMMM y"}[len(text)]) if is_date else text


def last_day_in_words(text: str) -> str:
    """Return a last day in words; a span as `a day between 4 and 30 September 2017`."""
    first, _, last = text.partition("/")
    return f"a day between {_join_dates(first, last, ' and ')}" if last else day_in_words(first)


def dates_in_words(value: Any) -> str:
    """Return an ISO 8601 day, month, year or span in words: `August 2025`, or `not known`."""
    first, _, last = str(value or "").partition("/")
    if not first:
        return "not known"
    return f"{day_in_words(first)} to {day_in_words(last)}" if last else day_in_words(first)


@cache
def _write_date(text: str, pattern: str) -> str:
    """Return a date in a pattern; unchanged where no calendar has it."""
    try:
        day = date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        return text
    return str(format_date(day, pattern, LOCALE))
