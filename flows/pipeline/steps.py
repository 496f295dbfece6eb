"""The steps of the pipeline as plain functions, which can also be called without the flow.

Libraries that only computing and publishing need are imported in those functions, so that facts can
be checked without them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from audience_impact.facts import checks, events, known_facts
from audience_impact.facts import reading as files
from audience_impact.facts import tables as facts
from audience_impact.facts.known_facts import Cut
from audience_impact.facts.rules import days
from audience_impact.facts.tables import Finding, Tables
from audience_impact.periods import SANE_YEARS
from audience_impact.plain_text import ReadableError
from audience_impact.rules import ParameterError
from audience_impact.store import DETAILS, storage
from audience_impact.vocabulary import FindingSeverity, Unstated
from flows.pipeline.saved_findings import SavedFindings
from schemas import contracts
from schemas import facts as fact_models

if TYPE_CHECKING:
    import pyarrow

    from audience_impact.store.history import Origin
    from audience_impact.store.publishing import Published
    from audience_impact.store.versions import Version
    from flows.pipeline.parts import MergedResults

# Tables here have tens of columns and thousands of rows at most. Text in arrays of Arrow is made
# anew for each look-up of a column by its name, which took a third of a run.
pd.options.mode.string_storage = "python"

LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}
LICENCES_OF_SOURCES = {
    "name": "licence-of-each-source",
    "title": "The licence of its source, for each fact and each cell that quotes one: see sources",
}
"""What a version says of the facts in it, some of which are under the GPL or under none stated."""
AS_KNOWN = "as-known"
"""An option of a run, as the method of its version names it."""
IN_ORDER = attrgetter("file", "layer", "line", "column", "rule")
"""The order of findings."""


def build_headers() -> dict[str, files.Header]:
    """Return columns and key of each fact table."""
    return {
        table: files.Header(
            list(columns),
            [name for name, about in columns.items() if about.key],
            table in fact_models.OPTIONAL,
            frozenset(name for name, about in columns.items() if about.may_be == "missing"),
            is_blank_a_key=all(about.may_be for about in columns.values() if about.key),
        )
        for table, columns in fact_models.COLUMNS.items()
    }


class RefusedError(ReadableError):
    """Nothing is published; the lines state the reasons."""

    def __init__(self, lines: Sequence[str], findings: Sequence[Finding] = ()) -> None:
        self.lines, self.findings = list(lines), list(findings)
        more = [f"... and {len(lines) - 10} more"] if len(lines) > 10 else []
        super().__init__("\n".join([*self.lines[:10], *more]))


@dataclass(frozen=True)
class Reading:
    """Fact tables as text, and the findings about their files.

    `files` are the files as they were read; `cut` counts the rows that were not known on the
    requested date. `replaced` are rows that a later layer replaces, `repeated` rows whose key
    occurs again later in the same file.
    """

    folders: tuple[Path, ...]
    tables: Tables
    findings: tuple[Finding, ...]
    files: Mapping[str, bytes]
    replaced: Tables
    repeated: Tables
    cut: Cut | None = None

    @property
    def overridden_count(self) -> int:
        """Return the number of rows that a later layer replaces."""
        return sum(len(frame) for frame in self.replaced.values())

    @property
    def inputs_sha256(self) -> str:
        """Return the SHA-256 of the facts as they were read."""
        return files.compute_digest(self.files, len(self.folders), build_headers())


@dataclass(frozen=True)
class Checked:
    """Valid typed rows, findings, numbers of rows by table, and accepted warnings."""

    folders: tuple[Path, ...]
    tables: Tables
    findings: tuple[Finding, ...]
    rows: dict[str, int]
    files: Mapping[str, bytes]
    accepted: tuple[Finding, ...] = ()
    cut: Cut | None = None

    @property
    def inputs_sha256(self) -> str:
        """Return the SHA-256 of the facts as they were read."""
        return files.compute_digest(self.files, len(self.folders), build_headers())

    @property
    def depends_on_today(self) -> bool:
        """Return whether a row is refused that will not be later."""
        return any(finding.rule == days.READ_AFTER_TODAY for finding in self.findings)


@dataclass(frozen=True)
class Results:
    """The published tables before they are written, with the sources of each and the facts."""

    tables: Mapping[str, pyarrow.Table]
    source_ids: Mapping[str, frozenset[str]]
    version: Version
    files: Mapping[str, bytes]

    @cached_property
    def frames(self) -> Tables:
        """Return all published tables by name, as data frames."""
        return {name: table.to_pandas() for name, table in self.tables.items()}

    def count_rows(self) -> dict[str, int]:
        """Return the number of rows of each table."""
        return {name: table.num_rows for name, table in self.tables.items()}

    def read_frame(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table as answers read it, or some of its columns."""
        from audience_impact.store.versions import make_frame

        table = self.tables[name]
        return make_frame(table.select(columns) if columns else table)


def format_finding(finding: Finding, folders: Sequence[Path] = ()) -> str:
    """Return a finding as FILE:LINE:COLUMN: RULE: message, the file below its folder if given."""
    finding = facts.relocate_finding(finding, folders) if folders else finding
    value = f" ({finding.value!r})" if finding.value else ""
    text = " ".join(finding.message.split()) + value
    return f"{finding.file}:{finding.line}:{finding.column}: {finding.rule}: {text}"


def read_facts(folders: Sequence[Path]) -> Reading:
    """Read fact tables of folders or addresses; a later one replaces rows of equal key."""
    headers = build_headers()
    with ExitStack() as copies:
        here = [copies.enter_context(storage.local_copy(folder, ".csv")) for folder in folders]
        layers = files.read_layers(here, headers)
    frames = layers.frames
    merged = {table: files.merge_layers(frames[table], header) for table, header in headers.items()}
    return Reading(
        tuple(folders),
        {table: merge.stay for table, merge in merged.items()},
        tuple(layers.findings),
        layers.files,
        {table: merge.replaced for table, merge in merged.items() if len(merge.replaced)},
        {table: merge.repeated for table, merge in merged.items() if len(merge.repeated)},
    )


def restrict_to_day(reading: Reading, day: date | None) -> Reading:
    """Return the rows that were known on a day, with a warning for each other row."""
    if day is None:
        return reading
    keys, references = fact_models.list_keys(), fact_models.list_references()
    cut = known_facts.select_known_facts(reading.tables, day, keys, references)
    findings = (*reading.findings, *cut.findings)
    return replace(reading, tables=cut.tables, findings=findings, cut=cut.cut)


def validate_facts(reading: Reading, today: date | None = None) -> Checked:
    """Validate the facts against every rule; a fact that is later than `today` is an error.

    Rows with errors are excluded, and with them the rows whose keys then point nowhere. Rules over
    several tables are applied to excluded rows too, as if their errors were corrected, so that one
    check reports everything. Accepted warnings are listed separately.

    Raises ValidationOffError where validation is weakened.
    """
    contracts.require_validation()
    saved = SavedFindings()
    # Tables with unread rows, on which rules would report false errors.
    unread = {finding.table for finding in reading.findings if finding.rule in files.FATAL_RULES}
    if "sources" in unread:
        unread |= {table for table, frame in reading.tables.items() if facts.has_lineage(frame)}
    keys = fact_models.list_keys()
    references = {
        table: {name: target for name, target in columns.items() if target not in unread}
        for table, columns in fact_models.list_references().items()
    }
    row_findings, odd_keys = _check_rows(reading, references, saved)
    sound = facts.drop_faulty_rows(reading.tables, row_findings)
    tables, cascade = checks.drop_unresolved(sound, keys, references)
    typed, across = _apply_table_rules(tables, unread, today, saved)
    later = _find_hidden_findings(reading, tables, row_findings, references, unread, today, saved)
    saved.save()
    typed, late = checks.drop_unresolved(facts.drop_faulty_rows(typed, across), keys, references)
    written = facts.restore_written_cells([*across, *later, *late], reading.tables)
    findings = [*row_findings, *odd_keys, *cascade, *written]
    return _sort_findings(reading, events.merge_events(typed), findings, not unread)


def _check_rows(
    reading: Reading, references: Mapping[str, Mapping[str, str]], saved: SavedFindings
) -> tuple[list[Finding], list[Finding]]:
    """Return findings of the contracts, and unresolved keys of the rows refused for them."""
    all_tables = {**reading.tables}
    for table, frame in reading.repeated.items():
        all_tables[table] = pd.concat([all_tables[table], frame], ignore_index=True)
    row_findings = find_row_findings(all_tables, saved.list_suspect_tables(all_tables))
    refused = {finding.place for finding in row_findings if finding.is_error}
    refused |= facts.list_places(reading.repeated)
    if not refused:
        return row_findings, []
    row_places = {(finding.place, finding.column) for finding in row_findings}
    unresolved = checks.find_unresolved(all_tables, fact_models.list_keys(), references)
    odd_keys = [finding for finding in unresolved if finding.place in refused]
    return row_findings, [odd for odd in odd_keys if (odd.place, odd.column) not in row_places]


def find_row_findings(tables: Tables, suspects: Collection[str]) -> list[Finding]:
    """Return the findings of the contracts about single rows of suspect tables as text."""
    findings = []
    for table in (name for name in tables if name in suspects):
        for case in contracts.check_fact_table(table, tables[table]):
            row = tables[table].loc[case.position]
            text = contracts.explain_failure(table, case.column, case.rule, row[case.column])
            findings.append(facts.build_finding(table, row, case.column, case.rule, text))
    return findings


def _apply_table_rules(
    tables: Tables, unread: Collection[str], today: date | None, saved: SavedFindings
) -> tuple[Tables, list[Finding]]:
    numbers, periods = map(fact_models.select_columns, ("number", "period"))
    typed = facts.convert_types(tables, numbers, periods)
    across = checks.check_across_tables(typed, unread, saved.run_check)
    return typed, [*across, *days.find_read_after(typed, today)]


def _find_hidden_findings(
    reading: Reading,
    stay: Tables,
    row_findings: Sequence[Finding],
    references: Mapping[str, Mapping[str, str]],
    unread: set[str],
    today: date | None,
    saved: SavedFindings,
) -> list[Finding]:
    """Return what rules over several tables will report on refused rows after their correction.

    An invalid cell counts as blank if it may be blank; rows refused even so remain excluded.
    """
    errors = [finding for finding in row_findings if finding.severity is FindingSeverity.ERROR]
    if all(len(stay[table]) == len(frame) for table, frame in reading.tables.items()):
        return []
    blanked = facts.blank_cells(reading.tables, errors)
    of_errors = {finding.table: blanked[finding.table] for finding in errors}
    mended = facts.drop_faulty_rows(blanked, find_row_findings(of_errors, of_errors))
    mended, _ = checks.drop_unresolved(mended, fact_models.list_keys(), references)
    _, findings = _apply_table_rules(mended, unread, today, saved)
    sound = facts.list_places(stay)
    return [finding for finding in findings if finding.place not in sound]


def _sort_findings(
    reading: Reading, tables: Tables, findings: list[Finding], is_complete: bool
) -> Checked:
    """Return the checked facts; acceptances that ended are reported only of complete facts."""
    all_findings = sorted([*reading.findings, *findings], key=IN_ORDER)
    # With a cut, what was accepted may be of rows that were not known.
    is_complete &= reading.cut is None
    is_complete &= not any(finding.severity is FindingSeverity.ERROR for finding in all_findings)
    unknown = [finding for finding in all_findings if finding.rule == known_facts.NOT_KNOWN_YET]
    reviewable = [finding for finding in all_findings if finding.rule != known_facts.NOT_KNOWN_YET]
    remaining, accepted_warnings = checks.split_accepted(
        reviewable, reading.tables[checks.ACCEPTED], fact_models.list_keys(), is_complete
    )
    # Rows that could not be read or were not known count as read.
    rules = {*files.ROW_RULES, known_facts.NOT_KNOWN_YET}
    unread = Counter(finding.table for finding in reading.findings if finding.rule in rules)
    return Checked(
        reading.folders,
        tables,
        tuple(sorted([*remaining, *unknown], key=IN_ORDER)),
        {table: len(frame) + unread[table] for table, frame in reading.tables.items()},
        reading.files,
        tuple(accepted_warnings),
        reading.cut,
    )


AnyFacts = TypeVar("AnyFacts", Reading, Checked)


def refuse_errors(checked: AnyFacts, strict: bool) -> AnyFacts:
    """Return the facts; refuse errors of whole tables, if strict any error or repeated event."""
    stops = {FindingSeverity.TABLE_ERROR} | ({FindingSeverity.ERROR} if strict else set())
    bad = [
        finding
        for finding in checked.findings
        if finding.severity in stops or (strict and finding.rule == days.RECORDED_TWICE)
    ]
    if bad:
        bad.sort(key=lambda finding: finding.rule == checks.KEY_UNRESOLVED)  # causes first
        raise RefusedError([format_finding(finding, checked.folders) for finding in bad], bad)
    return checked


def check_facts(reading: Reading, day: date | None = None, strict: bool = False) -> Checked:
    """Return the facts known on a day, checked as in a run; refuse what cannot be used."""
    checked = validate_facts(restrict_to_day(reading, day), datetime.now(UTC).date())
    return refuse_errors(checked, strict)


def compute_results(
    checked: Checked,
    as_of: date | None,
    seed: int,
    processes: int = 1,
    most: int | None = None,
    draws: int | None = None,
    only: Collection[str] = (),
    reuse: bool = False,
) -> Results:
    """Return the published tables, each validated against its contract.

    They are computed in parts of `most` restrictions, by default as many as suit the number of
    processes. The version states a number of `draws` other than that of the method. If `only` some
    restrictions are computed, the fitted parameters are still those of all facts. With `reuse`, the
    results of groups of restrictions that did not change are those that earlier runs saved.

    Raises RefusedError where a fitted table lacks something, a process dies, or a rule over results
    is broken, which is an error of the method.
    """
    from audience_impact.pipeline import DRAWS, Settings, plan_run
    from audience_impact.store.versions import Version
    from flows.pipeline import parts, quality, saved_parts
    from schemas import published

    day, count = choose_day(checked, as_of), draws or DRAWS
    try:
        plan = plan_run(checked.tables, day, Settings(seed, count), only)
        shared = parts.Shared(plan.shared, tuple(quality.list_refused(checked.findings)))
        compute = saved_parts.compute_changed if reuse else parts.compute_all
        computed = compute(plan, shared, processes, most)
    except ParameterError as error:
        raise RefusedError([str(error)]) from error
    except BrokenProcessPool as error:
        text = "a worker died, and the run with it: most likely the memory did not suffice"
        raise RefusedError([f"{text}; ask for fewer workers"]) from error
    merged_results = parts.merge_results(computed, plan.shared.tables, day)
    words = [name_method(), *([AS_KNOWN] if checked.cut else [])]
    words += [f"{count}-draws"] if count != DRAWS else []
    version = Version(day, checked.inputs_sha256, "+".join(words), published.SCHEMA_VERSION, seed)
    return _build_results(checked, merged_results, version)


def _build_results(checked: Checked, merged: MergedResults, version: Version) -> Results:
    from audience_impact.outputs.review.rules import CONTRADICT
    from flows.pipeline import quality
    from schemas import published

    if faults := quality.list_faults(merged.broken):
        raise RefusedError(faults)
    rows, lineage = merged.rows, merged.rows["lineage"]
    details = {
        CONTRADICT: [format_finding(finding, checked.folders) for finding in merged.findings],
        known_facts.NOT_KNOWN_YET: [str(checked.cut)] if checked.cut else [],
    }
    if withheld := merged.broken.get(quality.WITHOUT_WIDTH):
        used = lineage.select(quality.USED).to_pandas()
        details[quality.WITHOUT_WIDTH] = quality.list_figures_without_width(withheld, used)
    findings = [*checked.findings, *merged.findings]
    row_counts = {**checked.rows, "impact": rows["impact"].num_rows}
    frames = {
        **merged.frames,
        "quarantine": quality.build_quarantine(checked.findings),
        "quality": quality.build_report(findings, merged.broken, row_counts, details),
    }
    fact_sources = merged.source_ids["lineage"]
    source_ids = {
        name: frozenset(frame.get("source_id", ()))
        | (fact_sources if published.holds_results(name) and len(frame) else frozenset())
        for name, frame in frames.items()
    }
    tables = {**rows, **{name: published.to_arrow(name, frame) for name, frame in frames.items()}}
    tables = {name: tables[name] for name in published.TABLES}
    return Results(tables, {**merged.source_ids, **source_ids}, version, checked.files)


def choose_day(checked: Checked, as_of: date | None) -> date:
    """Return the day of the results; raise RefusedError without one within SANE_YEARS."""
    requested = as_of or (checked.cut.day if checked.cut else None)
    if requested is None and checked.tables["sources"].empty:
        text = "no source with a date of access (accessed_on) is left, so that the day of the facts"
        raise RefusedError([f"{text} is not known: run `audience-impact check`"])
    from audience_impact import pipeline as impact

    day = requested or impact.find_newest_access(checked.tables)
    first, last = SANE_YEARS
    if not first <= day.year <= last:
        raise RefusedError([f"as_of {day} lies outside the years {first} to {last}: correct it"])
    return day


def name_method() -> str:
    """Return the method of a version: its version number and the digest of its code."""
    from audience_impact import pipeline as impact
    from flows.pipeline.code import code_sha256

    return f"{impact.METHOD_VERSION}+{code_sha256()[:12]}"


def publish_results(
    results: Results, root: Path, keep: int | None, origin: Origin | None = None
) -> Published:
    """Publish the version and move `latest` to it; `origin` is that of this process by default.

    Raises PublishError, or ValidationOffError where validation is weakened.
    """
    from audience_impact.store import publishing
    from flows.pipeline.code import describe_origin

    contracts.require_validation()
    about = describe_version(results.read_frame("sources").fillna(""), results.source_ids)
    version, tables, origin = results.version, results.tables, origin or describe_origin()
    return publishing.publish_version(root, version, tables, about, origin, results.files, keep)


def describe_version(
    sources: pd.DataFrame, source_ids: Mapping[str, frozenset[str]]
) -> dict[str, Any]:
    """Return what the manifest says of a version and its tables; `sources` has no nulls."""
    from schemas import published

    ids = sources["source_id"]
    used = {**source_ids, "sources": frozenset[str]()}  # that table names its sources itself
    return {
        "title": "How many people an internet restriction affects",
        "description": "Bounds on the people exposed to each restriction, with the figures, "
        "sources and lines of fact files behind them. What is computed here is under "
        f"{LICENCE['name']}; the facts, and cells that quote them, stay under the licences of "
        "their sources, which are listed by source.",
        "licence": LICENCE,
        "other_licences": [LICENCES_OF_SOURCES],
        "sources": describe_sources(sources),
        "fact_keys": fact_models.list_keys(),
        "tables": {
            name: {
                "title": name.replace("_", " "),
                "description": published.describe_table(name),
                "sources": ids[ids.isin(used[name])].to_list(),
                "primary_key": published.KEYS[name],
                "folder": DETAILS if name in published.DETAILS else "",
            }
            for name in published.TABLES
        },
    }


def describe_sources(sources: pd.DataFrame) -> list[dict[str, str]]:
    """Return id, title (else publisher), address and licence of each source, where noted."""
    meanings = {Unstated.NOT_STATED.value: "not stated by the publisher"}
    licences = sources["licence"].replace({**meanings, "": Unstated.NOT_RECORDED.value})
    return [
        {
            "source_id": row.source_id,
            "title": row.publisher if row.title == Unstated.NOT_RECORDED else row.title,
            **({"path": row.url} if row.url else {}),
            "licence": licence,
        }
        for row, licence in zip(sources.itertuples(), licences, strict=True)
    ]
