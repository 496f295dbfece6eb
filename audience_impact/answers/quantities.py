"""Numbers of published rows, and how pictures print them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from audience_impact.answers.sentences.numbers import interval_text, number, rounded


class Estimate(NamedTuple):
    """Bounds, median and 90 % interval of a published row; None where it has none."""

    lower: float | None
    q05: float | None
    q50: float | None
    q95: float | None
    upper: float | None


def known(cell: Any) -> float | None:
    """The number in a cell, None where it is blank."""
    return None if cell is None or pd.isna(cell) else float(cell)


def estimate(row: Mapping[str, Any], unit: str = "persons", prefix: str = "") -> Estimate:
    """The five numbers of a row."""
    return Estimate(*(known(row[f"{prefix}{name}_{unit}"]) for name in Estimate._fields))


def middle(found: Estimate) -> str:
    """Median and interval, rounded by its width; the median alone where the interval has none."""
    if found.q05 is None or found.q50 is None or found.q95 is None:
        return "no estimate"
    if found.q05 == found.q95:
        return number(found.q50)
    _, median, last = rounded(found.q05, found.q50, found.q95)
    span = interval_text(found.q05, found.q95)
    unit = median.partition(" ")[2]
    same = unit and last.endswith(unit) and span.count(unit) == 1
    return f"{median} ({span.removesuffix(f' {unit}') if same else span})"


def bounds(found: Estimate) -> str:
    """Both bounds, or the one that there is."""
    if found.upper is None:
        return f"at least {number(found.lower)}" if found.lower else "not known"
    low, high = number(found.lower or 0.0), number(found.upper)
    digits, _, unit = low.partition(" ")
    if low == high:
        return low
    return f"{digits if unit and high.endswith(f' {unit}') else low} to {high}"
