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
from audience_impact.vocabulary import FindingSeverity, Unit

PROVENANCE = ["row_layer", "row_file", "row_line"]
"""Columns for the origin of a row: number of the layer (from 1), file name, line."""

Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Finding:
    """A failed check: place, rule, value and message."""

    table: str
    file: str
    line: int
    column: str
    rule: str
    severity: FindingSeverity
    value: str
    message: str
    layer: int = 1
    row: str = ""

    @property
    def place(self) -> tuple[str, int, int]:
        """Return table, layer and line of the finding."""
        return self.table, self.layer, self.line


def make_empty_table(columns: Sequence[str]) -> pd.DataFrame:
    """Return a table without rows: text columns and the provenance columns."""
    frame = pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
    return frame.assign(
        row_layer=pd.Series(dtype="int64"),
        row_file=pd.Series(dtype="str"),
        row_line=pd.Series(dtype="int64"),
    )


def dump_row(row: "pd.Series[str]") -> str:
    """Return a row as JSON, without the provenance columns."""
    return json.dumps(
        {str(name): cell for name, cell in row.items() if name not in PROVENANCE},
        ensure_ascii=False,
        default=str,
    )


def restore_written_cells(findings: Sequence[Finding], tables: Tables) -> list[Finding]:
    """Return the findings with row and value as written in the file.

    Rules over typed tables read numbers and days; quarantined rows keep the cells as written.
    """
    rows = {
        (table, int(layer), int(line)): place
        for table in {f.table for f in findings}
        for place, (layer, line) in enumerate(
            zip(tables[table]["row_layer"], tables[table]["row_line"], strict=True)
        )
    }
    written = []
    for finding in findings:
        row = tables[finding.table].iloc[rows[finding.place]]
        written.append(replace(finding, row=dump_row(row), value=str(row.get(finding.column, ""))))
    return written


def build_finding(
    table: str,
    row: "pd.Series[str]",
    column: str,
    rule: str,
    severity: FindingSeverity,
    message: str,
) -> Finding:
    """Return a finding about one row of a table as read."""
    return Finding(
        table,
        str(row["row_file"]),
        int(row["row_line"]),
        column,
        rule,
        severity,
        str(row.get(column, "")),
        message,
        int(row["row_layer"]),
        dump_row(row),
    )


def drop_faulty_rows(tables: Tables, findings: Sequence[Finding]) -> Tables:
    """Return the tables without the rows that have errors."""
    bad = {f.place for f in findings if f.severity is FindingSeverity.ERROR}
    sound_tables = dict(tables)
    for table in {place[0] for place in bad} & tables.keys():
        frame = tables[table]
        places = zip(frame["row_layer"], frame["row_line"], strict=True)
        mask = [(table, layer, line) not in bad for layer, line in places]
        sound_tables[table] = frame[pd.Series(mask, frame.index, "bool")].reset_index(drop=True)
    return sound_tables


def list_places(tables: Tables) -> set[tuple[str, int, int]]:
    """Return the table, layer and line of every row."""
    return {
        (table, int(layer), int(line))
        for table, frame in tables.items()
        for layer, line in zip(frame["row_layer"], frame["row_line"], strict=True)
    }


def blank_cells(tables: Tables, findings: Sequence[Finding]) -> Tables:
    """Return the tables with the cells of these findings blank."""
    blank: dict[str, dict[str, set[tuple[int, int]]]] = {}
    for finding in findings:
        columns = blank.setdefault(finding.table, {})
        columns.setdefault(finding.column, set()).add((finding.layer, finding.line))
    result = dict(tables)
    for table, columns in blank.items():
        frame = tables[table]
        lines = list(zip(frame["row_layer"], frame["row_line"], strict=True))
        result[table] = frame.assign(
            **{
                name: frame[name].mask([line in wrong for line in lines], "")
                for name, wrong in columns.items()
                if name in frame
            }
        )
    return result


def has_lineage(frame: pd.DataFrame) -> bool:
    """Return true for tables with columns for a source and for a measurement series."""
    return {"measurement_series_id", "source_id"} <= set(frame.columns)


def convert_types(
    tables: Tables, numbers: Mapping[str, Sequence[str]], dates: Mapping[str, Sequence[str]]
) -> Tables:
    """Return tables with numbers as float64, and an interval of days for each date or period.

    The interval of column NAME is in NAME_start and NAME_end (datetime64), beside the text.
    """
    result = {}
    for table, frame in tables.items():
        changed = {
            name: pd.to_numeric(frame[name], errors="coerce").astype("float64")
            for name in numbers[table]
        }
        for name in dates[table]:
            interval = periods.parse_periods(frame[name])
            changed |= {f"{name}_start": interval["start"], f"{name}_end": interval["end"]}
        result[table] = frame.assign(**changed)
    return fill_lineage(result)


def fill_lineage(tables: Tables) -> Tables:
    """Fill a blank `measurement_series_id` of a figure with that of its source."""
    series_of_source = tables["sources"].set_index("source_id")["measurement_series_id"]
    filled = {}
    for table, frame in tables.items():
        if has_lineage(frame) and table != "sources":
            stands_for = frame["source_id"].map(series_of_source).astype("str").fillna("")
            frame = frame.assign(
                measurement_series_id=frame["measurement_series_id"].where(
                    frame["measurement_series_id"] != "", stands_for
                )
            )
        filled[table] = frame
    return filled


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
