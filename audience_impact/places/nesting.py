"""People of nested places, each person counted once.

Definitions. A place is inside its parent (`areas.parent_id`), and so inside every area that
contains the parent (its holders). Share: the part of the people of a place who are affected because
that place was named. Holder in a set: the nearest place of the same set that contains a place.

Method. People in a place are affected if the place, or an area that contains it, was named: the
effective share e(p) of a place is the largest share of itself and its holders in the set. The union
is

    sum over p of (e(p) - e(holder of p)) people(p),

in which a place adds only people whom its holder does not include, and nothing if the holder is cut
completely.

Assumptions. Shares of a place and of its holder are of the same people as far as they can be: the
smaller of two groups is inside the larger. A place has no more people than its holder.

Known drawbacks. People in the overlap of two places, none of which contains the other, are counted
twice.

Citation. Rules of this project, docs/method.md.
"""

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from audience_impact.frames import Array, Integers

Parents = dict[str, str]
"""Parent of each area, by area code; blank for an area without a parent."""
NONE = -1


def read_parents(areas: pd.DataFrame) -> Parents:
    """Return the holder of each area: the smallest union (`members`) with it, else `parent_id`."""
    ids = areas["area_id"].tolist()
    holder_of = dict(zip(ids, areas["parent_id"].fillna("").astype("str").tolist(), strict=True))
    members = areas["members"].fillna("").tolist()
    unions = {
        area: set(names.split(";")) for area, names in zip(ids, members, strict=True) if names
    }
    for union_id, inside in sorted(unions.items(), key=lambda item: (-len(item[1]), item[0])):
        holder_of |= dict.fromkeys(inside & holder_of.keys(), union_id)
    for union_id, inside in unions.items():
        wider = [(len(members), name) for name, members in unions.items() if inside < members]
        if wider:
            holder_of[union_id] = min(wider)[1]
    return holder_of


def find_holders(sets: Integers, places: "pd.Series[str]", parent: Parents) -> Integers:
    """Return the row of the same set that contains the place of each row, else NONE."""
    code, names = pd.factorize(places)
    keys = pd.Index(sets * len(names) + code)
    holder_rows = np.full(len(places), NONE, dtype=np.int64)
    number = {name: place for place, name in enumerate(names)}
    above = list(names)
    while any(above := [parent.get(name, "") for name in above]):
        holder = np.array([number.get(name, NONE) for name in above])[code]
        keys_above = np.where(holder == NONE, NONE, sets * len(names) + holder)
        holder_rows = np.where(
            holder_rows == NONE, keys.get_indexer(pd.Index(keys_above)), holder_rows
        )
    return holder_rows


def unite_people(
    shares: Array,
    people: Array,
    holder: Integers,
    sets: Integers,
    count: int,
    row: Integers | None = None,
) -> Array:
    """Return the persons affected (count, D) in the places of each set, each person once.

    `shares` and `people` (rows, D) are those of the `row` of each place, by default its number;
    `holder` is from `find_holders`. Of one row, places without a holder are computed once.
    """
    places = np.arange(len(sets))
    row = places if row is None else row
    number = np.where(holder == NONE, row, len(shares) + places)
    _, distinct, number = np.unique(number, return_index=True, return_inverse=True)
    effective, above = shares[row[distinct]], holder[distinct]
    while (has_holder := above != NONE).any():
        of_holder = shares[row[above[has_holder]]]
        effective[has_holder] = np.maximum(effective[has_holder], of_holder)
        above = np.where(has_holder, holder[above], NONE)
    affected, of_place = effective * people[row[distinct]], holder[distinct]
    beyond, inside = affected.copy(), np.flatnonzero(of_place != NONE)
    more = effective[inside] - effective[number[of_place[inside]]]
    beyond[inside] = more * people[row[distinct[inside]]]
    order = np.argsort(sets, kind="stable")
    edges = np.searchsorted(sets[order], np.arange(count + 1))
    shape = (count, len(distinct))
    total = np.asarray(csr_array((np.ones(len(sets)), number[order], edges), shape=shape) @ beyond)
    # Only a place with more people than its holder has more than all together.
    nested = np.flatnonzero(holder != NONE)
    largest = find_largest(affected, number[nested], sets[nested], count, np.nan)
    return np.fmax(total, largest)


def find_largest(
    values: Array, row: Integers, sets: Integers, count: int, missing: float = 0.0
) -> Array:
    """Return the largest value (count, D) of the rows of each set, else `missing`; NaN count not.

    The first values of all sets are taken at once, then the second ones: the fastest order.
    """
    order = np.argsort(sets, kind="stable")
    first = np.flatnonzero(np.diff(sets[order], prepend=NONE))
    size = np.diff(first, append=len(sets))
    largest = values[row[order[first]]]
    for rank in range(1, int(size.max(initial=0))):
        more = np.flatnonzero(size > rank)
        largest[more] = np.fmax(largest[more], values[row[order[first[more] + rank]]])
    if len(first) == count:
        return largest
    result = np.full((count, values.shape[1]), missing)
    result[sets[order[first]]] = largest
    return result
