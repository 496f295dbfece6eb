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
    quarantined  an error of a row: it is taken out and told
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
    Sound,
    computed,
    numbers_moved,
    read_again,
    shared,
    sound,
    today,
    told,
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
    """What came of a mutation; `detail` says more where it should not have come."""

    mutation: str
    table: str
    number: int
    outcome: str
    detail: str = ""


def deck(facts: Sound, seed: int, classes: Iterable[str] = tuple(CLASSES)) -> list[tuple[str, str]]:
    """Each table with each kind of mutation that does something to it, shuffled."""
    pairs = [
        (table, mutation)
        for table, content in facts.files.items()
        for mutation, mutate in MUTATIONS.items()
        if any(mutation in CLASSES[name] for name in classes)
        if any(mutate(content, np.random.default_rng(n)) != content for n in range(3))
    ]
    return [pairs[at] for at in np.random.default_rng(seed).permutation(len(pairs))]


def outcome(facts: Sound, number: int, seed: int, pairs: Sequence[tuple[str, str]]) -> Outcome:
    """Mutate a file and see what comes of it."""
    table, mutation = pairs[number % len(pairs)]
    content = MUTATIONS[mutation](facts.files[table], np.random.default_rng([seed, number]))
    try:
        what, detail = _what_came(facts, read_again(facts, table, content), number)
    except Exception:
        what, detail = "traceback", traceback.format_exc(limit=-4)
    return Outcome(mutation, table, number, what, detail)


def _what_came(facts: Sound, reading: steps.Reading, number: int) -> tuple[str, str]:
    if _is_as_it_was(facts, reading):
        return "same facts", ""
    if _is_unreadable_again(facts, reading):
        return "refused", ""
    checked = steps.validate_facts(reading, today())
    fresh = told(checked.findings) - facts.found
    severities = {one.severity for one in checked.findings if told([one]).keys() & fresh.keys()}
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
    if _moves_nothing(facts, reading):
        return "same numbers", ""
    results = _may_refuse(checked)
    return _moved(facts, results, differs) if results else ("refused", "")


def _moves_nothing(facts: Sound, reading: steps.Reading) -> bool:
    """Whether what differs is of no published number: tables not looked at, words for readers."""
    return all(
        table in facts.unread or _without_words(frame) == _without_words(reading.tables[table])
        for table, frame in facts.reading.tables.items()
        if frame is not reading.tables[table]
    )


def _without_words(frame: pd.DataFrame) -> list[list[object]]:
    """The cells, but of words for readers only whether there are any."""
    told = frame.assign(**{name: frame[name] != "" for name in WORDS if name in frame})
    return told.to_numpy().tolist()  # type: ignore[no-any-return]


def _is_as_it_was(facts: Sound, reading: steps.Reading) -> bool:
    """Whether all rows are as they were, on the lines where they were."""
    before = facts.reading
    return reading.findings == before.findings and all(
        frame.equals(before.tables[table]) for table, frame in reading.tables.items()
    )


def _is_unreadable_again(facts: Sound, reading: steps.Reading) -> bool:
    """Whether no row of a table can be trusted, and the facts without it were checked already."""
    unreadable = {one.table for one in reading.findings if one.rule in FATAL_RULES}
    is_again = bool(unreadable) and unreadable <= facts.unreadable
    facts.unreadable.update(unreadable)
    return is_again


def _may_refuse(checked: steps.Checked) -> steps.Results | None:
    try:
        return computed(checked)
    except steps.RefusedError:
        return None


def rows_that_differ(before: Tables, after: Tables) -> list[str]:
    """The keys of rows that are not in both, each once for what it was and once for what it is."""
    found = []
    for table, key in fact_models.list_keys().items():
        if before[table] is after[table]:
            continue
        own, other = (Counter(_rows(tables[table])) for tables in (before, after))
        columns = [name for name in before[table] if name not in PROVENANCE]
        at = [columns.index(name) for name in key]
        for sign, changed in (("-", own - other), ("+", other - own)):
            rows = changed.elements()
            found += [f"{sign}{table} {';'.join(row[place] for place in at)}" for row in rows]
    return sorted(found)


def _rows(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    return [tuple(row) for row in frame.drop(columns=PROVENANCE).to_numpy().tolist()]


def _moved(facts: Sound, results: steps.Results, differs: list[str]) -> tuple[str, str]:
    """Whether a published number moved, and who says so."""
    before, after = facts.results, results
    moved = numbers_moved(before, after)
    if not moved:
        return "same numbers", ""
    summaries = [last_version.summarise_results(each) for each in (before, after)]
    if last_version.list_changes(*summaries):
        return "told by run", ""
    if last_version.list_notes(*summaries):
        return "noted", ""
    detail = f"{', '.join(differs[:5])} moved {', '.join(moved)}"
    is_one_row = Counter(each[0] for each in differs).most_common(1)[0][1] == 1
    return ("plausible" if is_one_row else "silent"), detail


def made(
    facts: Path, countries: str, seed: int, classes: tuple[str, ...], numbers: Sequence[int]
) -> list[Outcome]:
    """Mutations of these numbers, of the facts of some countries; those facts are read once."""
    ready, pairs = _ready(facts, countries, seed, classes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return [outcome(ready, number, seed, pairs) for number in numbers]


_KEPT = ExitStack()
"""What holds while this process mutates: the folder of its facts, and what is shared of them."""


@cache
def _ready(
    facts: Path, countries: str, seed: int, classes: tuple[str, ...]
) -> tuple[Sound, list[tuple[str, str]]]:
    folder = Path(_KEPT.enter_context(tempfile.TemporaryDirectory()))
    ready = sound(facts, countries.split(","), folder)
    _KEPT.enter_context(shared(ready))
    return ready, deck(ready, seed, classes)


def run(
    facts: Path,
    countries: str,
    count: int,
    seed: int,
    workers: int = 1,
    known: Path | None = None,
    classes: tuple[str, ...] = tuple(CLASSES),
) -> list[Outcome]:
    """So many mutations of the facts of some countries.

    With a file, what is there is not made again, and what is made is written there at once.
    """
    done = _read(known)
    left = [number for number in range(count) if number not in done]
    portions = [left[at : at + AT_ONCE] for at in range(0, len(left), AT_ONCE)]
    make = partial(made, facts, countries, seed, classes)
    with ExitStack() as stack:
        file = stack.enter_context(known.open("a", encoding="utf-8")) if known else None
        several = stack.enter_context(ProcessPoolExecutor(workers)) if workers > 1 else None
        for portion in several.map(make, portions) if several else map(make, portions):
            for one in portion:
                done[one.number] = one
                _say(one, len(done), count)
                if file:
                    file.write(json.dumps(asdict(one)) + "\n")
            if file:
                file.flush()
    return [done[number] for number in sorted(done) if number < count]


def _read(known: Path | None) -> dict[int, Outcome]:
    if not known or not known.exists():
        return {}
    lines = known.read_text(encoding="utf-8").splitlines()
    return {one["number"]: Outcome(**one) for one in map(json.loads, lines)}


def _say(one: Outcome, done: int, count: int) -> None:
    if one.outcome in BAD:
        what = f"{one.number}: {one.mutation} in {one.table}: {one.outcome}"
        sys.stderr.write(f"{what}\n{one.detail}\n")
    elif done % 500 == 0:
        sys.stderr.write(f"{done:,} of {count:,}\n")


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
    parser.add_argument("--countries", default=COUNTRIES)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--classes", choices=CLASSES, nargs="+", default=list(CLASSES))
    parser.add_argument("--into", type=Path, metavar="FILE")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    asked = parser.parse_args()
    wanted = (asked.facts, asked.countries, asked.count, asked.seed, asked.workers, asked.into)
    outcomes = run(*wanted, tuple(asked.classes))
    if asked.format == "json":
        json.dump([asdict(one) for one in outcomes], sys.stdout, indent=1)
    else:
        sys.stdout.write(table(outcomes).to_string() + "\n")
    raise SystemExit(1 if any(one.outcome in BAD for one in outcomes) else 0)


if __name__ == "__main__":
    main()
