"""Denominators for the other stages: people online, and the base that contains some audiences.

Definitions. The base of some audiences of a country is the smallest population that contains them
by definition, and its ceiling the population that contains it. How many people it may have is drawn
from three quantiles, in log odds of its share of the ceiling, in logs where it is a population
itself.

Method. Of one measurer the nearest count is used; between measurers one within twelve months,
rather counted than projected, of the most reliable source. Between two dated counts of one measurer
the people expected are interpolated in logs.

A base is the same measurer's nearest in time, within twelve months; failing that the smallest one
that can contain the largest audience, people online with the slack of PUBLISHERS_DIFFER. Bounds
take a base as it is printed. A projection limits nothing: where the people online are projected,
bounds go from no one to all residents. Where publishers count people online whose numbers differ by
PUBLISHERS_DIFFER or more, bounds go from the smallest to the largest, and draws span them around
their geometric mean where no levels are fitted.

The median of a base is the number expected at the start of the restriction. A projection has only
the 5 and 95 % quantiles of its past errors, scaled to the day. The error of residents is the
typical difference between two counts; that of people online the one between two measurers, unless
the base is that of the panel that counted the audiences. Both have a rounding error, and an error
from growth if the day is outside the period of the count. Half widths are added in squares.

Where the facts contain fitted levels of a country (online.py), its people online on a day are the
share of that day times the residents of that day, whichever count is nearest: bounds and lineage
name the count as printed, and the distribution is that of the levels. Most shares that publishers
print of all residents are of those who were asked, from five, ten or fifteen years on: residents
below twelve are online as often as the others times a factor, drawn with the level.

Assumptions. Those of audiences/figures.py. A base interpolated between two counts of one measurer
has the error of the nearer count.

Known drawbacks. Those of audiences/figures.py. A panel's own universe is assumed to use the panel's
definition of being online.

Citation. figure_errors.py, fitting/errors.py.
"""

from collections.abc import Mapping
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
from audience_impact.figure_errors import FigureErrors, Spread
from audience_impact.frames import Array, Integers, cache_last_frame
from audience_impact.periods import WINDOW_DAYS, gap_days, in_months, period_middle, with_distance
from audience_impact.populations import AGES, EVERYONE, ONLINE, ONLINE_12_PLUS
from audience_impact.selection import Best, Key, Only, Step, rejection_reason, select_candidates
from audience_impact.vocabulary import ObsStatus, Reliability, SourceType

FORECAST = ObsStatus.FORECAST.value
LONGEST_GAP_DAYS = 5 * WINDOW_DAYS
"""Maximum days between two bases for interpolation between them."""
RELIABILITY = {
    word.value: rank
    for rank, word in enumerate((Reliability.HIGH, Reliability.MEDIUM, Reliability.LOW))
}
ANY_MEASURER = ["population_base"]
SAME_MEASURER = ["population_base", "measurement_series_id"]
"""Columns besides the country in which a count agrees with the request."""
COLUMNS = [
    *("country_id", "population_base", "measurement_series_id", "base_measurement_series_id"),
    *("base_id", "base_persons", "low_persons", "high_persons", "obs_status", "trust"),
    *("period", "period_start", "period_end"),
]
DISTRIBUTION = [
    *("expected_persons", "base_low_persons", "base_high_persons", "ceiling_persons"),
    *PATH,
]
"""Columns of a distribution: median, 5 and 95 % quantile, the ceiling, and the path of draws."""
PUBLISHERS_DIFFER = 1.5
"""Factor from which two numbers of people online contradict each other: no error explains it."""
LEAST_SHARE = 1e-4
"""Least share of residents online that is drawn: of nobody there are no log odds."""
NOWHERE: Integers = np.empty(0, dtype=np.int64)
NARROWER = "a narrower population that contains the audiences has a base"
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
    """Return the rules by which `Denominators.find_nearest` chooses one of the candidates."""
    ranked = (*NEAR, TRUST) if "measurement_series_id" in by else (FAR, PROJECTED, TRUST, *NEAR)
    best = Best(["place"], (*ranked, *SAME))
    if window is None:
        return [best]
    return [Only(lambda rows: rows["gap"] <= window, f"more than {window} days from the day"), best]


@dataclass(frozen=True)
class Denominators:
    """The counts of populations and their errors, with lookups by place and day."""

    tables: Tables  # the typed facts
    errors: FigureErrors | None = None  # None if the facts contain no parameters for them

    @property
    def bases(self) -> pd.DataFrame:
        """Return the typed fact table of counts."""
        return self.tables["bases"]

    @cached_property
    def levels(self) -> OnlineLevels | None:
        """Return the levels of the share of residents online, if the facts have them."""
        return OnlineLevels.from_table(self.tables["online_levels"])

    def list_candidates(self, places: pd.DataFrame, by: list[str]) -> pd.DataFrame:
        """Return every base that matches a place on `country_id` and `by`, with its ranks.

        `place` is the row of `places`; `gap` and `apart` are days between the base and `start`.
        """
        by_country, groups = _group_bases(self.bases, self.tables["sources"])
        keys = zip(*(places[name] for name in ("country_id", *by)), strict=True)
        rows = [groups[tuple(by)].get(key, NOWHERE) for key in keys]
        at = np.repeat(np.arange(len(rows)), [*map(len, rows)])
        joined = by_country.take(np.concatenate([NOWHERE, *rows])).reset_index(drop=True)
        joined = joined.assign(place=places.index[at], start=places["start"].to_numpy()[at])
        joined = with_distance(joined, ("start", "start"), ("period_start", "period_end"))
        is_projected = joined["obs_status"] == FORECAST
        return joined.assign(far=joined["gap"] > WINDOW_DAYS, projected=is_projected)

    def find_nearest(self, places: pd.DataFrame, by: list[str], window: int | None) -> pd.DataFrame:
        """Return the base of each place that `list_steps` chooses; places without are absent."""
        chosen = select_candidates(self.list_candidates(places, by), list_steps(by, window))
        return chosen.set_index("place").sort_index().drop(columns=["country_id", "start", *by])

    def count_people(self, places: pd.DataFrame, population: str, window: int | None) -> pd.Series:
        """Return expected people of each `country_id` on day `start`; NaN beyond `window` days."""
        keys = ["country_id", "start"]
        distinct = places[keys].drop_duplicates()
        base = self.find_nearest(distinct.assign(population_base=population), ANY_MEASURER, window)
        at = distinct.join(base[["base_id"]], how="inner")
        at["persons"] = self.interpolate_persons(at)
        joined = places[keys].merge(at[[*keys, "persons"]], on=keys, how="left", validate="m:1")
        return joined["persons"].set_axis(places.index)

    def interpolate_persons(self, places: pd.DataFrame) -> pd.Series:
        """Return people in `base_id` at `start`: in logs between two counts, else as printed."""
        bases = _index_bases(self.bases)
        at = bases.index.get_indexer(places["base_id"])
        near = bases[["persons", "series"]].take(at).set_axis(places.index)
        near = near.assign(start=places["start"])[at >= 0].reset_index(names="place")
        near = near.rename(columns={"persons": "printed_persons"}).sort_values("start")
        counts = bases.loc[bases["series"].isin(near["series"]), ["series", "middle", "persons"]]
        counts = counts.sort_values("middle", kind="stable")
        for side in ("backward", "forward"):
            middle = f"{side}_middle"
            on_side = counts.rename(columns={"middle": middle, "persons": f"{side}_persons"})
            near = pd.merge_asof(
                near, on_side, left_on="start", right_on=middle, by="series", direction=side
            )
        gap = near["forward_middle"] - near["backward_middle"]
        part = ((near["start"] - near["backward_middle"]) / gap).where(gap.dt.days > 0)
        growth = (near["forward_persons"] / near["backward_persons"]).pow(part)
        between = near["backward_persons"] * growth
        inside = between.where(gap.dt.days <= LONGEST_GAP_DAYS).fillna(near["printed_persons"])
        return inside.set_axis(near["place"]).reindex(places.index)

    def interpolate_residents(self, countries: pd.Series, moments: Array) -> pd.Series:
        """Return residents at moments, on the line of logs between the medians of years."""
        rows = self.bases[self.bases["area_id"].isin(countries)]
        is_yearly = rows["period"].str.len() == len("2024")
        rows = rows[is_yearly & (rows["population_base"] == EVERYONE)]
        yearly = rows.groupby(["area_id", rows["period_start"].dt.year])["persons"].median()
        logs = np.log(yearly.unstack().reindex(columns=YEARS)).interpolate(axis=1)
        near = logs.ffill(axis=1).bfill(axis=1).reindex(countries).to_numpy("float64")
        return pd.Series(np.exp(follow_line(near, moments)), countries.index)

    def measure_young_share(self, countries: pd.Series) -> "pd.Series[float]":
        """Return the share of residents below twelve, of countries without a count the median."""
        key = ["area_id", "period"]
        older, everyone = (
            self.bases.loc[self.bases["population_base"] == base, [*key, "persons"]]
            for base in ("age_12_plus", EVERYONE)
        )
        both = older.merge(everyone, on=key)
        share = (both["persons_x"] / both["persons_y"]).clip(upper=1.0)
        by_area = 1.0 - share.groupby(both["area_id"]).median().astype("float64")
        return countries.map(by_area).astype("float64").fillna(by_area.median()).fillna(0.0)

    def count_online(self, places: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Return the count of people online of each place, its DISTRIBUTION, and the publishers."""
        base = self.find_nearest(places.assign(population_base=ONLINE), ANY_MEASURER, None)
        counted = places[["country_id", "start"]].join(base)
        publishers = _compare_publishers(counted, self.bases)
        return counted, _span_publishers(self.compute_quantiles(counted), publishers), publishers

    def choose_bases(self, groups: pd.DataFrame) -> pd.DataFrame:
        """Return the base of each group: that of the same measurer, else the smallest safe one.

        `groups` has `country_id`, `start`, `floor_persons` (the largest of the audiences),
        `containing` (their population) and `measurement_series_id`, blank if there are several.
        `base_persons` is the limit of the union. Adds the columns DISTRIBUTION.
        """
        listed = self.list_bases(groups)
        names = ["base_id", "base_persons", "population_base", "obs_status", "is_own_base"]
        chosen = listed[listed["passed_over"] == ""].set_index("place")[names]
        chosen = chosen.rename(columns={"population_base": "base", "obs_status": "base_status"})
        people = self.find_nearest(groups.assign(population_base=EVERYONE), ANY_MEASURER, None)
        people = people[["base_id", "base_persons"]].reindex(groups.index)
        base = groups[["country_id"]].join(chosen)
        base[["population_id", "population_persons"]] = people
        is_ahead = (base["base_status"] == FORECAST) & (base["base"] != EVERYONE)
        residents = base["population_persons"].fillna(base["base_persons"])
        limit = base["base_persons"].astype("float64").where(~is_ahead, residents)
        quantiles = self.compute_quantiles(base.assign(start=groups["start"]))
        publishers = _compare_publishers(groups, self.bases)
        plain = (base["base"] == ONLINE) & ~base["is_own_base"].eq(True)
        publishers = publishers.where(plain & ~is_ahead)
        return base.assign(
            is_base_projected=is_ahead,
            base_persons=np.fmax(limit, publishers["most"]),
            is_base_disputed=publishers["most"].notna(),
            **_span_publishers(quantiles, publishers),
        )

    def list_bases(self, groups: pd.DataFrame) -> pd.DataFrame:
        """Return every base that may contain the audiences of a group, and why it is `passed_over`.

        `place` is the row of `groups`, `level` the kind of base, `is_own_base`: of their measurer.
        """
        containing = groups["containing"].fillna("")
        measurer = groups["measurement_series_id"].fillna("")
        ages = containing.mask(containing == ONLINE_12_PLUS, AGES[ONLINE_12_PLUS])
        by_measurer = "people online, by the measurer of the audiences"
        same_ages = "people of these ages, by the same measurer"
        holds = Only(_holds_audiences, "has fewer people than the largest audience")
        rest, by_level = groups.index, []
        for level, population, by, window in (
            (by_measurer, containing, SAME_MEASURER, WINDOW_DAYS),
            (same_ages, ages, SAME_MEASURER, WINDOW_DAYS),
            ("people online, by anybody", ONLINE, ANY_MEASURER, WINDOW_DAYS),
            ("all residents", EVERYONE, ANY_MEASURER, None),
        ):
            requests = groups.assign(population_base=population, measurement_series_id=measurer)
            rows = self.list_candidates(requests, by).assign(level=level)
            rows = rows.join(groups["floor_persons"].fillna(0), on="place")
            rows["is_own_base"] = level == by_measurer
            reason = rejection_reason(rows, [*list_steps(by, window), holds])
            reason = reason.mask(~rows["place"].isin(rest) & (reason == ""), NARROWER)
            rest = rest.difference(rows.loc[reason == "", "place"])
            by_level.append(rows.assign(passed_over=reason))
        return pd.concat(by_level, ignore_index=True)

    def compute_quantiles(self, places: pd.DataFrame) -> pd.DataFrame:
        """Return DISTRIBUTION of the base of each place at its start; NaN without a `base_id`."""
        based = places[places["base_id"].notna() & (places["base_id"] != "")]
        if based.empty:
            return pd.DataFrame(np.nan, index=places.index, columns=DISTRIBUTION)
        about = _index_bases(self.bases)
        rows = based[["country_id", "start", "base_id"]].join(about, on="base_id")
        rows["expected"] = self.interpolate_persons(based)
        rows["is_online"] = rows["population_base"].str.startswith("internet")
        ages = rows["population_base"].map(AGES).fillna("")
        same_measurer = self.find_nearest(rows.assign(population_base=ages), SAME_MEASURER, None)
        everyone = self.find_nearest(rows.assign(population_base=EVERYONE), ANY_MEASURER, None)
        people = same_measurer["base_persons"].reindex(rows.index)
        people = people.fillna(everyone["base_persons"].reindex(rows.index)).astype("float64")
        ceiling = people.where(rows["is_online"]).to_numpy("float64")
        down, up, shift = self._compute_half_widths(rows, ceiling)
        middle = figure_errors.move_persons(rows["expected"].to_numpy("float64"), ceiling, shift)
        ends = (figure_errors.move_persons(middle, ceiling, by) for by in (-down, up))
        columns = dict(zip(DISTRIBUTION, (middle, *ends, ceiling), strict=False))
        quantiles = pd.DataFrame(columns, index=based.index)
        fitted = self._fit_people_online(rows[rows["population_base"] == ONLINE])
        return fitted.combine_first(quantiles)[DISTRIBUTION].reindex(places.index)

    def _compute_half_widths(
        self, rows: pd.DataFrame, ceiling: Array
    ) -> tuple[Array, Array, Array]:
        """Return distances of both quantiles from the median, and its shift, in log odds."""
        errors = self.errors
        if errors is None:
            return (np.zeros(len(rows)),) * 3
        online = rows["is_online"].to_numpy("bool")
        source_types = self.tables["lineages"].set_index("measurement_series_id")["source_type"]
        kind = rows["measurement_series_id"].map(source_types)
        measurers = np.where(kind == SourceType.PANEL.value, 0.0, errors.base_measurers)
        number = rows["persons"].to_numpy("float64")
        is_share = pd.Series(False, rows.index)
        half = figure_errors.half_step(rows["persons"], is_share).to_numpy("float64")
        share = np.nan_to_num(np.minimum(number / ceiling, figure_errors.MOST_SHARE))
        rounding = figure_errors.UNIFORM * half / number / (1.0 - share)
        error = np.hypot(rounding, np.where(online, measurers, errors.population))
        down, up, shift = (
            np.where(online, part, 0.0) for part in _compute_growth(rows, errors.base_growth)
        )
        projected = online & (rows["obs_status"] == FORECAST).to_numpy("bool")
        widths = []
        for growth, stated in zip((down, up), _measure_stated_ranges(rows, ceiling), strict=True):
            counted = np.hypot(error, growth)
            within = np.where(projected, stated, np.hypot(counted, stated))
            widths.append(np.where(np.isnan(stated), counted, within))
        return widths[0], widths[1], np.where(projected, 0.0, shift)

    def _fit_people_online(self, online: pd.DataFrame) -> pd.DataFrame:
        """Return the people online of countries with levels, as DISTRIBUTION without the ceiling.

        Half widths of level and children add up in squares; what is common becomes a smaller part.
        """
        if self.levels is None or online.empty:
            return pd.DataFrame(index=online.index[:0], columns=DISTRIBUTION, dtype="float64")
        moments, countries = compute_moments(online["start"]), online["country_id"]
        shares = self.levels.compute_quantiles(countries, moments).clip(lower=LEAST_SHARE)
        persons = shares.mul(self.interpolate_residents(countries, moments), axis=0)
        low, middle, high = (persons[f"{name}_share"] for name in Spread._fields)
        paths = self.levels.describe_paths(countries, moments)
        if self.errors is not None:
            young = self.measure_young_share(countries)
            least, share, most = (1.0 - young * (1.0 - q) for q in self.errors.children)
            down, up = np.log(middle / low), np.log(high / middle)
            below = np.hypot(down, np.log(share / least))
            above = np.hypot(up, np.log(most / share))
            part = ((down + up) / (below + above)) ** 2
            paths["online_common"] *= part.fillna(1.0)
            middle = middle * share
            low, high = middle * np.exp(-below), middle * np.exp(above)
        paths = paths.assign(expected_persons=middle, base_low_persons=low, base_high_persons=high)
        return paths.dropna(subset=["expected_persons"]).reindex(columns=DISTRIBUTION)


read_denominators = cache_last_frame(Denominators)


@cache_last_frame
def _group_bases(
    bases: pd.DataFrame, sources: pd.DataFrame
) -> tuple[pd.DataFrame, dict[tuple[str, ...], Mapping[object, Integers]]]:
    """Return COLUMNS of the bases, and their places by country and what a count agrees in."""
    reliability = sources.set_index("source_id")["reliability"]
    named = bases.rename(columns={"area_id": "country_id", "persons": "base_persons"}).assign(
        base_measurement_series_id=bases["measurement_series_id"],
        trust=bases["source_id"].map(reliability).map(RELIABILITY),
    )[COLUMNS]
    ways = (ANY_MEASURER, SAME_MEASURER)
    return named, {tuple(by): named.groupby(["country_id", *by]).indices for by in ways}


@cache_last_frame
def _index_bases(bases: pd.DataFrame) -> pd.DataFrame:
    """Return the bases by their id, with the `middle` of the period and the number of `series`."""
    rows = bases.drop_duplicates("base_id").set_index("base_id")
    key = ["area_id", "population_base", "measurement_series_id"]
    middle = period_middle(rows["period_start"], rows["period_end"])
    return rows.assign(middle=middle, series=rows.groupby(key, sort=False).ngroup())


def _holds_audiences(rows: pd.DataFrame) -> pd.Series:
    # a projection limits nothing; people online of another measurer may be fewer than an audience
    # by as much as publishers of these differ
    ahead = (rows["obs_status"] == FORECAST) & (rows["population_base"] != EVERYONE)
    is_foreign = rows["population_base"].eq(ONLINE) & ~rows["is_own_base"]
    persons = rows["base_persons"].astype("float64")
    limit = persons.mask(is_foreign, persons * PUBLISHERS_DIFFER)
    return ahead | (limit >= rows["floor_persons"])


def _compare_publishers(places: pd.DataFrame, bases: pd.DataFrame) -> pd.DataFrame:
    """Return numbers of people online that differ: `least`, `most`, `count`, `level`, `ids`.

    NaN if they do not. Each measurer's nearest number within twelve months of the start counts.
    """
    counted = bases[(bases["population_base"] == ONLINE) & (bases["obs_status"] != FORECAST)]
    names = ["area_id", "measurement_series_id", "persons", "period_start", "period_end", "base_id"]
    right = counted[names].rename(columns={"area_id": "country_id"})
    both = places[["country_id", "start"]].reset_index(names="place").merge(right, on="country_id")
    both = with_distance(both, ("start", "start"), ("period_start", "period_end"))
    near = both[both["gap"] <= WINDOW_DAYS].sort_values(["place", "gap", "apart", "persons"])
    single = near.drop_duplicates(["place", "measurement_series_id"])
    groups = single.assign(level=np.log(single["persons"])).groupby("place")
    persons = groups["persons"]
    numbers = {
        "least": persons.min(),
        "most": persons.max(),
        "count": groups.size().astype("float64"),
        "level": groups["level"].mean(),
    }
    table = pd.DataFrame(numbers).reindex(places.index)
    differ = table["most"] >= PUBLISHERS_DIFFER * table["least"]
    ids = groups["base_id"].agg(";".join).astype("str").reindex(table.index[differ])
    return table.where(differ).assign(ids=ids.reindex(places.index))


def _span_publishers(quantiles: pd.DataFrame, publishers: pd.DataFrame) -> pd.DataFrame:
    """Return quantiles widened to publishers that differ; fitted levels rest on all, and stay."""
    differ = publishers["least"].notna() & quantiles["online_moment"].isna()
    publishers = publishers.where(differ)
    middle = quantiles["expected_persons"].where(~differ, np.exp(publishers["level"]))
    return quantiles.assign(
        expected_persons=middle,
        base_low_persons=np.fmin(quantiles["base_low_persons"], publishers["least"]),
        base_high_persons=np.fmax(quantiles["base_high_persons"], publishers["most"]),
    )


def _measure_stated_ranges(rows: pd.DataFrame, ceiling: Array) -> tuple[Array, Array]:
    names = ("expected", "persons", "low_persons", "high_persons")
    expected, persons, *ends = (rows[name].to_numpy("float64") for name in names)
    least, most = (end * (expected / persons) for end in ends)
    inside = figure_errors.widen_universe(np.fmax(expected, most), ceiling)
    low, middle, high = (figure_errors.log_odds(count, inside) for count in (least, expected, most))
    return np.asarray(np.maximum(middle - low, 0.0)), np.asarray(np.maximum(high - middle, 0.0))


def _compute_growth(rows: pd.DataFrame, spread: Spread) -> tuple[Array, Array, Array]:
    """Return half widths and trend of growth to the day; none between two counts."""
    days = gap_days(rows["start"], rows["start"], rows["period_start"], rows["period_end"])
    reach = np.sqrt(in_months(days).to_numpy("float64"))
    later = (rows["period_start"] > rows["start"]).to_numpy("bool")
    alone = (rows["expected"] == rows["persons"]).to_numpy("bool")
    less, more = (spread.q50 - spread.q05) * reach, (spread.q95 - spread.q50) * reach
    trend = np.where(alone, spread.q50 * reach, 0.0)
    down, up = np.where(later, more, less), np.where(later, less, more)
    return down, up, np.where(later, -trend, trend)
