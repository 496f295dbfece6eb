"""A DuckDB file: the tables, with what they and their columns mean as comments of the database."""

from pathlib import Path

import duckdb
import pyarrow as pa

from audience_impact.exporting.content import Content, values_of

ABOUT, VALUES = "about", "column_values"


def write(path: Path, content: Content) -> None:
    """Write the database into a file that is not there yet."""
    with duckdb.connect(str(path)) as base:
        for name, table in content.tables.items():
            _table(base, name, table)
            about = content.resource(name)["description"]
            base.execute(f"COMMENT ON TABLE {_name(name)} IS {_text(about)}")
            for field in content.fields(name):
                unit = f" ({field['unit']})" if field.get("unit") else ""
                where = f"{_name(name)}.{_name(field['name'])}"
                told = _text(f"{field['description']}{unit}")
                base.execute(f"COMMENT ON COLUMN {where} IS {told}")
        _about(base, content)
        _values(base, content)


def _about(base: duckdb.DuckDBPyConnection, content: Content) -> None:
    """What the database is, a line each."""
    lines = {
        "title": content.title,
        **{f"answer {number}": told for number, told in enumerate(content.answers, 1)},
        "version": content.version_id,
        "as_of": content.as_of,
        "licence": content.package["licenses"][0]["title"],
        **{f"cite as {number}": told for number, told in enumerate(content.citations, 1)},
    }
    _table(base, ABOUT, pa.table({"what": list(lines), "told": list(lines.values())}))


def _values(base: duckdb.DuckDBPyConnection, content: Content) -> None:
    """What each coded value means."""
    rows = [
        {"table": table, "column": field["name"], "value": value, "meaning": meaning}
        for table in content.tables
        for field in content.fields(table)
        for value, meaning in values_of(field).items()
    ]
    columns = [(name, pa.string()) for name in ("table", "column", "value", "meaning")]
    _table(base, VALUES, pa.Table.from_pylist(rows, pa.schema(columns)))


def _table(base: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Make a table of these rows."""
    base.register("given", rows)
    base.execute(f"CREATE TABLE {_name(name)} AS SELECT * FROM given")
    base.unregister("given")


def _name(told: str) -> str:
    """A name as SQL takes it."""
    return '"' + told.replace('"', '""') + '"'


def _text(told: str) -> str:
    """A text as SQL takes it: COMMENT knows no parameters."""
    return "'" + told.replace("'", "''") + "'"
