"""Links between an event of a register and the same restriction entered by hand.

Rule: the same country, starts at most seven days apart, and a service in common (the whole internet
counts as one); where both name regions, one of them in common. Each event of the register is linked
to the restriction with the nearest start and, among those, with most services in common. Both
remain unchanged: their differences are recorded in the link.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from audience_impact import periods
from audience_impact.populations import NOWHERE, is_region, with_holders

WINDOW_DAYS = 7
RULE = f"same country, starts at most {WINDOW_DAYS} days apart, a service in common"

Row = Mapping[str, str]


@dataclass(frozen=True)
class EventRecord:
    """One restriction as a source records it."""

    restriction_id: str
    area_ids: frozenset[str]
    starts: tuple[tuple[pd.Timestamp, pd.Timestamp], ...]
    platforms: frozenset[str]
    features: frozenset[str]
    row: Row
    holders: frozenset[str] = frozenset()

    @property
    def country_ids(self) -> frozenset[str]:
        """Return the countries of its areas."""
        return frozenset(area for area in self.holders if not is_region(area))


def event_records(
    restrictions: Sequence[Row],
    targets: Sequence[Row],
    parents: Mapping[str, str] = NOWHERE,
) -> list[EventRecord]:
    """Return restrictions with their targets and the days on which they may have begun.

    `parents` names the area that contains each area, for the `holders` of all areas of an event:
    the areas themselves and what they are in, up to their countries.
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
        records.append(
            EventRecord(
                row["restriction_id"],
                frozenset(row["area_ids"].split(";")),
                tuple(span for span in spans if span),
                frozenset(target["platform_id"] for target in mine),
                frozenset(target["feature"] for target in mine),
                row,
                frozenset(
                    holder
                    for area in row["area_ids"].split(";")
                    for holder in with_holders(area, parents)
                ),
            )
        )
    return records


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
    register: Sequence[EventRecord], others: Sequence[EventRecord], source_id: str
) -> list[dict[str, str]]:
    """Return rows of `event_links`: each event of the register with the nearest other event."""
    by_country: dict[str, list[EventRecord]] = {}
    for candidate in others:
        for country in sorted(candidate.country_ids):
            by_country.setdefault(country, []).append(candidate)
    rows = []
    for event in register:
        near = [
            (days, -len(event.platforms & candidate.platforms), candidate.restriction_id, candidate)
            for country in sorted(event.country_ids)
            for candidate in by_country.get(country, [])
            if event.platforms & candidate.platforms and _has_common_area(event, candidate)
            if (days := days_apart(event, candidate)) is not None and days <= WINDOW_DAYS
        ]
        if near:
            best = min(near, key=lambda pair: pair[:3])[3]
            rows.append(
                {
                    "restriction_id": event.restriction_id,
                    "other_restriction_id": best.restriction_id,
                    "rule": RULE,
                    "disagreements": describe_disagreements(event, best),
                    "source_id": source_id,
                }
            )
    return rows
