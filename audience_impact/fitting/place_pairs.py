"""Deviations of places, pairs of their figures, and readings, from which `place_laws` is fitted.

Definitions. Those of regional_figures.py; a step is the deviation of a place from the area that
contains it (its holder). A reading (`event_readings`) gives the share of the residents of a place
who used what was cut there, as a range of nine in ten, by an independent reader of a register. Its
middle is the geometric mean of the range. The error of reading is what the middles differ by from
the predicted share beyond the errors of both: who counts as a user, what the name of a place means,
and what no survey of regions shows.

Method. The level of a series is the log odds of its mean share weighted by residents, a deviation
that of an area less the level. Both figures of a pair are of the same area and, if the sexes are
reported separately, of the same sex. The predicted log odds of a reading are those of the country
on the day (levels of people online, less children), plus the deviation of the place, times the
share that has none but the networks cut. The variance of the difference is that of the prediction,
that of a reader, and that of the error of reading; the last is the one for which nine tenths of the
differences lie in their 90 % ranges.

Assumptions. Errors are normal in log odds, and independent of each other.

Known drawbacks. Readers share what is generally known, and may err together. They expect more
people online than the publishers count before 2019, and fewer in poor regions after; an error of
the same size in all years does not say so.

Citation. J. M. Bland, D. G. Altman (1986), Statistical methods for assessing agreement between two
methods of clinical measurement, The Lancet 327.
"""

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit

from audience_impact.denominators.counts import Counts
from audience_impact.denominators.online import OnlineLevels, compute_moments
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import read_errors
from audience_impact.fitting.tables import measure_half_width
from audience_impact.frames import Array
from audience_impact.periods import parse_periods
from audience_impact.places import networks, online, regional_figures
from audience_impact.places.online import LARGEST_PART
from audience_impact.places.regional_figures import HOUSEHOLDS, compute_log_odds
from audience_impact.populations import country_of, parents_of, with_holders
from audience_impact.vocabulary import RegionalAsked, Residence

LEAST_REGIONS = 4
UNKNOWN_PERSONS = 1e6
"""Assumed people of an intermediate area that nobody counted."""


def add_deviations(figures: pd.DataFrame) -> pd.DataFrame:
    """Return figures with the `level` of their series and their `deviation` from that level."""
    level = figures["series"].map(regional_figures.compute_levels(figures)).astype("float64")
    return figures.assign(level=level, deviation=compute_log_odds(figures["share"]) - level)


def select_large_series(figures: pd.DataFrame) -> pd.DataFrame:
    """Return rows of series with enough regions, and their `weight`."""
    size = figures.groupby("series")["area_id"].transform("size")
    return figures[size >= LEAST_REGIONS].assign(weight=size**-0.5)


def pair_kinds(figures: pd.DataFrame, of: str, against: str) -> pd.DataFrame:
    """Return deviations of two kinds by area: `x` of one, `y` and `level` of the other."""
    names = ["area_id", "asked", "deviation", "year", "level"]
    words = figures["series"].str.split(" ")
    rows = figures.assign(asked=words.map(lambda parts: " ".join(parts[3:])))
    first = rows.loc[rows["kind"] == of, ["country_id", *names]]
    second = rows.loc[rows["kind"] == against, names]
    both = first.merge(second, on=["area_id", "asked"], suffixes=("_x", "_y"))
    size = both.groupby(["country_id", "asked"])["area_id"].transform("size")
    both = both[size >= LEAST_REGIONS]
    return both[["country_id"]].assign(
        x=both["deviation_x"],
        y=both["deviation_y"],
        level=both["level_y"],
        years=(both["year_x"] - both["year_y"]).abs(),
    )


def compare_sexes(each_sex: pd.DataFrame) -> Array:
    """Return half of the difference between the deviations of women and men of each region.

    `each_sex` has separate series of women and men, as `add_deviations` returns it.
    """
    parts = each_sex["series"].str.rsplit(" ", n=1)
    rows = each_sex.assign(series=parts.str[0], asked=parts.str[1])
    wide = rows.pivot_table(index=["series", "area_id"], columns="asked", values="deviation")
    women, men = RegionalAsked.WOMEN_15_49.value, RegionalAsked.MEN_15_49.value
    both = wide.reindex(columns=[women, men]).dropna()
    return np.asarray((both[women] - both[men]).to_numpy("float64") / 2.0)


def measure_towns(use: pd.DataFrame) -> "pd.Series[float]":
    """Return the log odds in the towns of each region minus those of the region, by `area_id`."""
    where = Residence.URBAN.value
    rows = use[use["asked"] != RegionalAsked.HOUSEHOLDS.value]
    mean = rows.groupby(["measurement_series_id", "area_id", "residence"])["share"].mean()
    wide = mean.unstack("residence")
    both = wide.reindex(columns=[where, Residence.TOTAL.value]).dropna()
    above = compute_log_odds(both[where]) - compute_log_odds(both[Residence.TOTAL.value])
    return above.droplevel(0)


def fit_urban(towns: "pd.Series[float]", urban: "pd.Series[float]") -> tuple[float, int]:
    """Return the log odds per unit of the share of residents in towns, and the regions used.

    `towns` as `measure_towns` returns it; `urban` are the shares by area.
    """
    rest = 1.0 - towns.index.map(urban).astype("float64")
    pairs = pd.DataFrame({"above": towns.to_numpy("float64"), "rest": rest}).dropna()
    if len(pairs) < LEAST_REGIONS:
        return np.nan, len(pairs)
    return float(pairs["above"] @ pairs["rest"] / (pairs["rest"] @ pairs["rest"])), len(pairs)


def measure_urban_rest(figures: pd.DataFrame, tables: Tables) -> tuple[float, int, int]:
    """Return the part of the spread of small places that urban shares leave, places and countries.

    In each country the slope of the steps of connected homes on the shares in towns is its own.
    """
    homes = figures[figures["kind"] == HOUSEHOLDS]
    holders, counted = parents_of(tables["areas"]), set(homes["area_id"])
    ways = homes["area_id"].map(lambda area: with_holders(area, holders)[1:-1])
    holder = ways.map(lambda way: next((area for area in way if area in counted), None))
    urban = homes["area_id"].map(regional_figures.read_urban_shares(tables)).astype("float64")
    steps = homes.assign(holder=holder, urban=urban).dropna(subset=["holder", "urban"])
    if len(steps) < LEAST_REGIONS:
        return np.nan, len(steps), 0
    mean = steps.groupby("holder")[["urban", "deviation"]].transform("mean")
    x, y = (steps[name] - mean[name] for name in ("urban", "deviation"))
    country = steps["country_id"]
    slope = (x * y).groupby(country).sum() / (x**2).groupby(country).sum()
    rest = y - country.map(slope) * x
    parts = (rest**2).groupby(country).sum() / (y**2).groupby(country).sum()
    return float(np.sqrt(country.map(parts).mean())), len(steps), country.nunique()


SMALL_PLACE = ["step", "holder_odds", "spread", "parts", "parts_per_person"]


def read_small_places(figures: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return `country_id` and SMALL_PLACE of places in censuses of households; none if too few.

    `step` is the deviation of a place from its region, `holder_odds` the log odds of the region,
    `spread` the standard deviation between the regions of its census. `parts` and
    `parts_per_person` are the sums, over the place and the areas between it and the region, of
    one less its share of its holder, and of this over its people.
    """
    homes = figures[figures["kind"] == HOUSEHOLDS]
    holders = parents_of(tables["areas"])
    way = homes["area_id"].map(lambda area: with_holders(area, holders))
    is_region = way.map(len).eq(2).astype("bool")
    regions = homes[is_region]
    region_deviations = regions.set_index("area_id")["deviation"]
    places = homes[~is_region].assign(holder=way[~is_region].str[-2])
    places = places[places["holder"].isin(region_deviations.index)]
    if len(region_deviations) < LEAST_REGIONS or len(places) < LEAST_REGIONS:
        return places[:0]
    above = places["holder"].map(region_deviations)
    people = regional_figures.count_residents(tables)
    sizes = [_sum_parts(chain[:-1], people) for chain in way[places.index]]
    return places.assign(
        step=places["deviation"] - above,
        holder_odds=places["level"] + above,
        spread=places["series"].map(regions.groupby("series")["deviation"].std()),
        parts=[parts for parts, _ in sizes],
        parts_per_person=[per_person for _, per_person in sizes],
    )


def _sum_parts(way: list[str], people: "pd.Series[float]") -> tuple[float, float]:
    sizes = people.reindex(way).to_numpy("float64")
    part = np.nan_to_num(np.minimum(sizes[:-1] / sizes[1:], LARGEST_PART), nan=0.0)
    persons = np.nan_to_num(sizes[:-1], nan=UNKNOWN_PERSONS)
    return float((1.0 - part).sum()), float(((1.0 - part) / persons).sum())


READER_ERROR = 0.22 / np.sqrt(2.0)
"""Standard deviation of the log of a middle: those of two readers of a row differ by 0.22."""
LEAST_READINGS = 10
LARGEST = 3.0
EDGE = 0.01
"""Least share of a reading, and of those who are not online, in log odds."""
READ = ["area_id", "start_on", "network_scope", "least_share", "most_share"]


def list_readings(tables: Tables) -> pd.DataFrame:
    """Return the readings of a place: `register_row`, columns READ, `country_id`, `day`, `share`.

    The share is the middle of the range.
    """
    readings = tables["event_readings"]
    rows = readings.loc[readings["area_id"] != "", ["register_row", *READ]].reset_index(drop=True)
    parents = parents_of(tables["areas"])
    return rows.assign(
        country_id=rows["area_id"].map(lambda area: country_of(area, parents)).astype("str"),
        day=parse_periods(rows["start_on"])["start"],
        share=np.sqrt(rows["least_share"] * rows["most_share"]).clip(EDGE, 1.0 - EDGE),
    )


def compare_readings(tables: Tables, parameters: online.PlaceParameters) -> pd.DataFrame:
    """Return readings with `difference`, in log odds, and the `deviation` that is expected of it.

    Readings of countries without levels of people online are left out.
    """
    rows = list_readings(tables)
    middle, spread = _predict_shares(rows, tables, parameters)
    reader = READER_ERROR / (1.0 - rows["share"])
    return rows.assign(
        difference=logit(rows["share"]) - middle, deviation=np.hypot(spread, reader)
    ).dropna(subset=["difference", "deviation"])


def _predict_shares(
    rows: pd.DataFrame, tables: Tables, parameters: online.PlaceParameters
) -> tuple[Array, Array]:
    """Return the log odds (rows,) of the share of residents cut off, and their deviations."""
    levels = OnlineLevels.from_table(tables["online_levels"])
    errors = read_errors(tables["figure_errors"])
    if levels is None or errors is None or rows.empty:
        return np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    country = levels.compute_quantiles(rows["country_id"], compute_moments(rows["day"]))
    young = Counts.from_tables(tables).measure_young_share(rows["country_id"])
    country = country.mul(1.0 - young * (1.0 - errors.children.q50), axis=0)
    place = online.estimate_online_odds(rows[["area_id", "day"]], tables, parameters)
    scope = rows[["country_id", "area_id", "day", "network_scope"]]
    cut = networks.estimate_cut_share(
        scope.assign(operators="", extent_reason=""),
        tables,
        networks.read_parameters(tables["network_laws"]),
    )
    odds = [_measure_quantiles(logit(country)), _measure_quantiles(place[online.ODDS_QUANTILES])]
    share = expit(odds[0][0] + odds[1][0])
    only = _measure_quantiles(np.log(cut[networks.SHARE_QUANTILES].astype("float64")))
    cut_share = np.clip(share * np.exp(only[0]), EDGE, 1.0 - EDGE)
    # A change of the log of the networks' share is this much in log odds of the product.
    scale = (1.0 - share) / (1.0 - cut_share), 1.0 / (1.0 - cut_share)
    spread = np.hypot(scale[0] * np.hypot(odds[0][1], odds[1][1]), scale[1] * only[1])
    return np.asarray(logit(cut_share)), np.asarray(spread)


def _measure_quantiles(quantiles: pd.DataFrame) -> tuple[Array, Array]:
    low, middle, high = quantiles.to_numpy("float64").T
    return middle, (high - low) / (2.0 * online.NORMAL)


def fit_reading(compared: pd.DataFrame) -> float:
    """Return the half width, in log odds, of the error of reading; zero where none is needed."""
    size = compared["difference"].abs().to_numpy("float64")
    variance = compared["deviation"].to_numpy("float64") ** 2

    def compute_excess(error: float) -> float:
        standard = size / np.sqrt(variance + error**2)
        return measure_half_width(standard) - online.NORMAL

    if len(compared) < LEAST_READINGS or compute_excess(0.0) <= 0.0:
        return 0.0
    return float(online.NORMAL * brentq(compute_excess, 0.0, LARGEST))
