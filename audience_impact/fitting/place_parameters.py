"""Fit the fact tables `place_laws`, people online in places, and `part_sizes`, people of parts.

Definitions. Those of regional_figures.py, online.py and population.py; a step is a deviation from
the holder. A series is used if it has at least LEAST_REGIONS regions, and its weight is the square
root of their number.

Method. Nothing is drawn at random: the same facts give the same numbers, rounded to DECIMALS.

* between: the 5, 50 and 95 % quantile, over the regions of surveys, of the deviation less the
  median that a logistic normal of this spread has (a few rounds, since the two depend on each
  other), divided by exp(b L) for the log odds L of the country.
* between_level, b: least squares of the log of the absolute deviation on L, women and men apart.
* country_degrees: the mean squares of countries have logs that vary by 2/n where all countries are
  alike; what they vary beyond that is 2/k, and k is the number.
* small_place: the smallest h at which the steps below the regions of a census of households,
  divided by their variance in online.py given that of the regions of the same census, have mean
  one.
* city: quantiles of log odds in the towns of a region less those of the region.
* urban: least squares of the same on the share of the region's residents outside towns.
* urban_rest: within the holders of a census of households, the root of the squares that a
  regression of the steps on urban shares leaves, as a part of all squares, over all places.
* survey: women and men are surveyed separately; half of the 90 % quantile of the absolute
  difference of their deviations.
* model_slope, model_level: least squares of the deviations in surveys on those of the model times
  slope exp(g L), women and men separately.
* model: the 90 % quantile of the absolute residual, women and men together.
* households, households_slope: the same of connected homes, against surveys or, without one, the
  model, whose own error is added in squares.
* reading: place_pairs.py.
* ageing: by convention half of the difference between model and surveys beyond the errors of
  surveys, divided by the years between them.

The people in the parts of places that registers name: a reading is a range of the people in the
part that a register row means, by a reader who saw the row and no result; its middle is the
geometric mean of the ends. For each kind, least squares of the log of the middle on the logs of the
typical unit and of the number of units. Both vary little among few readings, so their slopes are
drawn towards UNIT_PRIOR (1 for SHARES) and COUNT_PRIOR, with the weight of PRIOR_READINGS readings
of spread one (ridge). Several readers may have read one register row, so all readings of a row are
left out together: `deviation` is that of a normal whose central 90 % contain as many of the
differences between readings and the fit without their row. A kind with fewer than LEAST_ROWS rows
has no fit.

Assumptions. Surveys and the model err independently of each other. Errors common to all readers are
small beside the deviation.

Known drawbacks. The model was fitted to the same surveys: its accuracy in a country without a
survey is overstated, and the change over years is understated. The parameters of small places come
from two censuses of households, of 2011 and 2014, when few homes were connected. Those of
households come from the states of one country, and those of towns from a single survey. A row with
several readings weighs more in the fit than a row with one.

Citations. Weighted quantiles as in tables.py. The log of a chi square: M. S. Bartlett, D.
G. Kendall (1946), The statistical analysis of variance-heterogeneity and the logarithmic
transformation, Journal of the Royal Statistical Society Supplement 8. Residuals of a ridge fit
without a group of rows: T. Hastie, R. Tibshirani, J. Friedman (2009), The Elements of Statistical
Learning, 7.10, equation 7.52, for groups.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar

from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Spread
from audience_impact.fitting.place_pairs import (
    LEAST_READINGS,
    LEAST_REGIONS,
    SMALL_PLACE,
    add_deviations,
    compare_readings,
    compare_sexes,
    fit_reading,
    fit_urban,
    list_readings,
    measure_towns,
    measure_urban_rest,
    pair_kinds,
    read_small_places,
    select_large_series,
)
from audience_impact.fitting.place_pairs import READ as READINGS
from audience_impact.fitting.tables import (
    BASES,
    Fit,
    Fits,
    digest_frames,
    make_parameter_table,
    measure_half_width,
    measure_spread,
    name_quantiles,
)
from audience_impact.frames import Array
from audience_impact.places import population, regional_figures
from audience_impact.places.online import (
    LEVELS,
    NORMAL,
    balance_median,
    compute_deviation,
    list_kinds,
    read_parameters,
)
from audience_impact.places.population import PARAMETERS
from audience_impact.places.regional_figures import HOUSEHOLDS, MODEL, SURVEY
from audience_impact.vocabulary import ErrorQuantile, ParameterBasis, PartKind, PlaceLaw

ROUNDS = 3
DEGREES = (1.0, 100.0)
"""Limits of the weight of a spread, as a number of regions."""
SMALL = np.geomspace(1.0, 1e7, 50)
"""Values that are tried for the people of a small place."""
GROWTH = (-1.0, 1.0)
FLOOR = 0.1
"""Minimum of a deviation before its log is taken."""
ASSUMED_CITY = Spread(0.0, 0.5, 1.0)
ASSUMED = {
    PlaceLaw.SMALL_PLACE: 1e5,
    PlaceLaw.SURVEY: 0.5,
    PlaceLaw.AGEING: 0.2,
    PlaceLaw.MODEL_SLOPE: 0.0,
    PlaceLaw.MODEL_LEVEL: 0.0,
    PlaceLaw.HOUSEHOLDS_SLOPE: 0.0,
    PlaceLaw.URBAN: 0.5,
    PlaceLaw.URBAN_REST: 1.0,
    PlaceLaw.READING: 0.5,
}
"""Parameters where there are too few figures for a fit. Half widths are in log odds; with a slope
of zero, models and connected homes have no weight for a place."""
COUNTS = ("figures", "countries")
READ = ["area_id", "asked", "residence", "internet_use", "period", "share", "measurement_series_id"]


def _read_numbers(rows: pd.DataFrame, *names: str) -> Array:
    return np.asarray(rows[list(names)].to_numpy("float64").T)


def fit_between_level(figures: pd.DataFrame) -> float:
    """Return the slope of the log of the spread on the log odds of the country."""
    off, level, weight = _read_numbers(select_large_series(figures), "deviation", "level", "weight")
    inside = np.clip(level, *LEVELS)
    centred = inside - np.average(inside, weights=weight)
    logs = np.log(np.abs(off) + FLOOR)
    apart = float((weight * centred**2).sum())
    return float((weight * centred * logs).sum() / apart) if apart else 0.0


def fit_between(figures: pd.DataFrame, by_level: float) -> Spread:
    """Return quantiles of the deviation of a region, in a country at even odds."""
    rows = select_large_series(figures)
    spread = Spread(-1.0, 0.0, 1.0)
    weight = rows["weight"].to_numpy("float64")
    for _ in range(ROUNDS):
        beyond = _measure_beyond(rows, compute_deviation(spread), by_level)
        spread = measure_spread(beyond, weight)
    return spread


def _measure_beyond(rows: pd.DataFrame, spread: float, by_level: float) -> Array:
    """Return deviations minus the balanced median, divided by their spread at even odds."""
    off, level = _read_numbers(rows, "deviation", "level")
    scale = np.exp(by_level * np.clip(level, *LEVELS))
    return np.asarray((off - balance_median(level, spread * scale)) / scale)


def fit_country_degrees(figures: pd.DataFrame, spread: Spread, by_level: float) -> float:
    """Return the number of regions that have the same weight as the common spread."""
    rows = select_large_series(figures)
    beyond = _measure_beyond(rows, compute_deviation(spread), by_level) - spread.q50
    squares = pd.Series(beyond**2, rows.index).groupby(rows["series"])
    low, high = DEGREES
    if squares.ngroups < 2:
        return high
    excess = float(np.log(squares.mean()).var() - (2.0 / squares.size()).mean())
    return float(np.clip(2.0 / max(excess, 2.0 / high), low, high))


def fit_model_slope(both: pd.DataFrame) -> tuple[float, float]:
    """Return slope of `y` on `x` at even odds, and the growth of its log with `level`."""
    x, y, level = _read_numbers(both, "x", "y", "level")
    inside = np.clip(level, *LEVELS)

    def compute_slope(growth: float) -> float:
        scaled = x * np.exp(growth * inside)
        return float((scaled * y).sum() / (scaled**2).sum())

    def sum_squares(growth: float) -> float:
        return float(((y - compute_slope(growth) * x * np.exp(growth * inside)) ** 2).sum())

    best = float(minimize_scalar(sum_squares, bounds=GROWTH, method="bounded").x)
    return compute_slope(best), best


def measure_model_error(both: pd.DataFrame, slope: float, growth: float) -> float:
    """Return the half width of the model's error, measured against surveys."""
    x, y, level = _read_numbers(both, "x", "y", "level")
    predicted = slope * np.exp(growth * np.clip(level, *LEVELS)) * x
    half = 1.0
    for _ in range(ROUNDS):
        half = measure_half_width(
            y - predicted - balance_median(level, np.full(len(x), half / NORMAL))
        )
    return half


def fit_slope(both: pd.DataFrame) -> tuple[float, float]:
    """Return slope of `y` on `x` within countries, and the half width of the residual."""
    mean = both.groupby("country_id")[["x", "y"]].transform("mean")
    x, y = _read_numbers(both[["x", "y"]] - mean, "x", "y")
    slope = float((x * y).sum() / (x * x).sum())
    return slope, measure_half_width(y - slope * x)


def fit_small_place(places: pd.DataFrame) -> float:
    """Return the people in a place whose error variance is twice that of a large place.

    `places` as `read_small_places` returns it.
    """
    step, odds, spread, parts, parts_per_person = _read_numbers(places, *SMALL_PLACE)

    def compute_excess(log_people: float) -> float:
        variance = spread**2 * (parts + np.exp(log_people) * parts_per_person)
        rest = step - balance_median(odds, np.sqrt(variance))
        return float((rest**2 / variance).mean() - 1.0)

    grid = np.log(SMALL)
    values = np.array([compute_excess(value) for value in grid])
    first = int(np.argmax(values < 0.0))
    if first == 0:
        return float(SMALL[0] if values[0] < 0.0 else SMALL[-1])
    return float(np.exp(brentq(compute_excess, grid[first - 1], grid[first])))


def fit_parameters(tables: Tables) -> Fits:
    """Return the fitted parameters of places, by name; none without surveys of regions."""
    figures = regional_figures.read_figures(tables)
    surveyed = figures[figures["kind"] == SURVEY]
    if surveyed.empty or select_large_series(surveyed).empty:
        return {}
    deviations = add_deviations(figures)
    each_sex = add_deviations(regional_figures.read_figures(tables, each_sex=True))
    sexes = each_sex[each_sex["kind"] == SURVEY]
    fits = _fit_between(deviations[deviations["kind"] == SURVEY], fit_between_level(sexes))
    between = fits[PlaceLaw.BETWEEN].values
    half = (between[ErrorQuantile.Q95] - between[ErrorQuantile.Q05]) / 2.0
    fits |= _make_fits({**ASSUMED, PlaceLaw.MODEL: half, PlaceLaw.HOUSEHOLDS: half})
    fits |= _fit_model(deviations, each_sex) | _fit_survey(sexes)
    fits |= _fit_ageing(pair_kinds(deviations, MODEL, SURVEY), fits)
    fits |= _fit_city(tables["regional_use"])
    fits |= _fit_small_places(deviations, tables)
    fits |= _fit_urban(deviations, tables) | _fit_households(deviations, fits)
    fits |= _fit_reading(tables, fits)
    return {name: fits[name] for name in PlaceLaw}


def _make_fits(
    values: Mapping[PlaceLaw, float],
    basis: ParameterBasis = ParameterBasis.ASSUMED,
    figures: int = 0,
    countries: int = 0,
) -> Fits:
    """Return the fits of parameters of one number each, from the same figures."""
    return {
        name: Fit({kind: value}, basis, figures, countries)
        for name, value in values.items()
        for kind in list_kinds(name)
    }


def _look_up_number(fits: Fits, name: PlaceLaw) -> float:
    (value,) = fits[name].values.values()
    return value


def _fit_between(surveyed: pd.DataFrame, by_level: float) -> Fits:
    spread, rows = fit_between(surveyed, by_level), select_large_series(surveyed)
    counts = (ParameterBasis.ESTIMATED, len(rows), rows["country_id"].nunique())
    degrees = fit_country_degrees(surveyed, spread, by_level)
    numbers = {PlaceLaw.BETWEEN_LEVEL: by_level, PlaceLaw.COUNTRY_DEGREES: degrees}
    return {PlaceLaw.BETWEEN: Fit(name_quantiles(spread), *counts), **_make_fits(numbers, *counts)}


def _fit_model(deviations: pd.DataFrame, each_sex: pd.DataFrame) -> Fits:
    both = pair_kinds(deviations, MODEL, SURVEY)
    if both.empty:
        return {}
    slope, growth = fit_model_slope(pair_kinds(each_sex, MODEL, SURVEY))
    numbers = {
        PlaceLaw.MODEL: measure_model_error(both, slope, growth),
        PlaceLaw.MODEL_SLOPE: slope,
        PlaceLaw.MODEL_LEVEL: growth,
    }
    return _make_fits(numbers, ParameterBasis.ESTIMATED, len(both), both["country_id"].nunique())


def _fit_survey(sexes: pd.DataFrame) -> Fits:
    halves, countries = compare_sexes(sexes), sexes["country_id"].nunique()
    if len(halves) < LEAST_REGIONS:
        return {}
    number = {PlaceLaw.SURVEY: measure_half_width(halves)}
    return _make_fits(number, ParameterBasis.ESTIMATED, len(halves), countries)


def _fit_ageing(both: pd.DataFrame, fits: Fits) -> Fits:
    """Return half of the variance between model and surveys, over the years between them."""
    model, survey = _look_up_number(fits, PlaceLaw.MODEL), _look_up_number(fits, PlaceLaw.SURVEY)
    years = float(both["years"].mean()) if len(both) else 0.0
    if years < 1.0:
        return {}
    number = {PlaceLaw.AGEING: float(np.sqrt(0.5 * max(model**2 - survey**2, 0.0) / years))}
    return _make_fits(number, ParameterBasis.ASSUMED, len(both), both["country_id"].nunique())


def _fit_city(use: pd.DataFrame) -> Fits:
    urban = measure_towns(use).to_numpy("float64")
    if len(urban) < LEAST_REGIONS:
        return {PlaceLaw.CITY: Fit(name_quantiles(ASSUMED_CITY))}
    quantiles = name_quantiles(measure_spread(urban))
    return {PlaceLaw.CITY: Fit(quantiles, ParameterBasis.SINGLE_HOUSE, len(urban), 1)}


def _fit_urban(deviations: pd.DataFrame, tables: Tables) -> Fits:
    """Return the slope on urban shares and the spread that they leave."""
    shares = regional_figures.read_urban_shares(tables)
    slope, regions = fit_urban(measure_towns(tables["regional_use"]), shares)
    rest, places, countries = measure_urban_rest(deviations, tables)
    if np.isnan(slope) or np.isnan(rest):
        return {}
    fits = _make_fits({PlaceLaw.URBAN: slope}, ParameterBasis.SINGLE_HOUSE, regions, 1)
    rest_fit = _make_fits({PlaceLaw.URBAN_REST: rest}, ParameterBasis.ESTIMATED, places, countries)
    return fits | rest_fit


def _fit_small_places(deviations: pd.DataFrame, tables: Tables) -> Fits:
    places = read_small_places(deviations, tables)
    if places.empty:
        return {}
    countries = places["country_id"].nunique()
    number = {PlaceLaw.SMALL_PLACE: round(fit_small_place(places), 0)}
    return _make_fits(number, BASES[min(countries, 2)], len(places), countries)


def _fit_households(deviations: pd.DataFrame, fits: Fits) -> Fits:
    """Return the fits of a census of households against surveys, or against the model."""
    both, beside = pair_kinds(deviations, HOUSEHOLDS, SURVEY), 0.0
    if len(both) < LEAST_REGIONS:
        both = pair_kinds(deviations, HOUSEHOLDS, MODEL)
        beside, slope, growth = (
            _look_up_number(fits, name)
            for name in (PlaceLaw.MODEL, PlaceLaw.MODEL_SLOPE, PlaceLaw.MODEL_LEVEL)
        )
        growths = growth * both["level"].clip(*LEVELS)
        both = both.assign(y=both["y"] * slope * np.exp(growths))
    if len(both) < LEAST_REGIONS:
        return {}
    slope, rest = fit_slope(both)
    numbers = {
        PlaceLaw.HOUSEHOLDS: float(np.hypot(rest, beside)),
        PlaceLaw.HOUSEHOLDS_SLOPE: slope,
    }
    return _make_fits(numbers, ParameterBasis.SINGLE_HOUSE, len(both), both["country_id"].nunique())


def _fit_reading(tables: Tables, fits: Fits) -> Fits:
    """Return the fit of the error of reading, given the other parameters."""
    without = fits | _make_fits({PlaceLaw.READING: 0.0})
    parameters = read_parameters(make_parameter_table(without, COUNTS, ""))
    compared = compare_readings(tables, parameters) if parameters else pd.DataFrame()
    if len(compared) < LEAST_READINGS:
        return {}
    number, countries = {PlaceLaw.READING: fit_reading(compared)}, compared["country_id"].nunique()
    return _make_fits(number, ParameterBasis.SINGLE_HOUSE, len(compared), countries)


def fit_table(tables: Tables) -> pd.DataFrame:
    """Return the fact table `place_laws`; without rows where there are too few figures."""
    use = tables["regional_use"]
    read = use[READ].assign(persons=use["area_id"].map(regional_figures.count_residents(tables)))
    shares = regional_figures.read_urban_shares(tables).rename("urban").reset_index()
    digest = digest_frames(read, list_readings(tables)[READINGS], shares)
    return make_parameter_table(fit_parameters(tables), COUNTS, digest)


DIGESTED = [
    *("register_row", "area_id", "period", "part_kind", "units_count"),
    *("least_persons", "most_persons"),
]
LEAST_ROWS = 6
PRIOR_READINGS = 5.0
SHARES = (PartKind.DISTRICTS, PartKind.SUBDISTRICT, PartKind.SOME, PartKind.SEAT)
"""Kinds of part that are a share of their place; their prior slope on the typical unit is one."""
UNIT_PRIOR, COUNT_PRIOR = 0.3, 0.9
"""Prior slopes: of other kinds on the typical unit of a place, and of all on the unit count."""


def describe_readings(tables: Tables) -> pd.DataFrame:
    """Return readings with a known population of the holder: `log_persons`, `unit`, `count`."""
    rows = tables["place_parts"]
    places = rows[["area_id"]].assign(day=rows["period_start"])
    people = population.estimate_people(places, tables)
    urban = rows["area_id"].map(regional_figures.read_urban_shares(tables))
    described = rows.assign(people_persons=people["people_persons"], urban_share=urban)
    described = described.join(population.describe_parts(described, tables["areas"]))
    product = rows["least_persons"].astype("float64") * rows["most_persons"].astype("float64")
    return described.assign(log_persons=np.log(product) / 2.0)[described["unit"].notna()]


def fit_kind(readings: pd.DataFrame, kind: PartKind) -> dict[str, float]:
    """Return the PARAMETERS of a kind of part, fitted to its readings."""
    prior = np.array([1.0 if kind in SHARES else UNIT_PRIOR, COUNT_PRIOR])
    x = np.column_stack([np.ones(len(readings)), readings[["unit", "count"]]]).astype("float64")
    y = readings["log_persons"].to_numpy("float64") - x[:, 1:] @ prior
    penalty = np.diag([0.0, PRIOR_READINGS, PRIOR_READINGS])
    inverse = np.linalg.inv(x.T @ x + penalty)
    fitted = inverse @ x.T @ y
    errors = _leave_rows_out(y - x @ fitted, x @ inverse @ x.T, readings["register_row"])
    numbers = (*(fitted + np.array([0.0, *prior])), measure_half_width(errors) / NORMAL)
    return dict(zip(PARAMETERS, map(float, numbers), strict=True))


def _leave_rows_out(residuals: Array, hat: Array, rows: "pd.Series[str]") -> Array:
    """Return residuals (n,) of each reading from the fit without the readings of its row.

    `hat` (n, n) maps the readings to their fitted values.
    """
    number, _ = pd.factorize(rows)
    is_same_row = number[:, None] == number[None, :]
    return np.linalg.solve(np.eye(len(hat)) - np.where(is_same_row, hat, 0.0), residuals)


def fit_part_sizes(tables: Tables) -> pd.DataFrame:
    """Return the fact table `part_sizes` from typed facts."""
    readings = describe_readings(tables)
    sha256 = digest_frames(tables["place_parts"][DIGESTED])
    of_kinds = [(kind, readings[readings["part_kind"] == kind.value]) for kind in PartKind]
    rows = [
        (kind.value, *fit_kind(rows, kind).values(), len(rows), sha256)
        for kind, rows in of_kinds
        if rows["register_row"].nunique() >= LEAST_ROWS
    ]
    table = pd.DataFrame(rows, columns=["part_kind", *PARAMETERS, "figures", "data_sha256"])
    return table.assign(basis=ParameterBasis.ESTIMATED.value)
