"""Draws of the people in unions of audiences, and under any restriction of a set.

Definitions. An audience is one as drawn (audiences.py). A union is of some audiences of one country
inside one base; a country-base group contains all unions of one country and base. A set contains
rows of the timeline, each an audience of a restriction, of a month, a year or a day in a country.
Present in a draw: happened there, as another event than those before it (fitted/chances.py).

Method. Each audience, base and correlation is drawn once for its own key and reused everywhere, so
that draw number d is one possible world and sums over unions are consistent. Inside a group
audiences become shares of the drawn base, which is never below the largest of them in any draw,
their union comes from the model of joint use (overlap.model), of one audience it is that audience,
and the model's own error is drawn once a country.

The audience of a platform in a set is that of the first of its restrictions that is present; of
services nothing is left in draws in which the whole internet of the set is restricted. On a set of
restrictions U people are under those that affect everyone, and

    U + (1 - U / O) T

under any, O the people online and T the people in the places of the partial restrictions
(parts.py), with the largest share of any restriction in each place, assumed independent of the
others. Each restriction has uniforms of its own, by its id, so that it is present in the same draws
in every set. The chance of its group is drawn too, by the group: restrictions that rest on equally
weak evidence err together.

Measured overlaps. In each draw the patterns of joint use are conditioned on the overlaps
(overlap/copula.py), each drawn from its distribution within what the audiences of that draw leave
room for: their Frechet range. One that is only a limit (over 93 %) is what the model has, moved to
the limit where the model is beyond it. The model's own error is narrowed by how much the overlaps
narrow the bounds.

Assumptions. Those of the model of joint use; errors of figures are independent of one another.
Given the chances of the groups, restrictions happened independently. Two restrictions of the same
place affect the same people as far as possible.

Known drawbacks. The model's error is the same draw for all unions of a country, so that intervals
of sums within a country tend to be too wide, not too narrow. Whether a restriction was still on, or
complete, is stated and not drawn. Overlaps describe the audiences of a month; the timeline and the
union over a month or a year of a whole country do not use them. If a limit takes effect in one
draw, the overlap is fixed at the value of the model in the other draws.

Citation. docs/method.md.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience_impact.audiences.distributions import ONE_SIDED
from audience_impact.audiences.scope import COUNTRY
from audience_impact.bounds import MeasuredOverlap, Resolved
from audience_impact.denominators.denominators import DISTRIBUTION as BASE_LAW
from audience_impact.frames import Array, Integers
from audience_impact.overlap import copula
from audience_impact.overlap.model import Group, JointUse, OverlapModel
from audience_impact.places import nesting
from audience_impact.simulation.audiences import draw_bases
from audience_impact.simulation.parts import PartDraws, Places
from audience_impact.simulation.phases import expand_runs, find_equal_sets, find_runs, number_sets
from audience_impact.simulation.sampler import Sampler, draw_pert
from audience_impact.simulation.timeline import Timeline
from audience_impact.vocabulary import WHOLE_INTERNET, InputKind, OverlapKind

GROUP = ["country_id", "base_id", *BASE_LAW]
"""Columns of a base: unions of one base are drawn together."""
BLOCK = 1_000
"""Number of rows of places that are processed at once, in complete sets, to limit memory."""
INSIDE = 1e-6
"""Share of the Frechet range that is excluded at each end, where patterns would become empty."""
TINY = np.finfo(np.float64).tiny


def draw_joint_use(model: OverlapModel, country_id: str, sampler: Sampler) -> JointUse:
    """Return draws of the joint use of a country, made once and shared by all callers."""
    name = ("joint use", sampler.seed, sampler.count, country_id)
    stored_model, use = sampler.memory.get(name, (None, None))
    if stored_model is not model:
        use = model.joint_use(country_id, sampler.draw_uniform)
        sampler.memory[name] = model, use
    return cast("JointUse", use)


class Unions(NamedTuple):
    """Unions of audiences: `table` (set_id, GROUP) and `members` (set_id, audience by number).

    Those that are equal in all further columns of `table` have one base.
    """

    table: pd.DataFrame
    members: pd.DataFrame


class DrawnUnions(NamedTuple):
    """Draws of unions in persons: `people`, `base` (rows, D), one row for equal unions."""

    row: Integers
    people: Array
    base: Array


def draw_unions(
    audiences: Array, requested: Unions, overlap_model: OverlapModel, sampler: Sampler
) -> DrawnUnions:
    """Return draws of unions of `audiences` (audiences, D), whose order depends on keys alone."""
    table = requested.table
    group = table.groupby(list(table.columns.drop("set_id")), dropna=False).ngroup().to_numpy()
    groups = table.iloc[np.unique(group, return_index=True)[1]]
    place = pd.Index(table["set_id"]).get_indexer(requested.members["set_id"])
    order = np.lexsort((requested.members["audience"], place))
    audience = requested.members["audience"].to_numpy("int64")[order]
    first, size = find_runs(place[order])
    row, some, base = _draw_bases(groups, audiences, group[place[order]], audience, sampler)
    group, groups = row[group], groups.iloc[some]
    keys = zip(groups["country_id"], map(bytes, base), strict=True)
    same_base, _ = pd.factorize(pd.Series([*keys], dtype="object"))
    number = number_sets(same_base[group], first, size, audience)
    distinct = np.unique(number, return_index=True)[1]
    people = audiences[audience[first[distinct]]]  # of one audience they are that audience
    several = distinct[size[distinct] > 1]
    for places in pd.Series(several).groupby(same_base[group[several]]).agg(list):
        of_union, at = expand_runs(first[places], size[places])
        numbers, columns = np.unique(audience[at], return_inverse=True)
        is_member = np.zeros((len(places), len(numbers)), dtype=bool)
        is_member[of_union, columns] = True
        inside = base[group[places[0]]]
        use = draw_joint_use(overlap_model, groups["country_id"].iloc[group[places[0]]], sampler)
        people[number[places]] = _draw_once(
            audiences[numbers], is_member, inside, use, overlap_model, sampler
        )
    return DrawnUnions(number, people, base[group[distinct]])


def _draw_once(
    audiences: Array,
    is_member: NDArray[np.bool_],
    base: Array,
    use: JointUse,
    overlap_model: OverlapModel,
    sampler: Sampler,
) -> Array:
    """Return draws (unions, D) of unions inside one base (D,), each drawn once for all callers."""

    def draw(some: list[int]) -> Array:
        used = is_member[some].any(axis=0)
        shares = np.clip(audiences[used] / base, 0.0, 1.0)
        return base * overlap_model.draw_unions(Group(shares, use, is_member[some][:, used]))

    (inside,) = _digest_rows(np.hstack([base, use.correlation, use.error])[None])
    contents = np.array(_digest_rows(audiences), dtype="object")
    return sampler.draw_once([(inside, *contents[row]) for row in is_member], draw)


def _digest_rows(rows: Array) -> list[bytes]:
    return [blake2b(row, digest_size=16).digest() for row in np.ascontiguousarray(rows)]


def _draw_bases(
    groups: pd.DataFrame, audiences: Array, group: Integers, audience: Integers, sampler: Sampler
) -> tuple[Integers, Integers, Array]:
    """Return the row of each group, a group of each row, and the bases (rows, D) of the rows.

    Groups with equal laws and audiences share a row. In every draw, a base is at least as large as
    the largest audience of its groups.
    """
    width = 1 + audience.max(initial=0)
    of_group, member = np.divmod(np.unique(group * width + audience), width)
    law = groups.groupby(GROUP, dropna=False).ngroup().to_numpy()
    first, size = find_runs(of_group)
    row = number_sets(law, first, size, member)
    some = np.unique(row, return_index=True)[1]
    of_row, at = expand_runs(first[some], size[some])
    largest = nesting.find_largest(audiences, member[at], of_row, len(some))
    return row, some, np.fmax(draw_bases(groups.iloc[some], sampler), largest)


def fold_audiences(
    members: pd.DataFrame, count: int, line: Timeline, values: Array, present: pd.DataFrame
) -> tuple[Unions, Array]:
    """Return unions and audiences (audiences, D), each draw of the restrictions present in it.

    The union of the services of a set has its number, that of its restrictions of the whole
    internet this plus `count`; each draw has people in only one. `members` (set_id, row) affect
    everyone in their audiences, `values` (rows, D).
    """
    rows = _sort_by_platform(members, line.rows, line.periods)
    row = rows["row"].to_numpy("int64")
    first, size = find_runs(rows.groupby(["set_id", "platform_id"]).ngroup().to_numpy())
    platforms = rows.iloc[first]
    set_id, is_network = platforms["set_id"], (platforms["platform_id"] == WHOLE_INTERNET).array
    # A chain is the restrictions of a platform in a set, and `above` that of the whole internet.
    chain = number_sets(np.zeros_like(first), first, size, row)
    above = pd.Series(chain[is_network], set_id[is_network]).reindex(set_id).fillna(-1).to_numpy()
    above = np.where(is_network, -1, above).astype("int64")
    number, _ = pd.factorize(chain * (1 + len(chain)) + above)
    at, of_chain = (np.unique(ids, return_index=True)[1] for ids in (number, chain))
    is_present = present.to_numpy() > 0.0
    restriction = present.index.get_indexer(line.rows["restriction_id"].iloc[row])
    folded = np.zeros((len(at), values.shape[1]))
    for part, place in _list_ranks(first[at], size[at]):
        there = is_present[restriction[place]]
        folded[part] = np.where(there, values[row[place]], folded[part])
    below = np.flatnonzero(above[at] >= 0)
    network = of_chain[above[at[below]]]
    for part, place in _list_ranks(first[network], size[network]):
        folded[below[part]] = np.where(is_present[restriction[place]], 0.0, folded[below[part]])
    union_ids = (set_id + count * is_network).to_numpy()
    earliest = pd.DataFrame({"set_id": union_ids, "row": row[first]})
    audiences = pd.DataFrame({"set_id": union_ids, "audience": number})
    return Unions(_choose_bases(earliest, line.rows), audiences), folded


def _list_ranks(first: Integers, size: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Yield in blocks the runs with a place of each rank, and that place; the last rank first."""
    for rank in reversed(range(int(size.max(initial=0)))):
        runs = np.flatnonzero(size > rank)
        for part in np.split(runs, range(BLOCK, len(runs), BLOCK)):
            yield part, first[part] + rank


def _sort_by_platform(
    members: pd.DataFrame, rows: pd.DataFrame, periods: pd.DataFrame
) -> pd.DataFrame:
    """Return members with `platform_id`, by set and platform, the earliest restriction first."""
    began = periods["from_day"].reindex(rows["restriction_id"]).to_numpy()
    about = rows[["row", "platform_id"]].assign(began=began)
    joined = members[["set_id", "row"]].merge(about, on="row", validate="m:1")
    return joined.sort_values(["set_id", "platform_id", "began", "row"])


def keep_one_per_platform(
    members: pd.DataFrame, rows: pd.DataFrame, periods: pd.DataFrame
) -> pd.DataFrame:
    """Return one member per platform, the earliest; the whole internet alone where it is one."""
    single = _sort_by_platform(members, rows, periods).drop_duplicates(["set_id", "platform_id"])
    network = single["platform_id"] == WHOLE_INTERNET
    swallowed = single["set_id"].isin(single.loc[network, "set_id"]) & ~network
    return single.loc[~swallowed, ["set_id", "row"]].reset_index(drop=True)


def _make_unions(members: pd.DataFrame, line: Timeline) -> Unions:
    single = keep_one_per_platform(members, line.rows, line.periods)
    return Unions(_choose_bases(single, line.rows), single.rename(columns={"row": "audience"}))


def _choose_bases(members: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the base (set_id, GROUP) of each set: that of its largest audience."""
    order = ["set_id", "monthly_high_persons", "base_persons", "base_id"]
    about = rows[list(dict.fromkeys(["row", *GROUP, *order[1:]]))]
    joined = members.merge(about, on="row", validate="m:1")
    joined = joined.sort_values(order, ascending=[True, False, True, True])
    return joined.drop_duplicates("set_id", ignore_index=True)[["set_id", *GROUP]]


def draw_people(
    members: pd.DataFrame,
    persons: Array,
    line: Timeline,
    places: Places,
    model: OverlapModel,
    sampler: Sampler,
    present: pd.DataFrame | None = None,
    apart: Integers | None = None,
) -> Array:
    """Return people (sets, D) under any restriction of each set; NaN for sets without a member.

    `members` (set_id, row) have the audiences `persons` (rows, D), and count in the draws in which
    they are `present` (restrictions, D). Only sets of one number in `apart` have one base.
    """
    restriction = line.rows.set_index("row")["restriction_id"].reindex(members["row"])
    in_part = restriction.isin(places.rows["restriction_id"]).to_numpy()
    count = 1 + int(members["set_id"].max()) if len(members) else 0
    apart = np.zeros(count, dtype=np.int64) if apart is None else apart[:count]
    plan, folded = _make_unions(members[~in_part], line), persons
    if present is not None:
        plan, folded = fold_audiences(members[~in_part], count, line, persons, present)
    kinds, drawn = _draw_whole(apart, plan, folded, model, sampler)
    plan, restrictions = _plan_parts(members[in_part], line, apart)
    in_parts = draw_unions(persons, plan, model, sampler)
    row_of_plan = in_parts.row[np.argsort(plan.table["set_id"].to_numpy())]
    restrictions = restrictions.assign(row=row_of_plan[restrictions["number"]])
    # Sets of the same unions, which may be of several groups apart, have the same people.
    number, kinds = find_equal_sets([*kinds, restrictions], np.zeros(count, dtype=np.int64))
    people, base = _unite_whole(kinds[:2], drawn, 1 + int(number.max(initial=-1)))
    if len(restrictions):
        named = places.drawn
        if present is not None:
            is_there = present.loc[places.rows["restriction_id"]].to_numpy()
            named = PartDraws(named.cut * is_there, named.online)
        _add_parts(people, base, kinds[2], in_parts, places._replace(drawn=named))
    return people[number]


def _draw_whole(
    apart: Integers, plan: Unions, persons: Array, model: OverlapModel, sampler: Sampler
) -> tuple[list[pd.DataFrame], DrawnUnions]:
    """Return the unions (set_id, row) of services and of the whole internet, and their draws."""
    count, sets = len(apart), plan.table["set_id"].to_numpy("int64")
    plan = plan._replace(table=plan.table.assign(apart=apart[sets % count]))
    drawn = draw_unions(persons, plan, model, sampler)
    rows = pd.DataFrame({"set_id": sets % count, "row": drawn.row})
    return [rows[sets < count], rows[sets >= count]], drawn


def _unite_whole(kinds: list[pd.DataFrame], drawn: DrawnUnions, count: int) -> tuple[Array, Array]:
    """Return people and base (count, D) under unions of services, then of the whole internet."""
    people, base = (np.full((count, drawn.people.shape[1]), blank) for blank in (np.nan, 0.0))
    for unions in kinds:
        at, row = unions["set_id"].to_numpy(), unions["row"].to_numpy()
        is_there = (drawn.people[row] > 0.0) | np.isnan(people[at])
        people[at] = np.where(is_there, drawn.people[row], people[at])
        base[at] = np.where(is_there, drawn.base[row], base[at])
    return people, base


def _add_parts(
    people: Array, base: Array, restrictions: pd.DataFrame, unions: DrawnUnions, places: Places
) -> None:
    """Add to the people (sets, D) those in places; `restrictions` have the `row` of `unions`."""
    country_wide = PartDraws(np.clip(unions.people / unions.base, 0.0, 1.0), unions.base)
    at = places.rows[[*COUNTRY, "area_id"]].reset_index(drop=True).reset_index(names="place")
    rows = restrictions.merge(at, on=COUNTRY)
    rows = rows.sort_values(["set_id", "area_id"], ignore_index=True)
    areas, sets = pd.factorize(rows["area_id"])[0], rows["set_id"].to_numpy()
    first, size = find_runs(sets * (1 + areas.max()) + areas)
    holder = nesting.find_holders(sets[first], rows["area_id"].iloc[first], places.parent)
    plan = rows.assign(named=np.repeat(np.arange(len(first)), size), holder=np.repeat(holder, size))
    first_of_set, length = find_runs(sets)
    for _, block in plan.groupby(np.repeat(first_of_set // BLOCK, length)):
        affected, online = _sum_affected(block, country_wide, places.drawn)
        some = block["set_id"].unique()
        online = np.fmax(online, base[some])
        others = np.nan_to_num(people[some])
        rest = 1.0 - np.clip(others / online, 0.0, 1.0)
        people[some] = others + rest * np.fmin(affected, online)


def _plan_parts(
    members: pd.DataFrame, line: Timeline, apart: Integers
) -> tuple[Unions, pd.DataFrame]:
    """Return the unions of partial restrictions, and their `number` in each set; equal ones one."""
    about = line.rows.set_index("row")
    pair = about.groupby(COUNTRY).ngroup().reindex(members["row"]).to_numpy()
    rows = members.assign(pair=pair).sort_values(["set_id", "pair", "row"])
    first = np.flatnonzero(rows[["set_id", "pair"]].diff().ne(0).any(axis=1))
    size, row = np.diff(first, append=len(rows)), rows["row"].to_numpy("int64")
    distinct = rows.iloc[first]
    of_set = apart[distinct["set_id"]]
    group = distinct["pair"].to_numpy("int64") * (1 + apart.max(initial=0)) + of_set
    number = number_sets(group, first, size, row)
    numbered = pd.DataFrame({"set_id": np.repeat(number, size), "row": row}).drop_duplicates()
    restrictions = distinct[["set_id", "row"]].join(about[COUNTRY], on="row").assign(number=number)
    restrictions = restrictions.drop(columns="row")
    plan = _make_unions(numbered, line)
    at = of_set[np.unique(number, return_index=True)[1]]
    return plan._replace(table=plan.table.assign(apart=at[plan.table["set_id"]])), restrictions


def _sum_affected(
    block: pd.DataFrame, restrictions: PartDraws, drawn: PartDraws
) -> tuple[Array, Array]:
    """Return people in the places of each set, each once, and online; `restrictions` by row.

    `named` numbers the places of all sets in their order; `holder` is from nesting.find_holders.
    """
    named, place, row = (block[name].to_numpy() for name in ("named", "place", "row"))
    first, size = find_runs(named)
    # Places named by the same restrictions, as on other days, have the same people.
    number = number_sets(np.zeros_like(first), first, size, row * len(drawn.cut) + place)
    some = np.unique(number, return_index=True)[1]
    of_number, at = expand_runs(first[some], size[some])
    shares, people = (
        nesting.find_largest(
            of_row[row[at]] * of_place[place[at]], np.arange(len(at)), of_number, len(some)
        )
        for of_row, of_place in zip(restrictions, drawn, strict=True)
    )
    holder = block["holder"].to_numpy()[first]
    holder = np.where(holder == nesting.NONE, holder, holder - named[0])
    lengths = find_runs(block["set_id"].to_numpy())[1]
    sets = np.repeat(np.arange(len(lengths)), lengths)
    affected = nesting.unite_people(shares, people, holder, sets[first], len(lengths), number)
    once = ~block.duplicated(["set_id", "row"]).to_numpy()
    online = nesting.find_largest(restrictions.online, row[once], sets[once], len(lengths))
    return affected, online


def draw_conditioned(
    resolved: Resolved, shares: Array, base: Array, overlap_model: OverlapModel, sampler: Sampler
) -> Array:
    """Return draws (D,) of the union of a country, as a share of its base, given its overlaps.

    NaN where no draw reaches the limits; draws that contradict each other use the model alone.
    """
    use = draw_joint_use(overlap_model, resolved.key[1], sampler)
    prior = copula.draw_patterns(shares.T, use.correlation)
    rows, targets = [], []
    limits = resolved.facts["interval_kind"].isin(ONE_SIDED)
    for key, fact, is_limit in zip(resolved.used_ids, resolved.measured, limits, strict=True):
        row = copula.mark_patterns(fact.platforms, fact.kind, len(shares))
        expected = prior @ row
        target = _draw_overlap(fact, key, shares, base, sampler, expected if is_limit else None)
        if not is_limit or (target != expected).any():
            rows.append(row)
            targets.append(target)
    if not rows:
        return np.full(len(base), np.nan)
    met = copula.condition_unions(prior, shares.T, np.array(rows), np.array(targets).T)
    core = np.where(np.isnan(met), 1.0 - prior[:, 0], met)
    return copula.add_model_error(core, shares.T, use.error, resolved.narrowing)


def _draw_overlap(
    fact: MeasuredOverlap,
    key: str,
    shares: Array,
    base: Array,
    sampler: Sampler,
    expected: Array | None,
) -> Array:
    """Return draws (D,) of an overlap, as shares of the base; limits move those `expected`."""
    sizes = shares[list(fact.platforms)]
    if fact.kind is OverlapKind.INTERSECTION:
        least, most = np.maximum(sizes.sum(axis=0) - len(sizes) + 1.0, 0.0), sizes.min(axis=0)
    else:
        least, most = sizes.max(axis=0), np.minimum(sizes.sum(axis=0), 1.0)
    inside = INSIDE * (most - least)
    room = least + inside, most - inside
    scale = shares[fact.of] if fact.of is not None else 1.0 / base
    positive = np.maximum(scale, TINY)
    if expected is not None:
        low, high = np.clip(fact.low * scale, *room), np.clip(fact.high * positive, *room)
        beyond = (expected < fact.low * scale) | (expected > high)
        return np.where(beyond, np.clip(expected, low, high), expected)
    u = sampler.draw_uniform(InputKind.OVERLAP, f"overlap|{key}")
    low, high = np.array(fact.low), np.array(fact.high)
    floor, ceiling = (end / positive for end in room)
    drawn = draw_pert(u, low, (low + high) / 2, high, floor, ceiling)
    return np.clip(drawn * scale, *room)
