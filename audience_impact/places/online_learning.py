"""What the facts teach of the people online in places: from `regional_use` to `place_laws`.

Definitions. Those of regional_figures.py and online.py; a step is a deviation from the holder. A
series counts from LEAST_REGIONS regions on, and weighs with the square root of them.

Method. No draws: the same facts give the same numbers, rounded to DECIMALS.

* between: the 5, 50 and 95 % quantile, over the regions of surveys, of the deviation less the
  median that a logistic normal of this spread has (three rounds, since the two depend on each
  other).
* country_degrees: the mean squares of countries have logs that vary by 2/n where all countries are
  alike; what they vary beyond that is 2/k, and k is the number.
* small_place: the h at which the steps below the regions of censuses of households, divided by the
  variance that online.py gives them beside that of the regions of the same census, have mean one (the smallest such h).
* city: quantiles of log odds in the towns of a region less those of the region.
* survey: women and men are asked apart; half of the 90 % quantile of the absolute difference of
  their deviations.
* model, model_slope: least squares of the deviations that surveys found on those of the model,
  within countries; the 90 % quantile of the absolute residual.
* households, households_slope: the same of connected homes, against surveys or, without one, the
  model, whose own error is added in squares.
* ageing: by convention half of what model and surveys differ by beyond the errors of surveys, over
  the years between them.

Assumptions. Surveys and the model err independently of each other.

Known drawbacks. The model was fitted to the same surveys: what it is worth in a country without one
is overstated, and what the years change is understated. One census of households, of 2014, stands
behind small places.

Citations. Weighted quantiles as in errors/learning.py. The log of a chi square: M. S. Bartlett, D.
G. Kendall (1946), The statistical analysis of variance-heterogeneity and the logarithmic
transformation, Journal of the Royal Statistical Society Supplement 8.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from audience_impact.errors.law import Spread
from audience_impact.errors.learning import quantiles
from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.places import regional_figures
from audience_impact.places.online import LARGEST_PART, balance
from audience_impact.places.online_law import deviation, kinds
from audience_impact.places.regional_figures import HOUSEHOLDS, MODEL, SURVEY, log_odds
from audience_impact.vocabulary import ParameterBasis, PlaceLaw, Residence

LEAST_REGIONS = 4
DECIMALS = 4
ROUNDS = 3
TAILS = (0.05, 0.50, 0.95)
DEGREES = (1.0, 100.0)
"""Between these the number of regions that a spread is worth must lie."""
SMALL = (1.0, 1e7)
READ = ["area_id", "asked", "residence", "internet_use", "period", "share", "measurement_series_id"]

NOTES = {
    PlaceLaw.BETWEEN: "log odds: a region less its country, beyond the median of a logistic normal",
    PlaceLaw.CITY: "log odds: the towns of a region less the region",
    PlaceLaw.COUNTRY_DEGREES: "regions: what the spread of all countries is worth beside a "
    "country's own",
    PlaceLaw.SMALL_PLACE: "people: a place of so many has twice the variance of a large one",
    PlaceLaw.SURVEY: "half of a 90 % interval, log odds: a survey's deviation of a region",
    PlaceLaw.AGEING: "half of a 90 % interval, log odds, after one year; grows with the square "
    "root: a convention, half of what model and surveys differ by",
    PlaceLaw.MODEL: "half of a 90 % interval, log odds: a region by the model alone",
    PlaceLaw.MODEL_SLOPE: "deviation by surveys for each unit of the model's",
    PlaceLaw.HOUSEHOLDS: "half of a 90 % interval, log odds: a place by its connected homes alone",
    PlaceLaw.HOUSEHOLDS_SLOPE: "deviation for each unit of that of connected homes",
}


@dataclass(frozen=True)
class Learned:
    """Numbers of one parameter, what they stand on, and how many figures and countries."""

    values: tuple[float, ...]
    basis: ParameterBasis
    figures: int
    countries: int


def apart(found: pd.DataFrame) -> pd.DataFrame:
    """Figures with the log odds of the series (`level`) and the `deviation` from it."""
    level = found["series"].map(regional_figures.levels(found)).astype("float64")
    return found.assign(level=level, deviation=log_odds(found["share"]) - level)


def _large(found: pd.DataFrame) -> pd.DataFrame:
    size = found.groupby("series")["area_id"].transform("size")
    return found[size >= LEAST_REGIONS].assign(weight=size**-0.5)


def between(found: pd.DataFrame) -> Spread:
    """Quantiles of the deviation of a region beyond `balance`; `found` as `apart` gives it."""
    rows = _large(found)
    law = Spread(-1.0, 0.0, 1.0)
    weight = rows["weight"].to_numpy("float64")
    for _ in range(ROUNDS):
        law = Spread(*map(float, quantiles(_beyond(rows, deviation(law)), weight, TAILS)))
    return law


def _beyond(rows: pd.DataFrame, spread: float) -> Array:
    level = rows["level"].to_numpy("float64")
    centre = balance(level, np.full(len(rows), spread))
    return np.asarray(rows["deviation"].to_numpy("float64") - centre)


def country_degrees(found: pd.DataFrame, law: Spread) -> float:
    """Regions that the common spread is worth beside those of a country."""
    rows = _large(found)
    beyond = _beyond(rows, deviation(law)) - law.q50
    squares = pd.Series(beyond**2, rows.index).groupby(rows["series"])
    excess = float(np.log(squares.mean()).var() - (2.0 / squares.size()).mean())
    low, high = DEGREES
    return float(np.clip(2.0 / max(excess, 2.0 / high), low, high))


def two_askings(use: pd.DataFrame, found: pd.DataFrame) -> Array:
    """Half of the difference between the deviations of women and men of each region."""
    rows = use[(use["residence"] == Residence.TOTAL.value) & (use["asked"] != "households")]
    wide = (
        rows.assign(x=log_odds(rows["share"]))
        .pivot_table(index=["measurement_series_id", "area_id"], columns="asked", values="x")
        .reset_index()
    )
    surveyed = set(found["area_id"] + " " + found["series"].str.split(" ").str[1])
    known = wide[(wide["area_id"] + " " + wide["measurement_series_id"]).isin(surveyed)]
    if not {"women_15_49", "men_15_49"} <= set(known.columns):
        return np.empty(0)
    gap = (known["women_15_49"] - known["men_15_49"]).astype("float64")
    country = known["area_id"].map(found.drop_duplicates("area_id").set_index("area_id").country_id)
    inside = gap - gap.groupby([known["measurement_series_id"], country]).transform("mean")
    return np.asarray(inside.dropna().to_numpy("float64") / 2.0)


def towns(use: pd.DataFrame) -> Array:
    """Log odds in the towns of each region less those of the region, women and men averaged."""
    rows = use[use["asked"] != "households"]
    mean = rows.groupby(["measurement_series_id", "area_id", "residence"])["share"].mean()
    wide = mean.unstack("residence")
    if not {"urban", "total"} <= set(wide.columns):
        return np.empty(0)
    both = wide[["urban", "total"]].dropna()
    return np.asarray((log_odds(both["urban"]) - log_odds(both["total"])).to_numpy("float64"))


def pairs(found: pd.DataFrame, of: str, against: str) -> pd.DataFrame:
    """Deviations of two kinds of the same area (`x` of the kind `of`, `y`), within countries."""
    right = found.loc[found["kind"] == against, ["area_id", "deviation", "year"]]
    left = found.loc[found["kind"] == of, ["area_id", "country_id", "deviation", "year"]]
    both = left.merge(right, on="area_id", suffixes=("_x", "_y"))
    size = both.groupby("country_id")["area_id"].transform("size")
    both = both[size >= LEAST_REGIONS]
    centred = both[["deviation_x", "deviation_y"]].sub(
        both.groupby("country_id")[["deviation_x", "deviation_y"]].transform("mean")
    )
    years = (both["year_x"] - both["year_y"]).abs()
    return both[["country_id"]].assign(
        x=centred["deviation_x"], y=centred["deviation_y"], years=years
    )


def fitted(both: pd.DataFrame) -> tuple[float, float]:
    """Slope of `y` on `x`, and the 90 % quantile of the absolute residual; NaN without pairs."""
    if len(both) < LEAST_REGIONS:
        return float("nan"), float("nan")
    x, y = both["x"].to_numpy("float64"), both["y"].to_numpy("float64")
    slope = float((x * y).sum() / (x * x).sum())
    rest = np.abs(y - slope * x)
    return slope, float(quantiles(rest, np.ones(len(rest)), (0.90,))[0])


def small_place(found: pd.DataFrame, tables: Tables) -> tuple[float, int]:
    """People of a place with twice the variance of a large one, and how many places say so."""
    homes = found[found["kind"] == HOUSEHOLDS]
    holders = regional_figures.parents(tables)
    ways = homes["area_id"].map(
        {area: regional_figures.chain(area, holders) for area in homes["area_id"].unique()}
    )
    top = ways.map(len).to_numpy() == 2
    regions, places = homes[top], homes[~top].assign(way=ways[~top])
    if len(regions) < LEAST_REGIONS or places.empty:
        return float("nan"), 0
    known = regions.set_index("area_id")["deviation"]
    beyond = regions["deviation"].std()
    places = places.assign(holder=places["way"].str[-2])
    places = places[places["holder"].isin(known.index)]
    held = places["level"].to_numpy("float64") + places["holder"].map(known).to_numpy("float64")
    steps = places["deviation"].to_numpy("float64") - places["holder"].map(known).to_numpy(
        "float64"
    )
    people = regional_figures.residents(tables)
    sizes = [_sizes(way[:-1], people) for way in places["way"]]

    def excess(log_h: float) -> float:
        variance = np.array(
            [beyond**2 * ((1.0 + np.exp(log_h) / own) * (1.0 - part)).sum() for own, part in sizes]
        )
        rest = steps - balance(held, np.sqrt(variance))
        return float((rest**2 / variance).mean() - 1.0)

    grid = np.log(np.geomspace(*SMALL, 50))
    values = np.array([excess(each) for each in grid])
    first = int(np.argmax(values < 0.0))
    if first == 0:
        return float(SMALL[0] if values[0] < 0.0 else SMALL[1]), len(places)
    return float(np.exp(brentq(excess, grid[first - 1], grid[first]))), len(places)


def _sizes(way: list[str], people: "pd.Series[float]") -> tuple[Array, Array]:
    """People of each place of a chain below its region, and its part of its holder."""
    own = np.array([float(people.get(area, np.nan)) for area in way])
    part = np.nan_to_num(np.minimum(own[:-1] / own[1:], LARGEST_PART), nan=0.0)
    return np.nan_to_num(own[:-1], nan=1e6), part


def parameters(tables: Tables) -> dict[PlaceLaw, Learned]:
    """Everything that typed facts teach of places; without surveys of regions nothing."""
    use, found = tables["regional_use"], regional_figures.figures(tables)
    surveyed = apart(found[found["kind"] == SURVEY]) if len(found) else found
    if surveyed.empty or _large(surveyed).empty:
        return {}
    law, every = between(surveyed), apart(found)
    rows, estimated = _large(surveyed), ParameterBasis.ESTIMATED
    told = (len(rows), rows["country_id"].nunique())
    halves, urban = np.abs(two_askings(use, surveyed)), towns(use)
    by_model = pairs(every, MODEL, SURVEY)
    slope, model = fitted(by_model)
    survey = float(quantiles(halves, np.ones(len(halves)), (0.90,))[0]) if len(halves) else 0.5
    years = float(by_model["years"].mean()) if len(by_model) else 1.0
    beyond = max(model**2 - survey**2, 0.0) if np.isfinite(model) else 0.3**2 * years
    city = quantiles(urban, np.ones(len(urban)), TAILS) if len(urban) else np.array([0.0, 0.5, 1.0])
    known = {
        PlaceLaw.BETWEEN: Learned((law.q05, law.q50, law.q95), estimated, *told),
        PlaceLaw.COUNTRY_DEGREES: Learned((country_degrees(surveyed, law),), estimated, *told),
        PlaceLaw.CITY: Learned(tuple(map(float, city)), _basis(len(urban)), len(urban), 1),
        PlaceLaw.SURVEY: Learned((survey,), _basis(len(halves)), len(halves), told[1]),
        PlaceLaw.AGEING: Learned(((0.5 * beyond / years) ** 0.5,), ParameterBasis.ASSUMED, 0, 0),
    }
    return known | _predicted(every, by_model, slope, model, law) | _small(every, tables)


def _basis(count: int) -> ParameterBasis:
    return ParameterBasis.ESTIMATED if count else ParameterBasis.ASSUMED


def _predicted(
    every: pd.DataFrame, by_model: pd.DataFrame, slope: float, model: float, law: Spread
) -> dict[PlaceLaw, Learned]:
    """What a model or a census of households is worth; without pairs as much as nothing."""
    nothing = (law.q95 - law.q05) / 2.0
    told = (len(by_model), by_model["country_id"].nunique())
    if not np.isfinite(slope):
        slope, model = 0.0, nothing
    modelled = every[every["kind"] == MODEL].assign(deviation=lambda rows: rows.deviation * slope)
    homes = pairs(pd.concat([every[every["kind"] != MODEL], modelled]), HOUSEHOLDS, SURVEY)
    other = pairs(pd.concat([every[every["kind"] != MODEL], modelled]), HOUSEHOLDS, MODEL)
    by_homes, beside = (homes, 0.0) if len(homes) >= LEAST_REGIONS else (other, model)
    steep, rest = fitted(by_homes)
    if not np.isfinite(steep):
        steep, rest = 0.0, nothing
    count = (len(by_homes), by_homes["country_id"].nunique())
    basis = ParameterBasis.SINGLE_HOUSE if count[0] else ParameterBasis.ASSUMED
    return {
        PlaceLaw.MODEL: Learned((model,), _basis(told[0]), *told),
        PlaceLaw.MODEL_SLOPE: Learned((slope,), _basis(told[0]), *told),
        PlaceLaw.HOUSEHOLDS: Learned((float(np.hypot(rest, beside)),), basis, *count),
        PlaceLaw.HOUSEHOLDS_SLOPE: Learned((steep,), basis, *count),
    }


def _small(every: pd.DataFrame, tables: Tables) -> dict[PlaceLaw, Learned]:
    persons, count = small_place(every, tables)
    if not count:
        return {PlaceLaw.SMALL_PLACE: Learned((1e5,), ParameterBasis.ASSUMED, 0, 0)}
    return {PlaceLaw.SMALL_PLACE: Learned((persons,), ParameterBasis.SINGLE_HOUSE, count, 1)}


def digest(tables: Tables) -> str:
    """SHA-256 of what is read of the facts; order, sources and notes do not count."""
    use = tables["regional_use"]
    people = regional_figures.residents(tables)
    rows = use[READ].assign(persons=use["area_id"].map(people)).sort_values(READ)
    return hashlib.sha256(rows.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def table(tables: Tables) -> pd.DataFrame:
    """The fact table `place_laws` that typed facts give; without rows where there are too few."""
    known, sha256 = parameters(tables), digest(tables)
    rows = [
        {
            "parameter": name.value,
            "kind": kind.value,
            "value": round(value, 0 if name is PlaceLaw.SMALL_PLACE else DECIMALS),
            "basis": one.basis.value,
            "figures": one.figures,
            "countries": one.countries,
            "data_sha256": sha256,
            "note": NOTES[name],
        }
        for name in PlaceLaw
        if (one := known.get(name)) is not None
        for kind, value in zip(kinds(name), one.values, strict=True)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = ["parameter", "kind", "value", "basis", "figures", "countries", "data_sha256", "note"]
