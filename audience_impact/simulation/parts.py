"""Draws of the part of a country that a partial restriction touches, and of people in such parts.

Definitions. Online of a place: the share that its people online are of the country's. Cut of a
place: the share of its people online who are touched because that place was named. The part of a
restriction in a country is what its places make of the people online there, each person once
(places/nesting.py).

Method. With O people online of N in the country, P people in the place and d the log odds of being
online there less those of the country, s = expit(logit(O / N) + d) of them are online, and the
place has P s of the O: never more than its people. A place named whole is cut wholly; within, by a
share U^WITHIN_POWER of it, U uniform; city_or_district is the smaller place in one draw of three.
Times that goes the share whom the network leaves without any. People exposed are the union of the
audiences in the country times the part; so are their days.

On a set of restrictions (a month, a day) U people are under those that touch everyone, and

    U + (1 - U / O) T

under any, T the people in the places of the partial ones, in each place the largest share of any of
them: independent of who is under the others.

Each place, network and meaning has a draw of its own, the same in all restrictions; where a text
says "in" a place, the draw is that restriction's own.

Assumptions. Users of a service are spread over the places as the people online are. Who is touched
by two restrictions of one place are the same people as far as they can be.

Known drawbacks. U^3 is a convention: its median, an eighth, is about what a town is of its district
(0.14 in 362 texts that name no kind of place), its ends are a village and nearly everyone.

Citation. Rules of this project, docs/method.md, docs/decisions.md.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from audience_impact.audiences.parts import ONLINE, ONLY, PEOPLE
from audience_impact.audiences.scope import COUNTRY
from audience_impact.errors import distribution
from audience_impact.errors.distribution import MOST_SHARE
from audience_impact.frames import Array
from audience_impact.overlap.model import OverlapModel
from audience_impact.phases import intervals
from audience_impact.places import nesting
from audience_impact.places.nesting import Integers
from audience_impact.simulation import audiences, timeline, unions
from audience_impact.simulation.sampler import DrawCache, Sampler
from audience_impact.simulation.timeline import Intervals, Timeline
from audience_impact.simulation.unions import Found, Unions
from audience_impact.vocabulary import InputKind, PlaceReading

WITHIN_POWER = 3.0
CITY_SHARE = 1.0 / 3.0
"""Draws in which the smaller of two places is meant: orders mostly go by district."""
BLOCK = 500
"""Rows of places that are worked on at once, so that memory stays small."""
SURE = 1.0 - 1e-12


@dataclass(frozen=True)
class PartDraws:
    """Draws (rows of `inputs.parts`, D): cut and online of each place."""

    cut: Array
    online: Array


def draw(parts: pd.DataFrame, online: Array, sampler: Sampler, kept: DrawCache) -> PartDraws:
    """Cut and online of each place.

    `parts` as PARTS, all of them with a law; `online` (rows, D): the people online of the country
    of each row.
    """
    everyone = parts["country_persons"].to_numpy("float64")[:, None]
    share = np.clip(online / everyone, 1e-9, MOST_SHARE)
    odds = kept("odds of places", sampler, (parts,), partial(_odds, parts))
    people = kept("people of places", sampler, (parts,), partial(living, parts))
    own = expit(logit(share) + odds)
    whole = (parts["area_id"] == parts["country_id"]).to_numpy()[:, None]
    found = np.where(whole, 1.0, people * own / (share * everyone))
    return PartDraws(_cut(parts, sampler, kept), np.minimum(found, 1.0))


def _different(parts: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, Integers]:
    """The rows that differ in these columns, and the number of its own for each row."""
    number = parts.groupby(names, dropna=False, sort=False).ngroup().to_numpy()
    return parts[names].drop_duplicates(), number


def _columns(parts: pd.DataFrame, names: list[str]) -> list[Array]:
    return [parts[name].to_numpy("float64")[:, None] for name in names]


def _odds(parts: pd.DataFrame, sampler: Sampler) -> Array:
    """Log odds (rows, D) of being online in each place less those of the country."""
    each, number = _different(parts, ["area_id", *ONLINE])
    u = sampler.rows(InputKind.PLACE, "online|" + each["area_id"])
    low, middle, high = _columns(each, ONLINE)
    return np.asarray(distribution.through(u, low, middle, high)[number])


def living(parts: pd.DataFrame, sampler: Sampler) -> Array:
    """People (rows, D) of each place, through the quantiles of their logarithm."""
    each, number = _different(parts, ["area_id", *PEOPLE])
    low, middle, high = (np.log(column) for column in _columns(each, PEOPLE))
    u = sampler.rows(InputKind.PLACE, "people|" + each["area_id"])
    return np.asarray(np.exp(distribution.through(u, low, middle, high))[number])


def _cut(parts: pd.DataFrame, sampler: Sampler, kept: DrawCache) -> Array:
    """The share (rows, D) of the people online of each place who are touched."""
    only = kept("network alone", sampler, (parts,), partial(_only, parts))
    return np.asarray(only * kept("read of places", sampler, (parts,), partial(_read, parts)))


def _only(parts: pd.DataFrame, sampler: Sampler) -> Array:
    """The share (rows, D) of the people online whom the network leaves without any."""
    each, number = _different(parts, ["country_id", "network", *ONLY])
    u = sampler.rows(InputKind.NETWORK, "network|" + each["country_id"] + "|" + each["network"])
    low, middle, high = (logit(np.clip(end, 1e-12, SURE)) for end in _columns(each, ONLY))
    only = np.where(middle >= logit(SURE), 1.0, expit(distribution.through(u, low, middle, high)))
    return np.asarray(only[number])


def _read(parts: pd.DataFrame, sampler: Sampler) -> Array:
    """What the text means of each place (rows, D); a town that nobody counted is a part of it."""
    own = "within|" + parts["restriction_id"] + "|" + parts["area_id"]
    meant = "meant|" + parts["area_id"] + "|" + parts["least_area_id"]
    reading = parts["reading"]
    is_within = reading == PlaceReading.WITHIN.value
    u = sampler.rows(InputKind.PLACE, own.where(is_within, meant))
    least = (parts["least_persons"] / parts["people_persons"]).to_numpy("float64")[:, None]
    is_either = (reading == PlaceReading.CITY_OR_DISTRICT.value).to_numpy()[:, None]
    city = np.where(np.isnan(least), (u / CITY_SHARE) ** WITHIN_POWER, np.minimum(least, 1.0))
    either = np.where(is_either & (u < CITY_SHARE), city, 1.0)
    return np.asarray(np.where(is_within.to_numpy()[:, None], u**WITHIN_POWER, either))


@dataclass(frozen=True)
class Places:
    """The places of partial restrictions: `inputs.parts` with a law, their draws, and parents."""

    rows: pd.DataFrame
    drawn: PartDraws
    parent: nesting.Parents


@dataclass(frozen=True)
class Countries:
    """Draws of the countries of complete restrictions.

    Attributes:
        exposed: People exposed (countries, D), in the order of `SimulationInputs.countries`.
        users: Those of them who use the restricted features.
        places: The places of partial restrictions.
    """

    exposed: Array
    users: Array
    places: Places


def shares(places: Places, countries: pd.DataFrame) -> Array:
    """The part (countries, D) of each row of `countries` (COUNTRY); 1 where it has no places."""
    parts, drawn = places.rows, places.drawn
    found = np.ones((len(countries), drawn.cut.shape[1]))
    keys = pd.MultiIndex.from_frame(countries[COUNTRY])
    at = keys.get_indexer(pd.MultiIndex.from_frame(parts[COUNTRY]))
    known, sets = np.unique(at, return_inverse=True)
    holder = nesting.holders(sets.astype(np.int64), parts["area_id"], places.parent)
    whole = nesting.union(drawn.cut, drawn.online, holder, sets.astype(np.int64), len(known))
    found[known] = np.minimum(whole, 1.0)
    return found


class _Acts(NamedTuple):
    """Draws of partial restrictions in force, each by what of it is.

    Attributes:
        share: Draws (numbers, D) of the users among the people online.
        online: Draws (numbers, D) of the people online of the country.
    """

    share: Array
    online: Array


class _Block(NamedTuple):
    """Rows of places under restrictions on some sets, ordered by set and place.

    Attributes:
        sets: The sets (sets,), in order.
        at: The place of its set in `sets`, of each row.
        act: The number of the draws of the restriction, of each row.
        place: The row of `Places.rows`, of each row.
        named: The number of its place in its set, of each row; a set has a place once.
        of: The place of its set in `sets`, of each number of `named`.
        holder: As `nesting.holders` gives it, of each number of `named`.
    """

    sets: Integers
    at: Integers
    act: Integers
    place: Integers
    named: Integers
    of: Integers
    holder: Integers


class _Wanted(NamedTuple):
    """The unions of partial restrictions that are to be drawn, and where each is in force."""

    unions: Unions
    blocks: list[_Block]


def people(
    members: pd.DataFrame,
    values: Array,
    line: Timeline,
    places: Places,
    model: OverlapModel,
    sampler: Sampler,
    kept: DrawCache,
) -> Array:
    """People (sets, D) under any restriction of each set; NaN for sets without a member.

    `members` (set_id, row) are rows of `line`, of which `values` (rows, D) holds the audiences.
    """
    restriction = line.rows.set_index("row")["restriction_id"].reindex(members["row"])
    in_part = restriction.isin(places.rows["restriction_id"]).to_numpy()

    def whole(_: Sampler) -> Unions | None:
        own = timeline.one_a_platform(members[~in_part], line.rows, line.periods)
        return timeline.unions_of(own, line.rows) if len(own) else None

    touching_all = kept("wanted of all", sampler, (members, places.rows), whole)

    def everyone(stream: Sampler) -> tuple[Array, Array]:
        known = kept.unions_of(values, stream)
        return _everyone(members, touching_all, values, model, stream, known)

    found, base = kept("under all", sampler, (members, values), everyone)
    if not in_part.any():
        return found

    def wanted(_: Sampler) -> _Wanted:
        return _wanted(members[in_part], line, places)

    asked = kept("wanted in parts", sampler, (members, places.rows), wanted)

    def acts(stream: Sampler) -> _Acts:
        return _acts(asked.unions, values, model, stream)

    drawn = kept("under parts", sampler, (asked, values), acts)
    return _with_parts(found, base, drawn, asked.blocks, places.drawn)


def _everyone(
    members: pd.DataFrame,
    wanted: Unions | None,
    values: Array,
    model: OverlapModel,
    sampler: Sampler,
    known: Found,
) -> tuple[Array, Array]:
    """People (sets, D) under those members of a set that touch everyone, NaN without any.

    Beside them their base, 0 without any. `wanted` has the unions of those members.
    """
    count = 1 + int(members["set_id"].max()) if len(members) else 0
    found, base = (np.full((count, sampler.count), blank) for blank in (np.nan, 0.0))
    if wanted is not None:
        at = wanted.table["set_id"]
        found[at], base[at] = unions.people(values, wanted, model, sampler, known)
    return found, base


def _wanted(members: pd.DataFrame, line: Timeline, places: Places) -> _Wanted:
    """The partial restrictions of each set, the same rows of one being drawn once."""
    about = line.rows.set_index("row")
    pair = about.groupby(COUNTRY).ngroup().reindex(members["row"]).to_numpy()
    rows = members.assign(pair=pair).sort_values(["set_id", "pair", "row"])
    first = np.flatnonzero(rows[["set_id", "pair"]].diff().ne(0).any(axis=1))
    size, row = np.diff(first, append=len(rows)), rows["row"].to_numpy("int64")
    each = rows.iloc[first]
    number = intervals.numbered(each["pair"].to_numpy("int64"), first, size, row)
    own = pd.DataFrame({"set_id": np.repeat(number, size), "row": row}).drop_duplicates()
    wanted = timeline.unions_of(timeline.one_a_platform(own, line.rows, line.periods), line.rows)
    of = each[["set_id", "row"]].join(about[COUNTRY], on="row").assign(number=number)
    return _Wanted(wanted, _blocks(of.drop(columns="row"), places))


def _acts(wanted: Unions, values: Array, model: OverlapModel, sampler: Sampler) -> _Acts:
    """Draws of the unions, in the order of their numbers."""
    union, online = unions.people(values, wanted, model, sampler)
    order = np.argsort(wanted.table["set_id"].to_numpy())
    return _Acts(np.clip(union / online, 0.0, 1.0)[order], online[order])


def _blocks(acts: pd.DataFrame, places: Places) -> list[_Block]:
    """The places of acts (set_id, COUNTRY, number), in blocks of about BLOCK rows of whole sets."""
    named = places.rows[[*COUNTRY, "area_id"]].reset_index(drop=True).reset_index(names="place")
    rows = acts.merge(named, on=COUNTRY).sort_values(["set_id", "area_id"])
    starts = np.flatnonzero(np.diff(rows["set_id"].to_numpy(), prepend=-1))
    edges = starts[np.flatnonzero(np.diff(starts // BLOCK, prepend=-1))]
    ends = np.append(edges[1:], len(rows))
    return [
        _block(rows.iloc[first:last], places.parent)
        for first, last in zip(edges, ends, strict=True)
    ]


def _block(rows: pd.DataFrame, parent: nesting.Parents) -> _Block:
    sets, at = np.unique(rows["set_id"], return_inverse=True)
    area = rows["area_id"]
    is_new = area.ne(area.shift()).to_numpy() | np.diff(at, prepend=-1).astype(bool)
    named, of = np.cumsum(is_new) - 1, at[is_new]
    holder = nesting.holders(of, area[is_new], parent)
    act, place = (rows[name].to_numpy() for name in ("number", "place"))
    return _Block(sets, at, act, place, named, of, holder)


def _with_parts(
    union: Array, base: Array, acts: _Acts, blocks: list[_Block], drawn: PartDraws
) -> Array:
    """People of the sets, those in parts of the country added to `union` (NaN: none) of `base`."""
    found = union.copy()
    for block in blocks:
        touched, online = _touched(block, acts, drawn)
        online = np.fmax(online, base[block.sets])
        others = np.nan_to_num(union[block.sets])
        rest = 1.0 - np.clip(others / online, 0.0, 1.0)
        found[block.sets] = others + rest * np.fmin(touched, online)
    return found


def _touched(block: _Block, acts: _Acts, drawn: PartDraws) -> tuple[Array, Array]:
    """People in the places of each set, each once, and the people online of the country."""
    online = acts.online[block.act]
    shares = acts.share[block.act] * drawn.cut[block.place]
    people = online * drawn.online[block.place]
    if len(block.of) < len(block.named):  # some place is named by several restrictions of a set
        shares, people = (
            nesting.largest(each, block.named, len(block.of)) for each in (shares, people)
        )
    count = len(block.sets)
    touched = nesting.union(shares, people, block.holder, block.of, count)
    return touched, nesting.largest(online, block.at, count)


def daily_people(
    wanted: Intervals,
    line: Timeline,
    places: Places,
    model: OverlapModel,
    sampler: Sampler,
    kept: DrawCache,
) -> Array:
    """Draws (set_ids, D) of the people under a restriction on a day of each set."""
    used = line.rows["row"].isin(line.drawn_rows["row"]).to_numpy()
    daily = line.daily[used]

    def monthly(stream: Sampler) -> Array:
        return audiences.values(daily, stream, line.tail_degrees)

    def coming(stream: Sampler) -> Array:
        found = np.full((len(line.rows), stream.count), np.nan)
        if used.any():
            values = kept("audiences of a day", stream, (line,), monthly)
            found[used] = values * audiences.daily_shares(daily, stream)
        return found

    drawn = kept("coming on a day", sampler, (line,), coming)
    return people(wanted[1], drawn, line, places, model, sampler, kept)
