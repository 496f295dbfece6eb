"""The report of an import: the reconciliation of rows, and of events by country and year."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from audience_impact.plain_text import json_text, plain_line
from audience_impact.registers.outages import REFUSALS
from audience_impact.registers.register_tables import ImportReport, compare_counts
from flows.registers.importing import WRITTEN, OutageReport, refused_path

Counts = Mapping[tuple[str, str], int]
ROWS_TOLD = 12
"""Maximum number of row numbers of a defect or name in the text; JSON has all of them."""


def as_json(imported: ImportReport, theirs: Counts | None) -> str:
    """Return the reconciliation as JSON."""
    outcomes = imported.outcome_counts
    report: dict[str, object] = {
        "rows": imported.rows,
        "events": outcomes["event"],
        "merged": outcomes["merged"],
        "merged_identical": imported.merged_identical,
        "refused": outcomes["refused"],
        "refusals": dict(Counter(row["reason"] for row in imported.refused)),
        "defects": {kind: len(rows) for kind, rows in imported.defects.rows.items()},
        "defect_rows": dict(imported.defects.rows),
        "names_unresolved": dict(imported.unresolved),
        "written": {table: len(imported.tables[table]) for table in WRITTEN},
        "counts": [
            {"country_ids": country, "count_year": year, "events": events}
            for (country, year), events in imported.event_counts.items()
        ],
    }
    if theirs is not None:
        report["differences"] = [
            {"country_ids": country, "count_year": year, "events": ours, "compared": their_events}
            for country, year, ours, their_events in compare_counts(imported.event_counts, theirs)
        ]
    return json_text(report) + "\n"


def as_text(imported: ImportReport, folder: Path, theirs: Counts | None) -> str:
    """Return the reconciliation as text."""
    outcomes = imported.outcome_counts
    lines = [
        f"{imported.rows} rows = {outcomes['event']} events + {outcomes['merged']} merged "
        f"+ {outcomes['refused']} refused",
        f"of the merged {imported.merged_identical} repeat the row before them in all but the year",
        *_defect_lines(imported),
        *_unresolved_lines(imported),
        *_count_lines(imported.event_counts),
        *(_difference_lines(imported.event_counts, theirs) if theirs is not None else []),
        plain_line(f"{folder}: ")
        + ", ".join(f"{table} {len(imported.tables[table])}" for table in WRITTEN)
        + f"; refused rows in {plain_line(folder / refused_path(imported.register))}",
    ]
    return "\n".join(lines) + "\n"


def describe_outages(report: OutageReport, folder: Path) -> str:
    """Return the reconciliation of a list of outages as text."""
    lines = [
        f"{report.rows} rows = {report.evidence} outages + {sum(report.refused.values())} refused",
        *(f"  {reason}: {count} ({REFUSALS[reason]})" for reason, count in report.refused.items()),
        f"{plain_line(folder)}: evidence {report.evidence}",
    ]
    return "\n".join(lines) + "\n"


def _defect_lines(imported: ImportReport) -> list[str]:
    lines = ["", "defects:"] if imported.defects.rows else ["", "no defects"]
    for kind, rows in imported.defects.rows.items():
        meaning = imported.register.defects[kind]
        lines.append(f"  {kind}: {len(rows)} ({meaning}); rows {_first_rows(rows)}")
    return lines


def _first_rows(rows: Sequence[int]) -> str:
    shown = ", ".join(map(str, rows[:ROWS_TOLD]))
    return shown + (", ..." if len(rows) > ROWS_TOLD else "")


def _unresolved_lines(imported: ImportReport) -> list[str]:
    """Return names of places that are not on record, with the numbers of their rows."""
    names = imported.unresolved
    head = f"names that are no place on record: {len(names)}" if names else ""
    return [
        head,
        *(f"  {plain_line(name)}: rows {_first_rows(rows)}" for name, rows in names.items()),
    ]


def _count_lines(counts: Counts) -> list[str]:
    """Return the events by country and year, a line for each country."""
    by_country: dict[str, list[str]] = {}
    for (country, year), events in sorted(counts.items()):
        by_country.setdefault(country, []).append(f"{year} {events}")
    total = sum(counts.values())
    head = f"events by country and count year ({len(counts)} pairs, {total} in all):"
    return [
        "",
        head,
        *(f"  {plain_line(country)}: {', '.join(years)}" for country, years in by_country.items()),
        "",
    ]


def _difference_lines(counts: Counts, theirs: Counts) -> list[str]:
    pairs = compare_counts(counts, theirs)
    head = f"{len(pairs)} differences to the other count ({sum(theirs.values())} in all)"
    lines = [
        f"  {plain_line(country)} {year}: {ours} here, {compared} there"
        for country, year, ours, compared in pairs
    ]
    return [head, *lines, ""]
