"""The comparison of two versions: which answers changed, by how much, and what differs beside them.

Definitions. A row of facts stands beside an answer where it has the same restriction, fed it, or is
of one of its countries and of one of its platforms or none; a source, or who measures, where the
answer rests on it. What stands beside an answer may have moved it, and need not: figures speak for
one another, so that an edit in one country may move an imputed answer in another.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audience_impact.answers.names import area_in_words
from audience_impact.comparing import answers, facts
from audience_impact.comparing.answers import ANSWER, NEW, OLD
from audience_impact.comparing.facts import Row
from audience_impact.comparing.sides import Side
from audience_impact.vocabulary import AnswerChange

SLIGHT = (AnswerChange.MOVED_SLIGHTLY, AnswerChange.SAME)
AREAS = ("area_id", "area_ids", "country_id")
PLATFORMS = ("platform_id", "platform_ids")
PAGES = ("source_id", "also_source_id", "measurement_series_id")
Key = tuple[str, str]


class UnknownRestrictionError(LookupError):
    """Neither side has the restriction; the message is a line."""


@dataclass(frozen=True)
class Comparison:
    """What changed between two sides.

    Attributes:
        old: What is compared with.
        new: What is compared.
        table: Every answer, as answers.compared has them.
        rows: The rows of facts that differ.
        notes: What cannot be said.
    """

    old: Side
    new: Side
    table: pd.DataFrame
    rows: Sequence[Row]
    notes: Sequence[str]

    @property
    def changed(self) -> pd.DataFrame:
        """Return the answers that are not the same, what matters most first."""
        return self.table[self.table["change"] != AnswerChange.SAME]


def compare(old: Side, new: Side, restriction: str | None = None) -> Comparison:
    """Compare two sides; with `restriction` the answers of this one alone.

    Raises UnknownRestrictionError where neither side has it.
    """
    table = answers.compared(old.answers, new.answers)
    if restriction is not None:
        table = table[table.index.get_level_values(0) == restriction]
        if table.empty:
            raise UnknownRestrictionError(
                f"{restriction} is in neither of the two; see audience-impact list"
            )
    keys = {**new.keys, **old.keys}
    is_known = all(side.files for side in (old, new)) and keys
    rows = facts.differing(old.files, new.files, keys) if is_known else []
    return Comparison(old, new, table, rows, [*_quarantined(old, new), *_unknown(old, new)])


def _quarantined(old: Side, new: Side) -> list[str]:
    counts = [side.refused_count for side in (old, new)]
    note = "{:,} rows of facts were in quarantine, now {:,} are".format(*counts)
    return [note] * any(counts)


def _unknown(old: Side, new: Side) -> list[str]:
    """Return why no fact can be named."""
    silent = [side.name for side in (old, new) if not side.files]
    if silent:
        names = " and ".join(silent)
        return [f"{names}: published before facts were kept with a version: no fact can be named"]
    if not (old.keys or new.keys):
        return ["both were published before versions said how facts are keyed: none can be named"]
    return []


class Beside:
    """The rows that differ by what they stand beside, each by its number from 1."""

    def __init__(self, found: Comparison) -> None:
        self.rows, self.sides = found.rows, (found.old, found.new)
        self.of_restriction: dict[str, set[int]] = defaultdict(set)
        self.of_country: dict[str, set[int]] = defaultdict(set)
        self.of_page: dict[str, set[int]] = defaultdict(set)
        self.of_fact: dict[Key, int] = {}
        for number, row in enumerate(self.rows, 1):
            self._enter(number, row)
        lineage = pd.concat([side.lineage for side in self.sides], ignore_index=True)
        self.lineage = {str(act): rows for act, rows in lineage.groupby("restriction_id")}

    def _enter(self, number: int, row: Row) -> None:
        self.of_fact[row.table, row.key] = number
        acts = row.values("restriction_id")
        for act in acts:
            self.of_restriction[act].add(number)
        for area in row.values(*AREAS) if not acts else ():
            self.of_country[area.partition("-")[0]].add(number)
        for page in row.values(*PAGES) if row.table in ("sources", "lineages") else ():
            self.of_page[page].add(number)

    def of(self, subject: str, aspect: str) -> list[int]:
        """Return the numbers of the rows beside an answer of KEY, in order."""
        return sorted(self._of_year(subject) if aspect.isdigit() else self._of_act(subject))

    def _of_year(self, country: str) -> set[int]:
        """Return the rows of a country, and of its restrictions; of a region none."""
        acts = {
            act
            for act in self.of_restriction
            if any(country in side.countries.get(act, ()) for side in self.sides)
        }
        return self.of_country[country].union(*(self.of_restriction[act] for act in acts))

    def _of_act(self, act: str) -> set[int]:
        own = set(self.of_restriction[act])
        countries = {area for side in self.sides for area in side.countries.get(act, ())}
        near = set().union(*(self.of_country[country] for country in countries))
        if act not in self.lineage:
            return own | near
        fed = self.lineage[act]
        platforms = {*fed["platform_id"]}
        own |= {number for number in near if self._is_of(number, platforms)}
        pairs = zip(fed["input_table"], fed["input_id"], strict=True)
        own |= {self.of_fact[pair] for pair in pairs if pair in self.of_fact}
        return own.union(*(self.of_page[page] for page in {*fed["source_id"]}))

    def _is_of(self, number: int, platforms: set[str]) -> bool:
        named = self.rows[number - 1].values(*PLATFORMS)
        return not named or bool(named & platforms)


def records(found: Comparison) -> dict[str, Any]:
    """Return the comparison as plain records."""
    beside = Beside(found)
    return {
        "old": _side(found.old),
        "new": _side(found.new),
        "counts": counts(found),
        "notes": list(found.notes),
        "settings": _settings(found),
        "rows": [_row(number, row) for number, row in enumerate(found.rows, 1)],
        "answers": [
            _answer(key, row) | {"beside": beside.of(*key)} for key, row in found.changed.iterrows()
        ],
    }


def counts(found: Comparison) -> dict[str, int]:
    """Return how many restrictions there are in either, how many changed, and how.

    Each counts once, by what mattered most; years of areas are counted apart.
    """
    is_year = found.table.index.get_level_values(1).str.isdigit()
    own, years = found.table[~is_year], found.table[is_year]
    first = own["change"].groupby(level=0).first()
    changes = {change.value: int((first == change).sum()) for change in AnswerChange}
    moved = int((~years["change"].isin(SLIGHT)).sum())
    return {
        "restrictions": len(first),
        **changes,
        "area_years": len(years),
        "area_years_moved": moved,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "is_published": side.is_published,
        "settings": dict(side.settings),
    }


def _settings(found: Comparison) -> dict[str, list[str]]:
    """Return what differs beside the facts: the old and the new, by what it is called."""
    old, new = found.old.settings, found.new.settings
    return {name: [old[name], new[name]] for name in old if old[name] != new[name]}


def _row(number: int, row: Row) -> dict[str, Any]:
    return {
        "row": number,
        "table": row.table,
        "key": row.key,
        "change": row.change.value,
        "old_place": row.places[0] or None,
        "new_place": row.places[1] or None,
        "names": row.names,
        "cells": {name: list(cells) for name, cells in row.cells.items()},
    }


def _answer(key: Key, row: "pd.Series[Any]") -> dict[str, Any]:
    is_year = key[1].isdigit()
    names = ("area_id", "year") if is_year else ("restriction_id", "impact_metric")
    record: dict[str, Any] = dict(zip(names, key, strict=True))
    if is_year:
        record["area_name"] = area_in_words(key[0], key[0])
    record |= {"change": str(row["change"]), "measure": row["measure"]}
    ends = [row[row["measure"] + end] for end in (OLD, NEW)]
    record["moved_persons"] = None if pd.isna(ends).any() else _plain(row["moved_persons"])
    for end in (OLD, NEW):
        cells = {name: _plain(row[name + end]) for name in ANSWER}
        record[end.strip("_")] = cells if cells["obs_status"] else None
    return record


def _plain(cell: Any) -> Any:
    """Return a cell for a reader: people are whole numbers, what is missing is null."""
    if pd.isna(cell):
        return None
    return round(cell) if isinstance(cell, float) else cell
