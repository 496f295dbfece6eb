"""Rows of the fact tables, defects and counts, from the records and readings of any register."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from audience_impact.ingest.register import (
    Defect,
    Defects,
    Event,
    Reading,
    Record,
    Register,
    Row,
)
from audience_impact.vocabulary import WHOLE_INTERNET, GeoScope, ImportOutcome, PlatformKind

Counts = dict[tuple[str, str], int]
"""Events by country codes and count year."""


@dataclass(frozen=True)
class ImportReport:
    """A register as a layer: its tables, the rows refused whole, and the reconciliation.

    `rows` counts the rows that hold anything; `merged_identical` the repeats that say nothing new.
    """

    register: Register
    tables: Mapping[str, list[Row]]
    refused: list[Row]
    rows: int
    merged_identical: int
    defects: Defects

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
