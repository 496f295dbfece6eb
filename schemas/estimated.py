"""The contracts of the published tables of estimates: over time, by group, and what drives them."""

from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel

INPUTS = [*(kind.value for kind in words.InputKind), "no_figure"]
METRICS = [*(metric.value for metric in words.ImpactMetric), "person_days"]


def _person_days(description: str, null: bool = True) -> Any:
    return columns.column(description, "person_days", "OBS_VALUE", null, ge=0)


def _person_hours(description: str, null: bool = True) -> Any:
    return columns.column(description, "person_hours", "OBS_VALUE", null, ge=0)


def _status() -> Any:
    return columns.word(
        words.ObsStatus, "E estimated, U low reliability, M no estimate", "OBS_STATUS"
    )


def _reason() -> Any:
    return columns.text("why the status is what it is; null: nothing to say", sdmx="COMMENT_OBS")


class ImpactByArea(PublishedModel):
    """People under at least one restriction in a month or a year, each person once."""

    area_id: Series[str] = columns.column("ISO 3166 code of the country", sdmx="REF_AREA")
    period: Series[str] = columns.column("month or year", sdmx="TIME_PERIOD")
    impact_metric: Series[str] = columns.word(
        words.ImpactMetric, "which people are counted", "INDICATOR"
    )
    lower_persons: Series[float] = columns.people("at least so many people", null=False)
    q05_persons: Series[float] = columns.people(
        "5 % quantile, of restrictions with figures; null: none"
    )
    q50_persons: Series[float] = columns.people("median, of restrictions with figures; null: none")
    q95_persons: Series[float] = columns.people(
        "95 % quantile, of restrictions with figures; null: none"
    )
    upper_persons: Series[float] = columns.people("at most so many people; null: no base on record")
    base: Series[str] = columns.column("population that contains the audiences", null=True)
    base_persons: Series[float] = columns.people("people in the base")
    platforms: Series[str] = columns.column("platforms restricted at some time, joined by ;")
    restrictions_count: Series[float] = columns.column(
        "restrictions in force at some time", "count", ge=1
    )
    bounds_only_count: Series[float] = columns.column(
        "of these, how many the quantiles leave out: in part of the country, or without a figure",
        "count",
        ge=0,
    )
    obs_status: Series[str] = _status()
    reason: Series[str] = _reason()
    as_of: Series[str] = columns.as_of()

    @pa.dataframe_check(name="bounds_in_order")
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Lower <= quantiles <= upper <= base, to one person."""
        names = ("lower", "q05", "q50", "q95", "upper", "base")
        steps = frame[[f"{name}_persons" for name in names]].diff(axis=1).iloc[:, 1:]
        return ~(steps < -1).any(axis=1)


class AreaComparisons(PublishedModel):
    """What others published for an area and period, beside ours, and why the two differ."""

    published_area_figure_id: Series[str] = columns.column("the published figure")
    area_id: Series[str] = columns.column("ISO 3166 code; 001: the world", sdmx="REF_AREA")
    period: Series[str] = columns.column("period of the figure", sdmx="TIME_PERIOD")
    publisher: Series[str] = columns.column("who published it")
    figure_kind: Series[str] = columns.word(words.FigureKind, "what it counts")
    interval_kind: Series[str] = columns.word(words.IntervalKind, "one_sided_min means: over")
    published_persons: Series[float] = columns.people("their number of people; null: none given")
    published_events_count: Series[float] = columns.column(
        "their number of restrictions; null: none given", "count", null=True, ge=0
    )
    published_hours: Series[float] = columns.column(
        "their hours of restriction; null: none given", "hours", null=True, ge=0
    )
    lower_persons: Series[float] = columns.people("our lower bound; null: nothing on record")
    q50_persons: Series[float] = columns.people("our median; null: no estimate")
    upper_persons: Series[float] = columns.people("our upper bound")
    base_persons: Series[float] = columns.people("people in our base")
    restrictions_count: Series[float] = columns.column("restrictions of ours", "count", null=True)
    lower_ratio: Series[float] = columns.column("theirs over our lower bound", "ratio", null=True)
    q50_ratio: Series[float] = columns.column("theirs over our median", "ratio", null=True)
    upper_ratio: Series[float] = columns.column("theirs over our upper bound", "ratio", null=True)
    difference_reason: Series[str] = columns.column("within_bounds, or why it differs")
    source_id: Series[str] = columns.column("where it stands", sdmx="SOURCE")
    note: Series[str] = columns.text("what the source says of it", sdmx="COMMENT_OBS")


class ImpactByGroup(PublishedModel):
    """Bounds on the share exposed of each age and sex, where figures by age or sex exist."""

    restriction_id: Series[str] = columns.restriction()
    area_id: Series[str] = columns.column("ISO 3166 code of the country", sdmx="REF_AREA")
    age: Series[str] = columns.column("ages as the source groups them; all: every age", sdmx="AGE")
    sex: Series[str] = columns.column("M, F, or _T for both", sdmx="SEX", isin=["M", "F", "_T"])
    impact_metric: Series[str] = columns.word(
        words.ImpactMetric, "which people are counted", "INDICATOR"
    )
    base: Series[str] = columns.column("population whose age and sex group it is")
    lower_base_share: Series[float] = columns.column(
        "at least this share of the group", "share", ge=0
    )
    upper_base_share: Series[float] = columns.column(
        "at most this share of the group", "share", le=1
    )
    platforms: Series[str] = columns.column("platforms with a figure of the group, joined by ;")
    period: Series[str] = columns.column("periods of the figures, joined by ;", sdmx="TIME_PERIOD")
    obs_status: Series[str] = _status()
    reason: Series[str] = _reason()
    as_of: Series[str] = columns.as_of()


class PersonDays(PublishedModel):
    """Person-days under restrictions: a person counts once a day, whatever is restricted."""

    restriction_id: Series[str] = columns.column("the restriction; `all`: every one of the country")
    area_id: Series[str] = columns.column(
        "ISO 3166 codes of the countries, joined by ;", sdmx="REF_AREA"
    )
    period: Series[str] = columns.column(
        "month, year, or `all` of the restriction", sdmx="TIME_PERIOD"
    )
    days: Series[float] = columns.column("days that may have been under restriction", "days", ge=0)
    covered_days: Series[float] = columns.column(
        "days that the quantiles cover", "days", null=True, ge=0
    )
    lower_person_days: Series[float] = _person_days("at least, with ends on record", null=False)
    q05_person_days: Series[float] = _person_days("5 % quantile; null: no estimate")
    q50_person_days: Series[float] = _person_days("median; null: no estimate")
    q95_person_days: Series[float] = _person_days("95 % quantile; null: no estimate")
    upper_person_days: Series[float] = _person_days("at most; null: no base on record")
    lower_person_hours: Series[float] = _person_hours("at least; untold hours count 0", null=False)
    q05_person_hours: Series[float] = _person_hours("5 % quantile; null: no estimate")
    q50_person_hours: Series[float] = _person_hours("median; null: no estimate")
    q95_person_hours: Series[float] = _person_hours("95 % quantile; null: no estimate")
    upper_person_hours: Series[float] = _person_hours("at most; untold hours count 24 a day")
    naive_sum_person_days: Series[float] = _person_days(
        "monthly audiences added up for every day, which counts people many times"
    )
    naive_daily_sum_person_days: Series[float] = _person_days(
        "daily audiences added up, which counts users of several platforms several times"
    )
    imputed_days: Series[float] = columns.column(
        "days, with unknown ends imputed", "days", null=True, ge=0
    )
    imputed_lower_person_days: Series[float] = _person_days("at least, with imputed ends")
    imputed_q05_person_days: Series[float] = _person_days("5 % quantile, with imputed ends")
    imputed_q50_person_days: Series[float] = _person_days("median, with imputed ends")
    imputed_q95_person_days: Series[float] = _person_days("95 % quantile, with imputed ends")
    imputed_upper_person_days: Series[float] = _person_days("at most, with imputed ends")
    obs_status: Series[str] = _status()
    reason: Series[str] = _reason()
    as_of: Series[str] = columns.as_of()

    @pa.dataframe_check(name="bounds_in_order")
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Lower <= quantiles <= upper, to one person on each day."""
        names = ("lower", "q05", "q50", "q95", "upper")
        days, hours = (
            frame[[f"{name}_{unit}" for name in names]].diff(axis=1).iloc[:, 1:]
            for unit in ("person_days", "person_hours")
        )
        slack = -frame["days"] - 1
        return ~(days.lt(slack, axis=0).any(axis=1) | hours.lt(24 * slack, axis=0).any(axis=1))

    @pa.dataframe_check(name="hours_of_days")
    def hours_of_days(cls, frame: pd.DataFrame) -> Any:
        """No more person-hours than 24 for each person-day, to one person on each day."""
        pairs = [(f"{name}_person_hours", f"{name}_person_days") for name in ("lower", "upper")]
        over = [frame[hours] > 24 * (frame[days] + frame["days"] + 1) for hours, days in pairs]
        return ~(over[0] | over[1])


class Sensitivity(PublishedModel):
    """Which input drives the width of each interval, and what to measure next."""

    restriction_id: Series[str] = columns.restriction()
    impact_metric: Series[str] = columns.column(
        "which number's width", sdmx="INDICATOR", isin=METRICS
    )
    input: Series[str] = columns.column(
        "kind of input; no_figure: nothing is drawn, and this would help most", isin=INPUTS
    )
    rank_count: Series[float] = columns.column("1: the largest total share", "count", ge=1)
    first_order_share: Series[float] = columns.column(
        "part of the variance that goes if the input were known", "share", null=True
    )
    first_order_error_share: Series[float] = columns.share("its standard error")
    total_share: Series[float] = columns.column(
        "part of the variance that stays if all else were known", "share", null=True
    )
    total_error_share: Series[float] = columns.share("its standard error")
    advice: Series[str] = columns.column("what to measure next")
