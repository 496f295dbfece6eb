"""Tells what an import did: the reconciliation of rows, and of events by country and year."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from audience_impact.plain_text import json_text, plain
from audience_impact.registers.register_tables import ImportReport, differences
from flows.registers.importing import WRITTEN, refused_path

Counts = Mapping[tuple[str, str], int]
ROWS_TOLD = 12
"""So many row numbers of a defect or name are told as text; JSON has them all."""


def as_json(imported: ImportReport, theirs: Counts | None) -> str:
    """The reconciliation as JSON."""
    outcomes = imported.outcomes
    told: dict[str, object] = {
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
            for (country, year), events in imported.counts.items()
        ],
    }
    if theirs is not None:
        told["differences"] = [
            {"country_ids": country, "count_year": year, "events": ours, "compared": other}
            for country, year, ours, other in differences(imported.counts, theirs)
        ]
    return json_text(told) + "\n"


def as_text(imported: ImportReport, folder: Path, theirs: Counts | None) -> str:
    """The reconciliation as text."""
    outcomes = imported.outcomes
    lines = [
        f"{imported.rows} rows = {outcomes['event']} events + {outcomes['merged']} merged "
        f"+ {outcomes['refused']} refused",
        f"of the merged {imported.merged_identical} repeat the row before them in all but the year",
        *_defects(imported),
        *_unresolved(imported),
        *_counts(imported.counts),
        *(_compared(imported.counts, theirs) if theirs is not None else []),
        plain(f"{folder}: ")
        + ", ".join(f"{table} {len(imported.tables[table])}" for table in WRITTEN)
        + f"; refused rows in {plain(folder / refused_path(imported.register))}",
    ]
    return "\n".join(lines) + "\n"


def _defects(imported: ImportReport) -> list[str]:
    lines = ["", "defects:"] if imported.defects.rows else ["", "no defects"]
    for kind, rows in imported.defects.rows.items():
        meaning = imported.register.defects[kind]
        lines.append(f"  {kind}: {len(rows)} ({meaning}); rows {_first(rows)}")
    return lines


def _first(rows: Sequence[int]) -> str:
    shown = ", ".join(map(str, rows[:ROWS_TOLD]))
    return shown + (", ..." if len(rows) > ROWS_TOLD else "")


def _unresolved(imported: ImportReport) -> list[str]:
    """Names of places that are not on record, and their rows."""
    names = imported.unresolved
    head = f"names that are no place on record: {len(names)}" if names else ""
    return [
        head,
        *(f"  {plain(name)}: rows {_first(rows)}" for name, rows in names.items()),
    ]


def _counts(counts: Counts) -> list[str]:
    """Events by country and year, one country a line."""
    by_country: dict[str, list[str]] = {}
    for (country, year), events in sorted(counts.items()):
        by_country.setdefault(country, []).append(f"{year} {events}")
    total = sum(counts.values())
    head = f"events by country and count year ({len(counts)} pairs, {total} in all):"
    return [
        "",
        head,
        *(f"  {plain(country)}: {', '.join(own)}" for country, own in by_country.items()),
        "",
    ]


def _compared(counts: Counts, theirs: Counts) -> list[str]:
    found = differences(counts, theirs)
    head = f"{len(found)} differences to the other count ({sum(theirs.values())} in all)"
    lines = [
        f"  {plain(country)} {year}: {ours} here, {other} there"
        for country, year, ours, other in found
    ]
    return [head, *lines, ""]
