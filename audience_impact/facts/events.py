"""One event, one restriction: what the links between events leave of the facts.

Definitions. A link (`event_links`) says of two restrictions that may be one event how they are
related. Where it says one event, the first is published under the id of the second: a row of a
register under the restriction kept by hand, a row that repeats another under that one. A remainder
is published by itself, from the day after the second ended.

Method. A restriction that is published under another leaves the facts, with its targets and its
places; figures about it become figures about the other. The restriction that stays keeps what it
says; where it does not know its end, it takes the end of what stands under it, where it has no
hours, those of an event of the same days, where it names only a group of services, those that the
event names, and where the link is one of other access networks, it is of all. A remainder begins
when the other ended, and continues it; if that never ended before it, it is one event with it. Of
several links of one restriction the first that merges counts, in the order of `EventRelation`.

Undone by a row of `event_links` with the relation `apart` in a folder of facts, or without the row
of the layer: the restriction is then published again under its own id.

Assumptions. Links form no loop; of one that does the last link is left out.

Citation. Rules of this project, docs/method.md.
"""

from collections.abc import Mapping

import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.periods import ONE_DAY
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    EndSource,
    EndStatus,
    EventRelation,
    NetworkScope,
    PlatformKind,
)

MERGING = (EventRelation.ONE_EVENT, EventRelation.OTHER_NETWORKS, EventRelation.REMAINDER)
"""Relations that change what is published, the strongest first."""
OWNED = ("restriction_targets", "restriction_places")
"""Tables whose rows leave with their restriction."""
ABOUT = ("published_figures", "circumvention", "evidence")
"""Tables with figures about a restriction."""
END = [
    *("ended_on", "ended_on_start", "ended_on_end", "end_status", "end_source"),
    *("listed_until", "listed_until_start", "listed_until_end"),
]
HOURS = ["days_in_force", "times_in_force", "least_hours_a_day", "most_hours_a_day", "hours_basis"]


def merge_events(tables: Tables) -> Tables:
    """Return typed facts in which each event is one restriction."""
    links = choose_links(tables["event_links"])
    if links.empty:
        return tables
    restrictions = tables["restrictions"].set_index("restriction_id", drop=False)
    restrictions.index.name = None
    links = links[
        links["restriction_id"].isin(restrictions.index)
        & links["other_restriction_id"].isin(restrictions.index)
    ]
    links = _drop_void_remainders(links, restrictions)
    merged = find_published_ids(links)
    stays = _start_remainders(_complete(restrictions, links, merged), links, merged)
    tables = tables | {"restriction_targets": _name_services(tables, merged)}
    changed = {
        "event_links": links,
        "restrictions": stays[~stays.index.isin(merged)].reset_index(drop=True),
        **{
            name: tables[name][~tables[name]["restriction_id"].isin(merged)].reset_index(drop=True)
            for name in OWNED
        },
        **{
            name: tables[name].assign(restriction_id=tables[name]["restriction_id"].replace(merged))
            for name in ABOUT
        },
    }
    changed["restrictions"]["continues"] = changed["restrictions"]["continues"].replace(merged)
    return tables | changed


def choose_links(links: pd.DataFrame) -> pd.DataFrame:
    """Return the links that merge two restrictions, at most one per restriction.

    A pair that another row declares distinct is not merged.
    """
    ids = links["restriction_id"], links["other_restriction_id"]
    pair = pd.Series(
        [frozenset(names) for names in zip(*ids, strict=True)], links.index, dtype="object"
    )
    apart = set(pair[(links["relation"] == EventRelation.APART).to_numpy(bool)])
    order = links["relation"].map({word.value: rank for rank, word in enumerate(MERGING)})
    merging = links.assign(rank=order)[order.notna() & ~pair.isin(apart)]
    merging = merging.sort_values("rank", kind="stable").drop_duplicates("restriction_id")
    return merging.drop(columns="rank").sort_values("restriction_id", ignore_index=True)


def find_published_ids(links: pd.DataFrame) -> dict[str, str]:
    """Return the id under which each merged restriction is published."""
    is_whole = links["relation"] != EventRelation.REMAINDER
    direct = dict(
        zip(
            links.loc[is_whole, "restriction_id"],
            links.loc[is_whole, "other_restriction_id"],
            strict=True,
        )
    )
    return {name: published for name in direct if (published := _follow(name, direct)) != name}


def _follow(name: str, direct: Mapping[str, str]) -> str:
    """Return the last id of a chain of links, or the smallest id of a loop."""
    seen = [name]
    while seen[-1] in direct:
        following = direct[seen[-1]]
        if following in seen:
            return min(seen[seen.index(following) :])
        seen.append(following)
    return seen[-1]


def _drop_void_remainders(links: pd.DataFrame, restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return links in which a remainder that does not outlast its event is merged with it."""
    merged = find_published_ids(links)
    stays = links["other_restriction_id"].replace(merged)
    mine = links["restriction_id"].map(restrictions["ended_on_end"])
    last = stays.map(restrictions["ended_on_end"])
    goes_on = links["restriction_id"].map(restrictions["end_status"]) == EndStatus.ONGOING
    is_left = last.notna() & (goes_on | (mine > last))
    is_void = (links["relation"] == EventRelation.REMAINDER) & ~is_left
    return links.assign(relation=links["relation"].mask(is_void, EventRelation.ONE_EVENT.value))


def _complete(
    restrictions: pd.DataFrame, links: pd.DataFrame, merged: Mapping[str, str]
) -> pd.DataFrame:
    """Return restrictions with the end, networks and source of the events merged into them."""
    beside = restrictions.loc[list(merged)].assign(published=list(merged.values()))
    ends = beside.assign(
        is_exact=beside["ended_on_end"] - beside["ended_on_start"] == ONE_DAY,
        is_over=beside["end_status"] == EndStatus.ENDED,
        is_stated=beside["ended_on_end"].notna() | (beside["end_status"] == EndStatus.ONGOING),
    )
    ends = ends[ends["is_stated"]].sort_values(
        ["is_exact", "is_over", "ended_on_end"], ascending=False, kind="stable"
    )
    ends = ends.drop_duplicates("published").set_index("published")
    frame = restrictions.copy()
    is_unknown = frame["end_status"] == EndStatus.UNKNOWN
    is_vague = frame["end_source"] == EndSource.NOT_LISTED_LATER
    is_better = frame.index.isin(ends.index[ends["is_exact"]])
    unknown = frame.index[is_unknown | (is_vague & is_better)].intersection(ends.index)
    frame.loc[unknown, END] = ends.loc[unknown, END]
    hours = _find_hours(beside, frame)
    frame.loc[hours.index, HOURS] = hours
    split_ids = links.loc[links["relation"] == EventRelation.OTHER_NETWORKS, "restriction_id"]
    frame.loc[frame.index.isin(split_ids.map(merged)), "network_scope"] = NetworkScope.ALL.value
    sources = beside.drop_duplicates("published").set_index("published")["source_id"]
    added = pd.Series(frame.index, frame.index).map(sources)
    is_new = (frame["also_source_id"] == "") & added.notna() & (added != frame["source_id"])
    frame["also_source_id"] = frame["also_source_id"].mask(is_new, added)
    return frame


def _name_services(tables: Tables, merged: Mapping[str, str]) -> pd.DataFrame:
    """Return targets in which services replace groups that only a merged event names by members.

    A group counts here if no page lists its members ("social media").
    """
    targets, platforms = tables["restriction_targets"], tables["platforms"]
    is_unlisted = (platforms["kind"] == PlatformKind.GROUP) & (platforms["member_ids"] == "")
    is_group = targets["platform_id"].isin(platforms.loc[is_unlisted, "platform_id"])
    is_service = ~is_group & (targets["platform_id"] != WHOLE_INTERNET)
    vague = {*targets["restriction_id"][is_group]} - {*targets["restriction_id"][~is_group]}
    named = is_service.groupby(targets["restriction_id"]).all()
    taken = {
        name: published
        for name, published in merged.items()
        if named.get(name, False) and published in vague
    }
    changed = targets[~targets["restriction_id"].isin(taken.values())]
    return changed.assign(restriction_id=changed["restriction_id"].replace(taken))


def _find_hours(beside: pd.DataFrame, restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return HOURS, by restriction, of events of the same days that are merged into those without.

    `beside` are the merged events, with the id of the restriction in `published`.
    """
    is_blank = restrictions[HOURS].isin(["", None]) | restrictions[HOURS].isna()
    stays = restrictions[is_blank.all(axis=1)]
    days = ["observed_from", "ended_on"]
    rows = beside[beside["least_hours_a_day"].notna() & beside["published"].isin(stays.index)]
    is_same = (rows[days].to_numpy() == stays.loc[rows["published"], days].to_numpy()).all(axis=1)
    return rows[is_same].drop_duplicates("published").set_index("published")[HOURS]


def _start_remainders(
    restrictions: pd.DataFrame, links: pd.DataFrame, merged: Mapping[str, str]
) -> pd.DataFrame:
    """Return restrictions in which each remainder starts after the event that it continues."""
    remainders = links[links["relation"] == EventRelation.REMAINDER]
    published_ids = remainders.set_index("restriction_id")["other_restriction_id"].replace(
        dict(merged)
    )
    first_day = published_ids.map(restrictions["ended_on_end"])
    frame = restrictions.copy()
    ids = published_ids.index
    frame.loc[ids, "observed_from_start"] = first_day
    frame.loc[ids, "observed_from_end"] = first_day + ONE_DAY
    frame.loc[ids, "observed_from"] = first_day.dt.strftime("%Y-%m-%d")
    frame.loc[ids, ["announced_on_start", "announced_on_end"]] = pd.NaT
    frame.loc[ids, "announced_on"] = ""
    frame.loc[ids, "continues"] = published_ids
    return frame
