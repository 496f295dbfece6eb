"""The sweep over time: which audiences are in force on which days, and person-days by period.

Definitions
-----------
Span: days [start, end) on which an item (an audience) of a group (a country) is in force.
Piece: a longest run of days of one group with no start, end or first of a month inside it.
Set: the items in force on all days of a piece; two pieces of a group may have the same set.
Person-days: days times the people in force on each, a number that hangs on the set alone.

Method
------
All starts, ends and firsts of months are put in order, by group; a span covers the pieces from
its start to its end, which are found by bisection.  Each piece then has its items, each once,
and lies inside one month.  Sets are told apart as the words of a dictionary are, place by place:
pieces of one group that agree so far and have the same next item stay together.  This is exact
(no hashing), and the people of a set need to be worked out once however often it comes back.
Sums over a period are the product of a sparse table (periods x sets, days) and the people per
set, so that no table of pieces x draws is ever built.

Assumptions
-----------
Days are whole and are those of one calendar for the group; what is in force at all on a day
counts for the whole of it.

Known drawbacks
---------------
* Person-days count one person once a day, but again each day: they are not people.
* Work and memory go with the pieces that each span covers: many spans of one group that overlap
  for long cost the square of their number.
* Consecutive pieces with one set are left apart where any span begins or ends between them.

Citation
--------
Shamos and Hoey (1976), Geometric intersection problems, 17th Symposium on Foundations of Computer
Science (the sweep).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from audience_impact.frames import Array
from audience_impact.periods import DAY

Integers = NDArray[np.int64]


def stretches(spans: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cut time into pieces on which the same items are in force.

    Args:
        spans: Columns `group` and `item` (str), `start` and `end` (datetime64, whole days, end
            exclusive).  Spans that are empty, turned round or have no start or end (NaT) count
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
    (group, groups), (item, items) = _coded(some["group"]), _coded(some["item"])
    start, end = _days(some["start"]), _days(some["end"])
    origin = start.min(initial=0)
    width = end.max(initial=0) - origin + 1
    cuts = _cuts(group, start, end, origin, width)
    covered = _covered(cuts, group * width - origin, start, end, item)
    counts, member = np.diff(covered.indptr), covered.indices.astype(np.int64)
    used = np.flatnonzero(counts)
    first, size = (each[used].astype(np.int64) for each in (covered.indptr, counts))
    owner, day = np.divmod(cuts[used], width)
    set_id = numbered(owner, first, size, member)
    until = np.asarray(cuts[used + 1] - owner * width, dtype=np.int64)
    begin, stop = (np.asarray(origin + each, dtype=np.int64) for each in (day, until))
    pieces = _pieces(groups[owner], begin, stop, set_id)
    return pieces, _members(set_id, first, size, items[member])


def _coded(names: "pd.Series[str]") -> tuple[Integers, pd.Index]:
    """Number of each name in the order of the alphabet, and the names."""
    if names.isna().any():
        raise ValueError(f"{names.name} must not be missing")
    codes, known = pd.factorize(names, sort=True)
    return codes.astype(np.int64), pd.Index(known)


def _days(moments: "pd.Series[pd.Timestamp]") -> Integers:
    """Days since 1970."""
    exact = moments.to_numpy("datetime64[us]")
    days = exact.astype("datetime64[D]")
    if (days != exact).any():
        raise ValueError(f"{moments.name} must be at midnight")
    return np.asarray(days.astype(np.int64))


def _run(first: Integers, count: Integers) -> tuple[Integers, Integers]:
    """Row and number of first, first + 1, ... (count of them) for each row."""
    row = np.repeat(np.arange(len(first)), count)
    before = np.cumsum(count) - count
    return row, first[row] + np.arange(len(row)) - before[row]


def _cuts(
    group: Integers, start: Integers, end: Integers, origin: np.int64, width: np.int64
) -> Integers:
    """Days on which anything may change, as group * width + day since the origin, in order."""
    month, last = (
        days.astype("datetime64[D]").astype("datetime64[M]") for days in (start, end - 1)
    )
    begun = month.astype(np.int64)
    row, number = _run(begun + 1, last.astype(np.int64) - begun)
    turn = number.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    shift = group * width - origin
    return np.unique(np.concatenate([shift + start, shift + end, shift[row] + turn]))


def _covered(
    cuts: Integers, shift: Integers, start: Integers, end: Integers, item: Integers
) -> csr_array:
    """The items (columns) of the piece that begins with each cut (rows), each once, in order."""
    order = np.argsort(item, kind="stable")  # so that no piece needs to have its items sorted
    shift, start, end, item = (each[order] for each in (shift, start, end, item))
    left, right = np.searchsorted(cuts, shift + start), np.searchsorted(cuts, shift + end)
    row, piece = _run(left, right - left)
    shape = len(cuts), 1 + item.max(initial=0)
    return csr_array((np.ones(len(row), dtype=np.int8), (piece, item[row])), shape=shape)


def numbered(group: Integers, first: Integers, size: Integers, member: Integers) -> Integers:
    """Number of each set of items of a group, equal where both are, by first appearance.

    The items of a set, in order, are the `size` rows of `member` from its `first` one.
    """
    node, nodes = group.copy(), group.max(initial=-1) + 1
    items = member.max(initial=0) + 1
    left = np.arange(len(group))
    for place in range(size.max(initial=0)):  # as often as the largest set has items
        left = left[size[left] > place]
        words = node[left] * items + member[first[left] + place]
        known, which = np.unique(words, return_inverse=True)
        node[left] = nodes + which
        nodes += len(known)
    return np.asarray(pd.factorize(node)[0], dtype=np.int64)


def _pieces(group: pd.Index, start: Integers, end: Integers, set_id: Integers) -> pd.DataFrame:
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


def _members(set_id: Integers, first: Integers, size: Integers, item: pd.Index) -> pd.DataFrame:
    """Items of each set, read off the first piece that has it."""
    known, at = np.unique(set_id, return_index=True)
    row, place = _run(first[at], size[at])
    return pd.DataFrame({"set_id": known[row], "item": item[place].astype("str")})


def by_period(pieces: pd.DataFrame, per_day: Array) -> tuple[pd.DataFrame, Array]:
    """Person-days by group and month, and by group and year.

    Args:
        pieces: As `stretches` gives them, or some of their rows; only `group`, `month`, `days`
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
    rows = pd.concat([columns.assign(period=each) for each in (pieces["month"], years)])
    grouped = rows.groupby(["group", "period"])
    periods = grouped["days"].sum().reset_index()[["group", "period", "days"]]
    days, at = rows["days"].to_numpy(float), grouped.ngroup().to_numpy()
    table = csr_array((days, (at, np.tile(sets, 2))), shape=(len(periods), len(per_day)))
    return periods, np.asarray(table @ per_day)
