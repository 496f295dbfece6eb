"""Numbers of people for prose, rounded by the width of their interval.

Method. The step of rounding is the largest power of ten that goes three times into the interval,
and for a number that is small beside the interval two of its own digits: 101,249,599 between 97.0
and 104.0 million is "101 million", 5,686,455 between 1.8 and 14.6 million is "5.7 million". Bounds
and a number without an interval keep three digits.
"""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from babel.numbers import format_decimal

LOCALE = "en_GB"
STEPS, DIGITS, DIGITS_ALONE = 3, 2, 3
"""Steps of rounding in an interval, digits of a small number in it, digits of a number alone."""
AS_ONE = 0.001
"""Bounds that differ by less than this share are told as one number."""
NAMES = ((1_000_000_000_000, "trillion"), (1_000_000_000, "billion"), (1_000_000, "million"))


def rounded(low: float, middle: float, high: float) -> tuple[str, str, str]:
    """The ends and the middle of an interval as a newspaper prints them: `97 million`, `4,600`."""
    if high <= low:
        return number(low), number(middle), number(high)
    step, found = _power((high - low) / STEPS), (low, middle, high)
    first, second, third = (_words(value, step, DIGITS) for value in found)
    return first, second, third


def number(value: float) -> str:
    """One number alone, to three digits: `95.5 million`."""
    return _words(value, math.inf, DIGITS_ALONE)


def interval_text(low: float, high: float) -> str:
    """An interval in words, its unit once: `97 to 104 million`; one number where the ends meet."""
    first, _, last = rounded(low, low, high)
    return first if first == last else _joined(first, last, " to ")


def between(low: float, high: float) -> str:
    """Bounds in words: `between 96 and 105 million`, or one number where they all but meet."""
    if high - low <= AS_ONE * high:
        return number(high)
    step = _power((high - low) / STEPS)
    first, last = (_words(value, step, DIGITS_ALONE) for value in (low, high))
    return "between " + _joined(first, last, " and ")


def people(low: float, middle: float, high: float, noun: str = "people") -> str:
    """How many with the interval: `about 101 million people (90 % interval 97 to 104 million)`."""
    return f"about {rounded(low, middle, high)[1]} {noun}{interval(low, high)}"


def interval(low: float, high: float) -> str:
    """The interval in brackets, with a blank before it; nothing where it has no width."""
    return f" (90 % interval {interval_text(low, high)})" if high > low else ""


def ends(
    row: Mapping[str, Any], unit: str = "persons", kind: str = ""
) -> tuple[float, float, float] | None:
    """The 5 % quantile, the median and the 95 % quantile of a published row; None: no estimate.

    `kind` is what stands before the names of the columns, such as `ordered_`.
    """
    low, middle, high = (row[f"{kind}{name}_{unit}"] for name in ("q05", "q50", "q95"))
    return None if middle is None or middle != middle else (low, middle, high)


def forced(row: Mapping[str, Any]) -> str:
    """What the bounds of a published row say."""
    low, high = row["lower_persons"], row["upper_persons"]
    if high is None:
        return "nobody counted the people that they are part of"
    return f"the figures, if right as printed, force {between(low, high)}"


def _joined(first: str, last: str, word: str) -> str:
    digits, _, unit = first.partition(" ")
    same = unit and last.partition(" ")[2] == unit
    return f"{digits if same else first}{word}{last}"


def _power(value: float) -> float:
    return float(10.0 ** math.floor(math.log10(value)))


def _words(value: float, step: float, digits: int) -> str:
    """A number at a step, or at so many of its own digits where these are finer."""
    if value <= 0:
        return "0"
    step = max(min(_power(value) / 10 ** (digits - 1), step), 1.0)
    value = round(value / step) * step
    for size, name in NAMES:
        if value >= size:
            decimals = max(0, round(math.log10(size / step)))
            return f"{_decimal(value / size, decimals)} {name}"
    return _decimal(value, 0)


@cache
def _decimal(value: float, decimals: int) -> str:
    pattern = "#,##0" + ("." + "#" * decimals if decimals else "")
    return str(format_decimal(round(value, decimals), format=pattern, locale=LOCALE))
