"""The steps of the pipeline as plain functions, so that they compose by hand as in a flow.

What only computing and publishing need is imported there: facts are read and checked without it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from audience_impact.facts import known
from audience_impact.facts import reading as files
from audience_impact.facts import rules as checks
from audience_impact.facts import tables as facts
from audience_impact.facts.known import Cut
from audience_impact.facts.surprises import accepted, days
from audience_impact.facts.tables import Finding, Tables
from audience_impact.periods import SANE_YEARS
from audience_impact.rules import ParameterError, named
from audience_impact.store import storage
from audience_impact.vocabulary import FindingSeverity, Unstated
from flows.pipeline.headers import headers
from schemas import contracts, published
from schemas import facts as fact_models

if TYPE_CHECKING:
    import pyarrow

    from audience_impact.store import versions as publish
    from audience_impact.store.manifest import Rows
    from flows.dividing import Division
    from flows.pipeline.merging import Merged

LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}
REPAIR, NO_SENSITIVITY, AS_KNOWN = "repair", "no-sensitivity", "as-known"
"""What was asked of a run, as the method of its version names it."""


class RefusedError(Exception):
    """Nothing is published; the lines say why."""

    def __init__(self, lines: Sequence[str], findings: Sequence[Finding] = ()) -> None:
        self.lines, self.findings = list(lines), list(findings)
        more = [f"... and {len(lines) - 10} more"] if len(lines) > 10 else []
        super().__init__("\n".join([*self.lines[:10], *more]))


@dataclass(frozen=True)
class Reading:
    """Fact tables as text, and what is wrong with the files.

    `files` are the files as they were read; `cut` is what was not known on the day asked for.
    `replaced` are rows that a later layer replaces, `repeated` those whose key the same file has
    again further down.
    """

    folders: tuple[Path, ...]
    tables: Tables
    findings: tuple[Finding, ...]
    files: Mapping[str, bytes]
    replaced: Tables
    repeated: Tables
    cut: Cut | None = None

    @property
    def overridden(self) -> int:
        """How many rows a later layer replaces."""
        return sum(len(frame) for frame in self.replaced.values())


@dataclass(frozen=True)
class Checked:
    """Typed rows that passed, findings, how many rows each table held, and warnings accepted.

    `files` and `cut` as in Reading.
    """

    folders: tuple[Path, ...]
    tables: Tables
    findings: tuple[Finding, ...]
    rows: dict[str, int]
    files: Mapping[str, bytes]
    accepted: tuple[Finding, ...] = ()
    cut: Cut | None = None

    @property
    def inputs_sha256(self) -> str:
        """The digest of the facts as they were read."""
        return files.digest(self.files, len(self.folders), headers())


@dataclass(frozen=True)
class Results:
    """What is published before it is written, what identifies its version, and the facts.

    Attributes:
        rows: Each published table, which need not be in memory.
        source_ids: The sources that each of them rests on.
        version: What identifies the version.
        files: The files of the facts.
    """

    rows: Mapping[str, Rows]
    source_ids: Mapping[str, frozenset[str]]
    version: publish.Version
    files: Mapping[str, bytes]

    @cached_property
    def tables(self) -> dict[str, pyarrow.Table]:
        """All published tables, in memory."""
        return {name: self._table(name) for name in self.rows}

    @cached_property
    def frames(self) -> Tables:
        """The same as frames."""
        return {name: table.to_pandas() for name, table in self.tables.items()}

    def frame(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A table, or some columns of it."""
        return self._table(name, columns).to_pandas()

    def counts(self) -> dict[str, int]:
        """Rows of each table."""
        return {name: rows.num_rows for name, rows in self.rows.items()}

    def _table(self, name: str, columns: Sequence[str] | None = None) -> pyarrow.Table:
        import pyarrow

        wanted = list(columns or self.rows[name].schema.names)
        groups = [group.select(wanted) for group in self.rows[name].groups()]
        return pyarrow.concat_tables(groups).combine_chunks()


def line(found: Finding) -> str:
    """A finding as one line: FILE:LINE:COLUMN: RULE: message."""
    value = f" ({found.value!r})" if found.value else ""
    text = " ".join(found.message.split()) + value
    return f"{found.file}:{found.line}:{found.column}: {found.rule}: {text}"


def read(folders: Sequence[Path]) -> Reading:
    """Read the fact tables of the folders, or addresses, a later one winning by key.

    Raises PublishError where an address cannot be read.
    """
    with ExitStack() as copies:
        here = [copies.enter_context(storage.local_copy(folder, ".csv")) for folder in folders]
        return replace(_read(here), folders=tuple(folders))


def _read(folders: Sequence[Path]) -> Reading:
    expected = headers()
    apart, findings = files.read_apart(folders, expected)
    merged = {table: files.merge(apart[table], header) for table, header in expected.items()}
    return Reading(
        tuple(folders),
        {table: one.stay for table, one in merged.items()},
        tuple(findings),
        files.contents(folders, expected),
        {table: one.replaced for table, one in merged.items() if len(one.replaced)},
        {table: one.repeated for table, one in merged.items() if len(one.repeated)},
    )


def known_by(reading: Reading, day: date | None) -> Reading:
    """What was known on a day of what was read, a warning for each row that was not."""
    if day is None:
        return reading
    found = known.known_by(reading.tables, day, fact_models.keys(), fact_models.references())
    findings = (*reading.findings, *found.findings)
    return replace(reading, tables=found.tables, findings=findings, cut=found.cut)


def check(reading: Reading, today: date | None = None) -> Checked:
    """Hold the facts against every rule; what cannot be known after `today` is held against it.

    Rows with errors are taken out, and with them the rows whose keys then point nowhere. Rules
    over several tables are held against these rows as well, as though what is wrong with them
    were mended, so that one check tells all. Warnings that were reviewed and accepted are parted
    from the others.
    """
    contracts.require_validation()
    unread = _unread(reading)
    keys, references = fact_models.keys(), _references(unread)
    own, odd_keys = _single(reading, references)
    tables, cascade = checks.settle(facts.without(reading.tables, own), keys, references)
    typed, across = _across(tables, unread, today)
    later = _once_mended(reading, tables, own, unread, today)
    typed, late = checks.settle(facts.without(typed, across), keys, references)
    written = facts.as_written([*across, *later, *late], reading.tables)
    return _checked(reading, typed, [*own, *odd_keys, *cascade, *written], not unread)


def _unread(reading: Reading) -> set[str]:
    """Tables of which some rows are not known: rules that look at them would say too much."""
    unread = {found.table for found in reading.findings if found.rule in files.FATAL_RULES}
    if "sources" in unread:
        unread |= {table for table, frame in reading.tables.items() if facts.has_lineage(frame)}
    return unread


def _references(unread: set[str]) -> dict[str, dict[str, str]]:
    """The columns that point to a table whose rows are all known."""
    return {
        table: {name: target for name, target in columns.items() if target not in unread}
        for table, columns in fact_models.references().items()
    }


def _single(
    reading: Reading, references: dict[str, dict[str, str]]
) -> tuple[list[Finding], list[Finding]]:
    """What the contracts find in any row, and keys of rows so refused that point nowhere."""
    every = {
        table: pd.concat([frame, reading.repeated[table]], ignore_index=True)
        if table in reading.repeated
        else frame
        for table, frame in reading.tables.items()
    }
    own = held(every)
    refused = {found.place for found in own if found.severity is not FindingSeverity.WARNING}
    refused |= {
        (table, int(layer), int(line))
        for table, frame in reading.repeated.items()
        for layer, line in zip(frame["row_layer"], frame["row_line"], strict=True)
    }
    if not refused:
        return own, []
    told = {(found.place, found.column) for found in own}
    loose = checks.unresolved(every, fact_models.keys(), references)
    return own, [
        found
        for found in loose
        if found.place in refused and (found.place, found.column) not in told
    ]


def held(tables: Tables) -> list[Finding]:
    """What is wrong with single rows of tables as text."""
    return [
        facts.finding(
            table,
            tables[table].loc[case.position],
            case.column,
            case.rule,
            named(case.rule).severity,
            contracts.message(
                table, case.column, case.rule, tables[table].at[case.position, case.column]
            ),
        )
        for table, cases in contracts.failures_in(tables).items()
        for case in cases.itertuples()
    ]


def settled(
    tables: Tables, today: date | None = None, with_warnings: bool = True
) -> tuple[Tables, list[Finding], list[Finding]]:
    """Typed rows that keep the rules over several tables, of rows that are sound by themselves.

    Returns the rows, what keys that point nowhere found, and what the rules found, which speaks of
    typed cells.
    """
    keys, references = fact_models.keys(), fact_models.references()
    tables, cascade = checks.settle(tables, keys, references)
    typed, across = _across(tables, (), today, with_warnings)
    typed, late = checks.settle(facts.without(typed, across), keys, references)
    return typed, cascade, [*across, *late]


def _across(
    tables: Tables, unread: Collection[str], today: date | None, with_warnings: bool = True
) -> tuple[Tables, list[Finding]]:
    """Settled tables with their types, and what the rules over several of them find."""
    typed = facts.typed(tables, fact_models.of_kind("number"), fact_models.of_kind("period"))
    return typed, [*checks.cross(typed, with_warnings, unread), *days.read_after(typed, today)]


def _once_mended(
    reading: Reading,
    stay: Tables,
    own: Sequence[Finding],
    unread: set[str],
    today: date | None,
) -> list[Finding]:
    """What rules over several tables will say of the rows refused, once they are mended.

    A cell that is wrong counts as blank where it may be blank; rows that are refused all the same
    stay away, and so does what points to them.
    """
    errors = [found for found in own if found.severity is FindingSeverity.ERROR]
    if all(len(stay[table]) == len(frame) for table, frame in reading.tables.items()):
        return []
    blanked = facts.blanked(reading.tables, errors)
    touched = {found.table for found in errors}
    wrong = held({table: blanked[table] for table in touched})
    mended, _ = checks.settle(
        facts.without(blanked, wrong), fact_models.keys(), _references(unread)
    )
    sound = facts.places(stay)
    return [found for found in _across(mended, unread, today)[1] if found.place not in sound]


def _checked(reading: Reading, tables: Tables, findings: list[Finding], is_whole: bool) -> Checked:
    """Findings in order, those accepted apart; one that is gone is told where all rows are held."""
    every = sorted([*reading.findings, *findings], key=_order)
    is_whole &= not any(found.severity is FindingSeverity.ERROR for found in every)
    unknown = [found for found in every if found.rule == known.NOT_KNOWN_YET]
    seen = [found for found in every if found.rule != known.NOT_KNOWN_YET]
    # With a cut, what was accepted may be of rows that were not known.
    is_whole &= reading.cut is None
    stand, told = accepted.parted(seen, reading.tables, fact_models.keys(), is_whole)
    return Checked(
        reading.folders,
        tables,
        tuple(sorted([*stand, *unknown], key=_order)),
        _rows_read(reading),
        reading.files,
        tuple(told),
        reading.cut,
    )


def _rows_read(reading: Reading) -> dict[str, int]:
    """Rows of each table, those included that could not be read or were not known."""
    rules = {*files.ROW_RULES, known.NOT_KNOWN_YET}
    unread = Counter(found.table for found in reading.findings if found.rule in rules)
    return {table: len(frame) + unread[table] for table, frame in reading.tables.items()}


def _order(found: Finding) -> tuple[str, int, int, str, str]:
    return found.file, found.layer, found.line, found.column, found.rule


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
    sensitivity: bool = True,
    how: Division | None = None,
    draws: int | None = None,
) -> Results:
    """The published tables, each held against its contract.

    Computed in parts, divided as `how` says: alone by default. Of other `draws` than the method
    has, the version says so.

    Raises RefusedError where a learned table lacks something, or a rule over results is broken:
    then the method is at fault.
    """
    from audience_impact.partition import Partitioning
    from audience_impact.pipeline import DRAWS, Settings
    from flows.dividing import ALONE
    from flows.pipeline import merging, parts, quality

    day, count = day_of(checked, as_of), draws or DRAWS
    runner, most = how or ALONE
    settings = Settings(seed, count, repair, sensitivity)
    folder = parts.Folder.temporary()
    try:
        partitioning = Partitioning(checked.tables, day, settings, most)
        shared = parts.Shared(partitioning.shared, tuple(quality.refused(checked.findings)))
        if runner is None or len(partitioning) == 1:
            for number, part in enumerate(partitioning):
                parts.compute(folder, shared, part, number)
        else:
            folder.lay_out(shared.for_others(), partitioning)
            runner(folder.path, len(partitioning))
    except ParameterError as error:
        raise RefusedError([str(error)]) from error
    found = merging.merged(folder, len(partitioning), partitioning.shared)
    asked = {REPAIR: repair, NO_SENSITIVITY: not sensitivity, AS_KNOWN: bool(checked.cut)}
    asked[f"{count}-draws"] = count != DRAWS
    return _results(checked, found, _version(checked, day, seed, asked))


def _version(checked: Checked, day: date, seed: int, asked: Mapping[str, bool]) -> publish.Version:
    from audience_impact.store import versions as publish

    return publish.Version(
        day,
        checked.inputs_sha256,
        "+".join([method(), *(word for word, is_asked in asked.items() if is_asked)]),
        published.SCHEMA_VERSION,
        seed,
    )


def _results(checked: Checked, found: Merged, version: publish.Version) -> Results:
    """All published tables: those of results, and what was found on the way to them."""
    from audience_impact.outputs.review.rules import CONTRADICT
    from audience_impact.store.manifest import InMemory
    from flows.pipeline import quality
    from schemas.arrow import to_arrow

    told = [facts.relocated(one, checked.folders) for one in found.findings]
    if faults := quality.faults(found.broken):
        raise RefusedError(faults)
    frames = {**found.frames, "quarantine": quality.quarantine(checked.findings)}
    frames["quality"] = quality.report(
        [*checked.findings, *found.findings],
        found.broken,
        {**checked.rows, "impact": found.rows["impact"].num_rows},
        {
            CONTRADICT: [line(one) for one in told],
            known.NOT_KNOWN_YET: [str(checked.cut)] if checked.cut else [],
        },
    )
    made = {name: InMemory(to_arrow(name, frame)) for name, frame in frames.items()}
    fed = found.source_ids["lineage"]
    source_ids = {
        name: frozenset(frame.get("source_id", ()))
        | (fed if published.holds_results(name) and len(frame) else frozenset())
        for name, frame in frames.items()
    }
    every: dict[str, Rows] = {**found.rows, **made}
    return Results(
        {name: every[name] for name in published.MODELS},
        {**found.source_ids, **source_ids},
        version,
        checked.files,
    )


def day_of(checked: Checked, as_of: date | None) -> date:
    """The day that results speak of: the one asked for, else that of the facts.

    Raises RefusedError where there is none, or none that makes sense.
    """
    asked = as_of or (checked.cut.day if checked.cut else None)
    if asked is None and checked.tables["sources"].empty:
        raise RefusedError(["no source is left that says when the facts were read: see check"])
    from audience_impact import pipeline as impact

    day = asked or impact.newest_access(checked.tables)
    first, last = SANE_YEARS
    if not first <= day.year <= last:
        raise RefusedError([f"as_of {day} lies outside the years {first} to {last}: correct it"])
    return day


def method() -> str:
    """The method of a version: what the numbers mean, and the code that makes them."""
    from audience_impact import pipeline as impact
    from flows.pipeline.code import code_sha256

    return f"{impact.METHOD_VERSION}+{code_sha256()[:12]}"


def write(results: Results, root: Path, keep: int | None) -> publish.Published:
    """Publish the version and move `latest` to it."""
    from audience_impact.store import versions as publish

    contracts.require_validation()
    sources = results.frame("sources").fillna("")
    about = {
        "title": "How many people an internet restriction touches",
        "description": "Bounds on the people exposed to each restriction, with the figures, "
        "sources and lines of fact files behind them.",
        "licence": LICENCE,
        "sources": _sources(sources),
        "fact_keys": fact_models.keys(),
        "tables": {
            name: {
                "title": name.replace("_", " "),
                "description": published.title(name),
                "sources": _sources(sources[sources["source_id"].isin(results.source_ids[name])]),
                "primary_key": published.KEYS[name],
            }
            for name in published.MODELS
        },
    }
    return publish.publish(root, results.version, results.rows, about, keep, facts=results.files)


def _sources(sources: pd.DataFrame) -> list[dict[str, str]]:
    return [
        {"title": row.publisher if row.title == Unstated.NOT_RECORDED else row.title}
        | ({"path": row.url} if row.url else {})
        for row in sources.itertuples()
    ]
