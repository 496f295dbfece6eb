"""Import a register as a layer of fact tables: `audience-impact import NAME FILE --into DIR`.

The report of an import is the reconciliation of rows, and of events by country and year.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.imputation.audiences import list_services
from audience_impact.plain_text import cell_text, json_text, plain_line
from audience_impact.populations import country_of, is_region, parents_of
from audience_impact.registers import event_links, register_tables
from audience_impact.registers.countries import (
    country_code,
    country_codes,
    list_country_names,
    list_regions,
)
from audience_impact.registers.outages import REFUSALS, OutageList, read_outages
from audience_impact.registers.place_names import build_atlas
from audience_impact.registers.register import (
    Background,
    FeatureRule,
    Reading,
    Register,
    Row,
    build_catalogue,
    clean_cells,
    group_events,
    parse_year,
    read_records,
)
from audience_impact.registers.register_tables import (
    WRITTEN,
    Counts,
    ImportReport,
    compare_counts,
)
from audience_impact.vocabulary import Unstated
from flows import layers
from flows.layers import Owner, WriteResult
from flows.pipeline import steps
from flows.registers import REGISTERS
from flows.registers.files import RegisterError, read_file
from schemas import facts as fact_models

ROWS_SHOWN = 12
"""Maximum number of row numbers of a defect or name in the text; JSON has all of them."""


@dataclass(frozen=True)
class Origin:
    """The snapshot of a register, and the place where it was read.

    Without a snapshot the default snapshot of the register is used.
    """

    snapshot: str = ""
    address: str = ""
    accessed: str = ""


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
        return _import_outages(register, path, folder, base, origin, overwrite)
    theirs = read_counts(counts) if counts else None
    report, written = import_register(register, path, folder, base, origin, overwrite)
    text = describe_report(report, folder, theirs)
    return Imported(text, json_text(summarise_report(report, theirs)) + "\n", written.replaced)


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
    frame = read_file(path, register.columns)
    report = build_report(register, frame, steps.read_facts(base).tables, origin)
    files = _render_layer(register.name, report.tables, report.refused, frame)
    return report, layers.write_layer(files, folder, base, _own_layer(register.name), overwrite)


def _import_outages(
    outages: OutageList,
    path: Path,
    folder: Path,
    base: Sequence[Path],
    origin: Origin,
    overwrite: bool,
) -> Imported:
    """Read a list of outages and write it as a layer of evidence, as `import_register` does."""
    frame = clean_cells(read_file(path, outages.columns))
    facts = steps.read_facts(base).tables
    countries = sorted({*map(country_code, frame["country"])} - {""})
    atlas = build_atlas(countries, facts)
    source = _source_row(outages, origin, facts)
    evidence, refused = read_outages(frame, source["source_id"], atlas)
    tables = {
        "lineages": [outages.publication.lineage_row],
        "sources": [source],
        "areas": _area_rows({row["area_id"] for row in evidence}, facts),
        "evidence": evidence,
    }
    files = _render_layer(outages.name, tables, refused, frame)
    written = layers.write_layer(files, folder, base, _own_layer(outages.name), overwrite)
    counts = Counter(row["reason"] for row in refused)
    reasons = {reason: counts[reason] for reason in REFUSALS if reason in counts}
    lines = [
        f"{len(frame)} rows = {len(evidence)} outages + {len(refused)} refused",
        *(f"  {reason}: {count} ({REFUSALS[reason]})" for reason, count in reasons.items()),
        f"{plain_line(folder)}: evidence {len(evidence)}",
    ]
    summary = {"rows": len(frame), "evidence": len(evidence), "refused": reasons}
    return Imported("\n".join(lines) + "\n", json_text(summary) + "\n", written.replaced)


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
    rows = read_records(clean, register)
    events = group_events(rows, register)
    countries = {country for row in rows for country in row.country_ids}
    background = Background(
        build_catalogue(_list_rows(base["platforms"]), register.spellings),
        _feature_rules(register, base),
        newest_year=max((row.count_year for row in rows), default=""),
        atlas=build_atlas(sorted(countries), base),
    )
    readings = [
        register.read(part, background) for event in events for part in register.correct(event)
    ]
    platforms = base["platforms"]["platform_id"]
    made = register_tables.make_tables(
        register, rows, events, readings, background.atlas, platforms
    )
    areas = countries | {area for reading in readings for area in reading.place.area_ids}
    made["areas"] = _area_rows(areas, base)
    made["event_links"] = _link_rows(made, readings, base, register.links)
    source = _source_row(register, origin, base)
    tables = {
        table: [{**row, "source_id": source["source_id"]} for row in table_rows]
        for table, table_rows in made.items()
    }
    tables |= {"lineages": [register.publication.lineage_row], "sources": [source]}
    tables["areas"] = made["areas"]
    cells = _list_rows(clean)
    return ImportReport(
        register,
        tables={table: tables[table] for table in WRITTEN},
        refused=[
            {"row": str(row.number), "reason": row.refused, **cells[row.number - 1]}
            for row in rows
            if row.refused
        ],
        rows=len(rows),
        merged_identical=sum(
            register_tables.is_same_but_year(register, *pair)
            for event in events
            for pair in event.repeated_pairs
        ),
        defects=register_tables.collect_defects(register, rows, readings),
        unresolved=register_tables.list_unresolved(readings),
    )


def _list_rows(frame: pd.DataFrame) -> list[Row]:
    return [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]


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
        "note": note if copy and address == copy else "no licence stated",
    }


def _area_rows(area_ids: set[str], base: Tables) -> list[Row]:
    """Return rows of areas, and of their countries, that the base facts lack."""
    parents = parents_of(base["areas"])
    used = area_ids | {country_of(area, parents) for area in area_ids}
    names, regions = list_country_names(), list_regions()
    world = "001" if "001" in parents else ""
    return [
        {
            "area_id": area,
            "name": regions[country_of(area)][area][0] if is_region(area) else names[area],
            "parent_id": country_of(area) if is_region(area) else world,
        }
        for area in sorted(used - parents.keys())
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
    editions = {
        reading.event.restriction_id: (row.count_year, sum(map(bool, row.cells.values())))
        for reading in readings
        for row in [reading.event.newest_record]
    }
    ours = event_links.event_records(tables["restrictions"], tables["restriction_targets"], *about)
    theirs = [
        row for row in _list_rows(base["restrictions"]) if row["restriction_id"] not in editions
    ]
    targets = _list_rows(base["restriction_targets"])
    links = [
        *event_links.link_events(ours, event_links.event_records(theirs, targets, *about)),
        *event_links.link_duplicates(ours, editions, reviewed),
    ]
    decided = set(map(frozenset, base["event_links"][list(event_links.PAIR)].to_numpy()))
    return [
        row for row in links if frozenset(row[name] for name in event_links.PAIR) not in decided
    ]


def _render_layer(
    name: str,
    tables: Mapping[str, Sequence[Row]],
    refused: Sequence[Row],
    frame: pd.DataFrame,
) -> layers.Files:
    """Return the files of a layer of rows, whose missing cells are blank, with the refused rows."""
    frames = {
        table: pd.DataFrame(rows, dtype="str")
        .reindex(columns=list(fact_models.COLUMNS[table]), fill_value="")
        .fillna("")
        for table, rows in tables.items()
    }
    text = io.StringIO(newline="")
    names = ["row", "reason", *map(str, frame.columns)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: cell_text(cell) for name, cell in row.items()} for row in refused)
    refused_rows = {f"refused/{name}.csv": text.getvalue().encode()}
    return {**layers.render_tables(frames), **refused_rows}


def _own_layer(name: str) -> Owner:
    return Owner(f"import {name}", layers.IMPORT_MARK, "--overwrite")


def read_counts(path: Path) -> Counts:
    """Return another count of events by country codes and year, from a file.

    A filled cell of the column `iso3` identifies the country instead of its name.
    """
    frame = clean_cells(read_file(path, ["count_year", "country", "events"]))
    counted: Counter[tuple[str, str]] = Counter()
    for row in _list_rows(frame):
        code = country_code(row.get("iso3", ""))
        codes = [code] if code else country_codes(row["country"])
        if not row["events"].isdecimal():
            raise RegisterError(f"{path}: events is no number ({row['events']!r}); correct it")
        key = (";".join(codes) or row["country"], parse_year(row["count_year"]))
        counted[key] += int(row["events"])
    return counted


def summarise_report(report: ImportReport, theirs: Counts | None) -> dict[str, object]:
    """Return the reconciliation for JSON."""
    outcomes, counts = report.outcome_counts, report.event_counts
    summary: dict[str, object] = {
        "rows": report.rows,
        "events": outcomes["event"],
        "merged": outcomes["merged"],
        "merged_identical": report.merged_identical,
        "refused": outcomes["refused"],
        "refusals": dict(Counter(row["reason"] for row in report.refused)),
        "defects": {kind: len(rows) for kind, rows in report.defects.items()},
        "defect_rows": dict(report.defects),
        "names_unresolved": dict(report.unresolved),
        "written": {table: len(rows) for table, rows in report.tables.items()},
        "counts": [
            {"country_ids": country, "count_year": year, "events": events}
            for (country, year), events in counts.items()
        ],
    }
    if theirs is not None:
        names = ("country_ids", "count_year", "events", "compared")
        differences = compare_counts(counts, theirs)
        summary["differences"] = [dict(zip(names, row, strict=True)) for row in differences]
    return summary


def describe_report(report: ImportReport, folder: Path, theirs: Counts | None) -> str:
    """Return the reconciliation as text."""
    outcomes, counts = report.outcome_counts, report.event_counts
    by_country: dict[str, list[str]] = {}
    for (country, year), events in sorted(counts.items()):
        by_country.setdefault(country, []).append(f"{year} {events}")
    lines = [
        f"{report.rows} rows = {outcomes['event']} events + {outcomes['merged']} merged "
        f"+ {outcomes['refused']} refused",
        f"of the merged {report.merged_identical} repeat the row before them in all but the year",
        "",
        "defects:" if report.defects else "no defects",
        *(
            f"  {kind}: {len(rows)} ({report.register.defects[kind]}); rows {_first_rows(rows)}"
            for kind, rows in report.defects.items()
        ),
        f"names that are no place on record: {len(report.unresolved)}" if report.unresolved else "",
        *(
            f"  {plain_line(name)}: rows {_first_rows(rows)}"
            for name, rows in report.unresolved.items()
        ),
        "",
        f"events by country and count year ({len(counts)} pairs, {sum(counts.values())} in all):",
        *(f"  {plain_line(country)}: {', '.join(years)}" for country, years in by_country.items()),
        "",
    ]
    if theirs is not None:
        pairs = compare_counts(counts, theirs)
        lines += [
            f"{len(pairs)} differences to the other count ({sum(theirs.values())} in all)",
            *(
                f"  {plain_line(country)} {year}: {ours} here, {compared} there"
                for country, year, ours, compared in pairs
            ),
            "",
        ]
    written = ", ".join(f"{table} {len(rows)}" for table, rows in report.tables.items())
    refused = plain_line(folder / "refused" / f"{report.register.name}.csv")
    return "\n".join([*lines, f"{plain_line(folder)}: {written}; refused rows in {refused}"]) + "\n"


def _first_rows(rows: Sequence[int]) -> str:
    shown = ", ".join(map(str, rows[:ROWS_SHOWN]))
    return shown + (", ..." if len(rows) > ROWS_SHOWN else "")
