"""The people online in a place: the distribution of its odds relative to those of its country.

Definitions. Deviation of a place: log odds of the share of its people online less those of its
country on that day. Holder: the area that contains a place (`areas.parent_id`). Evidence level: the
basis of the distribution of a place: a survey of it, a model, a census of its households, a figure
of a holder, the country.

Method. From the country down, each place is its holder plus a step. Without a figure the step has
the spread that was fitted between the regions of other countries, shrunk towards that of the
country's own regions if they are known (by an inverse gamma prior with the weight of
`country_degrees` regions). It is larger for small places, by 1 + h / people in the variance, and
smaller for what makes up most of its holder, by one less its part. Its median is such that the mean
share is the holder's: for log odds L and deviation s that of

    L (sqrt(1 + pi s^2 / 8) - 1),

as the mean of a logistic normal nearly is; s itself is proportional to exp(b L). Where a census
tells how many residents of a place and of its holder live in towns, the place is above its holder
by the difference of these shares times `urban`, and s is multiplied by `urban_rest`, the part that
they leave unexplained. Another town is above its holder by as much as the towns of a region are
above the region. A city of a million or more is so above its country where its holder is below it:
most of a region that a survey finds below its country live outside the city. If a model, or a
census of households, has a figure of the place, the step is the prediction from such figures where
surveys exist as well (the model's deviation times a slope proportional to exp(g L), since it
spreads regions too little where few are online); not of a city that it has below its country. A
survey of the place is then put in by Gaussian conditioning, with an error that grows with the years
between. Of a place that a register names, the error of reading is drawn as well
(simulation/parts.py).

Assumptions. Steps are independent of each other and of the size of the country. Regions without a
figure differ by as much as regions with one.

Known drawbacks. The countries with regional surveys are mostly poor. Below regions one census alone
shows how small places differ. War and flight since a survey are not considered.

Citations. D. J. C. MacKay (1992), The evidence framework applied to classification networks, Neural
Computation 4 (mean of a logistic normal). J. N. K. Rao, I. Molina (2015), Small Area Estimation.

The parameters are read from `place_laws`, which fitting/places.py fits. Half widths are halves of
central 90 % intervals; standard deviations follow from them as for a normal.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact import selection as choosing
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Spread, read_numbers
from audience_impact.frames import Array
from audience_impact.places import population, regional_figures
from audience_impact.populations import parents_of, with_holders
from audience_impact.vocabulary import AreaLevel, PlaceLaw, YesNo

NORMAL = 1.6448536269514722
"""The 95 % quantile of a standard normal distribution."""
LEVELS = (-4.0, 3.0)
"""Range of log odds of countries for which spreads and slopes were fitted."""


@dataclass(frozen=True)
class PlaceParameters:
    """Parameters of places, as fitted to the facts.

    Attributes:
        between: Quantiles of a region's deviation from its country at even odds, minus the
            correction of `balance_median`.
        between_level: Growth of the log of that spread per unit of the country's log odds.
        city: Quantiles of the deviation of the towns of a region from the region.
        country_degrees: Weight, as a number of regions, of the spread in all countries relative to
            the regions of the country itself.
        small_place: People of a place whose variance is twice that of a large place.
        survey: Half width of a survey's deviation of a region.
        ageing: Half width that is added to that after a year.
        model: Half width of a deviation that only a model gives.
        model_slope: Deviation per unit of the model's deviation, at even odds.
        model_level: Growth of the log of that slope per unit of the country's log odds.
        households: Half width of a deviation that a census of connected households gives.
        households_slope: Deviation per unit of the deviation of connected households.
        urban: Deviation per unit of the share of residents who live in towns, beyond the holder's.
        urban_rest: Part of the spread of a step that is left where these shares are on record.
        reading: Half width of the error of reading, of a place that a register names.
    """

    between: Spread
    between_level: float
    city: Spread
    country_degrees: float
    small_place: float
    survey: float
    ageing: float
    model: float
    model_slope: float
    model_level: float
    households: float
    households_slope: float
    urban: float
    urban_rest: float
    reading: float

    @property
    def base_spread(self) -> float:
        """Return standard deviation of a large region at even odds."""
        return compute_deviation(self.between)

    def spread_at(self, level: Array) -> Array:
        """Return the standard deviation of a large region in a country with these log odds."""
        return np.asarray(self.base_spread * np.exp(self.between_level * np.clip(level, *LEVELS)))

    @property
    def unit_distribution(self) -> Spread:
        """Return the distribution of `between` around its median, in standard deviations."""
        q50 = self.between.q50
        return Spread(
            (self.between.q05 - q50) / self.base_spread,
            0.0,
            (self.between.q95 - q50) / self.base_spread,
        )


SPREADS = (PlaceLaw.BETWEEN, PlaceLaw.CITY)
COUNTS = (
    PlaceLaw.BETWEEN_LEVEL,
    PlaceLaw.MODEL_LEVEL,
    PlaceLaw.COUNTRY_DEGREES,
    PlaceLaw.SMALL_PLACE,
    PlaceLaw.MODEL_SLOPE,
    PlaceLaw.HOUSEHOLDS_SLOPE,
    PlaceLaw.URBAN,
    PlaceLaw.URBAN_REST,
)


def compute_deviation(quantiles: Spread) -> float:
    """Return the standard deviation of a normal with these 5 and 95 % quantiles."""
    return (quantiles.q95 - quantiles.q05) / (2.0 * NORMAL)


def read_parameters(place_laws: pd.DataFrame) -> PlaceParameters | None:
    """Return the parameters of the typed fact table; None where it has no rows.

    Raises:
        ParameterError: The table lacks a parameter.
    """
    if place_laws.empty:
        return None
    return PlaceParameters(**read_numbers(place_laws, "place_laws", PlaceLaw, SPREADS, COUNTS))


ODDS_QUANTILES = ["online_q05", "online_q50", "online_q95"]
PLACE_LEVELS = ("survey", "model", "households", "holder", "country")
"""Evidence levels of the distribution of a place, the best first."""
METROPOLIS_PERSONS = 1_000_000
LARGEST_PART = 0.95
"""Maximum share of a place in its holder: the counts of the two may be inconsistent."""


def estimate_online_odds(
    requested: pd.DataFrame, tables: Tables, parameters: PlaceParameters | None
) -> pd.DataFrame:
    """Return ODDS_QUANTILES of the deviation of each place on each day, and its `rung`.

    `requested` has `area_id` and `day`; the index is kept. NaN with a blank rung where no
    parameters were fitted, or no count of the people online of the country is on record.
    """
    if parameters is None or requested.empty:
        return pd.DataFrame(np.nan, requested.index, ODDS_QUANTILES).assign(rung="")
    places, days, figures, areas = _prepare_places(requested, tables)
    rows = places.merge(days, on=["country_id", "day"], validate="m:1")
    spreads = estimate_country_spreads(figures, parameters)
    rows["spread"] = rows["country_id"].map(spreads).fillna(1.0)
    deviations = regional_figures.choose_deviations(days.merge(figures, on="country_id"), areas)
    odds = estimate_odds(rows, deviations, tables, parameters)
    joined = requested[["area_id", "day"]].merge(odds, on=["area_id", "day"], how="left")
    return joined.set_axis(requested.index)[[*ODDS_QUANTILES, "rung"]]


def _prepare_places(
    requested: pd.DataFrame, tables: Tables
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, set[str]]:
    """Return places, the days of their countries, all figures, and the areas of the places."""
    places = requested[["area_id", "day"]].drop_duplicates().reset_index(drop=True)
    ways = find_chains(places["area_id"], tables)
    places["country_id"] = places["area_id"].map({area: way[-1] for area, way in ways.items()})
    days = places[["country_id", "day"]].drop_duplicates().reset_index(drop=True)
    days["log_odds"] = regional_figures.compute_country_log_odds(days, tables)
    areas = {area for way in ways.values() for area in way[:-1]}
    return places, days, regional_figures.read_figures(tables), areas


def list_candidates(requested: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return online figures of each requested place and of the areas that contain it.

    Columns: `area_id`, `kind`, `series`, `share`, `year`, `passed_over` (the reason why a figure is
    not used, blank where it is).
    """
    _, days, figures, areas = _prepare_places(requested, tables)
    figures = figures[figures["area_id"].isin(areas)]
    rows = regional_figures.list_on_days(days.merge(figures, on="country_id"))
    return rows.assign(
        passed_over=choosing.rejection_reason(rows, regional_figures.STEPS_OF_CHOICE)
    )


def find_chains(area_ids: "pd.Series[str]", tables: Tables) -> dict[str, list[str]]:
    """Return the areas that contain each area, from itself to its country."""
    parents = parents_of(tables["areas"])
    return {area: with_holders(area, parents) for area in area_ids.unique().tolist()}


def estimate_odds(
    places: pd.DataFrame, deviations: pd.DataFrame, tables: Tables, parameters: PlaceParameters
) -> pd.DataFrame:
    """Return `area_id`, `day`, ODDS_QUANTILES and `rung` of places, relative to their country.

    `places` has `area_id` and `day` (each pair once), `country_id`, the `log_odds` of the country,
    and the `spread` between its regions relative to all countries; `deviations` is the result of
    `choose_deviations` for those days.
    """
    counted = set(deviations["area_id"])
    steps = _list_steps(places.reset_index(drop=True), tables, counted)
    return _follow_steps(_add_figures(steps, deviations), parameters)


def balance_median(level: Array, spread: Array) -> Array:
    """Return the median deviation, with that spread, for which the mean share is unchanged.

    `level` is the mean share in log odds.
    """
    return np.asarray(level * (np.sqrt(1.0 + np.pi * spread**2 / 8.0) - 1.0))


def estimate_country_spreads(
    figures: pd.DataFrame, parameters: PlaceParameters
) -> "pd.Series[float]":
    """Return the spread of the surveyed regions of a country, relative to all countries.

    The result is indexed by country; 1 means that its regions differ as much as those of others.
    """
    surveyed = figures[figures["kind"] == regional_figures.SURVEY]
    level = surveyed["series"].map(regional_figures.compute_levels(surveyed)).to_numpy("float64")
    spread = parameters.spread_at(level)
    centre = balance_median(level, spread) + parameters.between.q50
    apart = (regional_figures.compute_log_odds(surveyed["share"]) - level - centre) / spread
    squares = (apart**2).groupby(surveyed["country_id"])
    weight = parameters.country_degrees
    return np.sqrt((weight + squares.sum()) / (weight + squares.size()))


def _skip_uncounted(way: list[str], counted: Collection[str]) -> list[str]:
    """Return a chain without uncounted areas around a counted one.

    A figure is compared with that of the nearest area that has one: what lies between adds nothing.
    """
    nearest = next((at for at, area in enumerate(way) if area in counted), len(way))
    last = len(way) - 1
    return [area for at, area in enumerate(way) if at <= nearest or at == last or area in counted]


def _list_steps(rows: pd.DataFrame, tables: Tables, counted: Collection[str]) -> pd.DataFrame:
    """Return a row for each place and each area of its chain below the country, from the top.

    `row` numbers the requested place, `depth` counts from 1 below the country; the last step of it
    is the place itself. A country has one step, to itself, with `depth` 0. `counted` are the areas
    with a figure.
    """
    numbered = rows.rename(columns={"area_id": "requested_id"}).reset_index(names="row")
    chain_by_area = find_chains(rows["area_id"], tables)
    place_chains = [_skip_uncounted(chain_by_area[area], counted) for area in rows["area_id"]]
    ways = [
        list(zip(way[-2::-1], way[:0:-1], strict=True)) or [(way[0], "")] for way in place_chains
    ]
    steps = numbered.assign(pair=ways).explode("pair", ignore_index=True)
    steps["area_id"] = steps["pair"].str[0].astype("str")
    steps["holder_id"] = steps["pair"].str[1].astype("str")
    steps["depth"] = steps.groupby("row").cumcount() + steps["holder_id"].ne("").astype("int64")
    people = population.count_residents(tables)
    persons, holder_persons = (
        steps[name].map(people).astype("float64") for name in ("area_id", "holder_id")
    )
    areas = tables["areas"].set_index("area_id")
    is_city = steps["area_id"].map(areas["level"]) == AreaLevel.CITY.value
    is_large = steps["area_id"].map(areas["is_city"]) == YesNo.YES.value
    shares = population.read_urban_shares(tables)
    urban, holder_urban = (
        steps[name].map(shares).astype("float64") for name in ("area_id", "holder_id")
    )
    return steps.assign(
        persons=persons,
        urban=urban.mask(is_city, 1.0) - holder_urban,
        part=(persons / holder_persons).clip(upper=LARGEST_PART).fillna(0.0),
        is_city=is_city | is_large,
        is_metropolis=is_large | (is_city & (persons >= METROPOLIS_PERSONS)),
    ).drop(columns="pair")


def _add_figures(steps: pd.DataFrame, deviations: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for kind in (regional_figures.SURVEY, regional_figures.MODEL, regional_figures.HOUSEHOLDS):
        of_kind = deviations[deviations["kind"] == kind].set_index(["area_id", "day"])
        for side in ("area", "holder"):
            keys = pd.MultiIndex.from_arrays([steps[f"{side}_id"], steps["day"]])
            values = of_kind[["deviation", "year"]].reindex(keys).astype("float64")
            columns[f"{kind}_{side}"] = values["deviation"].to_numpy()
            columns[f"{kind}_{side}_year"] = values["year"].to_numpy()
    return steps.assign(**columns)


def _follow_steps(steps: pd.DataFrame, parameters: PlaceParameters) -> pd.DataFrame:
    count = int(steps["row"].max()) + 1
    mean, variance = np.zeros(count), np.zeros(count)
    rung = np.full(count, PLACE_LEVELS.index("country"))
    for depth in range(1, int(steps["depth"].max()) + 1):
        level = steps[steps["depth"] == depth]
        at = level["row"].to_numpy("int64")
        mean[at], variance[at], step_rung = _add_step(level, mean[at], variance[at], parameters)
        inherited = np.where(
            rung[at] < PLACE_LEVELS.index("country"), PLACE_LEVELS.index("holder"), rung[at]
        )
        rung[at] = np.where(step_rung < PLACE_LEVELS.index("holder"), step_rung, inherited)
    last = steps.drop_duplicates("row", keep="last").sort_values("row")
    unknown = last["log_odds"].isna().to_numpy()
    spread, unit = np.sqrt(variance), parameters.unit_distribution
    columns = {"online_q05": mean + spread * unit.q05, "online_q50": mean}
    columns["online_q95"] = mean + spread * unit.q95
    places = last[["requested_id", "day"]].rename(columns={"requested_id": "area_id"})
    return places.assign(
        **{name: np.where(unknown, np.nan, columns[name]) for name in ODDS_QUANTILES},
        rung=np.where(unknown, "", np.array(PLACE_LEVELS, dtype=object)[rung]),
    ).reset_index(drop=True)


def _add_step(
    level: pd.DataFrame, mean: Array, variance: Array, parameters: PlaceParameters
) -> tuple[Array, Array, Array]:
    holder_odds = level["log_odds"].to_numpy("float64") + mean
    median, spread = _assume_step(level, mean, holder_odds, parameters)
    wide = variance + spread**2
    rung = np.full(len(level), PLACE_LEVELS.index("country"))
    is_metropolis = level["is_metropolis"].to_numpy(dtype="bool")
    in_range = np.clip(holder_odds, *LEVELS)
    model_slope = parameters.model_slope * np.exp(parameters.model_level * in_range)
    for kind, slope, half in (
        ("households", np.full(len(level), parameters.households_slope), parameters.households),
        ("model", model_slope, parameters.model),
    ):
        deviation = level[f"{kind}_area"].to_numpy("float64")
        from_holder = deviation - level[f"{kind}_holder"].fillna(0.0).to_numpy("float64")
        is_measured = ~np.isnan(deviation) & ~(is_metropolis & (mean + slope * from_holder < 0.0))
        error = np.full(len(level), half / NORMAL)
        median = np.where(
            is_measured, mean + slope * from_holder + balance_median(holder_odds, error), median
        )
        wide = np.where(is_measured, variance + error**2, wide)
        rung = np.where(is_measured, PLACE_LEVELS.index(kind), rung)
    surveyed = level["survey_area"].to_numpy("float64")
    apart = regional_figures.count_years(level["day"]) - level["survey_area_year"]
    years = np.abs(apart.to_numpy("float64"))
    error = (parameters.survey**2 + parameters.ageing**2 * years) / NORMAL**2
    weight = wide / (wide + error)
    is_surveyed = ~np.isnan(surveyed)
    return (
        np.where(is_surveyed, median + weight * (surveyed - median), median),
        np.where(is_surveyed, weight * error, wide),
        np.where(is_surveyed, PLACE_LEVELS.index("survey"), rung),
    )


def _assume_step(
    level: pd.DataFrame, mean: Array, holder_odds: Array, parameters: PlaceParameters
) -> tuple[Array, Array]:
    small = (parameters.small_place / level["persons"]).fillna(1.0).to_numpy("float64")
    part = level["part"].to_numpy("float64")
    urban = level["urban"].to_numpy("float64")
    is_counted = ~np.isnan(urban)
    base_spread = level["spread"].to_numpy("float64") * parameters.spread_at(holder_odds)
    spread = base_spread * np.sqrt((1.0 + small) * (1.0 - part))
    spread = spread * np.where(is_counted, parameters.urban_rest, 1.0)
    usual = np.where(is_counted, parameters.urban * urban, parameters.between.q50)
    usual = usual + balance_median(holder_odds, spread)
    is_other_town = level["is_city"].to_numpy(dtype="bool") & ~is_counted
    base = np.where(level["is_metropolis"], np.maximum(mean, 0.0), mean)
    return base + np.where(is_other_town, parameters.city.q50, usual), spread
