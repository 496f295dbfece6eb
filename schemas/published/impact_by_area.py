"""The published table `impact_by_area`."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import vocabulary as words
from audience_impact.outputs.review import status_rules
from schemas import columns
from schemas.columns import ReasonedModel, bounds_in_order, in_order

KEY = ("area_id", "period", "impact_metric")


class ImpactByArea(ReasonedModel):
    """People under at least one restriction in a month or a year, each person once."""

    area_id: Series[str] = columns.place_column(
        "ISO 3166 code of a country, UN M49 code of a region, 001: the world"
    )
    period: Series[str] = columns.make_column("month or year", sdmx="TIME_PERIOD")
    impact_metric: Series[str] = columns.word_column(
        words.ImpactMetric, "which people are counted", "INDICATOR"
    )
    lower_persons: Series[float] = columns.people_column(
        "at least so many people, if each figure is right as printed", null=False
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
    upper_persons: Series[float] = columns.people_column(
        "at most so many people; null: no base on record"
    )
    base: Series[str] = columns.base_column(
        "population that contains the audiences; null for regions"
    )
    base_persons: Series[float] = columns.people_column(
        "people in the base of that year; of a region, in its countries under restriction"
    )
    platforms: Series[str] = columns.platform_column(
        "platforms restricted at some time, joined by ;"
    )
    restrictions_count: Series[float] = columns.make_column(
        "restrictions in force at some time", "count", ge=1
    )
    bounds_only_count: Series[float] = columns.make_column(
        "of these, how many the quantiles leave out: in part of the country, or without a figure",
        "count",
        ge=0,
    )
    areas_count: Series[float] = columns.make_column("countries under restriction", "count", ge=1)
    estimated_areas_count: Series[float] = columns.make_column(
        "of these, with an estimate; the others enter the quantiles with their lower bound",
        "count",
        ge=0,
    )
    ordered_lower_persons: Series[float] = columns.people_column(
        "at least, of restrictions that an authority ordered", null=False
    )
    ordered_q05_persons: Series[float] = columns.people_column(
        "5 % quantile, of ordered restrictions"
    )
    ordered_q50_persons: Series[float] = columns.people_column("median, of ordered restrictions")
    ordered_q95_persons: Series[float] = columns.people_column(
        "95 % quantile, of ordered restrictions"
    )
    ordered_upper_persons: Series[float] = columns.people_column("at most, of ordered restrictions")
    ordered_restrictions_count: Series[float] = columns.make_column(
        "restrictions that an authority ordered; all, where no source says who did", "count", ge=0
    )
    obs_status: Series[str] = columns.status_column()
    reason: Series[str] = columns.reason_column()
    as_of: Series[str] = columns.as_of()
    reason_rule_ids: Series[str] = columns.reason_rules(*status_rules.RULES_OF_AREAS)

    @bounds_in_order
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Lower <= upper <= base, and quantiles in order, to one person in each country."""
        slack = frame["areas_count"]
        ends = ("lower", "upper")
        is_in_order = in_order(frame, "persons", (*ends, "base"), slack)
        alone = frame.filter(like="ordered_").rename(columns=lambda name: name[len("ordered_") :])
        return is_in_order & in_order(alone, "persons", ends, slack)
