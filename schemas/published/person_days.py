"""The published table `person_days`."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from schemas import columns
from schemas.columns import PublishedModel, bounds_in_order

KEY = ("restriction_id", "area_id", "period")


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
    lower_person_days: Series[float] = columns.person_days(
        "at least, with ends on record", null=False
    )
    q05_person_days: Series[float] = columns.person_days("5 % quantile; null: no estimate")
    q50_person_days: Series[float] = columns.person_days("median; null: no estimate")
    q95_person_days: Series[float] = columns.person_days("95 % quantile; null: no estimate")
    upper_person_days: Series[float] = columns.person_days("at most; null: no base on record")
    naive_sum_person_days: Series[float] = columns.person_days(
        "monthly audiences added up for every day, which counts people many times"
    )
    naive_daily_sum_person_days: Series[float] = columns.person_days(
        "daily audiences added up, which counts users of several platforms several times"
    )
    imputed_days: Series[float] = columns.column(
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
    obs_status: Series[str] = columns.status()
    reason: Series[str] = columns.reason()
    as_of: Series[str] = columns.as_of()

    @bounds_in_order
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Lower <= quantiles <= upper, to one person on each day."""
        names = ("lower", "q05", "q50", "q95", "upper")
        falls = pd.Series(False, frame.index)
        for kind in ("", "feature_"):
            steps = frame[[f"{kind}{name}_person_days" for name in names]].diff(axis=1)
            falls |= steps.iloc[:, 1:].lt(-frame["days"] - 1, axis=0).any(axis=1)
        return ~falls
