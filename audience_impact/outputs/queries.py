"""Queries over time: the people under restrictions, on the days on which these are in force.

Definitions. A query names the rows of the timeline that count, whether by restriction or by
country, and the ends up to which they count. Its spans are the sets of rows in force, of what is
certain, possible and drawn, each with its days.

Method. People of each set are united in all worlds (simulation/worlds.py); a sparse matrix (keys,
sets) of days sums them by period; `summarise_days` returns the seven numbers. What is counted
(people, hours, users of a feature) is another array of the same sets.

Assumptions, drawbacks and citation: those of timeline.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from audience_impact.frames import Array
from audience_impact.phases import Intervals, bound_hours, combine_hours, sum_hours
from audience_impact.simulation import unions, worlds
from audience_impact.simulation.sampler import draw_uniforms
from audience_impact.simulation.simulate import Simulation, SimulationInputs
from audience_impact.simulation.timeline import Timeline, draw_days, draw_hours, spread_kinds

EVERY = "all"
"""Value of `restriction_id` for all restrictions of the country together."""
KEY = ["restriction_id", "country_id", "period"]


class Query(NamedTuple):
    """Restrictions of which people are counted on the days in force.

    Attributes:
        by_country: Whether under any restriction of a country, by month and year; else under each
            restriction, by year and in all.
        ends: The end dates up to which what is certain, possible and drawn counts.
        rows: Numbers of the rows of the timeline that count; None for all.
    """

    by_country: bool
    ends: tuple[str, str, str] = ("least_end", "most_end", "end")
    rows: pd.Index | None = None


class Spans(NamedTuple):
    """Sets of rows in force with their days: of what is certain, possible and drawn."""

    least: Intervals
    most: Intervals
    drawn: Intervals


class Counts(NamedTuple):
    """What is counted on a day of each set of the spans: (sets, 2), (sets, 2) and (sets, D)."""

    least: Array
    most: Array
    drawn: Array


@dataclass(frozen=True)
class Totals:
    """Sums of days by KEY, in all worlds (keys, DRAWN + D)."""

    keys: pd.MultiIndex
    values: Array


OF_COUNTRIES = ["country_id", "period", "kind"]


@dataclass(frozen=True)
class Days:
    """Person-days in all worlds (rows, DRAWN + D), of OF_COUNTRIES and `days` in `table`."""

    table: pd.DataFrame
    people: Array

    def of_country(self, country: str) -> "Days":
        """Return the rows of a country."""
        rows = np.flatnonzero(self.table["country_id"] == country)
        return Days(self.table.iloc[rows].reset_index(drop=True), self.people[rows])


@dataclass(frozen=True)
class DayEngine:
    """Answers queries over days, with the draws of one run."""

    simulation: Simulation

    @property
    def inputs(self) -> SimulationInputs:
        """Return the inputs of all draws."""
        return self.simulation.inputs

    def list_spans(self, query: Query) -> Spans:
        """Return the sets in force and their days."""
        line = self.inputs.timeline
        certain = line.confirmed_rows if query.by_country else line.certain_rows
        kinds = (certain, line.rows, line.drawn_rows)
        if query.rows is not None:
            kinds = tuple(rows[rows["row"].isin(query.rows)] for rows in kinds)
        return Spans(
            *(
                line.find_intervals(rows, end, query.by_country)
                for rows, end in zip(kinds, query.ends, strict=True)
            )
        )

    def count_people(self, spans: Spans, by_country: bool) -> Counts:
        """Return the people on a day of each set."""
        return Counts(
            self.bound_least(spans.least),
            self.bound_most(spans.most),
            self.draw_people(spans.drawn, by_country),
        )

    def bound_least(self, intervals: Intervals) -> Array:
        """Return the least people (sets, 2) on a day of each set."""
        limits = self.inputs.timeline.daily_limits
        return worlds.find_largest(intervals[1], limits.low, count_sets(intervals))

    def bound_most(self, intervals: Intervals) -> Array:
        """Return the most people (sets, 2) on a day of each set."""
        line = self.inputs.timeline
        return worlds.bound_most(intervals[1], line.rows, line.daily_limits, count_sets(intervals))

    def draw_people(self, intervals: Intervals, by_country: bool) -> Array:
        """Return draws of people (sets, D) on a day; of countries, under restrictions present."""
        if self.inputs.overlap_model is None or intervals[1].empty:
            return np.full((count_sets(intervals), self.simulation.sampler.count), np.nan)
        return self.simulation.draw_on_a_day(intervals[1], if_present=by_country)

    def count_hours(self, spans: Spans, people: Counts) -> Counts:
        """Return the person-hours of a day of each set."""
        line, sampler = self.inputs.timeline, self.simulation.sampler
        _, most = bound_hours(line.periods)
        u = draw_uniforms(sampler.seed, "hours of several", sampler.count)
        drawn = combine_hours(spans.drawn, line.rows, draw_hours(line.periods, sampler), u)
        return Counts(
            self.bound_least_hours(spans.least),
            people.most * sum_hours(spans.most, line.rows, most),
            people.drawn * drawn,
        )

    def bound_least_hours(self, intervals: Intervals) -> Array:
        """Return the least person-hours (sets, 2) of a day of each set."""
        line = self.inputs.timeline
        least, _ = bound_hours(line.periods)
        hours = least.reindex(line.rows["restriction_id"]).to_numpy("float64")
        person_hours = line.daily_limits.low * hours
        return worlds.find_largest(intervals[1], person_hours, count_sets(intervals))

    def sum_days(self, spans: Spans, counted: Counts) -> Totals:
        """Return what is counted, summed over the days in force by KEY."""
        most = sum_days(spans.most, counted.most)
        least = sum_days(spans.least, counted.least).reindex(most.index).fillna(0.0)
        drawn = self._sum_drawn_days(spans.drawn, counted.drawn).reindex(most.index)
        values = worlds.join_worlds(*(table.to_numpy("float64") for table in (least, most, drawn)))
        return Totals(most.index, values)

    def unite_on_a_day(self, members: Sequence[pd.DataFrame], count: int) -> Array:
        """Return the people (count, DRAWN + D) who come on a day under restrictions of sets.

        `members` has the rows of what is certain, possible and drawn (set_id, row).
        """
        line, limits = self.inputs.timeline, self.inputs.timeline.daily_limits
        certain, possible, in_draws = members
        drawn = np.full((count, self.simulation.sampler.count), np.nan)
        if self.inputs.overlap_model is not None and len(in_draws):
            people = self.simulation.draw_on_a_day(in_draws, if_present=True)
            drawn[: len(people)] = people
        return worlds.join_worlds(
            worlds.find_largest(certain, limits.low, count),
            worlds.bound_most(possible, line.rows, limits, count),
            drawn,
        )

    def count_by_kind(self, spans: Spans) -> Days:
        """Return the person-days of countries under each kind of restriction, by period.

        `spans` are those of countries.
        """
        people = self.count_people(spans, by_country=True)
        line, limits = self.inputs.timeline, self.inputs.timeline.daily_limits
        pieces, added = zip(*(divide_by_kind(part, line) for part in spans), strict=True)
        counts = [1 + int(rows["set_id"].max()) if len(rows) else 0 for rows in added]
        of_added = (
            worlds.find_largest(added[0], limits.low, counts[0]),
            worlds.bound_most(added[1], line.rows, limits, counts[1]),
            self.draw_people((pieces[2], added[2]), by_country=True)
            if counts[2]
            else people.drawn[:0],
        )
        sums = [
            _sum_by(part, np.vstack(of_sets), OF_COUNTRIES)
            for part, *of_sets in zip(pieces, people, of_added, strict=True)
        ]
        most = sums[1]
        least, drawn = sums[0].reindex(most.index).fillna(0.0), sums[2].reindex(most.index)
        values = worlds.join_worlds(*(part.to_numpy("float64") for part in (least, most, drawn)))
        days = pieces[1].groupby(OF_COUNTRIES)["days"].sum()
        return Days(days.reindex(most.index).astype("float64").reset_index(), values)

    def list_unknown_ends(self) -> pd.Index:
        """Return the restrictions without a known end."""
        periods = self.inputs.timeline.periods
        return periods.index[periods["is_end_unknown"]]

    def _sum_drawn_days(self, intervals: Intervals, per_day: Array) -> pd.DataFrame:
        """Return draws of person-days by KEY, each with a draw of the unknown ends.

        Intervals extend to the last day that may be drawn. In totals of countries, an unknown end
        is always the median end.
        """
        pieces = intervals[0]
        restriction = pieces["group"].str.rsplit("|", n=1).str[0]
        is_drawn = _is_of_restriction(pieces) & restriction.isin(self.list_unknown_ends())
        if not is_drawn.any():
            return sum_days(intervals, per_day)
        fixed = pieces.assign(days=pieces["days"].mask(is_drawn, 0))
        table = sum_days((fixed, intervals[1]), per_day)
        some, names = pieces[is_drawn], restriction[is_drawn]
        number, ids = pd.factorize(names)
        periods = self.inputs.timeline.periods
        drawn = draw_days(periods, pd.Series(ids), self.simulation.sampler)[number]
        first = periods["from_day"].reindex(names).to_numpy()
        before = (some["start"] - first).dt.days.to_numpy()[:, None]
        length = some["days"].to_numpy("float64")[:, None]
        people = np.clip(drawn - before, 0.0, length) * per_day[some["set_id"].to_numpy()]
        for period in (some["month"].str.slice(0, -3), pd.Series(EVERY, some.index)):
            keys = pd.MultiIndex.from_arrays([names, pd.Series("", some.index), period], names=KEY)
            place, distinct = pd.factorize(keys)
            by_key = csr_array((np.ones(len(place)), (place, np.arange(len(place)))))
            table.loc[distinct] += by_key @ people
        return table


def divide_by_kind(intervals: Intervals, line: Timeline) -> Intervals:
    """Return the pieces of intervals by OF_COUNTRIES, and the members of the sets that these add.

    The `set_id` of a piece is that of its whole set, where all of it is of the kind; else the
    number of wholes plus that of an added set.
    """
    pieces, members = intervals
    years = pieces.assign(period=pieces["month"].str.slice(0, -3))
    in_periods = pd.concat([pieces.assign(period=pieces["month"]), years], ignore_index=True)
    key = ["set_id", "period"]
    cells = in_periods[key].drop_duplicates().merge(members, on="set_id")
    all_cells = spread_kinds(line, cells)
    sizes = members.groupby("set_id").size()
    groups = all_cells.groupby([*key, "kind"])["row"]
    states = groups.size().rename("count").reset_index()
    is_whole = (states["count"] == states["set_id"].map(sizes)).to_numpy()
    added = count_sets(intervals) + np.cumsum(~is_whole) - 1
    states = states.assign(state=np.where(is_whole, states["set_id"], added))
    divided = in_periods.merge(states, on=key).rename(columns={"group": "country_id"})
    new = all_cells.merge(states[~is_whole], on=[*key, "kind"])
    new = new.assign(set_id=new["state"] - count_sets(intervals))
    divided = divided[[*OF_COUNTRIES, "state", "days"]].rename(columns={"state": "set_id"})
    return divided, new.sort_values(["set_id", "row"], ignore_index=True)[["set_id", "row"]]


def _sum_by(pieces: pd.DataFrame, per_day: Array, key: list[str]) -> pd.DataFrame:
    """Return sums of `per_day` (sets, columns) over the days of pieces, by a key."""
    number = pieces.groupby(key).ngroup().to_numpy()
    first = np.unique(number, return_index=True)[1]
    keys = pd.MultiIndex.from_frame(pieces[key].iloc[first])
    place = number, pieces["set_id"].to_numpy()
    days = pieces["days"].to_numpy("float64")
    table = csr_array((days, place), shape=(len(keys), len(per_day)))
    return pd.DataFrame(np.asarray(table @ per_day), index=keys)


def summarise_days(totals: Totals, unit: str) -> pd.DataFrame:
    """Return the seven numbers by KEY; without quantiles where the 95 % quantile is zero.

    Such a period has only bounds.
    """
    table = worlds.summarise(totals.values, totals.keys, unit)
    names = [f"{name}_{unit}" for name in unions.QUANTILES]
    table[names] = table[names].where(table[f"q95_{unit}"] > 0.0)
    return table


def count_sets(intervals: Intervals) -> int:
    """Return the number of sets of intervals, numbered from zero."""
    return 1 + int(intervals[0]["set_id"].max()) if len(intervals[0]) else 0


def sum_days(intervals: Intervals, per_day: Array) -> pd.DataFrame:
    """Return sums of `per_day` (sets, columns) over the days in force, by KEY.

    Months only for countries, a grand total only for restrictions. A total of several countries is
    open or missing if that of one of them is.
    """
    return _sum_by(_list_periods(intervals[0]), per_day, KEY)


def count_days_in_force(intervals: Intervals) -> "pd.Series[float]":
    """Return days in force by KEY; for several countries the maximum, not the sum."""
    rows = _list_periods(intervals[0])
    days = rows.groupby([*KEY, "group"])["days"].sum()
    return days.groupby(level=KEY).max().astype("float64")


def _is_of_restriction(pieces: pd.DataFrame) -> "pd.Series[bool]":
    return pieces["group"].str.contains("|", regex=False).astype("bool")


def _list_periods(pieces: pd.DataFrame) -> pd.DataFrame:
    """Return each piece in each of its periods: KEY, `group`, `set_id` and `days`."""
    of_restriction = _is_of_restriction(pieces)
    years = pieces.assign(period=pieces["month"].str.slice(0, -3))
    months = pieces.assign(period=pieces["month"])[~of_restriction]
    in_all = pieces.assign(period=EVERY)[of_restriction]
    rows = pd.concat([months, years, in_all])
    is_restriction = _is_of_restriction(rows)
    restriction = rows["group"].str.rsplit("|", n=1).str[0]
    return pd.DataFrame(
        {
            "restriction_id": restriction.where(is_restriction, EVERY),
            "country_id": rows["group"].mask(is_restriction, ""),
            **{name: rows[name] for name in ("period", "group", "set_id", "days")},
        }
    )
