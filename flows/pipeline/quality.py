"""Results of the checks: quality report, quarantine, and counts of the inputs that were refused.

Every rule, with its tables, comes from the registry. The modules imported here are those that
register rules about facts and results. Rules against the last version are registered by
`flows.last_version`, which needs these steps.
"""

import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from audience_impact.facts import checks, known_facts, reading
from audience_impact.facts import rules as fact_rules
from audience_impact.facts.tables import Finding, Tables
from audience_impact.outputs.review import rules as results
from audience_impact.populations import countries_of, country_of, parents_of
from audience_impact.rules import Rule, get_rule, list_rules
from audience_impact.store import versions
from audience_impact.vocabulary import FindingSeverity, RuleStage
from schemas import contracts, facts, published

REGISTERING = (reading, contracts, known_facts, checks, fact_rules, results, versions)
PLACE = ["row_layer", "row_file", "row_line"]
USED = ["restriction_id", "input_table", "input_id", *PLACE]
WITHOUT_WIDTH = results.answer_without_width.__name__
IN_QUALITY = set(RuleStage) - {RuleStage.PUBLISHED, RuleStage.VERSIONS}
"""Stages whose rules appear in the table `quality`; those of others prevent or need a version."""


def collect_rules() -> list[Rule]:
    """Return every rule, in the order of the stages, with the tables that it applies to."""
    references = facts.list_references()
    of_stages = {
        RuleStage.FILES: facts.TABLES,
        RuleStage.KEYS: tuple(table for table, columns in references.items() if columns),
        RuleStage.VERSIONS: published.TABLES,
    }
    return [
        rule
        if rule.tables or rule.id == reading.UNKNOWN_TABLE
        else replace(rule, tables=of_stages.get(rule.stage) or published.tables_with(rule.id))
        for rule in list_rules()
    ]


def list_refused(findings: Sequence[Finding]) -> list[Finding]:
    """Return the errors that led to the refusal of a readable row."""
    return [
        finding
        for finding in findings
        if finding.severity is FindingSeverity.ERROR and finding.row.startswith("{")
    ]


def add_losses(frame: pd.DataFrame, refused: Sequence[Finding], tables: Tables) -> pd.DataFrame:
    """Add to each restriction the number of refused rows on it, its platforms and bases."""
    if not refused:
        return frame.assign(quarantined_inputs_count=0)
    rows = {finding.place: finding.row for finding in refused}.values()
    cells = list(map(json.loads, rows))
    of_restrictions = Counter(cell.get("restriction_id") or "" for cell in cells)
    of_audiences = Counter(
        (cell["area_id"], cell["platform_id"]) for cell in cells if "estimate_id" in cell
    )
    of_bases = Counter(cell["area_id"] for cell in cells if "base_id" in cell)
    parents = parents_of(tables["areas"])
    platforms = tables["restriction_targets"].groupby("restriction_id")["platform_id"].agg(set)
    counts = []
    for restriction, area_ids in zip(frame["restriction_id"], frame["area_id"], strict=True):
        areas = area_ids.split(";")
        around = {*areas, *(country_of(area, parents) for area in areas)}
        audiences = itertools.product(countries_of(areas, parents), platforms.get(restriction, ()))
        counts.append(
            of_restrictions[restriction]
            + sum(of_audiences[audience] for audience in audiences)
            + sum(of_bases[area] for area in around)
        )
    return frame.assign(quarantined_inputs_count=counts)


def build_report(
    findings: Sequence[Finding],
    broken: Mapping[str, list[str]],
    rows: Mapping[str, int],
    detail_lines: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Return the table `quality`, with a row for each rule and table, including passed rules.

    `broken` has the keys of the results that break each rule over results, `rows` the row count of
    each table, and `detail_lines` the lines about the findings of some rules, by rule.
    """
    failed: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        failed.setdefault((finding.rule, finding.table), []).append(
            f"{finding.file}:{finding.line}"
        )
    failed |= {
        (rule, name): keys for rule, keys in broken.items() for name in get_rule(rule).tables
    }
    rows_of_rules = []
    for rule in collect_rules():
        for table in rule.tables if rule.stage in IN_QUALITY else ():
            places = failed.get((rule.id, table), [])
            details = detail_lines.get(rule.id, []) if table == rule.tables[0] else []
            rows_of_rules.append(
                {
                    "check": rule.id,
                    "table": table,
                    "severity": rule.severity.value,
                    "checked_count": rows.get(table, 0),
                    "failed_count": len(places),
                    "worst_rows": ";".join(places[:5]),
                    "meaning": rule.meaning,
                    "details": "\n".join(details),
                }
            )
    return pd.DataFrame(rows_of_rules).sort_values(["check", "table"], ignore_index=True)


def list_faults(broken: Mapping[str, list[str]]) -> list[str]:
    """Return a line for each broken rule over results that stops publishing."""
    return [
        f"{', '.join(get_rule(rule).tables)}: {rule}: {get_rule(rule).meaning}: "
        f"{', '.join(keys[:5])}"
        for rule, keys in broken.items()
        if keys and get_rule(rule).severity is FindingSeverity.TABLE_ERROR
    ]


def list_figures_without_width(broken: Sequence[str], lineage: pd.DataFrame) -> list[str]:
    """Return a line for each figure on which only answers without a width rest, else for all."""
    restrictions = {key.partition("/")[0] for key in broken}
    figures = lineage[lineage["input_table"] == "estimates"]
    used = figures.drop_duplicates(["restriction_id", *PLACE])
    is_withheld = used["restriction_id"].isin(restrictions)
    sound = pd.MultiIndex.from_frame(used.loc[~is_withheld, PLACE])
    withheld = used[is_withheld]
    alone = withheld[~pd.MultiIndex.from_frame(withheld[PLACE]).isin(sound)]
    counts = (withheld if alone.empty else alone).groupby([*PLACE, "input_id"]).size()
    counts = counts.sort_values(ascending=False, kind="stable")
    return [
        f"{file}:{line}:value: {WITHOUT_WIDTH}: {figure} leaves {count:,} restrictions without an "
        "interval; compare it with its page"
        for (_, file, line, figure), count in counts.items()
    ]


def build_quarantine(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return the table `quarantine` with every refused row and all its cells."""
    fields = ("table", "layer", "file", "line", "column", "rule", "value", "message", "row")
    rows = [
        [getattr(finding, field) for field in fields]
        for finding in findings
        if finding.severity is FindingSeverity.ERROR
    ]
    return pd.DataFrame(rows, columns=list(published.COLUMNS["quarantine"]))


def list_details(quality: pd.DataFrame, rule: str = "") -> list[str]:
    """Return the lines in the column `details` of the table `quality`, of one rule or of all."""
    rows = quality[quality["check"] == rule] if rule else quality
    return [line for text in rows["details"].dropna() for line in text.splitlines()]
