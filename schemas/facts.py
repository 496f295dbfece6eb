"""The contracts of the fact tables over the text as written: facts.csv lists tables and columns.

A row of facts.csv without a column is a table, and the rows after it are its columns in order. To
add a column or a table, add rows there; a rule of several columns is a function of `fact_rules`.

    kind     `table`, or a kind of column in `fact_rules.KINDS`
    of       what a cell is of: a table (references), a vocabulary (codes), or a rule of texts
    may_be   `blank`, or `missing`: a table or column that a folder of facts may lack
    key      `yes` for the columns of the key
    meaning  of the table or column, where its name does not say it
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from audience_impact.vocabulary import read_table

if TYPE_CHECKING:
    import pandera.pandas as pa

NUMBERS = ("parameter", "value", "persons", "share", "hours")
"""Kinds of column that hold numbers."""


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
        from schemas import fact_rules

        return fact_rules.list_rules(self.kind, self.of, not self.may_be)

    @property
    def group(self) -> str:
        """Return `number` for each kind of number, else the kind."""
        return "number" if self.kind in NUMBERS else self.kind

    @property
    def refers_to(self) -> str:
        """Return the table of which the cells name rows; blank for no such column."""
        return self.of if self.kind in ("reference", "references") else ""


_DECLARATIONS = [Column(**row) for row in read_table(Path(__file__).with_suffix(".csv"))]
MEANINGS = {row.table: row.meaning for row in _DECLARATIONS if not row.column}
TABLES = tuple(MEANINGS)
"""The fact tables, in the order in which keys resolve."""
OPTIONAL = {row.table for row in _DECLARATIONS if not row.column and row.may_be}
"""Tables that may be missing; without the errors of figures nothing is drawn."""
COLUMNS: dict[str, dict[str, Column]] = {table: {} for table in TABLES}
for _row in _DECLARATIONS:
    if _row.column:
        COLUMNS[_row.table][_row.column] = _row


@cache
def read_schema(table: str) -> "pa.DataFrameSchema":
    """Return the schema of a table: exactly its columns, so that none is ignored if misspelt."""
    import pandera.pandas as pa

    from schemas import fact_rules

    columns = {
        name: pa.Column(str, [_make_check(*rule) for rule in about.list_cell_rules().items()])
        for name, about in COLUMNS[table].items()
    }
    checks = [pa.Check(check, name=name) for name, check in fact_rules.RULES.get(table, {}).items()]
    return pa.DataFrameSchema(columns, checks, strict=True, name=table)


def _make_check(rule: str, parameter: Any) -> "pa.Check":
    import pandera.pandas as pa

    from schemas import fact_rules

    options = {} if parameter is True else {rule: parameter}
    return pa.Check(fact_rules.CELL_RULES[rule], name=rule, statistics={rule: parameter}, **options)


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
