"""Fact tables in memory, each row with its layer, file and line.

Cells remain text until they have passed the contracts. This module does not depend on the meaning
of any column. A finding contains its complete row as written.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from audience_impact import periods
from audience_impact.rules import get_rule
from audience_impact.vocabulary import FindingSeverity, Unit

PROVENANCE = ["row_layer", "row_file", "row_line"]
"""Columns for the origin of a row: number of the layer (from 1), file name, line."""
Tables = dict[str, pd.DataFrame]
Place = tuple[str, int, int]
"""Table, layer and line of a row."""


@dataclass(frozen=True)
class Finding:
    """A failed check: place, rule, value and message."""

    table: str
    file: str
    line: int
    column: str
    rule: str
    value: str
    message: str
    layer: int = 1
    row: str = ""

    @property
    def place(self) -> Place:
        """Return where the finding is."""
        return self.table, self.layer, self.line

    @property
    def severity(self) -> FindingSeverity:
        """Return the severity of its rule."""
        return get_rule(self.rule).severity

    @property
    def is_error(self) -> bool:
        """Return whether it is more than a warning."""
        return self.severity is not FindingSeverity.WARNING


def make_empty_table(columns: Sequence[str]) -> pd.DataFrame:
    """Return a table without rows: text columns and the provenance columns."""
    kinds = dict.fromkeys([*columns, *PROVENANCE], "str")
    kinds |= {"row_layer": "int64", "row_line": "int64"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def dump_row(row: "pd.Series[str]") -> str:
    """Return a row as JSON, without the provenance columns."""
    return json.dumps(
        {str(name): cell for name, cell in row.items() if name not in PROVENANCE},
        ensure_ascii=False,
        default=str,
    )


def restore_written_cells(findings: Sequence[Finding], tables: Tables) -> list[Finding]:
    """Return findings with row and value as written in the file, which typed tables lack."""
    rows = {
        place: at
        for table in {finding.table for finding in findings}
        for at, place in enumerate(_list_row_places(table, tables[table]))
    }
    written = []
    for finding in findings:
        row = tables[finding.table].iloc[rows[finding.place]]
        written.append(replace(finding, row=dump_row(row), value=str(row.get(finding.column, ""))))
    return written


def build_finding(
    table: str, row: "pd.Series[str]", column: str, rule: str, message: str
) -> Finding:
    """Return a finding of a registered rule about one row of a table as read."""
    file, line, layer = str(row["row_file"]), int(row["row_line"]), int(row["row_layer"])
    value = str(row.get(column, ""))
    return Finding(table, file, line, column, rule, value, message, layer, dump_row(row))


def drop_faulty_rows(tables: Tables, findings: Sequence[Finding]) -> Tables:
    """Return the tables without the rows that have errors."""
    bad = {f.place for f in findings if f.severity is FindingSeverity.ERROR}
    sound = {
        table: tables[table][~_mark_rows(table, tables[table], bad)].reset_index(drop=True)
        for table in {place[0] for place in bad} & tables.keys()
    }
    return tables | sound


def _list_row_places(table: str, frame: pd.DataFrame) -> list[Place]:
    layers, lines = frame["row_layer"].tolist(), frame["row_line"].tolist()
    return [(table, layer, line) for layer, line in zip(layers, lines, strict=True)]


def _mark_rows(table: str, frame: pd.DataFrame, places: set[Place]) -> "pd.Series[bool]":
    marks = [place in places for place in _list_row_places(table, frame)]
    return pd.Series(marks, frame.index, dtype="bool")


def list_places(tables: Tables) -> set[Place]:
    """Return the table, layer and line of every row."""
    return {place for table in tables for place in _list_row_places(table, tables[table])}


def blank_cells(tables: Tables, findings: Sequence[Finding]) -> Tables:
    """Return the tables with the cells of these findings blank."""
    result = dict(tables)
    for table, column in dict.fromkeys((finding.table, finding.column) for finding in findings):
        frame = result[table]
        if column in frame:
            wrong = {finding.place for finding in findings if finding.column == column}
            cells = frame[column].mask(_mark_rows(table, frame, wrong), "")
            result[table] = frame.assign(**{column: cells})
    return result


def has_lineage(frame: pd.DataFrame) -> bool:
    """Return true for tables with columns for a source and for a measurement series."""
    return {"measurement_series_id", "source_id"} <= set(frame.columns)


def convert_types(
    tables: Tables, numbers: Mapping[str, Sequence[str]], dates: Mapping[str, Sequence[str]]
) -> Tables:
    """Return tables with numbers as float64, and an interval of days for each date or period.

    The interval of column NAME is in NAME_start and NAME_end (datetime64), beside the text. A blank
    `measurement_series_id` of a figure is filled with that of its source.
    """
    series_of_source = tables["sources"].set_index("source_id")["measurement_series_id"]
    result = {}
    for table, frame in tables.items():
        changed = {
            name: pd.to_numeric(frame[name], errors="coerce").astype("float64")
            for name in numbers[table]
        }
        for name in dates[table]:
            interval = periods.parse_periods(frame[name])
            changed |= {f"{name}_start": interval["start"], f"{name}_end": interval["end"]}
        if has_lineage(frame) and table != "sources":
            series = frame["measurement_series_id"]
            of_source = frame["source_id"].map(series_of_source).astype("str").fillna("")
            changed["measurement_series_id"] = series.mask(series == "", of_source)
        result[table] = frame.assign(**changed)
    return result


def relocate_finding(finding: Finding, folders: Sequence[Path]) -> Finding:
    """Return the finding with the path of its file below the caller's folder."""
    return replace(finding, file=str(folders[finding.layer - 1] / finding.file))


SERIES = [
    *("measurement_series_id", "platform_id", "area_id", "audience_metric", "unit"),
    *("population_base", "activity_threshold", "age", "sex"),
]
"""Columns in which two figures of a series agree, whatever their periods."""
COUNTED = [Unit.PERSONS.value, Unit.SHARE.value, Unit.IDENTITIES.value]
"""Units of a number of people or of accounts."""
