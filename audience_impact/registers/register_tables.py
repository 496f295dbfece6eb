"""Rows of the fact tables, defects and counts, from the records and readings of any register."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from audience_impact.registers.gazetteer import Atlas
from audience_impact.registers.places.items import Found
from audience_impact.registers.register import (
    Defect,
    Defects,
    Event,
    Reading,
    Record,
    Register,
    Row,
)
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    GeoScope,
    ImportOutcome,
    PlaceMatch,
    PlaceReading,
    PlatformKind,
)

Counts = dict[tuple[str, str], int]
"""Events by country codes and count year."""


@dataclass(frozen=True)
class ImportReport:
    """A register as a layer: its tables, the rows refused whole, and the reconciliation.

    `rows` counts the rows that hold anything; `merged_identical` the repeats that say nothing new;
    `unresolved` are names that are no place on record, with their rows.
    """

    register: Register
    tables: Mapping[str, list[Row]]
    refused: list[Row]
    rows: int
    merged_identical: int
    defects: Defects
    unresolved: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def outcomes(self) -> Counter[str]:
        """How many rows ended as what."""
        return Counter(row["fate"] for row in self.tables["register_rows"])

    @property
    def counts(self) -> Counts:
        """Events by country codes and count year."""
        return counts(self.tables["register_rows"])


def defects(register: Register, rows: Sequence[Record], readings: Sequence[Reading]) -> Defects:
    """All that was met: why rows were refused, what reading them met, and rows that repeat.

    Raises ValueError for a kind to which the register gives no meaning.
    """
    found = [Defect(row.refused, row.number) for row in rows if row.refused]
    found += [
        Defect("several_countries", row.number)
        for row in rows
        if not row.refused and len(row.country_ids) > 1
    ]
    found += [Defect("same_row_twice", number) for number in same_row_twice(rows)]
    found += [
        Defect("told_twice", row.number) for reading in readings for row in copies(reading.event)
    ]
    for reading in readings:
        found += reading.defects
        found += [
            Defect("repeat_differs", later.number)
            for earlier, later in reading.event.repeats
            if not _says_the_same(register, earlier, later)
        ]
    return Defects.collected(found, register.defects)


def copies(event: Event) -> list[Record]:
    """Records of an event that tell it once more in one year."""
    return [later for earlier, later in event.repeats if earlier.count_year == later.count_year]


def same_row_twice(rows: Sequence[Record]) -> list[int]:
    """Rows that are another row again, year and all."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for row in rows:
        cells = tuple(row.cells.values())
        found += [row.number] if cells in seen and not row.refused else []
        seen.add(cells)
    return found


def _says_the_same(register: Register, earlier: Record, later: Record) -> bool:
    """Whether two rows of one event differ in nothing but the year."""
    apart = {register.year: ""}
    return {**earlier.cells, **apart} == {**later.cells, **apart}


def merged_identical(register: Register, found: Sequence[Event]) -> int:
    """Repeats that differ from the row before them in nothing but the year."""
    return sum(_says_the_same(register, *pair) for event in found for pair in event.repeats)


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


READINGS = tuple(PlaceReading)
"""How much of a place is meant, the most first."""


def place_rows(readings: Sequence[Reading], atlas: Atlas) -> list[Row]:
    """The table `restriction_places`: what each restriction names, unions as their members.

    Where a name is no place on record, part of the country is meant as well. Of two readings of
    one place the one that means more stands.
    """
    return [
        row
        for each in readings
        if any(found.area_ids for found in each.place.names)
        for row in _places_of(each, atlas)
    ]


def _places_of(reading: Reading, atlas: Atlas) -> list[Row]:
    country = reading.event.newest.country_ids[0]
    entries, rows = atlas[country].entries, dict[str, Row]()
    order = [each.value for each in READINGS]
    for found in reading.place.names:
        within = Found(found.name, (country,), PlaceReading.WITHIN, PlaceMatch.EXACT)
        told = found if found.area_ids else within
        for area in told.area_ids:
            members = entries[area].members if area in entries else ()
            for part in members or (area,):
                row = _place_row(reading.event.restriction_id, part, told)
                known = rows.get(part, row)
                first, other = sorted((row, known), key=lambda one: order.index(one["reading"]))
                names = dict.fromkeys([*known["name"].split("; "), told.name])
                rows[part] = {**(known if known == other else first), "name": "; ".join(names)}
                rows[part]["reading"] = first["reading"]
    return list(rows.values())


def _place_row(restriction_id: str, area_id: str, found: Found) -> Row:
    return {
        "restriction_id": restriction_id,
        "area_id": area_id,
        "reading": found.reading.value,
        "least_area_id": found.least_area_id,
        "name": found.name,
        "found_by": found.found_by.value,
    }


def unresolved(readings: Sequence[Reading]) -> dict[str, tuple[int, ...]]:
    """Names that are no place on record, with the rows of their events."""
    found: dict[str, list[int]] = {}
    for each in readings:
        for name in each.place.names:
            if not name.area_ids:
                found.setdefault(name.name, []).append(each.event.newest.number)
    return {name: tuple(sorted(rows)) for name, rows in sorted(found.items())}


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


def platform_rows(
    readings: Sequence[Reading], register: Register, known: Collection[str]
) -> list[Row]:
    """Services that the readings name and that are not among the platform ids known."""
    used = {target.platform_id for each in readings for target in each.targets.targets}
    new: dict[str, tuple[str, str]] = {}
    for each in readings:
        for platform, about in each.targets.new.items():
            new[platform] = min(about, new.get(platform, about))
    found = []
    for platform in sorted(used - set(known)):
        group = register.groups.get(platform, platform.replace("-", " ").capitalize())
        name, kind = new.get(platform, (group, PlatformKind.GROUP.value))
        if platform == WHOLE_INTERNET:
            name, kind = "Whole internet", PlatformKind.NETWORK.value
        note = "named in the register; kind not checked" if platform in new else ""
        found.append({"platform_id": platform, "name": name, "kind": str(kind), "note": note})
    return found


def outcome_rows(rows: Sequence[Record], found: Sequence[Event], source_id: str) -> list[Row]:
    """The table `register_rows`: the oldest row of an event is the event, the others repeat it."""
    owners = {
        record.number: (
            event.restriction_id,
            ImportOutcome.MERGED if place else ImportOutcome.EVENT,
        )
        for event in found
        for place, record in enumerate(event.records)
    }
    twice = {row.number for event in found for row in copies(event)}
    told = []
    for row in rows:
        restriction, outcome = owners.get(row.number, ("", ImportOutcome.REFUSED))
        merged = outcome is ImportOutcome.MERGED
        how = "told twice in" if row.number in twice else "counted again in"
        told.append(
            {
                "source_id": source_id,
                "register_row": str(row.number),
                "count_year": row.count_year,
                "country": row.country,
                "country_ids": ";".join(row.country_ids),
                "fate": outcome.value,
                "restriction_id": restriction,
                "reason": row.refused or (f"{how} {row.count_year}" if merged else ""),
            }
        )
    return told


def counts(rows: Sequence[Row]) -> Counts:
    """Events by country codes and count year, from the table `register_rows` alone."""
    counted = {
        (row["country_ids"], row["count_year"], row["restriction_id"])
        for row in rows
        if row["restriction_id"]
    }
    found: Counts = {}
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
