"""The report of an import: the reconciliation of rows, and of events by country and year."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audience_impact.plain_text import json_text, plain_line
from audience_impact.registers.outages import REFUSALS
from audience_impact.registers.register_tables import WRITTEN, Counts, ImportReport, compare_counts

ROWS_SHOWN = 12
"""Maximum number of row numbers of a defect or name in the text; JSON has all of them."""


@dataclass(frozen=True)
class OutageReport:
    """An imported list of outages: rows read, evidence, and the refused rows by reason."""

    rows: int
    evidence: int
    refused: Mapping[str, int]


def refused_path(register: str) -> Path:
    """Return the path of the refused rows of a register, beside the fact tables."""
    return Path("refused") / f"{register}.csv"


def as_json(imported: ImportReport, theirs: Counts | None) -> str:
    """Return the reconciliation as JSON."""
    outcomes, counts = imported.outcome_counts, imported.event_counts
    report: dict[str, object] = {
        "rows": imported.rows,
        "events": outcomes["event"],
        "merged": outcomes["merged"],
        "merged_identical": imported.merged_identical,
        "refused": outcomes["refused"],
        "refusals": dict(Counter(row["reason"] for row in imported.refused)),
        "defects": {kind: len(rows) for kind, rows in imported.defects.items()},
        "defect_rows": dict(imported.defects),
        "names_unresolved": dict(imported.unresolved),
        "written": {table: len(imported.tables[table]) for table in WRITTEN},
        "counts": [
            {"country_ids": country, "count_year": year, "events": events}
            for (country, year), events in counts.items()
        ],
    }
    if theirs is not None:
        report["differences"] = [
            {"country_ids": country, "count_year": year, "events": ours, "compared": their_events}
            for country, year, ours, their_events in compare_counts(counts, theirs)
        ]
    return json_text(report) + "\n"


def as_text(imported: ImportReport, folder: Path, theirs: Counts | None) -> str:
    """Return the reconciliation as text."""
    outcomes, names = imported.outcome_counts, imported.unresolved
    meanings = imported.register.defects
    lines = [
        f"{imported.rows} rows = {outcomes['event']} events + {outcomes['merged']} merged "
        f"+ {outcomes['refused']} refused",
        f"of the merged {imported.merged_identical} repeat the row before them in all but the year",
        "",
        "defects:" if imported.defects else "no defects",
        *(
            f"  {kind}: {len(rows)} ({meanings[kind]}); rows {_first_rows(rows)}"
            for kind, rows in imported.defects.items()
        ),
        f"names that are no place on record: {len(names)}" if names else "",
        *(f"  {plain_line(name)}: rows {_first_rows(rows)}" for name, rows in names.items()),
        *_count_lines(imported.event_counts),
        *(_difference_lines(imported.event_counts, theirs) if theirs is not None else []),
        plain_line(f"{folder}: ")
        + ", ".join(f"{table} {len(imported.tables[table])}" for table in WRITTEN)
        + f"; refused rows in {plain_line(folder / refused_path(imported.register.name))}",
    ]
    return _join_lines(lines)


def describe_outages(report: OutageReport, folder: Path) -> str:
    """Return the reconciliation of a list of outages as text."""
    refused = report.refused.items()
    return _join_lines(
        [
            f"{report.rows} rows = {report.evidence} outages + {sum(report.refused.values())} "
            "refused",
            *(f"  {reason}: {count} ({REFUSALS[reason]})" for reason, count in refused),
            f"{plain_line(folder)}: evidence {report.evidence}",
        ]
    )


def _join_lines(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _first_rows(rows: Sequence[int]) -> str:
    shown = ", ".join(map(str, rows[:ROWS_SHOWN]))
    return shown + (", ..." if len(rows) > ROWS_SHOWN else "")


def _count_lines(counts: Counts) -> list[str]:
    by_country: dict[str, list[str]] = {}
    for (country, year), events in sorted(counts.items()):
        by_country.setdefault(country, []).append(f"{year} {events}")
    total = sum(counts.values())
    head = f"events by country and count year ({len(counts)} pairs, {total} in all):"
    lines = (
        f"  {plain_line(country)}: {', '.join(years)}" for country, years in by_country.items()
    )
    return ["", head, *lines, ""]


def _difference_lines(counts: Counts, theirs: Counts) -> list[str]:
    pairs = compare_counts(counts, theirs)
    lines = [
        f"  {plain_line(country)} {year}: {ours} here, {compared} there"
        for country, year, ours, compared in pairs
    ]
    head = f"{len(pairs)} differences to the other count ({sum(theirs.values())} in all)"
    return [head, *lines, ""]
