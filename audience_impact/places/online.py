"""Who is online in a place: its odds against those of its country, as a law to draw from.

Definitions
-----------
Deviation of a place: log odds of the share of its people online less those of its country on that
day.  Holder: the area that a place lies in (`areas.parent_id`).  Rung: what the law of a place
stands on: a survey of it, a model, a census of its households, a figure of a holder, the country.

Method
------
From the country down, each place is its holder plus a step.  Without a figure the step has the
spread learned between the regions of other countries, drawn towards that of the country's own
regions where they are known (as by an inverse gamma prior worth `country_degrees` regions).  It is
larger for small places, by 1 + h / people in the variance, and smaller for what makes up most of
its holder, by one less its part.  Its median is such that the mean share is the holder's: for log
odds L and deviation s that of

    L (sqrt(1 + pi s^2 / 8) - 1),

as the mean of a logistic normal nearly is; s itself goes as exp(b L).  A town stands above its
holder as the towns of a region stand above the region.  Where a model, or a census of households,
has a figure of the place, the step is what such figures were worth where surveys stand beside them
(the model's deviation times a slope that goes as exp(g L), since it spreads regions too little
where few are online).  A survey of the place is then put in by Gaussian conditioning, with an error
that grows with the years between.

Assumptions
-----------
Steps are independent of each other and of the size of the country.  Regions without a figure differ
as those with one.

Known drawbacks
---------------
The countries that were asked by region are poor ones mostly.  Below regions one census alone shows
how small places differ.  War and flight since a survey are not in it.

Citations
---------
D. J. C. MacKay (1992), The evidence framework applied to classification networks, Neural
Computation 4 (mean of a logistic normal).  J. N. K. Rao, I. Molina (2015), Small Area Estimation.
"""

import numpy as np
import pandas as pd

from audience_impact import selection as choosing
from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.places import regional_figures
from audience_impact.places.online_parameters import NORMAL, PlaceParameters
from audience_impact.vocabulary import AreaLevel

LAW = ["online_q05", "online_q50", "online_q95"]
RUNGS = ("survey", "model", "households", "holder", "country")
"""What the law of a place stands on, the best first."""
LARGEST_PART = 0.95
"""A place is taken for no more of its holder than this: counts of the two differ."""


def online_odds(wanted: pd.DataFrame, tables: Tables, laws: PlaceParameters | None) -> pd.DataFrame:
    """Return the quantiles LAW of the deviation of each place on each day, and its `rung`.

    `wanted` has `area_id` and `day`; the index is kept. NaN with a blank rung where no law was
    learned, or nobody counted the people online of the country.
    """
    nothing = pd.DataFrame(np.nan, wanted.index, LAW).assign(rung="")
    if laws is None or wanted.empty:
        return nothing
    asked, days, figures = _asked(wanted, tables)
    rows = asked.merge(days, on=["country_id", "day"])
    rows["spread"] = rows["country_id"].map(own_spread(figures, laws)).fillna(1.0)
    known = regional_figures.deviations(days.merge(figures, on="country_id"))
    found = odds_at(rows, known, tables, laws)
    joined = wanted[["area_id", "day"]].merge(found, on=["area_id", "day"], how="left")
    return joined.set_axis(wanted.index)[[*LAW, "rung"]]


def _asked(wanted: pd.DataFrame, tables: Tables) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Each place and day once, the log odds of their countries on these days, and all figures."""
    asked = wanted[["area_id", "day"]].drop_duplicates().reset_index(drop=True)
    ways = chains(asked["area_id"], tables)
    asked["country_id"] = asked["area_id"].map({area: way[-1] for area, way in ways.items()})
    days = asked[["country_id", "day"]].drop_duplicates().reset_index(drop=True)
    days["log_odds"] = regional_figures.country_log_odds(days, tables)
    return asked, days, regional_figures.figures(tables)


def looked_at(wanted: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Figures of who is online in each place of `wanted`, or in what holds it below the country.

    Columns: `area_id`, `kind`, `series`, `share`, `year`, `deviation`, `passed_over` (blank where
    the figure counts).
    """
    asked, days, figures = _asked(wanted, tables)
    ways = chains(asked["area_id"], tables)
    held = {area for way in ways.values() for area in way[:-1]}
    rows = regional_figures.on_days(days.merge(figures, on="country_id"))
    rows = rows.assign(passed_over=choosing.passed_over(rows, regional_figures.STEPS_OF_CHOICE))
    return rows[rows["area_id"].isin(held)]


def chains(area_ids: "pd.Series[str]", tables: Tables) -> dict[str, list[str]]:
    """Of each area those that hold it, from itself to its country."""
    holders = regional_figures.parents(tables)
    return {str(area): regional_figures.chain(area, holders) for area in area_ids.unique()}


def odds_at(
    places: pd.DataFrame, known: pd.DataFrame, tables: Tables, laws: PlaceParameters
) -> pd.DataFrame:
    """`area_id`, `day`, LAW and `rung` of places where their country has given log odds.

    `places` has `area_id` and `day` (each pair once), `country_id`, the `log_odds` of the country
    and the `spread` between its regions in that of all countries; `known` what figures say on those
    days, as `regional_figures.deviations` gives it.
    """
    return _walk(_with_figures(_steps(places.reset_index(drop=True), tables), known), laws)


def balance(level: Array, spread: Array) -> Array:
    """Median of a deviation of that spread at which the mean share has the log odds `level`."""
    return np.asarray(level * (np.sqrt(1.0 + np.pi * spread**2 / 8.0) - 1.0))


def own_spread(found: pd.DataFrame, laws: PlaceParameters) -> "pd.Series[float]":
    """Spread between the regions of each country with a survey of them, in that of all countries.

    A number by country: 1 where its regions differ as those of the others do.
    """
    surveyed = found[found["kind"] == regional_figures.SURVEY]
    level = surveyed["series"].map(regional_figures.levels(surveyed)).to_numpy("float64")
    spread = laws.spread_at(level)
    centre = balance(level, spread) + laws.between.q50
    apart = (regional_figures.log_odds(surveyed["share"]) - level - centre) / spread
    squares = (apart**2).groupby(surveyed["country_id"])
    weight = laws.country_degrees
    return np.sqrt((weight + squares.sum()) / (weight + squares.size()))


def _steps(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """A row for each asked place and each area of its chain below the country, from the top.

    `row` numbers the place asked, `depth` counts from 1 below the country; the last step of a row
    is the place itself. A country has one step, to itself, with `depth` 0.
    """
    numbered = rows.rename(columns={"area_id": "asked_id"}).reset_index(names="row")
    known = chains(rows["area_id"], tables)
    each = [known[area] for area in rows["area_id"]]
    ways = [list(zip(way[-2::-1], way[:0:-1], strict=True)) or [(way[0], "")] for way in each]
    steps = numbered.assign(pair=ways).explode("pair", ignore_index=True)
    steps["area_id"] = steps["pair"].str[0].astype("str")
    steps["holder_id"] = steps["pair"].str[1].astype("str")
    steps["depth"] = steps.groupby("row").cumcount() + steps["holder_id"].ne("").astype("int64")
    people = regional_figures.residents(tables)
    persons, held = (steps[name].map(people).astype("float64") for name in ("area_id", "holder_id"))
    level = tables["areas"].set_index("area_id").get("level", pd.Series(dtype="str"))
    return steps.assign(
        persons=persons,
        part=(persons / held).clip(upper=LARGEST_PART).fillna(0.0),
        is_city=steps["area_id"].map(level) == AreaLevel.CITY.value,
    ).drop(columns="pair")


def _with_figures(steps: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Steps with the deviation of each kind, for area and holder, and the year of a survey."""
    found = steps
    for kind in (regional_figures.SURVEY, regional_figures.MODEL, regional_figures.HOUSEHOLDS):
        own = known[known["kind"] == kind].set_index(["area_id", "day"])[["deviation", "year"]]
        for side in ("area", "holder"):
            keys = pd.MultiIndex.from_arrays([steps[f"{side}_id"], steps["day"]])
            told = own.reindex(keys).set_axis(steps.index)
            found = found.assign(**{f"{kind}_{side}": told["deviation"].astype("float64")})
            if side == "area" and kind == regional_figures.SURVEY:
                found = found.assign(survey_year=told["year"].astype("float64"))
    return found


def _walk(steps: pd.DataFrame, laws: PlaceParameters) -> pd.DataFrame:
    """The law of each row at the end of its steps."""
    count = int(steps["row"].max()) + 1
    mean, variance = np.zeros(count), np.zeros(count)
    rung = np.full(count, RUNGS.index("country"))
    for depth in range(1, int(steps["depth"].max()) + 1):
        level = steps[steps["depth"] == depth]
        at = level["row"].to_numpy("int64")
        mean[at], variance[at], own = _step(level, mean[at], variance[at], laws)
        held = np.where(rung[at] < RUNGS.index("country"), RUNGS.index("holder"), rung[at])
        rung[at] = np.where(own < RUNGS.index("holder"), own, held)
    last = steps.drop_duplicates("row", keep="last").sort_values("row")
    unknown = last["log_odds"].isna().to_numpy()
    spread, unit = np.sqrt(variance), laws.unit
    law = {"online_q05": mean + spread * unit.q05, "online_q50": mean}
    law["online_q95"] = mean + spread * unit.q95
    names = np.where(unknown, "", np.array(RUNGS, dtype=object)[rung])
    told = pd.DataFrame({name: np.where(unknown, np.nan, law[name]) for name in LAW})
    places = last[["asked_id", "day"]].rename(columns={"asked_id": "area_id"})
    return places.reset_index(drop=True).join(told.assign(rung=names))


def _step(
    level: pd.DataFrame, mean: Array, variance: Array, laws: PlaceParameters
) -> tuple[Array, Array, Array]:
    """Mean and variance of a deviation from those of the holder, and the number of the own rung."""
    held = level["log_odds"].to_numpy("float64") + mean
    found, spread = _unknown(level, mean, held, laws)
    wide = variance + spread**2
    rung = np.full(len(level), RUNGS.index("country"))
    for kind, slope, half in (
        ("households", np.full(len(level), laws.households_slope), laws.households),
        ("model", laws.slope_at(held), laws.model),
    ):
        told = level[f"{kind}_area"].to_numpy("float64")
        from_holder = told - level[f"{kind}_holder"].fillna(0.0).to_numpy("float64")
        known = ~np.isnan(told)
        error = np.full(len(level), half / NORMAL)
        found = np.where(known, mean + slope * from_holder + balance(held, error), found)
        wide = np.where(known, variance + error**2, wide)
        rung = np.where(known, RUNGS.index(kind), rung)
    return _conditioned(level, found, wide, rung, laws)


def _unknown(
    level: pd.DataFrame, mean: Array, held: Array, laws: PlaceParameters
) -> tuple[Array, Array]:
    """Median of the deviation of a place without a figure, and the spread of its step."""
    small = (laws.small_place / level["persons"]).fillna(1.0).to_numpy("float64")
    part = level["part"].to_numpy("float64")
    own = level["spread"].to_numpy("float64") * laws.spread_at(held)
    spread = own * np.sqrt((1.0 + small) * (1.0 - part))
    usual = balance(held, spread) + laws.between.q50
    return mean + np.where(level["is_city"], laws.city.q50, usual), spread


def _conditioned(
    level: pd.DataFrame, mean: Array, variance: Array, rung: Array, laws: PlaceParameters
) -> tuple[Array, Array, Array]:
    """The same with the survey of the place, where there is one."""
    told = level["survey_area"].to_numpy("float64")
    apart = regional_figures.years(level["day"]) - level["survey_year"]
    years = np.abs(apart.to_numpy("float64"))
    error = (laws.survey**2 + laws.ageing**2 * years) / NORMAL**2
    weight = variance / (variance + error)
    known = ~np.isnan(told)
    return (
        np.where(known, mean + weight * (told - mean), mean),
        np.where(known, weight * error, variance),
        np.where(known, RUNGS.index("survey"), rung),
    )
