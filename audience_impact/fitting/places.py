"""Fit the fact tables `place_laws`, `network_laws` and `part_sizes`: people and users of places.

Definitions. Those of the modules of places/. The level of a series is the log odds of its mean
share weighted by residents, a deviation that of an area less the level; a step is the deviation of
a place from the area that contains it (its holder). A series is used if it has at least
LEAST_REGIONS regions, and its weight is the square root of their number. Figures are compared of
the same area and, if the sexes are reported separately, of the same sex.

A reading of users (`event_readings`) gives the share of the residents of a place who used what was
cut there, a reading of people (`place_parts`) the people in the part of a place that a register row
means, both as a range of nine in ten by a reader who saw the row and no result; the middle is the
geometric mean of its ends. The error of reading is what the middles of users differ by from the
predicted share beyond the errors of both.

Method. Of `place_laws`:

* between: quantiles, over the regions of surveys, of the deviation less the median that a logistic
  normal of this spread has (a few rounds, since the two depend on each other), divided by exp(b L)
  for the log odds L of the country. between_level, b: least squares of the log of the absolute
  deviation on L, women and men apart.
* country_degrees: the mean squares of countries have logs that vary by 2/n where all countries are
  alike; what they vary beyond that is 2/k, and k is the number.
* small_place: the smallest h at which the steps below the regions of a census of households,
  divided by their variance in online.py given that of the regions of the same census, have mean
  one.
* city: quantiles of log odds in the towns of a region less those of the region. urban: least
  squares of the same on the share of the region's residents outside towns. urban_rest: within the
  holders of a census of households, the root of the squares that a regression of the steps on urban
  shares leaves, as a part of all squares.
* survey: half of the 90 % quantile of the absolute difference of the deviations of women and men,
  who are surveyed separately.
* model_slope, model_level: least squares of the deviations in surveys on those of the model times
  slope exp(g L), women and men separately. model: the 90 % quantile of the absolute residual, women
  and men together.
* households, households_slope: the same of connected homes, against surveys or, without one, the
  model, whose own error is added in squares.
* reading: the predicted log odds are those of the country on the day (levels of people online, less
  children), plus the deviation of the place, times the share that has none but the networks cut.
  Nine tenths of the differences lie in the 90 % ranges of the prediction, a reader's and this error
  together.
* ageing: by convention half of the difference between model and surveys beyond the errors of
  surveys, divided by the years between them.

Of `network_laws`, where countries (of operator_region their networks, mobile and fixed, as well)
have equal weight; changes are in log odds, over the square root of the years:

* change: of every pair of counts of a country at most LONGEST_YEARS apart. operator_change: of each
  large network between two counts that follow one another, where the counts are no noise.
* other_countries: of the last count of each country POSITIONS equal steps from the least to the
  most; quantiles of their log odds.
* operator_region: the difference of the log odds of an operator's share of subscriptions in a
  region from those of the country, of operators that have customers there.
* operator_jump: the normal distribution over countries of the logarithm of their largest jump
  (places/networks.py), from its median and lower quartile, which countries whose counts are noise
  do not move.

Of `part_sizes`, for each kind of part: least squares of the log of the middle on the logs of the
typical unit and of the number of units, with slopes drawn towards UNIT_PRIOR (1 for SHARES) and
COUNT_PRIOR by ridge regression, since both vary little among few readings. All readings of a
register row are left out together: `deviation` is that of a normal whose central 90 % contain as
many of the differences between readings and the fit without their row.

Assumptions. Errors are normal in log odds, and independent. Errors common to all readers are small
beside the deviation. The middle of the range of a count of networks changes as the true share does.

Known drawbacks. The model was fitted to the same surveys: its accuracy in a country without a
survey is overstated, and the change over years is understated. The parameters of small places come
from two censuses of households, of 2011 and 2014, when few homes were connected; those of
households from the states of one country, those of towns from a single survey. Readers share what
is generally known, and may err together: they expect more people online than the publishers count
before 2019, and fewer in poor regions after; an error of the same size in all years does not say
so. A row with several readings weighs more in the fit of parts than a row with one. Pairs of counts
of one country share counts; after the last there was a pandemic, in which lines at home spread
faster.

Citations. The log of a chi square: M. S. Bartlett, D. G. Kendall (1946), The statistical analysis
of variance-heterogeneity and the logarithmic transformation, Journal of the Royal Statistical
Society Supplement 8. Agreement: J. M. Bland, D. G. Altman (1986), Statistical methods for assessing
agreement between two methods of clinical measurement, The Lancet 327. Residuals of a ridge fit
without a group of rows: T. Hastie, R. Tibshirani, J. Friedman (2009), The Elements of Statistical
Learning, 7.10, equation 7.52. Weighted quantiles: tables.py.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit, logit

from audience_impact.denominators.denominators import Denominators
from audience_impact.denominators.online import OnlineLevels, compute_moments
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Z95, Spread, read_errors
from audience_impact.fitting.tables import (
    Fit,
    Fits,
    balance_spread,
    digest_facts,
    digest_frames,
    make_fit,
    make_parameter_table,
    measure_half_width,
    measure_spread,
)
from audience_impact.frames import Array
from audience_impact.periods import parse_periods
from audience_impact.places import networks, online, population
from audience_impact.places.online import (
    HOUSEHOLDS,
    LEVELS,
    MODEL,
    SURVEY,
    balance_median,
    compute_log_odds,
)
from audience_impact.places.population import PARAMETERS
from audience_impact.populations import country_of, parents_of, with_holders
from audience_impact.vocabulary import (
    NetworkLaw,
    ParameterBasis,
    PartKind,
    PlaceLaw,
    RegionalAsked,
    Residence,
)

COUNTED = ("figures", "countries")
LEAST_REGIONS = 4
ROUNDS = 3
DEGREES = (1.0, 100.0)
"""Limits of the weight of a spread, as a number of regions."""
SMALL = np.geomspace(1.0, 1e7, 50)
UNKNOWN_PERSONS = 1e6
GROWTH = (-1.0, 1.0)
FLOOR = 0.1
"""Minimum of a deviation before its log is taken."""
ASSUMED = {
    PlaceLaw.SMALL_PLACE: 1e5,
    PlaceLaw.CITY: Spread(0.0, 0.5, 1.0),
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
COUNTS = (
    *(PlaceLaw.BETWEEN_LEVEL, PlaceLaw.MODEL_LEVEL, PlaceLaw.COUNTRY_DEGREES),
    *(PlaceLaw.SMALL_PLACE, PlaceLaw.MODEL_SLOPE, PlaceLaw.HOUSEHOLDS_SLOPE),
    *(PlaceLaw.URBAN, PlaceLaw.URBAN_REST),
)
READER_ERROR = 0.22 / np.sqrt(2.0)
"""Standard deviation of the log of a middle: those of two readers of a row differ by 0.22."""
LEAST_READINGS = 10
LARGEST = 3.0
EDGE = 0.01
"""Least share of a reading, and of those who are not online, in log odds."""
USE = ["area_id", "asked", "residence", "internet_use", "period", "share", "measurement_series_id"]
READINGS = ["area_id", "start_on", "network_scope", "least_share", "most_share"]
PARTS = [
    *("register_row", "area_id", "period", "part_kind", "units_count"),
    *("least_persons", "most_persons"),
]
LEAST_ROWS = 6
PRIOR_READINGS = 5.0
SHARES = (PartKind.DISTRICTS, PartKind.SUBDISTRICT, PartKind.SOME, PartKind.SEAT)
"""Kinds of part that are a share of their place; their prior slope on the typical unit is one."""
UNIT_PRIOR, COUNT_PRIOR = 0.3, 0.9
"""Prior slopes: of other kinds on the typical unit of a place, and of all on the unit count."""
LONGEST_YEARS, POSITIONS = 7, 19
LEAST_COUNTRIES, LEAST_REGIONAL_COUNTRIES = 5, 3
NETWORKS = {
    "network_use": ["area_id", "period", "least_share", "most_share"],
    "network_shares": ["area_id", "asn", "period", "users_share"],
    "operator_regions": ["area_id", "network_scope", "region", "operator", "regional_share"],
}
NORMAL_95, QUARTILE = 1.645, 0.6745
"""The 95 % quantile and the upper quartile of a standard normal distribution."""


def _read_numbers(rows: pd.DataFrame, *names: str) -> Array:
    return np.asarray(rows[list(names)].to_numpy("float64").T)


def _make_fits(
    values: Mapping[PlaceLaw, float | Spread],
    rows: pd.DataFrame,
    basis: ParameterBasis | None = ParameterBasis.ESTIMATED,
) -> Fits:
    return {law: make_fit(value, rows, "country_id", basis=basis) for law, value in values.items()}


def fit_places(tables: Tables) -> pd.DataFrame:
    """Return the fact table `place_laws`; without rows where there are too few figures."""
    use = tables["regional_use"]
    read = use[USE].assign(persons=use["area_id"].map(population.count_residents(tables)))
    shares = population.read_urban_shares(tables).rename("urban").reset_index()
    digest = digest_frames(read, list_readings(tables)[READINGS], shares)
    return make_parameter_table(_fit_parameters(tables), COUNTED, digest, COUNTS)


def _fit_parameters(tables: Tables) -> Fits:
    figures = online.read_regional_figures(tables)
    if select_large_series(figures[figures["kind"] == SURVEY]).empty:
        return {}
    deviations = add_deviations(figures)
    each_sex = add_deviations(online.read_regional_figures(tables, each_sex=True))
    sexes = each_sex[each_sex["kind"] == SURVEY]
    fits: Fits = {name: Fit(value) for name, value in ASSUMED.items()}
    fits |= _fit_between(select_large_series(deviations[deviations["kind"] == SURVEY]), sexes)
    low, _, high = fits[PlaceLaw.BETWEEN].value
    fits |= dict.fromkeys((PlaceLaw.MODEL, PlaceLaw.HOUSEHOLDS), Fit((high - low) / 2.0))
    fits |= _fit_survey(sexes)
    fits |= _fit_model(pair_kinds(deviations, MODEL, SURVEY), each_sex, fits)
    fits |= fit_towns(deviations, tables) | _fit_small_place(deviations, tables)
    fits |= _fit_households(deviations, fits)
    fits |= _fit_reading(tables, fits)
    return {name: fits[name] for name in PlaceLaw}


def add_deviations(figures: pd.DataFrame) -> pd.DataFrame:
    """Return figures with the `level` of their series and their `deviation` from that level."""
    level = figures["series"].map(online.compute_levels(figures)).astype("float64")
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


def _fit_between(surveyed: pd.DataFrame, sexes: pd.DataFrame) -> Fits:
    by_level = _fit_between_level(select_large_series(sexes))
    off, level, weight = _read_numbers(surveyed, "deviation", "level", "weight")
    scale = np.exp(by_level * np.clip(level, *LEVELS))

    def measure_beyond(spread: Spread) -> Array:
        deviation = online.compute_deviation(spread)
        return np.asarray((off - balance_median(level, deviation * scale)) / scale)

    between = Spread(-1.0, 0.0, 1.0)
    for _ in range(ROUNDS):
        between = measure_spread(measure_beyond(between), weight)
    beyond = pd.Series(measure_beyond(between) - between.q50, surveyed.index)
    squares = (beyond**2).groupby(surveyed["series"])
    degrees = DEGREES[1]
    if squares.ngroups > 1:
        excess = float(np.log(squares.mean()).var() - (2.0 / squares.size()).mean())
        degrees = float(np.clip(2.0 / max(excess, 2.0 / DEGREES[1]), *DEGREES))
    values = {PlaceLaw.BETWEEN_LEVEL: by_level, PlaceLaw.COUNTRY_DEGREES: degrees}
    return _make_fits({PlaceLaw.BETWEEN: between, **values}, surveyed)


def _fit_between_level(sexes: pd.DataFrame) -> float:
    off, level, weight = _read_numbers(sexes, "deviation", "level", "weight")
    inside = np.clip(level, *LEVELS)
    centred = inside - np.average(inside, weights=weight)
    logs = np.log(np.abs(off) + FLOOR)
    apart = float((weight * centred**2).sum())
    return float((weight * centred * logs).sum() / apart) if apart else 0.0


def _fit_survey(sexes: pd.DataFrame) -> Fits:
    parts = sexes["series"].str.rsplit(" ", n=1)
    rows = sexes.assign(series=parts.str[0], asked=parts.str[1])
    wide = rows.pivot_table(index=["series", "area_id"], columns="asked", values="deviation")
    women, men = RegionalAsked.WOMEN_15_49.value, RegionalAsked.MEN_15_49.value
    both = wide.reindex(columns=[women, men]).dropna()
    if len(both) < LEAST_REGIONS:
        return {}
    half = measure_half_width((both[women] - both[men]).to_numpy("float64") / 2.0)
    countries = sexes["country_id"].nunique()
    return {PlaceLaw.SURVEY: Fit(half, ParameterBasis.ESTIMATED, len(both), countries)}


def _fit_model(both: pd.DataFrame, each_sex: pd.DataFrame, fits: Fits) -> Fits:
    if both.empty:
        return {}
    slope, growth = _fit_model_slope(pair_kinds(each_sex, MODEL, SURVEY))
    x, y, level = _read_numbers(both, "x", "y", "level")
    predicted = slope * np.exp(growth * np.clip(level, *LEVELS)) * x
    half = 1.0
    for _ in range(ROUNDS):
        median = balance_median(level, np.full(len(x), half / Z95))
        half = measure_half_width(y - predicted - median)
    values = {PlaceLaw.MODEL: half, PlaceLaw.MODEL_SLOPE: slope, PlaceLaw.MODEL_LEVEL: growth}
    fitted = _make_fits(values, both)
    survey, years = fits[PlaceLaw.SURVEY].value, float(both["years"].mean())
    if years < 1.0:
        return fitted
    ageing = float(np.sqrt(0.5 * max(half**2 - survey**2, 0.0) / years))
    return fitted | _make_fits({PlaceLaw.AGEING: ageing}, both, ParameterBasis.ASSUMED)


def _fit_model_slope(both: pd.DataFrame) -> tuple[float, float]:
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


def fit_towns(deviations: pd.DataFrame, tables: Tables) -> Fits:
    """Return the deviation of towns, its slope on urban shares, and the spread that these leave."""
    use = tables["regional_use"]
    rows = use[use["asked"] != RegionalAsked.HOUSEHOLDS.value]
    mean = rows.groupby(["measurement_series_id", "area_id", "residence"])["share"].mean()
    names = [Residence.URBAN.value, Residence.TOTAL.value]
    both = mean.unstack("residence").reindex(columns=names).dropna()
    urban, total = (compute_log_odds(both[name]) for name in names)
    above = (urban - total).droplevel(0)
    fits: Fits = {}
    if len(above) >= LEAST_REGIONS:
        quantiles = measure_spread(above.to_numpy("float64"))
        fits[PlaceLaw.CITY] = Fit(quantiles, ParameterBasis.SINGLE_HOUSE, len(above), 1)
    rest = 1.0 - above.index.map(population.read_urban_shares(tables)).astype("float64")
    pairs = pd.DataFrame({"above": above.to_numpy("float64"), "rest": rest}).dropna()
    urban_rest = _fit_urban_rest(deviations, tables)
    if urban_rest and len(pairs) >= LEAST_REGIONS:
        slope = float(pairs["above"] @ pairs["rest"] / (pairs["rest"] @ pairs["rest"]))
        fits |= urban_rest
        fits[PlaceLaw.URBAN] = Fit(slope, ParameterBasis.SINGLE_HOUSE, len(pairs), 1)
    return fits


def _fit_urban_rest(deviations: pd.DataFrame, tables: Tables) -> Fits:
    """Return the part of the spread of small places that urban shares leave."""
    homes = deviations[deviations["kind"] == HOUSEHOLDS]
    holders, counted = parents_of(tables["areas"]), set(homes["area_id"])
    ways = homes["area_id"].map(lambda area: with_holders(area, holders)[1:-1])
    holder = ways.map(lambda way: next((area for area in way if area in counted), None))
    urban = homes["area_id"].map(population.read_urban_shares(tables)).astype("float64")
    steps = homes.assign(holder=holder, urban=urban).dropna(subset=["holder", "urban"])
    if len(steps) < LEAST_REGIONS:
        return {}
    mean = steps.groupby("holder")[["urban", "deviation"]].transform("mean")
    x, y = (steps[name] - mean[name] for name in ("urban", "deviation"))
    country = steps["country_id"]
    slope = (x * y).groupby(country).sum() / (x**2).groupby(country).sum()
    rest = y - country.map(slope) * x
    parts = (rest**2).groupby(country).sum() / (y**2).groupby(country).sum()
    part = float(np.sqrt(country.map(parts).mean()))
    return {} if np.isnan(part) else _make_fits({PlaceLaw.URBAN_REST: part}, steps)


def _fit_small_place(deviations: pd.DataFrame, tables: Tables) -> Fits:
    """Return the people in a place whose error variance is twice that of a large place.

    Steps are from the region; `parts` and `per_person` sum, over the areas between, one less the
    share of the holder, and this over its people.
    """
    homes = deviations[deviations["kind"] == HOUSEHOLDS]
    holders = parents_of(tables["areas"])
    ways = homes["area_id"].map(lambda area: with_holders(area, holders))
    is_region = ways.map(len).eq(2).astype("bool")
    regions = homes[is_region]
    of_region = regions.set_index("area_id")["deviation"]
    places = homes[~is_region].assign(above=ways[~is_region].str[-2].map(of_region))
    places = places.dropna(subset=["above"])
    if len(of_region) < LEAST_REGIONS or len(places) < LEAST_REGIONS:
        return {}
    people = population.count_residents(tables)
    parts, per_person = np.array([_sum_parts(way[:-1], people) for way in ways[places.index]]).T
    deviation, level, above = _read_numbers(places, "deviation", "level", "above")
    spread = places["series"].map(regions.groupby("series")["deviation"].std()).to_numpy("float64")

    def compute_excess(log_people: float) -> float:
        variance = spread**2 * (parts + np.exp(log_people) * per_person)
        rest = deviation - above - balance_median(level + above, np.sqrt(variance))
        return float((rest**2 / variance).mean() - 1.0)

    grid = np.log(SMALL)
    is_small = np.array([compute_excess(value) < 0.0 for value in grid])
    first = int(np.argmax(is_small))
    persons = float(SMALL[0] if is_small[0] else SMALL[-1])
    if first > 0:
        persons = float(np.exp(brentq(compute_excess, grid[first - 1], grid[first])))
    return _make_fits({PlaceLaw.SMALL_PLACE: round(persons, 0)}, places, basis=None)


def _sum_parts(way: list[str], people: "pd.Series[float]") -> tuple[float, float]:
    sizes = people.reindex(way).to_numpy("float64")
    part = np.nan_to_num(np.minimum(sizes[:-1] / sizes[1:], online.LARGEST_PART), nan=0.0)
    persons = np.nan_to_num(sizes[:-1], nan=UNKNOWN_PERSONS)
    return float((1.0 - part).sum()), float(((1.0 - part) / persons).sum())


def _fit_households(deviations: pd.DataFrame, fits: Fits) -> Fits:
    both, beside = pair_kinds(deviations, HOUSEHOLDS, SURVEY), 0.0
    if len(both) < LEAST_REGIONS:
        both = pair_kinds(deviations, HOUSEHOLDS, MODEL)
        names = (PlaceLaw.MODEL, PlaceLaw.MODEL_SLOPE, PlaceLaw.MODEL_LEVEL)
        beside, slope, growth = (fits[name].value for name in names)
        growths = growth * both["level"].clip(*LEVELS)
        both = both.assign(y=both["y"] * slope * np.exp(growths))
    if len(both) < LEAST_REGIONS:
        return {}
    mean = both.groupby("country_id")[["x", "y"]].transform("mean")
    x, y = _read_numbers(both[["x", "y"]] - mean, "x", "y")
    slope = float((x * y).sum() / (x * x).sum())
    half = float(np.hypot(measure_half_width(y - slope * x), beside))
    values = {PlaceLaw.HOUSEHOLDS: half, PlaceLaw.HOUSEHOLDS_SLOPE: slope}
    return _make_fits(values, both, ParameterBasis.SINGLE_HOUSE)


def _fit_reading(tables: Tables, fits: Fits) -> Fits:
    without = make_parameter_table(fits | {PlaceLaw.READING: Fit(0.0)}, COUNTED, "", COUNTS)
    parameters = online.read_parameters(without)
    compared = compare_readings(tables, parameters) if parameters else pd.DataFrame()
    if len(compared) < LEAST_READINGS:
        return {}
    value = {PlaceLaw.READING: fit_reading(compared)}
    return _make_fits(value, compared, ParameterBasis.SINGLE_HOUSE)


def list_readings(tables: Tables) -> pd.DataFrame:
    """Return readings of users: `register_row`, READINGS, `country_id`, `day`, middle `share`."""
    readings = tables["event_readings"]
    rows = readings.loc[readings["area_id"] != "", ["register_row", *READINGS]]
    parents = parents_of(tables["areas"])
    return rows.assign(
        country_id=rows["area_id"].map(lambda area: country_of(area, parents)).astype("str"),
        day=parse_periods(rows["start_on"])["start"],
        share=np.sqrt(rows["least_share"] * rows["most_share"]).clip(EDGE, 1.0 - EDGE),
    ).reset_index(drop=True)


def compare_readings(tables: Tables, parameters: online.PlaceParameters) -> pd.DataFrame:
    """Return readings of countries with levels: `difference` in log odds, expected `deviation`."""
    rows = list_readings(tables)
    levels = OnlineLevels.from_table(tables["online_levels"])
    errors = read_errors(tables["figure_errors"])
    if levels is None or errors is None or rows.empty:
        return rows[:0].assign(difference=np.nan, deviation=np.nan)
    country = levels.compute_quantiles(rows["country_id"], compute_moments(rows["day"]))
    young = Denominators(tables).measure_young_share(rows["country_id"])
    country = country.mul(1.0 - young * (1.0 - errors.children.q50), axis=0)
    place = online.estimate_online_odds(rows[["area_id", "day"]], tables, parameters)
    scope = rows[["country_id", "area_id", "day", "network_scope"]]
    scope = scope.assign(operators="", extent_reason="")
    of_networks = networks.read_parameters(tables["network_laws"])
    cut = networks.estimate_cut_share(scope, tables, of_networks)
    quantiles = (
        logit(country).to_numpy("float64"),
        place[online.ODDS_QUANTILES].to_numpy("float64"),
        np.log(cut[networks.SHARE_QUANTILES].to_numpy("float64")),
    )
    level, step, only = (parts[:, 1] for parts in quantiles)
    level_error, step_error, only_error = (
        (parts[:, 2] - parts[:, 0]) / (2.0 * Z95) for parts in quantiles
    )
    share = expit(level + step)
    cut_share = np.clip(share * np.exp(only), EDGE, 1.0 - EDGE)
    # A change of the log of the networks' share is this much in log odds of the product.
    scale = (1.0 - share) / (1.0 - cut_share), 1.0 / (1.0 - cut_share)
    spread = np.hypot(scale[0] * np.hypot(level_error, step_error), scale[1] * only_error)
    return rows.assign(
        difference=logit(rows["share"]) - logit(cut_share),
        deviation=np.hypot(spread, READER_ERROR / (1.0 - rows["share"])),
    ).dropna(subset=["difference", "deviation"])


def fit_reading(compared: pd.DataFrame) -> float:
    """Return the half width, in log odds, of the error of reading; zero where none is needed."""
    size = compared["difference"].abs().to_numpy("float64")
    variance = compared["deviation"].to_numpy("float64") ** 2

    def compute_excess(error: float) -> float:
        return measure_half_width(size / np.sqrt(variance + error**2)) - Z95

    if len(compared) < LEAST_READINGS or compute_excess(0.0) <= 0.0:
        return 0.0
    return float(Z95 * brentq(compute_excess, 0.0, LARGEST))


def fit_part_sizes(tables: Tables) -> pd.DataFrame:
    """Return the fact table `part_sizes`, fitted to readings of places with a count of people."""
    rows = tables["place_parts"]
    digest = digest_frames(rows[PARTS])
    places = rows[["area_id"]].assign(day=rows["period_start"])
    rows = rows.assign(
        people_persons=population.estimate_people(places, tables)["people_persons"],
        urban_share=rows["area_id"].map(population.read_urban_shares(tables)),
        log_persons=np.log(rows["least_persons"].astype("float64") * rows["most_persons"]) / 2.0,
    )
    readings = rows.join(population.describe_parts(rows, tables["areas"])).dropna(subset=["unit"])
    of_kinds = [(kind, readings[readings["part_kind"] == kind.value]) for kind in PartKind]
    fits = [
        (kind.value, *fit_kind(rows, kind).values(), len(rows), digest)
        for kind, rows in of_kinds
        if rows["register_row"].nunique() >= LEAST_ROWS
    ]
    table = pd.DataFrame(fits, columns=["part_kind", *PARAMETERS, "figures", "data_sha256"])
    return table.assign(basis=ParameterBasis.ESTIMATED.value)


def fit_kind(readings: pd.DataFrame, kind: PartKind) -> dict[str, float]:
    """Return PARAMETERS from logs `unit`, `count`, `log_persons` of readings by `register_row`."""
    prior = np.array([1.0 if kind in SHARES else UNIT_PRIOR, COUNT_PRIOR])
    x = np.column_stack([np.ones(len(readings)), readings[["unit", "count"]]]).astype("float64")
    y = readings["log_persons"].to_numpy("float64") - x[:, 1:] @ prior
    penalty = np.diag([0.0, PRIOR_READINGS, PRIOR_READINGS])
    inverse = np.linalg.inv(x.T @ x + penalty)
    fitted = inverse @ x.T @ y
    # the residual of each reading from the fit without the readings of its row
    number, _ = pd.factorize(readings["register_row"])
    same_row = np.where(number[:, None] == number[None, :], x @ inverse @ x.T, 0.0)
    errors = np.linalg.solve(np.eye(len(y)) - same_row, y - x @ fitted)
    numbers = (*(fitted + np.array([0.0, *prior])), measure_half_width(errors) / Z95)
    return dict(zip(PARAMETERS, map(float, numbers), strict=True))


def fit_networks(tables: Tables) -> pd.DataFrame:
    """Return the fact table `network_laws`; without rows where there are too few countries."""
    fits: Fits = {}
    use, shares = tables["network_use"], tables["network_shares"]
    if use["area_id"].nunique() >= LEAST_COUNTRIES:
        pairs = list_changes(use)
        fits[NetworkLaw.CHANGE] = make_fit(measure_yearly_change(pairs), pairs, "area_id")
        last = use.sort_values("period_start").drop_duplicates("area_id", keep="last")
        least, most = last[["least_share", "most_share"]].to_numpy("float64").T[:, :, None]
        steps = (np.arange(POSITIONS) + 0.5) / POSITIONS
        inside = np.clip(least + (most - least) * steps, *networks.LIMITS).ravel()
        between = measure_spread(np.asarray(logit(inside)))
        fits[NetworkLaw.OTHER_COUNTRIES] = make_fit(between, last, "area_id")
    changes = networks.list_changes(shares)
    if changes["area_id"].nunique() >= LEAST_COUNTRIES:
        jump = measure_jumps(shares)
        steady = changes[~changes["area_id"].isin(networks.list_noisy(shares, jump))]
        change = measure_yearly_change(steady)
        fits[NetworkLaw.OPERATOR_CHANGE] = make_fit(change, steady, "area_id")
        fits[NetworkLaw.OPERATOR_JUMP] = make_fit(jump, changes, "area_id")
    regions = networks.list_regional_differences(tables["operator_regions"])
    if regions["area_id"].nunique() >= LEAST_REGIONAL_COUNTRIES:
        off = balance_spread(regions["difference"], regions["area_id"], regions["network_scope"])
        fits[NetworkLaw.OPERATOR_REGION] = make_fit(off, regions, "area_id")
    return make_parameter_table(fits, COUNTED, digest_facts(tables, NETWORKS))


def list_changes(counts: pd.DataFrame) -> pd.DataFrame:
    """Return `area_id`, `years` and `change` of every pair of counts of a country."""
    middle = (counts["least_share"] + counts["most_share"]) / 2.0
    x = logit(middle.clip(*networks.LIMITS).to_numpy("float64"))
    rows = counts[["area_id"]].assign(year=counts["period_start"].dt.year, x=x)
    both = rows.merge(rows, on="area_id", suffixes=("", "_later"))
    years = both["year_later"] - both["year"]
    pairs = both[years.between(1, LONGEST_YEARS)]
    change = pairs["x_later"] - pairs["x"]
    return pairs[["area_id"]].assign(years=years[pairs.index], change=change)


def measure_yearly_change(pairs: pd.DataFrame) -> Spread:
    """Return quantiles of the change after one year; each country has the same weight."""
    return balance_spread(pairs["change"] / np.sqrt(pairs["years"]), pairs["area_id"])


def measure_jumps(network_shares: pd.DataFrame) -> Spread:
    """Return the 5, 50 and 95 % quantiles of the jumps that countries have by chance."""
    jumps = networks.measure_jumps(network_shares)
    middle = float(jumps.median())
    half = (middle - float(jumps.quantile(0.25))) / QUARTILE * NORMAL_95
    return Spread(middle - half, middle, middle + half)
