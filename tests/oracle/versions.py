"""Compares the tables of two versions, so that a rebuilding is seen to move no published value.

    python -m tests.oracle.versions write FOLDER     # facts and register, in one part and in seven
    python -m tests.oracle.versions compare OLD NEW  # folders of tables as Parquet

Text, whole numbers, dates and booleans are compared exactly, floats to 1e-9 of their size, rows in
the order of their key. `names.csv` has the tables and columns that were renamed or withdrawn: a
withdrawn one has no new name, and a reason. It goes when version 2.0 is out.
"""

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.division import Division
from flows.pipeline import steps
from tests.support import FACTS, REGISTER, checked

NAMES = Path(__file__).parent / "names.csv"
"""Old table and column, new table and column; an empty column stands for the whole table, and
`column=value` for the rows with this value."""
PARTS = {"one_part": 1, "seven_parts": 7}
TOLERANCE = 1e-9

ENDS = {"at_least": "min", "lower": "printed_min", "upper": "printed_max", "at_most": "max"}
"""New names of the ends of an estimate, in the names of columns."""
UNITS = "persons|person_days|person_hours|.*share|ratio"
OLD_ENDS = re.compile(rf"^(.*_)?({'|'.join(ENDS)})_({UNITS})$")

Names = dict[tuple[str, str], tuple[str, str]]


def write_versions(folder: Path) -> None:
    """Write the tables of facts and register, computed in one part and in seven."""
    for name, number in PARTS.items():
        facts = steps.refuse_errors(checked(FACTS, REGISTER), strict=True)
        most = -(-len(facts.tables["restrictions"]) // number)
        results = steps.compute_results(facts, None, 0, how=Division(None, most))
        into = folder / name
        into.mkdir(parents=True, exist_ok=True)
        for table, rows in results.tables.items():
            pq.write_table(rows, into / f"{table}.parquet")


def read_names() -> Names:
    """Read the new names of tables and columns, by their old ones."""
    with NAMES.open(encoding="utf-8", newline="") as rows:
        return {
            (row["table"], row["column"]): (row["new_table"], row["new_column"])
            for row in csv.DictReader(rows)
        }


def read_tables(folder: Path) -> dict[str, pa.Table]:
    """Read all tables of a folder."""
    return {path.stem: pq.read_table(path) for path in sorted(folder.glob("*.parquet"))}


def _drop_withdrawn(table: str, rows: pa.Table, names: Names) -> pa.Table:
    """Drop the rows of a table that are published no longer."""
    for of, name in names:
        if of == table and "=" in name:
            column, _, value = name.partition("=")
            rows = rows.filter(pc.not_equal(rows[column], value))
    return rows


def _list_values(column: pa.ChunkedArray) -> list[object]:
    return [None if value is None else value for value in column.to_pylist()]


def _count_differences(old: pa.ChunkedArray, new: pa.ChunkedArray) -> int:
    """Count the rows that differ; two floats may differ by their last bits."""
    if len(old) != len(new):
        return max(len(old), len(new))
    if pa.types.is_floating(old.type) or pa.types.is_floating(new.type):
        before, after = (
            pd.to_numeric(pd.Series(_list_values(column)), errors="coerce").to_numpy(float)
            for column in (old, new)
        )
        return int((~np.isclose(before, after, rtol=TOLERANCE, atol=0, equal_nan=True)).sum())
    pairs = zip(_list_values(old), _list_values(new), strict=True)
    return sum(str(before) != str(after) for before, after in pairs)


def compare_versions(old: Path, new: Path) -> Iterator[str]:
    """Say what differs, a line for each table or column."""
    names, before, after = read_names(), read_tables(old), read_tables(new)
    for table, rows in before.items():
        renamed, _ = names.get((table, ""), (table, ""))
        if not renamed:
            continue
        if renamed not in after:
            yield f"{table}: the table is gone, and names.csv has no reason"
            continue
        rows = _drop_withdrawn(table, rows, names)
        for column in rows.column_names:
            by_rule = OLD_ENDS.sub(lambda name: f"{name[1] or ''}{ENDS[name[2]]}_{name[3]}", column)
            into, name = names.get((table, column), (renamed, by_rule))
            if not name:
                continue
            if name not in after[into].column_names:
                yield f"{table}.{column}: the column is gone, and names.csv has no reason"
            elif count := _count_differences(rows[column], after[into][name]):
                yield f"{table}.{column}: {count} of {len(rows)} rows differ"


def main(words: list[str]) -> int:
    """Write versions, or compare two: exit status 1 if they differ."""
    if words[0] == "write":
        write_versions(Path(words[1]))
        return 0
    lines = list(compare_versions(Path(words[1]), Path(words[2])))
    print("\n".join(lines) or "0 differences")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
