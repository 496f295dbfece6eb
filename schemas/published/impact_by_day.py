"""The published table `impact_by_day`."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import vocabulary as words
from audience_impact.outputs.review import status_rules
from schemas import columns
from schemas.columns import ReasonedModel, bounds_in_order, in_order

KEY = ("area_id", "from_day", "impact_metric")


class ImpactByDay(ReasonedModel):
    """People under at least one restriction on each day of the last two years.

    One row holds for every day from its first to its last; a day without a row has no restriction.
    """

    area_id: Series[str] = columns.place_column(
        "ISO 3166 code of a country, UN M49 code of a region, 001: the world"
    )
    from_day: Series[str] = columns.make_column("first day", "date", "TIME_PERIOD")
    to_day: Series[str] = columns.make_column("last day, included", "date")
    impact_metric: Series[str] = columns.word_column(
        words.ImpactMetric, "which people are counted", "INDICATOR"
    )
    days: Series[float] = columns.make_column("days from the first to the last", "days", ge=1)
    lower_persons: Series[float] = columns.people_column(
        "at least, on each of the days", null=False
    )
    q05_persons: Series[float] = columns.people_column(
        "5 % quantile, of restrictions with figures; null: none"
    )
    q50_persons: Series[float] = columns.people_column(
        "median, of restrictions with figures; null: none"
    )
    q95_persons: Series[float] = columns.people_column(
        "95 % quantile, of restrictions with figures; null: none"
    )
    upper_persons: Series[float] = columns.people_column("at most; null: no base on record")
    restrictions_count: Series[float] = columns.make_column("restrictions in force", "count", ge=1)
    areas_count: Series[float] = columns.make_column("countries under restriction", "count", ge=1)
    estimated_areas_count: Series[float] = columns.make_column(
        "of these, with an estimate; the others enter the quantiles with their lower bound",
        "count",
        ge=0,
    )
    obs_status: Series[str] = columns.status_column()
    reason: Series[str] = columns.reason_column()
    as_of: Series[str] = columns.as_of()
    reason_rule_ids: Series[str] = columns.reason_rules(*status_rules.RULES_OF_AREAS)

    @bounds_in_order
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Lower <= upper, and quantiles in order, to one person in each country."""
        return in_order(frame, "persons", ("lower", "upper"), frame["areas_count"])
