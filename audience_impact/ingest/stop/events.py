"""Rows of the STOP register as event records, and its events as read: the entry of the register.

Rows are one event where country, start, place, extent and network agree and the years differ.
"""

from audience_impact.ingest.gazetteer import Place, plain
from audience_impact.ingest.register import (
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
from audience_impact.ingest.stop import cells as stop
from audience_impact.ingest.stop import targets as stop_targets
from audience_impact.vocabulary import Feature

IDENTITY = ("country", "area_name", "shutdown_extent", "affected_network")
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
    own = (plain(cells[column]) for column in IDENTITY)
    named = (*stop_targets.COLUMNS, stop_targets.OTHER)
    return Record(
        number,
        cells,
        cells["country"],
        country_ids,
        count_year=year(cells["count_year"]),
        identity=(";".join(country_ids), stop.day(cells["start_date"]), *own),
        services=tuple(plain(cells[column]) for column in named),
        refused=stop.refusal(cells, country_ids),
    )


def read(event: Event, background: Background) -> Reading:
    """An event from its newest row; the defects are those of all its rows."""
    row = event.newest
    targets = stop_targets.read(row.cells, background.rules, background.catalogue)
    features_only = all(
        each.feature not in (Feature.WHOLE_SERVICE, Feature.UNKNOWN) for each in targets.targets
    )
    cells = stop.restriction(row.cells, features_only, targets.also_named)
    found = [
        Defect(kind, each.number)
        for each in event.records
        for kind in _defects(each, background)
        if kind
    ]
    found += _no_longer_counted(row, background.newest_year)
    return Reading(event, cells, _place(row, background)[0], targets, tuple(found))


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
