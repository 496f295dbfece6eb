"""The version of the schema rises with each table and column that is published or withdrawn.

published_columns.csv lists every published column under the schema version that added it.
"""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from schemas import published

PINNED = Path(__file__).parent / "published_columns.csv"
Row = Mapping[str, str]


def parse_version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def list_names(rows: Iterable[Row]) -> set[str]:
    return {f"{row['table']}.{column}" for row in rows for column in row["columns"].split()}


def list_published() -> set[str]:
    return {
        f"{table}.{column}" for table in published.TABLES for column in published.COLUMNS[table]
    }


def describe_faults(rows: list[Row], names: set[str], version: str) -> list[str]:
    """Return a message for each difference between the pinned and the published columns."""
    pinned = list_names(rows)
    newest = max((row["schema_version"] for row in rows), key=parse_version)
    major, minor = parse_version(newest)[:2]
    how = "in schemas/published.py, add a row of that version to this file"
    faults = [
        f"{name} is published and not in {PINNED.name}: raise SCHEMA_VERSION to "
        f"{major}.{minor + 1} {how} (to version {newest} if that is not released yet)"
        for name in sorted(names - pinned)
    ]
    faults += [
        f"{name} is in {PINNED.name} and no longer published, and readers rely on it. To withdraw "
        f"it, raise SCHEMA_VERSION to {major + 1}.0 {how}, and delete the name from its row"
        for name in sorted(pinned - names)
    ]
    if newest != version:
        faults.append(
            f"SCHEMA_VERSION is {version}, and the newest version in {PINNED.name} is {newest}: "
            "they must be equal"
        )
    return faults


@pytest.fixture
def rows() -> list[Row]:
    with PINNED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_schema_version_covers_every_published_column(rows: list[Row]) -> None:
    assert describe_faults(rows, list_published(), published.SCHEMA_VERSION) == []


def test_a_new_column_requires_a_higher_version(rows: list[Row]) -> None:
    names = list_published() | {"impact.planted"}
    (fault,) = describe_faults(rows, names, published.SCHEMA_VERSION)
    assert fault.startswith("impact.planted is published and not in published_columns.csv: raise")
    more = [*rows, {"schema_version": "99.1", "table": "impact", "columns": "planted"}]
    (fault,) = describe_faults(more, names, published.SCHEMA_VERSION)
    assert fault.endswith("the newest version in published_columns.csv is 99.1: they must be equal")
    assert describe_faults(more, names, "99.1") == []


def test_a_withdrawn_column_requires_a_major_version(rows: list[Row]) -> None:
    names = list_published() - {"impact.obs_status"}
    (fault,) = describe_faults(rows, names, published.SCHEMA_VERSION)
    assert fault.startswith("impact.obs_status is in published_columns.csv and no longer published")
    major = parse_version(published.SCHEMA_VERSION)[0]
    assert f"raise SCHEMA_VERSION to {major + 1}.0" in fault


def test_each_column_stands_in_one_row(rows: list[Row]) -> None:
    count = sum(len(row["columns"].split()) for row in rows)
    assert len(list_names(rows)) == count
