"""Fit the fact table `figure_errors`: errors of figures, from pairs of figures.

Definitions. Those of ../figure_errors.py. A series consists of the figures of one measuring
programme for one audience (SERIES). Its next figure is that of the next period that does not
overlap. A pair is restricted where a national restriction affected the service, or the whole
network, between the two. Changes and differences are in log odds of the share of the people online,
as counted by the same measurer if it counts them, so that a service that nearly everyone uses
cannot grow much; those of pages and of residents are in logs.

Method. Of several pages for the same period the median is used.

* growth: the change to the next figure of a series that no restriction affected, over the square
  root of the months (at least one) between; its 5, 50 and 95 % quantiles. The weight of a measurer
  is the square root of the number of its pairs, so that one long table does not dominate.
* growth of messengers, social networks and video: the quantiles of their own pairs, drawn towards
  those of all services as if these were those of FEW more measurers.
* restricted_growth: the same while a restriction blocked the whole service, on most days.
* base_growth: the same of the people online, from one year to the next, with equal areas.
* measurers, base_measurers: the 90 % quantile of the absolute difference between two measurers,
  over the square root of two, since both have an error; two measurers of a service count once.
* secondary_source: the 90 % quantile of the difference between a printed value and the median of
  all pages. population: that of the difference between two counts, over the square root of two.
* Assumed: low_reliability, the odds halved or doubled; effective_sample, 1,500 respondents with a
  design effect of 1.5; tail_degrees; children: those at school are online as often as others in
  Turkey (TurkStat 2013 to 2024) and India (IAMAI 2019), younger ones half as often or less in
  Brazil (Cetic.br 2015 to 2024).

Assumptions. Growth is proportional to the square root of time. Both figures of a pair have errors
of the same size.

Known drawbacks. The difference of a pair contains the errors of both figures, so that growth over a
month is somewhat overstated. Both are divided by the base nearest to the first, so that growth of
the base counts as growth of the audience. Figures above their base do not count people, and pages
whose values differ by more than LARGEST_RELAY measure different things: both are left out.

Citation. Weighted quantiles: tables.py.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from audience_impact import figure_errors
from audience_impact.facts.tables import COUNTED, SERIES, Tables
from audience_impact.figure_errors import PERIOD, Spread
from audience_impact.fitting.tables import (
    Fit,
    Fits,
    digest_facts,
    make_fit,
    make_parameter_table,
    measure_half_width,
    measure_spread,
)
from audience_impact.frames import Array
from audience_impact.periods import MEAN_MONTH_DAYS, WINDOW_DAYS, period_middle
from audience_impact.populations import EVERYONE, ONLINE
from audience_impact.vocabulary import (
    AudienceMetric,
    FigureError,
    IntervalKind,
    ObsStatus,
    PopulationBase,
    Unit,
)

PEOPLE = [Unit.PERSONS.value, Unit.SHARE.value]
MONTHLY = [
    *(AudienceMetric.MONTHLY_REACH.value, AudienceMetric.MAU.value),
    *(AudienceMetric.SURVEY_MONTHLY.value, AudienceMetric.UNSPECIFIED.value),
]
MEASURER = "measurement_series_id"
MOST_DAYS_SHARE = 0.5
"""Share of the days between two figures from which growth counts as that under a restriction."""
NEAR_DAYS = 183
"""Maximum days between the figures of two measurers that are compared (half a year)."""
LONGEST_MONTHS = 36.6
"""Maximum months between successive counts of people online."""


def _select_figures(tables: Tables) -> pd.DataFrame:
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


def pair_successive(tables: Tables) -> pd.DataFrame:
    """Return each figure with the next of its series, at most twelve months on.

    Adds `next_value`, its period, `months`, `universe` (the people online; 1 for shares), `change`
    in log odds, `is_restricted` (by anything) and `is_use_restricted` (as a whole, on most days).
    """
    figures = figure_errors.take_period_medians(_select_figures(tables))
    figures = figures.sort_values([*SERIES, *PERIOD], ignore_index=True)
    later = figures.groupby(SERIES)[["value", *PERIOD]].shift(-1)
    figures = figures.join(later.add_prefix("next_"))
    figures = figures.dropna(subset=["next_value"])
    first, then = (
        period_middle(figures[f"{n}period_start"], figures[f"{n}period_end"]) for n in ("", "next_")
    )
    apart = (then - first).dt.days
    is_next = figures["next_period_start"] >= figures["period_end"]
    pairs = figures.assign(months=apart / MEAN_MONTH_DAYS)[is_next & apart.between(1, WINDOW_DAYS)]
    pairs = pairs.assign(universe=figure_errors.find_people_online(pairs, tables))
    is_inside = pairs[["value", "next_value"]].max(axis=1) < pairs["universe"]
    pairs = pairs[is_inside].reset_index(drop=True)
    value, next_value, universe = pairs[["value", "next_value", "universe"]].to_numpy("float64").T
    flags = figure_errors.match_restrictions(
        pairs, figure_errors.list_restrictions(tables), "period_start", "next_period_end"
    )
    days = (pairs["next_period_end"] - pairs["period_start"]).dt.days
    return pairs.assign(
        change=figure_errors.log_odds(next_value, universe)
        - figure_errors.log_odds(value, universe),
        is_restricted=flags["any"],
        is_use_restricted=flags["used_days"] > MOST_DAYS_SHARE * days,
    )


def pair_measurers(tables: Tables) -> pd.DataFrame:
    """Return figures of one audience by two measurers: `difference` in log odds.

    Both count monthly users of all ages. `cell` names the service, the country and both measurers.
    """
    figures = _select_figures(tables)
    is_usable = (figures["age"] == "") & (figures["sex"] == "") & figures["unit"].isin(PEOPLE)
    rows = figure_errors.take_period_medians(
        figures[is_usable & figures["audience_metric"].isin(MONTHLY)]
    )
    rows = rows.assign(universe=figure_errors.find_people_online(rows, tables))
    rows = rows[rows["value"] < rows["universe"]]
    share = figure_errors.log_odds(
        rows["value"].to_numpy("float64"), rows["universe"].to_numpy("float64")
    )
    rows = rows.assign(level=share, moment=period_middle(rows["period_start"], rows["period_end"]))
    both = _compare_measurers(rows, ["area_id", "platform_id"], ["moment"])
    near = (both["moment"] - both["moment_other"]).dt.days.abs() <= NEAR_DAYS
    names = ["platform_id", MEASURER, f"{MEASURER}_other"]
    cell = both["area_id"].str.cat(both[names], sep="|")
    return both.assign(cell=cell)[near].reset_index(drop=True)


def _compare_measurers(
    rows: pd.DataFrame, by: list[str], names: Sequence[str] = ()
) -> pd.DataFrame:
    """Return rows of two measurers that agree in `by`: `difference` of `level`, `names` of both."""
    rows = rows[[*by, MEASURER, "level", *names]]
    both = rows.merge(rows, on=by, suffixes=("", "_other"))
    both = both[both[MEASURER] < both[f"{MEASURER}_other"]]
    return both.assign(difference=both["level"] - both["level_other"]).reset_index(drop=True)


def pair_bases(bases: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return pairs of people online in a year, of residents in a year, and of people online later.

    The first two are by two measurers: `difference` in log odds of the residents, and in logs. The
    last are successive counts of one measurer: `change` in log odds, `months`.
    """
    bases = bases.assign(year=bases["period_start"].dt.year, level=np.log(bases["persons"]))
    counted = bases["obs_status"] != ObsStatus.FORECAST.value
    online = bases[counted & (bases["population_base"] == ONLINE)]
    everyone = bases[bases["population_base"] == EVERYONE]
    people = figure_errors.find_nearest_people(online, everyone, [])
    online = online.assign(
        level=figure_errors.log_odds(
            online["persons"].to_numpy("float64"), people.to_numpy("float64")
        ),
        moment=period_middle(online["period_start"], online["period_end"]),
    )
    residents = bases[~bases["population_base"].str.startswith("internet")]
    same = ["area_id", MEASURER]
    rows = online[[*same, "level", "moment"]]
    both = rows.merge(rows, on=same, suffixes=("", "_next"))
    months = (both["moment_next"] - both["moment"]).dt.days / MEAN_MONTH_DAYS
    later = both.assign(months=months, change=both["level_next"] - both["level"])
    return (
        _compare_measurers(online, ["area_id", "year"]),
        _compare_measurers(residents, ["area_id", "population_base", "year"]),
        later[(months > 0) & (months <= LONGEST_MONTHS)].reset_index(drop=True),
    )


LEAST_MONTHS = 1.0
LARGEST_RELAY = 0.1
ASSUMED_HALF_WIDTH = 0.6
"""Half width of an error, in log odds, if no two measurers can be compared."""
ASSUMED_GROWTH = Spread(-0.1, 0.0, 0.3)
ASSUMED = {
    FigureError.LOW_RELIABILITY: float(np.log(2.0)),
    FigureError.EFFECTIVE_SAMPLE: 1000.0,
    FigureError.TAIL_DEGREES: 4.0,
    FigureError.CHILDREN: Spread(0.5, 0.73, 1.0),
}
COUNTS = (FigureError.EFFECTIVE_SAMPLE, FigureError.TAIL_DEGREES)
"""Parameters that are plain numbers; those besides them and the quantiles are half widths."""
FEW = 5
"""Minimum number of pairs for a fit."""


def standardise_changes(pairs: pd.DataFrame) -> Array:
    """Return the changes of pairs of figures, scaled to a distance of one month."""
    months = pairs["months"].clip(lower=LEAST_MONTHS).to_numpy("float64")
    return np.asarray(pairs["change"].to_numpy("float64") / np.sqrt(months))


def measure_growth(pairs: pd.DataFrame, by: str = MEASURER, power: float = 0.5) -> Spread:
    """Return quantiles of monthly change; the weight of a group is its size to `power`."""
    size = pairs.groupby(by)["change"].transform("size").to_numpy("float64")
    return measure_spread(standardise_changes(pairs), size ** (power - 1.0))


def _fit_growth(pairs: pd.DataFrame, by: str = MEASURER, power: float = 0.5) -> Fit:
    if len(pairs) < FEW:
        return Fit(ASSUMED_GROWTH)
    return make_fit(measure_growth(pairs, by, power), pairs, MEASURER)


def _fit_half_width(pairs: pd.DataFrame, sides: int, unknown: float) -> Fit:
    """Return the half width of a figure from differences of `sides`; cells weigh the same."""
    if len(pairs) < FEW:
        return Fit(unknown)
    weights = None
    if "cell" in pairs:
        weights = 1.0 / pairs.groupby("cell")["difference"].transform("size").to_numpy("float64")
    width = measure_half_width(pairs["difference"].to_numpy("float64"), weights)
    measurers = [name for name in (MEASURER, f"{MEASURER}_other") if name in pairs]
    return make_fit(float(width / np.sqrt(sides)), pairs, *measurers)


def fit_parameters(tables: Tables) -> Fits:
    """Return the fitted parameters of the errors of figures, by name; `tables` are typed."""
    growth = pair_successive(tables)
    free = growth[~growth["is_restricted"]]
    of_all = _fit_growth(free)
    fits: Fits = {FigureError.GROWTH: of_all}
    kinds = free["platform_id"].map(tables["platforms"].set_index("platform_id")["kind"])
    for kind, name in figure_errors.KINDS.items():
        of_kind = _fit_growth(free[kinds == kind])
        weight = of_kind.groups / (of_kind.groups + FEW)
        both = np.array(of_all.value) * (1 - weight) + np.array(of_kind.value) * weight
        fits[name] = of_kind._replace(value=Spread(*both.tolist()))
    figures = _select_figures(tables)
    pages = figures[figures["interval_kind"] == IntervalKind.NONE.value]
    values = pages.groupby([*SERIES, *PERIOD])["value"]
    pages = pages.assign(difference=np.log(pages["value"] / values.transform("median")))
    is_relayed = (values.transform("size") > 1) & (pages["difference"].abs() <= LARGEST_RELAY)
    online, residents, later = pair_bases(tables["bases"])
    return {
        **fits,
        FigureError.RESTRICTED_GROWTH: _fit_growth(growth[growth["is_use_restricted"]]),
        FigureError.BASE_GROWTH: _fit_growth(later, "area_id", 0.0),
        FigureError.MEASURERS: _fit_half_width(pair_measurers(tables), 2, ASSUMED_HALF_WIDTH),
        FigureError.BASE_MEASURERS: _fit_half_width(online, 2, ASSUMED_HALF_WIDTH),
        FigureError.SECONDARY_SOURCE: _fit_half_width(pages[is_relayed], 1, 0.02),
        FigureError.POPULATION: _fit_half_width(residents, 2, 0.02),
        **{name: Fit(value) for name, value in ASSUMED.items()},
    }


READ = {
    "estimates": [*SERIES, "value", "low", "high", "interval_kind", "period"],
    "bases": [
        *("area_id", "population_base", "measurement_series_id", "period", "persons", "obs_status")
    ],
    "restrictions": [
        *("restriction_id", "area_ids", "geo_scope", "severity", "end_status"),
        *("announced_on", "observed_from", "ended_on"),
    ],
    "restriction_targets": ["restriction_id", "platform_id", "feature"],
    "platforms": ["platform_id", "kind"],
}


def fit_table(tables: Tables) -> pd.DataFrame:
    """Return the fact table `figure_errors`, fitted to typed facts."""
    fits, counts = fit_parameters(tables), ("pairs", "measurers")
    return make_parameter_table(fits, counts, digest_facts(tables, READ), COUNTS)
