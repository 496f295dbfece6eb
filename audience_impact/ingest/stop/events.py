"""Rows of the STOP register as events: repeats merged, nothing lost, every row accounted for.

An event that goes on stands in the register once per year in which it counts. Rows of one
country, start, place, extent and network are one event where no year has two of them; where a
year has, the services tell them apart, and after that their order. The newest row speaks.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from audience_impact.ingest import gazetteer as places
from audience_impact.ingest.gazetteer import Gazetteer, Place, plain
from audience_impact.ingest.stop import cells as stop
from audience_impact.ingest.stop import targets as stop_targets
from audience_impact.ingest.stop.targets import Catalogue, FeatureRule, Targets
from audience_impact.vocabulary import Feature, GeoScope, RowFate

IDENTITY = ("country", "area_name", "shutdown_extent", "affected_network")
SUFFIX_SIGNS = 6

Row = dict[str, str]


@dataclass(frozen=True)
class Record:
    """One row of the register: its number below the header, cells, countries, and why refused."""

    number: int
    cells: Row
    country_ids: tuple[str, ...]
    refused: str

    @property
    def count_year(self) -> str:
        """The year in which the row counts."""
        return stop.year(self.cells["count_year"])

    @property
    def services(self) -> tuple[str, ...]:
        """The cells that name services."""
        named = (*stop_targets.COLUMNS, stop_targets.OTHER)
        return tuple(plain(self.cells[column]) for column in named)

    @property
    def identity(self) -> tuple[str, ...]:
        """What rows of one event share."""
        own = [plain(self.cells[column]) for column in IDENTITY]
        return (";".join(self.country_ids), stop.day(self.cells["start_date"]), *own)


@dataclass(frozen=True)
class Event:
    """One event: its rows from the oldest to the newest year, and its id."""

    restriction_id: str
    records: tuple[Record, ...]

    @property
    def newest(self) -> Record:
        """The row that speaks for the event."""
        return self.records[-1]


@dataclass
class Defects:
    """What was met, by kind: the numbers of the rows."""

    rows: dict[str, list[int]] = field(default_factory=dict)

    def add(self, kinds: Sequence[str], number: int) -> None:
        """Note defects of a row, each kind once."""
        for kind in dict.fromkeys(kinds):
            if kind:
                self.rows.setdefault(kind, []).append(number)

    def sorted(self) -> dict[str, list[int]]:
        """Kinds in the order of their meanings, rows ascending."""
        return {kind: sorted(self.rows[kind]) for kind in stop.DEFECTS if kind in self.rows}


def records(frame: pd.DataFrame, gazetteer: Gazetteer) -> list[Record]:
    """The rows of a cleaned register that hold anything at all."""
    found = []
    for number, cells in enumerate(frame[list(stop.READ)].to_dict("records"), 1):
        row = {str(name): str(cell) for name, cell in cells.items()}
        if any(row.values()):
            ids = tuple(places.countries(row["country"], gazetteer))
            found.append(Record(number, row, ids, stop.refusal(row, ids)))
    return found


def _order(record: Record) -> tuple[str, ...]:
    """An order of rows that does not depend on how they are sorted in the file."""
    return (record.count_year, *record.services, *(record.cells[name] for name in stop.READ))


def _one_a_year(rows: Sequence[Record]) -> bool:
    return len({row.count_year for row in rows}) == len(rows)


def _split(rows: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    """Rows of one identity as events, each with what tells it apart from the others."""
    if _one_a_year(rows):
        return [("", list(rows))]
    found: dict[str, list[Record]] = {}
    for services in sorted({row.services for row in rows}):
        seen: dict[str, int] = {}
        for row in (row for row in rows if row.services == services):
            rank = seen[row.count_year] = seen.get(row.count_year, 0) + 1
            found.setdefault("|".join([*services, str(rank)]), []).append(row)
    return list(found.items())


def _id(identity: Sequence[str], apart: str) -> str:
    digest = hashlib.sha256("|".join([*identity, apart]).encode()).hexdigest()
    country = identity[0].replace(";", ".")
    return f"{country}-{identity[1]}-stop-{digest[:SUFFIX_SIGNS]}"


def events(rows: Sequence[Record]) -> list[Event]:
    """The events of all rows that were not refused, by id."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for row in sorted((row for row in rows if not row.refused), key=_order):
        groups.setdefault(row.identity, []).append(row)
    found = [
        Event(_id(identity, apart), tuple(own))
        for identity, group in groups.items()
        for apart, own in _split(group)
    ]
    taken = {event.restriction_id for event in found}
    if len(taken) != len(found):
        raise ValueError("two events have one id; lengthen SUFFIX_SIGNS")
    return sorted(found, key=lambda event: event.restriction_id)


@dataclass(frozen=True)
class Reading:
    """An event as read: its restriction, place and targets."""

    event: Event
    restriction: Row
    place: Place
    targets: Targets


@dataclass(frozen=True)
class Reader:
    """What is needed to read rows: places, services and rules."""

    gazetteer: Gazetteer
    known: Catalogue
    rules: Sequence[FeatureRule]
    newest_year: str
    spellings: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def place(self, record: Record) -> tuple[Place, list[str]]:
        """Where a row was."""
        country = record.country_ids[0]
        if country not in self.spellings:
            self.spellings[country] = places.index(country, self.gazetteer)
        scope, odd = stop.scope(record.cells["geo_scope"])
        known = self.spellings[country]
        cells = record.cells
        place = places.locate(cells["country"], cells["area_name"], scope, self.gazetteer, known)
        several = "several_countries" if len(record.country_ids) > 1 else ""
        return place, [odd, place.defect, several]

    def read(self, event: Event, defects: Defects) -> Reading:
        """An event from its newest row; the defects are those of all its rows."""
        row = event.newest
        place, _ = self.place(row)
        targets = stop_targets.read(row.cells, self.rules, self.known)
        features_only = all(
            each.feature not in (Feature.WHOLE_SERVICE, Feature.UNKNOWN) for each in targets.targets
        )
        for each in event.records:
            self._note(each, defects)
        _note_repeats(event, self.newest_year, defects)
        cells = stop.restriction(row.cells, features_only, targets.also_named)
        return Reading(event, cells, place, targets)

    def _note(self, record: Record, defects: Defects) -> None:
        cells = record.cells
        defects.add(
            [
                *self.place(record)[1],
                *stop_targets.read(cells, self.rules, self.known).defects,
                *stop.end(cells).defects,
                stop.network(cells)[1],
                stop.act(cells, False)[2],
            ],
            record.number,
        )


def _note_repeats(event: Event, newest_year: str, defects: Defects) -> None:
    """Repeats in other words, and what goes on without being counted any more."""
    for earlier, later in zip(event.records, event.records[1:], strict=False):
        if repeats_in_other_words(earlier, later):
            defects.add(["repeat_differs"], later.number)
    newest = event.newest
    going_on = newest.cells["shutdown_status"].casefold() == "ongoing"
    if going_on and newest.count_year < newest_year and not newest.cells["end_date"]:
        defects.add(["ongoing_not_repeated"], newest.number)


def repeats_in_other_words(earlier: Record, later: Record) -> bool:
    """Whether two rows of one event differ in anything but the year."""
    return {**earlier.cells, "count_year": ""} != {**later.cells, "count_year": ""}


def same_row_twice(rows: Sequence[Record]) -> list[int]:
    """Rows that are another row again, year and all."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for row in rows:
        cells = tuple(row.cells.values())
        found += [row.number] if cells in seen and not row.refused else []
        seen.add(cells)
    return found


def restriction_rows(readings: Sequence[Reading], source_id: str) -> list[Row]:
    """The table `restrictions`."""
    return [
        {
            "restriction_id": each.event.restriction_id,
            "area_ids": ";".join(each.place.area_ids),
            "geo_scope": GeoScope(each.place.geo_scope).value,
            **{name: str(cell) for name, cell in each.restriction.items()},
            "source_id": source_id,
        }
        for each in readings
    ]


def target_rows(readings: Sequence[Reading], source_id: str) -> list[Row]:
    """The table `restriction_targets`."""
    return [
        {
            "restriction_id": each.event.restriction_id,
            "platform_id": target.platform_id,
            "feature": str(target.feature),
            "claim_status": str(each.restriction["claim_status"]),
            "source_id": source_id,
            "note": target.note,
        }
        for each in readings
        for target in each.targets.targets
    ]


def fate_rows(rows: Sequence[Record], found: Sequence[Event], source_id: str) -> list[Row]:
    """The table `register_rows`: the oldest row of an event is the event, the others repeat it."""
    owners = {
        record.number: (event.restriction_id, RowFate.MERGED if place else RowFate.EVENT)
        for event in found
        for place, record in enumerate(event.records)
    }
    told = []
    for row in rows:
        restriction, fate = owners.get(row.number, ("", RowFate.REFUSED))
        merged = f"counted again in {row.count_year}" if fate is RowFate.MERGED else ""
        told.append(
            {
                "source_id": source_id,
                "register_row": str(row.number),
                "count_year": row.count_year,
                "country": row.cells["country"],
                "country_ids": ";".join(row.country_ids),
                "fate": fate.value,
                "restriction_id": restriction,
                "reason": row.refused or merged,
            }
        )
    return told


def counts(rows: Sequence[Row]) -> dict[tuple[str, str], int]:
    """Events by country codes and count year, from the table `register_rows` alone."""
    counted = {
        (row["country_ids"], row["count_year"], row["restriction_id"])
        for row in rows
        if row["restriction_id"]
    }
    found: dict[tuple[str, str], int] = {}
    for country, year, _ in sorted(counted):
        found[country, year] = found.get((country, year), 0) + 1
    return found


def differences(
    ours: Mapping[tuple[str, str], int], theirs: Mapping[tuple[str, str], int]
) -> list[tuple[str, str, int, int]]:
    """Countries and years in which two counts differ: country, year, ours, theirs."""
    return [
        (*key, ours.get(key, 0), theirs.get(key, 0))
        for key in sorted({*ours, *theirs})
        if ours.get(key, 0) != theirs.get(key, 0)
    ]
