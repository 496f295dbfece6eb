"""Rows of the fact tables, defects and counts, from the records and readings of a register."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from audience_impact.plain_text import cell_text
from audience_impact.registers.place_names import Atlas
from audience_impact.registers.places import NameMeaning
from audience_impact.registers.register import LOST_SHARE, Event, Reading, Record, Register, Row
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
Rows = Mapping[str, tuple[int, ...]]
"""Row numbers by kind of defect or by name, ascending, each once."""


def _gather_rows(pairs: Sequence[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    numbers: dict[str, set[int]] = {}
    for name, number in pairs:
        numbers.setdefault(name, set()).add(number)
    return {name: tuple(sorted(rows)) for name, rows in numbers.items()}


def collect_defects(
    register: Register, records: Sequence[Record], readings: Sequence[Reading]
) -> Rows:
    """Return all defects by kind; ValueError for a kind to which the register gives no meaning."""
    defects = [(record.refused, record.number) for record in records if record.refused]
    seen: set[tuple[str, ...]] = set()
    for row in records:
        cells = tuple(row.cells.values())
        if not row.refused:
            defects += [("several_countries", row.number)] * (len(row.country_ids) > 1)
            defects += [("same_row_twice", row.number)] * (cells in seen)
        seen.add(cells)
    for reading in readings:
        defects += reading.defects
        for earlier, later in reading.event.repeated_pairs:
            defects += [("told_twice", later.number)] * (earlier.count_year == later.count_year)
            if not is_same_but_year(register, earlier, later):
                defects.append(("repeat_differs", later.number))
    rows = _gather_rows(defects)
    if unknown := rows.keys() - register.defects.keys():
        raise ValueError(f"the defect {min(unknown)} has no meaning")
    return {kind: rows[kind] for kind in register.defects if kind in rows}


def is_same_but_year(register: Register, earlier: Record, later: Record) -> bool:
    """Return whether two rows differ in nothing but the year."""
    year = {register.year: ""}
    return earlier.cells | year == later.cells | year


def make_tables(
    register: Register,
    records: Sequence[Record],
    events: Sequence[Event],
    readings: Sequence[Reading],
    atlas: Atlas,
    platform_ids: Collection[str],
) -> dict[str, list[Row]]:
    """Return rows of fact tables, without their source.

    `records` are also those that were refused, `readings` events or their parts; services among
    `platform_ids` get no new row.
    """
    tables: dict[str, list[Row]] = {
        "platforms": _platform_rows(readings, register, platform_ids),
        "restrictions": [],
        "restriction_targets": [],
        "restriction_places": [],
        "register_rows": outcome_rows(records, events),
        "evidence": [],
        "published_figures": [],
    }
    for reading in readings:
        restriction_id, place = reading.event.restriction_id, reading.place
        country = reading.event.newest_record.country_ids[0]
        restriction = {
            "restriction_id": restriction_id,
            "area_ids": ";".join(place.area_ids),
            "geo_scope": GeoScope(place.geo_scope).value,
            **{name: str(cell) for name, cell in reading.restriction.items()},
        }
        tables["restrictions"].append(restriction)
        tables["restriction_targets"] += [
            {
                "restriction_id": restriction_id,
                "platform_id": target.platform_id,
                "feature": str(target.feature),
                "claim_status": restriction["claim_status"],
                "note": target.note,
            }
            for target in reading.targets.targets
        ]
        if any(name.area_ids for name in place.names):
            tables["restriction_places"] += _place_rows(reading, atlas)
        is_national = place.geo_scope is GeoScope.NATIONAL
        tables["evidence"] += [
            {
                "evidence_id": f"{restriction_id}.lost",
                "area_id": country,
                "evidence_scope": EvidenceScope.COUNTRY if is_national else EvidenceScope.REGION,
                "least_lost_share": figure.value,
                "most_lost_share": figure.most,
                "restriction_id": restriction_id,
                "note": PRINTED_IN_TEXT,
            }
            for figure in reading.figures
            if figure.unit == LOST_SHARE
        ]
        counts = [figure for figure in reading.figures if figure.unit != LOST_SHARE]
        tables["published_figures"] += [
            {
                "published_figure_id": f"{restriction_id}.printed-{number}",
                "restriction_id": restriction_id,
                "publisher": register.publication.measurer,
                "figure_kind": FigureKind.PEOPLE_AFFECTED,
                "unit": count.unit,
                "value": count.value,
                "interval_kind": count.interval_kind,
                "note": PRINTED_IN_TEXT,
            }
            for number, count in enumerate(counts, 1)
        ]
    return tables


def _place_rows(reading: Reading, atlas: Atlas) -> list[Row]:
    """Return the places of a restriction, unions as their members.

    If a name is no place on record, the country is added with the reading `within`. Of two readings
    of one place the larger one is used, with both names, and the units are added.
    """
    country = reading.event.newest_record.country_ids[0]
    entries, rows = atlas[country].entries, dict[str, Row]()
    within = NameMeaning("", (country,), PlaceReading.WITHIN, part_kind=PartKind.PLACE)
    for name in reading.place.names:
        meaning = name if name.area_ids else replace(within, name=name.name)
        parts = [
            part
            for area in meaning.area_ids
            for part in (area in entries and entries[area].members) or (area,)
        ]
        for part in parts:
            row = {
                "restriction_id": reading.event.restriction_id,
                "area_id": part,
                "reading": meaning.reading.value,
                "least_area_id": meaning.least_area_id,
                "name": meaning.name,
                "found_by": meaning.found_by.value,
                "part_kind": meaning.part_kind.value if meaning.part_kind else "",
                "units_count": str(meaning.units) if meaning.part_kind else "",
            }
            rows[part] = _merge_place_rows(rows[part], row) if part in rows else row
    return list(rows.values())


def _merge_place_rows(earlier: Row, row: Row) -> Row:
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


def list_unresolved(readings: Sequence[Reading]) -> Rows:
    """Return unresolved place names, with the row numbers of their events."""
    unresolved = [
        (name.name, reading.event.newest_record.number)
        for reading in readings
        for name in reading.place.names
        if not name.area_ids
    ]
    return dict(sorted(_gather_rows(unresolved).items()))


def _platform_rows(
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
    """Return `register_rows`: the oldest row of an event is it; others repeat or were refused."""
    outcomes = {
        event.records[0].number: (ImportOutcome.EVENT, event.restriction_id, "") for event in events
    }
    for event in events:
        for earlier, later in event.repeated_pairs:
            is_twice = earlier.count_year == later.count_year
            how = "recorded twice in" if is_twice else "counted again in"
            reason = f"{how} {later.count_year}"
            outcomes[later.number] = (ImportOutcome.MERGED, event.restriction_id, reason)
    table = []
    for row in rows:
        refusal = (ImportOutcome.REFUSED, "", row.refused)
        outcome, restriction_id, reason = outcomes.get(row.number, refusal)
        table.append(
            {
                "register_row": str(row.number),
                "count_year": row.count_year,
                "country": cell_text(row.country),
                "country_ids": ";".join(row.country_ids),
                "fate": outcome.value,
                "restriction_id": restriction_id,
                "reason": reason,
            }
        )
    return table
