"""Pairs of figures that tell what a figure may be off by: of one measurer, of two, of two pages.

Definitions. A series is what one measuring programme says of one audience (service, area, metric,
unit, population, threshold, age and sex). Its next figure is that of the next period that does not
overlap. A pair is restricted where a national restriction touched the service between them, or the
whole network: of `use` where it kept people from a whole service, else of something.

Method. Changes are in log odds of the share that both are of the people online, as the same
measurer counts them where he does (his nearest base), so that what nearly everyone uses cannot
grow much and what few use can. A share is its own. Of several pages of one period the median
counts.

Known drawbacks. Both figures of a pair are taken of the base nearest to the first, so that growth
of the base is growth of the audience. Figures above their base are left out, as they count
something else than people.
"""

import numpy as np
import pandas as pd

from audience_impact.errors.distribution import log_odds
from audience_impact.errors.figure_errors import (
    PERIOD,
    nearest_people,
    people_online,
    restricting,
    touched,
)
from audience_impact.facts.series import COUNTED, SERIES
from audience_impact.facts.tables import Tables
from audience_impact.periods import MEAN_MONTH_DAYS, WINDOW_DAYS, middle
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
"""Two measurers are compared within half a year."""


def _figures(tables: Tables) -> pd.DataFrame:
    """Figures of people that name a number of a population on record."""
    estimates = tables["estimates"]
    value = estimates["value"].fillna((estimates["low"] + estimates["high"]) / 2)
    one_sided = [IntervalKind.ONE_SIDED_MIN.value, IntervalKind.ONE_SIDED_MAX.value]
    usable = (
        estimates["unit"].isin(COUNTED)
        & ~estimates["interval_kind"].isin(one_sided)
        & (estimates["population_base"] != PopulationBase.CUSTOM.value)
        & (value > 0)
    )
    return estimates.assign(value=value)[usable]


def _of_periods(figures: pd.DataFrame) -> pd.DataFrame:
    """One row a series and period: the median of its pages."""
    return figures.groupby([*SERIES, *PERIOD])["value"].median().reset_index()


def successive(tables: Tables) -> pd.DataFrame:
    """Each figure with the next of its series, at most twelve months on.

    Columns: SERIES, `value`, `next_value`, the periods of both, `months` between their middles,
    `universe` (NaN where nobody counted it; 1 for shares), `change` in log odds, `is_restricted`
    (by anything between) and `is_use_restricted` (the service as a whole).
    """
    found = _of_periods(_figures(tables)).sort_values([*SERIES, *PERIOD], ignore_index=True)
    groups = found.groupby(SERIES)
    for name in ("value", *PERIOD):
        found[f"next_{name}"] = groups[name].shift(-1)
    found = found.dropna(subset=["next_value"])
    first, then = (
        middle(found[f"{n}period_start"], found[f"{n}period_end"]) for n in ("", "next_")
    )
    apart = (then - first).dt.days
    near = (
        (apart > 0) & (apart <= WINDOW_DAYS) & (found["next_period_start"] >= found["period_end"])
    )
    pairs = found.assign(months=apart / MEAN_MONTH_DAYS)[near].reset_index(drop=True)
    pairs = pairs.assign(universe=people_online(pairs, tables))
    return _with_restrictions(_with_change(pairs), tables)


def _with_change(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs inside their universe, with the change in log odds."""
    inside = pairs[["value", "next_value"]].max(axis=1) < pairs["universe"]
    kept = pairs[inside].reset_index(drop=True)
    universe = kept["universe"].to_numpy("float64")
    first, then = (log_odds(kept[n].to_numpy("float64"), universe) for n in ("value", "next_value"))
    return kept.assign(change=then - first)


def _with_restrictions(pairs: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    found = touched(pairs, restricting(tables), "period_start", "next_period_end")
    return pairs.assign(is_restricted=found["any"], is_use_restricted=found["use"])


def of_two_measurers(tables: Tables) -> pd.DataFrame:
    """Figures of one audience by two measurers within half a year: `difference` in log odds.

    Of people who use a service in a month, as each of the two defines it, all ages. `cell` names
    the service, the country and the two measurers.
    """
    figures = _figures(tables)
    whole = (figures["age"] == "") & (figures["sex"] == "") & figures["unit"].isin(PEOPLE)
    rows = _of_periods(figures[whole & figures["audience_metric"].isin(MONTHLY)])
    rows = rows.assign(universe=people_online(rows, tables)).dropna(subset=["universe"])
    rows = rows[rows["value"] < rows["universe"]]
    share = log_odds(rows["value"].to_numpy("float64"), rows["universe"].to_numpy("float64"))
    rows = rows.assign(level=share, moment=middle(rows["period_start"], rows["period_end"]))
    names = ["area_id", "platform_id", "measurement_series_id", "level", "moment"]
    both = rows[names].merge(rows[names], on=["area_id", "platform_id"], suffixes=("", "_other"))
    apart = (both["moment"] - both["moment_other"]).dt.days.abs()
    both = both[
        (both["measurement_series_id"] < both["measurement_series_id_other"]) & (apart <= NEAR_DAYS)
    ]
    cell = ["area_id", "platform_id", "measurement_series_id", "measurement_series_id_other"]
    return both.assign(
        difference=both["level"] - both["level_other"], cell=_joined(both[cell])
    ).reset_index(drop=True)


def _joined(names: pd.DataFrame) -> "pd.Series[str]":
    """The cells of each row as one name."""
    rows = names.itertuples(index=False, name=None)
    return pd.Series(["|".join(row) for row in rows], names.index, dtype="str")


def of_two_pages(tables: Tables) -> pd.DataFrame:
    """Figures of one series and period by page: `difference` in logs from their median."""
    figures = _figures(tables)
    exact = figures[figures["interval_kind"] == IntervalKind.NONE.value]
    by = [*SERIES, *PERIOD]
    groups = exact.groupby(by)["value"]
    told = exact.assign(
        difference=np.log(exact["value"] / groups.transform("median")),
        pages_count=groups.transform("size"),
    )
    return told[told["pages_count"] > 1].reset_index(drop=True)


def of_two_counts(tables: Tables) -> pd.DataFrame:
    """People online as two measurers count them for one year: `difference` in log odds."""
    bases = tables["bases"]
    counted = bases["obs_status"] != ObsStatus.FORECAST.value
    online = bases[counted & (bases["population_base"] == ONLINE)]
    rows = online.assign(level=_base_levels(online, tables), year=online["period_start"].dt.year)
    names = ["area_id", "year", "measurement_series_id", "level"]
    both = rows[names].merge(rows[names], on=["area_id", "year"], suffixes=("", "_other"))
    both = both[both["measurement_series_id"] < both["measurement_series_id_other"]]
    return both.assign(difference=both["level"] - both["level_other"]).reset_index(drop=True)


def _base_levels(rows: pd.DataFrame, tables: Tables) -> "pd.Series[float]":
    """Log odds of the people of a base in the population of its time."""
    bases = tables["bases"]
    people = nearest_people(rows, bases[bases["population_base"] == EVERYONE], [])
    found = log_odds(rows["persons"].to_numpy("float64"), people.to_numpy("float64"))
    return pd.Series(found, rows.index)


def of_successive_bases(tables: Tables, longest_months: float = 36.6) -> pd.DataFrame:
    """People online by one measurer in one year and a later one: `change` in log odds, `months`."""
    bases = tables["bases"]
    counted = bases["obs_status"] != ObsStatus.FORECAST.value
    online = bases[counted & (bases["population_base"] == ONLINE)]
    rows = online.assign(
        level=_base_levels(online, tables),
        moment=middle(online["period_start"], online["period_end"]),
    )
    names = ["area_id", "measurement_series_id", "level", "moment"]
    both = rows[names].merge(
        rows[names], on=["area_id", "measurement_series_id"], suffixes=("", "_next")
    )
    months = (both["moment_next"] - both["moment"]).dt.days / MEAN_MONTH_DAYS
    kept = both.assign(months=months, change=both["level_next"] - both["level"])
    return kept[(months > 0) & (months <= longest_months)].reset_index(drop=True)


def of_two_populations(tables: Tables) -> pd.DataFrame:
    """Residents as two sources count them for one year and age: `difference` in logs."""
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
