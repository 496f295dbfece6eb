"""Facts before any mutation: those of a few countries, what is found in them and what they publish.

What is known of them already is not done again when one file of them is another, and only that: a
contract of a table that was not read again; a rule over tables whose rows are all as they were; and
the tables of answers, where all that `pipeline.prepare_run` makes of the facts is as it was.
"""

import csv
import dataclasses
import io
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audience_impact import pipeline
from audience_impact.facts import checks, tables
from audience_impact.facts import reading as files
from audience_impact.facts.tables import PROVENANCE, Finding, Tables
from audience_impact.populations import country_of, parents_of
from flows.pipeline import steps
from flows.pipeline.steps import build_headers
from schemas import contracts
from schemas import facts as fact_models

Make = Callable[[pipeline.Outputs, pipeline.Stages], pd.DataFrame]
FindingCounts = Counter[tuple[str, ...]]
Words = Mapping[str, Sequence[str]]

WORDS = (
    *("name", "title", "url", "licence", "publisher", "owner"),
    *("authority", "stated_reason", "legal_basis", "data_sha256"),
)
"""Columns for readers: with other words in all of them at once no published number moves, which is
tried each time."""
PLACES = ("area_id", "area_ids", "country_id")
OF_FACTS = frozenset(
    {*("area_comparisons", "restrictions"), *("comparisons", "lineage", "sources")}
)
"""Published tables that are made of more facts than of the areas."""


@dataclass(frozen=True)
class SoundFacts:
    """Facts before any mutation: their files, what is found in them, and what they publish.

    `unread` are tables that nothing published is made of; `unreadable` those without which the
    facts were checked already, since no row of them could be trusted.
    """

    folder: Path
    files: Mapping[str, bytes]
    reading: steps.Reading
    checked: steps.Checked
    results: steps.Results
    typed: Tables = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    unreadable: set[str] = field(default_factory=set)

    @cached_property
    def finding_counts(self) -> FindingCounts:
        """Return the number of findings of each kind about the facts as they are."""
        return count_findings(self.checked.findings)


def select_countries(all_facts: Tables, countries: Iterable[str]) -> Tables:
    """The facts of some countries, with what they point to and what holds everywhere."""
    areas, requested = all_facts["areas"], set(countries)
    parents = parents_of(areas)
    inside = {area for area in areas["area_id"] if country_of(area, parents) in requested}
    above = set(requested)
    while fresh := {parents.get(area, "") for area in above} - above - {""}:
        above |= fresh
    allowed = inside | above | {""}
    cut = {table: frame[_mark_within(frame, allowed)] for table, frame in all_facts.items()}
    cut, _ = checks.drop_unresolved(
        _renumber_rows(cut), fact_models.list_keys(), fact_models.list_references()
    )
    used = {
        cell
        for table, frame in cut.items()
        if table != "sources"
        for column in ("source_id", "also_source_id")
        if column in frame
        for cell in frame[column]
    }
    cut["sources"] = cut["sources"][cut["sources"]["source_id"].isin(used)]
    return _renumber_rows(cut)


def _mark_within(frame: pd.DataFrame, areas: set[str]) -> pd.Series:
    is_within = pd.Series(True, frame.index)
    for name in [name for name in PLACES if name in frame]:
        is_within &= frame[name].map(lambda cell: set(cell.split(";")) <= areas).astype("bool")
    return is_within


def _renumber_rows(cut: Tables) -> Tables:
    return {table: frame.reset_index(drop=True) for table, frame in cut.items()}


def write_tables(cut: Tables, folder: Path) -> dict[str, bytes]:
    """The tables as files; their bytes by table."""
    contents = {}
    for table, frame in cut.items():
        text = io.StringIO(newline="")
        rows = frame.drop(columns=PROVENANCE)
        csv.writer(text, lineterminator="\n").writerows([list(rows), *rows.to_numpy().tolist()])
        contents[table] = text.getvalue().encode()
        (folder / f"{table}.csv").write_bytes(contents[table])
    return contents


def prepare_facts(facts: Path, countries: Iterable[str], folder: Path) -> SoundFacts:
    """The facts of some countries, written into a folder, checked and computed.

    Raises ValueError where words for readers move a number.
    """
    contents = write_tables(select_countries(steps.read_facts([facts]).tables, countries), folder)
    reading = steps.read_facts([folder])
    settled, _ = checks.drop_unresolved(
        reading.tables, fact_models.list_keys(), fact_models.list_references()
    )
    typed = tables.convert_types(
        settled, fact_models.select_columns("number"), fact_models.select_columns("period")
    )
    checked = steps.validate_facts(reading, find_today())
    results, unread = compute_answers(checked), _list_unread(checked)
    other_words = compute_answers(replace(checked, tables=_replace_words(checked.tables)))
    if moved := list_moved_tables(results, other_words):
        raise ValueError(f"other words for readers moved {', '.join(moved)}: see WORDS")
    return SoundFacts(folder, contents, reading, checked, results, typed, unread)


class _WatchedTables(checks.RecordedTables):
    def get(self, table: str, default: Any = None) -> Any:
        self.read_names.add(table)
        return super().get(table, default)


def _list_unread(checked: steps.Checked) -> frozenset[str]:
    """The tables that are not looked at for what checked facts publish."""
    watched = _WatchedTables(checked.tables)
    stages, _ = pipeline.prepare_run(watched, steps.choose_day(checked, None))
    dict(pipeline.Outputs(stages, pipeline.Settings()))
    return frozenset(watched.keys() - watched.read_names)


def _replace_words(typed: Tables) -> Tables:
    """The facts with another word in every filled cell that is for readers alone."""
    return {
        table: frame.assign(
            **{
                name: frame[name].where(frame[name] == "", "word")
                for name in WORDS
                if name in frame
            }
        )
        for table, frame in typed.items()
    }


def find_today() -> date:
    """The day after which nothing can have been read."""
    return datetime.now(UTC).date()


def compute_answers(checked: steps.Checked) -> steps.Results:
    """What checked facts publish, without the shares of the variance."""
    return steps.compute_results(steps.refuse_errors(checked, strict=False), None, 0)


def count_findings(findings: Iterable[Finding]) -> FindingCounts:
    """Findings without their lines, which a row more or less moves."""
    return Counter(
        (finding.rule, finding.table, finding.column, finding.row or finding.value)
        for finding in findings
    )


def list_moved_tables(before: steps.Results, after: steps.Results) -> list[str]:
    """The published tables of which a number is another, or the day they speak of."""
    moved = [
        name
        for name in before.frames
        if _select_numbers(before, name) != _select_numbers(after, name)
    ]
    return moved + ["as_of"] * (before.version.as_of != after.version.as_of)


def _select_numbers(results: steps.Results, table: str) -> list[list[object]]:
    """The numbers of a published table; of rows read and lines of files nothing."""
    if table in ("quality", "quarantine", "lineage"):
        return []
    frame = results.frames[table].select_dtypes("number")
    return frame.round(6).fillna(-1.0).to_numpy().tolist()  # type: ignore[no-any-return]


def read_with_file(facts: SoundFacts, table: str, content: bytes) -> steps.Reading:
    """The facts with another file of one table: that alone is read."""
    path = facts.folder / "mutated" / f"{table}.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    try:
        header = {table: build_headers()[table]}
        layers = files.read_layers([path.parent], header)
    finally:
        path.unlink()
    merged = files.merge_layers(layers.frames[table], header[table])
    return replace(
        facts.reading,
        tables={**facts.reading.tables, table: merged.stay},
        findings=(
            *(finding for finding in facts.reading.findings if finding.table != table),
            *layers.findings,
        ),
        files={**facts.reading.files, f"0/{table}.csv": content},
        repeated={table: merged.repeated} if len(merged.repeated) else {},
    )


@contextmanager
def reuse_known(facts: SoundFacts) -> Iterator[None]:
    """While the block lasts, what is held against facts that are as they were is not held again."""
    failures, typed, unresolved = (
        contracts.check_fact_table,
        tables.convert_types,
        checks.find_unresolved,
    )
    run_rule, outputs = checks.run_rule, dict(pipeline.OUTPUTS)
    contracts.check_fact_table = _reuse_failures(facts)  # type: ignore[assignment]
    tables.convert_types = _reuse_types(facts)  # type: ignore[assignment]
    checks.find_unresolved = _reuse_unresolved(facts)  # type: ignore[assignment]
    checks.run_rule = _reuse_rules(facts.typed)
    pipeline.OUTPUTS.update(_reuse_outputs(facts, outputs))
    try:
        yield
    finally:
        contracts.check_fact_table, tables.convert_types, checks.find_unresolved = (
            failures,
            typed,
            unresolved,
        )
        checks.run_rule = run_rule
        pipeline.OUTPUTS.update(outputs)


def _reuse_failures(facts: SoundFacts) -> Callable[[str, pd.DataFrame], list[contracts.Failure]]:
    """What contracts find: of a table that was not read again, what they found."""
    frames, check = facts.reading.tables, contracts.check_fact_table
    all_failures = {table: check(table, frame) for table, frame in frames.items()}

    def reuse(table: str, frame: pd.DataFrame) -> list[contracts.Failure]:
        return all_failures[table] if frame is frames[table] else check(table, frame)

    return reuse


def _reuse_types(facts: SoundFacts) -> Callable[[Tables, Words, Words], Tables]:
    """Tables with their types: those that were not read again are the frames that they were."""
    frames, typed = facts.reading.tables, tables.convert_types

    def reuse(now: Tables, numbers: Words, dates: Words) -> Tables:
        new = {name for name, frame in now.items() if frame is not frames[name]}
        if "sources" in new:
            new |= {name for name, frame in now.items() if tables.has_lineage(frame)}
        fresh = typed({name: now[name] for name in {*new, "sources"}}, numbers, dates)
        return {name: fresh[name] if name in new else facts.typed[name] for name in now}

    return reuse


def _reuse_unresolved(
    facts: SoundFacts,
) -> Callable[[Tables, Mapping[str, list[str]], Mapping[str, Mapping[str, str]]], list[Finding]]:
    """Keys that point nowhere: those of a table that was read again, or into one."""
    frames, unresolved = facts.reading.tables, checks.find_unresolved

    def reuse(
        now: Tables, keys: Mapping[str, list[str]], references: Mapping[str, Mapping[str, str]]
    ) -> list[Finding]:
        new = {name for name, frame in now.items() if frame is not frames[name]}
        unread = {
            table: {name: to for name, to in columns.items() if {table, to} & new}
            for table, columns in references.items()
        }
        return unresolved(now, keys, unread)

    return reuse


def record_rule(rule: str, typed: Tables) -> tuple[list[Finding], set[str]]:
    """Return the findings of a rule, and the names of the tables that it read."""
    outcomes = [checks.run_check(rule, number, typed) for number in range(len(checks.CHECKS[rule]))]
    findings = [finding for _, made in outcomes for finding in made]
    return findings, {name for names, _ in outcomes for name in names}


def _reuse_rules(typed: Tables) -> Callable[..., list[Finding]]:
    """Rules over tables: where the rows that one looks at are as they were, what it said."""
    run_rule, known = checks.run_rule, {rule: record_rule(rule, typed) for rule in checks.CHECKS}

    def reuse(rule: str, now: Tables, unread: Collection[str], *run: Any) -> list[Finding]:
        findings, names = known[rule]
        if all(is_same(now[name], typed[name]) for name in names):
            return findings if {*names}.isdisjoint(unread) else []
        return run_rule(rule, now, unread, *run)

    return reuse


def _reuse_outputs(facts: SoundFacts, makes: Mapping[str, Make]) -> dict[str, Make]:
    """How each table of answers is made: as it was, where all that it is made from is so."""
    typed = facts.checked.tables
    before, _ = pipeline.prepare_run(typed, pipeline.find_newest_access(typed))
    answers = dict(pipeline.Outputs(before, pipeline.Settings()))
    last_stages: list[tuple[pipeline.Stages, bool]] = []

    def is_known(run: pipeline.Outputs, now: pipeline.Stages) -> bool:
        if not last_stages or last_stages[-1][0] is not now:
            is_so = run.facts["areas"].equals(typed["areas"]) and is_same(before, now)
            last_stages[:] = [(now, is_so)]
        return last_stages[-1][1]

    def reuse(name: str, make: Make) -> Make:
        return lambda run, now: answers[name].copy() if is_known(run, now) else make(run, now)

    return {name: reuse(name, make) for name, make in makes.items() if name not in OF_FACTS}


def is_same(first: object, second: object) -> bool:
    """Whether two things hold the same, all the way down; what is not known counts as another."""
    if first is second:
        return True
    if type(first) is not type(second):
        return False
    if isinstance(first, pd.DataFrame | pd.Series | pd.Index):
        return bool(first.equals(second))
    if isinstance(first, np.ndarray):
        return bool(np.array_equal(first, np.asarray(second), equal_nan=first.dtype.kind == "f"))
    if dataclasses.is_dataclass(first):
        names = [
            member.name
            for member in dataclasses.fields(first)
            if member.compare and not member.name.startswith("_")  # memories follow from the rest
        ]
        return all(is_same(getattr(first, name), getattr(second, name)) for name in names)
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return list(first) == list(second) and all(
            is_same(first[key], second[key]) for key in first
        )
    if isinstance(first, tuple | list) and isinstance(second, tuple | list):
        return len(first) == len(second) and all(map(is_same, first, second))
    return bool(first == second)
