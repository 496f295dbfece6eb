"""Tells what an import did: the reconciliation of rows, and of events by country and year."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from audience_impact.ingest.stop import cells as stop
from audience_impact.ingest.stop.events import differences
from flows.registers.importing import REFUSED, WRITTEN, Imported

Counts = Mapping[tuple[str, str], int]
ROWS_TOLD = 12
"""So many row numbers of a defect are told as text; JSON has them all."""


def as_json(imported: Imported, theirs: Counts | None) -> str:
    """The reconciliation as JSON."""
    fates = imported.fates
    told: dict[str, object] = {
        "rows": imported.rows,
        "events": fates["event"],
        "merged": fates["merged"],
        "merged_identical": imported.merged_identical,
        "refused": fates["refused"],
        "refusals": dict(Counter(row["reason"] for row in imported.refused)),
        "defects": {kind: len(rows) for kind, rows in imported.defects.items()},
        "defect_rows": dict(imported.defects),
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
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def as_text(imported: Imported, folder: Path, theirs: Counts | None) -> str:
    """The reconciliation as text."""
    fates = imported.fates
    lines = [
        f"{imported.rows} rows = {fates['event']} events + {fates['merged']} merged "
        f"+ {fates['refused']} refused",
        f"of the merged {imported.merged_identical} repeat the row before them in all but the year",
        *_defects(imported),
        *_counts(imported.counts),
        *(_compared(imported.counts, theirs) if theirs is not None else []),
        f"{folder}: "
        + ", ".join(f"{table} {len(imported.tables[table])}" for table in WRITTEN)
        + f"; refused rows in {folder / REFUSED}",
    ]
    return "\n".join(lines) + "\n"


def _defects(imported: Imported) -> list[str]:
    lines = ["", "defects:"] if imported.defects else ["", "no defects"]
    for kind, rows in imported.defects.items():
        shown = ", ".join(map(str, rows[:ROWS_TOLD]))
        more = ", ..." if len(rows) > ROWS_TOLD else ""
        lines.append(f"  {kind}: {len(rows)} ({stop.DEFECTS[kind]}); rows {shown}{more}")
    return lines


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
        *(f"  {country}: {', '.join(own)}" for country, own in by_country.items()),
        "",
    ]


def _compared(counts: Counts, theirs: Counts) -> list[str]:
    found = differences(counts, theirs)
    head = f"{len(found)} differences to the other count ({sum(theirs.values())} in all)"
    lines = [
        f"  {country} {year}: {ours} here, {other} there" for country, year, ours, other in found
    ]
    return [head, *lines, ""]
