"""How many typing errors does `check` report, and how many move an answer in silence?

A cell that carries results is one of a row that the published table `lineage` names. Each error is
typed into one such cell of sound facts, the facts are checked again, and an error counts as
reported where a finding is there that was not there before. Where it is not, the bounds on the
people exposed, and on the users of features, are computed again: an answer moved where one of them
did by more than a hundredth (`silent_moved`), or at all (`silent_at_all`).

Run: python -m benchmarks.typing_errors [--facts DIR] [--each 100] [--seed 0] [--format json]

Only what an error can touch is checked again: the row against its contract, and the rules over
several tables that read its table, until one tells it: those that told errors of late are run
first. Bounds are computed without imputed audiences, of which nothing enters a bound. The errors
are drawn with replacement over the tables that have such cells (evenly but for the few shares),
then evenly over their cells.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audience_impact import pipeline
from audience_impact.audiences.inputs import gather_inputs
from audience_impact.audiences.scope import build_scope
from audience_impact.bounds import PRINTED, bound_restrictions
from audience_impact.facts import checks
from audience_impact.facts import tables as facts
from audience_impact.facts.rules import days
from audience_impact.facts.tables import Finding, Tables
from audience_impact.fitted.models import read_context
from audience_impact.outputs.lineage import make_lineage
from audience_impact.vocabulary import AudienceMetric, ImpactMetric, PopulationBase
from benchmarks.sound_facts import record_rule
from flows import CHECKOUT
from flows.pipeline import steps
from schemas import contracts
from schemas import facts as fact_models

Random = np.random.Generator
MOVED = 0.01
NUMBERS = {
    "estimates": ("value", "low", "high"),
    "bases": ("persons", "low_persons", "high_persons"),
    "feature_use": ("share",),
    "circumvention": ("share",),
}
WEIGHTS = {"feature_use": 0.1, "circumvention": 0.1}
"""Chance of a table relative to the others: few of their cells carry results."""
YEARS = {
    "estimates": ("period",),
    "bases": ("period",),
    "restrictions": ("observed_from", "announced_on", "ended_on"),
}


def _digits(text: str) -> list[int]:
    return [place for place, sign in enumerate(text) if sign.isdigit()]


def replaced(text: str, random: Random) -> str:
    """One digit another."""
    place = random.choice(_digits(text))
    other = str(random.choice([digit for digit in "0123456789" if digit != text[place]]))
    return text[:place] + other + text[place + 1 :]


def swapped(text: str, random: Random) -> str:
    """Two digits side by side that differ, the other way round."""
    pairs = [
        place
        for place in range(len(text) - 1)
        if text[place : place + 2].isdigit() and text[place] != text[place + 1]
    ]
    if not pairs:
        return text
    place = random.choice(pairs)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def added(text: str, random: Random) -> str:
    """A digit more."""
    place = random.choice(_digits(text))
    return text[:place] + str(random.choice(list("0123456789"))) + text[place:]


def dropped(text: str, random: Random) -> str:
    """A digit less."""
    place = random.choice(_digits(text))
    return text[:place] + text[place + 1 :]


def zero_more(text: str, random: Random) -> str:
    """Ten times as much."""
    del random
    return f"{float(text) * 10:.10g}" if "." in text else text + "0"


def zero_less(text: str, random: Random) -> str:
    """A tenth."""
    del random
    return text[:-1] if text.endswith("0") and "." not in text else f"{float(text) / 10:.10g}"


def year_by(steps_: int) -> "Edit":
    """Every year of a date or period so many more or less."""

    def edit(text: str, random: Random) -> str:
        by = steps_ * int(random.choice([-1, 1]))
        parts = [f"{int(part[:4]) + by}{part[4:]}" for part in text.split("/")]
        return "/".join(parts)

    return edit


def access_ahead(text: str, random: Random) -> str:
    """A digit of the day of access that makes it later."""
    later = [
        text[:place] + digit + text[place + 1 :]
        for place in _digits(text)
        for digit in "0123456789"
        if text[:place] + digit + text[place + 1 :] > text
    ]
    real = [day for day in later if not pd.isna(pd.to_datetime(day, errors="coerce"))]
    return str(random.choice(real)) if real else text


def word_of(column: str) -> "Edit":
    """Another word that the column knows."""
    words = {"population_base": PopulationBase, "audience_metric": AudienceMetric}[column]

    def edit(text: str, random: Random) -> str:
        return str(random.choice([word.value for word in words if word.value != text]))

    return edit


Edit = Callable[[str, Random], str]
ERRORS: dict[str, tuple[Edit | None, Mapping[str, tuple[str, ...]]]] = {
    "digit replaced": (replaced, NUMBERS),
    "digits swapped": (swapped, NUMBERS),
    "digit added": (added, NUMBERS),
    "digit dropped": (dropped, NUMBERS),
    "zero more": (zero_more, NUMBERS),
    "zero less": (zero_less, NUMBERS),
    "year off by 1": (year_by(1), YEARS),
    "year off by 10": (year_by(10), YEARS),
    "access ahead": (access_ahead, {"sources": ("accessed_on",)}),
    "platform swapped": (None, {"estimates": ("platform_id",)}),
    "base swapped": (
        word_of("population_base"),
        {"estimates": ("population_base",), "bases": ("population_base",)},
    ),
    "metric swapped": (word_of("audience_metric"), {"estimates": ("audience_metric",)}),
}


@dataclass(frozen=True)
class Sound:
    """Facts before an error: as text and typed, what is found in them, and their answers."""

    text: Tables
    typed: Tables
    found: dict[str, set[tuple[Any, ...]]]
    reads: dict[str, set[str]]
    order: list[str]
    bounds: pd.DataFrame
    carrying: dict[str, list[int]]


def _told(findings: list[Finding]) -> set[tuple[Any, ...]]:
    return {
        (finding.table, finding.layer, finding.line, finding.column, finding.rule)
        for finding in findings
    }


def _bounds(tables: Tables) -> pd.DataFrame:
    asked = build_scope(tables, pipeline.find_newest_access(tables))
    counted = tables | {"audience_laws": tables["audience_laws"].iloc[:0]}
    context = read_context(counted)
    inputs = gather_inputs(asked, context)
    limits, _ = bound_restrictions(asked, inputs, inputs, context)
    frames = {
        ImpactMetric.PEOPLE_EXPOSED.value: limits.exposed,
        ImpactMetric.PEOPLE_FEATURE_EXPOSED.value: limits.feature_users,
    }
    return pd.concat({metric: frame[PRINTED] for metric, frame in frames.items()})


def sound(folder: Path) -> Sound:
    """The facts of a folder, checked, with the cells that carry their results."""
    reading = steps.read_facts([folder])
    checked = steps.validate_facts(reading)
    typed = {name: frame.reset_index(drop=True) for name, frame in checked.tables.items()}
    text = {name: _kept(reading.tables[name], typed[name]) for name in typed}
    result, reads = {}, {}
    for name in checks.CHECKS:
        findings, reads[name] = record_rule(name, typed)
        result[name] = _told(findings)
    stages, _ = pipeline.prepare_run(typed, pipeline.find_newest_access(typed))
    used = make_lineage(stages.scope, stages.simulation, typed)
    order = list(checks.CHECKS)
    return Sound(text, typed, result, reads, order, _bounds(typed), _carrying(used, typed))


def _kept(text: pd.DataFrame, typed: pd.DataFrame) -> pd.DataFrame:
    """The rows as text of those that passed, in their order."""
    places = pd.MultiIndex.from_frame(text[["row_layer", "row_line"]])
    wanted = pd.MultiIndex.from_frame(typed[["row_layer", "row_line"]])
    return text.iloc[places.get_indexer(wanted)].reset_index(drop=True)


def _carrying(used: pd.DataFrame, typed: Tables) -> dict[str, list[int]]:
    """The places of the rows of each table that feed an answer."""
    result = {}
    for table in {*NUMBERS, *YEARS}:
        lines = used.loc[used["input_table"] == table, ["row_layer", "row_line"]]
        frame = typed[table]
        places = pd.MultiIndex.from_frame(frame[["row_layer", "row_line"]])
        result[table] = list(frame.index[places.isin(pd.MultiIndex.from_frame(lines))])
    sources = {str(typed[table].at[at, "source_id"]) for table in result for at in result[table]}
    frame = typed["sources"]
    result["sources"] = list(frame.index[frame["source_id"].isin(sources)])
    return result


@dataclass(frozen=True)
class Typed:
    """One error: where, what stood there and what does now, and what came of it."""

    error: str
    table: str
    row: str
    column: str
    before: str
    after: str
    reported: bool
    moved: float


def _cell(
    facts_: Sound, columns: Mapping[str, tuple[str, ...]], random: Random
) -> tuple[str, int, str] | None:
    """A filled cell of a row that carries results."""
    tables = [table for table in columns if facts_.carrying.get(table)]
    if not tables:
        return None
    weight = np.array([WEIGHTS.get(table, 1.0) for table in tables])
    for _ in range(100):
        table = str(random.choice(tables, p=weight / weight.sum()))
        place = int(random.choice(facts_.carrying[table]))
        column = str(random.choice(columns[table]))
        if facts_.text[table].at[place, column]:
            return table, place, column
    return None


def inject(facts_: Sound, error: str, random: Random) -> Typed | None:
    """Type one error and see what comes of it; none where no cell can have it."""
    edit, columns = ERRORS[error]
    for _ in range(100):
        cell = _cell(facts_, columns, random)
        if cell is None:
            return None
        table, place, column = cell
        before = facts_.text[table].at[place, column]
        after = edit(before, random) if edit else _other_platform(facts_, before, random)
        if after != before:
            return _outcome(facts_, error, cell, before, after)
    return None


def _other_platform(facts_: Sound, platform: str, random: Random) -> str:
    """Another platform that has figures: what a slip in a list of figures would give."""
    every = sorted(set(facts_.text["estimates"]["platform_id"]) - {platform})
    return str(random.choice(every)) if every else platform


def _outcome(
    facts_: Sound, error: str, cell: tuple[str, int, str], before: str, after: str
) -> Typed:
    table, place, column = cell
    text = facts_.text[table].copy()
    text.loc[place, column] = after
    row = str(text.iloc[place][fact_models.list_keys()[table][0]])
    reported, typed = _reported(facts_, table, place, text)
    moved = 0.0 if reported else _moved(facts_.bounds, _bounds(typed))
    return Typed(error, table, row, column, before, after, reported, moved)


def _reported(facts_: Sound, table: str, place: int, text: pd.DataFrame) -> tuple[bool, Tables]:
    """Whether a finding is there that was not, and the facts with the error in them."""
    if len(contracts.check_fact_table(table, text.iloc[[place]].reset_index(drop=True))):
        return True, facts_.typed
    kinds = fact_models.select_columns("number"), fact_models.select_columns("period")
    few = {table: text, "sources": facts_.text["sources"]} | {table: text}
    typed = facts_.typed | facts.convert_types(few, *kinds)
    today = datetime.now(UTC).date()
    if days.find_read_after(typed, today):
        return True, typed
    for place, name in enumerate(facts_.order):
        is_read = table in facts_.reads[name]
        if is_read and _told(checks.run_rule(name, typed)) - facts_.found[name]:
            facts_.order.insert(0, facts_.order.pop(place))
            return True, typed
    return False, typed


def _moved(before: pd.DataFrame, after: pd.DataFrame) -> float:
    """The largest relative change of a bound."""
    both = before.add_suffix("_before").join(after.add_suffix("_after"), how="outer")
    changes = [
        (both[f"{name}_after"] - both[f"{name}_before"]).abs()
        / both[[f"{name}_before", f"{name}_after"]].max(axis=1).clip(lower=1.0)
        for name in before
    ]
    gone = any(
        (both[f"{name}_after"].isna() != both[f"{name}_before"].isna()).any() for name in before
    )
    return 1.0 if gone else float(pd.concat(changes).max())


def table(outcomes: list[Typed]) -> pd.DataFrame:
    """Shares by error and table, and by error over all tables."""
    frame = pd.DataFrame([vars(outcome) for outcome in outcomes])
    silent = ~frame["reported"]
    frame = frame.assign(
        silent_moved=silent & (frame["moved"] > MOVED), silent_at_all=silent & (frame["moved"] > 0)
    )
    columns = ["reported", "silent_moved", "silent_at_all"]
    each = frame.groupby(["error", "table"], sort=False)[columns].mean()
    count = frame.groupby(["error", "table"], sort=False).size().rename("count")
    total = frame.assign(table="all").groupby(["error", "table"], sort=False)[columns].mean()
    sizes = frame.assign(table="all").groupby(["error", "table"], sort=False).size().rename("count")
    return pd.concat([each.join(count), total.join(sizes)]).reset_index()


def run(folder: Path, each: int, seed: int) -> list[Typed]:
    """So many of each error in the facts of a folder."""
    facts_ = sound(folder)
    outcomes = []
    for number, error in enumerate(ERRORS):
        random = np.random.default_rng([seed, number])
        tried = [inject(facts_, error, random) for _ in range(each)]
        outcomes += [one for one in tried if one is not None]
    return outcomes


def main() -> None:
    """Inject, then print the shares, or with `--format json` the errors as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=Path, default=CHECKOUT / "data" / "facts")
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    asked = parser.parse_args()
    outcomes = run(asked.facts, asked.each, asked.seed)
    shares = table(outcomes)
    if asked.format == "json":
        result = {
            "shares": shares.to_dict("records"),
            "errors": [vars(outcome) for outcome in outcomes],
        }
        json.dump(result, sys.stdout, indent=1)
        return
    sys.stdout.write(shares.round(3).to_string(index=False) + "\n")


if __name__ == "__main__":
    main()
