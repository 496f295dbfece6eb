"""Links between restrictions that record one event: of a register with facts, and among themselves.

Definitions. A record is a restriction with its targets and days. Two rows on one event that differ
in a cell of their identity (`register.Record`) become two events; both stay in the layer, and links
decide which of them is published (facts/events.py), so that an id never depends on a reading. The
areas of a union (`areas.members`) stand for the union, and a group for its services.

Method. A restriction entered by hand is linked where it is of the same country, began at most seven
days apart and has a service in common (the whole internet counts as one), and, where both name
regions, one of these in common. The nearest start counts and, among those, the most services in
common. The pair is one event (`EventRelation`) where both name the same areas and were in force on
one day or began on consecutive days, or where the areas of one lie in those of the other and both
began, known to the day, on one day or on consecutive ones. An event of several areas is also one
with its restriction where each area has a restriction entered by hand that was in force on one of
its days. Any other pair is near and no more.

Two events of a register are one where they began on one day in the same areas, the services of one
are among those of the other, neither is about operators that the other leaves out, and the networks
of one include those of the other. The newest edition stands, then what ended last. A link that a
reader of the texts entered (`Register.links`) is taken as it is.

Assumptions. A register has no two orders for one place and kind on one day.

Known drawbacks. Two events of a register that differ in the areas or in the start are linked only
where the links of the register list them.

Citation. Rules of this project, docs/method.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from audience_impact import periods
from audience_impact.periods import ONE_DAY
from audience_impact.populations import NOWHERE, with_holders
from audience_impact.vocabulary import EndStatus, EventRelation, NetworkScope

WINDOW_DAYS = 7
EXACT_DAYS = 2
"""A start of at most so many days is known to the day."""
RULE = f"same country, starts at most {WINDOW_DAYS} days apart, a service in common"
SAME_PLACE = "one start, the same areas and networks"
COMPARED = {
    "start": ("observed_from", "announced_on"),
    "end": ("ended_on",),
    "end status": ("end_status",),
    "areas": ("area_ids",),
    "scope": ("geo_scope",),
    "networks": ("network_scope",),
}
"""Columns that a link compares, by their word; the first that is filled counts."""
PAIR = ("restriction_id", "other_restriction_id")
Row = Mapping[str, str]
Members = Mapping[str, Sequence[str]]
"""The areas of each union of areas, or the services of each group, by its id."""
NO_MEMBERS: Members = {}


@dataclass(frozen=True)
class EventRecord:
    """One restriction as a source records it.

    `starts` are the days on which it may have begun; `chains` has each area with all that contain
    it; `services` are its `platforms` and the members of the groups among them.
    """

    row: Row
    area_ids: frozenset[str]
    chains: tuple[frozenset[str], ...]
    starts: tuple[tuple[pd.Timestamp, pd.Timestamp], ...]
    platforms: frozenset[str]
    services: frozenset[str]
    features: frozenset[str]

    @property
    def restriction_id(self) -> str:
        """Return the id of the restriction."""
        return self.row["restriction_id"]

    @property
    def last_day(self) -> pd.Timestamp | None:
        """Return the last possible day in force, Timestamp.max if ongoing, None if unknown."""
        if self.row["end_status"] == EndStatus.ONGOING:
            return pd.Timestamp.max
        span = periods.parse_period(self.row["ended_on"]) if self.row["ended_on"] else None
        return span[1] - ONE_DAY if span else None

    def holds_part_of(self, candidate: "EventRecord") -> bool:
        """Return whether an area of the other event is one of these or lies in one."""
        return any(self.area_ids & chain for chain in candidate.chains)

    def holds(self, candidate: "EventRecord") -> bool:
        """Return whether each area of the other event is one of these or lies in one."""
        return all(self.area_ids & chain for chain in candidate.chains)


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
        starts = (row["observed_from"], row.get("announced_on", ""))
        mine = targets_by_id.get(row["restriction_id"], [])
        platforms = frozenset(target["platform_id"] for target in mine)
        area_ids = frozenset(
            part for area in row["area_ids"].split(";") for part in members.get(area) or (area,)
        )
        records.append(
            EventRecord(
                row,
                area_ids,
                chains=tuple(frozenset(with_holders(area, parents)) for area in area_ids),
                starts=tuple(span for day in starts if day and (span := periods.parse_period(day))),
                platforms=platforms,
                services=platforms.union(*(services.get(group, ()) for group in platforms)),
                features=frozenset(target["feature"] for target in mine),
            )
        )
    return records


def days_apart(first: EventRecord, second: EventRecord) -> int | None:
    """Return the days between two starts, 0 if they may coincide; None if a start is unknown."""
    gaps = [
        max((start - (other_end - ONE_DAY)).days, (other_start - (end - ONE_DAY)).days, 0)
        for start, end in first.starts
        for other_start, other_end in second.starts
    ]
    return min(gaps, default=None)


def _share_a_day(first: EventRecord, second: EventRecord) -> bool:
    """Return whether both may have been in force on one day, or began on consecutive days."""
    if (days_apart(first, second) or 0) <= 1:
        return True
    earlier, later = sorted((first, second), key=lambda event: min(event.starts))
    return earlier.last_day is not None and earlier.last_day >= min(later.starts)[0]


def relate_to_record(
    event: EventRecord, candidate: EventRecord, others: Sequence[EventRecord]
) -> EventRelation:
    """Return how an event relates to a restriction entered by hand; `others` are all around it."""
    parts = [
        part.area_ids
        for part in others
        if part.area_ids <= event.area_ids and _share_a_day(event, part)
    ]
    is_in_parts = len(event.area_ids) > 1 and set[str]().union(*parts) == event.area_ids
    if is_in_parts or event.area_ids == candidate.area_ids:
        is_one = is_in_parts or _share_a_day(event, candidate)
    else:
        spans = (*event.starts, *candidate.starts)
        is_one = (
            (candidate.holds(event) or event.holds(candidate))
            and (days_apart(event, candidate) or 0) <= 1
            and all(end - start <= EXACT_DAYS * ONE_DAY for start, end in spans)
        )
    return EventRelation.ONE_EVENT if is_one else EventRelation.NEAR


def describe_disagreements(first: EventRecord, second: EventRecord) -> str:
    """Return the differences between two records of an event, the register's cells first."""
    differences = []
    for name, columns in COMPARED.items():
        mine, theirs = (
            next((cell for column in columns if (cell := event.row.get(column))), "none")
            for event in (first, second)
        )
        if mine != theirs:
            differences.append(f"{name}: {mine}, the other {theirs}")
    for name, ours, others in (
        ("services", first.platforms, second.platforms),
        ("features", first.features, second.features),
    ):
        if ours != others:
            alone = ours - others, others - ours
            mine, theirs = (",".join(sorted(ids)) or "none" for ids in alone)
            differences.append(f"{name}: {mine} here alone, {theirs} in the other alone")
    return "; ".join(differences)


def link_events(
    register: Sequence[EventRecord], others: Sequence[EventRecord]
) -> list[dict[str, str]]:
    """Return rows of `event_links`: each event of the register and the nearest other event."""
    rows = []
    for event in register:
        beside = [
            candidate
            for candidate in others
            if event.services & candidate.services
            and (event.holds_part_of(candidate) or candidate.holds_part_of(event))
        ]
        near = [
            (days, -len(event.platforms & candidate.platforms), candidate.restriction_id, candidate)
            for candidate in beside
            if (days := days_apart(event, candidate)) is not None and days <= WINDOW_DAYS
        ]
        if near:
            best = min(near, key=lambda pair: pair[:3])[3]
            rows.append(_link_row(event, best, relate_to_record(event, best, beside), RULE))
    return rows


def _link_row(event: EventRecord, stays: EventRecord, relation: str, rule: str) -> dict[str, str]:
    """Return a row of `event_links`: `event` is published under `stays`, or near it."""
    return {
        "restriction_id": event.restriction_id,
        "other_restriction_id": stays.restriction_id,
        "rule": rule,
        "disagreements": describe_disagreements(event, stays),
        "relation": str(relation),
    }


def link_duplicates(
    recorded: Sequence[EventRecord],
    editions: Mapping[str, tuple[str, int]],
    reviewed: Sequence[Row] = (),
) -> list[dict[str, str]]:
    """Return rows of `event_links` between events of one register, at most one per event.

    `editions` gives the year of the newest edition of each event and the number of cells that are
    filled in it. `reviewed` are links that a reader entered: two ids, `relation` and `rule`.
    """
    by_id = {event.restriction_id: event for event in recorded}
    links: dict[str, dict[str, str]] = {}
    for link in reviewed:
        event, stays = (by_id.get(link[name]) for name in PAIR)
        if event and stays:
            links[event.restriction_id] = _link_row(event, stays, link["relation"], link["rule"])
    ranked = []
    for event in recorded:
        year, filled_cells = editions[event.restriction_id]
        start = min(event.starts)[0]
        rank = (year, event.last_day or start, filled_cells, event.restriction_id)
        ranked.append((rank, start, event))
    groups: dict[tuple[object, ...], list[EventRecord]] = {}
    for _, start, event in sorted(ranked, key=lambda entry: entry[0]):
        groups.setdefault((event.area_ids, start), []).append(event)
    for alike in groups.values():
        for lesser, stays in combinations(alike, 2):
            if _are_one(lesser, stays) and lesser.restriction_id not in links:
                row = _link_row(lesser, stays, EventRelation.ONE_EVENT, SAME_PLACE)
                links[lesser.restriction_id] = row
    return [row for _, row in sorted(links.items())]


def _are_one(first: EventRecord, second: EventRecord) -> bool:
    """Return whether services, operators and networks, if known, allow that two events are one."""
    operators, others = (
        {*event.row.get("operators", "").split(";")} - {""} for event in (first, second)
    )
    networks = {event.row["network_scope"] for event in (first, second)}
    are_services_alike = first.platforms <= second.platforms or second.platforms <= first.platforms
    are_networks_alike = len(networks) == 1 or networks & {NetworkScope.ALL, NetworkScope.UNKNOWN}
    is_one_operator = not operators or not others or bool(operators & others)
    return are_services_alike and bool(are_networks_alike) and is_one_operator
