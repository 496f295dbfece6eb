"""Restrictions in time: intervals of constant restrictions, phases of audiences, and curfews.

Definitions
-----------
Span: days [start, end) on which an item (an audience) of a group (a country) is in force.
Piece: a longest run of days of one group with no start, end or first of a month inside it.
Set: the items in force on all days of a piece; two pieces of a group may have the same set.
Person-days: days times the people in force on each, a number that depends on the set alone.

Method
------
All starts, ends and firsts of months are put in order, by group; a span covers the pieces from its
start to its end, which bisection locates. Each piece then has its items, each once, and is inside
one month. Sets are distinguished like words in a dictionary, letter by letter: pieces of one group
that agree so far and have the same next item stay together. This is exact (no hashing), and the
people of a set need to be worked out once however often it comes back. Sums over a period are the
product of a sparse table (periods x sets, days) and the people per set, so that no table of pieces
x draws is ever built.

Assumptions
-----------
Days are whole and are those of one calendar for the group; what is in force at all on a day
counts for the whole of it.

Known drawbacks
---------------
* Person-days count one person once a day, but again each day: they are not people.
* Time and memory are proportional to the number of pieces that each span covers: many spans of one
  group that overlap for long cost the square of their number.
* Consecutive pieces with the same set remain separate if any span begins or ends between them.

Citation
--------
Shamos and Hoey (1976), Geometric intersection problems, 17th Symposium on Foundations of Computer
Science (the sweep).

Phases of an audience with a daily figure
-----------------------------------------
A daily figure refers to the days of its period. It limits the audience of those days;
on other days it is an estimate, and the monthly figure limits.

A phase is cut at both ends of the period of its figure; parts that no restriction reaches
fall away.

Assumed is that a figure that is an average over its period limits every day of it.

On a quiet day fewer come than on the average one. Rules of this project, docs/method.md.

Phases by calendar year
-----------------------
A phase is an audience of a restriction in one calendar year. `audience` is the number of the
audience, the same in all its phases.

The audience is that of the first day in every year: the ordinary users of a service, or the people
online before a cut, do not grow with the country while they are without it. `online_persons` is the
base of the year, which limits totals of a year: on the first day, in a later year in its middle (or
in that of the elapsed part of it), where it is above that of the audience.

`is_first_year` marks the year in which a restriction began, `is_older` the years that it entered
more than OLDER_DAYS after its first day.

Recurring restrictions (curfews)
--------------------------------
Definitions. Days in force are the days listed by a source, or a number of times; without either
they are all days from the first to the last. Person-hours are person-days times the hours in force
on a day.

Method. Listed days are cut to the time from the first to the last day. Of a number of times alone
it is not known which days they were: they are spread evenly from the first day to the last, each on
a day of its own. Hours that are printed, measured, or learned from other cuts (fitted/durations.py)
make person-hours of each day in force, with a draw of the hours in each draw; the lower bound takes
the least printed or measured hours, else nothing, the upper one the most printed, else 24. Of any
other restriction a day counts 24 in the estimate and the upper bound, and in the lower bound days
between the first and the last count 24 and those two nothing. With several restrictions at the same
time, a person has at least the hours of the shortest and at most the sum of all, up to 24 on a day,
and the draws lie evenly between these.

Assumptions. Each of several times is on a day of its own. Hours change person-hours, not who is
exposed.

Known drawbacks. Person-days may be attributed to the wrong month if the times are spread over
several months.

Citation. Rules of this project, docs/method.md.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from audience_impact.audiences import inputs
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.denominators.counts import DISTRIBUTION
from audience_impact.denominators.denominators import Denominators
from audience_impact.fitted.durations import (
    DAY_HOURS,
    count_days_in_force,
    quantile_hours,
)
from audience_impact.fitted.durations import (
    HOURS_PARAMETERS as PARAMETERS,
)
from audience_impact.frames import NUMBER, TEXT, Array
from audience_impact.periods import DAY, ONE_DAY

Integers = NDArray[np.int64]


def constant_intervals(spans: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cut time into pieces on which the same items are in force.

    Args:
        spans: Columns `group` and `item` (str), `start` and `end` (datetime64, whole days, end
            exclusive).  Spans that are empty, reversed or without start or end (NaT) count
            for nothing.

    Returns:
        pieces: One row per piece with something in force, by group and time: `piece` (0, 1, ...),
            `group`, `start`, `end` (end exclusive), `days` (int), `month` ("2025-08"), `set_id`
            (0, 1, ... in the order in which sets first come; of one group each).
        members: `set_id`, `item`: what each set is made of, in order.
        The order of the rows of `spans` changes nothing.

    Raises:
        ValueError: A start or end is not at midnight, or a group or item is missing.
    """
    some = spans[spans["start"] < spans["end"]]
    (group, groups), (item, items) = _encode_names(some["group"]), _encode_names(some["item"])
    start, end = _count_days(some["start"]), _count_days(some["end"])
    origin = start.min(initial=0)
    width = end.max(initial=0) - origin + 1
    cuts = _list_cuts(group, start, end, origin, width)
    covered = _cover_pieces(cuts, group * width - origin, start, end, item)
    counts, member = np.diff(covered.indptr), covered.indices.astype(np.int64)
    used = np.flatnonzero(counts)
    first, size = (values[used].astype(np.int64) for values in (covered.indptr, counts))
    owner, day = np.divmod(cuts[used], width)
    set_id = number_sets(owner, first, size, member)
    until = np.asarray(cuts[used + 1] - owner * width, dtype=np.int64)
    begin, stop = (np.asarray(origin + values, dtype=np.int64) for values in (day, until))
    pieces = _build_pieces(groups[owner], begin, stop, set_id)
    return pieces, _list_members(set_id, first, size, items[member])


def _encode_names(names: "pd.Series[str]") -> tuple[Integers, pd.Index]:
    """Return the number of each name in alphabetical order, and the names."""
    if names.isna().any():
        raise ValueError(f"{names.name} must not be missing")
    codes, names_in_order = pd.factorize(names, sort=True)
    return codes.astype(np.int64), pd.Index(names_in_order)


def _count_days(moments: "pd.Series[pd.Timestamp]") -> Integers:
    """Return moments as days since 1970-01-01."""
    exact = moments.to_numpy("datetime64[us]")
    days = exact.astype("datetime64[D]")
    if (days != exact).any():
        raise ValueError(f"{moments.name} must be at midnight")
    return np.asarray(days.astype(np.int64))


def expand_runs(first: Integers, count: Integers) -> tuple[Integers, Integers]:
    """Return for each row its position and the numbers first, first + 1, ... (`count` numbers)."""
    row = np.repeat(np.arange(len(first)), count)
    before = np.cumsum(count) - count
    return row, first[row] + np.arange(len(row)) - before[row]


def _list_cuts(
    group: Integers, start: Integers, end: Integers, origin: np.int64, width: np.int64
) -> Integers:
    """Return the days on which items may change, as group * width + day of the calendar, sorted."""
    month, last = (
        days.astype("datetime64[D]").astype("datetime64[M]") for days in (start, end - 1)
    )
    begun = month.astype(np.int64)
    row, number = expand_runs(begun + 1, last.astype(np.int64) - begun)
    turn = number.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    shift = group * width - origin
    return np.unique(np.concatenate([shift + start, shift + end, shift[row] + turn]))


def _cover_pieces(
    cuts: Integers, shift: Integers, start: Integers, end: Integers, item: Integers
) -> csr_array:
    """Return the items (columns) of the piece that begins with each cut (rows), in order."""
    order = np.argsort(item, kind="stable")  # so that no piece needs to have its items sorted
    shift, start, end, item = (values[order] for values in (shift, start, end, item))
    first_piece, end_piece = (
        np.searchsorted(cuts, shift + start),
        np.searchsorted(cuts, shift + end),
    )
    row, piece = expand_runs(first_piece, end_piece - first_piece)
    shape = len(cuts), 1 + item.max(initial=0)
    return csr_array((np.ones(len(row), dtype=np.int8), (piece, item[row])), shape=shape)


def number_sets(group: Integers, first: Integers, size: Integers, member: Integers) -> Integers:
    """Return the number of the set of items of each group; equal sets have equal numbers.

    The items of a set, in order, are the `size` rows of `member` from its `first` one.
    """
    node, nodes = group.copy(), group.max(initial=-1) + 1
    items = member.max(initial=0) + 1
    unfinished = np.arange(len(group))
    for place in range(size.max(initial=0)):  # as often as the largest set has items
        unfinished = unfinished[size[unfinished] > place]
        words = node[unfinished] * items + member[first[unfinished] + place]
        distinct, which = np.unique(words, return_inverse=True)
        node[unfinished] = nodes + which
        nodes += len(distinct)
    return np.asarray(pd.factorize(node)[0], dtype=np.int64)


def _build_pieces(
    group: pd.Index, start: Integers, end: Integers, set_id: Integers
) -> pd.DataFrame:
    first = start.astype("datetime64[D]")
    return pd.DataFrame(
        {
            "piece": np.arange(len(start)),
            "group": group.astype("str"),
            "start": first.astype(DAY),
            "end": end.astype("datetime64[D]").astype(DAY),
            "days": end - start,
            "month": pd.Series(np.datetime_as_string(first, unit="M"), dtype="str"),
            "set_id": set_id,
        }
    )


def _list_members(
    set_id: Integers, first: Integers, size: Integers, item: pd.Index
) -> pd.DataFrame:
    distinct, at = np.unique(set_id, return_index=True)
    row, place = expand_runs(first[at], size[at])
    return pd.DataFrame({"set_id": distinct[row], "item": item[place].astype("str")})


def sum_by_period(pieces: pd.DataFrame, per_day: Array) -> tuple[pd.DataFrame, Array]:
    """Return person-days by group and month, and by group and year.

    Args:
        pieces: From `constant_intervals`, all or some rows; only `group`, `month`, `days`
            and `set_id` are read.
        per_day: People in force on a day of each set, draw by draw: (sets, D), row = set_id.

    Returns:
        periods: `group`, `period` ("2025" or "2025-08") and `days` (days with anything in force),
            in the order of group and period; a year stands before its months.
        The person-days (rows of periods, D).

    Raises:
        ValueError: per_day is not a table with a row for each set of the pieces.
    """
    sets = pieces["set_id"].to_numpy()
    if per_day.ndim != 2 or sets.max(initial=-1) >= len(per_day):
        raise ValueError("per_day must have two axes and a row for each set")
    columns = pieces[["group", "days"]]
    years = pieces["month"].str.slice(0, -3)  # years may have more than four digits
    rows = pd.concat([columns.assign(period=period) for period in (pieces["month"], years)])
    grouped = rows.groupby(["group", "period"])
    periods = grouped["days"].sum().reset_index()[["group", "period", "days"]]
    days, at = rows["days"].to_numpy(float), grouped.ngroup().to_numpy()
    table = csr_array((days, (at, np.tile(sets, 2))), shape=(len(periods), len(per_day)))
    return periods, np.asarray(table @ per_day)


def cut_by_figure(
    phases: pd.DataFrame, daily: pd.DataFrame, periods: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return phases cut at the period of their daily figure, and the figure of each phase.

    `phases` is the result of `split_by_year`, `daily` the field of `Inputs`; `periods` is
    indexed by restriction_id. Adds `is_in_figure`: whether the daily figure refers to the days of
    the phase.
    """
    figures = phases[AUDIENCE].merge(daily, on=AUDIENCE, how="left", validate="m:1")
    uncut = phases.assign(order=1, place=phases.index, is_in_figure=False)
    has_figure = figures["daily_from"].notna() & phases["from_limit"].notna()
    rows, first, after = uncut[has_figure], figures["daily_from"], figures["daily_until"]
    start, end = rows["from_limit"], rows["until_limit"]
    first, after = first[has_figure], after[has_figure]
    parts = [
        rows.assign(order=0, until_limit=end.where(end < first, first)),
        rows.assign(
            from_limit=start.where(start > first, first),
            until_limit=end.where(end < after, after),
            is_in_figure=True,
        ),
        rows.assign(order=2, from_limit=start.where(start > after, after)),
    ]
    cut = pd.concat([uncut[~has_figure], *[_select_in_force(part, periods) for part in parts]])
    cut = cut.sort_values(["place", "order"])
    return (
        cut.drop(columns=["order", "place"]).reset_index(drop=True),
        figures.loc[cut["place"]].reset_index(drop=True),
    )


def _select_in_force(rows: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with at least one day on which a restriction may be in force."""
    about = periods.reindex(rows["restriction_id"]).set_axis(rows.index)
    end = about[["most_end", "imputed_end"]].max(axis=1)
    start = rows["from_limit"].where(rows["from_limit"] > about["from_day"], about["from_day"])
    return rows[start < rows["until_limit"].where(rows["until_limit"] < end, end)]


OF_BASE = [
    *("base", "base_id", "base_persons", "base_status", "base_size_persons"),
    *DISTRIBUTION,
    *("is_base_projected", "is_own_base", "population_id", "population_persons"),
]
"""Columns that inputs.add_base adds to an audience."""
OLDER_DAYS = 365
"""Days after which a restriction counts as older in the years that follow."""
YEAR = "|"
"""Columns of a restriction and year, by which phases are grouped."""


def split_by_year(
    audiences: pd.DataFrame,
    periods: pd.DataFrame,
    denominators: Denominators,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Return the phases of audiences, by audience and year.

    `audiences` is the field of `Inputs`, in the order of AUDIENCE; `periods` is indexed by
    restriction_id, with `from_day`, `most_end` and `imputed_end`. Adds `audience`, `year`,
    `online_persons`, `is_first_year`, `is_older`, and `from_limit` and `until_limit`, the days
    between which a phase applies (NaT where nothing was ever in force).
    """
    numbered = audiences.reset_index(names="audience")
    about = periods.reindex(numbered["restriction_id"])
    first = about["from_day"].dt.year.to_numpy("float64")
    end = about[["most_end", "imputed_end"]].max(axis=1) - pd.Timedelta(days=1)
    count = np.fmax(end.dt.year.to_numpy("float64") - first, 0.0)
    count = np.nan_to_num(count).astype(np.int64)
    phases = numbered.loc[numbered.index.repeat(count + 1)].reset_index(drop=True)
    step = phases.groupby("audience").cumcount().to_numpy()
    year = first[phases["audience"].to_numpy()] + step
    phases = phases.assign(year=year, **_find_limits(year))
    began = periods["from_day"].reindex(phases["restriction_id"]).to_numpy()
    later = phases[step > 0]
    online = _count_online(later, denominators, as_of).reindex(phases.index)
    return phases.assign(
        online_persons=np.fmax(online, phases["base_persons"]),
        is_first_year=step == 0,
        is_older=(phases["from_limit"] - began).dt.days > OLDER_DAYS,
    )


def _find_limits(year: "np.ndarray") -> dict[str, pd.Series]:
    """Return the first day of each phase, and the day after its last."""
    year_text = pd.Series(year).fillna(1970).astype("int64").astype("str")
    day = pd.to_datetime(year_text + "-01-01").astype("datetime64[us]")
    after = (day + pd.offsets.YearBegin(1)).where(~np.isnan(year))
    return {
        "from_limit": day.where(~np.isnan(year)).to_numpy(),
        "until_limit": after.to_numpy(),
    }


def _count_online(
    rows: pd.DataFrame, denominators: Denominators, as_of: pd.Timestamp
) -> "pd.Series[float]":
    """Return the base of the year of each phase of a later year."""
    if rows.empty:
        return pd.Series(np.nan, rows.index)
    mid_year = rows["from_limit"] + pd.Timedelta(days=181)
    number = rows["year"].astype("int64").astype("str")
    in_year = rows.drop(columns=OF_BASE).assign(
        start=mid_year.where(mid_year < as_of, as_of),
        restriction_id=rows["restriction_id"] + YEAR + number,
    )
    return inputs.add_base(in_year, denominators)["base_persons"].set_axis(rows.index)


Intervals = tuple[pd.DataFrame, pd.DataFrame]
HOURS_COLUMNS = {
    "days_in_force": TEXT,
    "times_in_force": NUMBER,
    "least_hours_a_day": NUMBER,
    "most_hours_a_day": NUMBER,
    "hours_basis": TEXT,
    "measured_hours": NUMBER,
    **dict.fromkeys(PARAMETERS, NUMBER),
}
"""Columns of the days and hours of restrictions, with their types."""
ENDS_OF_HOURS = (0.005, 0.995)
"""Probabilities of the ends of the central 99 % of the hours that are drawn."""


def cut_to_days(spans: pd.DataFrame, times: pd.DataFrame) -> pd.DataFrame:
    """Return spans cut to the days in force.

    `spans` has `start` and `end` (exclusive) and the columns that stay; `times` has HOURS_COLUMNS,
    with the same rows. Listed days become spans of one day each.
    """
    length = (spans["end"] - spans["start"]).dt.days
    days = times["days_in_force"].to_numpy()
    listed = pd.Series(days != "", spans.index)
    count = pd.Series(times["times_in_force"].to_numpy(), spans.index)
    spread = ~listed & count.notna() & (count < length)
    if not (listed | spread).any():
        return spans.reset_index(drop=True)
    single = pd.concat(
        [
            _cut_to_listed_days(spans[listed], pd.Series(days, spans.index)[listed]),
            _spread_times(spans[spread], count[spread].astype("int64"), length[spread]),
        ]
    )
    return pd.concat([spans[~listed & ~spread], single], ignore_index=True)


def _cut_to_listed_days(spans: pd.DataFrame, days: pd.Series) -> pd.DataFrame:
    listed = spans.assign(day=days.str.split(";")).explode("day")
    day = pd.to_datetime(listed["day"])
    inside = (day >= listed["start"]) & (day < listed["end"])
    return listed.assign(start=day, end=day + ONE_DAY)[inside].drop(columns="day")


def _spread_times(spans: pd.DataFrame, count: pd.Series, length: pd.Series) -> pd.DataFrame:
    """Return the counted times as spans of one day, evenly from the first day to the last."""
    repeated = spans.loc[spans.index.repeat(count)]
    number = repeated.groupby(level=0).cumcount().to_numpy()
    steps = np.maximum(count.reindex(repeated.index).to_numpy() - 1, 1)
    offset = number * (length.reindex(repeated.index).to_numpy() - 1) // steps
    start = repeated["start"] + pd.to_timedelta(offset, unit="D")
    return repeated.assign(start=start, end=start + ONE_DAY)


def count_days(times: pd.DataFrame, end: str) -> pd.Series:
    """Return the days in force until an end: listed days, else the counted times, else all days."""
    return count_days_in_force(times, (times[end] - times["from_day"]).dt.days)


def bound_hours(times: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the least and the most hours of a day in force, by restriction.

    Both have two columns: as printed, and out to the 99 % ends of the hours that are drawn. `times`
    is the result of timeline.list_periods.
    """
    measured = times["measured_hours"].clip(upper=DAY_HOURS)
    least, most = (measured.fillna(times[f"{end}_hours_a_day"]) for end in ("least", "most"))
    most = most.mask(measured.notna())  # a measurer may have missed an outage
    is_drawn = times[PARAMETERS[0]].notna()
    days = (times["least_end"] - times["least_from"]).dt.days.clip(lower=1)
    full_day_hours = DAY_HOURS * (days - 2).clip(lower=0) / days
    comes_back = times["days_in_force"].ne("") | times["times_in_force"].notna()
    least = least.fillna(full_day_hours.mask(comes_back | is_drawn, 0.0))
    most = most.fillna(DAY_HOURS)
    drawn = quantile_hours(np.array([ENDS_OF_HOURS]), times)
    return (
        pd.DataFrame({0: least, 1: np.fmin(least, drawn[:, 0])}),
        pd.DataFrame({0: most, 1: np.fmax(most, drawn[:, 1])}),
    )


def sum_hours(intervals: Intervals, rows: pd.DataFrame, hours: pd.DataFrame) -> Array:
    """Return the hours of a day of each set (sets, columns): those of all restrictions, up to 24.

    `hours` has a row for each restriction.
    """
    single = _list_restrictions(intervals, rows)
    of_member = hours.reindex(single["restriction_id"])
    total = of_member.groupby(single["set_id"].to_numpy()).sum().clip(upper=DAY_HOURS)
    return np.asarray(total.to_numpy("float64"))


def combine_hours(intervals: Intervals, rows: pd.DataFrame, drawn: pd.DataFrame, u: Array) -> Array:
    """Return draws of the hours of a day of each set (sets, D).

    Of several restrictions they are between those of the shortest and the sum of all, up to 24.

    Args:
        intervals: Sets with their members.
        rows: The restriction of each member.
        drawn: A row of draws for each restriction.
        u: Uniforms (D,), the same for all sets.
    """
    single = _list_restrictions(intervals, rows)
    hours = drawn.loc[single["restriction_id"]].to_numpy("float64")
    first = np.flatnonzero(single["set_id"].diff().ne(0))
    if not len(first):
        return np.asarray(hours)
    least, total = (kind.reduceat(hours, first, axis=0) for kind in (np.minimum, np.add))
    return np.asarray(least + u * (np.minimum(total, DAY_HOURS) - least))


def _list_restrictions(intervals: Intervals, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the restrictions in force in each set, each once, in the order of the sets."""
    names = rows.set_index("row")["restriction_id"]
    members = intervals[1].assign(restriction_id=names.reindex(intervals[1]["row"]).to_numpy())
    return members.drop_duplicates(["set_id", "restriction_id"]).sort_values(
        "set_id", ignore_index=True, kind="stable"
    )
