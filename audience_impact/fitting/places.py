"""The fact table `place_laws`: how the people online in places differ from those of the country.

Definitions. Those of regional_figures.py and online.py; a step is a deviation from the holder. A
series counts from LEAST_REGIONS regions on, and weighs with the square root of them.

Method. No draws: the same facts give the same numbers, rounded to DECIMALS.

* between: the 5, 50 and 95 % quantile, over the regions of surveys, of the deviation less the
  median that a logistic normal of this spread has (a few rounds, since the two depend on each
  other), divided by exp(b L) for the log odds L of the country.
* between_level, b: least squares of the log of the absolute deviation on L, women and men apart.
* country_degrees: the mean squares of countries have logs that vary by 2/n where all countries are
  alike; what they vary beyond that is 2/k, and k is the number.
* small_place: the smallest h at which the steps below the regions of a census of households,
  divided by the variance that online.py gives them beside that of the regions of the same census,
  have mean one.
* city: quantiles of log odds in the towns of a region less those of the region.
* survey: women and men are asked apart; half of the 90 % quantile of the absolute difference of
  their deviations.
* model_slope, model_level: least squares of the deviations that surveys found on the model's times
  slope exp(g L), women and men apart.
* model: the 90 % quantile of the absolute residual, women and men together.
* households, households_slope: the same of connected homes, against surveys or, without one, the
  model, whose own error is added in squares.
* ageing: by convention half of what model and surveys differ by beyond the errors of surveys, over
  the years between them.

Assumptions. Surveys and the model err independently of each other.

Known drawbacks. The model was fitted to the same surveys: what it is worth in a country without one
is overstated, and what the years change is understated. One census of households, of 2014, stands
behind small places, and one survey behind towns.

Citations. Weighted quantiles as in tables.py. The log of a chi square: M. S. Bartlett, D.
G. Kendall (1946), The statistical analysis of variance-heterogeneity and the logarithmic
transformation, Journal of the Royal Statistical Society Supplement 8.
"""

from enum import StrEnum

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar

from audience_impact.errors.distribution import Spread
from audience_impact.facts.tables import Tables
from audience_impact.fitting.place_pairs import (
    LEAST_REGIONS,
    SmallPlaces,
    apart,
    large,
    pairs,
    small_places,
    towns,
    two_askings,
)
from audience_impact.fitting.tables import (
    INSIDE,
    TAILS,
    Fit,
    digest,
    parameter_table,
    quantile_values,
    quantiles,
)
from audience_impact.frames import Array
from audience_impact.places import regional_figures
from audience_impact.places.online import balance
from audience_impact.places.online_parameters import LEVELS, NORMAL, deviation, kinds
from audience_impact.places.regional_figures import HOUSEHOLDS, MODEL, SURVEY
from audience_impact.vocabulary import ErrorQuantile, ParameterBasis, PlaceLaw

DECIMALS = 4
ROUNDS = 3
DEGREES = (1.0, 100.0)
"""Between these the number of regions that a spread is worth must lie."""
SMALL = np.geomspace(1.0, 1e7, 50)
"""Where the people of a small place are looked for."""
GROWTH = (-1.0, 1.0)
FLOOR = 0.1
"""Deviations smaller than this count as this in logs."""
ASSUMED_CITY = (0.0, 0.5, 1.0)
ASSUMED_SURVEY, ASSUMED_AGEING = 0.5, 0.2
"""Log odds, where too few figures teach them."""
ASSUMED_SMALL = 1e5
READ = ["area_id", "asked", "residence", "internet_use", "period", "share", "measurement_series_id"]

NOTES: dict[StrEnum, str] = {
    PlaceLaw.BETWEEN: "log odds: a region less its country at even odds, beyond the median of a "
    "logistic normal",
    PlaceLaw.BETWEEN_LEVEL: "growth of the log of the spread for each unit of the log odds of the "
    "country",
    PlaceLaw.CITY: "log odds: the towns of a region less the region",
    PlaceLaw.COUNTRY_DEGREES: "regions: what the spread of all countries is worth beside a "
    "country's own",
    PlaceLaw.SMALL_PLACE: "people: a place of so many has twice the variance of a large one",
    PlaceLaw.SURVEY: "half of a 90 % interval, log odds: a survey's deviation of a region",
    PlaceLaw.AGEING: "half of a 90 % interval, log odds, after one year; grows with the square "
    "root: a convention, half of what model and surveys differ by",
    PlaceLaw.MODEL: "half of a 90 % interval, log odds: a region by the model alone",
    PlaceLaw.MODEL_SLOPE: "deviation by surveys for each unit of the model's, at even odds",
    PlaceLaw.MODEL_LEVEL: "growth of the log of that slope for each unit of the log odds of the "
    "country",
    PlaceLaw.HOUSEHOLDS: "half of a 90 % interval, log odds: a place by its connected homes alone",
    PlaceLaw.HOUSEHOLDS_SLOPE: "deviation for each unit of that of connected homes",
}


Fits = dict[StrEnum, Fit]


def _numbers(rows: pd.DataFrame, *names: str) -> list[Array]:
    return [np.asarray(rows[name].to_numpy("float64")) for name in names]


def _half(values: Array) -> float:
    """The 90 % quantile of the absolute values."""
    return float(quantiles(np.abs(values), np.ones(len(values)), (INSIDE,))[0])


def between_level(found: pd.DataFrame) -> float:
    """Growth of the log of the spread with the log odds of the country."""
    off, level, weight = _numbers(large(found), "deviation", "level", "weight")
    inside = np.clip(level, *LEVELS)
    centred = inside - np.average(inside, weights=weight)
    logs = np.log(np.abs(off) + FLOOR)
    apart = float((weight * centred**2).sum())
    return float((weight * centred * logs).sum() / apart) if apart else 0.0


def between(found: pd.DataFrame, by_level: float) -> Spread:
    """Quantiles at even odds of the deviation of a region; `found` as `apart` gives it."""
    rows = large(found)
    law = Spread(-1.0, 0.0, 1.0)
    weight = rows["weight"].to_numpy("float64")
    for _ in range(ROUNDS):
        beyond = _beyond(rows, deviation(law), by_level)
        law = Spread(*map(float, quantiles(beyond, weight, TAILS)))
    return law


def _beyond(rows: pd.DataFrame, spread: float, by_level: float) -> Array:
    """Deviations less their median by `balance`, in those at even odds."""
    off, level = _numbers(rows, "deviation", "level")
    scale = np.exp(by_level * np.clip(level, *LEVELS))
    return np.asarray((off - balance(level, spread * scale)) / scale)


def country_degrees(found: pd.DataFrame, law: Spread, by_level: float) -> float:
    """Regions that the common spread is worth beside those of a country."""
    rows = large(found)
    beyond = _beyond(rows, deviation(law), by_level) - law.q50
    squares = pd.Series(beyond**2, rows.index).groupby(rows["series"])
    low, high = DEGREES
    if squares.ngroups < 2:
        return high
    excess = float(np.log(squares.mean()).var() - (2.0 / squares.size()).mean())
    return float(np.clip(2.0 / max(excess, 2.0 / high), low, high))


def model_slope(both: pd.DataFrame) -> tuple[float, float]:
    """Slope of `y` on `x` at even odds, and the growth of its log with `level`."""
    x, y, level = _numbers(both, "x", "y", "level")
    inside = np.clip(level, *LEVELS)

    def slope(growth: float) -> float:
        scaled = x * np.exp(growth * inside)
        return float((scaled * y).sum() / (scaled**2).sum())

    def rest(growth: float) -> float:
        return float(((y - slope(growth) * x * np.exp(growth * inside)) ** 2).sum())

    best = float(minimize_scalar(rest, bounds=GROWTH, method="bounded").x)
    return slope(best), best


def model_error(both: pd.DataFrame, slope: float, growth: float) -> float:
    """Half width of a deviation by the model: what surveys differ by."""
    x, y, level = _numbers(both, "x", "y", "level")
    found = slope * np.exp(growth * np.clip(level, *LEVELS)) * x
    half = 1.0
    for _ in range(ROUNDS):
        half = _half(y - found - balance(level, np.full(len(x), half / NORMAL)))
    return half


def fitted(both: pd.DataFrame) -> tuple[float, float]:
    """Slope of `y` on `x` within countries, and the half width of the residual."""
    mean = both.groupby("country_id")[["x", "y"]].transform("mean")
    x, y = _numbers(both[["x", "y"]] - mean, "x", "y")
    slope = float((x * y).sum() / (x * x).sum())
    return slope, _half(y - slope * x)


def small_place(known: SmallPlaces) -> float:
    """People of a place with twice the variance of a large one."""

    def excess(log_people: float) -> float:
        share = [
            ((1.0 + np.exp(log_people) / own) * (1.0 - part)).sum() for own, part in known.ways
        ]
        variance = known.spread**2 * np.array(share)
        rest = known.steps - balance(known.held, np.sqrt(variance))
        return float((rest**2 / variance).mean() - 1.0)

    grid = np.log(SMALL)
    values = np.array([excess(each) for each in grid])
    first = int(np.argmax(values < 0.0))
    if first == 0:
        return float(SMALL[0] if values[0] < 0.0 else SMALL[-1])
    return float(np.exp(brentq(excess, grid[first - 1], grid[first])))


def parameters(tables: Tables) -> Fits:
    """Return the fitted parameters of places, by name; none without surveys of regions.

    `tables` are typed.
    """
    found = regional_figures.figures(tables)
    surveyed = found[found["kind"] == SURVEY]
    if surveyed.empty or large(surveyed).empty:
        return {}
    every = apart(found)
    each_sex = apart(regional_figures.figures(tables, each_sex=True))
    sexes = each_sex[each_sex["kind"] == SURVEY]
    known = _between(every[every["kind"] == SURVEY], between_level(sexes))
    known |= _by_model(every, each_sex, known) | _survey(sexes)
    known |= _ageing(pairs(every, MODEL, SURVEY), known)
    known |= _city(tables["regional_use"]) | _small(small_places(every, tables))
    known |= _by_households(every, known)
    return {name: known[name] for name in PlaceLaw}


def _one(name: PlaceLaw, value: float, basis: ParameterBasis, *counts: int) -> Fits:
    """Return the fit of a parameter of one number; `counts` of figures and countries, or none."""
    figures, countries = counts or (0, 0)
    (kind,) = kinds(name)
    return {name: Fit({kind: value}, basis, figures, countries)}


def _number(known: Fits, name: PlaceLaw) -> float:
    """Return the number of a parameter that has one."""
    (value,) = known[name].values.values()
    return value


def _between(surveyed: pd.DataFrame, by_level: float) -> Fits:
    spread, rows = between(surveyed, by_level), large(surveyed)
    told = (ParameterBasis.ESTIMATED, len(rows), rows["country_id"].nunique())
    values = quantile_values(np.array([spread.q05, spread.q50, spread.q95]))
    degrees = country_degrees(surveyed, spread, by_level)
    return {
        PlaceLaw.BETWEEN: Fit(values, *told),
        **_one(PlaceLaw.BETWEEN_LEVEL, by_level, *told),
        **_one(PlaceLaw.COUNTRY_DEGREES, degrees, *told),
    }


def _as_nothing(known: Fits) -> float:
    """Return the half width of what says nothing of a place."""
    values = known[PlaceLaw.BETWEEN].values
    return (values[ErrorQuantile.Q95] - values[ErrorQuantile.Q05]) / 2.0


def _by_model(every: pd.DataFrame, each_sex: pd.DataFrame, known: Fits) -> Fits:
    """Return the fits of a model's figures; without pairs they say nothing of a place."""
    both = pairs(every, MODEL, SURVEY)
    slope, growth, half, basis = 0.0, 0.0, _as_nothing(known), ParameterBasis.ASSUMED
    if len(both):
        slope, growth = model_slope(pairs(each_sex, MODEL, SURVEY))
        half, basis = model_error(both, slope, growth), ParameterBasis.ESTIMATED
    told = (basis, len(both), both["country_id"].nunique())
    return {
        **_one(PlaceLaw.MODEL, half, *told),
        **_one(PlaceLaw.MODEL_SLOPE, slope, *told),
        **_one(PlaceLaw.MODEL_LEVEL, growth, *told),
    }


def _survey(sexes: pd.DataFrame) -> Fits:
    halves = two_askings(sexes)
    if len(halves) < LEAST_REGIONS:
        return _one(PlaceLaw.SURVEY, ASSUMED_SURVEY, ParameterBasis.ASSUMED)
    countries = sexes["country_id"].nunique()
    return _one(PlaceLaw.SURVEY, _half(halves), ParameterBasis.ESTIMATED, len(halves), countries)


def _ageing(both: pd.DataFrame, known: Fits) -> Fits:
    """Return half of the variance by which model and surveys differ, over the years between."""
    model, survey = _number(known, PlaceLaw.MODEL), _number(known, PlaceLaw.SURVEY)
    years = float(both["years"].mean()) if len(both) else 0.0
    if years < 1.0:
        return _one(PlaceLaw.AGEING, ASSUMED_AGEING, ParameterBasis.ASSUMED)
    value = float(np.sqrt(0.5 * max(model**2 - survey**2, 0.0) / years))
    countries = both["country_id"].nunique()
    return _one(PlaceLaw.AGEING, value, ParameterBasis.ASSUMED, len(both), countries)


def _city(use: pd.DataFrame) -> Fits:
    urban = towns(use)
    if len(urban) < LEAST_REGIONS:
        values = quantile_values(np.array(ASSUMED_CITY))
        return {PlaceLaw.CITY: Fit(values, ParameterBasis.ASSUMED, 0, 0)}
    values = quantile_values(quantiles(urban, np.ones(len(urban)), TAILS))
    return {PlaceLaw.CITY: Fit(values, ParameterBasis.SINGLE_HOUSE, len(urban), 1)}


def _small(known: SmallPlaces | None) -> Fits:
    if known is None:
        return _one(PlaceLaw.SMALL_PLACE, ASSUMED_SMALL, ParameterBasis.ASSUMED)
    people = round(small_place(known), 0)
    return _one(PlaceLaw.SMALL_PLACE, people, ParameterBasis.SINGLE_HOUSE, len(known.steps), 1)


def _by_households(every: pd.DataFrame, known: Fits) -> Fits:
    """Return the fits of a census of households, against surveys or else the model."""
    both, beside = pairs(every, HOUSEHOLDS, SURVEY), 0.0
    if len(both) < LEAST_REGIONS:
        both, beside = pairs(every, HOUSEHOLDS, MODEL), _number(known, PlaceLaw.MODEL)
        growth = _number(known, PlaceLaw.MODEL_LEVEL) * both["level"].clip(*LEVELS)
        both = both.assign(y=both["y"] * _number(known, PlaceLaw.MODEL_SLOPE) * np.exp(growth))
    slope, rest, basis = 0.0, _as_nothing(known), ParameterBasis.ASSUMED
    if len(both) >= LEAST_REGIONS:
        (slope, rest), basis = fitted(both), ParameterBasis.SINGLE_HOUSE
    told = (basis, len(both), both["country_id"].nunique())
    return {
        **_one(PlaceLaw.HOUSEHOLDS, float(np.hypot(rest, beside)), *told),
        **_one(PlaceLaw.HOUSEHOLDS_SLOPE, slope, *told),
    }


def table(tables: Tables) -> pd.DataFrame:
    """Return the fact table `place_laws`; without rows where there are too few figures."""
    use = tables["regional_use"]
    read = use[READ].assign(persons=use["area_id"].map(regional_figures.residents(tables)))
    counts = ("figures", "countries")
    return parameter_table(parameters(tables), NOTES, counts, digest(read)).round(
        {"value": DECIMALS}
    )
