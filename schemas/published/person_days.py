"""The published table `person_days`."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact.outputs.review import status_rules
from schemas import columns
from schemas.columns import ReasonedModel, bounds_in_order, in_order, row_rule

KEY = ("restriction_id", "area_id", "period")


class PersonDays(ReasonedModel):
    """Person-days under restrictions: a person counts once a day, whatever is restricted."""

    restriction_id: Series[str] = columns.make_column(
        "the restriction; `all`: every one of the country",
        special={"all": "every restriction of the country, each person once a day"},
    )
    area_id: Series[str] = columns.make_column(
        "ISO 3166 codes of the countries, joined by ;", sdmx="REF_AREA"
    )
    period: Series[str] = columns.make_column(
        "month, year, or `all` of the restriction",
        sdmx="TIME_PERIOD",
        special={"all": "from its start to its end, or to the day of the facts"},
    )
    days: Series[float] = columns.make_column(
        "days that may have been under restriction", "days", ge=0
    )
    covered_days: Series[float] = columns.make_column(
        "days that the quantiles cover", "days", null=True, ge=0
    )
    lower_person_days: Series[float] = columns.person_days(
        "at least, with ends on record", null=False
    )
    q05_person_days: Series[float] = columns.person_days("5 % quantile; null: no estimate")
    q50_person_days: Series[float] = columns.person_days("median; null: no estimate")
    q95_person_days: Series[float] = columns.person_days("95 % quantile; null: no estimate")
    upper_person_days: Series[float] = columns.person_days("at most; null: no base on record")
    lower_person_hours: Series[float] = columns.person_hours(
        "at least; hours that nobody told count nothing on the first and the last day", null=False
    )
    q05_person_hours: Series[float] = columns.person_hours("5 % quantile; null: no estimate")
    q50_person_hours: Series[float] = columns.person_hours(
        "median; null: no estimate; hours that nobody told count 24 a day"
    )
    q95_person_hours: Series[float] = columns.person_hours("95 % quantile; null: no estimate")
    upper_person_hours: Series[float] = columns.person_hours(
        "at most; hours that nobody told count 24 a day; null: no base on record"
    )
    naive_sum_person_days: Series[float] = columns.person_days(
        "monthly audiences added up for every day, which counts people many times"
    )
    naive_daily_sum_person_days: Series[float] = columns.person_days(
        "daily audiences added up, which counts users of several platforms several times"
    )
    imputed_days: Series[float] = columns.make_column(
        "days, with unknown ends imputed", "days", null=True, ge=0
    )
    imputed_lower_person_days: Series[float] = columns.person_days("at least, with imputed ends")
    imputed_q05_person_days: Series[float] = columns.person_days("5 % quantile, with imputed ends")
    imputed_q50_person_days: Series[float] = columns.person_days("median, with imputed ends")
    imputed_q95_person_days: Series[float] = columns.person_days("95 % quantile, with imputed ends")
    imputed_upper_person_days: Series[float] = columns.person_days("at most, with imputed ends")
    feature_lower_person_days: Series[float] = columns.person_days(
        "at least, users of the restricted features; null for a country together"
    )
    feature_q05_person_days: Series[float] = columns.person_days(
        "5 % quantile, users of the restricted features"
    )
    feature_q50_person_days: Series[float] = columns.person_days(
        "median, users of the restricted features"
    )
    feature_q95_person_days: Series[float] = columns.person_days(
        "95 % quantile, users of the restricted features"
    )
    feature_upper_person_days: Series[float] = columns.person_days(
        "at most, users of the restricted features"
    )
    obs_status: Series[str] = columns.status_column()
    reason: Series[str] = columns.reason_column()
    as_of: Series[str] = columns.as_of()
    reason_rule_ids: Series[str] = columns.reason_rules(*status_rules.RULES_OF_PERSON_DAYS)

    @bounds_in_order
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Lower <= upper, and quantiles in order, to one person on each day."""
        slack, ends = frame["days"] + 1, ("lower", "upper")
        hours = in_order(frame, "person_hours", ends, 24 * slack)
        users = frame.filter(like="feature_").rename(columns=lambda name: name[len("feature_") :])
        both = in_order(frame, "person_days", ends, slack) & hours
        return both & in_order(users, "person_days", ends, slack)

    @row_rule("more than 24 person-hours for a person-day")
    def hours_of_days(cls, frame: pd.DataFrame) -> Any:
        """No more person-hours than 24 for each person-day, to one person on each day."""
        return ~pd.concat(
            [
                frame[f"{name}_person_hours"]
                > 24 * (frame[f"{name}_person_days"] + frame["days"] + 1)
                for name in ("lower", "upper")
            ],
            axis=1,
        ).any(axis=1)
