"""Fit the fact table `figure_errors`: errors of figures, from pairs of figures.

Definitions. Those of ../figure_errors.py, and of pairs as below: changes and differences are in log
odds of the share of the people online, those of pages and of residents in logs.

Method. Nothing is drawn at random: the same facts give the same numbers, rounded to six decimals.

* growth: the change to the next figure of a series that no restriction touched, over the square
  root of the months (at least one) between; its 5, 50 and 95 % quantiles. The weight of a measurer
  is the square root of the number of its pairs, so that one long table does not dominate.
* growth of messengers, social networks and video: the quantiles of their own pairs, drawn towards
  those of all services as if these were those of FEW more measurers.
* restricted_growth: the same while a restriction blocked the whole service, on most days.
* base_growth: the same of the people online, from one year to the next; every area has the same
  weight.
* measurers, base_measurers: the 90 % quantile of the absolute difference between two measurers,
  over the square root of two, since both have an error; two measurers of a service count once.
* secondary_source, population: the 90 % quantile of the difference between a printed value and the
  median of all pages, and of the difference between two counts of residents over the square root of
  two.
* low_reliability: assumed, the odds halved or doubled. effective_sample: assumed, 1,500 respondents
  with a design effect of 1.5. tail_degrees: assumed.
* children: assumed. School children are online as often as others in Turkey (TurkStat 2013 to 2024)
  and India (IAMAI 2019), younger ones half as often or less in Brazil (Cetic.br 2015 to 2024).

Assumptions. Growth is proportional to the square root of time. Both figures of a pair have errors
of the same size.

Known drawbacks. The difference of a pair contains the errors of both figures, so that growth over a
month is somewhat overstated. Pages whose values differ by more than LARGEST_RELAY measure different
things and are left out.

Citation. Weighted quantiles: tables.py.

The pairs from which errors are estimated are of the same measurer, of two, or of two pages.

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

from collections.abc import Callable, Sequence
from enum import StrEnum

import numpy as np
import pandas as pd

from audience_impact.facts.tables import COUNTED, SERIES, Tables
from audience_impact.figure_errors import (
    KINDS,
    PERIOD,
    QUANTILES,
    Spread,
    find_nearest_people,
    find_people_online,
    list_restrictions,
    log_odds,
    match_restrictions,
)
from audience_impact.fitting.tables import (
    INSIDE,
    TAILS,
    Fit,
    compute_quantiles,
    digest_frames,
    make_parameter_table,
    name_quantiles,
)
from audience_impact.frames import Array
from audience_impact.periods import MEAN_MONTH_DAYS, WINDOW_DAYS, period_middle
from audience_impact.populations import EVERYONE, ONLINE
from audience_impact.vocabulary import (
    AudienceMetric,
    ErrorQuantile,
    FigureError,
    IntervalKind,
    ObsStatus,
    ParameterBasis,
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
MOST_DAYS_SHARE = 0.5
"""Share of the days between two figures from which growth counts as that under a restriction."""
NEAR_DAYS = 183
"""Maximum days between the figures of two measurers that are compared (half a year)."""


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


def _take_period_medians(figures: pd.DataFrame) -> pd.DataFrame:
    return figures.groupby([*SERIES, *PERIOD])["value"].median().reset_index()


def pair_successive(tables: Tables) -> pd.DataFrame:
    """Return each figure with the next of its series, at most twelve months on.

    Columns: SERIES, `value`, `next_value`, the periods of both, `months` between their middles,
    `universe` (NaN where nobody counted it; 1 for shares), `change` in log odds, `is_restricted`
    (by anything between) and `is_use_restricted` (the service as a whole, on most days).
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
    days = (pairs["next_period_end"] - pairs["period_start"]).dt.days
    is_most = flags["used_days"] > MOST_DAYS_SHARE * days
    return pairs.assign(is_restricted=flags["any"], is_use_restricted=is_most)


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
    both = _compare_measurers(rows, ["area_id", "platform_id"], ["moment"])
    near = (both["moment"] - both["moment_other"]).dt.days.abs() <= NEAR_DAYS
    names = ["platform_id", "measurement_series_id", "measurement_series_id_other"]
    cell = both["area_id"].str.cat(both[names], sep="|")
    return both.assign(cell=cell)[near].reset_index(drop=True)


def _compare_measurers(
    rows: pd.DataFrame, by: list[str], names: Sequence[str] = ()
) -> pd.DataFrame:
    """Return rows of two measurers that agree in the columns `by`: `difference` of their `level`.

    The columns `names` of the second measurer end in `_other`.
    """
    rows = rows[[*by, "measurement_series_id", "level", *names]]
    both = rows.merge(rows, on=by, suffixes=("", "_other"))
    both = both[both["measurement_series_id"] < both["measurement_series_id_other"]]
    return both.assign(difference=both["level"] - both["level_other"]).reset_index(drop=True)


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
    rows = _list_counts_online(tables)
    return _compare_measurers(rows.assign(year=rows["period_start"].dt.year), ["area_id", "year"])


def _list_counts_online(tables: Tables) -> pd.DataFrame:
    """Return counts of people online, their `level` the log odds among the residents then."""
    bases = tables["bases"]
    counted = bases["obs_status"] != ObsStatus.FORECAST.value
    online = bases[counted & (bases["population_base"] == ONLINE)]
    people = find_nearest_people(online, bases[bases["population_base"] == EVERYONE], [])
    levels = log_odds(online["persons"].to_numpy("float64"), people.to_numpy("float64"))
    return online.assign(level=levels)


def pair_successive_bases(tables: Tables, longest_months: float = 36.6) -> pd.DataFrame:
    """Return successive counts of people online: `change` in log odds, `months`."""
    online = _list_counts_online(tables)
    rows = online.assign(moment=period_middle(online["period_start"], online["period_end"]))
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
    rows = rows.assign(year=rows["period_start"].dt.year, level=np.log(rows["persons"]))
    return _compare_measurers(rows, ["area_id", "population_base", "year"])


LEAST_MONTHS = 1.0
LARGEST_RELAY = 0.1
ASSUMED_HALF_WIDTH = 0.6
"""Half width of an error, in log odds, if no two measurers can be compared."""
ASSUMED_GROWTH = Spread(-0.1, 0.0, 0.3)
LOW_RELIABILITY = float(np.log(2.0))
EFFECTIVE_SAMPLE, TAIL_DEGREES = 1000.0, 4.0
CHILDREN = (0.5, 0.73, 1.0)
FEW = 5
"""Minimum number of pairs for a fit."""
DECIMALS = 6

NOTES: dict[StrEnum, str] = {
    FigureError.GROWTH: "log odds of the share of people online, after one month without a "
    "restriction; grows with the square root of the months",
    **dict.fromkeys(
        KINDS.values(),
        "the same of services of this kind, drawn towards those of all by the number of measurers",
    ),
    FigureError.RESTRICTED_GROWTH: "the same while a restriction of the whole service is in force",
    FigureError.BASE_GROWTH: "log odds of the share of residents online, after one month",
    FigureError.MEASURERS: "half of a 90 % interval, log odds: a measurer against another",
    FigureError.BASE_MEASURERS: "half of a 90 % interval, log odds: a count of people online "
    "against another of the year",
    FigureError.SECONDARY_SOURCE: "half of a 90 % interval, logs: a page against the median of all "
    "that print the measurement",
    FigureError.POPULATION: "half of a 90 % interval, logs: a count of residents against another",
    FigureError.LOW_RELIABILITY: "half of a 90 % interval, log odds: a convention, the odds "
    "halved or doubled where one page of low reliability alone prints a figure",
    FigureError.EFFECTIVE_SAMPLE: "respondents where a survey tells none: a convention, 1,500 "
    "asked with a design effect of 1.5",
    FigureError.TAIL_DEGREES: "degrees of freedom of the tails of growth: a convention",
    FigureError.CHILDREN: "share online of residents below twelve over that of the others: a "
    "convention, after surveys of children in Turkey, India and Brazil",
}


def standardise_changes(pairs: pd.DataFrame) -> Array:
    """Return the changes of pairs of figures, scaled to a distance of one month."""
    months = pairs["months"].clip(lower=LEAST_MONTHS).to_numpy("float64")
    return np.asarray(pairs["change"].to_numpy("float64") / np.sqrt(months))


def measure_growth(pairs: pd.DataFrame, by: str, power: float) -> Spread:
    """Return quantiles of monthly change; the weight of a group is its size to `power`."""
    size = pairs.groupby(by)["change"].transform("size").to_numpy("float64")
    return Spread(
        *map(float, compute_quantiles(standardise_changes(pairs), size ** (power - 1.0), TAILS))
    )


def measure_audience_growth(pairs: pd.DataFrame) -> Spread:
    """Return growth of audiences from pairs of successive figures."""
    return measure_growth(pairs, "measurement_series_id", 0.5)


def measure_base_growth(pairs: pd.DataFrame) -> Spread:
    """Return growth of the people online from pairs of counts."""
    return measure_growth(pairs, "area_id", 0.0)


def measure_half_width(pairs: pd.DataFrame, sides: int) -> float:
    """Return the half width of the 90 % interval of a figure, from differences of `sides`.

    Each `cell` has the same weight, if that column exists.
    """
    size = np.ones(len(pairs))
    if "cell" in pairs:
        size = pairs.groupby("cell")["difference"].transform("size").to_numpy("float64")
    sizes = pairs["difference"].abs().to_numpy("float64")
    return float(compute_quantiles(sizes, 1.0 / size, (INSIDE,))[0] / np.sqrt(sides))


def _find_basis(pairs: pd.DataFrame) -> tuple[ParameterBasis, int]:
    """Return the basis of a number, and the number of measurers."""
    names = [
        pairs[name]
        for name in ("measurement_series_id", "measurement_series_id_other")
        if name in pairs
    ]
    count = pd.concat(names).nunique() if names and len(pairs) >= FEW else 0
    bases = (ParameterBasis.ASSUMED, ParameterBasis.SINGLE_HOUSE, ParameterBasis.ESTIMATED)
    return bases[min(count, 2)], count


def _fit_spread(pairs: pd.DataFrame, fit: Callable[[pd.DataFrame], Spread]) -> Fit:
    basis, measurers = _find_basis(pairs)
    spread = fit(pairs) if len(pairs) >= FEW else ASSUMED_GROWTH
    values = name_quantiles(np.array([spread.q05, spread.q50, spread.q95]))
    return Fit(values, basis, len(pairs) if measurers else 0, measurers)


def fit_growth_by_kind(free: pd.DataFrame, platforms: pd.DataFrame) -> dict[StrEnum, Fit]:
    """Return the growth of each kind of service from pairs of figures without a restriction."""
    kinds = free["platform_id"].map(platforms.set_index("platform_id")["kind"])
    of_all = _fit_spread(free, measure_audience_growth)
    fits: dict[StrEnum, Fit] = {}
    for kind, name in KINDS.items():
        pairs = free[kinds == kind]
        basis, measurers = _find_basis(pairs)
        weight = measurers / (measurers + FEW)
        of_kind = _fit_spread(pairs, measure_audience_growth).values
        values = {q: of_all.values[q] * (1 - weight) + of_kind[q] * weight for q in QUANTILES}
        fits[name] = Fit(values, basis, len(pairs) if measurers else 0, measurers)
    return fits


def _fit_half_width(pairs: pd.DataFrame, sides: int, unknown: float) -> Fit:
    basis, measurers = _find_basis(pairs)
    value = measure_half_width(pairs, sides) if len(pairs) >= FEW else unknown
    return Fit({ErrorQuantile.Q95: value}, basis, len(pairs) if measurers else 0, measurers)


def _assume_value(kind: ErrorQuantile, value: float) -> Fit:
    return Fit({kind: value}, ParameterBasis.ASSUMED, 0, 0)


def fit_parameters(tables: Tables) -> dict[StrEnum, Fit]:
    """Return the fitted parameters of the errors of figures, by name; `tables` are typed."""
    growth = pair_successive(tables)
    free = growth[~growth["is_restricted"]]
    pages = pair_pages(tables)
    pages = pages[pages["difference"].abs() <= LARGEST_RELAY]
    monthly = pair_measurers(tables)
    counts = pair_counts(tables)
    residents = pair_populations(tables)
    return {
        FigureError.GROWTH: _fit_spread(free, measure_audience_growth),
        **fit_growth_by_kind(free, tables["platforms"]),
        FigureError.RESTRICTED_GROWTH: _fit_spread(
            growth[growth["is_use_restricted"]], measure_audience_growth
        ),
        FigureError.BASE_GROWTH: _fit_spread(pair_successive_bases(tables), measure_base_growth),
        FigureError.MEASURERS: _fit_half_width(monthly, 2, ASSUMED_HALF_WIDTH),
        FigureError.BASE_MEASURERS: _fit_half_width(counts, 2, ASSUMED_HALF_WIDTH),
        FigureError.SECONDARY_SOURCE: _fit_half_width(pages, 1, 0.02),
        FigureError.POPULATION: _fit_half_width(residents, 2, 0.02),
        FigureError.LOW_RELIABILITY: _assume_value(ErrorQuantile.Q95, LOW_RELIABILITY),
        FigureError.EFFECTIVE_SAMPLE: _assume_value(ErrorQuantile.COUNT, EFFECTIVE_SAMPLE),
        FigureError.TAIL_DEGREES: _assume_value(ErrorQuantile.COUNT, TAIL_DEGREES),
        FigureError.CHILDREN: Fit(name_quantiles(np.array(CHILDREN)), ParameterBasis.ASSUMED, 0, 0),
    }


READ = {
    "estimates": [*SERIES, "value", "low", "high", "interval_kind", "period"],
    "bases": [
        *("area_id", "population_base", "measurement_series_id"),
        *("period", "persons", "obs_status"),
    ],
    "restrictions": [
        *("restriction_id", "area_ids", "geo_scope", "severity", "end_status"),
        *("announced_on", "observed_from", "ended_on"),
    ],
    "restriction_targets": ["restriction_id", "platform_id", "feature"],
    "platforms": ["platform_id", "kind"],
}
"""Columns of each fact table that the fit reads."""


def fit_table(tables: Tables) -> pd.DataFrame:
    """Return the fact table `figure_errors`, fitted to typed facts."""
    sha256 = digest_frames(*(tables[name][columns] for name, columns in READ.items()))
    fits = fit_parameters(tables)
    return make_parameter_table(fits, NOTES, ("pairs", "measurers"), sha256).round(
        {"value": DECIMALS}
    )
