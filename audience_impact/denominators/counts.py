"""The count of a population that is nearest in time, and how far it may be off.

Counts. Of one measurer the nearest count; between measurers one within twelve months, rather
counted than projected, of the most reliable source. Between two dated counts of one measurer the
people expected are interpolated in logs.

Assumptions, drawbacks and citation: those of audiences/figures.py.

People online. Where the facts contain fitted levels of a country (online.py), its people online on
a day are the share of that day times the residents of that day, whichever count is nearest: bounds
and lineage name the count as printed, and the distribution is that of the levels. Most shares that
publishers print of all residents are of those who were asked, from five, ten or fifteen years on:
residents below twelve are online as often as the others times a factor, drawn with the level.

Distributions. How many people a base may have is drawn from three quantiles. The ceiling of a base
is the population that contains it by definition; the distribution of a base is in log odds of its
share of the ceiling, in logs where it is a population itself.

Method. The median is the base expected at the start of the restriction. A projection has only the 5
and 95 % quantiles of its past errors, scaled to the day. The error of residents is the typical
difference between two counts. The error of people online is the typical difference between two
measurers, unless the base is that of the panel that counted the audiences. Both have a rounding
error, and an error from growth if the day is outside the period of the count. Half widths are added
in squares.

Assumptions. A base interpolated between two counts of one measurer has the error of the nearer
count.

Known drawbacks. A panel's own universe is assumed to use the panel's definition of being online.

Citation. figure_errors.py, fitting/errors.py.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from audience_impact import figure_errors
from audience_impact.denominators.online import (
    PATH,
    YEARS,
    OnlineLevels,
    compute_moments,
    follow_line,
)
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import (
    FigureErrors,
    Spread,
    log_odds,
    move_persons,
    widen_universe,
)
from audience_impact.frames import Array
from audience_impact.periods import WINDOW_DAYS, gap_days, in_months, period_middle, with_distance
from audience_impact.populations import AGES, EVERYONE, ONLINE
from audience_impact.selection import Best, Key, Only, Step, select_candidates
from audience_impact.vocabulary import ObsStatus, Reliability, SourceType

FORECAST = ObsStatus.FORECAST.value
LONGEST_GAP_DAYS = 5 * WINDOW_DAYS
"""Maximum days between two bases for interpolation between them."""
RELIABILITY = {
    word.value: rank
    for rank, word in enumerate((Reliability.HIGH, Reliability.MEDIUM, Reliability.LOW))
}
"""Reliability words of sources, the most reliable first."""
OLDER = "age_12_plus"
LEAST_SHARE = 1e-4
"""Least share of residents online that is drawn: of nobody there are no log odds."""
YEAR_SIGNS = 4
"""Signs of a period that is a year."""
ANY_MEASURER = ["population_base"]
SAME_MEASURER = ["population_base", "measurement_series_id"]
"""Columns besides the country in which a count agrees with the request."""
COLUMNS = [
    *("country_id", "population_base", "measurement_series_id", "base_measurement_series_id"),
    *("base_id", "base_persons", "low_persons", "high_persons", "obs_status", "trust"),
    *("period", "period_start", "period_end"),
]
FAR = Key("far", "more than twelve months from the day, where another is nearer")
PROJECTED = Key("projected", "projected, where another was counted")
TRUST = Key("trust", "of a less reliable source")
NEARER = "another one is nearer to the day"
NEAR = (Key("gap", NEARER), Key("apart", NEARER))
SAME = (
    Key("obs_status", "derived, where another is reported"),
    Key("base_id", "no different in what counts: the first by its id is taken"),
)


def list_steps(by: list[str], window: int | None) -> list[Step]:
    """Return the rules by which `Counts.find_nearest` chooses one of the candidates."""
    ranked = (*NEAR, TRUST) if "measurement_series_id" in by else (FAR, PROJECTED, TRUST, *NEAR)
    best = Best(["place"], (*ranked, *SAME))
    return [*([] if window is None else [_limit_days(window)]), best]


def _limit_days(days: int) -> Only:
    return Only(lambda rows: rows["gap"] <= days, f"more than {days} days from the day")


@dataclass(frozen=True)
class Counts:
    """The typed fact tables of bases and of their sources."""

    bases: pd.DataFrame
    sources: pd.DataFrame

    @classmethod
    def from_tables(cls, tables: Tables) -> "Counts":
        """Return the counts of people in these fact tables."""
        return cls(tables["bases"], tables["sources"])

    @cached_property
    def by_country(self) -> pd.DataFrame:
        """Return the bases, with their country and the reliability of their source: COLUMNS."""
        reliability = self.sources.set_index("source_id")["reliability"]
        names = {
            "area_id": "country_id",
            "persons": "base_persons",
            "measurement_series_id": "base_measurement_series_id",
        }
        renamed = self.bases.rename(columns=names)
        return renamed.assign(
            measurement_series_id=self.bases["measurement_series_id"],
            trust=self.bases["source_id"].map(reliability).map(RELIABILITY),
        )[COLUMNS]

    def list_candidates(self, places: pd.DataFrame, by: list[str]) -> pd.DataFrame:
        """Return every base that matches a place on `country_id` and `by`, with its ranks.

        `place` is the row of `places`; `gap` and `apart` are distances of the base from `start` in
        days; `far` and `projected` rank the bases of several measurers.
        """
        rows = places[["country_id", "start", *by]].reset_index(names="place")
        joined = rows.merge(self.by_country, on=["country_id", *by])
        joined = with_distance(joined, ("start", "start"), ("period_start", "period_end"))
        return joined.assign(
            far=joined["gap"] > WINDOW_DAYS, projected=joined["obs_status"] == FORECAST
        )

    def find_nearest(self, places: pd.DataFrame, by: list[str], window: int | None) -> pd.DataFrame:
        """Return for each place the matching base nearest to its `start`.

        A base matches on `country_id` and `by`, and is at most `window` days away if `window` is
        passed. The base of a measurer is the nearest. Between measurers the order is: within twelve
        months, counted before projected, the more reliable source, the nearer, reported before
        derived. Indexed like `places`; places without a base are absent.
        """
        chosen = select_candidates(self.list_candidates(places, by), list_steps(by, window))
        return chosen.set_index("place").sort_index().drop(columns=["country_id", "start", *by])

    def count_people(self, places: pd.DataFrame, population: str, window: int | None) -> pd.Series:
        """Return the expected people of a population of each `country_id` on the day `start`.

        Each place and day is looked up once. Indexed like `places`; NaN where nobody counted them
        within `window` days.
        """
        distinct = places[["country_id", "start"]].drop_duplicates()
        base = self.find_nearest(distinct.assign(population_base=population), ANY_MEASURER, window)
        at = distinct.join(base[["base_id"]], how="inner")
        persons = at.assign(persons=self.interpolate_persons(at))[
            ["country_id", "start", "persons"]
        ]
        joined = places[["country_id", "start"]].merge(
            persons, on=["country_id", "start"], how="left"
        )
        return joined["persons"].set_axis(places.index)

    def interpolate_persons(self, places: pd.DataFrame) -> pd.Series:
        """Return the people in `base_id` at each `start`, interpolated in logs between two counts.

        Outside the series of the measurer, return the base as printed; NaN without a base. Indexed
        like `places`.
        """
        key = ["area_id", "population_base", "measurement_series_id"]
        series = self.bases[[*key, "base_id", "persons"]].assign(
            middle=period_middle(self.bases["period_start"], self.bases["period_end"])
        )
        rows = (
            places[["base_id", "start"]]
            .reset_index(names="place")
            .merge(series[[*key, "base_id", "persons"]], on="base_id")
            .sort_values("start")
        )
        near = _with_neighbours(rows.rename(columns={"persons": "own_persons"}), series, key)
        gap = near["forward_middle"] - near["backward_middle"]
        part = ((near["start"] - near["backward_middle"]) / gap).where(gap.dt.days > 0)
        growth = (near["forward_persons"] / near["backward_persons"]).pow(part)
        between = near["backward_persons"] * growth
        inside = between.where(gap.dt.days <= LONGEST_GAP_DAYS).fillna(near["own_persons"])
        return inside.set_axis(near["place"]).reindex(places.index)

    def interpolate_residents(self, countries: pd.Series, moments: Array) -> pd.Series:
        """Return the residents of countries at moments, on the line of logs between mid-years.

        Of a year the median of its counts; before the first and after the last year on the line of
        the nearest two. NaN where nobody counted them.
        """
        rows = self.bases[
            (self.bases["population_base"] == EVERYONE)
            & self.bases["area_id"].isin(countries)
            & (self.bases["period"].str.len() == YEAR_SIGNS)
        ]
        yearly = rows.groupby(["area_id", rows["period_start"].dt.year])["persons"].median()
        logs = np.log(yearly.unstack().reindex(columns=YEARS)).interpolate(axis=1)
        near = logs.ffill(axis=1).bfill(axis=1).reindex(countries).to_numpy("float64")
        return pd.Series(np.exp(follow_line(near, moments)), countries.index)

    def measure_young_share(self, countries: pd.Series) -> "pd.Series[float]":
        """Return the share of the residents of countries who are below twelve, indexed as they are.

        Of the year in which ages were counted; in countries without such a count, the median.
        """
        older, everyone = (
            self.bases[self.bases["population_base"] == base] for base in (OLDER, EVERYONE)
        )
        key = ["area_id", "period"]
        both = older[[*key, "persons"]].merge(everyone[[*key, "persons"]], on=key)
        share = (both["persons_x"] / both["persons_y"]).clip(upper=1.0)
        by_area = 1.0 - share.groupby(both["area_id"]).median().astype("float64")
        return countries.map(by_area).astype("float64").fillna(by_area.median()).fillna(0.0)


def _with_neighbours(rows: pd.DataFrame, series: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return rows with the counts of the same measurer before and after their `start`."""
    there = series[series["area_id"].isin(rows["area_id"])]
    counts = there.drop(columns="base_id").sort_values(["middle", *key])
    for direction in ("backward", "forward"):
        right = counts.rename(columns={n: f"{direction}_{n}" for n in ("middle", "persons")})
        rows = pd.merge_asof(
            rows,
            right,
            left_on="start",
            right_on=f"{direction}_middle",
            by=key,
            direction=direction,
        )
    return rows


DISTRIBUTION = [
    *("expected_persons", "base_low_persons", "base_high_persons", "ceiling_persons"),
    *PATH,
]
"""Columns of a distribution: median, 5 and 95 % quantile, the ceiling, and the path of draws."""


@dataclass(frozen=True)
class CountsWithErrors:
    """The counts, their measurers, and the errors of such counts.

    Attributes:
        counts: Bases and their sources.
        source_types: The kind of source of each measurer, by `measurement_series_id`.
        errors: Errors of figures; None if the facts contain no parameters for them.
        online: Levels of the share of residents online; None if the facts contain none.
    """

    counts: Counts
    source_types: "pd.Series[str]"
    errors: FigureErrors | None
    online: OnlineLevels | None = None


def compute_quantiles(places: pd.DataFrame, measured: CountsWithErrors) -> pd.DataFrame:
    """Return columns DISTRIBUTION of the base of each place at its start, indexed as `places` is.

    `places` has `country_id`, `start` and `base_id` (missing: all NaN).
    """
    based = places.dropna(subset=["base_id"])
    based = based[based["base_id"] != ""]
    if based.empty:
        return pd.DataFrame(np.nan, index=places.index, columns=DISTRIBUTION)
    expected = measured.counts.interpolate_persons(based)
    rows = _join_bases(based, measured.counts.bases).assign(expected=expected)
    ceiling = _find_ceiling(rows, measured.counts)
    down, up, shift = _compute_half_widths(rows, ceiling, measured)
    middle = move_persons(expected.to_numpy("float64"), ceiling, shift)
    quantiles = pd.DataFrame(
        {
            "expected_persons": middle,
            "base_low_persons": move_persons(middle, ceiling, -down),
            "base_high_persons": move_persons(middle, ceiling, up),
            "ceiling_persons": ceiling,
        },
        index=based.index,
    )
    fitted = _fit_people_online(rows, measured)
    return fitted.combine_first(quantiles)[DISTRIBUTION].reindex(places.index)


def _fit_people_online(rows: pd.DataFrame, measured: CountsWithErrors) -> pd.DataFrame:
    """Return the people online of countries with levels, as DISTRIBUTION without the ceiling."""
    online, levels = rows[rows["population_base"] == ONLINE], measured.online
    if levels is None or online.empty:
        return pd.DataFrame(index=rows.index[:0], columns=DISTRIBUTION, dtype="float64")
    moments = compute_moments(online["start"])
    shares = levels.compute_quantiles(online["country_id"], moments).clip(lower=LEAST_SHARE)
    residents = measured.counts.interpolate_residents(online["country_id"], moments)
    persons = shares.mul(residents, axis=0).rename(
        columns={
            "q50_share": "expected_persons",
            "q05_share": "base_low_persons",
            "q95_share": "base_high_persons",
        }
    )
    paths = levels.describe_paths(online["country_id"], moments)
    young = measured.counts.measure_young_share(online["country_id"])
    people = _add_children(persons.join(paths), young, measured.errors)
    return people.dropna(subset=["expected_persons"]).reindex(columns=DISTRIBUTION)


def _add_children(
    people: pd.DataFrame, young: "pd.Series[float]", errors: FigureErrors | None
) -> pd.DataFrame:
    """Return people online where the residents below twelve (a share) are online less often.

    Half widths add up in squares on the log scale; what countries have in common becomes a smaller
    part of the variance. Without errors of figures, the people as they are.
    """
    if errors is None:
        return people
    children = errors.children
    low, middle, high = (
        1.0 - young * (1.0 - q) for q in (children.q05, children.q50, children.q95)
    )
    down = np.log(people["expected_persons"] / people["base_low_persons"])
    up = np.log(people["base_high_persons"] / people["expected_persons"])
    wider_down, wider_up = np.hypot(down, np.log(middle / low)), np.hypot(up, np.log(high / middle))
    expected = people["expected_persons"] * middle
    part = ((down + up) / (wider_down + wider_up)) ** 2
    return people.assign(
        expected_persons=expected,
        base_low_persons=expected * np.exp(-wider_down),
        base_high_persons=expected * np.exp(wider_up),
        online_common=people["online_common"] * part.fillna(1.0),
    )


def is_projected(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Return which bases of people online are projections."""
    return (rows["obs_status"] == FORECAST) & rows["population_base"].str.startswith("internet")


def _join_bases(places: pd.DataFrame, bases: pd.DataFrame) -> pd.DataFrame:
    """Return the row of the table of bases for each base, next to `country_id` and `start`."""
    names = [
        *("population_base", "measurement_series_id", "obs_status"),
        *("persons", "low_persons", "high_persons", "period_start", "period_end"),
    ]
    about = bases.drop_duplicates("base_id").set_index("base_id")[names]
    return places[["country_id", "start", "base_id"]].join(about, on="base_id")


def _find_ceiling(rows: pd.DataFrame, counts: Counts) -> Array:
    """Return the upper limit of each base: its ages by the same measurer, else all residents."""
    is_online = rows["population_base"].str.startswith("internet")
    if not is_online.any():
        return np.full(len(rows), np.nan)
    ages = rows["population_base"].map(AGES).fillna("")
    same_measurer = counts.find_nearest(rows.assign(population_base=ages), SAME_MEASURER, None)
    everyone = counts.find_nearest(rows.assign(population_base=EVERYONE), ANY_MEASURER, None)
    people = same_measurer["base_persons"].reindex(rows.index)
    people = people.fillna(everyone["base_persons"].reindex(rows.index)).astype("float64")
    return np.asarray(people.where(is_online).to_numpy("float64"))


def _compute_half_widths(
    rows: pd.DataFrame, ceiling: Array, measured: CountsWithErrors
) -> tuple[Array, Array, Array]:
    """Return distances of the 5 and 95 % quantiles from the median, and the shift of the median.

    All in log odds of the ceiling.
    """
    nothing = np.zeros(len(rows))
    if measured.errors is None:
        return nothing, nothing, nothing
    projected = is_projected(rows).to_numpy("bool")
    down, up, shift = _compute_count_widths(rows, ceiling, measured.source_types, measured.errors)
    stated = _measure_stated_ranges(rows, ceiling)
    has_range = ~np.isnan(stated[0])
    down = np.where(has_range, np.where(projected, stated[0], np.hypot(down, stated[0])), down)
    up = np.where(has_range, np.where(projected, stated[1], np.hypot(up, stated[1])), up)
    return down, up, np.where(projected, 0.0, shift)


def _measure_stated_ranges(rows: pd.DataFrame, ceiling: Array) -> tuple[Array, Array]:
    """Return distances to the range that a source states; NaN without a range."""
    expected = rows["expected"].to_numpy("float64")
    scale = expected / rows["persons"].to_numpy("float64")
    ends = [rows[name].to_numpy("float64") * scale for name in ("low_persons", "high_persons")]
    universe = widen_universe(np.fmax(expected, ends[1]), ceiling)
    low, middle, high = (log_odds(persons, universe) for persons in (ends[0], expected, ends[1]))
    return np.asarray(np.maximum(middle - low, 0.0)), np.asarray(np.maximum(high - middle, 0.0))


def _compute_count_widths(
    rows: pd.DataFrame, ceiling: Array, kinds: "pd.Series[str]", errors: FigureErrors
) -> tuple[Array, Array, Array]:
    """Return distances and shift for counts: rounding, measurers and growth, added in squares."""
    online = rows["population_base"].str.startswith("internet").to_numpy("bool")
    panel = (rows["measurement_series_id"].map(kinds) == SourceType.PANEL.value).to_numpy("bool")
    measurers = np.where(panel, 0.0, errors.base_measurers)
    error = np.hypot(
        _compute_rounding(rows, ceiling), np.where(online, measurers, errors.population)
    )
    growth = [np.where(online, part, 0.0) for part in _compute_growth(rows, errors.base_growth)]
    return np.hypot(error, growth[0]), np.hypot(error, growth[1]), growth[2]


def _compute_rounding(rows: pd.DataFrame, ceiling: Array) -> Array:
    persons = rows["persons"]
    half = figure_errors.half_step(persons, pd.Series(False, rows.index))
    number = persons.to_numpy("float64")
    share = np.where(np.isnan(ceiling), 0.0, np.minimum(number / ceiling, 0.98))
    return np.asarray(0.9 * half.to_numpy("float64") / number / (1.0 - share))


def _compute_growth(rows: pd.DataFrame, spread: Spread) -> tuple[Array, Array, Array]:
    """Return the growth from the count to the day, or from the day to a later count.

    Between two counts the expected number already contains the trend.
    """
    days = gap_days(rows["start"], rows["start"], rows["period_start"], rows["period_end"])
    reach = np.sqrt(in_months(days).to_numpy("float64"))
    later = (rows["period_start"] > rows["start"]).to_numpy("bool")
    alone = (rows["expected"] == rows["persons"]).to_numpy("bool")
    less, more = (spread.q50 - spread.q05) * reach, (spread.q95 - spread.q50) * reach
    trend = np.where(alone, spread.q50 * reach, 0.0)
    return (
        np.where(later, more, less),
        np.where(later, less, more),
        np.where(later, -trend, trend),
    )
