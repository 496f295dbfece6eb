"""Denominators for the other stages: people online, and the base that contains some audiences.

Definitions. The base of some audiences of a country is the smallest population that contains them
by definition.

Method. The same measurer's base nearest in time, within twelve months; failing that the smallest
base that can contain the largest audience, people online with the slack of PUBLISHERS_DIFFER.
Bounds take a base as it is printed. A projection limits nothing: where the people online are
projected, bounds go from nobody to all residents. Where publishers count people online whose
numbers differ by PUBLISHERS_DIFFER or more, bounds go from the smallest to the largest, and draws
span them around their geometric mean where no levels are fitted. What a base is drawn from is in
distributions.py.

Assumptions, drawbacks and citation: those of audiences/figures.py.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from audience_impact import selection as choosing
from audience_impact.denominators.counts import (
    ANY_MEASURER,
    FORECAST,
    SAME_MEASURER,
    Counts,
    list_steps,
)
from audience_impact.denominators.distributions import compute_quantiles
from audience_impact.denominators.online import OnlineLevels
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import FigureErrors
from audience_impact.periods import WINDOW_DAYS, with_distance
from audience_impact.populations import AGES, EVERYONE, ONLINE, ONLINE_12_PLUS
from audience_impact.selection import Only, Step

PUBLISHERS_DIFFER = 1.5
"""Factor from which two numbers of people online are treated as contradictory, not as one number
with an error.
"""


@dataclass(frozen=True)
class Denominators(Counts):
    """The counts of populations and their errors, with lookups by place and day.

    Attributes:
        source_types: The kind of source of each measurer, by `measurement_series_id`.
        errors: Errors of figures; None if the facts contain no parameters for them.
        online: Levels of the share of residents online; None if the facts contain none.
    """

    source_types: "pd.Series[str]"
    errors: FigureErrors | None
    online: OnlineLevels | None

    @classmethod
    def from_facts(cls, tables: Tables, errors: FigureErrors | None) -> "Denominators":
        """Return the denominators in these fact tables."""
        lineages = tables["lineages"].drop_duplicates("measurement_series_id")
        source_types = lineages.set_index("measurement_series_id")["source_type"]
        online = OnlineLevels.from_table(tables.get("online_levels", pd.DataFrame()))
        return cls(tables["bases"], tables["sources"], source_types, errors, online)

    def compute_quantiles(self, places: pd.DataFrame) -> pd.DataFrame:
        """Return DISTRIBUTION (quantiles and ceiling) of `base_id` of each place at its start."""
        return compute_quantiles(places, self, self.source_types, self.errors, self.online)

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
        base = self._choose_limits(groups)
        quantiles = self.compute_quantiles(base.assign(start=groups["start"]))
        publishers = _compare_publishers(groups, self.bases)
        plain = (base["base"] == ONLINE) & ~base["is_own_base"].eq(True)
        publishers = publishers.where(plain & ~base["is_base_projected"])
        return base.assign(
            base_persons=np.fmax(base["base_persons"], publishers["most"]),
            is_base_disputed=publishers["most"].notna(),
            **_span_publishers(quantiles, publishers),
        )

    def _choose_limits(self, groups: pd.DataFrame) -> pd.DataFrame:
        """Return the best base that contains each group's largest audience, and the residents."""
        chosen = self._choose_best(groups)
        people = self.find_nearest(groups.assign(population_base=EVERYONE), ANY_MEASURER, None)
        rows = groups[["country_id"]].join(chosen)
        rows["population_id"] = people["base_id"].reindex(groups.index)
        rows["population_persons"] = people["base_persons"].reindex(groups.index)
        is_ahead = (rows["base_status"] == FORECAST) & (rows["base"] != EVERYONE)
        residents = rows["population_persons"].fillna(rows["base_persons"])
        limit = rows["base_persons"].where(~is_ahead, residents)
        return rows.assign(base_persons=limit, is_base_projected=is_ahead)

    def _choose_best(self, groups: pd.DataFrame) -> pd.DataFrame:
        taken: list[pd.DataFrame] = []
        rest = groups.index
        for level in _list_levels(groups):
            if rest.empty and len(groups):  # the columns have types where nothing is asked too
                break
            candidates = level.list_candidates(self, rest)
            rows = choosing.select_candidates(candidates, level.selection_steps)
            taken.append(rows.set_index("place"))
            rest = rest.difference(taken[-1].index)
        columns = ["base_id", "base_persons", "population_base", "obs_status", "is_own_base"]
        together = pd.concat([part.reindex(columns=columns) for part in taken])
        together["base_persons"] = together["base_persons"].astype("float64")
        return together.rename(columns={"population_base": "base", "obs_status": "base_status"})

    def list_bases(self, groups: pd.DataFrame) -> pd.DataFrame:
        """Return every base that may contain the audiences of each group, and why it is not used.

        Columns: `place` (the row of `groups`), `country_id`, `base_id`, `level`, `base_persons`,
        `passed_over` (the reason; blank for the chosen base).
        """
        rest, by_level = groups.index, []
        for level in _list_levels(groups):
            rows = level.list_candidates(self, groups.index)
            reason = choosing.rejection_reason(rows, level.selection_steps)
            later = ~rows["place"].isin(rest) & (reason == "")
            reason = reason.mask(
                later, "a narrower population that contains the audiences has a base"
            )
            rest = rest.difference(rows.loc[reason == "", "place"])
            by_level.append(rows.assign(level=level.name, passed_over=reason))
        return pd.concat(by_level, ignore_index=True)


class _Level(NamedTuple):
    """A kind of base that may contain the audiences of a country.

    Attributes:
        name: The name of the kind of base.
        rows: The requests, one row per group, as `Counts.find_nearest` takes them.
        by: The columns that have to agree.
        window: The maximum distance in days.
        is_own: Whether the measurer of the audiences counted the base.
    """

    name: str
    rows: pd.DataFrame
    by: list[str]
    window: int | None
    is_own: bool = False

    @property
    def selection_steps(self) -> list[Step]:
        """Return the rules that choose the base of each row at this level."""
        holds = Only(
            lambda rows: _limit_persons(rows) >= rows["floor_persons"],
            "has fewer people than the largest audience",
        )
        return [*list_steps(self.by, self.window), holds]

    def list_candidates(self, counts: Counts, places: pd.Index) -> pd.DataFrame:
        """Return the candidate bases of this level for some of the rows."""
        rows = self.rows[self.rows.index.isin(places)]
        floor = rows["floor_persons"].fillna(0).rename("floor_persons")
        candidates = counts.list_candidates(rows, self.by).join(floor, on="place")
        return candidates.assign(is_own_base=self.is_own)


def _list_levels(groups: pd.DataFrame) -> list[_Level]:
    """Return the kinds of base, best first: the first kind on record is chosen."""
    containing = groups["containing"].fillna("")
    of_measurer = groups.assign(
        population_base=containing, measurement_series_id=groups["measurement_series_id"].fillna("")
    )
    ages = containing.mask(containing == ONLINE_12_PLUS, AGES[ONLINE_12_PLUS])
    wider = of_measurer.assign(population_base=ages)
    online, everyone = (groups.assign(population_base=name) for name in (ONLINE, EVERYONE))
    by_measurer = "people online, by the measurer of the audiences"
    return [
        _Level(by_measurer, of_measurer, SAME_MEASURER, WINDOW_DAYS, is_own=True),
        _Level("people of these ages, by the same measurer", wider, SAME_MEASURER, WINDOW_DAYS),
        _Level("people online, by anybody", online, ANY_MEASURER, WINDOW_DAYS),
        _Level("all residents", everyone, ANY_MEASURER, None),
    ]


def _limit_persons(rows: pd.DataFrame) -> pd.Series:
    """Return the maximum of persons in an audience of a base; a projection limits nothing.

    An audience of another measurer may exceed people online by as much as publishers of these do.
    """
    ahead = (rows["obs_status"] == FORECAST) & (rows["population_base"] != EVERYONE)
    is_foreign = rows["population_base"].eq(ONLINE) & ~rows["is_own_base"]
    persons = rows["base_persons"].astype("float64")
    return persons.mask(is_foreign, persons * PUBLISHERS_DIFFER).where(~ahead, np.inf)


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
