"""The same event told twice: a restriction of a register and one kept by hand.

Rule: the same country, starts at most seven days apart, and a service in common (the whole
internet counts as one); where both name regions, one of them in common. Each event of the register
is linked to the nearest other, then to the one with most services in common. The two stay as they
are: what they disagree on is written beside the link.
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
    def countries(self) -> frozenset[str]:
        """The countries of its areas."""
        return frozenset(area for area in self.holders if not is_region(area))


def event_records(
    restrictions: Sequence[Row],
    targets: Sequence[Row],
    parents: Mapping[str, str] = NOWHERE,
) -> list[EventRecord]:
    """Restrictions with their targets and the days on which they may have begun.

    `parents` names the area that holds each area, for the `holders` of all areas of an event: the
    areas themselves and what they lie in, up to their countries.
    """
    own: dict[str, list[Row]] = {}
    for target in targets:
        own.setdefault(target["restriction_id"], []).append(target)
    found = []
    for row in restrictions:
        spans = [periods.span(row[name]) for name in ("observed_from", "announced_on") if row[name]]
        mine = own.get(row["restriction_id"], [])
        found.append(
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
    return found


def days_apart(one: EventRecord, other: EventRecord) -> int | None:
    """Days between the starts, 0 where they may be the same; None where a start is not known."""
    day = pd.Timedelta(days=1)
    gaps = [
        max((start - (other_end - day)).days, (other_start - (end - day)).days, 0)
        for start, end in one.starts
        for other_start, other_end in other.starts
    ]
    return min(gaps, default=None)


def _share_areas(one: EventRecord, other: EventRecord) -> bool:
    """A country in common, and where both name places of it, one that is or holds the other."""
    if one.countries & other.countries & (one.area_ids | other.area_ids):
        return True
    mine, theirs = one.area_ids & other.holders, other.area_ids & one.holders
    return any(is_region(area) for area in mine | theirs)


def disagreements(one: EventRecord, other: EventRecord) -> str:
    """What two restrictions of one event say differently, the register first."""
    said = []
    for name, columns in (
        ("start", ("observed_from", "announced_on")),
        ("end", ("ended_on",)),
        ("end status", ("end_status",)),
        ("areas", ("area_ids",)),
        ("scope", ("geo_scope",)),
        ("networks", ("network_scope",)),
    ):
        mine, theirs = (
            next((each.row[column] for column in columns if each.row[column]), "")
            for each in (one, other)
        )
        if mine != theirs:
            said.append(f"{name}: {mine or 'none'}, the other {theirs or 'none'}")
    for name, own, others in (
        ("services", one.platforms, other.platforms),
        ("features", one.features, other.features),
    ):
        if own != others:
            mine, theirs = (
                ",".join(sorted(each)) or "none" for each in (own - others, others - own)
            )
            said.append(f"{name}: {mine} here alone, {theirs} in the other alone")
    return "; ".join(said)


def links(
    register: Sequence[EventRecord], others: Sequence[EventRecord], source_id: str
) -> list[dict[str, str]]:
    """The table `event_links`: each event of the register with the nearest of the others."""
    by_country: dict[str, list[EventRecord]] = {}
    for other in others:
        for country in sorted(other.countries):
            by_country.setdefault(country, []).append(other)
    found = []
    for event in register:
        near = [
            (days, -len(event.platforms & other.platforms), other.restriction_id, other)
            for country in sorted(event.countries)
            for other in by_country.get(country, [])
            if event.platforms & other.platforms and _share_areas(event, other)
            if (days := days_apart(event, other)) is not None and days <= WINDOW_DAYS
        ]
        if near:
            best = min(near, key=lambda each: each[:3])[3]
            found.append(
                {
                    "restriction_id": event.restriction_id,
                    "other_restriction_id": best.restriction_id,
                    "rule": RULE,
                    "disagreements": disagreements(event, best),
                    "source_id": source_id,
                }
            )
    return found
