"""Deviations of regions from their country in the share online, from surveys, models and censuses.

Definitions. Series: the figures of one measuring programme in one country. Deviation: the log odds
of the share online in an area less those of its country. Kinds: `survey` asked people, `model`
predicts from other data, `households` are connected homes in a census.

Method. Women and men are averaged where a series has both for all its areas. Series differ in their
definition of online and in their date. Therefore the log odds of all areas of a series are shifted
by the same number, so that their mean weighted by residents is the share of the country on the
date. The shifted log odds of an area minus those of the country are its deviation.

Assumptions. The odds of regions keep their ratio while more people of the country come online. The
regions of a series represent the country even if some are missing.

Known drawbacks. Most respondents are 15 to 49 years old, and are treated as representative of
everyone. Residents are the latest of each area, not those of the year.

Citation. Moving shares by one number in log odds: W. E. Deming, F. F. Stephan (1940), On a least
squares adjustment of a sampled frequency table, Annals of Mathematical Statistics 11 (raking).
"""

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from audience_impact import selection as choosing
from audience_impact.denominators.counts import Counts
from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.periods import period_middle
from audience_impact.places.population import count_residents
from audience_impact.populations import EVERYONE, ONLINE, parents_of, with_holders
from audience_impact.selection import Best, Key
from audience_impact.vocabulary import RegionalAsked, Residence, SourceType

LIMITS = (0.003, 0.985)
"""Limits of shares, because a figure of 0 or 1 is rounded or a limit of a model."""
STEPS = 50
MILLENNIUM, YEAR_DAYS = pd.Timestamp("2000-01-01"), 365.25
SURVEY, MODEL, HOUSEHOLDS = "survey", "model", "households"
FIGURE = ["country_id", "area_id", "series", "kind", "share", "persons", "year"]
"""Columns of the figures on people online in a region."""


def count_years(days: "pd.Series[pd.Timestamp]") -> "pd.Series[float]":
    """Return days as calendar years with fractions."""
    return 2000.0 + (days - MILLENNIUM).dt.days / YEAR_DAYS


def compute_log_odds(shares: "pd.Series[float]") -> "pd.Series[float]":
    """Return the log odds of shares, limited to LIMITS."""
    return pd.Series(logit(shares.clip(*LIMITS).to_numpy("float64")), shares.index)


def read_figures(tables: Tables, each_sex: bool = False) -> pd.DataFrame:
    """Return columns FIGURE: one row per series and area, of the whole area; sorted.

    With `each_sex`, women and men are separate series. `persons` are the residents: 1 for each area
    if they are known for no area of a series, and their mean for areas where they are not known.
    `year` is the middle of the period, with fractions.
    """
    if tables["regional_use"].empty:
        return pd.DataFrame(columns=FIGURE)
    rows = add_series(tables)
    if each_sex:
        rows["series"] = rows["series"] + " " + rows["asked"]
    groups = rows.groupby(["country_id", "series", "kind", "area_id"], sort=True)
    means = groups.agg(share=("share", "mean"), year=("year", "mean")).reset_index()
    persons = means["area_id"].map(count_residents(tables)).astype("float64")
    average = persons.groupby(means["series"]).transform("mean")
    return means.assign(persons=persons.fillna(average).fillna(1.0))[FIGURE]


def add_series(tables: Tables) -> pd.DataFrame:
    """Return figures with country, series, kind and year, of the sexes that all areas have."""
    use = tables["regional_use"]
    rows = use[use["residence"] == Residence.TOTAL.value]
    parents = parents_of(tables["areas"])
    country = rows["area_id"].map(lambda area: with_holders(area, parents)[-1])
    kinds = tables["lineages"].set_index("measurement_series_id")["source_type"]
    is_model = rows["measurement_series_id"].map(kinds) == SourceType.MODEL.value
    kind = pd.Series(SURVEY, rows.index).mask(is_model, MODEL)
    kind = kind.mask(rows["asked"] == RegionalAsked.HOUSEHOLDS.value, HOUSEHOLDS)
    days = period_middle(rows["period_start"], rows["period_end"])
    named = rows.assign(
        country_id=country,
        kind=kind,
        series=country + " " + rows["measurement_series_id"] + " " + kind,
        year=count_years(days),
    )
    areas = named.groupby(["series", "asked"])["area_id"].transform("nunique")
    return named[areas == areas.groupby(named["series"]).transform("max")]


def compute_country_log_odds(requested: pd.DataFrame, tables: Tables) -> "pd.Series[float]":
    """Return the log odds of the country's share online on each `day`; NaN if uncounted."""
    places = requested[["country_id"]].assign(start=requested["day"])
    counts = Counts.from_tables(tables)
    online, residents = (counts.count_people(places, base, None) for base in (ONLINE, EVERYONE))
    return compute_log_odds((online / residents).astype("float64"))


def find_shifts(
    values: Array, weights: Array, groups: NDArray[np.int64], target_shares: Array
) -> Array:
    """Return shifts (groups,) of log odds that give each group its target mean share.

    `values`, `weights` and `groups` (rows,) are log odds, people and the number of the group;
    `target_shares` (groups,) are the target means. The shifts are found by bisection.
    """
    total = np.bincount(groups, weights, len(target_shares))
    low, high = np.full(len(target_shares), -20.0), np.full(len(target_shares), 20.0)
    for _ in range(STEPS):
        half = (low + high) / 2.0
        mean = np.bincount(groups, weights * expit(values + half[groups]), len(low)) / total
        is_below = mean < target_shares
        low, high = np.where(is_below, half, low), np.where(is_below, high, half)
    return np.asarray((low + high) / 2.0)


def compute_levels(figures: pd.DataFrame) -> "pd.Series[float]":
    """Return log odds of the mean share of each series, by series."""
    mass = (figures["share"] * figures["persons"]).groupby(figures["series"]).sum()
    return compute_log_odds(mass / figures.groupby("series")["persons"].sum())


DEVIATION = ["day", "area_id", "country_id", "kind", "year", "deviation"]
STEPS_OF_CHOICE = (
    Best(
        ["day", "area_id", "kind"],
        (
            Key("apart", "another one of its kind is nearer to the day"),
            Key("series", "no different in what counts: the first by its name is taken"),
        ),
    ),
)
"""Steps that select one of several figures of the same kind."""


def choose_deviations(
    figures_on_days: pd.DataFrame, areas: Collection[str] | None = None
) -> pd.DataFrame:
    """Return the columns DEVIATION of figures on some days, of all areas or only of `areas`.

    The rows have FIGURE, a `day`, and the `log_odds` of the country on it. If two series of a kind
    have an area, the series nearer to the day is used.
    """
    rows = list_on_days(figures_on_days)
    requested = rows if areas is None else rows[rows["area_id"].isin(areas)]
    near = choosing.select_candidates(requested, STEPS_OF_CHOICE)
    near = near.sort_values(["country_id", "day", "area_id", "kind"])
    if rows.empty:
        return near.assign(deviation=pd.Series(dtype="float64"))[DEVIATION]
    # The shift of a series on a day is computed from all its areas, but not for other series.
    numbers = rows.groupby(["series", "day"], sort=False).ngroup()
    used = rows[numbers.isin(numbers[near.index])]
    groups, _ = pd.factorize(numbers[used.index])
    targets = used.groupby(groups)["log_odds"].first().to_numpy("float64")
    values, weights = compute_log_odds(used["share"]), used["persons"].to_numpy("float64")
    shift = find_shifts(values.to_numpy(), weights, groups, expit(targets))
    deviation = (values + shift[groups] - used["log_odds"])[near.index]
    return near.assign(deviation=deviation)[DEVIATION]


def list_on_days(figures_on_days: pd.DataFrame) -> pd.DataFrame:
    """Return the figures on days on which the country is counted, and `apart`, the years between.

    The index is that of the rows.
    """
    rows = figures_on_days.dropna(subset=["log_odds"])
    if rows.empty:
        return pd.DataFrame(columns=[*DEVIATION, "series", "apart"])
    return rows.assign(apart=(rows["year"] - count_years(rows["day"])).abs())
