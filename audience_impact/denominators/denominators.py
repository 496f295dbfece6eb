"""Denominators for the other stages: people online, and the base that contains some audiences.

Definitions. The base of some audiences of a country is the smallest population that contains them
by definition. How many people a base may have is drawn from three quantiles. The ceiling of a base
is the population that contains it by definition; the distribution of a base is in log odds of its
share of the ceiling, in logs where it is a population itself.

Method. The same measurer's base nearest in time, within twelve months; failing that the smallest
base that can contain the largest audience, people online with the slack of PUBLISHERS_DIFFER.
Bounds take a base as it is printed. A projection limits nothing: where the people online are
projected, bounds go from no one to all residents. Where publishers count people online whose
numbers differ by PUBLISHERS_DIFFER or more, bounds go from the smallest to the largest, and draws
span them around their geometric mean where no levels are fitted.

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

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.denominators.counts import (
    ANY_MEASURER,
    DISTRIBUTION,
    FORECAST,
    SAME_MEASURER,
    Counts,
    list_steps,
)
from audience_impact.denominators.online import OnlineLevels, compute_moments
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import (
    MOST_SHARE,
    UNIFORM,
    FigureErrors,
    Spread,
    half_step,
    log_odds,
    move_persons,
    widen_universe,
)
from audience_impact.frames import Array
from audience_impact.periods import WINDOW_DAYS, gap_days, in_months, with_distance
from audience_impact.populations import AGES, EVERYONE, ONLINE, ONLINE_12_PLUS
from audience_impact.selection import Only, rejection_reason
from audience_impact.vocabulary import SourceType

PUBLISHERS_DIFFER = 1.5
"""Factor from which two numbers of people online are treated as contradictory, not as one number
with an error.
"""
LEAST_SHARE = 1e-4
"""Least share of residents online that is drawn: of nobody there are no log odds."""
NARROWER = "a narrower population that contains the audiences has a base"


@dataclass(frozen=True)
class Denominators(Counts):
    """The counts of populations and their errors, with lookups by place and day."""

    source_types: "pd.Series[str]"  # of each measurer, by `measurement_series_id`
    errors: FigureErrors | None  # None if the facts contain no parameters for them
    online: OnlineLevels | None  # levels of the share of residents online, if the facts have them

    @classmethod
    def from_facts(cls, tables: Tables, errors: FigureErrors | None) -> "Denominators":
        """Return the denominators in these fact tables."""
        lineages = tables["lineages"].drop_duplicates("measurement_series_id")
        source_types = lineages.set_index("measurement_series_id")["source_type"]
        online = OnlineLevels.from_table(tables["online_levels"])
        return cls(tables["bases"], tables["sources"], source_types, errors, online)

    def count_online(self, places: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Return the count of people online of each place, its distribution and the publishers.

        All three are indexed like `places`: the count as `find_nearest` returns it, with
        `country_id` and `start`; columns DISTRIBUTION, widened to all publishers if they differ;
        and the publishers as `_compare_publishers` returns them.
        """
        base = self.find_nearest(places.assign(population_base=ONLINE), ANY_MEASURER, None)
        counted = places[["country_id", "start"]].join(base)
        publishers = _compare_publishers(counted, self.bases)
        return counted, _span_publishers(self.compute_quantiles(counted), publishers), publishers

    def choose_bases(self, groups: pd.DataFrame) -> pd.DataFrame:
        """Return the base of each group: that of the same measurer, else the smallest safe one.

        `groups` has `country_id`, `start`, `floor_persons` (the largest of the audiences),
        `containing` (the population that they are counted in) and `measurement_series_id`, blank if
        there are several. `base_persons` is the limit of the union: the base as printed, all
        residents if the base is projected, or the largest number if publishers differ. Adds the
        columns DISTRIBUTION.
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
        """Return every base that may contain the audiences of each group, and why it is not used.

        Columns: `place` (the row of `groups`), `country_id`, `base_id`, `level` (the kind of base,
        the best first), `base_persons`, `is_own_base` (of the measurer of the audiences),
        `passed_over` (the reason; blank for the chosen base).
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
        """Return DISTRIBUTION (quantiles and ceiling) of the base of each place at its start.

        `places`, whose index is kept, has `country_id`, `start` and `base_id` (missing: all NaN).
        """
        based = places[places["base_id"].notna() & (places["base_id"] != "")]
        if based.empty:
            return pd.DataFrame(np.nan, index=places.index, columns=DISTRIBUTION)
        about = self.bases.drop_duplicates("base_id").set_index("base_id")
        rows = based[["country_id", "start", "base_id"]].join(about, on="base_id")
        rows["expected"] = self.interpolate_persons(based)
        rows["is_online"] = rows["population_base"].str.startswith("internet")
        ceiling = self._find_ceiling(rows)
        down, up, shift = self._compute_half_widths(rows, ceiling)
        middle = move_persons(rows["expected"].to_numpy("float64"), ceiling, shift)
        quantiles = pd.DataFrame(
            {
                "expected_persons": middle,
                "base_low_persons": move_persons(middle, ceiling, -down),
                "base_high_persons": move_persons(middle, ceiling, up),
                "ceiling_persons": ceiling,
            },
            index=based.index,
        )
        fitted = self._fit_people_online(rows[rows["population_base"] == ONLINE])
        return fitted.combine_first(quantiles)[DISTRIBUTION].reindex(places.index)

    def _find_ceiling(self, rows: pd.DataFrame) -> Array:
        """Return the limit of people online: their ages by the same measurer, or all."""
        ages = rows["population_base"].map(AGES).fillna("")
        same_measurer = self.find_nearest(rows.assign(population_base=ages), SAME_MEASURER, None)
        everyone = self.find_nearest(rows.assign(population_base=EVERYONE), ANY_MEASURER, None)
        people = same_measurer["base_persons"].reindex(rows.index)
        people = people.fillna(everyone["base_persons"].reindex(rows.index)).astype("float64")
        return np.asarray(people.where(rows["is_online"]).to_numpy("float64"))

    def _compute_half_widths(
        self, rows: pd.DataFrame, ceiling: Array
    ) -> tuple[Array, Array, Array]:
        """Return distances of the 5 and 95 % quantiles from the median, and its shift.

        All in log odds of the ceiling. A projection has the range that its source states alone.
        """
        errors = self.errors
        if errors is None:
            nothing = np.zeros(len(rows))
            return nothing, nothing, nothing
        online = rows["is_online"].to_numpy("bool")
        kind = rows["measurement_series_id"].map(self.source_types)
        measurers = np.where(kind == SourceType.PANEL.value, 0.0, errors.base_measurers)
        number = rows["persons"].to_numpy("float64")
        half = half_step(rows["persons"], pd.Series(False, rows.index)).to_numpy("float64")
        share = np.where(np.isnan(ceiling), 0.0, np.minimum(number / ceiling, MOST_SHARE))
        rounding = UNIFORM * half / number / (1.0 - share)
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

        Half widths of the level and of children add up in squares on the log scale; what countries
        have in common becomes a smaller part of the variance.
        """
        if self.online is None or online.empty:
            return pd.DataFrame(index=online.index[:0], columns=DISTRIBUTION, dtype="float64")
        moments, countries = compute_moments(online["start"]), online["country_id"]
        shares = self.online.compute_quantiles(countries, moments).clip(lower=LEAST_SHARE)
        persons = shares.mul(self.interpolate_residents(countries, moments), axis=0)
        low, middle, high = (persons[f"{name}_share"] for name in Spread._fields)
        people = self.online.describe_paths(countries, moments)
        if self.errors is not None:
            young = self.measure_young_share(countries)
            least, share, most = (1.0 - young * (1.0 - q) for q in self.errors.children)
            down, up = np.log(middle / low), np.log(high / middle)
            below = np.hypot(down, np.log(share / least))
            above = np.hypot(up, np.log(most / share))
            part = ((down + up) / (below + above)) ** 2
            people["online_common"] *= part.fillna(1.0)
            middle = middle * share
            low, high = middle * np.exp(-below), middle * np.exp(above)
        people = people.assign(
            expected_persons=middle, base_low_persons=low, base_high_persons=high
        )
        return people.dropna(subset=["expected_persons"]).reindex(columns=DISTRIBUTION)


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

    Compares the nearest number of each measurer who counted within twelve months of the start; NaN
    if these numbers do not differ. `ids` are those of the bases, joined by semicolons.
    """
    counted = bases[(bases["population_base"] == ONLINE) & (bases["obs_status"] != FORECAST)]
    names = ["area_id", "measurement_series_id", "persons", "period_start", "period_end", "base_id"]
    right = counted[names].rename(columns={"area_id": "country_id"})
    both = places[["country_id", "start"]].reset_index(names="place").merge(right, on="country_id")
    both = with_distance(both, ("start", "start"), ("period_start", "period_end"))
    near = both[both["gap"] <= WINDOW_DAYS].sort_values(["place", "gap", "apart", "persons"])
    single = near.drop_duplicates(["place", "measurement_series_id"])
    groups = single.assign(level=np.log(single["persons"])).groupby("place")
    table = pd.DataFrame(
        {
            "least": groups["persons"].min(),
            "most": groups["persons"].max(),
            "count": groups.size().astype("float64"),
            "level": groups["level"].mean(),
        }
    ).reindex(places.index)
    differ = table["most"] >= PUBLISHERS_DIFFER * table["least"]
    apart = single[single["place"].isin(table.index[differ])].groupby("place")["base_id"]
    ids = apart.agg(";".join).astype("str").reindex(places.index)
    return table.where(differ).assign(ids=ids)


def _span_publishers(quantiles: pd.DataFrame, publishers: pd.DataFrame) -> pd.DataFrame:
    """Return the quantiles of each base, widened to all publishers where they differ.

    People online by the fitted levels stay as they are: these rest on all publishers.
    """
    differ = publishers["least"].notna() & quantiles["online_moment"].isna()
    publishers = publishers.where(differ)
    middle = quantiles["expected_persons"].where(~differ, np.exp(publishers["level"]))
    return quantiles.assign(
        expected_persons=middle,
        base_low_persons=np.fmin(quantiles["base_low_persons"], publishers["least"]),
        base_high_persons=np.fmax(quantiles["base_high_persons"], publishers["most"]),
    )


def _measure_stated_ranges(rows: pd.DataFrame, ceiling: Array) -> tuple[Array, Array]:
    expected, persons, *ends = (
        rows[name].to_numpy("float64")
        for name in ("expected", "persons", "low_persons", "high_persons")
    )
    least, most = (end * (expected / persons) for end in ends)
    universe = widen_universe(np.fmax(expected, most), ceiling)
    low, middle, high = (log_odds(count, universe) for count in (least, expected, most))
    return np.asarray(np.maximum(middle - low, 0.0)), np.asarray(np.maximum(high - middle, 0.0))


def _compute_growth(rows: pd.DataFrame, spread: Spread) -> tuple[Array, Array, Array]:
    """Return half widths and trend of growth to the day; none between two counts."""
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
