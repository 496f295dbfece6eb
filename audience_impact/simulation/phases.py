"""Restrictions in time: intervals of constant restrictions, phases of audiences, and curfews.

Definitions. Span: days [start, end) on which an item (an audience) of a group (a country) is in
force. Piece: a longest run of days of one group with no start, end or first of a month inside it.
Set: the items in force on all days of a piece; two pieces of a group may have the same set. Phase:
an audience of a restriction in one calendar year, or in that part of it to which a daily figure
refers. Days in force: the days listed by a source, or a number of times; without either all days
from the first to the last. Person-hours are person-days times the hours in force on a day.

Method. All starts, ends and firsts of months are put in order, by group; a span covers the pieces
from its start to its end, which bisection locates. Person-days depend on the set alone, whose
people are worked out once however often it comes back.

Phases. The audience is that of the first day in every year: the ordinary users of a service, or the
people online before a cut, do not grow with the country while they are without it. `online_persons`
is the base of the year, which limits totals of a year: on the first day, in a later year in its
middle (or in that of the elapsed part of it), where it is above that of the audience. A daily
figure limits the audience of the days of its period; on others it is an estimate, and the monthly
figure limits.

Curfews. Listed days are cut to the time from the first to the last day. Of a number of times alone
it is not known which days they were: they are spread evenly from the first day to the last, each on
a day of its own. Hours that are printed, measured, or learned from other cuts (fitted/durations.py)
make person-hours of each day in force, with a draw of the hours in each draw; the lower bound takes
the least printed or measured hours, else nothing, the upper one the most printed, else 24. Of any
other restriction a day counts 24, but in the lower bound its first and last day count nothing. With
several restrictions at the same time, a person has at least the hours of the shortest and at most
the sum of all, up to 24 on a day, and the draws lie evenly between these.

Assumptions. Days are whole and are those of one calendar for the group; what is in force at all on
a day counts for the whole of it. A figure that is an average over its period limits every day of
it, although fewer come on a quiet day. Hours change person-hours, not who is exposed.

Known drawbacks. Person-days count one person once a day, but again each day: they are not people.
Many spans of one group that overlap for long cost the square of their number. Person-days may be
attributed to the wrong month if the times are spread over several months.

Citation. Shamos and Hoey (1976), Geometric intersection problems, 17th Symposium on Foundations of
Computer Science (the sweep). Phases and curfews: rules of this project, docs/method.md.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from audience_impact.audiences import inputs
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.denominators.denominators import Denominators
from audience_impact.fitted.durations import DAY_HOURS, HOURS_PARAMETERS, quantile_hours
from audience_impact.frames import Array, Integers
from audience_impact.periods import DAY, ONE_DAY
from audience_impact.places.nesting import find_largest

Intervals = tuple[pd.DataFrame, pd.DataFrame]
"""Pieces, and the members of each set, as `constant_intervals` returns them."""


def constant_intervals(spans: pd.DataFrame) -> Intervals:
    """Cut time into pieces on which the same items are in force.

    `spans` has `group`, `item`, `start` and `end`, at midnight (else ValueError); empty ones count
    for nothing. Returns pieces by group and time with `start`, `end`, `days`, `month` and `set_id`,
    in the order in which sets first come, and the members of sets, in order.
    """
    some = spans[spans["start"] < spans["end"]]
    group, groups = pd.factorize(some["group"], sort=True)
    item, items = pd.factorize(some["item"], sort=True)
    start, end = _count_days(some["start"]), _count_days(some["end"])
    origin, last = start.min(initial=0), end.max(initial=0)
    width = last - origin + 1
    shift = group * width  # a day of a group is its number plus this
    month, last_month = (_count_months(days) for days in (start, end - 1))
    row, later_month = expand_runs(month + 1, last_month - month)
    firsts = later_month.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    cuts = np.unique(np.concatenate([shift + start, shift + end, shift[row] + firsts]))
    first_piece, end_piece = np.searchsorted(cuts, [shift + start, shift + end])
    row, piece = expand_runs(first_piece, end_piece - first_piece)
    covered, member = np.divmod(np.unique(piece * len(items) + item[row]), max(len(items), 1))
    used, first, size = np.unique(covered, return_index=True, return_counts=True)
    owner = (cuts[used] - origin) // width
    begin, until = cuts[used] - owner * width, cuts[used + 1] - owner * width
    days = begin.astype("datetime64[D]")
    set_id = number_sets(owner, first, size, member)
    pieces = pd.DataFrame(
        {
            "group": groups[owner].astype("str"),
            "start": days.astype(DAY),
            "end": until.astype("datetime64[D]").astype(DAY),
            "days": until - begin,
            "month": pd.Series(np.datetime_as_string(days, unit="M"), dtype="str"),
            "set_id": set_id,
        }
    )
    distinct, at = np.unique(set_id, return_index=True)
    row, place = expand_runs(first[at], size[at])
    return pieces, pd.DataFrame({"set_id": distinct[row], "item": items[member[place]]})


def _count_days(moments: "pd.Series[pd.Timestamp]") -> Integers:
    exact = moments.to_numpy("datetime64[us]")
    days = exact.astype("datetime64[D]")
    if (days != exact).any():
        raise ValueError(f"{moments.name} must be at midnight")
    return np.asarray(days.astype(np.int64))


def _count_months(days: Integers) -> Integers:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def expand_runs(first: Integers, count: Integers) -> tuple[Integers, Integers]:
    """Return for each row its position and the numbers first, first + 1, ... (`count` numbers)."""
    row = np.repeat(np.arange(len(first)), count)
    before = np.cumsum(count) - count
    return row, first[row] + np.arange(len(row)) - before[row]


def find_runs(numbers: Integers) -> tuple[Integers, Integers]:
    """Return where each run of equal numbers begins, and its length."""
    first = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1))
    return first, np.diff(first, append=len(numbers))


def find_equal_sets(
    members: Sequence[pd.DataFrame], group: Integers
) -> tuple[Integers, list[pd.DataFrame]]:
    """Return the number of each set, the same for equal ones, and the members of those numbers.

    Equal sets are of one `group` (sets,) and have the same rows in each kind of `members`.
    """
    sets, row = (
        np.concatenate([part[name].to_numpy("int64") for part in members])
        for name in ("set_id", "row")
    )
    kind = np.repeat(np.arange(len(members)), [len(part) for part in members])
    member = kind * (1 + row.max(initial=0)) + row
    order = np.lexsort((member, sets))
    edges = np.searchsorted(sets[order], np.arange(len(group) + 1))
    number = number_sets(group, edges[:-1], np.diff(edges), member[order])
    is_first = ~pd.Series(number).duplicated().to_numpy()
    return number, [
        part.assign(set_id=number[part["set_id"]])[is_first[part["set_id"]]] for part in members
    ]


def number_sets(group: Integers, first: Integers, size: Integers, member: Integers) -> Integers:
    """Return the number of each set in their order, the same for equal runs of `member`."""
    width, used = 1 + int(member.max(initial=0)), 1 + int(group.max(initial=0))
    number, longest = group.copy(), np.argsort(-size, kind="stable")
    for rank in range(int(size.max(initial=0))):
        some = longest[: np.count_nonzero(size > rank)]
        # Sets have the same number as long as all their members so far are equal.
        codes, distinct = pd.factorize(number[some] * width + member[first[some] + rank])
        number[some] = used + codes
        used += len(distinct)
    return np.asarray(pd.factorize(number)[0])


def cut_by_figure(
    phases: pd.DataFrame, daily: pd.DataFrame, periods: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return phases cut at the period of their daily figure, and the figure of each phase.

    `is_in_figure`: it refers to these days. Parts that no restriction reaches fall away.
    """
    figures = phases[AUDIENCE].merge(daily, on=AUDIENCE, how="left", validate="m:1")
    is_whole = figures["daily_from"].isna() | phases["from_limit"].isna()
    rows, period = phases[~is_whole], figures[~is_whole]
    start, end = rows["from_limit"], rows["until_limit"]
    first, after = (
        np.maximum(np.minimum(period[f"daily_{edge}"], end), start) for edge in ("from", "until")
    )
    split = pd.concat(
        rows.assign(from_limit=begin, until_limit=until, is_in_figure=part == 1)
        for part, (begin, until) in enumerate(pairwise((start, first, after, end)))
    )
    about = periods.reindex(split["restriction_id"]).set_axis(split.index)
    begin = np.maximum(split["from_limit"], about["from_day"])
    is_in_force = begin < np.minimum(split["until_limit"], about[["end", "most_end"]].max(axis=1))
    cut = pd.concat([phases[is_whole].assign(is_in_figure=False), split[is_in_force]])
    cut = cut.sort_index(kind="stable")
    return cut.reset_index(drop=True), figures.loc[cut.index].reset_index(drop=True)


def split_by_year(
    audiences: pd.DataFrame, periods: pd.DataFrame, denominators: Denominators, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return the phases of audiences (in the order of AUDIENCE), by audience and year.

    A phase applies from `from_limit` to `until_limit`, NaT where nothing was ever in force.
    """
    numbered = audiences.reset_index(names="audience")
    about = periods.reindex(numbered["restriction_id"])
    last_day = about[["end", "most_end"]].max(axis=1) - ONE_DAY
    later_years = (last_day.dt.year - about["from_day"].dt.year).clip(lower=0).fillna(0)
    phases = numbered.loc[numbered.index.repeat(later_years.astype("int64") + 1)]
    phases = phases.reset_index(drop=True)
    step = phases.groupby("audience").cumcount().to_numpy()
    began = periods["from_day"].reindex(phases["restriction_id"]).to_numpy()
    year = began.astype("datetime64[Y]") + step.astype("timedelta64[Y]")
    after = year + np.timedelta64(1, "Y")
    phases = phases.assign(from_limit=year.astype(DAY), until_limit=after.astype(DAY))
    later = phases[step > 0]
    online = pd.Series(np.nan, phases.index)
    if len(later):
        mid_year = later["from_limit"] + pd.Timedelta(days=181)
        names = ["country_id", "low_persons", "high_persons", "metric_priority", "containing"]
        names += ["measurement_series_id", "audience_base_id", *inputs.OWN_LAW]
        in_year = later[names].assign(
            start=mid_year.clip(upper=as_of),
            restriction_id=later["restriction_id"] + later["from_limit"].dt.strftime("|%Y"),
        )
        online[later.index] = inputs.add_base(in_year, denominators)["base_persons"].to_numpy()
    return phases.assign(online_persons=np.fmax(online, phases["base_persons"]))


HOURS_COLUMNS = [
    *("days_in_force", "hours_basis", "times_in_force"),
    *("least_hours_a_day", "most_hours_a_day", "measured_hours", *HOURS_PARAMETERS),
]
ENDS_OF_HOURS = (0.005, 0.995)
"""Probabilities of the ends of the central 99 % of the hours that are drawn."""


def cut_to_days(spans: pd.DataFrame, times: pd.DataFrame) -> pd.DataFrame:
    """Return spans cut to the days in force, of which listed ones are spans of a day each."""
    listed, times_count = (
        times[name].set_axis(spans.index) for name in ("days_in_force", "times_in_force")
    )
    length = (spans["end"] - spans["start"]).dt.days
    is_listed = listed != ""
    is_spread = ~is_listed & (times_count < length)
    count = times_count[is_spread].astype("int64")
    spread = spans.loc[count.index.repeat(count)]
    number, gaps = spread.groupby(level=0).cumcount(), (count - 1).clip(lower=1)
    offset = number * (length[is_spread] - 1).loc[spread.index] // gaps.loc[spread.index]
    first = spread["start"] + pd.to_timedelta(offset, unit="D")
    days = spans[is_listed].assign(day=listed[is_listed].str.split(";")).explode("day")
    day = pd.to_datetime(days.pop("day")).astype(DAY)
    inside = (day >= days["start"]) & (day < days["end"])
    return pd.concat(
        [
            spans[~is_listed & ~is_spread],
            days.assign(start=day, end=day + ONE_DAY)[inside],
            spread.assign(start=first, end=first + ONE_DAY),
        ],
        ignore_index=True,
    )


def bound_hours(times: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the least and the most hours of a day, by restriction, as printed and at the ends."""
    measured = times["measured_hours"].clip(upper=DAY_HOURS)
    least, most = (measured.fillna(times[f"{end}_hours_a_day"]) for end in ("least", "most"))
    most = most.mask(measured.notna())  # a measurer may have missed an outage
    is_drawn = times[HOURS_PARAMETERS[0]].notna()
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
    """Return the hours of a day of each set (sets, columns), of all restrictions, up to 24."""
    single = _list_restrictions(intervals, rows)
    of_member = hours.reindex(single["restriction_id"])
    total = of_member.groupby(single["set_id"].to_numpy()).sum().clip(upper=DAY_HOURS)
    return np.asarray(total.to_numpy("float64"))


def combine_hours(intervals: Intervals, rows: pd.DataFrame, drawn: pd.DataFrame, u: Array) -> Array:
    """Return the hours (sets, D) of a day: a part `u` (D,) of the way from shortest to sum."""
    single = _list_restrictions(intervals, rows)
    first, size = find_runs(single["set_id"].to_numpy())
    row, values = drawn.index.get_indexer(single["restriction_id"]), drawn.to_numpy("float64")
    sets, edges = np.repeat(np.arange(len(first)), size), np.append(first, len(row))
    table = csr_array((np.ones(len(row)), row, edges), shape=(len(first), len(values)))
    least = -find_largest(-values, row, sets, len(first))
    return np.asarray(least + u * (np.minimum(table @ values, DAY_HOURS) - least))


def _list_restrictions(intervals: Intervals, rows: pd.DataFrame) -> pd.DataFrame:
    names = rows.set_index("row")["restriction_id"]
    members = intervals[1].assign(restriction_id=names.reindex(intervals[1]["row"]).to_numpy())
    return members.drop_duplicates(["set_id", "restriction_id"]).sort_values(
        "set_id", ignore_index=True, kind="stable"
    )
