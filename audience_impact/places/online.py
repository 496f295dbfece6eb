"""The people online in a place: the distribution of its odds relative to those of its country.

Definitions. Deviation of a place: log odds of the share of its people online less those of its
country on that day. Series: the figures of one measuring programme in one country. Kinds: `survey`
asked people, `model` predicts from other data, `households` are connected homes in a census.
Holder: the area that contains a place (`areas.parent_id`).

Method. Women and men are averaged where a series has both for all its areas. Series differ in their
definition of online and in their date. Therefore the log odds of all areas of a series are shifted
by the same number, so that their mean weighted by residents is the share of the country on the
date. The shifted log odds of an area minus those of the country are its deviation.

From the country down, each place is its holder plus a step. Without a figure the step has
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

Assumptions. The odds of regions keep their ratio while more people of the country come online. The
regions of a series represent the country even if some are missing. Steps are independent of each
other and of the size of the country. Regions without a figure differ by as much as regions with
one.

Known drawbacks. Most respondents are 15 to 49 years old, and are treated as representative of
everyone. Residents are the latest of each area, not those of the year. The countries with regional
surveys are mostly poor. Below regions one census alone shows how small places differ. War and
flight since a survey are not considered.

Citations. W. E. Deming, F. F. Stephan (1940), On a least squares adjustment of a sampled frequency
table, Annals of Mathematical Statistics 11 (raking). D. J. C. MacKay (1992), The evidence framework
applied to classification networks, Neural Computation 4 (mean of a logistic normal). J. N. K. Rao,
I. Molina (2015), Small Area Estimation.

The parameters are read from `place_laws`, which fitting/places.py fits. Half widths are halves of
central 90 % intervals; standard deviations follow from them as for a normal.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from audience_impact import selection as choosing
from audience_impact.denominators.denominators import read_denominators
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Z95, Spread, read_numbers
from audience_impact.frames import Array, cache_last_frame
from audience_impact.periods import YEAR_DAYS, period_middle
from audience_impact.places import population
from audience_impact.populations import EVERYONE, ONLINE, parents_of, with_holders
from audience_impact.selection import Best, Key
from audience_impact.vocabulary import (
    AreaLevel,
    PlaceLaw,
    RegionalAsked,
    Residence,
    SourceType,
    YesNo,
)

SHARE_LIMITS = (0.003, 0.985)
"""Limits of shares, because a figure of 0 or 1 is rounded or a limit of a model."""
BISECTIONS, SMALLEST_CHANGE = 50, 1e-12
MILLENNIUM = pd.Timestamp("2000-01-01")
SURVEY, MODEL, HOUSEHOLDS = "survey", "model", "households"
FIGURE = ["country_id", "area_id", "series", "kind", "share", "persons", "year"]
LEVELS = (-4.0, 3.0)
"""Range of log odds of countries for which spreads and slopes were fitted."""


@dataclass(frozen=True)
class PlaceParameters:
    """Parameters of places, as fitted to the facts; deviations are in log odds."""

    between: Spread  # of a region from its country at even odds, without `balance_median`
    between_level: float  # growth of the log of that spread per unit of the country's log odds
    city: Spread  # of the towns of a region from the region
    country_degrees: float  # weight of the spread in all countries, as a number of regions
    small_place: float  # people of a place whose variance is twice that of a large place
    survey: float  # half width of a survey's deviation of a region
    ageing: float  # half width that is added to that after a year
    model: float  # half width of a deviation that only a model gives
    model_slope: float  # deviation per unit of the model's deviation, at even odds
    model_level: float  # growth of the log of that slope per unit of the country's log odds
    households: float  # half width of a deviation that a census of connected households gives
    households_slope: float  # deviation per unit of the deviation of connected households
    urban: float  # deviation per unit of the share of residents in towns, beyond the holder's
    urban_rest: float  # part of the spread of a step that is left where these shares are on record
    reading: float  # half width of the error of reading, of a place that a register names

    @property
    def base_spread(self) -> float:
        """Return standard deviation of a large region at even odds."""
        return compute_deviation(self.between)

    def spread_at(self, level: Array) -> Array:
        """Return the standard deviation of a large region in a country with these log odds."""
        return np.asarray(self.base_spread * np.exp(self.between_level * np.clip(level, *LEVELS)))


def compute_deviation(quantiles: Spread) -> float:
    """Return the standard deviation of a normal with these 5 and 95 % quantiles."""
    return (quantiles.q95 - quantiles.q05) / (2.0 * Z95)


def read_parameters(place_laws: pd.DataFrame) -> PlaceParameters | None:
    """Return the typed parameters, None of no rows; ParameterError where one is missing."""
    if place_laws.empty:
        return None
    spreads = [name for name, kind in PlaceParameters.__annotations__.items() if kind is Spread]
    return PlaceParameters(**read_numbers(place_laws, "place_laws", PlaceLaw, spreads))


ODDS_QUANTILES = ["online_q05", "online_q50", "online_q95"]
"""Columns of the log odds of being online in a place minus those of the country."""
PLACE_LEVELS = ("survey", "model", "households", "holder", "country")
"""Evidence levels of the distribution of a place, the best first."""
METROPOLIS_PERSONS = 1_000_000
LARGEST_PART = 0.95
"""Maximum share of a place in its holder: the counts of the two may be inconsistent."""


def estimate_online_odds(
    requested: pd.DataFrame, tables: Tables, parameters: PlaceParameters | None
) -> pd.DataFrame:
    """Return ODDS_QUANTILES of each place on each day, and its `rung`; NaN and blank if unknown."""
    if parameters is None or requested.empty:
        return pd.DataFrame(np.nan, requested.index, ODDS_QUANTILES).assign(rung="")
    places, days, figures, areas = _prepare_places(requested, tables)
    rows = places.merge(days, on=["country_id", "day"], validate="m:1")
    spreads = estimate_country_spreads(figures, parameters)
    rows["spread"] = rows["country_id"].map(spreads).fillna(1.0)
    deviations = choose_deviations(days.merge(figures, on="country_id"), areas)
    odds = estimate_odds(rows, deviations, tables, parameters)
    joined = requested[["area_id", "day"]].merge(odds, on=["area_id", "day"], how="left")
    return joined.set_axis(requested.index)[[*ODDS_QUANTILES, "rung"]]


def _prepare_places(
    requested: pd.DataFrame, tables: Tables
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, set[str]]:
    places = requested[["area_id", "day"]].drop_duplicates(ignore_index=True)
    ways = find_chains(places["area_id"], tables)
    places["country_id"] = places["area_id"].map({area: way[-1] for area, way in ways.items()})
    days = places[["country_id", "day"]].drop_duplicates(ignore_index=True)
    days["log_odds"] = compute_country_log_odds(days, tables)
    areas = {area for way in ways.values() for area in way[:-1]}
    return places, days, read_regional_figures(tables), areas


def list_candidates(requested: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return online figures of each place and of its holders, and why each is `passed_over`."""
    places, days, figures, areas = _prepare_places(requested, tables)
    around = places.assign(area_id=places["area_id"].map(find_chains(places["area_id"], tables)))
    around = around.explode("area_id").drop_duplicates().merge(days, on=["country_id", "day"])
    figures = figures[figures["area_id"].isin(areas)]  # none of whole countries
    rows = list_on_days(around.merge(figures, on=["country_id", "area_id"]))
    return rows.assign(passed_over=choosing.rejection_reason(rows, STEPS_OF_CHOICE))


def find_chains(area_ids: "pd.Series[str]", tables: Tables) -> dict[str, list[str]]:
    """Return the areas that contain each area, from itself to its country."""
    parents = parents_of(tables["areas"])
    return {area: with_holders(area, parents) for area in area_ids.unique().tolist()}


def estimate_odds(
    places: pd.DataFrame, deviations: pd.DataFrame, tables: Tables, parameters: PlaceParameters
) -> pd.DataFrame:
    """Return `area_id`, `day`, ODDS_QUANTILES and `rung` of places, relative to their country.

    `places` has `log_odds` of the country, and `spread` of its regions relative to all countries.
    """
    counted = set(deviations["area_id"])
    steps = _list_steps(places.reset_index(drop=True), tables, counted)
    return _follow_steps(_add_figures(steps, deviations), parameters)


def balance_median(level: Array, spread: Array) -> Array:
    """Return the median deviation for which the mean share (`level`, log odds) is unchanged."""
    return np.asarray(level * (np.sqrt(1.0 + np.pi * spread**2 / 8.0) - 1.0))


def estimate_country_spreads(figures: pd.DataFrame, laws: PlaceParameters) -> "pd.Series[float]":
    """Return by country the spread of its surveyed regions, relative to that of all countries."""
    surveyed = figures[figures["kind"] == SURVEY]
    level = surveyed["series"].map(compute_levels(surveyed)).to_numpy("float64")
    spread = laws.spread_at(level)
    centre = balance_median(level, spread) + laws.between.q50
    apart = (compute_log_odds(surveyed["share"]) - level - centre) / spread
    squares = (apart**2).groupby(surveyed["country_id"])
    weight = laws.country_degrees
    return np.sqrt((weight + squares.sum()) / (weight + squares.size()))


def _skip_uncounted(way: list[str], counted: Collection[str]) -> list[str]:
    """Return a chain without uncounted areas around a counted one: they would add nothing."""
    nearest = next((at for at, area in enumerate(way) if area in counted), len(way))
    last = len(way) - 1
    return [area for at, area in enumerate(way) if at <= nearest or at == last or area in counted]


def _list_steps(rows: pd.DataFrame, tables: Tables, counted: Collection[str]) -> pd.DataFrame:
    """Return the areas of each place's chain from below the country; `depth` 0 is a country."""
    numbered = rows.rename(columns={"area_id": "requested_id"}).reset_index(names="row")
    chain_by_area = find_chains(rows["area_id"], tables)
    chains = [_skip_uncounted(chain_by_area[area], counted) for area in rows["area_id"]]
    ways = [list(zip(way[-2::-1], way[:0:-1], strict=True)) or [(way[0], "")] for way in chains]
    steps = numbered.assign(pair=ways).explode("pair", ignore_index=True)
    steps["area_id"] = steps["pair"].str[0].astype("str")
    steps["holder_id"] = steps["pair"].str[1].astype("str")
    steps["depth"] = steps.groupby("row").cumcount() + steps["holder_id"].ne("").astype("int64")
    people, shares = population.count_residents(tables), population.read_urban_shares(tables)
    (persons, holder_persons), (urban, holder_urban) = (
        [steps[name].map(values).astype("float64") for name in ("area_id", "holder_id")]
        for values in (people, shares)
    )
    areas = tables["areas"].set_index("area_id")
    is_city = steps["area_id"].map(areas["level"]) == AreaLevel.CITY.value
    is_large = steps["area_id"].map(areas["is_city"]) == YesNo.YES.value
    return steps.assign(
        persons=persons,
        urban=urban.mask(is_city, 1.0) - holder_urban,
        part=(persons / holder_persons).clip(upper=LARGEST_PART).fillna(0.0),
        is_city=is_city | is_large,
        is_metropolis=is_large | (is_city & (persons >= METROPOLIS_PERSONS)),
    ).drop(columns="pair")


def _add_figures(steps: pd.DataFrame, deviations: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for kind in (SURVEY, MODEL, HOUSEHOLDS):
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
    spread, (q05, q50, q95) = np.sqrt(variance), parameters.between
    columns = {
        "online_q05": mean + spread * ((q05 - q50) / parameters.base_spread),
        "online_q50": mean,
        "online_q95": mean + spread * ((q95 - q50) / parameters.base_spread),
    }
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
        error = np.full(len(level), half / Z95)
        median = np.where(
            is_measured, mean + slope * from_holder + balance_median(holder_odds, error), median
        )
        wide = np.where(is_measured, variance + error**2, wide)
        rung = np.where(is_measured, PLACE_LEVELS.index(kind), rung)
    surveyed = level["survey_area"].to_numpy("float64")
    apart = count_years(level["day"]) - level["survey_area_year"]
    years = np.abs(apart.to_numpy("float64"))
    error = (parameters.survey**2 + parameters.ageing**2 * years) / Z95**2
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


def count_years(days: "pd.Series[pd.Timestamp]") -> "pd.Series[float]":
    """Return days as calendar years with fractions."""
    return 2000.0 + (days - MILLENNIUM).dt.days / YEAR_DAYS


def compute_log_odds(shares: "pd.Series[float]") -> "pd.Series[float]":
    """Return the log odds of shares, limited to SHARE_LIMITS."""
    return pd.Series(logit(shares.clip(*SHARE_LIMITS).to_numpy("float64")), shares.index)


def read_regional_figures(tables: Tables, each_sex: bool = False) -> pd.DataFrame:
    """Return columns FIGURE: one row per series and area, of the whole area; sorted.

    With `each_sex`, women and men are separate series. `persons` not on record are the mean of the
    series, or 1 for all of its areas.
    """
    if tables["regional_use"].empty:
        return pd.DataFrame(columns=FIGURE)
    rows = add_series(tables)
    if each_sex:
        rows = rows.assign(series=rows["series"] + " " + rows["asked"])
    groups = rows.groupby(["country_id", "series", "kind", "area_id"], sort=True)
    means = groups.agg(share=("share", "mean"), year=("year", "mean")).reset_index()
    persons = means["area_id"].map(population.count_residents(tables)).astype("float64")
    average = persons.groupby(means["series"]).transform("mean")
    return means.assign(persons=persons.fillna(average).fillna(1.0))[FIGURE]


@cache_last_frame
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
    counts = read_denominators(tables)
    online, residents = (counts.count_people(places, base, None) for base in (ONLINE, EVERYONE))
    return compute_log_odds((online / residents).astype("float64"))


def find_shifts(
    values: Array, weights: Array, groups: NDArray[np.int64], target_shares: Array
) -> Array:
    """Return shifts (groups,) of log odds that give each group its target mean share.

    Steps are those of Newton; where one would leave the ends that are certain, these are bisected.
    """
    total = np.bincount(groups, weights, len(target_shares))
    low, high = np.full(len(target_shares), -20.0), np.full(len(target_shares), 20.0)
    shift = np.zeros(len(target_shares))
    for _ in range(BISECTIONS):
        share = expit(values + shift[groups])
        mean, slope = (
            np.bincount(groups, weights * part, len(total)) / total
            for part in (share, share * (1.0 - share))
        )
        is_below = mean < target_shares
        low, high = np.where(is_below, shift, low), np.where(is_below, high, shift)
        newton = shift + (target_shares - mean) / slope
        is_inside = (low <= newton) & (newton <= high)
        moved = np.where(is_inside, newton, (low + high) / 2.0)
        if np.abs(moved - shift).max(initial=0.0) < SMALLEST_CHANGE:
            break
        shift = moved
    return np.asarray(moved)


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


def choose_deviations(
    figures_on_days: pd.DataFrame, areas: Collection[str] | None = None
) -> pd.DataFrame:
    """Return the columns DEVIATION of figures on a `day`, of all areas or only of `areas`."""
    rows = list_on_days(figures_on_days)
    requested = rows if areas is None else rows[rows["area_id"].isin(areas)]
    near = choosing.select_candidates(requested, STEPS_OF_CHOICE)
    near = near.sort_values(["country_id", "day", "area_id", "kind"])
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
    """Return figures on days on which the country is counted, and `apart`, the years between."""
    rows = figures_on_days.dropna(subset=["log_odds"])
    return rows.assign(apart=(rows["year"] - count_years(rows["day"])).abs())
