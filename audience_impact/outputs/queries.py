"""Queries over time: the people under restrictions, on the days on which these are in force.

Definitions. People are counted under each restriction, by year and in all, or under any restriction
of a country, by month and year. The spans of a query are the sets of rows of the timeline that are
in force, of what is certain, possible and drawn, each with its days.

Method. People of each set are united in all worlds (simulation/worlds.py); a sparse matrix (keys,
sets) of days sums them by period; `summarise_days` returns the seven numbers. What is counted
(people, hours, users of a feature) is another array of the same sets.

Assumptions, drawbacks and citation: those of timeline.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from audience_impact.frames import Array, Integers
from audience_impact.simulation import phases, worlds
from audience_impact.simulation.phases import Intervals
from audience_impact.simulation.sampler import draw_uniforms
from audience_impact.simulation.simulate import Simulation, SimulationInputs
from audience_impact.simulation.timeline import Timeline, draw_days, draw_hours, spread_kinds

EVERY = "all"
"""Value of `restriction_id` for all restrictions of the country together."""
KEY = ["restriction_id", "country_id", "period"]
OF_COUNTRIES = ["country_id", "period", "kind"]
PEOPLE, HOURS = UNITS = ("person_days", "person_hours")

Ends = tuple[str, str, str]
"""The end dates up to which what is certain, possible and drawn counts."""
ENDS: dict[bool, Ends] = {
    False: ("least_end", "most_end", "most_end"),
    True: ("least_end", "most_end", "end"),
}
"""The ends of restrictions, and by country."""
T = TypeVar("T")


class Kinds(NamedTuple, Generic[T]):
    """What is certain, possible and drawn: sets in force, or counts (sets, 2 or D) of each."""

    least: T
    most: T
    drawn: T


class DaysByKind(NamedTuple):
    """The days of countries under each kind of restriction, by OF_COUNTRIES, and person-days."""

    days: "pd.Series[float]"
    row: "pd.Series[int]"  # the row of `people`, the same for the same days of the same sets
    people: Array  # (rows, DRAWN + D)


@dataclass(frozen=True)
class DayEngine:
    """Answers queries over days, with the draws of one run."""

    simulation: Simulation

    @property
    def inputs(self) -> SimulationInputs:
        """Return the inputs of all draws."""
        return self.simulation.inputs

    def list_spans(self, by_country: bool, ends: Ends | None = None) -> Kinds[Intervals]:
        """Return the sets in force and their days, of restrictions or of countries."""
        line = self.inputs.timeline
        kinds = (self.list_certain(by_country), line.rows, line.drawn_rows)
        limited = zip(kinds, ends or ENDS[by_country], strict=True)
        return Kinds(*(line.find_intervals(rows, end, by_country) for rows, end in limited))

    def list_certain(self, by_country: bool) -> pd.DataFrame:
        """Return the rows of the timeline that are certain; in countries, confirmed as well."""
        line = self.inputs.timeline
        return line.confirmed_rows if by_country else line.certain_rows

    def count_people(self, spans: Kinds[Intervals], by_country: bool) -> Kinds[Array]:
        """Return the people on a day of each set."""
        counts = [count_sets(part) for part in spans]
        return self.unite_people([members for _, members in spans], counts, by_country)

    def count_hours(self, spans: Kinds[Intervals], people: Kinds[Array]) -> Kinds[Array]:
        """Return the person-hours of a day of each set."""
        line, sampler = self.inputs.timeline, self.simulation.sampler
        _, most = phases.bound_hours(line.periods)
        u = draw_uniforms(sampler.seed, "hours of several", sampler.count)
        drawn = phases.combine_hours(spans.drawn, line.rows, draw_hours(line.periods, sampler), u)
        return Kinds(
            self.bound_least(spans.least, HOURS),
            people.most * phases.sum_hours(spans.most, line.rows, most),
            people.drawn * drawn,
        )

    def unite_people(
        self, members: Sequence[pd.DataFrame], counts: Sequence[int], if_present: bool
    ) -> Kinds[Array]:
        """Return the people on a day under restrictions of sets, or under those `present` there."""
        drawn = self.draw_people(members[2], counts[2], if_present)
        return Kinds(*self.bound_people(members, counts), drawn)

    def bound_people(
        self, members: Sequence[pd.DataFrame], counts: Sequence[int]
    ) -> tuple[Array, Array]:
        """Return the least and the most people (sets, 2) on a day of sets."""
        line, limits = self.inputs.timeline, self.inputs.timeline.daily_limits
        return (
            worlds.find_largest(members[0], limits.low, counts[0]),
            worlds.bound_most(members[1], line.rows, limits, counts[1]),
        )

    def bound_least(self, intervals: Intervals, unit: str) -> Array:
        """Return the least people or person-hours (sets, 2) of a day of each set."""
        line = self.inputs.timeline
        values = line.daily_limits.low
        if unit == HOURS:
            hours, _ = phases.bound_hours(line.periods)
            values = values * hours.reindex(line.rows["restriction_id"]).to_numpy("float64")
        return worlds.find_largest(intervals[1], values, count_sets(intervals))

    def draw_people(self, members: pd.DataFrame, count: int, if_present: bool) -> Array:
        """Return draws of people (count, D) on a day; NaN for sets without a member."""
        people = np.full((count, self.simulation.sampler.count), np.nan)
        if self.inputs.overlap_model is not None and len(members):
            drawn = self.simulation.draw_on_a_day(members, if_present)
            people[: len(drawn)] = drawn
        return people

    def sum_days(self, spans: Kinds[Intervals], counted: Kinds[Array]) -> pd.DataFrame:
        """Return what is counted, summed over the days in force, in all worlds by KEY."""
        return _join_worlds(
            sum_days(spans.least, counted.least),
            sum_days(spans.most, counted.most),
            self._sum_drawn_days(spans.drawn, counted.drawn),
        )

    def count_by_kind(self) -> DaysByKind:
        """Return days and person-days by kind; a person under two kinds counts in each."""
        spans = self.list_spans(by_country=True)
        people = self.count_people(spans, by_country=True)
        divided = [divide_by_kind(part, self.inputs.timeline) for part in spans]
        pieces, members = zip(*divided, strict=True)
        counts = [1 + int(rows["set_id"].max()) if len(rows) else 0 for rows in members]
        added = self.unite_people(members, counts, if_present=True)
        united = [np.vstack(of_sets) for of_sets in zip(people, added, strict=True)]
        days = pieces[1].groupby(OF_COUNTRIES)["days"].sum().astype("float64")
        return DaysByKind(days, *_sum_by_kind(pieces, united, days.index))

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
        is_drawn = restriction.isin(self.list_unknown_ends())
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
        more = sum_days((some.assign(set_id=np.arange(len(some)), days=1), intervals[1]), people)
        values = table.to_numpy(copy=True)
        values[table.index.get_indexer(more.index)] += more.to_numpy()
        return pd.DataFrame(values, table.index, copy=False)


def divide_by_kind(intervals: Intervals, line: Timeline) -> Intervals:
    """Return the pieces of intervals by OF_COUNTRIES, and the members of the sets that these add.

    The `set_id` of a piece is that of its whole set, where all of it is of the kind; else the
    number of wholes plus that of an added set.
    """
    pieces, members = intervals
    years = pieces.assign(period=pieces["month"].str.slice(0, -3))
    in_periods = pd.concat([pieces.assign(period=pieces["month"]), years], ignore_index=True)
    key = ["set_id", "period"]
    cells = spread_kinds(line, in_periods[key].drop_duplicates().merge(members, on="set_id"))
    states = cells.groupby([*key, "kind"])["row"].size().rename("count").reset_index()
    sizes = members.groupby("set_id").size()
    is_whole = (states["count"] == states["set_id"].map(sizes)).to_numpy()
    added = count_sets(intervals) + np.cumsum(~is_whole) - 1
    states = states.assign(state=np.where(is_whole, states["set_id"], added))
    divided = in_periods.merge(states, on=key).rename(columns={"group": "country_id"})
    new = cells.merge(states[~is_whole], on=[*key, "kind"])
    new = new.assign(set_id=new["state"] - count_sets(intervals))
    group = np.zeros(np.sum(~is_whole), "int64")
    row, (new,) = phases.find_equal_sets([new[["set_id", "row"]]], group)
    of_states = np.append(np.arange(count_sets(intervals)), count_sets(intervals) + row)
    divided = divided[[*OF_COUNTRIES, "days"]].assign(set_id=of_states[divided["state"]])
    return divided, new.sort_values(["set_id", "row"], ignore_index=True)


def _sum_by_kind(
    pieces: Sequence[pd.DataFrame], per_day: Sequence[Array], keys: pd.Index
) -> tuple["pd.Series[int]", Array]:
    """Return the row of each key, and sums (rows, DRAWN + D) of what is certain, possible, drawn.

    Keys with the same days of the same sets of each kind have one row.
    """
    codes = [keys.get_indexer(pd.MultiIndex.from_frame(part[OF_COUNTRIES])) for part in pieces]
    kind = np.repeat(range(len(pieces)), [len(part) for part in pieces])
    joined = pd.concat(pieces)
    member = (joined["set_id"] * len(pieces) + kind) * (1 + joined["days"].max()) + joined["days"]
    rows = pd.DataFrame({"set_id": np.concatenate(codes), "row": member.to_numpy()})
    row, _ = phases.find_equal_sets([rows[rows["set_id"] >= 0]], np.zeros(len(keys), "int64"))
    is_first = ~pd.Series(row).duplicated().to_numpy()
    sums = []
    for code, part, people in zip(codes, pieces, per_day, strict=True):
        some = (code >= 0) & is_first[code]
        place = row[code[some]], part["set_id"].to_numpy()[some]
        table = csr_array(
            (part["days"].to_numpy("float64")[some], place), shape=(is_first.sum(), len(people))
        )
        sums.append(np.asarray(table @ people))
        is_without = np.bincount(place[0], minlength=len(sums[-1])) == 0
    sums[2][is_without] = np.nan  # nothing is drawn
    return pd.Series(row, keys), worlds.join_worlds(*sums)


def _join_worlds(least: pd.DataFrame, most: pd.DataFrame, drawn: pd.DataFrame) -> pd.DataFrame:
    aligned = least.reindex(most.index, fill_value=0.0), most, drawn.reindex(most.index)
    values = worlds.join_worlds(*(part.to_numpy() for part in aligned))
    return pd.DataFrame(values, most.index, copy=False)


def summarise_days(totals: Array, index: pd.Index, unit: str) -> pd.DataFrame:
    """Return the seven numbers of totals; without quantiles where the 95 % quantile is zero."""
    table = worlds.summarise(totals, index, unit)
    names = [f"{name}_{unit}" for name in worlds.QUANTILES]
    table[names] = table[names].where(table[f"q95_{unit}"] > 0.0)
    return table


def count_sets(intervals: Intervals) -> int:
    """Return the number of sets of intervals, numbered from zero."""
    return 1 + int(intervals[0]["set_id"].max()) if len(intervals[0]) else 0


def sum_days(intervals: Intervals, per_day: Array) -> pd.DataFrame:
    """Return sums of `per_day` (sets, columns) over the days in force, by KEY.

    A total of several countries is open or missing if that of one of them is.
    """
    pieces, (row, number, keys) = intervals[0], _number_keys(intervals[0])
    days, sets = (pieces[name].to_numpy()[row] for name in ("days", "set_id"))
    table = csr_array((days.astype("float64"), (number, sets)), shape=(len(keys), len(per_day)))
    return pd.DataFrame(np.asarray(table @ per_day), keys, copy=False)


def count_days_in_force(intervals: Intervals) -> "pd.Series[float]":
    """Return days in force by KEY; for several countries the maximum, not the sum."""
    pieces, (row, number, keys) = intervals[0], _number_keys(intervals[0])
    group = pd.factorize(pieces["group"])[0][row]
    days = pd.Series(pieces["days"].to_numpy("float64")[row]).groupby([number, group]).sum()
    return days.groupby(level=0).max().set_axis(keys)


def _number_keys(pieces: pd.DataFrame) -> tuple[Integers, Integers, pd.MultiIndex]:
    """Return a row of `pieces` for each of its periods, the number of its KEY, and the keys.

    Countries have months and years, restrictions years and a total of all their countries.
    """
    (group, groups), (month, months) = (pd.factorize(pieces[name]) for name in ("group", "month"))
    parts = pd.DataFrame([name.rpartition("|") for name in groups], columns=range(3))
    is_country = parts[0] == ""
    owners = [parts[0].mask(is_country, EVERY), parts[2].where(is_country, "")]
    owner, used_owners = pd.factorize(pd.MultiIndex.from_arrays(owners), sort=True)
    texts = [*months.str.slice(0, -3), *months, EVERY]
    code, periods = pd.factorize(pd.Series(texts, dtype="str"), sort=True)
    year, further = (
        code[month],
        np.where(is_country.to_numpy()[group], code[len(months) + month], code[-1]),
    )
    places = np.tile(owner[group], 2) * len(periods) + np.append(further, year)
    used, number = np.unique(places, return_inverse=True)
    of_owner, of_period = np.divmod(used, len(periods))
    keys = [*map(used_owners[of_owner].get_level_values, (0, 1)), periods[of_period]]
    return np.tile(np.arange(len(pieces)), 2), number, pd.MultiIndex.from_arrays(keys, names=KEY)
