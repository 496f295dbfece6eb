"""The definition of the STOP register: its rows as event records, and its events as read.

Rows are one event where country, start, place, extent and network agree and the years differ.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from audience_impact import vocabulary
from audience_impact.registers import places
from audience_impact.registers.countries import plain_name
from audience_impact.registers.places import NameMeaning, Place
from audience_impact.registers.register import (
    Background,
    Event,
    PrintedFigure,
    Publication,
    Reading,
    Record,
    Register,
    Row,
    parse_year,
)
from audience_impact.registers.stop import cells as stop
from audience_impact.registers.stop import hours, words
from audience_impact.registers.stop import targets as stop_targets
from audience_impact.registers.stop.words import OTHER, SOURCES
from audience_impact.vocabulary import Feature, GeoScope, PartKind, PlaceMatch, PlaceReading

IDENTITY = ("country", "area_name", "shutdown_extent", "affected_network")
EVERYWHERE = "*"
FOLDER = Path(__file__).parent
"""The folder with the reviewed tables of the register."""
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
            "no licence stated with the copy that was read; other users of the register state CC "
            "BY 4.0; the publisher's own terms were not read, and its own sheet is the authority",
        )
    },
)


def read_record(cells: Row, number: int, country_ids: tuple[str, ...]) -> Record:
    """Return a row as an event record."""
    edition = (next(iter(country_ids), ""), cells["start_date"], parse_year(cells["count_year"]))
    cells = {**cells, **read_rows_as_corrected().get(edition, {})}
    identity_cells = tuple(plain_name(cells[column]) for column in IDENTITY)
    start = hours.parse_day(cells["start_date"])
    area = EVERYWHERE if places.is_national(cells["area_name"]) else identity_cells[1]
    named = (*words.SERVICES, OTHER)
    return Record(
        number,
        cells,
        cells["country"],
        country_ids,
        count_year=parse_year(cells["count_year"]),
        identity=(";".join(country_ids), start, *identity_cells),
        services=tuple(plain_name(cells[column]) for column in named),
        refused=stop.refusal_reason(cells, country_ids),
        alike=(";".join(country_ids), start, identity_cells[0], area, *identity_cells[2:]),
        evidence=cells[SOURCES],
    )


@cache
def read_rows_as_corrected() -> Mapping[tuple[str, str, str], Row]:
    """Return the cells of rows.csv, which identify events, by country, printed start and year."""
    rows: dict[tuple[str, str, str], Row] = {}
    for row in vocabulary.read_table(FOLDER / "rows.csv"):
        key = (row["country_id"], row["start_date"], row["count_year"])
        rows.setdefault(key, {})[row["column"]] = row["value"]
    return rows


@cache
def read_corrections() -> Mapping[str, Mapping[str, Row]]:
    """Return the corrected cells of corrections.csv by event and part.

    A column is one of the register, or one of `restrictions`, whose value then replaces the one
    read. An event whose text dates several places or actions apart has a part for each.
    """
    corrections: dict[str, dict[str, dict[str, str]]] = {}
    for row in vocabulary.read_table(FOLDER / "corrections.csv"):
        parts = corrections.setdefault(row["restriction_id"], {})
        parts.setdefault(row["part"], {})[row["column"]] = row["value"]
    return corrections


@cache
def read_printed_figures() -> Mapping[str, tuple[PrintedFigure, ...]]:
    """Return the figures that texts of the register print, by event.

    They stand in printed_figures.csv: a printed share of traffic is between the limits of its
    rounding, and a limit ("as much as 49%") leaves the other side open.
    """
    figures: dict[str, tuple[PrintedFigure, ...]] = {}
    for row in vocabulary.read_table(FOLDER / "printed_figures.csv"):
        figure = PrintedFigure(row["unit"], row["value"], row["most"], row["interval_kind"])
        figures[row["restriction_id"]] = (*figures.get(row["restriction_id"], ()), figure)
    return figures


@cache
def read_places() -> Mapping[str, tuple[NameMeaning, ...]]:
    """Return the places of places.csv by event or part: names whose text no rule reads."""
    places: dict[str, tuple[NameMeaning, ...]] = {}
    for row in vocabulary.read_table(FOLDER / "places.csv"):
        meaning = NameMeaning(
            row["name"],
            tuple(filter(None, row["area_ids"].split(";"))),
            PlaceReading(row["reading"]),
            PlaceMatch(row["found_by"]),
            row["least_area_id"],
            PartKind(row["part_kind"]) if row["part_kind"] else None,
            int(row["units_count"] or 1),
        )
        places[row["restriction_id"]] = (*places.get(row["restriction_id"], ()), meaning)
    return places


def correct_event(event: Event) -> list[Event]:
    """Return an event with the cells that its own text corrects, or its parts.

    The first part has the id of the event, the others its id with their number. The text of a part
    is left out, because it speaks of the others as well.
    """
    corrections = read_corrections().get(event.restriction_id, {})
    of_event = corrections.get("", {})
    records = tuple(replace(row, cells={**row.cells, **of_event}) for row in event.records)
    parts = [
        Event(
            event.restriction_id if part == "1" else f"{event.restriction_id}-{part}",
            (replace(records[-1], cells={**records[-1].cells, "event": "", **cells}),),
        )
        for part, cells in sorted(corrections.items())
        if part
    ]
    return parts or [Event(event.restriction_id, records)]


def read_event(event: Event, background: Background) -> Reading:
    """Return an event from its newest row; the defects are those of all its rows."""
    row = event.newest_record
    targets = stop_targets.read_targets(row.cells, background.rules, background.catalogue)
    features = {target.feature for target in targets.targets}
    features_only = features.isdisjoint((Feature.WHOLE_SERVICE, Feature.UNKNOWN))
    located = [_locate_record(event, record, background) for record in event.records]
    place = located[-1][0]
    newest = background.newest_year
    cells = stop.restriction_cells(row.cells, features_only, targets.also_named, newest)
    cells |= {name: row.cells[name] for name in cells.keys() & row.cells.keys()}
    goes_on = row.cells["shutdown_status"].casefold() == "ongoing" and not row.cells["end_date"]
    defects = [
        (kind, record.number)
        for record, where in zip(event.records, located, strict=True)
        for kind in _list_defects(record, *where, background)
        if kind
    ]
    if cells["extent_reason"]:
        defects.append(("extent_doubtful", row.number))
    if goes_on and row.count_year < newest:
        defects.append(("ongoing_not_repeated", row.number))
    figures = read_printed_figures().get(event.restriction_id, ())
    return Reading(event, cells, place, targets, tuple(defects), figures)


def _locate_record(event: Event, record: Record, background: Background) -> tuple[Place, str]:
    scope, odd = stop.read_scope(record.cells["geo_scope"])
    cells = record.cells
    other_text = re.sub(r"[-_/]", " ", " ".join(cells[name] for name in OTHER_TEXTS))
    event_text = " ".join((cells["event"] or cells["actual_cause_details"]).split())
    place = places.locate_event(
        cells["country"],
        cells["area_name"],
        scope,
        background.atlas,
        other_text,
        event_text,
        read_places().get(event.restriction_id, ()),
    )
    is_blank = scope is GeoScope.MULTI_REGION and not cells["area_name"].strip()
    if is_blank and cells["shutdown_extent"] == "Service-based":
        # Of the 360 rows on services with this scope that name an area, 350 name the country.
        place = replace(place, geo_scope=GeoScope.NATIONAL)
    return place, odd


OTHER_TEXTS = ("event", "actual_cause_details", "gov_just_details", "gov_ack_quote", SOURCES)
"""Columns that may say whether a city or its district is meant."""


def _list_defects(record: Record, place: Place, odd: str, background: Background) -> list[str]:
    cells = record.cells
    return [
        *(odd, place.defect),
        *stop_targets.read_targets(cells, background.rules, background.catalogue).defects,
        *stop.read_end(cells).defects,
        words.read_networks(cells)[1],
        stop.read_action(cells, False)[2],
    ]


REGISTER = Register(
    name="stop",
    publication=PUBLICATION,
    columns=stop.READ,
    country="country",
    year="count_year",
    defects=stop.DEFECTS,
    record=read_record,
    correct=correct_event,
    read=read_event,
    spellings=stop_targets.SPELLINGS,
    groups=stop_targets.NEW_GROUPS,
    links=vocabulary.read_table(FOLDER / "links.csv"),
)
