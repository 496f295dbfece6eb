"""Links between an event of a register and the same restriction entered by hand.

Rule: the same country, starts at most seven days apart, and a service in common (the whole internet
counts as one); where both name regions, one of them in common. Each event of the register is linked
to the restriction with the nearest start and, among those, with most services in common. Their
differences are recorded in the link.

A linked pair is one event (`EventRelation`) where both name the same areas and were in force on one
day or began on consecutive days, or where the areas of one lie in those of the other and both began
on one day, known to the day, or on consecutive ones. An event of several areas is also one with the
restriction that it is linked to where each of its areas has a restriction entered by hand that was
in force on one of its days: it is recorded in parts. Any other linked pair is near and no more: a
season of many events (its start is known to the month) is not one of them, and an outage of two
days before is another event.

The areas of a union (`areas.members`) stand for the union, so that both ways to name it are equal.
A group of services has its members in common with another event: "social media" and Facebook.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from audience_impact import periods
from audience_impact.periods import ONE_DAY
from audience_impact.populations import NOWHERE, is_region, with_holders
from audience_impact.vocabulary import EndStatus, EventRelation

WINDOW_DAYS = 7
EXACT_DAYS = 2
"""A start of at most so many days is known to the day."""
RULE = f"same country, starts at most {WINDOW_DAYS} days apart, a service in common"

Row = Mapping[str, str]
Members = Mapping[str, Sequence[str]]
"""The areas of each union of areas, or the services of each group, by its id."""
NO_MEMBERS: Members = {}


@dataclass(frozen=True)
class EventRecord:
    """One restriction as a source records it.

    `services` are the members of the groups among its `platforms`: "social media" and Facebook may
    be one event.
    """

    restriction_id: str
    area_ids: frozenset[str]
    starts: tuple[tuple[pd.Timestamp, pd.Timestamp], ...]
    platforms: frozenset[str]
    features: frozenset[str]
    row: Row
    holders: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()

    def shares_services(self, candidate: "EventRecord") -> bool:
        """Return whether events have a platform in common, members of their groups included."""
        ours = self.platforms | self.services
        return bool(ours & (candidate.platforms | candidate.services))

    @property
    def last_day(self) -> pd.Timestamp | None:
        """Return the last day in force: Timestamp.max for an ongoing event, None if it is unknown.

        An end that is known only to within more than EXACT_DAYS days counts as unknown.
        """
        if self.row["end_status"] == EndStatus.ONGOING:
            return pd.Timestamp.max
        span = periods.parse_period(self.row["ended_on"]) if self.row["ended_on"] else None
        is_exact = span is not None and span[1] - span[0] <= EXACT_DAYS * ONE_DAY
        return span[1] - ONE_DAY if span and is_exact else None

    @property
    def country_ids(self) -> frozenset[str]:
        """Return the countries of the event's areas."""
        return frozenset(area for area in self.holders if not is_region(area))


def event_records(
    restrictions: Sequence[Row],
    targets: Sequence[Row],
    parents: Mapping[str, str] = NOWHERE,
    members: Members = NO_MEMBERS,
    services: Members = NO_MEMBERS,
) -> list[EventRecord]:
    """Return restrictions with their targets and the days on which they may have begun.

    `parents` names the area that contains each area, for the `holders` of all areas of an event:
    the areas themselves and the areas that contain them, up to their countries. `members` names the
    areas of each union, `services` the services of each group.
    """
    targets_by_id: dict[str, list[Row]] = {}
    for target in targets:
        targets_by_id.setdefault(target["restriction_id"], []).append(target)
    records = []
    for row in restrictions:
        spans = [
            periods.parse_period(row[name])
            for name in ("observed_from", "announced_on")
            if row[name]
        ]
        mine = targets_by_id.get(row["restriction_id"], [])
        area_ids = list_members(row["area_ids"], members)
        platforms = frozenset(target["platform_id"] for target in mine)
        records.append(
            EventRecord(
                row["restriction_id"],
                area_ids,
                tuple(span for span in spans if span),
                platforms,
                frozenset(target["feature"] for target in mine),
                row,
                frozenset(holder for area in area_ids for holder in with_holders(area, parents)),
                frozenset(part for group in platforms for part in services.get(group, ())),
            )
        )
    return records


def list_members(cell: str, members: Members) -> frozenset[str]:
    """Return the areas of a cell, the members of a union in its place."""
    return frozenset(part for area in cell.split(";") for part in members.get(area) or (area,))


def days_apart(first: EventRecord, second: EventRecord) -> int | None:
    """Return the days between two starts, 0 if they may coincide; None if a start is unknown."""
    day = pd.Timedelta(days=1)
    gaps = [
        max((start - (other_end - day)).days, (other_start - (end - day)).days, 0)
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


def lies_in(inner: EventRecord, outer: EventRecord, parents: Mapping[str, str] = NOWHERE) -> bool:
    """Return whether each area of an event is an area of the other event or lies in one."""
    return all(outer.area_ids.intersection(with_holders(area, parents)) for area in inner.area_ids)


def _share_a_day(first: EventRecord, second: EventRecord) -> bool:
    """Return whether both may have been in force on one day, or began on consecutive days."""
    if (days_apart(first, second) or 0) <= 1:
        return True
    earlier, later = sorted((first, second), key=lambda event: min(event.starts))
    span = periods.parse_period(earlier.row["ended_on"]) if earlier.row["ended_on"] else None
    last = span[1] - ONE_DAY if span else earlier.last_day
    return last is not None and last >= min(later.starts)[0]


def _are_starts_exact(*events: EventRecord) -> bool:
    return all(
        any(end - start <= EXACT_DAYS * ONE_DAY for start, end in event.starts) for event in events
    )


def relate_to_record(
    event: EventRecord, candidate: EventRecord, parents: Mapping[str, str] = NOWHERE
) -> EventRelation:
    """Return the relation of a linked event of a register to the restriction entered by hand."""
    if event.area_ids == candidate.area_ids:
        one_event = _share_a_day(event, candidate)
    else:
        nested = lies_in(event, candidate, parents) or lies_in(candidate, event, parents)
        apart = days_apart(event, candidate)
        one_event = (
            nested and apart is not None and apart <= 1 and _are_starts_exact(event, candidate)
        )
    return EventRelation.ONE_EVENT if one_event else EventRelation.NEAR


def is_recorded_in_parts(event: EventRecord, others: Sequence[EventRecord]) -> bool:
    """Return whether each of several areas of an event has a restriction on one of its days.

    `others` are restrictions of the same country with a service in common.
    """
    parts = [
        candidate
        for candidate in others
        if candidate.area_ids <= event.area_ids and _share_a_day(event, candidate)
    ]
    areas = frozenset[str]().union(*(part.area_ids for part in parts))
    return len(event.area_ids) > 1 and areas == event.area_ids


def describe_disagreements(first: EventRecord, second: EventRecord) -> str:
    """Return the differences between two records of an event, the register's cells first."""
    differences = []
    for name, columns in (
        ("start", ("observed_from", "announced_on")),
        ("end", ("ended_on",)),
        ("end status", ("end_status",)),
        ("areas", ("area_ids",)),
        ("scope", ("geo_scope",)),
        ("networks", ("network_scope",)),
    ):
        mine, theirs = (
            next((event.row[column] for column in columns if event.row[column]), "")
            for event in (first, second)
        )
        if mine != theirs:
            differences.append(f"{name}: {mine or 'none'}, the other {theirs or 'none'}")
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
    register: Sequence[EventRecord],
    others: Sequence[EventRecord],
    source_id: str,
    parents: Mapping[str, str] = NOWHERE,
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
            relation = relate_to_record(event, best, parents)
            if is_recorded_in_parts(event, beside):
                relation = EventRelation.ONE_EVENT
            rows.append(
                {
                    "restriction_id": event.restriction_id,
                    "other_restriction_id": best.restriction_id,
                    "rule": RULE,
                    "disagreements": describe_disagreements(event, best),
                    "source_id": source_id,
                    "relation": relation.value,
                }
            )
    return rows
