"""Fact tables in memory, each row knowing its layer, file and line.

Cells stay text until they have passed the contracts; nothing here knows what a column means.
A finding holds the row it speaks of, whole and as written.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from audience_impact import periods
from audience_impact.vocabulary import FindingSeverity

PROVENANCE = ["row_layer", "row_file", "row_line"]
"""Columns that say where a row stands: number of the layer (from 1), file name, line."""

Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Finding:
    """One failed check: where, which rule, which value, and what to do."""

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
        """Table, layer and line: the row it speaks of."""
        return self.table, self.layer, self.line


def empty(columns: Sequence[str]) -> pd.DataFrame:
    """A table without rows: text columns and the provenance columns."""
    frame = pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
    return frame.assign(
        row_layer=pd.Series(dtype="int64"),
        row_file=pd.Series(dtype="str"),
        row_line=pd.Series(dtype="int64"),
    )


def whole(row: "pd.Series[str]") -> str:
    """A row as JSON, without the columns that say where it stands."""
    return json.dumps(
        {str(name): cell for name, cell in row.items() if name not in PROVENANCE},
        ensure_ascii=False,
        default=str,
    )


def as_written(findings: Sequence[Finding], tables: Tables) -> list[Finding]:
    """The findings with row and value as the text of the file has them.

    Rules over typed tables see numbers and days; what goes to quarantine is what was written.
    """
    rows = {
        (table, int(layer), int(line)): place
        for table in {f.table for f in findings}
        for place, (layer, line) in enumerate(
            zip(tables[table]["row_layer"], tables[table]["row_line"], strict=True)
        )
    }
    written = []
    for found in findings:
        row = tables[found.table].iloc[rows[found.place]]
        written.append(replace(found, row=whole(row), value=str(row.get(found.column, ""))))
    return written


def finding(
    table: str,
    row: "pd.Series[str]",
    column: str,
    rule: str,
    severity: FindingSeverity,
    message: str,
) -> Finding:
    """A finding about one row of a table as read."""
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
        whole(row),
    )


def without(tables: Tables, findings: Sequence[Finding]) -> Tables:
    """The tables without the rows that an error speaks of; a table without such stays as it is."""
    bad = {f.place for f in findings if f.severity is FindingSeverity.ERROR}
    kept = dict(tables)
    for table in {place[0] for place in bad} & tables.keys():
        frame = tables[table]
        places = zip(frame["row_layer"], frame["row_line"], strict=True)
        mask = [(table, layer, line) not in bad for layer, line in places]
        kept[table] = frame[pd.Series(mask, frame.index, "bool")].reset_index(drop=True)
    return kept


def places(tables: Tables) -> set[tuple[str, int, int]]:
    """Table, layer and line of every row."""
    return {
        (table, int(layer), int(line))
        for table, frame in tables.items()
        for layer, line in zip(frame["row_layer"], frame["row_line"], strict=True)
    }


def blanked(tables: Tables, findings: Sequence[Finding]) -> Tables:
    """The tables with the cells blank that findings speak of."""
    blank: dict[str, dict[str, set[tuple[int, int]]]] = {}
    for found in findings:
        columns = blank.setdefault(found.table, {})
        columns.setdefault(found.column, set()).add((found.layer, found.line))
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
    """Whether rows take the series of measurement from their source where they name none."""
    return {"measurement_series_id", "source_id"} <= set(frame.columns)


def typed(
    tables: Tables, numbers: Mapping[str, Sequence[str]], dates: Mapping[str, Sequence[str]]
) -> Tables:
    """Numbers as float64, and beside each date or period its half-open interval of days.

    The interval of column NAME stands in NAME_start and NAME_end (datetime64), beside the text.
    """
    result = {}
    for table, frame in tables.items():
        changed = {
            name: pd.to_numeric(frame[name], errors="coerce").astype("float64")
            for name in numbers[table]
        }
        for name in dates[table]:
            interval = periods.spans(frame[name])
            changed |= {f"{name}_start": interval["start"], f"{name}_end": interval["end"]}
        result[table] = frame.assign(**changed)
    return with_lineage(result)


def with_lineage(tables: Tables) -> Tables:
    """Blank `measurement_series_id` of a figure filled with that of its source."""
    own = tables["sources"].set_index("source_id")["measurement_series_id"]
    filled = {}
    for table, frame in tables.items():
        if has_lineage(frame) and table != "sources":
            stands_for = frame["source_id"].map(own).astype("str").fillna("")
            frame = frame.assign(
                measurement_series_id=frame["measurement_series_id"].where(
                    frame["measurement_series_id"] != "", stands_for
                )
            )
        filled[table] = frame
    return filled


def relocated(found: Finding, folders: Sequence[Path]) -> Finding:
    """The same finding with the path of its file as the caller named the folder."""
    return replace(found, file=str(folders[found.layer - 1] / found.file))
