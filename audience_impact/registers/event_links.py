"""Links between restrictions that record one event: of a register with facts, and among themselves.

Definitions. A record is a restriction with its targets and days. An event of a register is linked
to the same restriction entered by hand, or to another event of the register under another identity:
an identity is what the cells say (`register.Record`), so two rows of one event that differ in a
cell are two events. Both stay in the layer: which of them is published is decided by the links
(facts/events.py), so that an id never depends on a reading. The areas of a union (`areas.members`)
stand for the union, and a group of services has its members in common with another event. One event
lies in another where each of its areas is an area, or lies in an area, of which the other means the
whole.

A restriction entered by hand
-----------------------------
The same country, starts at most seven days apart, and a service in common (the whole internet
counts as one); where both name regions, one of them in common. Each event of the register is linked
to the restriction with the nearest start and, among those, with most services in common. Their
differences are recorded in the link. The pair is one event (`EventRelation`) where both name the
same areas and were in force on one day or began on consecutive days, or where the areas of one lie
in those of the other and both began on one day, known to the day, or on consecutive ones. An event
of several areas is also one with its restriction where each of its areas has a restriction entered
by hand that was in force on one of its days: it is recorded in parts. Any other pair is near and no
more: a season of many events is not one of them, and an outage of two days before is another event.

Two events of a register
------------------------
They match where they are in the same countries, the services of one are among those of the other,
and neither is about operators that the other leaves out. Services may also differ where one is of
the whole internet, its `extent_reason` says that this is doubtful, and the two have a source in
common. Of two that began on one day:
same place: the same areas, and networks of which one set has the other. The newest edition stands,
then what ended last.
place in place: one lies in the other, its networks are among those of the other, and it is no
harder (a cut within a slowdown is another event). The wider stands; where a later edition alone has
the narrower and the wider never ended, the narrower replaces it.
same sources: an address of a source in common, and areas of one in areas of the other. As above.
Of two that began on different days:
start corrected: the same areas and networks, starts at most START_DAYS apart, the earlier edition
does not know the end, and the other was first recorded after the year in which it began.
within its days: the same areas, networks and services among those of the earlier, no harder, and
both ends known: what is cut is not cut again. An order from the day on which another ended is one
of its own.
Where the narrower went on after the wider ended, it is what was left of it: a remainder.

Assumptions. A register has no two orders for one place and kind on one day.

Known drawbacks. Two protests that were met with one order each on one day in a state and in one of
its districts are one event.

Citation. Rules of this project, docs/method.md.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from audience_impact import periods
from audience_impact.periods import ONE_DAY
from audience_impact.populations import NOWHERE, is_region, with_holders
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    EndStatus,
    EventRelation,
    NetworkScope,
    PlaceReading,
    Severity,
)

WINDOW_DAYS, START_DAYS = 7, 14
EXACT_DAYS = 2
"""A start of at most so many days is known to the day."""
RULE = f"same country, starts at most {WINDOW_DAYS} days apart, a service in common"
PART = re.compile(r"(-[0-9a-f]{6,})-\d$")
"""The number of a part at the end of an id."""
RULES = SAME_SOURCES, SAME_PLACE, PLACE_IN_PLACE, START_CORRECTED, WITHIN_ITS_DAYS = (
    "one start, a source in common, the areas of one within those of the other",
    "one start, the same areas and networks",
    "one start, the areas of one within those of the other",
    "the same areas, a start that a later edition corrects",
    "the same areas and networks, within the days of the other",
)
"""Rules by which two events of a register are linked, the strongest first."""
SLOWED = {Severity.IMPAIRED, Severity.SERVICE_IMPAIRED}
COMPARED = {
    "start": ("observed_from", "announced_on"),
    "end": ("ended_on",),
    "end status": ("end_status",),
    "areas": ("area_ids",),
    "scope": ("geo_scope",),
    "networks": ("network_scope",),
}
"""Columns that a link compares, by their word; the first that is filled counts."""

Row = Mapping[str, str]
Members = Mapping[str, Sequence[str]]
"""The areas of each union of areas, or the services of each group, by its id."""
NO_MEMBERS: Members = {}
NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class EventRecord:
    """One restriction as a source records it, with further information from the rows of a register.

    `starts` are the days on which it may have begun; `chains` has each area with all that contain
    it; `services` are the members of the groups among its `platforms`. Of a register are
    `whole_areas`, which are affected as a whole, the years of its editions, the addresses of its
    sources, and the number of informative cells.
    """

    restriction_id: str
    area_ids: frozenset[str]
    starts: tuple[tuple[pd.Timestamp, pd.Timestamp], ...]
    platforms: frozenset[str]
    features: frozenset[str]
    row: Row
    chains: tuple[frozenset[str], ...] = ()
    services: frozenset[str] = NONE
    whole_areas: frozenset[str] = NONE
    first_year: str = ""
    newest_year: str = ""
    sources: frozenset[str] = NONE
    filled_cells: int = 0

    @property
    def holders(self) -> frozenset[str]:
        """Return the areas and all that contain them."""
        return NONE.union(*self.chains)

    @property
    def start(self) -> pd.Timestamp:
        """Return the first day on which the event may have begun."""
        return min(self.starts)[0]

    @property
    def end_span(self) -> tuple[pd.Timestamp, pd.Timestamp] | None:
        """Return the days on which the event may have ended, or None if no end is recorded."""
        return periods.parse_period(self.row["ended_on"]) if self.row["ended_on"] else None

    @property
    def last_day(self) -> pd.Timestamp | None:
        """Return the last day in force: Timestamp.max for an ongoing event, None if it is unknown.

        An end that is known only to within more than EXACT_DAYS days counts as unknown.
        """
        if self.row["end_status"] == EndStatus.ONGOING:
            return pd.Timestamp.max
        span = self.end_span
        is_exact = span is not None and span[1] - span[0] <= EXACT_DAYS * ONE_DAY
        return span[1] - ONE_DAY if span and is_exact else None

    @property
    def end_order(self) -> pd.Timestamp:
        """Return the last day in force, or the first where no end is known."""
        return self.last_day or self.start

    @property
    def country_ids(self) -> frozenset[str]:
        """Return the countries of the event's areas."""
        return frozenset(area for area in self.holders if not is_region(area))

    @property
    def networks(self) -> str:
        """Return the access networks of the event."""
        return self.row["network_scope"]

    @property
    def row_id(self) -> str:
        """Return the id without the number of a part, which is that of the divided row."""
        return PART.sub(r"\1", self.restriction_id)

    def shares_services(self, candidate: "EventRecord") -> bool:
        """Return whether events have a platform in common, members of their groups included."""
        ours = self.platforms | self.services
        return bool(ours & (candidate.platforms | candidate.services))

    def lies_in(self, areas: frozenset[str]) -> bool:
        """Return whether each area of the event is one of these or lies in one."""
        return all(areas & chain for chain in self.chains)


def event_records(
    restrictions: Sequence[Row],
    targets: Sequence[Row],
    parents: Mapping[str, str] = NOWHERE,
    members: Members = NO_MEMBERS,
    services: Members = NO_MEMBERS,
) -> list[EventRecord]:
    """Return restrictions with their targets and the days on which they may have begun.

    `parents` names the area that contains each area, `members` the areas of each union, `services`
    the services of each group.
    """
    targets_by_id: dict[str, list[Row]] = {}
    for target in targets:
        targets_by_id.setdefault(target["restriction_id"], []).append(target)
    records = []
    for row in restrictions:
        starts = (row["observed_from"], row["announced_on"])
        mine = targets_by_id.get(row["restriction_id"], [])
        area_ids = list_members(row["area_ids"], members)
        platforms = frozenset(target["platform_id"] for target in mine)
        records.append(
            EventRecord(
                row["restriction_id"],
                area_ids,
                tuple(span for day in starts if day and (span := periods.parse_period(day))),
                platforms,
                frozenset(target["feature"] for target in mine),
                row,
                tuple(frozenset(with_holders(area, parents)) for area in area_ids),
                frozenset(part for group in platforms for part in services.get(group, ())),
            )
        )
    return records


def list_members(cell: str, members: Members) -> frozenset[str]:
    """Return the areas of a cell, the members of a union in its place."""
    return frozenset(part for area in cell.split(";") for part in members.get(area) or (area,))


def days_apart(first: EventRecord, second: EventRecord) -> int | None:
    """Return the days between two starts, 0 if they may coincide; None if a start is unknown."""
    gaps = [
        max((start - (other_end - ONE_DAY)).days, (other_start - (end - ONE_DAY)).days, 0)
        for start, end in first.starts
        for other_start, other_end in second.starts
    ]
    return min(gaps, default=None)


def _has_common_area(first: EventRecord, second: EventRecord) -> bool:
    """Return whether the events share a country, or one area is in an area of the other."""
    if first.country_ids & second.country_ids & (first.area_ids | second.area_ids):
        return True
    mine, theirs = first.area_ids & second.holders, second.area_ids & first.holders
    return any(is_region(area) for area in mine | theirs)


def _share_a_day(first: EventRecord, second: EventRecord) -> bool:
    """Return whether both may have been in force on one day, or began on consecutive days."""
    if (days_apart(first, second) or 0) <= 1:
        return True
    earlier, later = sorted((first, second), key=lambda event: min(event.starts))
    span = earlier.end_span
    last = span[1] - ONE_DAY if span else earlier.last_day
    return last is not None and last >= later.start


def relate_to_record(event: EventRecord, candidate: EventRecord) -> EventRelation:
    """Return the relation of a linked event of a register to the restriction entered by hand."""
    if event.area_ids == candidate.area_ids:
        is_one = _share_a_day(event, candidate)
    else:
        spans = (*event.starts, *candidate.starts)
        is_one = (
            (event.lies_in(candidate.area_ids) or candidate.lies_in(event.area_ids))
            and (days_apart(event, candidate) or 0) <= 1
            and all(end - start <= EXACT_DAYS * ONE_DAY for start, end in spans)
        )
    return EventRelation.ONE_EVENT if is_one else EventRelation.NEAR


def is_recorded_in_parts(event: EventRecord, others: Sequence[EventRecord]) -> bool:
    """Return whether each of several areas of an event has a restriction on one of its days.

    `others` are restrictions of the same country with a service in common.
    """
    parts = [
        candidate.area_ids
        for candidate in others
        if candidate.area_ids <= event.area_ids and _share_a_day(event, candidate)
    ]
    return len(event.area_ids) > 1 and NONE.union(*parts) == event.area_ids


def describe_disagreements(first: EventRecord, second: EventRecord) -> str:
    """Return the differences between two records of an event, the register's cells first."""
    differences = []
    for name, columns in COMPARED.items():
        mine, theirs = (
            next((event.row[column] for column in columns if event.row[column]), "none")
            for event in (first, second)
        )
        if mine != theirs:
            differences.append(f"{name}: {mine}, the other {theirs}")
    for name, ours, others in (
        ("services", first.platforms, second.platforms),
        ("features", first.features, second.features),
    ):
        if ours != others:
            mine, theirs = (
                ",".join(sorted(ids)) or "none" for ids in (ours - others, others - ours)
            )
            differences.append(f"{name}: {mine} here alone, {theirs} in the other alone")
    return "; ".join(differences)


def link_events(
    register: Sequence[EventRecord], others: Sequence[EventRecord], source_id: str
) -> list[dict[str, str]]:
    """Return rows of `event_links`: each event of the register and the nearest other event."""
    by_country: dict[str, list[EventRecord]] = {}
    for candidate in others:
        for country in sorted(candidate.country_ids):
            by_country.setdefault(country, []).append(candidate)
    rows = []
    for event in register:
        beside = [
            candidate
            for country in sorted(event.country_ids)
            for candidate in by_country.get(country, [])
            if event.shares_services(candidate) and _has_common_area(event, candidate)
        ]
        near = [
            (days, -len(event.platforms & candidate.platforms), candidate.restriction_id, candidate)
            for candidate in beside
            if (days := days_apart(event, candidate)) is not None and days <= WINDOW_DAYS
        ]
        if near:
            best = min(near, key=lambda pair: pair[:3])[3]
            relation = relate_to_record(event, best)
            if is_recorded_in_parts(event, beside):
                relation = EventRelation.ONE_EVENT
            rows.append(_link_row(event, best, relation, RULE, source_id))
    return rows


def _link_row(
    event: EventRecord, stays: EventRecord, relation: EventRelation, rule: str, source_id: str
) -> dict[str, str]:
    """Return a row of `event_links`: `event` is published under `stays`, or near it."""
    return {
        "restriction_id": event.restriction_id,
        "other_restriction_id": stays.restriction_id,
        "rule": rule,
        "disagreements": describe_disagreements(event, stays),
        "source_id": source_id,
        "relation": relation.value,
    }


def list_addresses(cell: str) -> frozenset[str]:
    """Return the addresses in a cell of sources."""
    return frozenset(part for part in re.split(r"[;,\s]+", cell) if part.startswith("http"))


def read_partial_areas(places: Sequence[Row]) -> dict[str, set[str]]:
    """Return the areas of which each restriction affects a part, from `restriction_places`.

    If a city or its district may be meant, the district is used, because registers mean it more
    often.
    """
    partial: dict[str, set[str]] = {}
    for place in places:
        if place["reading"] == PlaceReading.WITHIN:
            partial.setdefault(place["restriction_id"], set()).add(place["area_id"])
    return partial


Link = tuple[EventRecord, EventRecord, EventRelation, str]
"""Event that is published under another event, that other event, their relation, and the rule."""


def link_duplicates(recorded: Sequence[EventRecord], source_id: str) -> list[dict[str, str]]:
    """Return rows of `event_links` between events of one register, at most one per event."""
    links = [link for pair in _list_candidates(recorded) if (link := _relate(*pair))]
    best: dict[str, Link] = {}
    for link in sorted(links, key=_link_order):
        best.setdefault(link[0].restriction_id, link)
    return [_link_row(*link, source_id) for _, link in sorted(best.items())]


def _link_order(link: Link) -> tuple[bool, int, str]:
    """Return the sort key of an event's links: `one_event` before `remainder`, then by rule."""
    _, stays, relation, rule = link
    return relation is EventRelation.REMAINDER, RULES.index(rule), stays.restriction_id


def _list_candidates(recorded: Sequence[EventRecord]) -> Iterable[tuple[EventRecord, EventRecord]]:
    """Return pairs in the same countries that began on one day, or have the same areas."""
    groups: dict[tuple[object, ...], list[EventRecord]] = {}
    for event in recorded:
        groups.setdefault((event.country_ids, event.start), []).append(event)
        groups.setdefault(("areas", event.area_ids), []).append(event)
    for key, members in groups.items():
        for first, second in combinations(members, 2):
            if (first.start == second.start) == (key[0] != "areas"):
                yield first, second


def _relate(first: EventRecord, second: EventRecord) -> Link | None:
    if not _match(first, second):
        return None
    if first.start != second.start:
        return _relate_corrected(first, second) or _relate_contained(first, second)
    if first.area_ids == second.area_ids:
        return _relate_same_place(first, second)
    for inner, outer in ((first, second), (second, first)):
        if rule := _nesting_rule(inner, outer):
            return _relate_nested(inner, outer, rule)
    return None


def _match(first: EventRecord, second: EventRecord) -> bool:
    """Return whether services and operators allow that two events are the same.

    Parts of a divided row are different events.
    """
    if first.row_id == second.row_id:
        return False
    mine, theirs = first.platforms, second.platforms
    ours, others = ({*event.row["operators"].split(";")} - {""} for event in (first, second))
    is_one_operator = not ours or not others or bool(ours & others)
    is_doubtful = any(
        WHOLE_INTERNET in event.platforms and event.row.get("extent_reason")
        for event in (first, second)
    )
    are_alike = mine <= theirs or theirs <= mine
    return is_one_operator and (are_alike or bool(is_doubtful and first.sources & second.sources))


def _has_networks(outer: EventRecord, inner: EventRecord) -> bool:
    """Return whether an event has all networks of another one; unknown networks may be any."""
    names = (outer.networks, inner.networks)
    return outer.networks in (inner.networks, NetworkScope.ALL) or NetworkScope.UNKNOWN in names


def _rank(recorded: EventRecord) -> tuple[str, pd.Timestamp, int, str]:
    order = (recorded.newest_year, recorded.end_order, recorded.filled_cells)
    return *order, recorded.restriction_id


def _relate_same_place(first: EventRecord, second: EventRecord) -> Link | None:
    lesser, stays = sorted((first, second), key=_rank)
    if _has_networks(lesser, stays) or _has_networks(stays, lesser):
        return lesser, stays, EventRelation.ONE_EVENT, SAME_PLACE
    return None


def _nesting_rule(inner: EventRecord, outer: EventRecord) -> str:
    if not inner.lies_in(outer.area_ids):
        return ""
    if inner.sources & outer.sources:
        return SAME_SOURCES
    is_within = inner.lies_in(outer.whole_areas) and _is_among(inner, outer)
    return PLACE_IN_PLACE if is_within else ""


def _is_among(inner: EventRecord, outer: EventRecord) -> bool:
    """Return whether an event has only networks of another one, and is at most as severe."""
    is_harder = outer.row["severity"] in SLOWED and inner.row["severity"] not in SLOWED
    return _has_networks(outer, inner) and not is_harder


def _relate_nested(inner: EventRecord, outer: EventRecord, rule: str) -> Link:
    last = outer.last_day
    is_over = outer.row["end_status"] == EndStatus.ENDED and last is not None
    if is_over and inner.end_order > last:
        return inner, outer, EventRelation.REMAINDER, rule
    if inner.first_year > outer.newest_year and not is_over:
        return outer, inner, EventRelation.ONE_EVENT, rule
    return inner, outer, EventRelation.ONE_EVENT, rule


def _relate_corrected(first: EventRecord, second: EventRecord) -> Link | None:
    earlier, later = sorted((first, second), key=lambda event: event.first_year)
    is_corrected = (
        later.first_year > earlier.newest_year
        and later.start.year < int(later.first_year)
        and abs(later.start - earlier.start) <= START_DAYS * ONE_DAY
        and earlier.last_day in (None, pd.Timestamp.max)
        and _has_networks(later, earlier)
    )
    return (earlier, later, EventRelation.ONE_EVENT, START_CORRECTED) if is_corrected else None


def _relate_contained(first: EventRecord, second: EventRecord) -> Link | None:
    outer, inner = sorted((first, second), key=lambda event: event.start)
    last, inner_last = outer.last_day, inner.last_day
    is_contained = (
        last is not None
        and inner_last is not None
        and inner.start < last >= inner_last
        and outer.whole_areas >= outer.area_ids
        and inner.platforms <= outer.platforms
        and _is_among(inner, outer)
    )
    return (inner, outer, EventRelation.ONE_EVENT, WITHIN_ITS_DAYS) if is_contained else None
