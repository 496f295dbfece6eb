"""The columns of published tables, by part of a table: columns.csv has a row for each.

A column is described once: its type, unit, meaning and SDMX concept go into the contract, into the
metadata of the Parquet file and into the data dictionary.

    part     a part that several tables may have, or a table
    column   its name; `*` stands for the name of each end of an estimate
    type     `text`, `number`, `whole`; `list` of ids or names; `word` of a vocabulary, or several
             `joined`; `table`, the name of one; `special`, a text of which few values differ in
             kind from the others; `explained` by another column; a `pattern`; an `estimate`
    null     `yes` where a cell may be unknown; of estimates, where all of their ends may be
    least    the least number, and `most` the most
    of       vocabularies, rules of reasons or items by name, and further words with their meaning;
             the column that explains; the pattern
"""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandera.pandas as pa

from audience_impact import vocabulary
from audience_impact.outputs.review import status_rules
from audience_impact.tracing import ITEMS

JOINED_BY = ";"
"""Separator between several words in one cell."""
ENDS = {
    "min": "the fewest, with the errors of 99 % of such figures",
    "printed_min": "the fewest as printed",
    "q05": "5 % quantile",
    "q50": "median",
    "q95": "95 % quantile",
    "printed_max": "the most as printed",
    "max": "the most, with the errors of 99 % of such figures",
}
"""The meaning of the ends of an estimate, by the name in their column."""
CERTAIN = ("min", "printed_min")
"""Ends that are 0 where nothing is certain."""
DTYPES = {"number": float, "whole": int}


class Column(NamedTuple):
    """A row of columns.csv."""

    part: str
    column: str
    type: str
    null: str
    unit: str
    sdmx: str
    least: str
    most: str
    of: str
    meaning: str

    @property
    def is_number(self) -> bool:
        """Return whether the cells are numbers and not texts."""
        return self.type in DTYPES

    @property
    def meanings(self) -> dict[str, str]:
        """Return the meaning of each word that `of` names, or that it gives with its meaning."""
        meanings: dict[str, str] = {}
        for name in self.of.split("; ") if self.type in ("word", "joined", "special") else ():
            word, is_word, meaning = name.partition("=")
            meanings |= {word: meaning} if is_word else _list_meanings(name)
        return meanings

    def build(self) -> pa.Column:
        """Return the column of the contract."""
        checks = [pa.Check.ge(float(self.least))] if self.least else []
        checks += [pa.Check.le(float(self.most))] if self.most else []
        if self.type == "word":
            checks.append(pa.Check.isin(list(self.meanings)))
        elif self.type == "joined":
            words = "|".join(map(re.escape, self.meanings))
            checks.append(pa.Check.str_matches(f"^({words})({JOINED_BY}({words}))*$"))
        elif self.type == "pattern":
            checks.append(pa.Check.str_matches(self.of))
        return pa.Column(DTYPES.get(self.type, str), checks, nullable=bool(self.null))


def _list_meanings(name: str) -> Mapping[str, str]:
    """Return the meanings of a vocabulary, of a rule of reasons or several, or of the items."""
    if name == "ITEMS":
        return {item: about.words for item, about in ITEMS.items()}
    if name in status_rules.SENTENCES:
        return {name: status_rules.SENTENCES[name]}
    if name.startswith("RULES"):
        return {rule: status_rules.SENTENCES[rule] for rule in getattr(status_rules, name)}
    return vocabulary.list_meanings(getattr(vocabulary, name))


def _expand_estimate(row: Column) -> list[Column]:
    expanded = []
    for name, meaning in ENDS.items():
        is_known = not row.null and name in CERTAIN
        about = f"{meaning}, of {row.meaning}{'' if is_known else '; null: not known'}"
        column = row.column.replace("*", name)
        null = "" if is_known else "yes"
        expanded.append(
            Column(row.part, column, "number", null, row.unit, "OBS_VALUE", "0", "", "", about)
        )
    return expanded


PARTS: dict[str, dict[str, Column]] = {}
"""The columns of each part, by name."""
with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as _file:
    for _row in map(Column._make, list(csv.reader(_file))[1:]):
        for _column in _expand_estimate(_row) if _row.type == "estimate" else [_row]:
            PARTS.setdefault(_row.part, {})[_column.column] = _column
