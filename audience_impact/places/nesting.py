"""People of places some of which lie in others, each person once.

Definitions
-----------
A place lies in its parent (`areas.parent_id`), and so in every holder of that.  Share: the part of
the people of a place who are touched because that place was named.  Holder in a set: the nearest
place of the same set that a place lies in.

Method
------
Of somebody in a place it is enough that the place or one that holds it was named: the effective
share e(p) of a place is the largest share of itself and its holders in the set.  The union is

    sum over p of (e(p) - e(holder of p)) people(p),

in which a place adds only those whom its holder leaves out, and nothing where that is wholly cut.

Assumptions
-----------
Shares of a place and of its holder are of the same people as far as they can be: the smaller of two
groups lies in the larger.  A place has no more people than its holder.

Known drawbacks
---------------
Places that overlap without one lying in the other are counted twice where they do.

Citation
--------
Rules of this project, docs/method.md.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from audience_impact.frames import Array

Integers = NDArray[np.int64]
Parents = dict[str, str]
"""What each area lies in, by its code; blank where in none."""
NONE = -1


def parents(areas: pd.DataFrame) -> Parents:
    """What each area lies in, by area_id: the smallest union with it as a member, else its parent.

    `areas` is the fact table. A union (`members`) lies in the smallest union with all its members.
    """
    ids = areas["area_id"].tolist()
    found = dict(zip(ids, areas["parent_id"].fillna("").astype("str").tolist(), strict=True))
    told = areas.get("members", pd.Series("", areas.index)).fillna("").tolist()
    unions = {area: set(names.split(";")) for area, names in zip(ids, told, strict=True) if names}
    for union_id, inside in sorted(unions.items(), key=lambda each: (-len(each[1]), each[0])):
        found |= dict.fromkeys(inside & found.keys(), union_id)
    for union_id, inside in unions.items():
        wider = [(len(other), name) for name, other in unions.items() if inside < other]
        if wider:
            found[union_id] = min(wider)[1]
    return found


def holders(sets: Integers, places: "pd.Series[str]", parent: Parents) -> Integers:
    """For each row the number of the row of its set that holds its place; NONE where there is none.

    `sets` and `places` (rows,) name a place once a set; `parent` as `parents` gives it.
    """
    code, names = pd.factorize(places)
    keys = pd.Index(sets * len(names) + code)
    found = np.full(len(places), NONE, dtype=np.int64)
    number = {name: place for place, name in enumerate(names)}
    above = list(names)
    while any(above := [parent.get(name, "") for name in above]):
        holder = np.array([number.get(name, NONE) for name in above])[code]
        asked = np.where(holder == NONE, NONE, sets * len(names) + holder)
        found = np.where(found == NONE, keys.get_indexer(pd.Index(asked)), found)
    return found


def effective(shares: Array, holder: Integers) -> Array:
    """The largest share (rows, D) of each place and of all that hold it in its set."""
    if (holder == NONE).all():
        return shares
    found, depth = shares.copy(), _depths(holder)
    for level in range(1, int(depth.max(initial=0)) + 1):
        rows = depth == level
        found[rows] = np.maximum(found[rows], found[holder[rows]])
    return found


def _depths(holder: Integers) -> Integers:
    """How many places of its set hold each."""
    depth, at = np.zeros(len(holder), dtype=np.int64), holder
    while (inside := at != NONE).any():
        depth += inside
        at = np.where(inside, holder[at], NONE)
    return depth


def union(shares: Array, people: Array, holder: Integers, sets: Integers, count: int) -> Array:
    """People touched (count, D) in the places of each set, each person once.

    `shares` and `people` (rows, D), the people of each place; `holder` and `sets` (rows,) as
    `holders` takes and gives them. Sets without a place have nobody.
    """
    own = effective(shares, holder)
    inside = np.flatnonzero(holder != NONE)
    beyond = own.copy()
    beyond[inside] -= own[holder[inside]]
    table = csr_array((np.ones(len(sets)), (sets, np.arange(len(sets)))), shape=(count, len(sets)))
    total: Array = np.asarray(table @ (beyond * people))
    return np.asarray(np.fmax(total, largest(own * people, sets, count)))


def largest(values: Array, sets: Integers, count: int) -> Array:
    """The largest value (count, D) of each set; zero where it has none.

    Method. The first values of all sets at once, then the second, and so on: no other way through
    rows of a thousand draws is as quick.
    """
    found = np.zeros((count, values.shape[1]))
    order = np.argsort(sets, kind="stable")
    first = np.flatnonzero(np.diff(sets[order], prepend=NONE))
    size = np.diff(first, append=len(sets))
    known = sets[order[first]]
    found[known] = values[order[first]]
    for rank in range(1, int(size.max(initial=0))):
        more = size > rank
        found[known[more]] = np.maximum(found[known[more]], values[order[first[more] + rank]])
    return found
