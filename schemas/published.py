"""The contracts of the published tables, and the tables as Arrow.

published.csv has the parts and the key of each table.

A table has the columns of its parts, in their order, and one row for each key. A new table is a row
of published.csv, a new column a row of columns.csv, and a rule of several columns a function with
`@_row_rule`. Tables of the folder `details` explain or check what the others say.

A column is described once: its type, unit, meaning and SDMX concept go into the contract, into the
metadata of the Parquet file and into the data dictionary.

    part     a part that several tables may have, or a table
    column   its name; `*` stands for the name of each end of an estimate
    type     `text`, `number`, `whole`; `list` of ids or names; `word` of a vocabulary, or several
             `joined`; `table`, the name of a table; `special`, a text of which few values differ in
             kind from the others; `explained` by another column; a `pattern`; an `estimate`
    null     `yes` where a cell may be unknown; of estimates, where all of their ends may be
    least    the least number, and `most` the most
    of       vocabularies, rules of reasons or items by name, and further words with their meaning;
             the column that explains; the pattern
    since    the version of the schema that added it: a minor version more than the last release
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from audience_impact import vocabulary
from audience_impact.outputs.review import status_rules
from audience_impact.tracing import ITEMS
from audience_impact.vocabulary import ObsStatus, RuleStage, YesNo, read_table
from schemas import contracts, fact_rules, facts
from schemas.fact_rules import RowCheck, row_rule

if TYPE_CHECKING:
    import pandera.pandas as pa

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
    since: str

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

    def list_cell_rules(self) -> dict[str, Any]:
        """Return the rules of single cells, by their names in pandera, each with its limit."""
        rules: dict[str, Any] = {"ge": float(self.least)} if self.least else {}
        rules |= {"le": float(self.most)} if self.most else {}
        if self.type == "word":
            rules["isin"] = list(self.meanings)
        elif self.type == "joined":
            words = "|".join(map(re.escape, self.meanings))
            rules["str_matches"] = f"^({words})({JOINED_BY}({words}))*$"
        elif self.type == "pattern":
            rules["str_matches"] = self.of
        return rules


CELL_RULES: dict[str, Callable[[pyarrow.Array, Any], bool]] = {
    "ge": lambda cells, least: not pc.any(pc.less(cells, least)).as_py(),
    "le": lambda cells, most: not pc.any(pc.greater(cells, most)).as_py(),
    "isin": lambda cells, words: {*cells.unique().to_pylist()} <= {None, *words},
    "str_matches": lambda cells, pattern: all(
        map(re.compile(pattern).match, cells.unique().drop_null().to_pylist())
    ),
}
"""Whether all cells that are known pass a rule, by the name of the rule in pandera."""


def _list_meanings(name: str) -> Mapping[str, str]:
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
        cells = {"type": "number", "sdmx": "OBS_VALUE", "least": "0", "meaning": about}
        column, null = row.column.replace("*", name), "" if is_known else "yes"
        expanded.append(row._replace(column=column, null=null, **cells))
    return expanded


PARTS: dict[str, dict[str, Column]] = {}
"""The columns of each part, by name."""
for _row in [Column(**row) for row in read_table(Path(__file__).with_name("columns.csv"))]:
    for _column in _expand_estimate(_row) if _row.type == "estimate" else [_row]:
        PARTS.setdefault(_row.part, {})[_column.column] = _column
SCHEMA_VERSION = max(
    (column.since for part in PARTS.values() for column in part.values()),
    key=lambda version: [*map(int, version.split("."))],
)
"""The newest version that added a column. Where one is withdrawn, or changes its type or meaning,
all begin anew with the next major version."""
WHOLE_UNITS = ("persons", "person_days", "person_hours", "days", "count")
"""Units of numbers that are published as integers."""
RESULT_UNITS = ("persons", "person_days", "person_hours", "share")

_TABLES = {row["table"]: row for row in read_table(Path(__file__).with_name("published.csv"))}
TABLES = tuple(_TABLES)
"""The published tables, in the order of the data dictionary."""
KEYS = {table: row["key"].split() for table, row in _TABLES.items()}
"""Key of each published table, whose values are unique."""
DETAILS = tuple(table for table, row in _TABLES.items() if row["folder"])
"""Tables that explain or check what the others say; they lie in the folder `details`."""
COLUMNS: dict[str, dict[str, Column]] = {
    table: {name: column for part in row["parts"].split() for name, column in PARTS[part].items()}
    for table, row in _TABLES.items()
}


RULES: dict[str, dict[str, RowCheck]] = {}
"""The rules of several cells of a row of each table, by id: which rows pass; see rules.csv."""
OF_PERIODS = ("countries_by_year", "countries_by_month", "regions_by_year", "regions_by_month")
OF_DAYS = ("countries_by_day", "regions_by_day")
_row_rule = partial(row_rule, stage=RuleStage.PUBLISHED, rules=RULES)


def _is_in_order(frame: pd.DataFrame, unit: str, slack: Any, *most: str) -> Any:
    """Return whether bounds and quantiles of each row rise, but for `slack` (of all, or by row).

    `most` is what the largest number as printed may not exceed.
    """
    rising = np.ones(len(frame), dtype=bool)
    allowed = np.asarray(slack, dtype="float64").reshape(-1, 1)
    for names in (
        ("min", "printed_min", "printed_max", *most),
        ("printed_max", "max"),
        ("min", "q05", "q50", "q95", "max"),
    ):
        values = frame[[f"{name}_{unit}" for name in names]].to_numpy("float64")
        rising &= ~(np.diff(values, axis=1) + allowed < 0.0).any(axis=1)
    return pd.Series(rising, frame.index)


@_row_rule("bounds_in_order", of=OF_PERIODS)
def _are_bounds_of_period_in_order(frame: pd.DataFrame) -> Any:
    """Within one person per country, and day."""
    slack = frame["countries_count"]
    of_days = _is_in_order(frame, "person_days", slack * (frame["days"] + 1))
    return _is_in_order(frame, "persons", slack, "base") & of_days


@_row_rule("bounds_in_order", of=OF_DAYS)
def _are_bounds_of_day_in_order(frame: pd.DataFrame) -> Any:
    return _is_in_order(frame, "persons", frame["countries_count"])


@_row_rule("bounds_in_order", of=("person_days",))
def _are_person_days_in_order(frame: pd.DataFrame) -> Any:
    slack = frame["days"] + 1
    users = frame.filter(like="feature_").rename(columns=lambda name: name[len("feature_") :])
    of_all, of_users = (_is_in_order(rows, "person_days", slack) for rows in (frame, users))
    return of_all & of_users & _is_in_order(frame, "person_hours", 24 * slack)


@_row_rule("hours_of_days", of=("person_days",))
def _are_hours_in_days(frame: pd.DataFrame) -> Any:
    """Require at most 24 person-hours for each person-day, to within one person on each day."""
    over = [
        frame[f"{name}_person_hours"] > 24 * (frame[f"{name}_person_days"] + frame["days"] + 1)
        for name in ("printed_min", "printed_max")
    ]
    return ~(over[0] | over[1])


@_row_rule("bounds_in_order", of=("impact",))
def _are_bounds_of_impact_in_order(frame: pd.DataFrame) -> Any:
    """Require lower <= upper <= base, or residents if the base is projected.

    The rule `part_above_place` over results checks the residents of places.
    """
    is_countries = frame["area_id"].str.fullmatch("[A-Z]{2}(;[A-Z]{2})*")
    limit = frame[["base_persons", "population_persons"]].max(axis=1)
    over = is_countries & (frame["printed_max_persons"] > limit)
    return _is_in_order(frame, "persons", 1) & ~over


_row_rule("gap_has_reason", of=("impact",))(
    lambda frame: (
        (frame["obs_status"] == ObsStatus.NORMAL.value) | (frame["reason"].fillna("") != "")
    )
)
_row_rule("share_of_base_at_most_one", of=("impact",))(
    lambda frame: ~(frame["printed_max_base_share"] > 1)
)


@cache
def read_schema(table: str) -> "pa.DataFrameSchema":
    """Return the schema of a table: its columns in order; others are dropped."""
    import pandera.pandas as pa

    columns = {}
    for name, about in COLUMNS[table].items():
        rules = [getattr(pa.Check, rule)(limit) for rule, limit in about.list_cell_rules().items()]
        columns[name] = pa.Column(DTYPES.get(about.type, str), rules, nullable=bool(about.null))
    checks = [pa.Check(check, name=name) for name, check in RULES.get(table, {}).items()]
    return pa.DataFrameSchema(columns, checks, strict="filter", name=table)


def describe_table(table: str) -> str:
    """Return the description of a table: a sentence, and how to use it."""
    row = _TABLES[table]
    return "\n\n".join(text for text in (row["meaning"], row["more"]) if text)


def list_values(table: str, column: str) -> dict[str, str]:
    """Return the meanings of the values of a coded column; empty for another column."""
    about = COLUMNS[table][column]
    if about.type == "table":
        return _describe_tables()
    return about.meanings if about.type != "special" else {}


def special_values(table: str, column: str) -> dict[str, str]:
    """Return the meanings of the few values that differ in kind from others of the column."""
    about = COLUMNS[table][column]
    return about.meanings if about.type == "special" else {}


def explained_by(table: str, column: str) -> str:
    """Return the column that explains the values of this one; blank without one."""
    about = COLUMNS[table][column]
    return about.of if about.type == "explained" else ""


@cache
def _describe_tables() -> dict[str, str]:
    """Return the description of each table; fact tables replace published ones of the same name."""
    descriptions = {name: f"published: {row['meaning']}" for name, row in _TABLES.items()}
    return descriptions | {name: f"facts: {text}" for name, text in facts.MEANINGS.items()}


def holds_results(table: str) -> bool:
    """Return whether a table has numbers computed from facts, not only facts or checks."""
    return any(column.unit in RESULT_UNITS for column in COLUMNS[table].values())


def tables_with(rule: str) -> tuple[str, ...]:
    """Return the tables, of facts or published, to which a rule of a single table applies."""
    return tuple(table for table, rules in _list_rules() if rule in rules)


@cache
def _list_rules() -> list[tuple[str, set[str]]]:
    """Return the rules of each table; a fact table and a published one may have one name."""
    both = ((facts.COLUMNS, fact_rules.RULES), (COLUMNS, RULES))
    return [
        (table, {*rules.get(table, ())}.union(*(about.list_cell_rules() for about in row.values())))
        for columns, rules in both
        for table, row in columns.items()
    ]


class ContractError(ValueError):
    """A table violates its contract, so that it cannot be published."""


def to_arrow(table: str, frame: pd.DataFrame) -> pyarrow.Table:
    """Return a table as Arrow; raise ContractError with column, rule and row if it is invalid."""
    columns, key = COLUMNS[table], KEYS[table]
    cells = {name: read_cells(frame[name], about) for name, about in columns.items()}
    rules = RULES.get(table, {}).values() if len(frame) else ()
    is_sound = all(are_sound(cells[name], about) for name, about in columns.items())
    if not is_sound or not all(np.all(rule(frame)) for rule in rules):
        ready = pd.DataFrame({name: array.to_pandas() for name, array in cells.items()})
        broken = contracts.check_table(read_schema(table), ready)
        lines = [_format_failure(ready, key, failure) for failure in broken[:10]]
        raise ContractError("\n".join([f"{table} breaks its contract:", *lines]))
    if pyarrow.table(cells).group_by(key, use_threads=False).aggregate([]).num_rows < len(frame):
        row = frame[frame.duplicated(key)].iloc[0][key].to_dict()
        raise ContractError(f"{table} has two rows for the key {row}")
    schema = _build_schema(table)
    arrays = [_convert_cells(cells[field.name], field.type) for field in schema]
    return pyarrow.Table.from_arrays(arrays, schema=schema)


def are_sound(cells: pyarrow.Array, about: Column) -> bool:
    """Return whether the cells of a column pass its rules, without importing pandera."""
    rules = about.list_cell_rules().items()
    is_complete = bool(about.null) or not cells.null_count
    return is_complete and all(CELL_RULES[rule](cells, limit) for rule, limit in rules)


def _format_failure(ready: pd.DataFrame, key: list[str], broken: contracts.Failure) -> str:
    row = ready.iloc[broken.position]
    cell = f" {broken.column} = {row[broken.column]!r}" if broken.column else ""
    return f"{broken.rule}:{cell} in the row {', '.join(str(row[name]) for name in key)}"


def read_cells(cells: pd.Series, about: Column) -> pyarrow.Array:
    """Return the cells of a column as numbers or texts, null where nothing is known."""
    if about.is_number:
        return pyarrow.array(cells.astype(DTYPES[about.type]), from_pandas=True)
    values = cells.to_numpy("object")
    try:
        texts = pyarrow.array(values, pyarrow.string(), from_pandas=True)
    except pyarrow.ArrowTypeError:  # of other values than texts
        texts = pyarrow.array(cells.astype("str"), pyarrow.string(), from_pandas=True)
    return pc.if_else(pc.equal(texts, ""), None, texts) if about.null else texts


@cache
def _build_schema(table: str) -> pyarrow.Schema:
    return pyarrow.schema(_build_field(table, about) for about in COLUMNS[table].values())


def _build_field(table: str, about: Column) -> pyarrow.Field:
    is_truth = about.of == YesNo.__name__
    if about.unit == "date":
        kind = pyarrow.date32()
    elif is_truth:
        kind = pyarrow.bool_()
    elif about.type in ("list", "joined"):
        kind = pyarrow.list_(pyarrow.string())
    elif about.unit == "year" or (about.is_number and about.unit in WHOLE_UNITS):
        kind = pyarrow.int64()
    else:
        kind = pyarrow.float64() if about.is_number else pyarrow.string()
    meanings = {
        "values": {} if is_truth else list_values(table, about.column),
        "special_values": special_values(table, about.column),
    }
    coded = {key: json.dumps(of, ensure_ascii=False) for key, of in meanings.items() if of}
    metadata = {"description": about.meaning, "unit": about.unit, "sdmx_concept": about.sdmx}
    return pyarrow.field(about.column, kind, bool(about.null), metadata | coded)


def _convert_cells(cells: pyarrow.Array, kind: pyarrow.DataType) -> pyarrow.Array:
    """Return numbers or texts as cells of a published type."""
    if kind == pyarrow.int64():
        return pc.round(pc.cast(cells, pyarrow.float64())).cast(kind)
    if kind == pyarrow.date32():
        texts = cells.dictionary_encode()
        days = pd.to_datetime(texts.dictionary.to_pandas(), format="ISO8601")
        return pyarrow.array(days.to_numpy("datetime64[D]")).cast(kind).take(texts.indices)
    if kind == pyarrow.bool_():
        return pc.equal(cells, YesNo.YES.value)
    return pc.split_pattern(cells, JOINED_BY) if pyarrow.types.is_list(kind) else cells
