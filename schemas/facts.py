"""The contracts of the fact tables over the text as written: facts.csv lists tables and columns.

A row of facts.csv without a column is a table, and the rows after it are its columns in order. To
add a column or a table, add rows there; a rule of several columns is a function of `fact_rules`.

    kind     `table`, or a kind of column in `KINDS`
    of       what a cell is of: a table (references), a vocabulary (codes), or a rule of texts
    may_be   `blank`, or `missing`: a table or column that a folder of facts may lack
    key      `yes` for the columns of the key
    meaning  of the table or column, where its name does not say it

Facts are checked as text, before any conversion: a failure then contains the cell exactly as the
maintainer sees it, and no conversion can lose or change a value.
"""

import csv
import math
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from audience_impact import periods, vocabulary
from audience_impact.periods import SANE_YEARS
from audience_impact.plain_text import mark_filled, mark_padded
from audience_impact.rules import register_rule
from audience_impact.vocabulary import RuleStage

NUMBER = re.compile(r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$")
ISO_TIMES: Any = {"format": "ISO8601", "utc": True}
"""Arguments by which pandas reads times with their zone, of any precision."""
ZONED = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})"
DAY = r"^\d{4}-\d{2}-\d{2}$"
LIMIT = 1e12
LAST_NETWORK = 4294967295
"""Number up to which registries assign numbers to networks (RFC 6793, RFC 7300)."""
ONE, SEVERAL = "one", "several"
IDENTIFIER = r"(\*|[A-Za-z0-9][A-Za-z0-9_.:/-]*)"
NOTHING_STATED = re.compile(
    r"(no|none|nothing|copy states no)( licence| license)?( (stated|given|recorded|known))?|"
    r"n/?a|-+|unknown|not (known|given|available|recorded)",
    re.IGNORECASE,
)
"""Words for a missing statement other than the one word of the vocabulary."""

_COUNT = {"number": True, "not_negative": True, "too_large": True}
KINDS: dict[str, dict[str, Any]] = {
    "key": {"identifier": ONE},
    "reference": {"identifier": ONE},
    "references": {"identifier": SEVERAL},
    "code": {},
    "text": {},
    "period": {"date": True, "sane_year": True},
    "parameter": {"number": True},
    "value": _COUNT,
    "persons": {**_COUNT, "whole_number": True},
    "share": {"number": True, "not_negative": True, "share_at_most_one": True},
    "hours": {"number": True, "not_negative": True, "most_a_day": True},
}
"""The rules of each kind of column, with their parameters.

`Column` adds the words of a code and the rule of a text. The unit of a `value` is in the
column `unit`, a `parameter` has any sign, and a `period` is a date, a period or an interval.
"""
NUMBERS = ("parameter", "value", "persons", "share", "hours")


@lru_cache(maxsize=1 << 18)
def _parse_number(text: str) -> float:
    """Return a plain number, NaN for any other text; several rules parse the same texts."""
    return float(text) if NUMBER.match(text) else math.nan


def _parse_numbers(texts: Any) -> Any:
    numbers = [*map(_parse_number, texts.to_numpy(dtype="object").tolist())]
    return pd.Series(numbers, texts.index, dtype="float64")


def _are_identifiers(texts: Any, identifier: str) -> Any:
    more = f"(;{IDENTIFIER})*" if identifier == SEVERAL else ""
    return texts.str.fullmatch(f"({IDENTIFIER}{more})?")


def _are_lists_of_days(texts: Any) -> Any:
    days = texts[texts.str.strip() != ""].str.split(";").explode()
    is_day = days.str.match(DAY) & periods.parse_periods(days)["start"].notna().to_numpy()
    return is_day.groupby(level=0).all().reindex(texts.index, fill_value=True)


def _are_in_sane_years(texts: Any) -> Any:
    spans = periods.parse_periods(texts)
    last = spans["end"] - periods.ONE_DAY
    return ~((spans["start"].dt.year < SANE_YEARS[0]) | (last.dt.year > SANE_YEARS[1]))


def _are_times_with_zone(texts: Any) -> Any:
    times = pd.to_datetime(texts.where(texts.str.fullmatch(ZONED)), errors="coerce", **ISO_TIMES)
    return _are_blank(texts) | times.notna()


def _are_network_numbers(texts: Any) -> Any:
    is_sound = texts.str.fullmatch(r"[1-9]\d*") & _parse_numbers(texts).lt(LAST_NETWORK)
    return _are_blank(texts) | is_sound


def _is_expression(text: str) -> bool:
    try:
        re.compile(text)
    except (re.error, OverflowError):
        return False
    return True


def _are_blank(texts: Any) -> Any:
    return ~mark_filled(texts)


CELL_RULES: dict[str, Callable[..., Any]] = {
    "white_space": lambda texts: ~mark_padded(texts),
    "required": mark_filled,
    "number": lambda texts: _are_blank(texts) | _parse_numbers(texts).notna(),
    "not_negative": lambda texts: ~(_parse_numbers(texts) < 0),
    "too_large": lambda texts: ~(_parse_numbers(texts) >= LIMIT),
    "share_at_most_one": lambda texts: ~(_parse_numbers(texts) > 1),
    "whole_number": lambda texts: ~(_parse_numbers(texts) % 1 > 0),
    "date": lambda texts: _are_blank(texts) | periods.parse_periods(texts)["start"].notna(),
    "most_a_day": lambda texts: ~(_parse_numbers(texts) > 24),
    "list_of_days": _are_lists_of_days,
    "sane_year": _are_in_sane_years,
    "word": lambda texts, word: _are_blank(texts) | texts.isin(word),
    "identifier": _are_identifiers,
    "web_address": lambda texts: _are_blank(texts) | texts.str.match(r"^https?://\S+$"),
    "time_with_zone": _are_times_with_zone,
    "nothing_stated": lambda texts: ~texts.str.fullmatch(NOTHING_STATED),
    "sha256": lambda texts: _are_blank(texts) | texts.str.fullmatch("[0-9a-f]{64}"),
    "regular_expression": lambda texts: texts.map(_is_expression).astype("bool"),
    "network_number": _are_network_numbers,
}
"""The rules of single cells by id: each returns which texts of a column pass.

The texts pass that are blank, unless they are required; `rules.csv` has the meaning of each rule.
"""
for _rule in CELL_RULES:
    register_rule(_rule, RuleStage.CELLS)
CELL_RULES |= {
    "not_null": lambda cells: cells.notna(),
    "at_least": lambda numbers, least: ~(numbers < least),
    "at_most": lambda numbers, most: ~(numbers > most),
    "one_of": lambda texts, words: texts.isna() | texts.isin(words),
    "matches": lambda texts, pattern: texts.isna() | texts.str.match(pattern).fillna(False),
}
"""Those of published columns as well, by which unknown cells pass."""


class Column(NamedTuple):
    """A row of facts.csv."""

    table: str
    column: str
    kind: str
    of: str
    may_be: str
    key: str
    meaning: str

    def list_cell_rules(self) -> dict[str, Any]:
        """Return the rules of single cells, each with its parameter."""
        rules: dict[str, Any] = {} if self.may_be else {"required": True}
        rules |= {"white_space": True, **KINDS[self.kind]}
        if self.kind == "code":
            rules["word"] = [member.value for member in getattr(vocabulary, self.of)]
        if self.kind == "text" and self.of:
            rules[self.of] = True
        return rules

    @property
    def group(self) -> str:
        """Return `number` for each kind of number, else the kind."""
        return "number" if self.kind in NUMBERS else self.kind

    @property
    def refers_to(self) -> str:
        """Return the table of which the cells name rows; blank for no such column."""
        return self.of if self.kind in ("reference", "references") else ""


with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as _file:
    _DECLARATIONS = [Column(**row) for row in csv.DictReader(_file)]
MEANINGS = {row.table: row.meaning for row in _DECLARATIONS if not row.column}
TABLES = tuple(MEANINGS)
"""The fact tables, in the order in which keys resolve."""
OPTIONAL = {row.table for row in _DECLARATIONS if not row.column and row.may_be}
"""Tables that may be missing; without the errors of figures nothing is drawn."""
COLUMNS: dict[str, dict[str, Column]] = {table: {} for table in TABLES}
for _row in _DECLARATIONS:
    if _row.column:
        COLUMNS[_row.table][_row.column] = _row


def list_keys() -> dict[str, list[str]]:
    """Return the key columns of each table."""
    return {
        table: [name for name, row in columns.items() if row.key]
        for table, columns in COLUMNS.items()
    }


def list_references() -> dict[str, dict[str, str]]:
    """Return for each table the columns that refer to another table, with that table."""
    return {
        table: {name: row.refers_to for name, row in columns.items() if row.refers_to}
        for table, columns in COLUMNS.items()
    }


def select_columns(group: str) -> dict[str, list[str]]:
    """Return for each table its columns of a group, such as `number` or `period`."""
    return {
        table: [name for name, row in columns.items() if row.group == group]
        for table, columns in COLUMNS.items()
    }
