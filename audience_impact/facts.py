"""Fact tables in memory, each row knowing its layer, file and line.

Reading loses nothing: a row that cannot be read goes into a finding whole, a table that
cannot be read becomes a finding of the table. Cells stay text until they have passed the
contracts; nothing here knows what a column means.
"""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from audience_impact import periods
from audience_impact.vocabulary import FindingSeverity

PROVENANCE = ["row_layer", "row_file", "row_line"]
"""Columns that say where a row stands: number of the layer (from 1), file name, line."""

MEANINGS = {
    "missing_table": "no layer holds this table",
    "unknown_table": "a CSV that is no fact table",
    "empty_file": "the file holds no header",
    "encoding": "the file is not UTF-8",
    "unreadable": "the file cannot be read as CSV",
    "missing_column": "the header lacks a column",
    "unknown_column": "the header has a column the table does not know, or has one twice",
    "field_count": "the row has more or fewer cells than the header",
    "multiline_cell": "a cell runs over several lines",
    "key_repeats": "an earlier line of the same file has the same key",
}
"""Rule id of each reading rule and what it means when it fails."""

ROW_RULES = {"field_count", "multiline_cell"}

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


@dataclass(frozen=True)
class Header:
    """What a table is expected to hold: its columns and its key."""

    columns: Sequence[str]
    key: Sequence[str]


def _decoded(path: Path) -> str:
    """Text of a file; byte order marks and CRLF are accepted."""
    return path.read_bytes().decode("utf-8-sig")


class _Reader:
    """Reads one CSV file and collects what is wrong with it."""

    def __init__(self, path: Path, header: Header, layer: int) -> None:
        self.path, self.header, self.layer = path, header, layer
        self.findings: list[Finding] = []

    def fail(
        self, rule: str, line: int, column: str, value: str, message: str, row: Sequence[str] = ()
    ) -> None:
        severity = FindingSeverity.ERROR if rule in ROW_RULES else FindingSeverity.TABLE_ERROR
        whole = json.dumps(list(row), ensure_ascii=False) if row else ""
        self.findings.append(
            Finding(
                self.path.stem,
                self.path.name,
                line,
                column,
                rule,
                severity,
                value,
                message,
                self.layer,
                whole,
            )
        )

    def text(self) -> str | None:
        try:
            return _decoded(self.path)
        except UnicodeDecodeError as error:
            data = self.path.read_bytes()
            start = data.rfind(b"\n", 0, error.start) + 1
            column = data[start : error.start].count(b",")
            names = data.split(b"\n", 1)[0].decode("utf-8", "replace").strip().split(",")
            self.fail(
                "encoding",
                data.count(b"\n", 0, error.start) + 1,
                names[min(column, len(names) - 1)],
                f"byte 0x{data[error.start]:02x}",
                "the file is not UTF-8; save it as UTF-8",
            )
            return None

    def rows(self, text: str) -> list[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        found: list[tuple[int, list[str]]] = []
        line = 1
        try:
            for row in reader:
                if row:
                    found.append((line, row))
                line = reader.line_num + 1
        except csv.Error as error:
            self.fail("unreadable", line, "", "", f"{error}; check the quotes on this line")
            return []
        return found

    def check_header(self, names: Sequence[str]) -> bool:
        for missing in [name for name in self.header.columns if name not in names]:
            self.fail("missing_column", 1, missing, "", f"add the column {missing} to the header")
        strange = [
            name
            for place, name in enumerate(names)
            if name not in self.header.columns or name in names[:place]
        ]
        for name in strange:
            self.fail(
                "unknown_column",
                1,
                name,
                name,
                f"remove or rename it; the table has: {', '.join(self.header.columns)}",
            )
        return not self.findings

    def sound(self, line: int, row: list[str], names: Sequence[str]) -> bool:
        if len(row) != len(names):
            self.fail(
                "field_count",
                line,
                names[min(len(row), len(names)) - 1],
                str(len(row)),
                f"the row has {len(row)} cells and the header {len(names)}; "
                "quote cells that hold a comma",
                row,
            )
            return False
        broken = [
            name for name, cell in zip(names, row, strict=True) if "\n" in cell or "\r" in cell
        ]
        if broken:
            self.fail(
                "multiline_cell",
                line,
                broken[0],
                row[list(names).index(broken[0])][:40],
                "write the cell on one line",
                row,
            )
        return not broken

    def frame(self) -> pd.DataFrame:
        text = self.text()
        rows = self.rows(text) if text is not None else []
        if text is not None and not rows and not self.findings:
            self.fail(
                "empty_file",
                1,
                self.header.columns[0],
                "",
                f"write the header: {','.join(self.header.columns)}",
            )
        if not rows or not self.check_header(rows[0][1]):
            return empty(self.header.columns)
        names = rows[0][1]
        good = [(line, row) for line, row in rows[1:] if self.sound(line, row, names)]
        frame = pd.DataFrame([row for _, row in good], columns=names, dtype="str")
        return frame[list(self.header.columns)].assign(
            row_layer=self.layer,
            row_file=self.path.name,
            row_line=pd.Series([line for line, _ in good], dtype="int64"),
        )


def empty(columns: Sequence[str]) -> pd.DataFrame:
    """A table without rows: text columns and the provenance columns."""
    frame = pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
    return frame.assign(
        row_layer=pd.Series(dtype="int64"),
        row_file=pd.Series(dtype="str"),
        row_line=pd.Series(dtype="int64"),
    )


def read(folders: Sequence[Path], headers: Mapping[str, Header]) -> tuple[Tables, list[Finding]]:
    """Read the fact tables of several folders; rows merge by key and a later folder wins.

    Returns the tables (text cells, columns of the header plus the provenance columns) and
    everything that is wrong with the files. Never raises for what stands in a file.
    """
    tables: Tables = {}
    findings = [
        finding
        for number, folder in enumerate(folders, 1)
        for finding in _strangers(folder, headers, number)
    ]
    for table, header in headers.items():
        frames = []
        for number, folder in enumerate(folders, 1):
            path = folder / f"{table}.csv"
            if path.is_file():
                reader = _Reader(path, header, number)
                frames.append(reader.frame())
                findings += reader.findings + _repeats(frames[-1], table, header.key)
        if not frames:
            findings.append(
                Finding(
                    table,
                    f"{table}.csv",
                    1,
                    header.columns[0],
                    "missing_table",
                    FindingSeverity.TABLE_ERROR,
                    "",
                    f"no folder holds {table}.csv; add it, "
                    "with its header alone if there is nothing to say",
                )
            )
        tables[table] = merge(frames, header) if frames else empty(header.columns)
    return tables, findings


def _strangers(folder: Path, headers: Mapping[str, Header], layer: int) -> list[Finding]:
    return [
        Finding(
            path.stem,
            path.name,
            1,
            "",
            "unknown_table",
            FindingSeverity.WARNING,
            "",
            f"not read; the fact tables are {', '.join(headers)}",
            layer,
        )
        for path in sorted(folder.glob("*.csv"))
        if path.stem not in headers
    ]


def _repeats(frame: pd.DataFrame, table: str, key: Sequence[str]) -> list[Finding]:
    """A finding at the later line of each key that stands twice in one file."""
    filled = frame[list(key)].ne("").any(axis=1)
    groups = frame[filled].groupby(list(key), sort=False)["row_line"]
    first = groups.transform("first")
    later = frame[filled][frame.loc[filled, "row_line"] > first]
    return [
        Finding(
            table,
            row["row_file"],
            int(row["row_line"]),
            key[0],
            "key_repeats",
            FindingSeverity.TABLE_ERROR,
            ";".join(row[name] for name in key),
            f"line {first.loc[place]} has the same key; keep one of the two",
            int(row["row_layer"]),
            whole(row),
        )
        for place, row in later.iterrows()
    ]


def merge(frames: Sequence[pd.DataFrame], header: Header) -> pd.DataFrame:
    """Layers of one table as one: of rows with the same key that of the last layer stays.

    Rows whose key is blank all stay, so that each of them can be refused by name.
    """
    together = pd.concat(frames, ignore_index=True)
    keyed = together[list(header.key)].ne("").any(axis=1)
    beaten = keyed & together.duplicated(list(header.key), keep="last")
    return together[~beaten].reset_index(drop=True)


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
    """The tables without the rows that an error speaks of."""
    bad = {f.place for f in findings if f.severity is FindingSeverity.ERROR}
    kept = {}
    for table, frame in tables.items():
        places = zip(frame["row_layer"], frame["row_line"], strict=True)
        mask = [(table, layer, line) not in bad for layer, line in places]
        kept[table] = frame[pd.Series(mask, frame.index, "bool")].reset_index(drop=True)
    return kept


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
    """Blank `lineage_id` of a figure filled with that of its source."""
    own = tables["sources"].set_index("source_id")["lineage_id"]
    filled = {}
    for table, frame in tables.items():
        if {"lineage_id", "source_id"} <= set(frame.columns) and table != "sources":
            stands_for = frame["source_id"].map(own).astype("str")
            frame = frame.assign(
                lineage_id=frame["lineage_id"].where(frame["lineage_id"] != "", stands_for)
            )
        filled[table] = frame
    return filled


def digest(folders: Sequence[Path], headers: Mapping[str, Header]) -> str:
    """SHA-256 over the bytes of all fact files, layers in order; names of folders do not count."""
    total = hashlib.sha256()
    for number, folder in enumerate(folders, 1):
        for table in headers:
            path = folder / f"{table}.csv"
            content = path.read_bytes() if path.is_file() else b""
            total.update(f"{number}/{table}/{len(content)}/".encode() + content)
    return total.hexdigest()


def relocated(found: Finding, folders: Sequence[Path]) -> Finding:
    """The same finding with the path of its file as the caller named the folder."""
    return replace(found, file=str(folders[found.layer - 1] / found.file))
