"""What belongs to a restriction: rows that are the same event, and the evidence beside it.

Definitions. A link (`event_links`) says of two restrictions that may be one event how they are
related. Where it says one event, the first is published under the id of the second: a row of a
register under the restriction kept by hand, a row that repeats another under that one. A remainder
is published by itself, from the day after the second ended. Evidence is of a restriction if it
names it (`restriction_id`), or if it is of an order, its time overlaps the days of the restriction,
and its area is the country of the restriction, or a region that the restriction names.

Method. A restriction that is published under another leaves the facts, with its targets and its
places; figures about it become figures about the other. The restriction that stays keeps what it
says; where it does not know its end, it takes the end of what stands under it, where it has no
hours, those of an event of the same days, where it names only a group of services, those that the
event names, and where the link is one of other access networks, it is of all. The best claim of all
its rows counts: an authority's where one of the same source has it, who ordered it, and who
measured it. An end of another source that differs from its own is noted beside it. A remainder
begins when the other ended, and continues it; if that never ended before it, it is one event with
it. Of several links of one restriction the first that merges counts, in the order of
`EventRelation`. The relation `apart` in a folder of facts keeps two restrictions apart.

Renewals are one event in steps: an order of the same kind, places, networks and targets that begins
at most RENEWAL_DAYS after another ended, or while another is on record as ongoing, continues it,
unless the facts name what it continues. The record of a restriction whose end no source gives ends
with the year in which it began, or on the day of its latest page, if one was published within
RECORD_DAYS of the start: a page of a later year tells what was, and not that it still is.

Hours of evidence are those of outages: of one that began in the days of the restriction, or on the
day before, all, of another those in its days and one to either side, because registers print local
dates and days that are off by one. Outages of a country are of restrictions that are national, or
in several regions on all networks: an outage of a whole country does not measure a cut of a
district. Of several shares of traffic or addresses lost in a place the least and the most count.

Assumptions. Links form no loop; of one that does the last link is left out. An ordered outage of a
country in the days of a national restriction is that one.

Drawbacks. Networks are not compared: evidence of single networks confirms nothing unless it names
its restriction. The absence of evidence proves nothing.

Citation. Rules of this project, docs/method.md.
"""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from audience_impact.facts.tables import PROVENANCE, Tables
from audience_impact.periods import DAY, ONE_DAY
from audience_impact.populations import country_of, parents_of
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    Cause,
    ClaimStatus,
    EndSource,
    EndStatus,
    EventRelation,
    EvidenceScope,
    EvidenceState,
    GeoScope,
    NetworkScope,
    PlatformKind,
    Severity,
)

LOST = ["least_lost_share", "most_lost_share"]
LINKED = ["restriction_id", "evidence_id", "area_id", "evidence_scope", "hours", *LOST]


def link_evidence(restrictions: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the evidence of restrictions of a scope with `first_day`, in columns LINKED."""
    evidence = tables["evidence"].drop(columns=PROVENANCE)
    begin, end = (
        pd.to_datetime(evidence[name], errors="coerce", format="ISO8601", utc=True)
        for name in ("begin", "end")
    )
    begin, end = begin.dt.tz_localize(None), end.dt.tz_localize(None)
    country = _find_countries(evidence["area_id"], tables)
    timed = evidence.assign(begin=begin, end=end, country_id=country)
    places = _list_places(restrictions, tables)
    near = timed[timed["restriction_id"] == ""].drop(columns="restriction_id")
    near = near[near["cause_kind"] == Cause.ORDER.value].merge(places, on="country_id")
    is_there = near["area_id"] == near["place_id"]
    in_area = (near["evidence_scope"] == EvidenceScope.COUNTRY.value) & near["is_of_country"]
    in_area |= (near["evidence_scope"] == EvidenceScope.REGION.value) & is_there
    overlaps = (near["end"] > near["first_day"]) & (near["begin"] < near["last_end"])
    named = timed.assign(area_id="").merge(places.drop(columns="country_id"), on="restriction_id")
    linked = pd.concat([near[in_area & overlaps], named], ignore_index=True)
    first, last = linked["first_day"] - ONE_DAY, linked["last_end"] + ONE_DAY
    start = linked["begin"].where(linked["begin"] > first, first)
    end = linked["end"].where((linked["begin"] >= first) | (linked["end"] < last), last)
    hours = ((end - start) / pd.Timedelta(hours=1)).clip(lower=0.0)
    linked["hours"] = hours.where(linked["begin"].notna())
    keys = ["restriction_id", "evidence_id"]
    return linked.drop_duplicates(keys)[LINKED].sort_values(keys, ignore_index=True)


def _list_places(restrictions: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return a row for each restriction and place; a country's outage measures `is_of_country`."""
    ended = restrictions["ended_on_end"].where(
        restrictions["end_status"] != EndStatus.ONGOING.value, pd.Timestamp.max.floor("D")
    )
    several = restrictions["geo_scope"] == GeoScope.MULTI_REGION.value
    about = restrictions[["restriction_id", "area_ids", "first_day"]].assign(
        last_end=ended.fillna(restrictions["first_day"] + ONE_DAY),
        is_of_country=(restrictions["geo_scope"] == GeoScope.NATIONAL.value)
        | (several & (restrictions["network_scope"] == NetworkScope.ALL.value)),
    )
    about = about[restrictions["severity"].eq(Severity.NETWORK_UNAVAILABLE.value).to_numpy()]
    areas = about.assign(place_id=about["area_ids"].str.split(";")).explode("place_id")
    texts = tables["restriction_places"][["restriction_id", "area_id"]]
    named = about.merge(texts.rename(columns={"area_id": "place_id"}), on="restriction_id")
    places = pd.concat([areas, named], ignore_index=True)
    return places.assign(country_id=_find_countries(places["place_id"], tables))


def _find_countries(areas: pd.Series, tables: Tables) -> "pd.Series[str]":
    parents = parents_of(tables["areas"])
    return areas.map(lambda area: country_of(area, parents)).astype("str")


def find_lost_shares(linked: pd.DataFrame) -> pd.DataFrame:
    """Return the least and most lost share by restriction and `area_id`, blank for all places."""
    of_all = linked["evidence_scope"] == EvidenceScope.COUNTRY.value
    about = linked.assign(area_id=linked["area_id"].mask(of_all, "")).dropna(subset=LOST)
    groups = about.groupby(["restriction_id", "area_id"], as_index=False)
    return groups.agg({LOST[0]: "min", LOST[1]: "max"})


with Path(__file__).with_name("measurers.csv").open(encoding="utf-8", newline="") as _file:
    MEASURERS = {row["name"]: re.compile(row["pattern"], re.I) for row in csv.DictReader(_file)}
"""Who measures networks from outside, with the pattern of their names, accounts and links."""
MEASURED = [EvidenceState.BLOCKED.value, EvidenceState.DOWN.value, EvidenceState.IMPAIRED.value]
"""States of the evidence that a measurement gives."""


def name_measurers(text: str) -> str:
    """Return the measurers that a text names, joined by `;`; blank for none."""
    return ";".join(name for name, pattern in MEASURERS.items() if pattern.search(text))


def add_measurers(tables: Tables) -> Tables:
    """Return typed facts in which each measured restriction names its measurers and their page.

    They are those of its own column, of its note, and of its source where a measurer publishes it.
    """
    rows = tables["restrictions"]
    pages = tables["sources"].set_index("source_id")[["publisher", "url"]].astype("str")
    sources = [
        pages.reindex(rows[name]).fillna("").set_axis(rows.index)
        for name in ("source_id", "also_source_id")
    ]
    words = [rows["measured_by"], rows["note"], *(page["publisher"] for page in sources)]
    first, *others = (cells.fillna("").astype("str") for cells in words)
    is_measured = rows["evidence_state"].isin(MEASURED)
    text = first.str.cat(others, sep=" ").where(is_measured, "")
    names = text.map(name_measurers).astype("str")
    url = rows["measured_url"].fillna("").astype("str")
    for page in sources:
        is_own = is_measured & (page["publisher"].map(name_measurers) != "")
        url = url.mask(is_own & (url == ""), page["url"])
    return tables | {"restrictions": rows.assign(measured_by=names, measured_url=url)}


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
RENEWAL_DAYS = 1
RECORD_DAYS = 365
NEVER = pd.Timestamp(2200, 1, 1)
SAME_ORDER = ("area_ids", "network_scope", "operators", "action", "severity")
"""Columns that are equal in the renewals of an order, beside its targets and places."""


def merge_events(tables: Tables) -> Tables:
    """Return typed facts in which each event is one restriction, its steps named, or one record."""
    merged = _merge_linked(add_measurers(tables))
    rows = _end_records(merged["restrictions"], merged)
    return merged | {"restrictions": rows.assign(continues=_find_renewed(rows, merged))}


def find_days(ids: "pd.Series[str]", days: pd.Series) -> pd.Series:
    """Return the day of each id, which the index of `days` has; NaT for others."""
    return days.reindex(ids).set_axis(ids.index).astype(DAY)


def _end_records(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    start = rows["observed_from_start"].fillna(rows["announced_on_start"])
    published = tables["sources"].set_index("source_id")["published_on_end"]
    ids = rows[["source_id", "also_source_id"]]
    pages = pd.concat([find_days(ids[name], published) for name in ids], axis=1)
    age = pages.sub(start, axis=0)
    is_near = (age > pd.Timedelta(0)) & (age <= pd.Timedelta(days=RECORD_DAYS))
    latest = pages.where(is_near).max(axis=1)
    until = latest.fillna(start.dt.normalize() + pd.offsets.YearBegin(1))
    is_open = (rows["end_status"] == EndStatus.UNKNOWN) & rows["listed_until_end"].isna()
    is_open &= until.notna()
    last = until - ONE_DAY
    ends = {"listed_until": last.dt.strftime("%Y-%m-%d"), END[-2]: last, END[-1]: until}
    return rows.assign(**{name: rows[name].mask(is_open, ends[name]) for name in ends})


def _find_renewed(rows: pd.DataFrame, tables: Tables) -> "pd.Series[str]":
    """Return the restriction that each one continues: as recorded, else the order it renews."""
    start = rows["observed_from_start"].fillna(rows["announced_on_start"])
    is_exact = rows["ended_on_end"] - rows["ended_on_start"] == ONE_DAY
    goes_on = rows["end_status"] == EndStatus.ONGOING
    end = rows["ended_on_end"].where(is_exact)
    end = end.mask(goes_on, rows["listed_until_end"].fillna(NEVER)).fillna(start)
    extent = _describe_extent(rows, tables)
    keys = rows[["restriction_id", *SAME_ORDER]].assign(start=start, end=end, **extent)
    in_order = keys[start.notna()].sort_values(["start", "end", "restriction_id"])
    orders = [in_order[name] for name in (*SAME_ORDER, "targets", "places")]
    reach = in_order.groupby(orders, dropna=False)["end"].cummax()
    holder = in_order["restriction_id"].where(in_order["end"] == reach)
    longest = pd.DataFrame({"end": reach, "holder": holder.groupby(orders, dropna=False).ffill()})
    before = longest.groupby(orders, dropna=False).shift()
    is_renewal = in_order["start"] - before["end"] <= pd.Timedelta(days=RENEWAL_DAYS)
    renewed = before["holder"].where(is_renewal).reindex(rows.index)
    return rows["continues"].mask((rows["continues"] == "") & renewed.notna(), renewed)


def _merge_linked(tables: Tables) -> Tables:
    links = choose_links(tables["event_links"])
    if links.empty:
        return tables
    restrictions = tables["restrictions"].set_index("restriction_id", drop=False)
    restrictions.index.name = None
    ids = links[["restriction_id", "other_restriction_id"]]
    links = links[ids.isin(restrictions.index).all(axis=1)]
    links = _drop_void_remainders(links, restrictions)
    merged = find_published_ids(links)
    stays = _start_remainders(_complete(restrictions, links, merged), links, merged)
    stays = stays[~stays.index.isin(merged)].reset_index(drop=True)
    stays = stays.assign(continues=stays["continues"].replace(merged))
    changed = {"event_links": links, "restrictions": stays}
    tables = tables | {"restriction_targets": _name_services(tables, merged)}
    for name in OWNED:
        is_left = tables[name]["restriction_id"].isin(merged)
        changed[name] = tables[name][~is_left].reset_index(drop=True)
    for name in ABOUT:
        ids = tables[name]["restriction_id"].replace(merged)
        changed[name] = tables[name].assign(restriction_id=ids)
    return tables | changed


def choose_links(links: pd.DataFrame) -> pd.DataFrame:
    """Return the links that merge, one for each restriction; none of a pair declared apart."""
    ids = links["restriction_id"], links["other_restriction_id"]
    pair = pd.Series([*map(frozenset, zip(*ids, strict=True))], links.index, dtype="object")
    apart = set(pair[(links["relation"] == EventRelation.APART).to_numpy(bool)])
    order = links["relation"].map({word.value: rank for rank, word in enumerate(MERGING)})
    merging = links.assign(rank=order)[order.notna() & ~pair.isin(apart)]
    merging = merging.sort_values("rank", kind="stable").drop_duplicates("restriction_id")
    return merging.drop(columns="rank").sort_values("restriction_id", ignore_index=True)


DAY_SIGNS = len("2025-08-13")
EXTENT = {"targets": ["platform_id", "feature"], "places": ["area_id", "reading", "name"]}
"""Columns that say what a restriction is of, by the end of the name of their table."""
EXTENDED = ["area_ids", "network_scope", "operators"]
RECORDED = [*EXTENDED, "observed_from", "announced_on"]
"""Columns of a restriction that are equal where one event is recorded twice."""
REPEAT_DAYS = 7
"""Days from one start to the next within which pages may mean one event."""
ACTS_OF_A_PAGE = 3
"""Restrictions of a page above which it is a register: it may report them years later, and lists
other events on other days."""


def find_repeats(tables: Tables) -> pd.DataFrame:
    """Return the restrictions that repeat an earlier row under another id.

    They have the same areas, places, networks, operators and targets and began on the same known
    day, or within REPEAT_DAYS before the other ended, and no link says how the two are related.
    Each is compared with the first such row, which is in the columns `other_id` and `other_line`
    beside those of `restrictions`; `other_from` is its first day.
    """
    rows = tables["restrictions"]
    linked_ids = choose_links(tables["event_links"])["restriction_id"]
    start = rows["observed_from"].where(rows["observed_from"] != "", rows["announced_on"])
    rows = rows[(start.str.len() == DAY_SIGNS) & ~rows["restriction_id"].isin(linked_ids)]
    rows = rows[rows.duplicated(EXTENDED, keep=False)]
    keys = rows[RECORDED].assign(**_describe_extent(rows, tables))
    keys = keys[keys["targets"].notna()]
    numbers = keys.groupby([*keys], sort=False, dropna=False).ngroup()
    firsts = numbers.drop_duplicates()
    others = numbers.map(pd.Series(firsts.index, firsts))
    others = others.where(others != others.index, _find_near_starts(rows, keys))
    others = others.dropna()
    about = rows.loc[others].set_axis(others.index)
    repeats = rows.loc[others.index].assign(
        other_id=about["restriction_id"],
        other_line=about["row_line"],
        other_from=start[others].set_axis(others.index),
    )
    links = tables["event_links"]
    pairs = {*zip(links["restriction_id"], links["other_restriction_id"], strict=True)}
    pairs |= {pair[::-1] for pair in pairs}
    ids = [*zip(repeats["restriction_id"], repeats["other_id"], strict=True)]
    is_known = [first == repeat or (first, repeat) in pairs for first, repeat in ids]
    return repeats[~np.array(is_known, bool) & (repeats["continues"] != repeats["other_id"])]


def _find_near_starts(rows: pd.DataFrame, keys: pd.DataFrame) -> pd.Series:
    """Return the row, not both of registers, that began just before and had not ended; else NaN."""
    start = rows["observed_from_start"].fillna(rows["announced_on_start"])
    extent = [*EXTENDED, *EXTENT]
    ordered = keys[extent].assign(
        start=start,
        end=rows["ended_on_end"],
        place=rows.index.to_series(),
        is_register=rows["source_id"].map(rows["source_id"].value_counts()) > ACTS_OF_A_PAGE,
    )
    ordered = ordered.sort_values("start", kind="stable")
    before = ordered.groupby(extent, dropna=False)[["start", "end", "place", "is_register"]].shift()
    is_near = ordered["start"] - before["start"] <= pd.Timedelta(days=REPEAT_DAYS)
    is_near &= before["end"].isna() | (before["end"] > ordered["start"])
    is_near &= ~(ordered["is_register"] & before["is_register"].eq(True))
    return before["place"].where(is_near)


def _describe_extent(restrictions: pd.DataFrame, tables: Tables) -> dict[str, pd.Series]:
    """Return the targets and the places of each restriction as one text; NaN without any."""
    ids, texts = restrictions["restriction_id"], {}
    for name, columns in EXTENT.items():
        rows = tables[f"restriction_{name}"]
        rows = rows[rows["restriction_id"].isin(ids)].sort_values(columns)
        cells: dict[str, list[str]] = {}
        for restriction_id, *of_row in rows[["restriction_id", *columns]].itertuples(index=False):
            cells.setdefault(restriction_id, []).append("|".join(of_row))
        texts[name] = ids.map({key: ";".join(row) for key, row in cells.items()})
    return texts


def find_published_ids(links: pd.DataFrame) -> dict[str, str]:
    """Return the id of each merged restriction: the last of a chain, the least of a loop."""
    merging = links[links["relation"] != EventRelation.REMAINDER]
    direct = dict(zip(merging["restriction_id"], merging["other_restriction_id"], strict=True))
    published = {}
    for name in direct:
        seen = [name]
        while (following := direct.get(seen[-1])) and following not in seen:
            seen.append(following)
        published[name] = min(seen[seen.index(following) :]) if following else seen[-1]
    return {name: last for name, last in published.items() if last != name}


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


def _find_first(beside: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return cells of the first event merged with each restriction, which is in `published`."""
    return beside.drop_duplicates("published").set_index("published")[columns]


def _complete(
    restrictions: pd.DataFrame, links: pd.DataFrame, merged: Mapping[str, str]
) -> pd.DataFrame:
    beside = restrictions.loc[list(merged)].assign(published=list(merged.values()))
    ends = beside.assign(
        is_exact=beside["ended_on_end"] - beside["ended_on_start"] == ONE_DAY,
        is_over=beside["end_status"] == EndStatus.ENDED,
    )
    is_stated = beside["ended_on_end"].notna() | (beside["end_status"] == EndStatus.ONGOING)
    order = ["is_exact", "is_over", "ended_on_end"]
    ends = ends[is_stated].sort_values(order, ascending=False, kind="stable")
    ends = _find_first(ends, [*END, "is_exact"])
    frame = restrictions.copy()
    is_unknown = frame["end_status"] == EndStatus.UNKNOWN
    is_vague = frame["end_source"] == EndSource.NOT_LISTED_LATER
    is_better = frame.index.isin(ends.index[ends["is_exact"]])
    unknown = frame.index[is_unknown | (is_vague & is_better)].intersection(ends.index)
    frame.loc[unknown, END] = ends.loc[unknown, END]
    hours = _find_hours(beside, frame)
    frame.loc[hours.index, HOURS] = hours
    frame = _note_other_ends(_take_claims(frame, beside), restrictions, beside)
    split_ids = links.loc[links["relation"] == EventRelation.OTHER_NETWORKS, "restriction_id"]
    frame.loc[frame.index.isin(split_ids.map(merged)), "network_scope"] = NetworkScope.ALL.value
    added = _find_first(beside, ["source_id"])["source_id"].reindex(frame.index)
    is_new = (frame["also_source_id"] == "") & added.notna() & (added != frame["source_id"])
    frame["also_source_id"] = frame["also_source_id"].mask(is_new, added)
    return frame


CLAIMED = ["authority", "legal_basis", "stated_reason", "is_ordered", "measured_url"]
"""Columns that say who did it, why, and where it was measured."""
WEAK = [EvidenceState.INSUFFICIENT, EvidenceState.LIKELY_BLOCKED]


def _take_claims(restrictions: pd.DataFrame, beside: pd.DataFrame) -> pd.DataFrame:
    """Return restrictions with the best claim of all rows, who ordered it, and all measurers."""
    mine = restrictions.reindex(beside["published"]).set_axis(beside.index)
    # A fact that says less than a register outranks it.
    is_official = (beside["claim_status"] == ClaimStatus.OFFICIAL) & (
        (mine["claim_status"] == ClaimStatus.OFFICIAL) | (mine["source_id"] == beside["source_id"])
    )
    ordered = beside.assign(order=~is_official).sort_values("order", kind="stable")
    frame = restrictions.copy()
    raised = frame.index.isin(beside.loc[is_official, "published"])
    raised &= (frame["claim_status"] == ClaimStatus.REPORTED).to_numpy()
    frame.loc[raised, "claim_status"] = ClaimStatus.OFFICIAL.value
    for name in CLAIMED:
        filled = ordered[ordered[name].fillna("") != ""]
        cells = _find_first(filled, [name])[name].reindex(frame.index)
        frame[name] = frame[name].mask(frame[name].fillna("").eq("") & cells.notna(), cells)
    harmed = restrictions["cause"].isin([Cause.ATTACK, Cause.DAMAGE])  # no order, by the fact
    frame["is_ordered"] = frame["is_ordered"].mask(harmed, restrictions["is_ordered"])
    measured = beside[beside["measured_by"] != ""]
    states = _find_first(measured, ["evidence_state"])["evidence_state"]
    is_weak = frame["evidence_state"].isin(WEAK)
    weak = frame.index[is_weak].intersection(states.index)
    frame.loc[weak, "evidence_state"] = states[weak].to_numpy()
    names = measured.groupby("published")["measured_by"].agg(";".join)
    names = frame["measured_by"] + ";" + names.reindex(frame.index, fill_value="")
    return frame.assign(measured_by=names.map(name_measurers).astype("str"))


OTHER_END = ["other_ended_on", "other_end_status", "other_end_source_id"]
END_DAYS = 3
"""Days between two ends above which sources disagree about the end."""


def _note_other_ends(
    frame: pd.DataFrame, restrictions: pd.DataFrame, beside: pd.DataFrame
) -> pd.DataFrame:
    """Return `frame` with the end of another source, where none agrees with `restrictions`' own."""
    mine = restrictions.loc[beside["published"]].set_axis(beside.index)
    stated = [rows["ended_on_end"].notna() for rows in (mine, beside)]
    goes_on = [rows["end_status"] == EndStatus.ONGOING for rows in (mine, beside)]
    before = (mine["ended_on_start"] - beside["ended_on_end"]).dt.days + 1
    after = (beside["ended_on_start"] - mine["ended_on_end"]).dt.days + 1
    is_far = pd.concat([before, after], axis=1).max(axis=1) > END_DAYS
    differs = (goes_on[0] & stated[1]) | (stated[0] & goes_on[1]) | is_far
    says = (stated[0] | goes_on[0]) & (stated[1] | goes_on[1])
    says &= (mine["source_id"] != beside["source_id"]).to_numpy()
    says &= beside["end_source"] != EndSource.NOT_LISTED_LATER  # that is ours, and no statement
    rows = beside[says].assign(differs=differs[says])
    rows = rows[rows.groupby("published")["differs"].transform("all").astype(bool)]
    rows = rows.sort_values("ended_on_end", kind="stable").drop_duplicates("published", keep="last")
    cells = rows.set_index("published")[["ended_on", "end_status", "source_id"]]
    return frame.assign(**cells.set_axis(OTHER_END, axis=1).reindex(frame.index))


def _name_services(tables: Tables, merged: Mapping[str, str]) -> pd.DataFrame:
    """Return targets in which services of a merged event replace a group ("social media")."""
    targets, platforms = tables["restriction_targets"], tables["platforms"]
    is_unlisted = (platforms["kind"] == PlatformKind.GROUP) & (platforms["member_ids"] == "")
    is_group = targets["platform_id"].isin(platforms.loc[is_unlisted, "platform_id"])
    is_service = ~is_group & (targets["platform_id"] != WHOLE_INTERNET)
    vague = {*targets["restriction_id"][is_group]} - {*targets["restriction_id"][~is_group]}
    named = is_service.groupby(targets["restriction_id"]).all()
    named_ids = {*named.index[named]}
    taken = {name: last for name, last in merged.items() if name in named_ids and last in vague}
    changed = targets[~targets["restriction_id"].isin(taken.values())]
    return changed.assign(restriction_id=changed["restriction_id"].replace(taken))


def _find_hours(beside: pd.DataFrame, restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return HOURS for restrictions without hours, from merged events of the same days and action.

    The hours of a nightly cut say nothing of a block of the same days.
    """
    is_blank = restrictions[HOURS].isin(["", None]) | restrictions[HOURS].isna()
    stays = restrictions[is_blank.all(axis=1)]
    same = ["observed_from", "ended_on", "action"]
    rows = beside[beside["least_hours_a_day"].notna() & beside["published"].isin(stays.index)]
    is_same = (rows[same].to_numpy() == stays.loc[rows["published"], same].to_numpy()).all(axis=1)
    return _find_first(rows[is_same], HOURS)


def _start_remainders(
    restrictions: pd.DataFrame, links: pd.DataFrame, merged: Mapping[str, str]
) -> pd.DataFrame:
    remainders = links[links["relation"] == EventRelation.REMAINDER].set_index("restriction_id")
    published_ids = remainders["other_restriction_id"].replace(dict(merged))
    first_day = published_ids.map(restrictions["ended_on_end"])
    frame, ids = restrictions.copy(), published_ids.index
    frame.loc[ids, "observed_from_start"] = first_day
    frame.loc[ids, "observed_from_end"] = first_day + ONE_DAY
    frame.loc[ids, "observed_from"] = first_day.dt.strftime("%Y-%m-%d")
    frame.loc[ids, ["announced_on_start", "announced_on_end"]] = pd.NaT
    frame.loc[ids, "announced_on"] = ""
    frame.loc[ids, "continues"] = published_ids
    return frame
