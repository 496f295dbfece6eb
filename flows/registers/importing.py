"""Import a register as a layer of fact tables: `audience-impact import NAME FILE --into DIR`."""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.imputation.groups import list_services
from audience_impact.plain_text import cell_text, json_text
from audience_impact.populations import country_of, is_region, parents_of
from audience_impact.registers import event_links, register_tables
from audience_impact.registers import gazetteer as places
from audience_impact.registers.outages import REFUSALS, OutageList, read_outages
from audience_impact.registers.register import (
    Background,
    FeatureRule,
    Reading,
    Record,
    Register,
    Row,
    build_catalogue,
    clean_cells,
    group_events,
    parse_year,
    read_records,
)
from audience_impact.registers.register_tables import WRITTEN, Counts, ImportReport
from audience_impact.vocabulary import Unstated
from flows import layers
from flows.layers import Layer, Owner, WriteResult
from flows.pipeline import steps
from flows.registers import files as registers
from flows.registers import gazetteer, reconciliation
from flows.registers.files import RegisterError
from flows.registers.reconciliation import OutageReport
from flows.registers.registry import REGISTERS
from schemas import facts as fact_models


@dataclass(frozen=True)
class Origin:
    """The snapshot of a register, and the place where it was read.

    Without a snapshot the default snapshot of the register is used.
    """

    snapshot: str = ""
    address: str = ""
    accessed: str = ""


def layer_owner(register: Register | OutageList) -> Owner:
    """Return the command that writes layers of this register."""
    return Owner(f"import {register.name}", layers.IMPORT_MARK, "--overwrite")


def _source_row(register: Register | OutageList, origin: Origin, base: Tables) -> Row:
    """Return the row of `sources`; a known address keeps its day of access."""
    published = register.publication
    snapshot = origin.snapshot or published.snapshot
    copy, note = published.copies.get(snapshot, ("", ""))
    address = origin.address or copy
    recorded = base["sources"]
    read_on = recorded.loc[
        (recorded["url"] == address) & (recorded["url"] != ""), "accessed_on"
    ].max()
    return {
        "source_id": f"{published.series_id}-{snapshot}",
        "publisher": published.measurer,
        "title": published.title.format(snapshot=snapshot),
        "url": address,
        "published_on": snapshot,
        "accessed_on": origin.accessed or (read_on if isinstance(read_on, str) else snapshot),
        "source_type": published.source_type.value,
        "licence": Unstated.NOT_STATED.value,
        "reliability": published.reliability.value,
        "measurement_series_id": published.series_id,
        "note": note if copy and address == copy else published.licence_note,
    }


def _feature_rules(register: Register, base: Tables) -> list[FeatureRule]:
    """Return the register's feature rules; raise RegisterError for an unknown column."""
    columns = {name for entry in REGISTERS.values() for name in entry.load_register().columns}
    rules = []
    for row in base["feature_rules"].to_dict("records"):
        rule = FeatureRule(row["rule_id"], row["register_column"], row["pattern"], row["feature"])
        if rule.column not in columns | set(register.columns):
            raise RegisterError(
                f"feature_rules.csv: rule {rule.rule_id} reads the column {rule.column}, which "
                "the register does not have; correct it"
            )
        rules += [rule] if rule.column in register.columns else []
    return rules


def _area_rows(used: set[str], base: Tables) -> list[Row]:
    parents = parents_of(base["areas"])
    used |= {country_of(area, parents) for area in used}
    area_ids = set(base["areas"]["area_id"])
    names, regions = gazetteer.country_names(), gazetteer.list_regions()
    world = "001" if "001" in area_ids else ""
    return [
        {
            "area_id": area,
            "name": regions[country_of(area)][area][0] if is_region(area) else names[area],
            "parent_id": country_of(area) if is_region(area) else world,
        }
        for area in sorted(used - area_ids)
    ]


def _link_rows(
    tables: Mapping[str, list[Row]],
    readings: Sequence[Reading],
    base: Tables,
    reviewed: Sequence[Row],
) -> list[Row]:
    """Return links to the same events in the base facts, and among the events of the register.

    Pairs that already have a link in the base facts are left out.
    """
    new = {row["area_id"]: row["parent_id"] for row in tables["areas"]}
    unions = base["areas"][["area_id", "members"]].astype(str)
    about = (
        parents_of(base["areas"]) | new,
        {area: cell.split(";") for area, cell in unions.itertuples(index=False) if cell},
        list_services(base["platforms"]).groupby(level=0).agg(tuple).to_dict(),
    )
    newest = {reading.event.restriction_id: reading.event.newest_record for reading in readings}
    ours = [
        replace(
            event,
            newest_year=newest[event.restriction_id].count_year,
            filled_cells=sum(map(bool, newest[event.restriction_id].cells.values())),
        )
        for event in event_links.event_records(
            tables["restrictions"], tables["restriction_targets"], *about
        )
    ]
    theirs = [
        row for row in _rows_as_text(base["restrictions"]) if row["restriction_id"] not in newest
    ]
    targets = _rows_as_text(base["restriction_targets"])
    links = [
        *event_links.link_events(ours, event_links.event_records(theirs, targets, *about)),
        *event_links.link_duplicates(ours, reviewed),
    ]
    decided = set(map(frozenset, base["event_links"][list(event_links.PAIR)].to_numpy()))
    return [
        row for row in links if frozenset(row[name] for name in event_links.PAIR) not in decided
    ]


def columns_of(table: str) -> list[str]:
    """Return the columns of a fact table."""
    return list(fact_models.COLUMNS[table])


def _rows_as_text(frame: pd.DataFrame) -> list[Row]:
    return [
        {str(name): str(cell) for name, cell in row.items()} for row in frame.to_dict("records")
    ]


def _make_background(rows: Sequence[Record], register: Register, base: Tables) -> Background:
    countries = sorted({country for row in rows for country in row.country_ids})
    return Background(
        gazetteer.country_code,
        build_catalogue(_rows_as_text(base["platforms"]), register.spellings),
        _feature_rules(register, base),
        newest_year=max((row.count_year for row in rows), default=""),
        records=tuple(rows),
        atlas=gazetteer.build_atlas(countries, base),
    )


def build_report(
    register: Register, frame: pd.DataFrame, base: Tables, origin: Origin
) -> ImportReport:
    """Return the report on an imported register, with its tables for a layer.

    Args:
        register: the functions that read this register.
        frame: the rows of the register.
        base: the fact tables to which the layer is added, as text.
        origin: the source and date of this copy of the register.
    """
    clean = clean_cells(frame)
    cells = _rows_as_text(clean)
    rows = read_records(clean, register, gazetteer.country_code)
    events = group_events(rows, register)
    background = _make_background(rows, register, base)
    corrected = [part for event in events for part in register.correct(event)]
    readings = [register.read(part, background) for part in corrected]
    source = _source_row(register, origin, base)
    areas = {area for reading in readings for area in reading.place.area_ids}
    areas |= {country for row in rows for country in row.country_ids}
    platforms = base["platforms"]["platform_id"]
    made = register_tables.make_tables(register, rows, events, readings, background, platforms)
    tables = {
        "lineages": [register.publication.lineage_row],
        "sources": [source],
        "areas": _area_rows(areas, base),
        **{
            table: [{**row, "source_id": source["source_id"]} for row in table_rows]
            for table, table_rows in made.items()
        },
    }
    links = _link_rows(tables, readings, base, register.links)
    tables["event_links"] = [{**row, "source_id": source["source_id"]} for row in links]
    return ImportReport(
        register,
        tables,
        [
            {"row": str(row.number), "reason": row.refused, **cells[row.number - 1]}
            for row in rows
            if row.refused
        ],
        len(rows),
        register_tables.count_identical_repeats(register, events),
        register_tables.collect_defects(register, rows, readings),
        register_tables.list_unresolved(readings),
    )


def _make_layer(
    register: Register | OutageList,
    tables: Mapping[str, Sequence[Row]],
    refused: Sequence[Row],
    columns: Sequence[str],
) -> Layer:
    """Return a layer of rows, whose missing cells are blank, with the refused rows beside it.

    `columns` are those of the register.
    """
    frames = {
        table: pd.DataFrame(rows, dtype="str").reindex(columns=names, fill_value="").fillna("")
        for table, rows in tables.items()
        for names in [columns_of(table)]
    }
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["row", "reason", *columns], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: cell_text(cell) for name, cell in row.items()} for row in refused)
    return Layer(
        frames, {reconciliation.refused_path(register.name).as_posix(): text.getvalue().encode()}
    )


def import_outages(
    outages: OutageList,
    path: Path,
    folder: Path,
    base: Sequence[Path],
    origin: Origin,
    overwrite: bool = False,
) -> tuple[OutageReport, WriteResult]:
    """Read a list of outages and write it as a layer of evidence, as `import_register` does."""
    frame = clean_cells(registers.read_file(path, outages.columns))
    facts = steps.read_facts(base).tables
    find_country = gazetteer.country_code
    atlas = gazetteer.build_atlas(sorted({*map(find_country, frame["country"])} - {""}), facts)
    source = _source_row(outages, origin, facts)
    evidence, refused = read_outages(frame, source["source_id"], find_country, atlas)
    tables = {
        "lineages": [outages.publication.lineage_row],
        "sources": [source],
        "areas": _area_rows({row["area_id"] for row in evidence}, facts),
        "evidence": evidence,
    }
    layer = _make_layer(outages, tables, refused, [str(name) for name in frame.columns])
    owner = layer_owner(outages)
    written = layers.write_layer(layers.render_layer(layer), folder, base, owner, overwrite)
    counts = Counter(row["reason"] for row in refused)
    reasons = {reason: counts[reason] for reason in REFUSALS if reason in counts}
    return OutageReport(len(frame), len(evidence), reasons), written


def import_register(
    register: Register,
    path: Path,
    folder: Path,
    base: Sequence[Path],
    origin: Origin,
    overwrite: bool = False,
) -> tuple[ImportReport, WriteResult]:
    """Read a register and write it as a layer for the base facts.

    With `overwrite`, files of the folder that were edited by hand are copied, then replaced.

    Raises RegisterError with one line where the file is no such register, and RefusedError where
    the folder has edited or foreign files.
    """
    frame = registers.read_file(path, register.columns)
    imported = build_report(register, frame, steps.read_facts(base).tables, origin)
    tables = {table: imported.tables[table] for table in WRITTEN}
    layer = _make_layer(register, tables, imported.refused, [str(name) for name in frame.columns])
    files = layers.render_layer(layer)
    return imported, layers.write_layer(files, folder, base, layer_owner(register), overwrite)


@dataclass(frozen=True)
class Imported:
    """A written layer: its reconciliation as text and as JSON, and copies of edited tables."""

    text: str
    json: str
    replaced: tuple[Path, ...]


def import_file(
    register: Register | OutageList,
    path: Path,
    folder: Path,
    base: Sequence[Path],
    origin: Origin,
    overwrite: bool,
    counts: Path | None,
) -> Imported:
    """Import a register, or a list of outages, as a layer; compare its events with other counts.

    Raises RegisterError or RefusedError with a line for each error.
    """
    if isinstance(register, OutageList):
        if counts:
            raise RegisterError("--counts compares events of a register, not outages; leave it out")
        outages, written = import_outages(register, path, folder, base, origin, overwrite)
        text = reconciliation.describe_outages(outages, folder)
        return Imported(text, json_text(asdict(outages)) + "\n", written.replaced)
    theirs = read_counts(counts) if counts else None
    report, written = import_register(register, path, folder, base, origin, overwrite)
    text = reconciliation.as_text(report, folder, theirs)
    return Imported(text, reconciliation.as_json(report, theirs), written.replaced)


def read_counts(path: Path) -> Counts:
    """Return another count of events by country codes and year, from a file.

    A filled cell of the column `iso3` identifies the country instead of its name.
    """
    frame = clean_cells(registers.read_file(path, ["count_year", "country", "events"]))
    counted: dict[tuple[str, str], int] = {}
    for row in _rows_as_text(frame):
        code = gazetteer.country_code(row.get("iso3", ""))
        codes = [code] if code else places.country_codes(row["country"], gazetteer.country_code)
        key = (";".join(codes) or row["country"], parse_year(row["count_year"]))
        if not row["events"].isdecimal():
            raise RegisterError(f"{path}: events is no number ({row['events']!r}); correct it")
        counted[key] = counted.get(key, 0) + int(row["events"])
    return counted
