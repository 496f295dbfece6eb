"""Rows of the fact tables, defects and counts, from the records and readings of a register."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from audience_impact.plain_text import cell_text
from audience_impact.registers.gazetteer import Atlas
from audience_impact.registers.places.items import NameMeaning
from audience_impact.registers.register import (
    Background,
    Event,
    PrintedFigure,
    Reading,
    Record,
    Register,
    Row,
)
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    EvidenceScope,
    FigureKind,
    GeoScope,
    ImportOutcome,
    PartKind,
    PlaceReading,
    PlatformKind,
)

WRITTEN = (
    *("lineages", "sources", "platforms", "areas", "restrictions", "restriction_targets"),
    *("restriction_places", "register_rows", "event_links", "evidence", "published_figures"),
)
PRINTED_IN_TEXT = "printed in the text of the register"
READINGS = [PlaceReading.WHOLE, PlaceReading.CITY_OR_DISTRICT, PlaceReading.WITHIN]
"""Readings of a place, from the largest to the smallest part of it."""
Counts = Mapping[tuple[str, str], int]
"""Events by country codes and count year."""
Defects = Mapping[str, tuple[int, ...]]
"""Row numbers by kind of defect, ascending, each once."""


@dataclass(frozen=True)
class ImportReport:
    """The result of an import: tables, refused rows, and the reconciliation.

    `rows` counts the rows that are not empty; `merged_identical` the repeated rows without new
    information; `unresolved` are names that match no place on record, with their rows.
    """

    register: Register
    tables: Mapping[str, list[Row]]
    refused: list[Row]
    rows: int
    merged_identical: int
    defects: Defects
    unresolved: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def outcome_counts(self) -> Counter[str]:
        """Return the number of rows by outcome."""
        return Counter(row["fate"] for row in self.tables["register_rows"])

    @property
    def event_counts(self) -> Counts:
        """Return events by country codes and count year."""
        return count_events(self.tables["register_rows"])


def collect_defects(
    register: Register, records: Sequence[Record], readings: Sequence[Reading]
) -> Defects:
    """Return all defects: refused rows, defects of reading, and rows that repeat.

    Raises ValueError for a kind to which the register gives no meaning.
    """
    defects = [(record.refused, record.number) for record in records if record.refused]
    accepted = [record for record in records if not record.refused]
    defects += [("several_countries", row.number) for row in accepted if len(row.country_ids) > 1]
    defects += [("same_row_twice", number) for number in same_row_twice(records)]
    for reading in readings:
        defects += [("told_twice", row.number) for row in list_duplicates(reading.event)]
        defects += [(defect.kind, defect.number) for defect in reading.defects]
        defects += [
            ("repeat_differs", later.number)
            for earlier, later in reading.event.repeated_pairs
            if not _is_same_but_year(register, earlier, later)
        ]
    numbers: dict[str, set[int]] = {kind: set() for kind in register.defects}
    for kind, number in defects:
        if kind not in numbers:
            raise ValueError(f"the defect {kind} has no meaning")
        numbers[kind].add(number)
    return {kind: tuple(sorted(rows)) for kind, rows in numbers.items() if rows}


def list_duplicates(event: Event) -> list[Record]:
    """Return the records of an event that repeat it within a year."""
    return [
        later for earlier, later in event.repeated_pairs if earlier.count_year == later.count_year
    ]


def same_row_twice(rows: Sequence[Record]) -> list[int]:
    """Return the numbers of accepted rows that equal an earlier row in all cells and the year."""
    seen: set[tuple[str, ...]] = set()
    numbers = []
    for row in rows:
        cells = tuple(row.cells.values())
        numbers += [row.number] if cells in seen and not row.refused else []
        seen.add(cells)
    return numbers


def _is_same_but_year(register: Register, earlier: Record, later: Record) -> bool:
    year = {register.year: ""}
    return earlier.cells | year == later.cells | year


def count_identical_repeats(register: Register, events: Sequence[Event]) -> int:
    """Count repeats that differ from the row before them in nothing but the year."""
    return sum(
        _is_same_but_year(register, *pair) for event in events for pair in event.repeated_pairs
    )


def make_tables(
    register: Register,
    records: Sequence[Record],
    events: Sequence[Event],
    readings: Sequence[Reading],
    background: Background,
    platform_ids: Collection[str],
) -> dict[str, list[Row]]:
    """Return rows of fact tables, without their source.

    Args:
        register: the register.
        records: all its rows, also those that were refused.
        events: the events of the accepted rows.
        readings: the events as read, or their parts.
        background: the context in which they were read.
        platform_ids: the services on record, which get no new row.
    """
    return {
        "platforms": platform_rows(readings, register, platform_ids),
        "restrictions": [_restriction_row(reading) for reading in readings],
        "restriction_targets": [
            {
                "restriction_id": reading.event.restriction_id,
                "platform_id": target.platform_id,
                "feature": str(target.feature),
                "claim_status": str(reading.restriction["claim_status"]),
                "note": target.note,
            }
            for reading in readings
            for target in reading.targets.targets
        ],
        "restriction_places": [
            row
            for reading in readings
            if any(name.area_ids for name in reading.place.names)
            for row in _places_of(reading, background.atlas)
        ],
        "register_rows": outcome_rows(records, events),
        "evidence": [
            _evidence_row(reading, lost) for reading in readings for lost in reading.lost_shares
        ],
        "published_figures": [
            {
                "published_figure_id": f"{reading.event.restriction_id}.printed-{number}",
                "restriction_id": reading.event.restriction_id,
                "publisher": register.publication.measurer,
                "figure_kind": FigureKind.PEOPLE_AFFECTED,
                "unit": count.unit,
                "value": count.value,
                "interval_kind": count.interval_kind,
                "note": PRINTED_IN_TEXT,
            }
            for reading in readings
            for number, count in enumerate(reading.counts, 1)
        ],
    }


def _restriction_row(reading: Reading) -> Row:
    return {
        "restriction_id": reading.event.restriction_id,
        "area_ids": ";".join(reading.place.area_ids),
        "geo_scope": GeoScope(reading.place.geo_scope).value,
        **{name: str(cell) for name, cell in reading.restriction.items()},
    }


def _evidence_row(reading: Reading, lost: PrintedFigure) -> Row:
    is_national = reading.place.geo_scope is GeoScope.NATIONAL
    return {
        "evidence_id": f"{reading.event.restriction_id}.lost",
        "area_id": reading.event.newest_record.country_ids[0],
        "evidence_scope": EvidenceScope.COUNTRY if is_national else EvidenceScope.REGION,
        "least_lost_share": lost.value,
        "most_lost_share": lost.most,
        "restriction_id": reading.event.restriction_id,
        "note": PRINTED_IN_TEXT,
    }


def _places_of(reading: Reading, atlas: Atlas) -> list[Row]:
    """Return the places of a restriction, unions as their members.

    If a name is no place on record, the country is added with the reading `within`. Of two readings
    of one place the larger one is used.
    """
    country = reading.event.newest_record.country_ids[0]
    entries, rows = atlas[country].entries, dict[str, Row]()
    within = NameMeaning("", (country,), PlaceReading.WITHIN, part_kind=PartKind.PLACE)
    for name in reading.place.names:
        meaning = name if name.area_ids else replace(within, name=name.name)
        for area in meaning.area_ids:
            members = entries[area].members if area in entries else ()
            for part in members or (area,):
                row = _place_row(reading.event.restriction_id, part, meaning)
                rows[part] = _merge_place_rows(rows[part], row) if part in rows else row
    return list(rows.values())


def _place_row(restriction_id: str, area_id: str, meaning: NameMeaning) -> Row:
    return {
        "restriction_id": restriction_id,
        "area_id": area_id,
        "reading": meaning.reading.value,
        "least_area_id": meaning.least_area_id,
        "name": meaning.name,
        "found_by": meaning.found_by.value,
        "part_kind": meaning.part_kind.value if meaning.part_kind else "",
        "units_count": str(meaning.units) if meaning.part_kind else "",
    }


def _merge_place_rows(earlier: Row, row: Row) -> Row:
    """Return two rows of a place as one: the larger reading with both names, and units added."""
    larger = min((row, earlier), key=lambda part: READINGS.index(PlaceReading(part["reading"])))
    names = dict.fromkeys([*earlier["name"].split("; "), row["name"]])
    units = sum(int(part["units_count"] or 0) for part in (row, earlier))
    return {
        **earlier,
        "reading": larger["reading"],
        "name": "; ".join(names),
        "part_kind": larger["part_kind"],
        "units_count": str(units) if larger["part_kind"] else "",
    }


def list_unresolved(readings: Sequence[Reading]) -> dict[str, tuple[int, ...]]:
    """Return unresolved place names, with the row numbers of their events."""
    rows_by_name: dict[str, list[int]] = {}
    for reading in readings:
        for name in reading.place.names:
            if not name.area_ids:
                rows_by_name.setdefault(name.name, []).append(reading.event.newest_record.number)
    return {name: tuple(sorted(rows)) for name, rows in sorted(rows_by_name.items())}


def platform_rows(
    readings: Sequence[Reading], register: Register, platform_ids: Collection[str]
) -> list[Row]:
    """Return rows of `platforms` for named services that are not among `platform_ids`."""
    used = {target.platform_id for reading in readings for target in reading.targets.targets}
    new: dict[str, tuple[str, str]] = {}
    for reading in readings:
        for platform, about in reading.targets.new.items():
            new[platform] = min(about, new.get(platform, about))
    rows = []
    for platform in sorted(used - set(platform_ids)):
        group = register.groups.get(platform, platform.replace("-", " ").capitalize())
        name, kind = new.get(platform, (group, PlatformKind.GROUP.value))
        if platform == WHOLE_INTERNET:
            name, kind = "Whole internet", PlatformKind.NETWORK.value
        note = "named in the register; kind not checked" if platform in new else ""
        rows.append({"platform_id": platform, "name": name, "kind": str(kind), "note": note})
    return rows


def outcome_rows(rows: Sequence[Record], events: Sequence[Event]) -> list[Row]:
    """Return table `register_rows`, in which the oldest row of an event has the outcome `event`.

    The other rows of the event repeat it, and the rest were refused.
    """
    owners = {
        record.number: (
            event.restriction_id,
            ImportOutcome.MERGED if place else ImportOutcome.EVENT,
        )
        for event in events
        for place, record in enumerate(event.records)
    }
    twice = {row.number for event in events for row in list_duplicates(event)}
    table = []
    for row in rows:
        restriction, outcome = owners.get(row.number, ("", ImportOutcome.REFUSED))
        how = "recorded twice in" if row.number in twice else "counted again in"
        merged = f"{how} {row.count_year}" if outcome is ImportOutcome.MERGED else ""
        table.append(
            {
                "register_row": str(row.number),
                "count_year": row.count_year,
                "country": cell_text(row.country),
                "country_ids": ";".join(row.country_ids),
                "fate": outcome.value,
                "restriction_id": restriction,
                "reason": row.refused or merged,
            }
        )
    return table


def count_events(rows: Sequence[Row]) -> Counts:
    """Return the number of events by country codes and count year, given `register_rows`."""
    counted = {
        (row["country_ids"], row["count_year"], row["restriction_id"])
        for row in rows
        if row["restriction_id"]
    }
    return dict(Counter((country, year) for country, year, _ in sorted(counted)))


def compare_counts(ours: Counts, theirs: Counts) -> list[tuple[str, str, int, int]]:
    """Return countries and years with different counts: country, year, our count, their count."""
    return [
        (*key, ours.get(key, 0), theirs.get(key, 0))
        for key in sorted({*ours, *theirs})
        if ours.get(key, 0) != theirs.get(key, 0)
    ]
