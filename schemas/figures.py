"""What the fact tables of figures share: where a figure was read, its ends, its unit."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import blanks
from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

low_value_high = fields.row_rule(
    "low <= value <= high does not hold, or neither value nor both ends stand",
    "correct the three, or leave blank what the page does not say",
    *("value", "share", "persons"),
    number=4,
)


def number(frame: pd.DataFrame, column: str) -> pd.Series:
    """A column of texts as float64, NaN where a cell is blank or no number."""
    return pd.to_numeric(frame[column], errors="coerce")


def ordered(frame: pd.DataFrame, low: str, middle: str, high: str) -> pd.Series:
    """Which rows have low <= middle <= high, and the middle or both ends."""
    told = blanks.filled(frame[middle]) | (blanks.filled(frame[low]) & blanks.filled(frame[high]))
    ranges = frame[frame[low].ne("") | frame[high].ne("")]
    bottom, centre, top = (number(ranges, name) for name in (low, middle, high))
    turned = ranges.index[(bottom > centre) | (centre > top) | (bottom > top)]
    return told & ~frame.index.isin(turned)


class SourcedFigure(FactModel):
    """What every figure says of where it was read."""

    source_id: Series[str] = fields.reference("sources")
    also_source_id: Series[str] = fields.reference("sources", filled=False)
    measurement_series_id: Series[str] = fields.reference("lineages", filled=False)
    note: Series[str] = fields.text()


class Measured(SourcedFigure):
    """A figure whose unit stands beside it."""

    unit: Series[str] = fields.code(words.Unit)
    value: Series[str] = fields.value()
    low: Series[str] = fields.value()
    high: Series[str] = fields.value()
    interval_kind: Series[str] = fields.code(words.IntervalKind)

    @low_value_high
    def low_value_high(cls, frame: pd.DataFrame) -> Any:
        """Low <= value <= high."""
        return ordered(frame, "low", "value", "high")

    @fields.row_rule(
        "the unit is share and the value lies above 1",
        "write a share between 0 and 1: 37 % is 0.37; or correct the unit",
        "value",
        number=20,
    )
    def share_above_one(cls, frame: pd.DataFrame) -> Any:
        """A share of people is at most all of them."""
        return frame["unit"].ne(words.Unit.SHARE.value) | ~(number(frame, "value") > 1)


class ShareOfPeople(SourcedFigure):
    """A share of the people asked."""

    share: Series[str] = fields.share()
    low_share: Series[str] = fields.share()
    high_share: Series[str] = fields.share()
    interval_kind: Series[str] = fields.code(words.IntervalKind)

    @low_value_high
    def low_value_high(cls, frame: pd.DataFrame) -> Any:
        """Low <= share <= high."""
        return ordered(frame, "low_share", "share", "high_share")
