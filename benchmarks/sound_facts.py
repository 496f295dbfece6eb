"""Facts before any mutation: those of a few countries, what is found in them and what they publish.

What is known of them already is not done again when one file of them is another, and only that: a
contract of a table that was not read again; a rule over tables whose rows are all as they were; and
the tables of answers, where all that `pipeline.prepare_run` makes of the facts is as it was.
"""

import csv
import dataclasses
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audience_impact import pipeline
from audience_impact.facts import reading as files
from audience_impact.facts import rules, tables
from audience_impact.facts.tables import PROVENANCE, Finding, Tables
from audience_impact.populations import country_of, parents_of
from flows.pipeline import steps
from flows.pipeline.steps import build_headers
from schemas import contracts
from schemas import facts as fact_models

Run = Callable[[Tables], list[Finding]]
Make = Callable[[pipeline.Outputs, pipeline.Stages], pd.DataFrame]
Told = Counter[tuple[str, ...]]
Words = Mapping[str, Sequence[str]]

WORDS = (
    *("name", "title", "url", "licence", "publisher", "owner"),
    *("authority", "stated_reason", "legal_basis", "data_sha256"),
)
"""Columns for readers: with other words in all of them at once no published number moves, which is
tried each time."""
PLACES = ("area_id", "area_ids", "country_id")
OF_FACTS = frozenset(
    {
        *("area_comparisons", "impact_by_group", "restrictions"),
        *("comparisons", "lineage", "sources"),
    }
)
"""Published tables that are made of more facts than of the areas."""


@dataclass(frozen=True)
class Sound:
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
    def found(self) -> Told:
        """What the check tells of the facts as they are."""
        return told(self.checked.findings)


def part(whole: Tables, countries: Iterable[str]) -> Tables:
    """The facts of some countries, with what they point to and what holds everywhere."""
    areas, wanted = whole["areas"], set(countries)
    parents = parents_of(areas)
    inside = {area for area in areas["area_id"] if country_of(area, parents) in wanted}
    above = set(wanted)
    while fresh := {parents.get(area, "") for area in above} - above - {""}:
        above |= fresh
    kept = inside | above | {""}
    cut = {table: frame[_within(frame, kept)] for table, frame in whole.items()}
    cut, _ = rules.drop_unresolved(
        _fresh(cut), fact_models.list_keys(), fact_models.list_references()
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
    return _fresh(cut)


def _within(frame: pd.DataFrame, areas: set[str]) -> pd.Series:
    named = [name for name in PLACES if name in frame]
    held = pd.Series(True, frame.index)
    for name in named:
        held &= frame[name].map(lambda cell: set(cell.split(";")) <= areas).astype("bool")
    return held


def _fresh(cut: Tables) -> Tables:
    return {table: frame.reset_index(drop=True) for table, frame in cut.items()}


def write(cut: Tables, folder: Path) -> dict[str, bytes]:
    """The tables as files; their bytes by table."""
    written = {}
    for table, frame in cut.items():
        text = io.StringIO(newline="")
        rows = frame.drop(columns=PROVENANCE)
        csv.writer(text, lineterminator="\n").writerows([list(rows), *rows.to_numpy().tolist()])
        written[table] = text.getvalue().encode()
        (folder / f"{table}.csv").write_bytes(written[table])
    return written


def sound(facts: Path, countries: Iterable[str], folder: Path) -> Sound:
    """The facts of some countries, written into a folder, checked and computed.

    Raises ValueError where words for readers move a number.
    """
    written = write(part(steps.read_facts([facts]).tables, countries), folder)
    reading = steps.read_facts([folder])
    settled, _ = rules.drop_unresolved(
        reading.tables, fact_models.list_keys(), fact_models.list_references()
    )
    typed = tables.convert_types(
        settled, fact_models.select_columns("number"), fact_models.select_columns("period")
    )
    checked = steps.validate_facts(reading, today())
    results, unread = computed(checked), _not_read_in_computing(checked)
    other_words = computed(replace(checked, tables=_other_words(checked.tables)))
    if moved := numbers_moved(results, other_words):
        raise ValueError(f"other words for readers moved {', '.join(moved)}: see WORDS")
    return Sound(folder, written, reading, checked, results, typed, unread)


class _Watched(rules.RecordedTables):
    def get(self, table: str, default: Any = None) -> Any:
        self.read_names.add(table)
        return super().get(table, default)


def _not_read_in_computing(checked: steps.Checked) -> frozenset[str]:
    """The tables that are not looked at for what checked facts publish."""
    watched = _Watched(checked.tables)
    stages, _ = pipeline.prepare_run(watched, steps.choose_day(checked, None))
    dict(pipeline.Outputs(watched, stages, pipeline.Settings(sensitivity=False)))
    return frozenset(watched.keys() - watched.read_names)


def _other_words(typed: Tables) -> Tables:
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


def today() -> date:
    """The day after which nothing can have been read."""
    return datetime.now(UTC).date()


def computed(checked: steps.Checked) -> steps.Results:
    """What checked facts publish, without the shares of the variance."""
    return steps.compute_results(
        steps.refuse_errors(checked, strict=False), None, 0, sensitivity=False
    )


def told(findings: Iterable[Finding]) -> Told:
    """Findings without their lines, which a row more or less moves."""
    return Counter((one.rule, one.table, one.column, one.row or one.value) for one in findings)


def numbers_moved(before: steps.Results, after: steps.Results) -> list[str]:
    """The published tables of which a number is another, or the day they speak of."""
    moved = [name for name in before.frames if _numbers(before, name) != _numbers(after, name)]
    return moved + ["as_of"] * (before.version.as_of != after.version.as_of)


def _numbers(results: steps.Results, table: str) -> list[list[object]]:
    """The numbers of a published table; of rows read and lines of files nothing."""
    if table in ("quality", "quarantine", "lineage"):
        return []
    frame = results.frames[table].select_dtypes("number")
    return frame.round(6).fillna(-1.0).to_numpy().tolist()  # type: ignore[no-any-return]


def read_again(facts: Sound, table: str, content: bytes) -> steps.Reading:
    """The facts with another file of one table: that alone is read."""
    path = facts.folder / "mutated" / f"{table}.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    try:
        header = {table: build_headers()[table]}
        apart, findings = files.read_layers([path.parent], header)
    finally:
        path.unlink()
    merged = files.merge_layers(apart[table], header[table])
    return replace(
        facts.reading,
        tables={**facts.reading.tables, table: merged.stay},
        findings=(*(one for one in facts.reading.findings if one.table != table), *findings),
        files={**facts.reading.files, f"0/{table}.csv": content},
        repeated={table: merged.repeated} if len(merged.repeated) else {},
    )


@contextmanager
def shared(facts: Sound) -> Iterator[None]:
    """While the block lasts, what is held against facts that are as they were is not held again."""
    failures, typed, unresolved = (
        contracts.check_fact_tables,
        tables.convert_types,
        rules.find_unresolved,
    )
    runs, outputs = dict(rules.ACROSS.runs), dict(pipeline.OUTPUTS)
    contracts.check_fact_tables = _failures_again(facts)  # type: ignore[assignment]
    tables.convert_types = _typed_again(facts)  # type: ignore[assignment]
    rules.find_unresolved = _unresolved_again(facts)  # type: ignore[assignment]
    rules.ACROSS.runs.update({rule: _rule_again(run, facts.typed) for rule, run in runs.items()})
    pipeline.OUTPUTS.update(_outputs_again(facts, outputs))
    try:
        yield
    finally:
        contracts.check_fact_tables, tables.convert_types, rules.find_unresolved = (
            failures,
            typed,
            unresolved,
        )
        rules.ACROSS.runs.update(runs)
        pipeline.OUTPUTS.update(outputs)


def _failures_again(facts: Sound) -> Callable[[Mapping[str, pd.DataFrame]], Tables]:
    """What contracts find: of a table that was not read again, what they found."""
    frames, failures = facts.reading.tables, contracts.check_fact_tables
    found = failures(frames)

    def again(now: Mapping[str, pd.DataFrame]) -> Tables:
        new = {name: frame for name, frame in now.items() if frame is not frames[name]}
        fresh = failures(new)
        return {name: fresh[name] if name in new else found[name] for name in now}

    return again


def _typed_again(facts: Sound) -> Callable[[Tables, Words, Words], Tables]:
    """Tables with their types: those that were not read again are the frames that they were."""
    frames, typed = facts.reading.tables, tables.convert_types

    def again(now: Tables, numbers: Words, dates: Words) -> Tables:
        new = {name for name, frame in now.items() if frame is not frames[name]}
        if "sources" in new:
            new |= {name for name, frame in now.items() if tables.has_lineage(frame)}
        fresh = typed({name: now[name] for name in {*new, "sources"}}, numbers, dates)
        return {name: fresh[name] if name in new else facts.typed[name] for name in now}

    return again


def _unresolved_again(
    facts: Sound,
) -> Callable[[Tables, Mapping[str, list[str]], Mapping[str, Mapping[str, str]]], list[Finding]]:
    """Keys that point nowhere: those of a table that was read again, or into one."""
    frames, unresolved = facts.reading.tables, rules.find_unresolved

    def again(
        now: Tables, keys: Mapping[str, list[str]], references: Mapping[str, Mapping[str, str]]
    ) -> list[Finding]:
        new = {name for name, frame in now.items() if frame is not frames[name]}
        left = {
            table: {name: to for name, to in columns.items() if {table, to} & new}
            for table, columns in references.items()
        }
        return unresolved(now, keys, left)

    return again


def _rule_again(run: Run, typed: Tables) -> Run:
    """A rule over tables: where the rows that it looks at are as they were, what it said."""
    seen = rules.RecordedTables(typed)
    found = run(seen)

    def again(now: Tables) -> list[Finding]:
        is_known = all(same(now[name], typed[name]) for name in sorted(seen.read_names))
        return found if is_known else run(now)

    return again


def _outputs_again(facts: Sound, makes: Mapping[str, Make]) -> dict[str, Make]:
    """How each table of answers is made: as it was, where all that it is made from is so."""
    typed = facts.checked.tables
    before, _ = pipeline.prepare_run(typed, pipeline.find_newest_access(typed))
    made = dict(pipeline.Outputs(typed, before, pipeline.Settings(sensitivity=False)))
    asked: list[tuple[pipeline.Stages, bool]] = []

    def is_known(run: pipeline.Outputs, now: pipeline.Stages) -> bool:
        if not asked or asked[-1][0] is not now:
            is_so = run.facts["areas"].equals(typed["areas"]) and same(before, now)
            asked[:] = [(now, is_so)]
        return asked[-1][1]

    def again(name: str, make: Make) -> Make:
        return lambda run, now: made[name].copy() if is_known(run, now) else make(run, now)

    return {name: again(name, make) for name, make in makes.items() if name not in OF_FACTS}


def same(one: object, other: object) -> bool:
    """Whether two things hold the same, all the way down; what is not known counts as another."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, pd.DataFrame | pd.Series | pd.Index):
        return bool(one.equals(other))
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, np.asarray(other), equal_nan=one.dtype.kind == "f"))
    if dataclasses.is_dataclass(one):
        names = [
            each.name
            for each in dataclasses.fields(one)
            if each.compare and not each.name.startswith("_")  # memories follow from the rest
        ]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
