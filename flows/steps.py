"""The steps of the pipeline as plain functions, so that they compose by hand as in a flow."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow
import pyarrow.parquet

from audience_impact import checks, facts, impact, publish
from audience_impact import reading as files
from audience_impact.facts import Finding, Tables
from audience_impact.vocabulary import FindingSeverity, Staleness
from schemas import contracts, published
from schemas import facts as fact_models

LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}
CODE = (Path(published.__file__).parent, Path(__file__).parent)
"""What shapes the published bytes besides the statistics: the contracts and these steps."""


class RefusedError(Exception):
    """Nothing is published; the lines say why."""

    def __init__(self, lines: Sequence[str], findings: Sequence[Finding] = ()) -> None:
        self.lines, self.findings = list(lines), list(findings)
        more = [f"... and {len(lines) - 10} more"] if len(lines) > 10 else []
        super().__init__("\n".join([*self.lines[:10], *more]))


@dataclass(frozen=True)
class Reading:
    """Fact tables as text, and what is wrong with the files."""

    folders: tuple[Path, ...]
    tables: Tables
    findings: tuple[Finding, ...]
    inputs_sha256: str
    overridden: int


@dataclass(frozen=True)
class Checked:
    """Typed rows that passed, all findings, and how many rows each table held."""

    folders: tuple[Path, ...]
    tables: Tables
    findings: tuple[Finding, ...]
    rows: dict[str, int]
    inputs_sha256: str


@dataclass(frozen=True)
class Results:
    """Published tables before they are written, and what identifies their version."""

    frames: Tables
    tables: dict[str, pyarrow.Table]
    version: publish.Version


def line(found: Finding) -> str:
    """A finding as one line: FILE:LINE:COLUMN: RULE: message."""
    value = f" ({found.value!r})" if found.value else ""
    text = " ".join(f"{found.message}{value}".split())
    return f"{found.file}:{found.line}:{found.column}: {found.rule}: {text}"


def headers() -> dict[str, files.Header]:
    """Columns and key of each fact table."""
    keys = fact_models.keys()
    return {
        table: files.Header(list(fact_models.columns(table)), keys[table])
        for table in fact_models.MODELS
    }


def read(folders: Sequence[Path]) -> Reading:
    """Read the fact tables of the folders, a later one winning by key."""
    expected = headers()
    tables, findings = files.read(folders, expected)
    lines = sum(len(frame) for frame in tables.values())
    alone = (
        sum(
            len(frame) for folder in folders for frame in files.read([folder], expected)[0].values()
        )
        if len(folders) > 1
        else lines
    )
    return Reading(
        tuple(folders), tables, tuple(findings), files.digest(folders, expected), alone - lines
    )


def check(reading: Reading) -> Checked:
    """Hold the facts against every rule.

    Rows with errors are taken out, and with them the rows whose keys then point nowhere.
    """
    contracts.require_validation()
    own = [
        found
        for table, frame in reading.tables.items()
        for found in _contract_findings(table, frame)
    ]
    keys, references = fact_models.keys(), fact_models.references()
    targets = {target for columns in references.values() for target in columns.values()}
    if any(
        found.rule in files.FATAL_RULES and found.table in targets for found in reading.findings
    ):
        return _checked(reading, reading.tables, own)  # all that points there would fail as well
    tables, cascade = checks.settle(facts.without(reading.tables, own), keys, references)
    typed = facts.typed(tables, fact_models.of_kind("number"), fact_models.of_kind("period"))
    across = checks.cross(typed)
    typed, late = checks.settle(facts.without(typed, across), keys, references)
    written = facts.as_written([*across, *late], reading.tables)
    return _checked(reading, typed, [*own, *cascade, *written])


def _checked(reading: Reading, tables: Tables, findings: list[Finding]) -> Checked:
    together = tuple(sorted([*reading.findings, *findings], key=_order))
    return Checked(reading.folders, tables, together, _rows_read(reading), reading.inputs_sha256)


def _rows_read(reading: Reading) -> dict[str, int]:
    """Rows of each table, those that could not be read included."""
    unread = Counter(found.table for found in reading.findings if found.rule in files.ROW_RULES)
    return {table: len(frame) + unread[table] for table, frame in reading.tables.items()}


def _order(found: Finding) -> tuple[str, int, int, str, str]:
    return found.file, found.layer, found.line, found.column, found.rule


def _contract_findings(table: str, frame: pd.DataFrame) -> list[Finding]:
    return [
        facts.finding(
            table,
            frame.loc[case.position],
            case.column,
            case.rule,
            FindingSeverity.WARNING if case.rule in fact_models.WARNINGS else FindingSeverity.ERROR,
            contracts.message(table, case.column, case.rule),
        )
        for case in contracts.failures(table, frame).itertuples()
    ]


def gate(checked: Checked, strict: bool) -> Checked:
    """Refuse to go on after an error of a table, or after any error when strict.

    Raises RefusedError with the findings that stand in the way.
    """
    stops = {FindingSeverity.TABLE_ERROR} | ({FindingSeverity.ERROR} if strict else set())
    bad = [
        facts.relocated(found, checked.folders)
        for found in checked.findings
        if found.severity in stops
    ]
    if bad:
        bad.sort(key=lambda found: found.rule == checks.KEY_UNRESOLVED)  # causes first
        raise RefusedError([line(found) for found in bad], bad)
    return checked


def compute(checked: Checked, as_of: date | None, seed: int) -> Results:
    """The published tables, each held against its contract."""
    if as_of is None and checked.tables["sources"].empty:
        raise RefusedError(["no source is left that says when the facts were read: see check"])
    day = as_of or impact.newest_access(checked.tables)
    frames = impact.calculate(checked.tables, day)
    frames["quality"] = _quality(checked, frames["impact"])
    frames["quarantine"] = _quarantine(checked.findings)
    frames["impact"] = _with_losses(frames["impact"], checked)
    version = publish.Version(
        day,
        checked.inputs_sha256,
        f"{impact.METHOD_VERSION}+{publish.code_sha256(*CODE)[:12]}",
        published.SCHEMA_VERSION,
        seed,
    )
    tables = {name: published.to_arrow(name, frames[name]) for name in published.MODELS}
    return Results(frames, tables, version)


def _with_losses(frame: pd.DataFrame, checked: Checked) -> pd.DataFrame:
    """Counts, for each restriction, the refused rows on it, its platforms and bases."""
    refused = [
        found
        for found in checked.findings
        if found.severity is FindingSeverity.ERROR and found.row.startswith("{")
    ]
    return frame.assign(quarantined_inputs_count=_losses(frame, checked, refused))


def _losses(frame: pd.DataFrame, checked: Checked, refused: list[Finding]) -> pd.Series:
    cells = [json.loads(row) for row in {found.place: found.row for found in refused}.values()]
    acts = Counter(cell["restriction_id"] for cell in cells if cell.get("restriction_id"))
    audiences = Counter(
        (cell["area_id"], cell["platform_id"]) for cell in cells if "estimate_id" in cell
    )
    bases = Counter(cell["area_id"] for cell in cells if "base_id" in cell)
    targets = checked.tables["restriction_targets"].groupby("restriction_id")["platform_id"]
    platforms = targets.agg(lambda ids: sorted(set(ids))).to_dict()
    return pd.Series(
        [
            acts[act]
            + sum(
                audiences[country, platform]
                for country in {area[:2] for area in areas.split(";")}
                for platform in platforms.get(act, [])
            )
            + sum(
                bases[area]
                for area in {part for area in areas.split(";") for part in (area, area[:2])}
            )
            for act, areas in zip(frame["restriction_id"], frame["area_id"], strict=True)
        ],
        index=frame.index,
    )


def _quality(checked: Checked, impact_rows: pd.DataFrame) -> pd.DataFrame:
    """One row a rule and table it applies to, also where nothing failed."""
    failed: dict[tuple[str, str], list[str]] = {}
    for found in checked.findings:
        failed.setdefault((found.rule, found.table), []).append(f"{found.file}:{found.line}")
    exposed = impact_rows[impact_rows["impact_metric"] == "people_exposed"]
    expired = exposed.loc[exposed["staleness"] == Staleness.EXPIRED.value, "restriction_id"]
    failed[EXPIRED.rule, EXPIRED.tables[0]] = list(expired)
    rows = {**checked.rows, EXPIRED.tables[0]: len(exposed)}
    return pd.DataFrame(
        [
            {
                "check": rule.rule,
                "table": table,
                "severity": rule.severity.value,
                "checked_count": rows.get(table, 0),
                "failed_count": len(failed.get((rule.rule, table), [])),
                "worst_rows": ";".join(failed.get((rule.rule, table), [])[:5]),
                "meaning": rule.meaning,
            }
            for rule in rules()
            for table in rule.tables
        ]
    ).sort_values(["check", "table"], ignore_index=True)


def _quarantine(findings: Sequence[Finding]) -> pd.DataFrame:
    columns = list(published.MODELS["quarantine"].to_schema().columns)
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
        columns=columns,
    )


@dataclass(frozen=True)
class Rule:
    """A rule as the documentation and the quality table show it."""

    rule: str
    severity: FindingSeverity
    meaning: str
    tables: tuple[str, ...]


EXPIRED = Rule(
    "figure_expired",
    FindingSeverity.WARNING,
    "a result rests on a figure more than 24 months older than the restriction",
    ("impact",),
)
SHRUNK = Rule(
    "row_count_fell",
    FindingSeverity.WARNING,
    "a published table lost more than a fifth of its rows against the last version; "
    "told by the run, not published, since it depends on what was published before",
    ("impact", "impact_by_platform", "comparisons", "lineage", "sources"),
)
FALL_SHARE = 0.2


def rules() -> list[Rule]:
    """Every rule there is, with the tables it applies to; from the code, nowhere else."""
    names = tuple(fact_models.MODELS)
    table_error, error = FindingSeverity.TABLE_ERROR, FindingSeverity.ERROR
    found = [
        Rule(
            rule,
            error
            if rule in files.ROW_RULES
            else FindingSeverity.WARNING
            if rule == "unknown_table"
            else table_error,
            meaning,
            names,
        )
        for rule, meaning in files.MEANINGS.items()
        if rule != "unknown_table"
    ]
    for rule, meaning in contracts.meanings().items():
        severity = FindingSeverity.WARNING if rule in fact_models.WARNINGS else error
        found.append(Rule(rule, severity, meaning, contracts.tables_with(rule)))
    references = fact_models.references()
    found.append(
        Rule(
            checks.KEY_UNRESOLVED,
            error,
            checks.KEY_MEANING,
            tuple(table for table in names if references[table]),
        )
    )
    return [*found, EXPIRED] + [
        Rule(check.rule, check.severity, check.meaning, (check.table,)) for check in checks.CHECKS
    ]


def row_counts(root: Path) -> dict[str, int]:
    """Rows of each watched table of the last version below `root`; empty where there is none.

    A damaged `latest` counts as none: the next run is what mends it.
    """
    try:
        folder = publish.latest(root)
    except publish.PublishError:
        return {}
    paths = {name: folder / f"{name}.parquet" for name in SHRUNK.tables}
    return {
        name: pyarrow.parquet.read_metadata(path).num_rows
        for name, path in paths.items()
        if path.exists()
    }


def fallen(before: dict[str, int], now: dict[str, int]) -> list[str]:
    """One line for each published table that lost too many rows against the last version."""
    return [
        line(
            Finding(
                name,
                f"{name}.parquet",
                0,
                "",
                SHRUNK.rule,
                SHRUNK.severity,
                "",
                f"{count} rows in the last version, {now[name]} now; look at the quarantine",
            )
        )
        for name, count in before.items()
        if now[name] < (1 - FALL_SHARE) * count
    ]


def write(results: Results, root: Path, keep: int | None) -> publish.Published:
    """Publish the version and move `latest` to it."""
    contracts.require_validation()
    sources = results.frames["sources"]
    about = {
        "title": "How many people an internet restriction touches",
        "description": "Bounds on the people exposed to each restriction, with the figures, "
        "sources and lines of fact files behind them.",
        "licence": LICENCE,
        "sources": [
            {"title": row.title or row.publisher} | ({"path": row.url} if row.url else {})
            for row in sources.itertuples()
        ],
        "tables": {
            name: {
                "title": name.replace("_", " "),
                "description": published.title(name),
                "primary_key": published.KEYS[name],
            }
            for name in published.MODELS
        },
    }
    return publish.publish(root, results.version, results.tables, about, keep)
