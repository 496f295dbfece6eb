"""Fact files broken at random: nothing ends in a traceback, no number moves in silence.

One file of sound facts is mutated (bytes, cells, rows, headers, encodings, quotes), then the folder
is read and checked, and computed where the check said nothing new of it. The facts are those of a
few countries out of the shipped ones, so that this takes a second and not a minute.

Outcomes, each mutation in one:

    traceback    an error that nobody caught: never
    refused      an error of a table: nothing is published
    quarantined  an error of a row: it is taken out and told
    warned       a warning that was not there before
    same facts   what is read is what was read before
    same numbers no published number moved
    told by run  numbers moved, and the comparison with the last version says so
    plausible    numbers moved in silence, and the facts differ in one row alone, of which every
                 cell keeps its contract: another fact, which no rule can tell from the true one
    plausible, many rows
                 the same of several rows, none of which is gone or new
    silent       numbers moved in silence, and several rows are gone or new: never

Every twentieth mutation with an error is computed as well, so that quarantine is seen at work.

Run: python -m benchmarks.mutations [--count 1000] [--seed 0] [--start 0] [--countries BR,NP]
         [--facts DIR] [--format json]
"""

import argparse
import csv
import io
import json
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from audience_impact.facts import reading as files
from audience_impact.facts import rules, tables
from audience_impact.facts.tables import PROVENANCE, Finding, Tables
from audience_impact.populations import country_of, parents_of
from audience_impact.vocabulary import FindingSeverity
from benchmarks.mutants import MUTATIONS
from flows import CHECKOUT
from flows.pipeline import last_version, steps
from schemas import contracts
from schemas import facts as fact_models

Run = Callable[[Tables], list[Finding]]

OUTCOMES = (
    *("traceback", "refused", "quarantined", "warned", "same facts", "same numbers"),
    *("told by run", "plausible", "plausible, many rows", "silent"),
)
COMPUTED_EVERY = 20
FILLED = 5
"""How much likelier a table with rows is mutated than one without."""
PLACES = ("area_id", "area_ids", "country_id")


@dataclass(frozen=True)
class Sound:
    """Facts before any mutation: their files, what is found in them, and what they publish."""

    folder: Path
    files: Mapping[str, bytes]
    reading: steps.Reading
    checked: steps.Checked
    results: steps.Results
    typed: Tables = field(default_factory=dict)

    @cached_property
    def found(self) -> "Counter[tuple[str, ...]]":
        """What the check tells of the facts as they are."""
        return _told(self.checked.findings)


@dataclass(frozen=True)
class Outcome:
    """What came of a mutation; `detail` says more where it should not have come."""

    mutation: str
    table: str
    number: int
    outcome: str
    detail: str = ""


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
    cut, _ = rules.settle(_fresh(cut), fact_models.keys(), fact_models.references())
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
    """The facts of some countries, written into a folder, checked and computed."""
    written = write(part(steps.read([facts]).tables, countries), folder)
    reading = steps.read([folder])
    settled, _ = rules.settle(reading.tables, fact_models.keys(), fact_models.references())
    typed = tables.typed(settled, fact_models.of_kind("number"), fact_models.of_kind("period"))
    checked = steps.check(reading, _today())
    return Sound(folder, written, reading, checked, _computed(checked), typed)


def read_again(facts: Sound, table: str, content: bytes) -> steps.Reading:
    """The facts with another file of one table: that alone is read."""
    path = facts.folder / "mutated" / f"{table}.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    try:
        header = {table: steps.headers()[table]}
        apart, findings = files.read_apart([path.parent], header)
    finally:
        path.unlink()
    merged = files.merge(apart[table], header[table])
    return replace(
        facts.reading,
        tables={**facts.reading.tables, table: merged.stay},
        findings=(*(one for one in facts.reading.findings if one.table != table), *findings),
        repeated={table: merged.repeated} if len(merged.repeated) else {},
    )


@contextmanager
def shared(facts: Sound) -> Iterator[None]:
    """While the block lasts, what is held against facts that are as they were is not held again.

    The contracts of a table that was not read again, and the rules over tables whose rows are all
    as they were, say what they said.
    """
    sound_frames = facts.reading.tables
    of_cells = contracts.failures_in(sound_frames)
    failures, runs = contracts.failures_in, dict(rules.ACROSS.runs)

    def known(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        new = {name: frame for name, frame in tables.items() if frame is not sound_frames[name]}
        found = failures(new)
        return {name: found[name] if name in new else of_cells[name] for name in tables}

    contracts.failures_in = known
    rules.ACROSS.runs.update({rule: _again(run, facts.typed) for rule, run in runs.items()})
    try:
        yield
    finally:
        contracts.failures_in = failures
        rules.ACROSS.runs.update(runs)


def _again(run: Run, typed: Tables) -> Run:
    seen = rules.Reads(typed)
    found = run(seen)

    def again(now: Tables) -> list[Finding]:
        same = all(now[name].equals(typed[name]) for name in sorted(seen.read))
        return found if same else run(now)

    return again


def _today() -> date:
    return datetime.now(UTC).date()


def _computed(checked: steps.Checked) -> steps.Results:
    return steps.compute(steps.gate(checked, strict=False), None, 0, sensitivity=False)


def _told(findings: Iterable[Finding]) -> "Counter[tuple[str, ...]]":
    """Findings without their lines, which a row more or less moves."""
    return Counter((one.rule, one.table, one.column, one.row or one.value) for one in findings)


def outcome(facts: Sound, number: int, seed: int) -> Outcome:
    """Mutate a file and see what comes of it."""
    random = np.random.default_rng([seed, number])
    weights = np.array([FILLED if len(facts.reading.tables[name]) else 1 for name in facts.files])
    table = str(random.choice(list(facts.files), p=weights / weights.sum()))
    mutation = str(random.choice(list(MUTATIONS)))
    content = MUTATIONS[mutation](facts.files[table], random)
    try:
        what, detail = _what_came(facts, read_again(facts, table, content), number)
    except Exception:
        what, detail = "traceback", traceback.format_exc(limit=-4)
    return Outcome(mutation, table, number, what, detail)


def _what_came(facts: Sound, reading: steps.Reading, number: int) -> tuple[str, str]:
    checked = steps.check(reading, _today())
    fresh = _told(checked.findings) - facts.found
    severities = {one.severity for one in checked.findings if _told([one]).keys() & fresh.keys()}
    if FindingSeverity.TABLE_ERROR in severities:
        return "refused", ""
    if severities:
        is_error = FindingSeverity.ERROR in severities
        if is_error and number % COMPUTED_EVERY == 0:
            _may_refuse(checked)
        return ("quarantined" if is_error else "warned"), ""
    differs = rows_that_differ(facts.reading.tables, reading.tables)
    if not differs:
        return "same facts", ""
    results = _may_refuse(checked)
    return _moved(facts, reading.tables, results, differs) if results else ("refused", "")


def _may_refuse(checked: steps.Checked) -> steps.Results | None:
    try:
        return _computed(checked)
    except steps.RefusedError:
        return None


def rows_that_differ(before: Tables, after: Tables) -> list[str]:
    """The keys of rows that are not in both, each once."""
    found = []
    for table, key in fact_models.keys().items():
        own, other = (Counter(_rows(tables[table])) for tables in (before, after))
        columns = [name for name in before[table] if name not in PROVENANCE]
        at = [columns.index(name) for name in key]
        changed = [*(own - other), *(other - own)]
        found += [
            f"{table} {';'.join(each)}" for each in {tuple(row[i] for i in at) for row in changed}
        ]
    return sorted(found)


def keys(of: Tables) -> dict[str, list[tuple[str, ...]]]:
    """The keys of the rows of each table, in order."""
    return {
        table: sorted(of[table][key].itertuples(index=False, name=None))
        for table, key in fact_models.keys().items()
    }


def _rows(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    return [tuple(row) for row in frame.drop(columns=PROVENANCE).to_numpy().tolist()]


def _moved(
    facts: Sound, now: Tables, results: steps.Results, differs: list[str]
) -> tuple[str, str]:
    """Whether a published number moved, and who says so."""
    before, after = facts.results, results
    rows_lost = keys(facts.reading.tables) != keys(now)
    moved = [name for name in before.frames if _numbers(before, name) != _numbers(after, name)]
    if not moved and after.version.as_of == before.version.as_of:
        return "same numbers", ""
    if last_version.changes(_summary(before), _summary(after)):
        return "told by run", ""
    detail = f"{', '.join(differs[:5])} moved {', '.join(moved)}"
    if len(differs) == 1:
        return "plausible", detail
    return ("silent" if rows_lost else "plausible, many rows"), detail


def _numbers(results: steps.Results, table: str) -> list[list[object]]:
    """The numbers of a published table; of rows read and lines of files nothing."""
    if table in ("quality", "quarantine", "lineage"):
        return []
    frame = results.frames[table].select_dtypes("number")
    return frame.round(6).fillna(-1.0).to_numpy().tolist()  # type: ignore[no-any-return]


def _summary(results: steps.Results) -> last_version.Summary:
    rows = {name: len(frame) for name, frame in results.frames.items()}
    return last_version.summary(rows, results.frames["impact"], results.frames["quality"])


def run(
    facts: Path, countries: Iterable[str], count: int, seed: int, start: int = 0
) -> list[Outcome]:
    """So many mutations of the facts of some countries, one after the other."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        made = sound(facts, countries, Path(folder))
        with shared(made):
            return [_say(outcome(made, number, seed), count) for number in range(start, count)]


def _say(done: Outcome, count: int) -> Outcome:
    if done.outcome in ("traceback", "silent"):
        told = f"{done.number}: {done.mutation} in {done.table}: {done.outcome}\n{done.detail}\n"
        sys.stderr.write(told)
    elif done.number % 500 == 499:
        sys.stderr.write(f"{done.number + 1:,} of {count:,}\n")
    return done


def table(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """Outcomes by mutation, with a last row for all of them."""
    frame = pd.DataFrame([vars(one) for one in outcomes])
    counts = pd.crosstab(frame["mutation"], frame["outcome"])
    counts = counts.reindex(columns=list(OUTCOMES), fill_value=0)
    return pd.concat([counts, counts.sum().to_frame("all").T])


def main() -> None:
    """Mutate, then print the table; exit with 1 after a traceback or a silent number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=Path, default=CHECKOUT / "data" / "facts")
    parser.add_argument("--countries", default="BR,NP")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0, help="number of the first of them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    asked = parser.parse_args()
    outcomes = run(asked.facts, asked.countries.split(","), asked.count, asked.seed, asked.start)
    if asked.format == "json":
        json.dump([vars(one) for one in outcomes], sys.stdout, indent=1)
    else:
        sys.stdout.write(table(outcomes).to_string() + "\n")
    bad = any(one.outcome in ("traceback", "silent") for one in outcomes)
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
