"""How many people live in a place on a day.

Definitions. A figure is a row of `bases` for all ages. The growth index of an area on a day is the
logarithm of its people up to a constant; of the area that holds it, where it has no series.

Method. A figure is carried to the day by the growth of its area: between two figures of one
measurer along the line in logs, and beyond them, or with a single one, as the area that holds it
grew. A country grows as its longest series says; before and after it, as in its first and last two
years. Of several figures the one that is expected to be off least on that day speaks. Its error in
logs has the variance e^2 + (d t)^2: e that of the source by reliability and whether it was
counted, t the years to the day, d how much faster or slower than its parent a place grows in a
year. 90 % lie within 1.645 deviations.

`most_persons` is what limits a bound: the largest of the place's figures as carried to the day, and
the nearest as printed. What a list of many countries holds at low reliability limits nothing; then,
and where a place has no figure, the area that holds it does.

Learned from the facts (`measured`): the drift from districts of Pakistan, 2017 to 2023 beside their
provinces, and the error of modelled figures from WorldPop beside counts and national lists, each so
that nine tenths lie within the range. The other errors are conventions.

Assumptions. Places of a country differ in growth everywhere as Pakistan's do.

Drawbacks. Flight and war move people within a country in months: no place but the country knows of
it. A census that undercounts does so in `most_persons` as well. Years of lists that state none are
those of the list.
"""

import numpy as np
import pandas as pd

from audience_impact import selection as choosing
from audience_impact.facts.tables import Tables
from audience_impact.periods import middle
from audience_impact.populations import EVERYONE, are_regions
from audience_impact.selection import Best, Key
from audience_impact.vocabulary import ObsStatus, Reliability, SourceType

YEAR_DAYS = 365.25
DRIFT = 0.0125
"""How much more or less than its parent a place grows in a year: deviation, in logs."""
COUNTRY_ERROR = 0.01
"""Deviation of a country's figure, in logs."""
COUNTED = {Reliability.HIGH.value: 0.02, Reliability.MEDIUM.value: 0.04, Reliability.LOW.value: 0.1}
"""Deviation of a place's figure that was counted, by the reliability of its source."""
COMPILED = {Reliability.HIGH.value: 0.1, Reliability.MEDIUM.value: 0.1, Reliability.LOW.value: 0.4}
"""Deviation of one in a list of many countries, whose years are not all stated."""
MODEL_ERROR = 0.16
"""Deviation of one that was modelled or projected."""
NORMAL_95 = 1.6449
FAR_YEARS = 10_000.0
"""Between the series of two areas on the line on which all stand one after the other."""
EDGE_YEARS = 2.0
"""The years at the end of a country's series whose growth goes on beyond it."""
SERIES = ["area_id", "measurement_series_id"]
COLUMNS = (
    *("people_low_persons", "people_persons", "people_high_persons", "most_persons"),
    "people_base_id",
)


def figures(tables: Tables) -> pd.DataFrame:
    """Figures of all ages: `area_id`, series, `base_id`, `years`, `log_persons`, `error`, `limits`.

    `years` is the middle of the period in years since 1970, `error` the deviation in logs.
    """
    bases = tables["bases"]
    rows = bases[(bases["population_base"] == EVERYONE) & (bases["persons"] > 0)]
    about = tables["sources"].set_index("source_id")[["reliability", "source_type"]]
    source = about.reindex(rows["source_id"]).set_axis(rows.index)
    error, limits = _errors(rows, source)
    return pd.DataFrame(
        {
            **{name: rows[name] for name in (*SERIES, "base_id")},
            "years": _years(middle(rows["period_start"], rows["period_end"])),
            "log_persons": np.log(rows["persons"]),
            "error": error,
            "limits": limits,
        }
    ).reset_index(drop=True)


def _errors(rows: pd.DataFrame, source: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The deviation of each figure in logs, and whether it limits how many people there are."""
    listed = source["source_type"] == SourceType.MODEL.value
    low = ~source["reliability"].isin([Reliability.HIGH.value, Reliability.MEDIUM.value])
    trust = source["reliability"].mask(low, Reliability.LOW.value)
    error = trust.map(COUNTED).where(~listed, trust.map(COMPILED)).astype("float64")
    computed = (rows["obs_status"] == ObsStatus.ESTIMATED.value) & listed
    projected = computed | (rows["obs_status"] == ObsStatus.FORECAST.value)
    error = error.mask(projected, error.clip(lower=MODEL_ERROR))
    return error.where(are_regions(rows["area_id"]), COUNTRY_ERROR), ~(low & listed)


def _years(days: pd.Series) -> pd.Series:
    return (days - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1) / YEAR_DAYS


class Growth:
    """Growth indexes of areas: of their own series, else of what holds them.

    `series` has, for each area with two figures or more of one measurer, the times and levels of
    the longest such series, sorted.
    """

    def __init__(self, known: pd.DataFrame, parents: pd.Series) -> None:
        """Take figures as `figures` gives them, and the parent of each area."""
        self.parents = parents
        series = _longest(known)
        groups = series.groupby("area_id", sort=True)
        ends = groups["years"].agg(["min", "max"])
        self.ends = ends.assign(place=np.arange(len(ends)) * FAR_YEARS)
        places = series["area_id"].map(self.ends["place"]).astype("float64")
        self.at = (places + series["years"]).to_numpy()
        self.level = series["log_persons"].to_numpy()

    def index(self, areas: pd.Series, years: pd.Series) -> pd.Series:
        """The growth index of each area at a time; differences of two of one area are growth.

        Both are on one index; 0 where nothing says how an area grows.
        """
        result = pd.Series(0.0, areas.index)
        if areas.empty:
            return result
        own = areas.isin(self.ends.index)
        result[own] = self._along(areas[own], years[own])
        above = self.held_by(areas[~own])
        result[above.index] = self.index(above, years[above.index])
        return result

    def between(self, areas: pd.Series, first: pd.Series, last: pd.Series) -> pd.Series:
        """How much each area grew from one time to another."""
        twice, times = (pd.concat(both, ignore_index=True) for both in ([areas] * 2, [first, last]))
        early, late = np.split(self.index(twice, times).to_numpy("float64"), 2)
        return pd.Series(late - early, areas.index)

    def held_by(self, areas: pd.Series) -> pd.Series:
        """The place or country that holds each area; areas that none holds are left out."""
        above = areas.map(self.parents).fillna("").astype("str")
        return above[above.ne("") & ~above.str.isdigit()]

    def _along(self, areas: pd.Series, years: pd.Series) -> pd.Series:
        """The index along the own series; beyond it as the parent grew, or as at its end."""
        if areas.empty:
            return pd.Series(0.0, areas.index)
        ends = self.ends.reindex(areas).set_axis(areas.index)
        inside = years.clip(ends["min"], ends["max"])
        level = self._level(ends, inside)
        beyond = years - inside
        out = beyond != 0
        above = self.held_by(areas[out & are_regions(areas)])
        level[above.index] += self.between(above, inside[above.index], years[above.index])
        edge = ends.loc[out & ~areas.index.isin(above.index)]
        level[edge.index] += beyond[edge.index] * self._edge_growth(edge, beyond[edge.index])
        return level

    def _level(self, ends: pd.DataFrame, years: pd.Series) -> pd.Series:
        """Levels between figures, at times within the series."""
        return pd.Series(np.interp(ends["place"] + years, self.at, self.level), years.index)

    def _edge_growth(self, ends: pd.DataFrame, beyond: pd.Series) -> pd.Series:
        """Growth a year in the years at that end of a series beyond which a time lies."""
        span = (ends["max"] - ends["min"]).clip(upper=EDGE_YEARS)
        early = self._level(ends, ends["min"] + span) - self._level(ends, ends["min"])
        late = self._level(ends, ends["max"]) - self._level(ends, ends["max"] - span)
        return early.where(beyond < 0, late) / span


def _longest(known: pd.DataFrame) -> pd.DataFrame:
    """The figures of the longest series of two or more of each area, sorted by area and time."""
    each = known.sort_values([*SERIES, "years"]).drop_duplicates([*SERIES, "years"])
    years = each.groupby(SERIES)["years"]
    size = years.size().rename("size").to_frame().assign(span=years.max() - years.min())
    best = size[size["size"] > 1].reset_index().sort_values(["area_id", "span", "size"])
    return each.merge(best.drop_duplicates("area_id", keep="last")[SERIES], on=SERIES)


def people(wanted: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """People living in places on days, with their 90 % range.

    Args:
        wanted: `area_id` and `day` (datetime64), on any index.
        tables: typed facts.

    Returns:
        On the same index `people_low_persons`, `people_persons`, `people_high_persons` (NaN where
        the place has no figure), `most_persons` (no more live there if the figures are right; NaN
        where nothing limits them) and `people_base_id` (blank where there is no figure).
    """
    if wanted.empty:
        kinds = {name: "str" if name == "people_base_id" else "float64" for name in COLUMNS}
        return pd.DataFrame(index=wanted.index, columns=list(COLUMNS)).astype(kinds)
    asked = wanted[["area_id", "day"]].drop_duplicates().reset_index(drop=True)
    asked["years"] = _years(asked["day"])
    areas = tables["areas"].set_index("area_id")["parent_id"]
    known = figures(tables)
    growth = Growth(known, areas)
    carried = _carried(asked, known, growth)
    found = asked.join(_best(carried)).assign(most_persons=_most(asked, carried, growth, known))
    found["people_base_id"] = (
        found["people_base_id"].astype("str").where(found["people_persons"].notna(), "")
    )
    joined = wanted[["area_id", "day"]].merge(found, on=["area_id", "day"], how="left")
    return joined[list(COLUMNS)].set_axis(wanted.index)


def _carried(asked: pd.DataFrame, known: pd.DataFrame, growth: Growth) -> pd.DataFrame:
    """Every figure of each place asked for, carried to the day: `place`, `level`, `deviation`."""
    own = known.rename(columns={"years": "figure_years"})
    rows = asked[["area_id", "years"]].reset_index(names="place").merge(own, on="area_id")
    grown = growth.between(rows["area_id"], rows["figure_years"], rows["years"])
    regional = are_regions(rows["area_id"])
    gap = (rows["years"] - rows["figure_years"]).abs()
    drift = np.where(regional, DRIFT, 0.0) * gap
    # A country is told by the year: the nearest of its figures, whatever its source.
    far = np.where(regional, 0.0, gap)
    return rows.assign(
        level=rows["log_persons"] + grown,
        deviation=np.hypot(rows["error"], drift),
        far=far,
        gap=gap,
    )


STEPS = (
    Best(
        ["place"],
        (
            Key("far", "of a year further from the day"),
            Key("deviation", "expected to be off by more on that day"),
            Key("figure_years", "of a later year, and no surer"),
            Key("base_id", "no different in what counts: the first by its id is taken"),
        ),
    ),
)
"""Which figure of a place speaks."""


def looked_at(wanted: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Every figure of each place of `wanted`, as `people` takes it, carried to its day.

    `place` is the row of `wanted`; `passed_over` says why a figure does not speak, blank where it
    does; `base_id`, `level` (log of the people on that day) and `deviation`.
    """
    asked = wanted[["area_id", "day"]].reset_index(drop=True)
    asked["years"] = _years(asked["day"])
    known = figures(tables)
    growth = Growth(known, tables["areas"].set_index("area_id")["parent_id"])
    carried = _carried(asked, known, growth)
    return carried.assign(passed_over=choosing.passed_over(carried, STEPS))


def _best(carried: pd.DataFrame) -> pd.DataFrame:
    """The figure that is expected to be off least, by place asked for."""
    best = choosing.left(carried, STEPS).set_index("place").sort_index()
    width = NORMAL_95 * best["deviation"]
    return pd.DataFrame(
        {
            "people_low_persons": np.exp(best["level"] - width),
            "people_persons": np.exp(best["level"]),
            "people_high_persons": np.exp(best["level"] + width),
            "people_base_id": best["base_id"],
        }
    )


def _most(
    asked: pd.DataFrame, carried: pd.DataFrame, growth: Growth, known: pd.DataFrame
) -> pd.Series:
    """The largest figure of each place, carried to the day or the nearest as it stands.

    Where none limits a place, what holds it does.
    """
    limiting = carried[carried["limits"]].sort_values(["place", "gap", "base_id"])
    by_place = limiting.groupby("place")
    level = by_place["level"].max().clip(lower=by_place["log_persons"].first())
    most = np.exp(level).reindex(asked.index)
    above = growth.held_by(asked.loc[most.isna(), "area_id"])
    if above.empty:
        return most
    held = asked.loc[above.index, ["years"]].assign(area_id=above).reset_index(names="asked")
    limits = _most(held, _carried(held, known, growth), growth, known)
    return most.fillna(limits.set_axis(held["asked"]))


def measured(tables: Tables) -> pd.DataFrame:
    """What DRIFT and MODEL_ERROR are in the facts: rows `drift` and `model_error`.

    Pairs are two figures of one place, carried by its parent to the later day: of one measurer for
    the drift (in a year), of two, one of them modelled, for the error. Columns `deviation`
    (that of a normal law of which as many lie within the range of 90 %) and `count`.
    """
    known = figures(tables)
    known = known[are_regions(known["area_id"])]
    parents = tables["areas"].set_index("area_id")["parent_id"]
    growth = Growth(figures(tables), parents)
    pairs = known.merge(known, on="area_id", suffixes=("", "_later"))
    pairs = pairs[pairs["base_id"] != pairs["base_id_later"]]
    above = pairs["area_id"].map(parents)
    grown = growth.between(above, pairs["years"], pairs["years_later"])
    gap = pairs["years_later"] - pairs["years"]
    off = (pairs["log_persons_later"] - pairs["log_persons"] - grown).abs()
    same = pairs["measurement_series_id"] == pairs["measurement_series_id_later"]
    counted = pairs[["error", "error_later"]].max(axis=1) < COMPILED[Reliability.MEDIUM.value]
    modelled = (pairs["error"] >= MODEL_ERROR) & (pairs["error_later"] < MODEL_ERROR) & ~same
    sets = {"drift": (off / gap)[same & counted & (gap > 0)], "model_error": off[modelled]}
    return pd.DataFrame(
        {
            "deviation": {name: each.quantile(0.9) / NORMAL_95 for name, each in sets.items()},
            "count": {name: len(each) for name, each in sets.items()},
        }
    )
