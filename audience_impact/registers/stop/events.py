"""Rows of the STOP register as event records, and its events as read: the entry of the register.

Rows are one event where country, start, place, extent and network agree and the years differ.
"""

import re
from dataclasses import replace

from audience_impact.registers import gazetteer as places
from audience_impact.registers.gazetteer import Place, plain
from audience_impact.registers.register import (
    Background,
    Defect,
    Event,
    Publication,
    Reading,
    Record,
    Register,
    Row,
    year,
)
from audience_impact.registers.stop import cells as stop
from audience_impact.registers.stop import dates, extent, operators
from audience_impact.registers.stop import targets as stop_targets
from audience_impact.vocabulary import Feature, GeoScope, NetworkScope

IDENTITY = ("country", "area_name", "shutdown_extent", "affected_network")
EVERYWHERE = "*"
EXCEPTION = re.compile(
    r"^\W*(?:nation|country|all (?:the )?(?:regions|states|provinces)\b).*\bexcept\b",
    re.IGNORECASE,
)
EXCEPTED = "everyone but a part: "
"""Begins the `extent_reason` of such a row, before its place: the rest of the country was cut."""
SNAPSHOT = "2026-05-20"
MIRROR = (
    "https://github.com/Muhanad-husn/The-global-cost-of-internet-shutdowns/blob/"
    "795c8ca19cbde5eb806a8b34a83d91377bae9a8c/data/processed/"
    "access_now_snapshot_2026-05-20.parquet"
)
PUBLICATION = Publication(
    series_id="access-now-stop",
    measurer="Access Now",
    note="STOP, the register of internet shutdowns of the #KeepItOn coalition",
    title="#KeepItOn STOP, the register of internet shutdowns, snapshot {snapshot}",
    snapshot=SNAPSHOT,
    copies={
        SNAPSHOT: (
            MIRROR,
            "no licence stated; read from a public copy, the publisher's own sheet is the "
            "authority",
        )
    },
)


def record(cells: Row, number: int, country_ids: tuple[str, ...]) -> Record:
    """A row as an event record."""
    own = tuple(plain(cells[column]) for column in IDENTITY)
    start = dates.of(cells).start
    area = EVERYWHERE if places.is_national(cells["area_name"]) else own[1]
    named = (*stop_targets.COLUMNS, stop_targets.OTHER)
    return Record(
        number,
        cells,
        cells["country"],
        country_ids,
        count_year=year(cells["count_year"]),
        identity=(";".join(country_ids), start, *own),
        services=tuple(plain(cells[column]) for column in named),
        refused=stop.refusal(cells, country_ids),
        alike=(";".join(country_ids), start, own[0], area, *own[2:]),
        evidence=cells["info_source_link"],
        operators=tuple(operators.key(name) for name in operators.named(cells)),
    )


def read(event: Event, background: Background) -> Reading:
    """An event from its newest row; the defects are those of all its rows."""
    row = event.newest
    targets = stop_targets.read(row.cells, background.rules, background.catalogue)
    features_only = all(
        each.feature not in (Feature.WHOLE_SERVICE, Feature.UNKNOWN) for each in targets.targets
    )
    context = _context(row, background)
    cells = stop.restriction(row.cells, features_only, targets.also_named, context)
    found = [
        Defect(kind, each.number)
        for each in event.records
        for kind in _defects(each, background)
        if kind
    ]
    found += [Defect("extent_doubtful", row.number)] if context.reason else []
    found += [Defect("ended_later", row.number)] if context.later_end else []
    found += [] if context.later_end else _no_longer_counted(row, background.newest_year)
    place, _ = _place(row, background)
    if context.of_place and place.geo_scope is GeoScope.NATIONAL:
        place = replace(place, geo_scope=GeoScope.MULTI_REGION)
    return Reading(event, cells, place, targets, tuple(found))


def _context(row: Record, background: Background) -> stop.Context:
    """What the register says beside the row that speaks for an event."""
    later = _later_editions(row, background)
    ends = sorted(end for each in later if (end := dates.of(each.cells).end))
    end = ends[-1] if ends and not dates.of(row.cells).end else ""
    place, _ = _place(row, background)
    marked = (
        place.geo_scope is GeoScope.NATIONAL
        and row.cells["shutdown_extent"] == "Full network"
        and stop.network(row.cells)[0] is NetworkScope.ALL
    )
    beside = extent.Beside(
        background.operator_rows.get(row.country_ids, {}),
        any("Full" not in each.cells["shutdown_extent"] for each in later),
    )
    if not marked:
        return stop.Context(later_end=end, of_place=_excepted(row))
    scope, _ = stop.scope(row.cells["geo_scope"])
    return stop.Context(
        later_end=end,
        of_place=extent.part_of_country(row.cells, scope),
        of_networks=extent.part_of_networks(row.cells, beside),
    )


def _excepted(row: Record) -> str:
    """The exception that a row makes of a country, in its own words."""
    area = row.cells["area_name"]
    return f"{EXCEPTED}{area}" if EXCEPTION.search(area) else ""


def _later_editions(row: Record, background: Background) -> list[Record]:
    """Rows of later years of the same countries, start and place that take the place of this one.

    They are another event by word, of which no row stands in the year of this one or before.
    """
    beside = [
        each
        for each in background.same_start.get(row.identity[:2], ())
        if each.group[3] == row.group[3] and each.group != row.group
    ]
    known = {each.group for each in beside if each.count_year <= row.count_year}
    return [each for each in beside if each.group not in known]


def _place(record: Record, background: Background) -> tuple[Place, str]:
    """Where a row was, and the defect of how far it says it reaches."""
    scope, odd = stop.scope(record.cells["geo_scope"])
    cells = record.cells
    return background.locate(record, cells["country"], cells["area_name"], scope), odd


def _defects(record: Record, background: Background) -> list[str]:
    cells = record.cells
    place, odd = _place(record, background)
    return [
        *(odd, place.defect),
        *stop_targets.read(cells, background.rules, background.catalogue).defects,
        *stop.end(cells).defects,
        stop.network(cells)[1],
        stop.action(cells, False)[2],
    ]


def _no_longer_counted(newest: Record, newest_year: str) -> list[Defect]:
    """What goes on without being counted any more."""
    cells = newest.cells
    going_on = cells["shutdown_status"].casefold() == "ongoing" and not cells["end_date"]
    lost = going_on and newest.count_year < newest_year
    return [Defect("ongoing_not_repeated", newest.number)] if lost else []


REGISTER = Register(
    name="stop",
    publication=PUBLICATION,
    columns=stop.READ,
    country="country",
    year="count_year",
    defects=stop.DEFECTS,
    record=record,
    read=read,
    spellings=stop_targets.SPELLINGS,
    groups=stop_targets.NEW_GROUPS,
)
