"""The comparison of two versions: changed answers, sizes of the changes, related facts.

Definitions. A row of facts is related to an answer if it has the same restriction, was used for it,
or belongs to one of its countries and to one of its platforms or to none; a source or a measuring
programme is related if the answer uses it. A related change may or may not have caused the change
of the answer: imputation uses figures of all countries, so that an edit in one country may change
an imputed answer in another.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from audience_impact.answers.names import area_in_words
from audience_impact.comparing import compared_versions
from audience_impact.comparing.compared_versions import (
    ANSWER,
    NEW,
    OLD,
    ChangedTable,
    ComparedVersion,
    Row,
    list_changed_tables,
)
from audience_impact.plain_text import ReadableError
from audience_impact.vocabulary import AnswerChange, FactRole

SLIGHT_CHANGES = (AnswerChange.MOVED_SLIGHTLY, AnswerChange.SAME)
"""Changes of answers that are not listed as moved."""
RESTRICTION, COUNTRY, PAGE = "restriction_id", "country_id", "source_id"
AREAS = ("area_id", "area_ids", COUNTRY)
PLATFORMS = ("platform_id", "platform_ids")
PAGES = (PAGE, "also_source_id", "measurement_series_id")
FIGURES = (
    *(FactRole.AUDIENCE, FactRole.DAILY_AUDIENCE, FactRole.BASE, FactRole.FEATURE_SHARE),
    *(FactRole.CIRCUMVENTION, FactRole.OVERLAP),
)
"""Roles of the figures from which an answer is computed."""
Key = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The differences between two versions; of the answers those of one restriction, if any."""

    old: ComparedVersion
    new: ComparedVersion
    restriction: str = ""

    @cached_property
    def table(self) -> pd.DataFrame:
        """The answers, as `compared_versions.compare_answers` returns them."""
        table = compared_versions.compare_answers(self.old.answers, self.new.answers)
        if not self.restriction:
            return table
        return table[table.index.get_level_values(0) == self.restriction]

    @cached_property
    def changed_answers(self) -> pd.DataFrame:
        """The answers that changed, the most important first."""
        return self.table[self.table["change"] != AnswerChange.SAME]

    @property
    def has_facts(self) -> bool:
        """Whether both versions have their facts, so that their rows can be compared."""
        return bool(self.old.files and self.new.files)

    @cached_property
    def fact_tables(self) -> Sequence[ChangedTable]:
        """The fact tables that differ; none where a version has no facts."""
        keys = {**self.new.keys, **self.old.keys}
        files = self.old.files, self.new.files
        return list_changed_tables(*files, keys) if self.has_facts else []

    @cached_property
    def rows(self) -> Sequence[Row]:
        """The rows of facts that differ, by table and key."""
        return [row for table in self.fact_tables for row in table.rows]

    @property
    def sides(self) -> tuple[ComparedVersion, ComparedVersion]:
        """The old and the new version."""
        return self.old, self.new


def compare_versions(
    old: ComparedVersion, new: ComparedVersion, restriction: str | None = None
) -> Comparison:
    """Compare two versions; with `restriction` only the answers of this restriction.

    Raises ReadableError where neither version has it.
    """
    comparison = Comparison(old, new, restriction or "")
    if restriction is not None and comparison.table.empty:
        raise ReadableError(
            f"{restriction} is in neither of the two versions; see audience-impact list"
        )
    return comparison


class RelatedRows:
    """Numbers (from 1) of the changed fact rows, by the answers that they may concern."""

    def __init__(self, comparison: Comparison) -> None:
        self.rows = comparison.rows
        self.numbers: dict[Key, set[int]] = defaultdict(set)
        """The rows by table and key, and by what they speak of: a column, and its value."""
        for number, row in enumerate(self.rows, 1):
            self.numbers[row.table, row.key].add(number)
            restrictions = row.collect_values(RESTRICTION)
            areas = set() if restrictions else row.collect_values(*AREAS)
            pages = row.collect_values(*PAGES) if row.table in ("sources", "lineages") else set()
            named = {RESTRICTION: restrictions, PAGE: pages}
            named[COUNTRY] = {area.partition("-")[0] for area in areas}
            for column, values in named.items():
                for value in values:
                    self.numbers[column, value].add(number)
        lineage = pd.concat([side.read_table("lineage") for side in comparison.sides])
        self.lineage = dict(iter(lineage.groupby(RESTRICTION)))
        self.countries: dict[str, set[str]] = defaultdict(set)
        for side in comparison.sides:
            acts = side.read_table("restrictions")
            for restriction, cell in zip(acts[RESTRICTION], acts[COUNTRY], strict=True):
                self.countries[restriction] |= {*cell.split(";")}

    def find_rows(self, subject: str, aspect: str) -> list[int]:
        """Return the numbers of the fact rows that may concern an answer of KEY, in order.

        Of a year these are the rows of the country and of its restrictions; none of a region.
        """
        if aspect.isdigit():
            keys = [(COUNTRY, subject)]
            keys += [(RESTRICTION, key) for key, cell in self.countries.items() if subject in cell]
            return sorted(self._collect(keys))
        numbers = self._collect([(RESTRICTION, subject)])
        near = self._collect([(COUNTRY, area) for area in self.countries[subject]])
        if subject not in self.lineage:
            return sorted(numbers | near)
        lineage = self.lineage[subject]
        platforms = {*lineage["platform_id"]}
        for number in near:
            named = self.rows[number - 1].collect_values(*PLATFORMS)
            if not named or named & platforms:
                numbers.add(number)
        facts = zip(lineage["input_table"], lineage["input_id"], strict=True)
        return sorted(numbers | self._collect([*facts, *((PAGE, page) for page in lineage[PAGE])]))

    def _collect(self, keys: Iterable[Key]) -> set[int]:
        return set().union(*(self.numbers.get(key, ()) for key in keys))


def as_records(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as dictionaries that JSON can store."""
    related, exchanged = RelatedRows(comparison), _list_exchanged_figures(comparison)
    old, new = (side.settings for side in comparison.sides)
    was, now = (side.refused_count for side in comparison.sides)
    return {
        **{
            name: {key: getattr(side, key) for key in ("name", "is_published", "settings")}
            for name, side in zip(("old", "new"), comparison.sides, strict=True)
        },
        "counts": count_changes(comparison),
        "notes": [f"{was:,} rows of facts were in quarantine, now {now:,} are"] * bool(was or now),
        "settings": {name: [old[name], new[name]] for name in old if old[name] != new[name]},
        "rows": [
            {
                "row": number,
                "table": row.table,
                "key": row.key,
                "change": row.change.value,
                "old_place": row.places[0] or None,
                "new_place": row.places[1] or None,
                "names": row.naming_cells,
                "cells": {name: list(cells) for name, cells in row.changed_cells.items()},
            }
            for number, row in enumerate(comparison.rows, 1)
        ],
        "answers": [
            describe_answer(key, row)
            | {"beside": related.find_rows(*key), "figures": exchanged.get(key[0], [])}
            for key, row in comparison.changed_answers.iterrows()
        ],
    }


def _list_exchanged_figures(comparison: Comparison) -> dict[str, list[dict[str, Any]]]:
    by = ["restriction_id", "role", "platform_id"]
    parts = []
    for side in comparison.sides:
        lineage = side.read_table("lineage")
        used = lineage[lineage["role"].isin(FIGURES)]
        texts = used["input_id"] + " (" + used["attribution"] + ")"
        parts.append(texts.groupby([used[name] for name in by]).agg(lambda ids: sorted(set(ids))))
    both = pd.concat(parts, axis=1, keys=["old", "new"]).reset_index()
    both = both[both["old"].notna() & both["new"].notna() & (both["old"] != both["new"])]
    return {
        str(restriction): rows.drop(columns="restriction_id").to_dict("records")
        for restriction, rows in both.groupby("restriction_id")
    }


def count_changes(comparison: Comparison) -> dict[str, int]:
    """Return the number of restrictions, of those with each kind of change, and of years of areas.

    A restriction counts once, by its most important change.
    """
    is_year = comparison.table.index.get_level_values(1).str.isdigit()
    of_restrictions, years = comparison.table[~is_year], comparison.table[is_year]
    first = of_restrictions["change"].groupby(level=0).first()
    return {
        "restrictions": len(first),
        **{change.value: int((first == change).sum()) for change in AnswerChange},
        "area_years": len(years),
        "area_years_moved": int((~years["change"].isin(SLIGHT_CHANGES)).sum()),
    }


def describe_answer(key: Key, row: "pd.Series[Any]") -> dict[str, Any]:
    """Return an answer in both versions as a record."""
    is_year = key[1].isdigit()
    names = ("area_id", "year") if is_year else ("restriction_id", "impact_metric")
    record: dict[str, Any] = dict(zip(names, key, strict=True))
    if is_year:
        record["area_name"] = area_in_words(key[0], key[0])
    record |= {"change": str(row["change"]), "measure": row["measure"]}
    ends = [row[row["measure"] + end] for end in (OLD, NEW)]
    record["moved_persons"] = None if pd.isna(ends).any() else _simplify_cell(row["moved_persons"])
    for end in (OLD, NEW):
        cells = {name: _simplify_cell(row[name + end]) for name in ANSWER}
        record[end.strip("_")] = cells if cells["obs_status"] else None
    return record


def _simplify_cell(cell: Any) -> Any:
    if pd.isna(cell):
        return None
    return round(cell) if isinstance(cell, float) else cell
