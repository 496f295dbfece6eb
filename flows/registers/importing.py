"""Import a register as a layer of fact tables: `audience-impact import NAME FILE --into DIR`.

The summary of an import is the reconciliation of rows, and of events by country and year.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.imputation.audiences import list_services
from audience_impact.plain_text import cell_text, hide_passwords, json_text, plain_line
from audience_impact.populations import country_of, is_region, parents_of
from audience_impact.registers import event_links, register_tables
from audience_impact.registers import register as registers
from audience_impact.registers.countries import (
    country_code,
    country_codes,
    list_country_names,
    list_regions,
)
from audience_impact.registers.outages import REFUSALS, OutageList, read_outages
from audience_impact.registers.place_names import build_atlas
from audience_impact.registers.register import Background, FeatureRule, Reading, Register, Row
from audience_impact.vocabulary import Unstated
from flows import layers
from flows.pipeline import steps
from flows.registers import REGISTERS
from flows.registers.files import RegisterError, read_file

ROWS_SHOWN = 12
"""Maximum number of row numbers of a defect or name in the text; JSON has all of them."""
Counts = Mapping[tuple[str, str], int]
"""Events by country codes and count year."""


@dataclass(frozen=True)
class Origin:
    """The snapshot of a register, if not its default one, and where and when it was read."""

    snapshot: str = ""
    address: str = ""
    accessed: str = ""


@dataclass(frozen=True)
class Content:
    """What an import makes of a file: tables, refused rows, and the summary for JSON."""

    tables: Mapping[str, Sequence[Row]]
    refused: Sequence[Row]
    summary: dict[str, Any]


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
    overwrite: bool = False,
    counts: Path | None = None,
) -> Imported:
    """Write a register, or a list of outages, as a layer; compare its events with other counts.

    With `overwrite`, files of the folder that were edited by hand are copied, then replaced.

    Raises RegisterError with one line where the file is no such register, and RefusedError where
    the folder has edited or foreign files.
    """
    if isinstance(register, OutageList) and counts:
        raise RegisterError("--counts compares events of a register, not outages; leave it out")
    theirs = read_counts(counts) if counts else None
    frame = registers.clean_cells(read_file(path, register.columns))
    facts = steps.read_facts(base).tables
    if isinstance(register, OutageList):
        content = _import_outages(register, frame, facts, origin)
        text = _describe_outages(content.summary, folder)
    else:
        content = import_events(register, frame, facts, origin)
        if theirs is not None:
            content.summary["differences"] = _compare_counts(content.summary["counts"], theirs)
        text = _describe_events(content.summary, register, folder, theirs)
    files = _render_layer(register.name, content, list(frame.columns))
    owner = layers.Owner(f"import {register.name}", layers.IMPORT_MARK, "--overwrite")
    written = layers.write_layer(files, folder, base, owner, overwrite)
    return Imported(text, json_text(content.summary) + "\n", written.replaced)


def _import_outages(
    outages: OutageList, frame: pd.DataFrame, facts: Tables, origin: Origin
) -> Content:
    countries = sorted({*map(country_code, frame["country"])} - {""})
    source = _source_row(outages, origin, facts)
    evidence, refused = read_outages(frame, source["source_id"], build_atlas(countries, facts))
    tables = {
        "lineages": [outages.publication.lineage_row],
        "sources": [source],
        "areas": _area_rows({row["area_id"] for row in evidence}, facts),
        "evidence": evidence,
    }
    counts = Counter(row["reason"] for row in refused)
    reasons = {reason: counts[reason] for reason in REFUSALS if reason in counts}
    summary = {"rows": len(frame), "evidence": len(evidence), "refused": reasons}
    return Content(tables, refused, summary)


def _describe_outages(summary: Mapping[str, Any], folder: Path) -> str:
    refused = summary["refused"]
    lines = [
        f"{summary['rows']} rows = {summary['evidence']} outages + {sum(refused.values())} refused",
        *(f"  {reason}: {count} ({REFUSALS[reason]})" for reason, count in refused.items()),
        f"{plain_line(folder)}: evidence {summary['evidence']}",
    ]
    return "\n".join(lines) + "\n"


def import_events(
    register: Register, frame: pd.DataFrame, facts: Tables, origin: Origin
) -> Content:
    """Return the content of a register, of its cleaned rows, as a layer over facts as text."""
    rows = registers.read_records(frame, register)
    events = registers.group_events(rows, register)
    countries = {country for row in rows for country in row.country_ids}
    background = Background(
        registers.build_catalogue(_list_rows(facts["platforms"]), register.spellings),
        _feature_rules(register, facts),
        newest_year=max((row.count_year for row in rows), default=""),
        atlas=build_atlas(sorted(countries), facts),
    )
    readings = [
        register.read(part, background) for event in events for part in register.correct(event)
    ]
    platforms = facts["platforms"]["platform_id"]
    made = register_tables.make_tables(
        register, rows, events, readings, background.atlas, platforms
    )
    areas = countries | {area for reading in readings for area in reading.place.area_ids}
    area_rows = _area_rows(areas, facts)
    made["event_links"] = _link_rows(made, area_rows, readings, facts, register.links)
    source = _source_row(register, origin, facts)
    tables = {
        "lineages": [register.publication.lineage_row],
        "sources": [source],
        "areas": area_rows,
        **{
            table: [{**row, "source_id": source["source_id"]} for row in table_rows]
            for table, table_rows in made.items()
        },
    }
    tables = {table: tables[table] for table in register_tables.WRITTEN}
    cells = _list_rows(frame)
    refused = [
        {"row": str(row.number), "reason": row.refused, **cells[row.number - 1]}
        for row in rows
        if row.refused
    ]
    outcomes = Counter(row["fate"] for row in tables["register_rows"])
    counted = {
        (row["country_ids"], row["count_year"], row["restriction_id"])
        for row in tables["register_rows"]
        if row["restriction_id"]
    }
    counts = Counter((country, year) for country, year, _ in sorted(counted))
    defects = register_tables.collect_defects(register, rows, readings)
    summary = {
        "rows": len(rows),
        "events": outcomes["event"],
        "merged": outcomes["merged"],
        "merged_identical": sum(
            register_tables.is_same_but_year(register, *pair)
            for event in events
            for pair in event.repeated_pairs
        ),
        "refused": outcomes["refused"],
        "refusals": dict(Counter(row["reason"] for row in refused)),
        "defects": {kind: len(numbers) for kind, numbers in defects.items()},
        "defect_rows": defects,
        "names_unresolved": register_tables.list_unresolved(readings),
        "written": {table: len(table_rows) for table, table_rows in tables.items()},
        "counts": [
            {"country_ids": country, "count_year": year, "events": events}
            for (country, year), events in counts.items()
        ],
    }
    return Content(tables, refused, summary)


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
    address = hide_passwords(origin.address) or copy
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
    tables: Mapping[str, Sequence[Row]],
    areas: Sequence[Row],
    readings: Sequence[Reading],
    base: Tables,
    reviewed: Sequence[Row],
) -> list[Row]:
    """Return links that the base facts lack, to the same events there and among those here."""
    new = {row["area_id"]: row["parent_id"] for row in areas}
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


def _render_layer(name: str, content: Content, columns: Sequence[str]) -> layers.Files:
    """Return the files of a layer, whose missing cells are blank, with the refused rows."""
    tables = {
        table: pd.DataFrame(rows, dtype="str").fillna("") for table, rows in content.tables.items()
    }
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["row", "reason", *columns], lineterminator="\n")
    writer.writeheader()
    for row in content.refused:
        writer.writerow({column: cell_text(cell) for column, cell in row.items()})
    return {**layers.render_tables(tables), f"refused/{name}.csv": text.getvalue().encode()}


def read_counts(path: Path) -> Counts:
    """Return another count of events by year and country, by `iso3` if it has that, from a file."""
    frame = registers.clean_cells(read_file(path, ["count_year", "country", "events"]))
    counted: Counter[tuple[str, str]] = Counter()
    for row in _list_rows(frame):
        code = country_code(row.get("iso3", ""))
        codes = [code] if code else country_codes(row["country"])
        if not row["events"].isdecimal():
            raise RegisterError(f"{path}: events is no number ({row['events']!r}); correct it")
        key = (";".join(codes) or row["country"], registers.parse_year(row["count_year"]))
        counted[key] += int(row["events"])
    return counted


def _compare_counts(counts: Sequence[Mapping[str, Any]], theirs: Counts) -> list[dict[str, Any]]:
    """Return the countries and years with different counts, ours and theirs."""
    ours = {(row["country_ids"], row["count_year"]): row["events"] for row in counts}
    return [
        {
            "country_ids": country,
            "count_year": year,
            "events": ours.get((country, year), 0),
            "compared": theirs.get((country, year), 0),
        }
        for country, year in sorted({*ours, *theirs})
        if ours.get((country, year), 0) != theirs.get((country, year), 0)
    ]


def _describe_events(
    summary: Mapping[str, Any], register: Register, folder: Path, theirs: Counts | None
) -> str:
    """Return the reconciliation as text."""
    counts, unresolved = summary["counts"], summary["names_unresolved"]
    by_country: dict[str, list[str]] = {}
    for row in sorted(counts, key=lambda row: (row["country_ids"], row["count_year"])):
        years = by_country.setdefault(row["country_ids"], [])
        years.append(f"{row['count_year']} {row['events']}")
    events = sum(row["events"] for row in counts)
    lines = [
        f"{summary['rows']} rows = {summary['events']} events + {summary['merged']} merged "
        f"+ {summary['refused']} refused",
        f"of the merged {summary['merged_identical']} repeat the row before them in all but the "
        "year",
        "",
        "defects:" if summary["defects"] else "no defects",
        *(
            f"  {kind}: {len(rows)} ({register.defects[kind]}); rows {_first_rows(rows)}"
            for kind, rows in summary["defect_rows"].items()
        ),
        f"names that are no place on record: {len(unresolved)}" if unresolved else "",
        *(f"  {plain_line(name)}: rows {_first_rows(rows)}" for name, rows in unresolved.items()),
        "",
        f"events by country and count year ({len(counts)} pairs, {events} in all):",
        *(f"  {plain_line(country)}: {', '.join(years)}" for country, years in by_country.items()),
        "",
    ]
    if theirs is not None:
        lines += [
            f"{len(summary['differences'])} differences to the other count "
            f"({sum(theirs.values())} in all)",
            *(
                f"  {plain_line(row['country_ids'])} {row['count_year']}: {row['events']} here, "
                f"{row['compared']} there"
                for row in summary["differences"]
            ),
            "",
        ]
    written = ", ".join(f"{table} {count}" for table, count in summary["written"].items())
    refused = plain_line(folder / "refused" / f"{register.name}.csv")
    return "\n".join([*lines, f"{plain_line(folder)}: {written}; refused rows in {refused}"]) + "\n"


def _first_rows(rows: Sequence[int]) -> str:
    shown = ", ".join(map(str, rows[:ROWS_SHOWN]))
    return shown + (", ..." if len(rows) > ROWS_SHOWN else "")
