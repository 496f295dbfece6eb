"""Pairs of figures from which errors are estimated: of the same measurer, of two, of two pages.

Definitions. A series consists of the figures of one measuring programme for one audience (service,
area, metric, unit, population, threshold, age and sex). Its next figure is that of the next period
that does not overlap. A pair is restricted where a national restriction touched the service between
them, or the whole network: its kind is `use` if a whole service was blocked, else another
restriction.

Method. Changes are in log odds of the share that both are of the people online, as counted by the
same measurer if it counts them (its nearest base), so that a service that nearly everyone uses
cannot grow much and one that few use can. A figure that is a share is used directly. Of several
pages for the same period the median is used.

Known drawbacks. Both figures of a pair are divided by the base nearest to the first, so that growth
of the base counts as growth of the audience. Figures above their base are left out, because they do
not count people.
"""

import numpy as np
import pandas as pd

from audience_impact.errors.distribution import log_odds
from audience_impact.errors.figure_errors import (
    PERIOD,
    find_nearest_people,
    find_people_online,
    list_restrictions,
    match_restrictions,
)
from audience_impact.facts.tables import COUNTED, SERIES, Tables
from audience_impact.periods import MEAN_MONTH_DAYS, WINDOW_DAYS, period_middle
from audience_impact.populations import EVERYONE, ONLINE
from audience_impact.vocabulary import (
    AudienceMetric,
    IntervalKind,
    ObsStatus,
    PopulationBase,
    Unit,
)

PEOPLE = [Unit.PERSONS.value, Unit.SHARE.value]
MONTHLY = [
    metric.value
    for metric in (
        AudienceMetric.MONTHLY_REACH,
        AudienceMetric.MAU,
        AudienceMetric.SURVEY_MONTHLY,
        AudienceMetric.UNSPECIFIED,
    )
]
NEAR_DAYS = 183
"""Maximum days between the figures of two measurers that are compared (half a year)."""


def _select_figures(tables: Tables) -> pd.DataFrame:
    """Return figures that count people of a population on record."""
    estimates = tables["estimates"]
    value = estimates["value"].fillna((estimates["low"] + estimates["high"]) / 2)
    one_sided = [IntervalKind.ONE_SIDED_MIN.value, IntervalKind.ONE_SIDED_MAX.value]
    usable = (
        estimates["unit"].isin(COUNTED)
        & ~estimates["interval_kind"].isin(one_sided)
        & (estimates["population_base"] != PopulationBase.CUSTOM.value)
        & (estimates["disputed_by"] == "")
        & (value > 0)
    )
    return estimates.assign(value=value)[usable]


def _take_period_medians(figures: pd.DataFrame) -> pd.DataFrame:
    """Return one row per series and period: the median of its pages."""
    return figures.groupby([*SERIES, *PERIOD])["value"].median().reset_index()


def pair_successive(tables: Tables) -> pd.DataFrame:
    """Return each figure with the next of its series, at most twelve months on.

    Columns: SERIES, `value`, `next_value`, the periods of both, `months` between their middles,
    `universe` (NaN where nobody counted it; 1 for shares), `change` in log odds, `is_restricted`
    (by anything between) and `is_use_restricted` (the service as a whole).
    """
    figures = _take_period_medians(_select_figures(tables)).sort_values(
        [*SERIES, *PERIOD], ignore_index=True
    )
    groups = figures.groupby(SERIES)
    for name in ("value", *PERIOD):
        figures[f"next_{name}"] = groups[name].shift(-1)
    figures = figures.dropna(subset=["next_value"])
    first, then = (
        period_middle(figures[f"{n}period_start"], figures[f"{n}period_end"]) for n in ("", "next_")
    )
    apart = (then - first).dt.days
    near = (
        (apart > 0)
        & (apart <= WINDOW_DAYS)
        & (figures["next_period_start"] >= figures["period_end"])
    )
    pairs = figures.assign(months=apart / MEAN_MONTH_DAYS)[near].reset_index(drop=True)
    pairs = pairs.assign(universe=find_people_online(pairs, tables))
    return _add_restrictions(_add_change(pairs), tables)


def _add_change(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return pairs inside their universe, with the change in log odds."""
    inside = pairs[["value", "next_value"]].max(axis=1) < pairs["universe"]
    inside_pairs = pairs[inside].reset_index(drop=True)
    universe = inside_pairs["universe"].to_numpy("float64")
    first, then = (
        log_odds(inside_pairs[n].to_numpy("float64"), universe) for n in ("value", "next_value")
    )
    return inside_pairs.assign(change=then - first)


def _add_restrictions(pairs: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    flags = match_restrictions(pairs, list_restrictions(tables), "period_start", "next_period_end")
    return pairs.assign(is_restricted=flags["any"], is_use_restricted=flags["use"])


def pair_measurers(tables: Tables) -> pd.DataFrame:
    """Return figures of one audience by two measurers: `difference` in log odds.

    Both figures count people of all ages who use a service in a month. `cell` names the service,
    the country and the two measurers.
    """
    figures = _select_figures(tables)
    is_usable = (figures["age"] == "") & (figures["sex"] == "") & figures["unit"].isin(PEOPLE)
    rows = _take_period_medians(figures[is_usable & figures["audience_metric"].isin(MONTHLY)])
    rows = rows.assign(universe=find_people_online(rows, tables)).dropna(subset=["universe"])
    rows = rows[rows["value"] < rows["universe"]]
    share = log_odds(rows["value"].to_numpy("float64"), rows["universe"].to_numpy("float64"))
    rows = rows.assign(level=share, moment=period_middle(rows["period_start"], rows["period_end"]))
    names = ["area_id", "platform_id", "measurement_series_id", "level", "moment"]
    both = rows[names].merge(rows[names], on=["area_id", "platform_id"], suffixes=("", "_other"))
    apart = (both["moment"] - both["moment_other"]).dt.days.abs()
    both = both[
        (both["measurement_series_id"] < both["measurement_series_id_other"]) & (apart <= NEAR_DAYS)
    ]
    cell = ["area_id", "platform_id", "measurement_series_id", "measurement_series_id_other"]
    return both.assign(
        difference=both["level"] - both["level_other"], cell=_join_names(both[cell])
    ).reset_index(drop=True)


def _join_names(names: pd.DataFrame) -> "pd.Series[str]":
    rows = names.itertuples(index=False, name=None)
    return pd.Series(["|".join(row) for row in rows], names.index, dtype="str")


def pair_pages(tables: Tables) -> pd.DataFrame:
    """Return, for each page, the difference in logs of its figure from the median of all pages."""
    figures = _select_figures(tables)
    exact = figures[figures["interval_kind"] == IntervalKind.NONE.value]
    by = [*SERIES, *PERIOD]
    groups = exact.groupby(by)["value"]
    pages = exact.assign(
        difference=np.log(exact["value"] / groups.transform("median")),
        pages_count=groups.transform("size"),
    )
    return pages[pages["pages_count"] > 1].reset_index(drop=True)


def pair_counts(tables: Tables) -> pd.DataFrame:
    """Return people online by two measurers in one year: `difference` in log odds."""
    bases = tables["bases"]
    counted = bases["obs_status"] != ObsStatus.FORECAST.value
    online = bases[counted & (bases["population_base"] == ONLINE)]
    rows = online.assign(
        level=_compute_base_levels(online, tables), year=online["period_start"].dt.year
    )
    names = ["area_id", "year", "measurement_series_id", "level"]
    both = rows[names].merge(rows[names], on=["area_id", "year"], suffixes=("", "_other"))
    both = both[both["measurement_series_id"] < both["measurement_series_id_other"]]
    return both.assign(difference=both["level"] - both["level_other"]).reset_index(drop=True)


def _compute_base_levels(rows: pd.DataFrame, tables: Tables) -> "pd.Series[float]":
    """Return log odds of the people of a base in the population of its time."""
    bases = tables["bases"]
    people = find_nearest_people(rows, bases[bases["population_base"] == EVERYONE], [])
    levels = log_odds(rows["persons"].to_numpy("float64"), people.to_numpy("float64"))
    return pd.Series(levels, rows.index)


def pair_successive_bases(tables: Tables, longest_months: float = 36.6) -> pd.DataFrame:
    """Return successive counts of people online: `change` in log odds, `months`."""
    bases = tables["bases"]
    counted = bases["obs_status"] != ObsStatus.FORECAST.value
    online = bases[counted & (bases["population_base"] == ONLINE)]
    rows = online.assign(
        level=_compute_base_levels(online, tables),
        moment=period_middle(online["period_start"], online["period_end"]),
    )
    names = ["area_id", "measurement_series_id", "level", "moment"]
    both = rows[names].merge(
        rows[names], on=["area_id", "measurement_series_id"], suffixes=("", "_next")
    )
    months = (both["moment_next"] - both["moment"]).dt.days / MEAN_MONTH_DAYS
    pairs = both.assign(months=months, change=both["level_next"] - both["level"])
    return pairs[(months > 0) & (months <= longest_months)].reset_index(drop=True)


def pair_populations(tables: Tables) -> pd.DataFrame:
    """Return residents by two sources for one year and age: `difference` in logs."""
    bases = tables["bases"]
    rows = bases[~bases["population_base"].str.startswith("internet")]
    rows = rows.assign(year=rows["period_start"].dt.year)
    by = ["area_id", "population_base", "year"]
    names = [*by, "measurement_series_id", "persons"]
    both = rows[names].merge(rows[names], on=by, suffixes=("", "_other"))
    both = both[both["measurement_series_id"] < both["measurement_series_id_other"]]
    return both.assign(difference=np.log(both["persons"] / both["persons_other"])).reset_index(
        drop=True
    )
