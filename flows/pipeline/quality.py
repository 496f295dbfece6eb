"""What was checked and how it went: quality report, quarantine, and the inputs that were lost."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from audience_impact.facts.tables import Finding, Tables
from audience_impact.populations import countries_of, country_of, parents_of
from audience_impact.rules import named
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import FindingSeverity
from schemas import published


def refused(findings: Sequence[Finding]) -> list[Finding]:
    """Findings for which a row that could be read was refused."""
    return [
        found
        for found in findings
        if found.severity is FindingSeverity.ERROR and found.row.startswith("{")
    ]


def with_losses(frame: pd.DataFrame, refused: Sequence[Finding], tables: Tables) -> pd.DataFrame:
    """Counts, for each restriction, the refused rows on it, its platforms and bases.

    `tables` are the rows that passed.
    """
    return frame.assign(quarantined_inputs_count=_losses(frame, tables, refused))


def _losses(frame: pd.DataFrame, tables: Tables, refused: Sequence[Finding]) -> pd.Series:
    if not refused:
        return pd.Series(0, frame.index)
    cells = [json.loads(row) for row in {found.place: found.row for found in refused}.values()]
    acts = Counter(cell["restriction_id"] for cell in cells if cell.get("restriction_id"))
    audiences = Counter(
        (cell["area_id"], cell["platform_id"]) for cell in cells if "estimate_id" in cell
    )
    bases = Counter(cell["area_id"] for cell in cells if "base_id" in cell)
    parents = parents_of(tables["areas"])
    aims = tables["restriction_targets"].groupby("restriction_id")["platform_id"]
    platforms = aims.agg(lambda ids: sorted(set(ids))).to_dict()
    return pd.Series(
        [
            acts[act]
            + sum(
                audiences[country, platform]
                for country in countries_of(areas.split(";"), parents)
                for platform in platforms.get(act, [])
            )
            + sum(
                bases[area]
                for area in {
                    part for area in areas.split(";") for part in (area, country_of(area, parents))
                }
            )
            for act, areas in zip(frame["restriction_id"], frame["area_id"], strict=True)
        ],
        index=frame.index,
    )


def report(
    findings: Sequence[Finding],
    broken: Mapping[str, list[str]],
    rows: Mapping[str, int],
    told: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """One row a rule and table it applies to, also where nothing failed.

    `broken` names the rows of results that break each rule over them, `rows` counts the rows
    of each table, and `told` has lines about what some rules found, by rule.
    """
    from flows.pipeline.rules import IN_QUALITY, rules

    failed: dict[tuple[str, str], list[str]] = {}
    for one in findings:
        failed.setdefault((one.rule, one.table), []).append(f"{one.file}:{one.line}")
    failed |= {(rule, name): keys for rule, keys in broken.items() for name in named(rule).tables}
    return pd.DataFrame(
        [
            {
                "check": rule.id,
                "table": table,
                "severity": rule.severity.value,
                "checked_count": rows.get(table, 0),
                "failed_count": len(failed.get((rule.id, table), [])),
                "worst_rows": ";".join(failed.get((rule.id, table), [])[:5]),
                "meaning": rule.meaning,
                "details": "\n".join(told.get(rule.id, [])) if table in rule.tables[:1] else "",
            }
            for rule in rules()
            if rule.stage in IN_QUALITY
            for table in rule.tables
        ]
    ).sort_values(["check", "table"], ignore_index=True)


def faults(broken: Mapping[str, list[str]]) -> list[str]:
    """One line for each broken rule over results that stops publishing."""
    return [
        f"{', '.join(named(rule).tables)}: {rule}: {named(rule).meaning}: {', '.join(keys[:5])}"
        for rule, keys in broken.items()
        if keys and named(rule).severity is FindingSeverity.TABLE_ERROR
    ]


def quarantine(findings: Sequence[Finding]) -> pd.DataFrame:
    """Every row refused, whole."""
    return pd.DataFrame(
        [
            {
                "table": found.table,
                "row_layer": found.layer,
                "file": found.file,
                "line": found.line,
                "column": found.column,
                "rule": found.rule,
                "value": found.value,
                "reason": found.message,
                "row": found.row,
            }
            for found in findings
            if found.severity is FindingSeverity.ERROR
        ],
        columns=published.columns("quarantine"),
    )


def details(quality: pd.DataFrame, rule: str = "") -> list[str]:
    """What the table `quality` says of what was found, by one rule or by all, a line each."""
    rows = quality[quality["check"] == rule] if rule else quality
    return [line for text in rows["details"].dropna() for line in text.splitlines()]


def contradictions(quality: pd.DataFrame) -> list[str]:
    """What the table `quality` says of measured overlaps that contradict other facts."""
    from audience_impact.outputs.review.rules import CONTRADICT

    return details(quality, CONTRADICT)


def details_of(version: Stored) -> list[str]:
    """What a published version says of what was found, a line each."""
    return details(version.table("quality"))
