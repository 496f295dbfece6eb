"""The steps of the pipeline as plain functions, so that they compose by hand as in a flow."""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow
import pyarrow.parquet

from audience_impact import pipeline as impact
from audience_impact.facts import reading as files
from audience_impact.facts import rules as checks
from audience_impact.facts import tables as facts
from audience_impact.facts.surprises import accepted, days
from audience_impact.facts.tables import Finding, Tables
from audience_impact.rules import named
from audience_impact.vocabulary import FindingSeverity, Unstated
from flows import CHECKOUT
from flows.pipeline import quality
from flows.publishing import storage
from flows.publishing import versions as publish
from schemas import contracts, published
from schemas import facts as fact_models
from schemas.arrow import to_arrow
from schemas.fields import SANE_YEARS

LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}
REPAIRED = "+repair"
"""In the method of a version whose contradicting overlaps were moved."""
CODE = tuple(CHECKOUT / name for name in ("audience_impact", "schemas", "flows/pipeline"))
"""What shapes the published numbers: the statistics, the contracts and these steps."""


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
    """Typed rows that passed, findings, how many rows each table held, and warnings accepted."""

    folders: tuple[Path, ...]
    tables: Tables
    findings: tuple[Finding, ...]
    rows: dict[str, int]
    inputs_sha256: str
    accepted: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Results:
    """Published tables before they are written, and what identifies their version."""

    frames: Tables
    tables: dict[str, pyarrow.Table]
    version: publish.Version


def line(found: Finding) -> str:
    """A finding as one line: FILE:LINE:COLUMN: RULE: message."""
    value = f" ({found.value!r})" if found.value else ""
    text = " ".join(found.message.split()) + value
    return f"{found.file}:{found.line}:{found.column}: {found.rule}: {text}"


def headers() -> dict[str, files.Header]:
    """Columns and key of each fact table."""
    keys = fact_models.keys()
    return {
        table: files.Header(
            list(fact_models.columns(table)),
            keys[table],
            table in fact_models.OPTIONAL,
            fact_models.optional_columns(table),
        )
        for table in fact_models.MODELS
    }


def read(folders: Sequence[Path]) -> Reading:
    """Read the fact tables of the folders, or addresses, a later one winning by key.

    Raises PublishError where an address cannot be read.
    """
    with ExitStack() as copies:
        here = [copies.enter_context(storage.local_copy(folder, ".csv")) for folder in folders]
        return replace(_read(here), folders=tuple(folders))


def _read(folders: Sequence[Path]) -> Reading:
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


def check(reading: Reading, today: date | None = None) -> Checked:
    """Hold the facts against every rule; what cannot be known after `today` is held against it.

    Rows with errors are taken out, and with them the rows whose keys then point nowhere. Warnings
    that were reviewed and accepted are parted from the others.
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
        # All that points there would fail as well, and rules across tables say nothing yet.
        return _checked(reading, reading.tables, own, is_whole=False)
    tables, cascade = checks.settle(facts.without(reading.tables, own), keys, references)
    typed = facts.typed(tables, fact_models.of_kind("number"), fact_models.of_kind("period"))
    across = [*checks.cross(typed), *days.read_after(typed, today)]
    typed, late = checks.settle(facts.without(typed, across), keys, references)
    written = facts.as_written([*across, *late], reading.tables)
    return _checked(reading, typed, [*own, *cascade, *written])


def _checked(
    reading: Reading, tables: Tables, findings: list[Finding], is_whole: bool = True
) -> Checked:
    """Findings in order; those accepted apart, where every rule could look for them."""
    every = sorted([*reading.findings, *findings], key=_order)
    stand, told = every, list[Finding]()
    if is_whole:
        stand, told = accepted.parted(every, reading.tables, fact_models.keys())
    return Checked(
        reading.folders,
        tables,
        tuple(sorted(stand, key=_order)),
        _rows_read(reading),
        reading.inputs_sha256,
        tuple(told),
    )


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
            named(case.rule).severity,
            contracts.message(table, case.column, case.rule, frame.at[case.position, case.column]),
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


def compute(
    checked: Checked,
    as_of: date | None,
    seed: int,
    repair: bool = False,
    workers: int = 1,
    sensitivity: bool = True,
) -> Results:
    """The published tables, each held against its contract.

    Raises RefusedError where a rule over results is broken: then the method is at fault.
    """
    if as_of is None and checked.tables["sources"].empty:
        raise RefusedError(["no source is left that says when the facts were read: see check"])
    day = as_of or impact.newest_access(checked.tables)
    first, last = SANE_YEARS
    if not first <= day.year <= last:
        raise RefusedError([f"as_of {day} lies outside the years {first} to {last}: correct it"])
    settings = impact.Settings(seed=seed, workers=workers, repair=repair, sensitivity=sensitivity)
    found = impact.calculate(checked.tables, day, settings)
    told = [facts.relocated(one, checked.folders) for one in found.findings]
    if faults := quality.faults(found.broken):
        raise RefusedError(faults)
    frames = found.tables
    frames["quality"] = quality.report(
        [*checked.findings, *found.findings],
        found.broken,
        {**checked.rows, "impact": len(frames["impact"])},
        [line(one) for one in told],
    )
    frames["quarantine"] = quality.quarantine(checked.findings)
    frames["impact"] = quality.with_losses(frames["impact"], checked.findings, checked.tables)
    asked = REPAIRED * repair + "+no-sensitivity" * (not sensitivity)
    version = publish.Version(
        day,
        checked.inputs_sha256,
        f"{impact.METHOD_VERSION}+{publish.code_sha256(*CODE)[:12]}{asked}",
        published.SCHEMA_VERSION,
        seed,
    )
    tables = {name: to_arrow(name, frames[name]) for name in published.MODELS}
    return Results(frames, tables, version)


def write(results: Results, root: Path, keep: int | None) -> publish.Published:
    """Publish the version and move `latest` to it."""
    contracts.require_validation()
    about = {
        "title": "How many people an internet restriction touches",
        "description": "Bounds on the people exposed to each restriction, with the figures, "
        "sources and lines of fact files behind them.",
        "licence": LICENCE,
        "sources": _sources(results.frames["sources"]),
        "tables": {
            name: {
                "title": name.replace("_", " "),
                "description": published.title(name),
                "sources": _sources(sources_of(name, results.frames)),
                "primary_key": published.KEYS[name],
            }
            for name in published.MODELS
        },
    }
    return publish.publish(root, results.version, results.tables, about, keep)


def _sources(sources: pd.DataFrame) -> list[dict[str, str]]:
    return [
        {"title": row.publisher if row.title == Unstated.NOT_RECORDED else row.title}
        | ({"path": row.url} if row.url else {})
        for row in sources.itertuples()
    ]


def sources_of(table: str, frames: Tables) -> pd.DataFrame:
    """The rows of `sources` that a published table rests on.

    These are the sources that its rows name; and where it holds results, those of the facts that
    fed its restrictions, or all restrictions where its rows speak of countries.
    """
    frame, sources, lineage = frames[table], frames["sources"], frames["lineage"]
    ids = set(frame.get("source_id", ()))
    if published.holds_results(table) and len(frame):
        own = lineage["restriction_id"].isin(frame.get("restriction_id", lineage["restriction_id"]))
        ids |= set(lineage.loc[own, "source_id"])
    return sources[sources["source_id"].isin(ids)]
