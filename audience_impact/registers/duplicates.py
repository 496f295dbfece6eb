"""Rows of one register that record one event under two identities: links between its own events.

An identity is what the register's cells say (`register.Record`), so two rows of one event that
differ in a cell are two events. They are linked here, and stay in the layer: which of them is
published is decided by the links (facts/events.py), so that an id never depends on a reading.

Definitions. Two events match where they are in the same countries, the services of one are among
those of the other, and neither is about operators that the other leaves out. Services may also
differ where one is of the whole internet, its `extent_reason` says that this is doubtful, and the
two have a source in common. One lies in another where each of its areas is an area, or lies in an
area, of which the other means the whole.

Rules, of two events that began on one day
------------------------------------------
same place: the same areas, and networks of which one set has the other. The newest edition stands,
then what ended last.
other networks: the same areas and ends (to a day), one of mobile networks and one of fixed lines.
place in place: one lies in the other, its networks are among those of the other, and it is no
harder (a cut within a slowdown is another event). The wider stands; where a later edition alone has
the narrower and the wider never ended, the narrower replaces it.
same sources: an address of a source in common, and areas of one in areas of the other. As above.

And of two that began on different days
---------------------------------------
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

from audience_impact.periods import ONE_DAY
from audience_impact.populations import NOWHERE, with_holders
from audience_impact.registers.linkage import (
    NO_MEMBERS,
    EventRecord,
    Members,
    describe_disagreements,
    lies_in,
    list_members,
)
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    EndStatus,
    EventRelation,
    NetworkScope,
    PlaceReading,
    Severity,
)

START_DAYS = 14
PART = re.compile(r"(-[0-9a-f]{6,})-\d$")
"""The number of a part at the end of an id."""
SAME_PLACE = "one start, the same areas and networks"
OTHER_NETWORKS = "one start, end and areas, on mobile networks and on fixed lines"
PLACE_IN_PLACE = "one start, the areas of one within those of the other"
SAME_SOURCES = "one start, a source in common, the areas of one within those of the other"
START_CORRECTED = "the same areas, a start that a later edition corrects"
WITHIN_ITS_DAYS = "the same areas and networks, within the days of the other"
RULES = (
    *(SAME_SOURCES, SAME_PLACE, OTHER_NETWORKS, PLACE_IN_PLACE),
    *(START_CORRECTED, WITHIN_ITS_DAYS),
)
"""Rules by which two events of a register are linked, the strongest first."""
SLOWED = {Severity.IMPAIRED, Severity.SERVICE_IMPAIRED}
SPLIT = {NetworkScope.MOBILE.value, NetworkScope.FIXED.value}


@dataclass(frozen=True)
class Recorded:
    """An event of a register, with further information from its rows.

    `whole_areas` are the areas that are affected as a whole; `first_year` and `newest_year` are
    those of its editions; `sources` are the addresses of its sources; `filled_cells` is the number
    of informative cells.
    """

    event: EventRecord
    whole_areas: frozenset[str]
    first_year: str
    newest_year: str
    sources: frozenset[str]
    filled_cells: int

    @property
    def restriction_id(self) -> str:
        """Return the restriction id of the recorded event."""
        return self.event.restriction_id

    @property
    def row_id(self) -> str:
        """Return the id without the number of a part, which is that of the divided row."""
        return PART.sub(r"\1", self.restriction_id)

    @property
    def start(self) -> pd.Timestamp:
        """Return the first day of the recorded event."""
        return min(self.event.starts)[0]

    @property
    def networks(self) -> str:
        """Return the access networks of the recorded event."""
        return self.event.row["network_scope"]

    @property
    def end_order(self) -> pd.Timestamp:
        """Return the last day in force, or the first where no end is known."""
        return self.event.last_day or self.start


def list_addresses(cell: str) -> frozenset[str]:
    """Return the addresses in a cell of sources."""
    return frozenset(part for part in re.split(r"[;,\s]+", cell) if part.startswith("http"))


def read_whole_areas(
    restrictions: Sequence[Mapping[str, str]],
    places: Sequence[Mapping[str, str]],
    members: Members = NO_MEMBERS,
) -> dict[str, frozenset[str]]:
    """Return the areas that each restriction affects as a whole, from `restriction_places`.

    If a city or its district may be meant, the district is used, because registers mean it more
    often.
    """
    partial: dict[str, set[str]] = {}
    for place in places:
        if place["reading"] == PlaceReading.WITHIN:
            partial.setdefault(place["restriction_id"], set()).add(place["area_id"])
    return {
        row["restriction_id"]: list_members(row["area_ids"], members)
        - partial.get(row["restriction_id"], set())
        for row in restrictions
    }


def link_duplicates(
    recorded: Sequence[Recorded], source_id: str, parents: Mapping[str, str] = NOWHERE
) -> list[dict[str, str]]:
    """Return rows of `event_links` between events of one register, at most one per event."""
    links = [
        link
        for first, second in _list_candidates(recorded)
        if (link := _relate(first, second, parents))
    ]
    best: dict[str, Link] = {}
    for link in sorted(links, key=_link_order):
        best.setdefault(link[0].restriction_id, link)
    return [
        {
            "restriction_id": name,
            "other_restriction_id": stays.restriction_id,
            "rule": rule,
            "disagreements": describe_disagreements(lesser.event, stays.event),
            "source_id": source_id,
            "relation": relation.value,
        }
        for name, (lesser, stays, relation, rule) in sorted(best.items())
    ]


def _link_order(link: "Link") -> tuple[bool, int, str]:
    """Return the sort key of an event's links: `one_event` before `remainder`, then by rule."""
    _, stays, relation, rule = link
    return relation is EventRelation.REMAINDER, RULES.index(rule), stays.restriction_id


def _list_candidates(recorded: Sequence[Recorded]) -> Iterable[tuple[Recorded, Recorded]]:
    """Return pairs in the same countries that began on one day, or have the same areas."""
    groups: dict[tuple[object, ...], list[Recorded]] = {}
    for event in recorded:
        groups.setdefault((event.event.country_ids, event.start), []).append(event)
        groups.setdefault(("areas", event.event.area_ids), []).append(event)
    for key, members in groups.items():
        for first, second in combinations(members, 2):
            if (first.start == second.start) == (key[0] != "areas"):
                yield first, second


Link = tuple[Recorded, Recorded, EventRelation, str]
"""Event that is published under another event, that other event, their relation, and the rule."""


def _relate(first: Recorded, second: Recorded, parents: Mapping[str, str]) -> Link | None:
    """Return the link between two events, or None if they are different events."""
    if not _match(first, second):
        return None
    if first.start != second.start:
        return _relate_corrected(first, second) or _relate_contained(first, second)
    if first.event.area_ids == second.event.area_ids:
        return _relate_same_place(first, second)
    for inner, outer in ((first, second), (second, first)):
        if rule := _nesting_rule(inner, outer, parents):
            return _relate_nested(inner, outer, rule)
    return None


def _match(first: Recorded, second: Recorded) -> bool:
    """Return whether services and operators allow that two events are the same.

    Parts of a divided row are different events.
    """
    if first.row_id == second.row_id:
        return False
    mine, theirs = first.event.platforms, second.event.platforms
    ours, others = (
        set(filter(None, event.event.row["operators"].split(";"))) for event in (first, second)
    )
    is_one_operator = not ours or not others or bool(ours & others)
    is_doubtful = any(
        WHOLE_INTERNET in event.event.platforms and event.event.row.get("extent_reason")
        for event in (first, second)
    )
    are_alike = mine <= theirs or theirs <= mine
    may_be_one = are_alike or bool(is_doubtful and first.sources & second.sources)
    return bool(mine) and may_be_one and is_one_operator


def _has_networks(outer: str, inner: str) -> bool:
    """Return whether networks `inner` are among `outer`; unknown networks may be any."""
    return outer == inner or NetworkScope.UNKNOWN in (outer, inner) or outer == NetworkScope.ALL


def _rank(recorded: Recorded) -> tuple[str, pd.Timestamp, int, str]:
    return (
        recorded.newest_year,
        recorded.end_order,
        recorded.filled_cells,
        recorded.restriction_id,
    )


def _relate_same_place(first: Recorded, second: Recorded) -> Link | None:
    lesser, stays = sorted((first, second), key=_rank)
    if {first.networks, second.networks} == SPLIT:
        ends = first.event.last_day, second.event.last_day
        if ends[0] is None or ends[1] is None or abs(ends[0] - ends[1]) > ONE_DAY:
            return None
        return lesser, stays, EventRelation.OTHER_NETWORKS, OTHER_NETWORKS
    if _has_networks(lesser.networks, stays.networks) or _has_networks(
        stays.networks, lesser.networks
    ):
        return lesser, stays, EventRelation.ONE_EVENT, SAME_PLACE
    return None


def _nesting_rule(inner: Recorded, outer: Recorded, parents: Mapping[str, str]) -> str:
    """Return the rule by which event `inner` is a part of event `outer`; blank if it is not."""
    if not lies_in(inner.event, outer.event, parents):
        return ""
    if inner.sources & outer.sources:
        return SAME_SOURCES
    is_whole = all(
        outer.whole_areas.intersection(with_holders(area, parents)) for area in inner.event.area_ids
    )
    return PLACE_IN_PLACE if is_whole and _is_among(inner, outer) else ""


def _is_among(inner: Recorded, outer: Recorded) -> bool:
    """Return whether an event has only networks of another one, and is at most as severe."""
    is_harder = outer.event.row["severity"] in SLOWED and inner.event.row["severity"] not in SLOWED
    return _has_networks(outer.networks, inner.networks) and not is_harder


def _relate_nested(inner: Recorded, outer: Recorded, rule: str) -> Link:
    """Return the link of two nested events, which names the event that is published."""
    last = outer.event.last_day
    is_over = outer.event.row["end_status"] == EndStatus.ENDED and last is not None
    if is_over and last is not None and inner.end_order > last:
        return inner, outer, EventRelation.REMAINDER, rule
    if inner.first_year > outer.newest_year and not is_over:
        return outer, inner, EventRelation.ONE_EVENT, rule
    return inner, outer, EventRelation.ONE_EVENT, rule


def _relate_corrected(first: Recorded, second: Recorded) -> Link | None:
    """Return the link from an event to the event of a later edition that corrects its start."""
    earlier, later = sorted((first, second), key=lambda event: event.first_year)
    is_later = later.first_year > earlier.newest_year
    is_late = later.start.year < int(later.first_year)
    is_near = abs(later.start - earlier.start) <= START_DAYS * ONE_DAY
    goes_on = earlier.event.row["end_status"] == EndStatus.ONGOING
    is_open = goes_on or earlier.event.last_day is None
    is_among = _has_networks(later.networks, earlier.networks)
    if is_later and is_late and is_near and is_open and is_among:
        return earlier, later, EventRelation.ONE_EVENT, START_CORRECTED
    return None


def _relate_contained(first: Recorded, second: Recorded) -> Link | None:
    """Return the link from an event to another of the same areas that contains its days."""
    outer, inner = sorted((first, second), key=lambda event: event.start)
    last, inner_last = outer.event.last_day, inner.event.last_day
    if last is None or inner_last is None or not inner.start < last >= inner_last:
        return None
    is_whole = outer.whole_areas >= outer.event.area_ids
    is_less = inner.event.platforms <= outer.event.platforms and _is_among(inner, outer)
    if is_whole and is_less:
        return inner, outer, EventRelation.ONE_EVENT, WITHIN_ITS_DAYS
    return None
