"""Fact files broken at random: nothing ends in a traceback, no number moves in silence.

One file of sound facts is mutated (bytes, cells, rows, headers, encodings, quotes), then the folder
is read and checked, and computed where the check said nothing new of it. The facts are those of a
few countries out of the shipped ones, with all tables, so that this takes no minute. Every table
meets every kind of mutation in turn; which row and column, chance says.

What is known already is not done again, and only that: a rule over tables whose rows are as they
were; the check of a table that cannot be read, the same for each reason; what is published of
tables that nothing published is made of, and of words for readers; the tables of answers, where all
that they are made from is as it was.

Outcomes, each mutation in one:

    traceback    an error that nobody caught: never
    refused      an error of a table: nothing is published
    quarantined  an error of a row: it is taken out and reported
    warned       a warning that was not there before
    same facts   what is read is what was read before
    same numbers no published number moved
    told by run  numbers moved, and the comparison with the last version warns, so that a strict run
                 publishes nothing
    noted        numbers moved, and the comparison names the cells or rows that differ
    plausible    numbers moved in silence, and the facts differ in one row alone, of which every
                 cell keeps its contract: another fact, which no rule can tell from the true one
    silent       numbers moved in silence, and the facts differ in several rows: never

Every fiftieth mutation with an error is computed as well, so that quarantine is seen at work.

Run: python -m benchmarks.mutations [--count 1000] [--seed 0] [--workers 1] [--countries BR,NP]
         [--classes damages slips unseen] [--into FILE] [--facts DIR] [--format json]

With `--into` each outcome is a line of JSON in that file, and those that are there are not made
again: what was broken off goes on where it was.
"""

import argparse
import json
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from audience_impact.facts.reading import FATAL_RULES
from audience_impact.facts.tables import PROVENANCE, Tables
from audience_impact.vocabulary import FindingSeverity
from benchmarks.mutants import DAMAGES, MUTATIONS, SLIPS, UNSEEN_SLIPS
from benchmarks.sound_facts import (
    WORDS,
    SoundFacts,
    compute_answers,
    count_findings,
    find_today,
    list_moved_tables,
    prepare_facts,
    read_with_file,
    reuse_known,
)
from flows import CHECKOUT, last_version
from flows.pipeline import steps
from schemas import facts as fact_models

OUTCOMES = (
    *("traceback", "refused", "quarantined", "warned", "same facts", "same numbers"),
    *("told by run", "noted", "plausible", "silent"),
)
BAD = ("traceback", "silent")
COMPUTED_EVERY = 50
CLASSES = {"damages": DAMAGES, "slips": SLIPS, "unseen": UNSEEN_SLIPS}
"""Classes of mutations that may be asked for alone."""
COUNTRIES = "BR,NG,SD,ES,MA,CO,US,IQ,VN,NP"
"""Few people and many, surveys, overlaps, regions, features, and restrictions of each kind."""
AT_ONCE = 20
"""So many mutations a worker makes between two looks of whoever asked for them."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a mutation; `detail` explains one that should not have come."""

    mutation: str
    table: str
    number: int
    outcome: str
    detail: str = ""


def list_mutations(
    facts: SoundFacts, seed: int, classes: Iterable[str] = tuple(CLASSES)
) -> list[tuple[str, str]]:
    """Return each table with each kind of mutation that changes it, shuffled."""
    pairs = [
        (table, mutation)
        for table, content in facts.files.items()
        for mutation, mutate in MUTATIONS.items()
        if any(mutation in CLASSES[name] for name in classes)
        if any(mutate(content, np.random.default_rng(n)) != content for n in range(3))
    ]
    return [pairs[at] for at in np.random.default_rng(seed).permutation(len(pairs))]


def try_mutation(
    facts: SoundFacts, number: int, seed: int, pairs: Sequence[tuple[str, str]]
) -> Outcome:
    """Mutate a file of facts and return the outcome."""
    table, mutation = pairs[number % len(pairs)]
    content = MUTATIONS[mutation](facts.files[table], np.random.default_rng([seed, number]))
    try:
        outcome, detail = _classify_outcome(facts, read_with_file(facts, table, content), number)
    except Exception:
        outcome, detail = "traceback", traceback.format_exc(limit=-4)
    return Outcome(mutation, table, number, outcome, detail)


def _classify_outcome(facts: SoundFacts, reading: steps.Reading, number: int) -> tuple[str, str]:
    if _is_unchanged(facts, reading):
        return "same facts", ""
    if _is_unreadable_again(facts, reading):
        return "refused", ""
    checked = steps.validate_facts(reading, find_today())
    fresh = count_findings(checked.findings) - facts.finding_counts
    severities = {
        finding.severity
        for finding in checked.findings
        if count_findings([finding]).keys() & fresh.keys()
    }
    if FindingSeverity.TABLE_ERROR in severities:
        return "refused", ""
    if severities:
        is_error = FindingSeverity.ERROR in severities
        if is_error and number % COMPUTED_EVERY == 0:
            _compute_unless_refused(checked)
        return ("quarantined" if is_error else "warned"), ""
    differs = list_differing_rows(facts.reading.tables, reading.tables)
    if not differs:
        return "same facts", ""
    if _is_without_effect(facts, reading):
        return "same numbers", ""
    results = _compute_unless_refused(checked)
    return _classify_moves(facts, results, differs) if results else ("refused", "")


def _is_without_effect(facts: SoundFacts, reading: steps.Reading) -> bool:
    """Whether what differs is of no published number: tables not looked at, words for readers."""
    return all(
        table in facts.unread or _hide_words(frame) == _hide_words(reading.tables[table])
        for table, frame in facts.reading.tables.items()
        if frame is not reading.tables[table]
    )


def _hide_words(frame: pd.DataFrame) -> list[list[object]]:
    """The cells, but of words for readers only whether there are any."""
    bare = frame.assign(**{name: frame[name] != "" for name in WORDS if name in frame})
    return bare.to_numpy().tolist()  # type: ignore[no-any-return]


def _is_unchanged(facts: SoundFacts, reading: steps.Reading) -> bool:
    """Whether all rows are as they were, on the lines where they were."""
    before = facts.reading
    return reading.findings == before.findings and all(
        frame.equals(before.tables[table]) for table, frame in reading.tables.items()
    )


def _is_unreadable_again(facts: SoundFacts, reading: steps.Reading) -> bool:
    """Whether no row of a table can be trusted, and the facts without it were checked already."""
    unreadable = {finding.table for finding in reading.findings if finding.rule in FATAL_RULES}
    is_again = bool(unreadable) and unreadable <= facts.unreadable
    facts.unreadable.update(unreadable)
    return is_again


def _compute_unless_refused(checked: steps.Checked) -> steps.Results | None:
    try:
        return compute_answers(checked)
    except steps.RefusedError:
        return None


def list_differing_rows(before: Tables, after: Tables) -> list[str]:
    """The keys of rows that are not in both, each once for what it was and once for what it is."""
    signed_keys: list[str] = []
    for table, key in fact_models.list_keys().items():
        if before[table] is after[table]:
            continue
        old, new = (Counter(_list_rows(tables[table])) for tables in (before, after))
        columns = [name for name in before[table] if name not in PROVENANCE]
        at = [columns.index(name) for name in key]
        for sign, changed in (("-", old - new), ("+", new - old)):
            rows = changed.elements()
            signed_keys += [f"{sign}{table} {';'.join(row[place] for place in at)}" for row in rows]
    return sorted(signed_keys)


def _list_rows(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    return [tuple(row) for row in frame.drop(columns=PROVENANCE).to_numpy().tolist()]


def _classify_moves(
    facts: SoundFacts, results: steps.Results, differs: list[str]
) -> tuple[str, str]:
    """Return the outcome where a published number may have moved, and details of a bad one."""
    before, after = facts.results, results
    moved = list_moved_tables(before, after)
    if not moved:
        return "same numbers", ""
    summaries = [last_version.describe_results(results) for results in (before, after)]
    if last_version.list_changes(*summaries):
        return "told by run", ""
    if last_version.list_notes(*summaries):
        return "noted", ""
    detail = f"{', '.join(differs[:5])} moved {', '.join(moved)}"
    is_one_row = Counter(signed_key[0] for signed_key in differs).most_common(1)[0][1] == 1
    return ("plausible" if is_one_row else "silent"), detail


def try_mutations(
    facts: Path, countries: str, seed: int, classes: tuple[str, ...], numbers: Sequence[int]
) -> list[Outcome]:
    """Return the outcomes of mutations of the facts of some countries, which are read once."""
    ready, pairs = _prepare_facts_once(facts, countries, seed, classes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return [try_mutation(ready, number, seed, pairs) for number in numbers]


_RESOURCES = ExitStack()
"""The folder of the facts of this process, and what it knows of them, until the process ends."""


@cache
def _prepare_facts_once(
    facts: Path, countries: str, seed: int, classes: tuple[str, ...]
) -> tuple[SoundFacts, list[tuple[str, str]]]:
    folder = Path(_RESOURCES.enter_context(tempfile.TemporaryDirectory()))
    ready = prepare_facts(facts, countries.split(","), folder)
    _RESOURCES.enter_context(reuse_known(ready))
    return ready, list_mutations(ready, seed, classes)


def run_mutations(
    facts: Path,
    countries: str,
    count: int,
    seed: int,
    workers: int = 1,
    path: Path | None = None,
    classes: tuple[str, ...] = tuple(CLASSES),
) -> list[Outcome]:
    """Return the outcomes of the first mutations of the facts of some countries.

    With a file, outcomes in it are not computed again, and new ones are added to it at once.
    """
    done = _read_outcomes(path)
    missing = [number for number in range(count) if number not in done]
    portions = [missing[at : at + AT_ONCE] for at in range(0, len(missing), AT_ONCE)]
    make = partial(try_mutations, facts, countries, seed, classes)
    with ExitStack() as stack:
        file = stack.enter_context(path.open("a", encoding="utf-8")) if path else None
        several = stack.enter_context(ProcessPoolExecutor(workers)) if workers > 1 else None
        for portion in several.map(make, portions) if several else map(make, portions):
            for outcome in portion:
                done[outcome.number] = outcome
                _report_progress(outcome, len(done), count)
                if file:
                    file.write(json.dumps(asdict(outcome)) + "\n")
            if file:
                file.flush()
    return [done[number] for number in sorted(done) if number < count]


def _read_outcomes(path: Path | None) -> dict[int, Outcome]:
    if not path or not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return {cells["number"]: Outcome(**cells) for cells in map(json.loads, lines)}


def _report_progress(outcome: Outcome, done: int, count: int) -> None:
    """Write a bad outcome to standard error, and how far the run is after each 500 of them."""
    if outcome.outcome in BAD:
        about = f"{outcome.number}: {outcome.mutation} in {outcome.table}: {outcome.outcome}"
        sys.stderr.write(f"{about}\n{outcome.detail}\n")
    elif done % 500 == 0:
        sys.stderr.write(f"{done:,} of {count:,}\n")


def tabulate_outcomes(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """Return the number of mutations by kind and outcome, with a last row for all kinds."""
    frame = pd.DataFrame([vars(outcome) for outcome in outcomes])
    counts = pd.crosstab(frame["mutation"], frame["outcome"])
    counts = counts.reindex(columns=list(OUTCOMES), fill_value=0)
    return pd.concat([counts, counts.sum().to_frame("all").T])


def main() -> None:
    """Mutate, then print the table; exit with 1 after a traceback or a silent number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=Path, default=CHECKOUT / "data" / "facts")
    parser.add_argument("--countries", default=COUNTRIES)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--classes", choices=CLASSES, nargs="+", default=list(CLASSES))
    parser.add_argument("--into", type=Path, metavar="FILE")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    outcomes = run_mutations(
        options.facts,
        options.countries,
        options.count,
        options.seed,
        options.workers,
        options.into,
        tuple(options.classes),
    )
    if options.format == "json":
        json.dump([asdict(outcome) for outcome in outcomes], sys.stdout, indent=1)
    else:
        sys.stdout.write(tabulate_outcomes(outcomes).to_string() + "\n")
    raise SystemExit(1 if any(outcome.outcome in BAD for outcome in outcomes) else 0)


if __name__ == "__main__":
    main()
