"""The residents of a place on a date, and of a part of it that only a text describes.

Definitions. A figure is a row of `bases` for all ages. The growth index of an area on a day is the
logarithm of its people up to a constant; of the area that contains it, if it has no series. The
holder of a part is the place on record that contains it. A part has a kind (`PartKind`: villages, a
tehsil, "parts of") and a number of units. The typical unit of a holder has the people of the holder
divided by the number of its districts, if districts are counted, or of its subdistricts for smaller
parts. It is the holder itself if none are on record, and for parts that are not named; for the
seat, those residents of the holder who live in towns, if a census counts them (SEAT_SHARE
elsewhere).

Method. A figure is extrapolated to the date by the growth of its area: between two figures of one
measurer by interpolation in logs, and beyond them, or with a single figure, by the growth of the
area that contains the place. The growth of a country is that of its longest series and, before and
after it, that of its first and last two years. Of several figures the one with the smallest
expected error on the date is used. Its error in logs has the variance e^2 + (d t)^2: e that of the
source by reliability and whether it was counted, t the years to the day, d how much faster or
slower than its parent a place grows in a year. `most_persons` is used for upper bounds: the people
expected in the place, and for a place without any figure those of the area that contains it.

The log of the people in a part is

    level + unit_slope ln(T / 100,000) + count_slope ln(n) + deviation z

with T the people of the typical unit, n the number of units and z a standard normal; the four
numbers of each kind are fitted to register rows whose part is known (`place_parts`), by
fitting/places.py. A part has at most the people of its holder.

Fitted to the facts (a test repeats it): the drift, to districts of Pakistan relative to their
provinces, 2017 to 2023; and the error of modelled figures, to WorldPop relative to counts and
national lists, each such that nine tenths are within the range. The other errors are conventions.

Assumptions. Places of a country differ in growth everywhere as Pakistan's do. The part of a row has
the size distribution of the parts of its kind that were read.

Known drawbacks. War and flight move people within a country in months; this is not considered below
the country. Where a figure is too low, so is `most_persons`: nearly everyone there would have to be
online for this to matter. Figures without a year have the year of their list. The readings of parts
are ranges from general knowledge, and few are outside India and Myanmar.

Citation. Rules of this project, docs/method.md.
"""

import numpy as np
import pandas as pd

from audience_impact import selection as choosing
from audience_impact.facts.tables import Tables
from audience_impact.frames import cache_last_frame
from audience_impact.periods import YEAR_DAYS, period_middle
from audience_impact.populations import EVERYONE, are_regions
from audience_impact.selection import Best, Key
from audience_impact.vocabulary import AreaLevel, ObsStatus, PartKind, Reliability, SourceType

DRIFT = 0.0125
"""Standard deviation of the yearly growth of a place relative to its parent, in logs."""
COUNTRY_ERROR = 0.01
"""Standard deviation of a country's figure, in logs."""
COUNTED = {Reliability.HIGH.value: 0.02, Reliability.MEDIUM.value: 0.04, Reliability.LOW.value: 0.1}
"""Standard deviation of a counted figure of a place, by the reliability of its source, in logs."""
COMPILED = {Reliability.HIGH.value: 0.1, Reliability.MEDIUM.value: 0.1, Reliability.LOW.value: 0.4}
"""Standard deviation of a figure from a list of many countries, whose years are not all stated."""
MODEL_ERROR = 0.16
"""Standard deviation of a modelled figure, and of a list's projection, in logs."""
PROJECTION_ERROR = 0.04
"""Standard deviation of a projection by those who count, in logs; years are added as to a count."""
NORMAL_95 = 1.6449
FAR_YEARS = 10_000.0
"""Distance between the series of two areas when all are placed on the same axis of years."""
EDGE_YEARS = 2.0
"""Number of years at the ends of a country's series whose growth is extrapolated."""
SERIES = ["area_id", "measurement_series_id"]
COLUMNS = ["people_low_persons", "people_persons", "people_high_persons", "most_persons"]


def read_figures(tables: Tables) -> pd.DataFrame:
    """Return figures of all ages: `years` since 1970, `log_persons`, and `error` in logs."""
    bases = tables["bases"]
    rows = bases[(bases["population_base"] == EVERYONE) & (bases["persons"] > 0)]
    about = tables["sources"].set_index("source_id")[["reliability", "source_type"]]
    source = about.reindex(rows["source_id"]).set_axis(rows.index)
    listed = source["source_type"] == SourceType.MODEL.value
    low = ~source["reliability"].isin([Reliability.HIGH.value, Reliability.MEDIUM.value])
    trust = source["reliability"].mask(low, Reliability.LOW.value)
    error = trust.map(COUNTED).where(~listed, trust.map(COMPILED)).astype("float64")
    projected = rows["obs_status"] == ObsStatus.FORECAST.value
    modelled = listed & (projected | (rows["obs_status"] == ObsStatus.ESTIMATED.value))
    error = error.mask(modelled, error.clip(lower=MODEL_ERROR))
    error = error.mask(projected & ~listed, PROJECTION_ERROR)
    figures = rows[[*SERIES, "base_id"]].assign(
        years=_count_years(period_middle(rows["period_start"], rows["period_end"])),
        log_persons=np.log(rows["persons"]),
        error=error.where(are_regions(rows["area_id"]), COUNTRY_ERROR),
    )
    return figures.reset_index(drop=True)


def _count_years(days: pd.Series) -> pd.Series:
    return (days - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1) / YEAR_DAYS


class Growth:
    """Growth indexes of areas by the longest series of one measurer, or by that of a holder."""

    def __init__(self, tables: Tables) -> None:
        """Read the figures, and the area that contains each area, from typed facts."""
        self.figures = read_figures(tables)
        self.parents = tables["areas"].set_index("area_id")["parent_id"]
        unique = self.figures.sort_values([*SERIES, "years"]).drop_duplicates([*SERIES, "years"])
        years = unique.groupby(SERIES)["years"]
        size = years.size().rename("size").to_frame().assign(span=years.max() - years.min())
        best = size[size["size"] > 1].reset_index().sort_values(["area_id", "span", "size"])
        series = unique.merge(best.drop_duplicates("area_id", keep="last")[SERIES], on=SERIES)
        groups = series.groupby("area_id", sort=True)
        ends = groups["years"].agg(["min", "max"])
        self.ends = ends.assign(place=np.arange(len(ends)) * FAR_YEARS)
        places = series["area_id"].map(self.ends["place"]).astype("float64")
        self.at = (places + series["years"]).to_numpy()
        self.level = series["log_persons"].to_numpy()

    def compute_index(self, areas: pd.Series, years: pd.Series) -> pd.Series:
        """Return the growth index (logs) of areas at a time; 0 where no figure describes growth."""
        result = pd.Series(0.0, areas.index)
        if areas.empty:  # the end of all chains of areas
            return result
        has_series = areas.isin(self.ends.index)
        result[has_series] = self._follow_series(areas[has_series], years[has_series])
        above = self.find_holders(areas[~has_series])
        result[above.index] = self.compute_index(above, years[above.index])
        return result

    def measure_growth(self, areas: pd.Series, first: pd.Series, last: pd.Series) -> pd.Series:
        """Return the growth of each area from one time to another, in logs."""
        twice, times = (pd.concat(both, ignore_index=True) for both in ([areas] * 2, [first, last]))
        early, late = np.split(self.compute_index(twice, times).to_numpy("float64"), 2)
        return pd.Series(late - early, areas.index)

    def find_holders(self, areas: pd.Series) -> pd.Series:
        """Return the place or country that contains each area, without rows for other areas."""
        above = areas.map(self.parents).fillna("").astype("str")
        return above[above.ne("") & ~above.str.isdigit()]

    def _follow_series(self, areas: pd.Series, years: pd.Series) -> pd.Series:
        """Return the index along the series, and beyond it by the parent or the last years."""
        ends = self.ends.reindex(areas).set_axis(areas.index)
        inside = years.clip(ends["min"], ends["max"])
        level = self._interpolate_level(ends, inside)
        beyond = years - inside
        out = beyond != 0
        above = self.find_holders(areas[out & are_regions(areas)])
        level[above.index] += self.measure_growth(above, inside[above.index], years[above.index])
        edge = ends.loc[out & ~areas.index.isin(above.index)]
        span = (edge["max"] - edge["min"]).clip(upper=EDGE_YEARS)
        first, early, late, last = (
            self._interpolate_level(edge, moment)
            for moment in (edge["min"], edge["min"] + span, edge["max"] - span, edge["max"])
        )
        after = beyond[edge.index]
        level[edge.index] += after * ((early - first).where(after < 0, last - late) / span)
        return level

    def _interpolate_level(self, ends: pd.DataFrame, years: pd.Series) -> pd.Series:
        return pd.Series(np.interp(ends["place"] + years, self.at, self.level), years.index)


read_growth = cache_last_frame(Growth)


@cache_last_frame
def count_residents(tables: Tables) -> "pd.Series[float]":
    """Return the latest count of the people of each area."""
    bases = tables["bases"]
    rows = bases[bases["population_base"] == EVERYONE].sort_values(["period_end", "base_id"])
    return rows.drop_duplicates("area_id", keep="last").set_index("area_id")["persons"]


@cache_last_frame
def read_urban_shares(tables: Tables) -> "pd.Series[float]":
    """Return the share of the residents of each area who live in towns, by its latest census."""
    bases = tables["bases"]
    is_counted = bases["urban_persons"].notna() & (bases["population_base"] == EVERYONE)
    rows = bases[is_counted].sort_values("period_end")
    rows = rows.drop_duplicates("area_id", keep="last").set_index("area_id")
    return (rows["urban_persons"] / rows["persons"]).astype("float64")


def estimate_people(requested: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return COLUMNS of places on days; `most_persons` of the holder where one has no figure."""
    if requested.empty:
        return pd.DataFrame(np.nan, requested.index, COLUMNS)
    growth = read_growth(tables)
    places = requested[["area_id", "day"]].drop_duplicates(ignore_index=True)
    places = places.assign(years=_count_years(places["day"]))
    carried = _carry_figures(places, growth)
    result = places.join(_choose_best(carried))
    result["most_persons"] = _limit_people(places, carried, growth)
    keys = ["area_id", "day"]
    joined = requested[keys].merge(result, on=keys, how="left", validate="m:1")
    return joined[COLUMNS].set_axis(requested.index)


def _carry_figures(places: pd.DataFrame, growth: Growth) -> pd.DataFrame:
    """Return every figure of each place, carried to the day: `place`, `level`, `deviation`."""
    dated = growth.figures.rename(columns={"years": "figure_years"})
    rows = places[["area_id", "years"]].reset_index(names="place").merge(dated, on="area_id")
    grown = growth.measure_growth(rows["area_id"], rows["figure_years"], rows["years"])
    regional = are_regions(rows["area_id"])
    gap = (rows["years"] - rows["figure_years"]).abs()
    return rows.assign(
        level=rows["log_persons"] + grown,
        deviation=np.hypot(rows["error"], np.where(regional, DRIFT, 0.0) * gap),
        # Of a country, the figure nearest in years is used, whatever its source.
        far=np.where(regional, 0.0, gap),
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


def list_candidates(requested: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the figures of each row of `requested`, carried to its day, and why `passed_over`."""
    places = requested[["area_id", "day"]].reset_index(drop=True)
    carried = _carry_figures(places.assign(years=_count_years(places["day"])), read_growth(tables))
    return carried.assign(passed_over=choosing.rejection_reason(carried, STEPS))


def _choose_best(carried: pd.DataFrame) -> pd.DataFrame:
    best = choosing.select_candidates(carried, STEPS).set_index("place").sort_index()
    width = NORMAL_95 * best["deviation"]
    return pd.DataFrame(
        {
            "people_low_persons": np.exp(best["level"] - width),
            "people_persons": np.exp(best["level"]),
            "people_high_persons": np.exp(best["level"] + width),
        }
    )


def _limit_people(places: pd.DataFrame, carried: pd.DataFrame, growth: Growth) -> pd.Series:
    """Return the people expected in each place, or in the first area with a figure around it."""
    most = _choose_best(carried)["people_persons"].reindex(places.index)
    above = growth.find_holders(places.loc[most.isna(), "area_id"])
    if above.empty:
        return most
    holders = places.loc[above.index, ["years"]].assign(area_id=above).reset_index(names="place")
    limits = _limit_people(holders, _carry_figures(holders, growth), growth)
    return most.fillna(limits.set_axis(holders["place"]))


REFERENCE_PERSONS = 100_000.0
"""People of the typical unit at which `level` is the log of the people in a part."""
PARAMETERS = ["level", "unit_slope", "count_slope", "deviation"]
"""The fitted numbers of a kind, columns of `part_sizes`."""
PART = ["part_persons", "part_deviation"]
"""Columns of the median of the people in a part, and of the standard deviation of its log."""
UNIT_LEVELS = {
    PartKind.DISTRICTS.value: [AreaLevel.ADMIN2.value, AreaLevel.ADMIN1.value],
    PartKind.SOME.value: [],
}
"""Levels of the typical unit, by kind of part; SMALL_LEVELS for all other kinds."""
SEAT_SHARE, LEAST_SEAT_SHARE = 0.3, 0.05
"""Share of the holder's residents in its seat where no census counts towns, and the minimum."""
SMALL_LEVELS = [AreaLevel.ADMIN3.value, AreaLevel.ADMIN2.value]
"""Levels of the typical unit of small parts; the first that the holder has on record is used."""


def _count_units(areas: pd.DataFrame) -> pd.DataFrame:
    """Return the number of places of each level (columns) inside each area (index)."""
    parents = areas.set_index("area_id")["parent_id"]
    pairs = areas[["area_id", "level"]].assign(holder=areas["parent_id"])
    steps = []
    while len(pairs := pairs[pairs["holder"].isin(parents.index)]):
        steps.append(pairs)
        pairs = pairs.assign(holder=pairs["holder"].map(parents))
    above = pd.concat(steps) if steps else pairs
    return above.groupby(["holder", "level"]).size().unstack(fill_value=0)


def measure_typical_units(parts: pd.DataFrame, areas: pd.DataFrame) -> "pd.Series[float]":
    """Return the people of the typical unit of the holder of each part."""
    counts = _count_units(areas).reindex(parts["area_id"]).fillna(0.0).set_axis(parts.index)
    number = pd.Series(1.0, parts.index)
    for kind in PartKind:
        levels = UNIT_LEVELS.get(kind.value, SMALL_LEVELS)
        is_kind = parts["part_kind"] == kind.value
        for level in reversed([level for level in levels if level in counts]):
            number = number.mask(is_kind & (counts[level] > 0), counts[level])
    towns = parts["urban_share"].fillna(SEAT_SHARE).clip(lower=LEAST_SEAT_SHARE)
    is_seat = parts["part_kind"] == PartKind.SEAT.value
    return parts["people_persons"] / number.mask(is_seat, 1.0 / towns)


def describe_parts(parts: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Return the logs of `unit`, over REFERENCE_PERSONS, and `count` (1 if blank) of each part."""
    counts = parts["units_count"].astype("float64").fillna(1.0).clip(lower=1.0)
    units = measure_typical_units(parts, areas) / REFERENCE_PERSONS
    return pd.DataFrame({"unit": np.log(units), "count": np.log(counts)})


def predict_persons(parts: pd.DataFrame, areas: pd.DataFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    """Return the people of each part; NaN for a row that is none, or of a kind not fitted."""
    numbers = sizes.reindex(parts["part_kind"])[PARAMETERS].set_axis(parts.index)
    logs = describe_parts(parts, areas)
    slopes = numbers["unit_slope"] * logs["unit"] + numbers["count_slope"] * logs["count"]
    log_persons = numbers["level"] + slopes
    persons = np.minimum(np.exp(log_persons), parts["people_persons"])
    return pd.DataFrame({"part_persons": persons, "part_deviation": numbers["deviation"]})
