"""Read fact tables: every row with its line number, and a finding for each unreadable row or file.

Nothing is lost and no error is raised: a finding contains the complete bad row, and a bad file
becomes a finding of its table.
"""

import csv
import hashlib
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from audience_impact.facts.tables import Finding, Tables, dump_row, make_empty_table
from audience_impact.rules import register_rule
from audience_impact.vocabulary import RuleStage

TABLE_RULES = {
    register_rule(name, RuleStage.FILES)
    for name in (
        *("missing_table", "unfinished_layer", "empty_file", "encoding", "unreadable"),
        *("missing_column", "unknown_column", "key_repeats"),
    )
}
ROW_RULES = {register_rule(name, RuleStage.FILES) for name in ("field_count", "multiline_cell")}
UNKNOWN_TABLE = register_rule("unknown_table", RuleStage.FILES)
FORMER_COLUMN = register_rule("former_column", RuleStage.FILES)
FORMER_NAMES = {"lineage_id": "measurement_series_id"}
"""Former names of fact columns, with the present names."""
FATAL_RULES = TABLE_RULES - {"key_repeats"}
"""Rules after whose failure no row of the table can be trusted."""
MOST_BYTES = 256 * 1024**2
"""Maximum size of a fact file, far above any table of today; a larger file would fill the memory.
"""
MOST_COMMAS_RATIO, LEAST_COMMAS = 10, 1_000_000
"""Commas that a file may have for each column of each line, and any file: texts contain commas, but
a file of nothing else would become a hundred times its size in memory.
"""
UNFINISHED = ".unfinished"
"""File that is in a folder while its tables are replaced; it names the command that writes them."""


@dataclass(frozen=True)
class Header:
    """The expected columns, key and optional parts of a table.

    `optional` states whether the whole table may be missing. `optional_columns` are blank in a file
    that lacks them. `is_blank_a_key` states whether a key may consist of blank cells, as in a table
    of distributions.
    """

    columns: Sequence[str]
    key: Sequence[str]
    optional: bool = False
    optional_columns: frozenset[str] = frozenset()
    is_blank_a_key: bool = False

    def has_key(self, frame: pd.DataFrame) -> "pd.Series[bool]":
        """Return true for rows with a filled key column, or for all where a blank is a key."""
        return frame[list(self.key)].ne("").any(axis=1) | self.is_blank_a_key


class _Reader:
    """Reader of one CSV file that collects findings, and the bytes of the file."""

    def __init__(self, path: Path, header: Header, layer: int) -> None:
        self.path, self.header, self.layer = path, header, layer
        self.findings: list[Finding] = []
        self.content = b""

    def report(self, rule: str, message: str, line: int = 1, *cells: str) -> None:
        """Add a finding; `cells` are column, value and row as far as there are any."""
        column, value, row = (*cells, "", "", "")[:3]
        place = self.path.stem, self.path.name, line, column
        self.findings.append(Finding(*place, rule, value, message, self.layer, row))

    def read_text(self) -> str:
        """Return the text of the file; blank, with a finding, where it is not read."""
        try:
            if not self.path.is_file():  # a pipe need never end
                reason = "it is no file, or a link to none; put the file there, or remove it"
            elif self.path.stat().st_size > MOST_BYTES:
                reason = f"the file has more than {MOST_BYTES:,} bytes"
            else:
                self.content = self.path.read_bytes()
                text = self.content.decode("utf-8-sig")
                cells = (text.count("\n") + 1) * len(self.header.columns)
                if text.count(",") <= max(LEAST_COMMAS, MOST_COMMAS_RATIO * cells):
                    return text
                reason = "the file has far more commas than cells"
        except OSError as error:
            reason = f"the file cannot be read: {error.strerror}"
        except UnicodeDecodeError as error:
            before = self.content[: error.start]
            names = self.content.split(b"\n", 1)[0].decode("utf-8", "replace").strip().split(",")
            column = names[min(before.rpartition(b"\n")[2].count(b","), len(names) - 1)]
            line, value = before.count(b"\n") + 1, f"byte 0x{self.content[error.start]:02x}"
            self.report("encoding", "the file is not UTF-8; save it as UTF-8", line, column, value)
            return ""
        self.report("unreadable", reason)
        return ""

    def parse_rows(self, text: str) -> list[tuple[int, list[str]]]:
        """Return the rows that are not blank, each with its first line."""
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows, line = list[tuple[int, list[str]]](), 1
        try:
            for row in reader:
                if row:
                    rows.append((line, list(map(sys.intern, row))))  # equal texts are one
                line = reader.line_num + 1
        except csv.Error as error:
            self.report("unreadable", f"{error}; check the quotes on this line", line)
            return []
        return rows

    def read_header(self, names: Sequence[str]) -> list[str]:
        """Return the header with current names; blank where it lacks, adds or repeats a column."""
        columns, count = self.header.columns, len(self.findings)
        today = list(names)
        for place, old in enumerate(names):
            new = FORMER_NAMES.get(old, old)
            if new != old and new in columns and new not in names:
                today[place] = new
                message = f"read as {new}; write {new} in the header"
                self.report(FORMER_COLUMN, message, 1, old, old)
                count += 1
        for name in columns:
            if name not in today and name not in self.header.optional_columns:
                self.report("missing_column", f"add the column {name} to the header", 1, name)
        for place, name in enumerate(today):
            if name not in columns or name in today[:place]:
                message = f"remove or rename it; the table has: {', '.join(columns)}"
                self.report("unknown_column", message, 1, name, name)
        return today if len(self.findings) == count else []

    def check_row(self, line: int, row: list[str], names: Sequence[str]) -> bool:
        """Return whether a row has a cell for each column, each on one line."""
        if len(row) != len(names):
            message = (
                f"the row has {len(row)} cells and the header {len(names)}; "
                "quote cells that contain a comma"
            )
            name = names[min(len(row), len(names)) - 1]
            cells = name, str(len(row)), json.dumps(row, ensure_ascii=False)
            self.report("field_count", message, line, *cells)
            return False
        text = "".join(row)
        if "\n" not in text and "\r" not in text:
            return True
        name, cell = next(pair for pair in zip(names, row, strict=True) if {*pair[1]} & {*"\n\r"})
        cells = name, cell[:40], json.dumps(row, ensure_ascii=False)
        self.report("multiline_cell", "write the cell on one line", line, *cells)
        return False

    def read_frame(self) -> pd.DataFrame:
        """Return the sound rows with all columns of the table, and the layer, file and line."""
        rows, columns = self.parse_rows(self.read_text()), list(self.header.columns)
        if not rows and not self.findings:
            self.report("empty_file", f"write the header: {','.join(columns)}", 1, columns[0])
        names = self.read_header(rows[0][1]) if rows else []
        if not names:
            return make_empty_table(columns)
        good = [(line, row) for line, row in rows[1:] if self.check_row(line, row, names)]
        frame = pd.DataFrame([row for _, row in good], columns=names, dtype="str")
        if names != columns:
            frame = frame.reindex(columns=columns, fill_value="").astype("str")
        frame = frame.assign(
            row_layer=self.layer,
            row_file=self.path.name,
            row_line=pd.Series([line for line, _ in good], dtype="int64"),
        )
        if frame.duplicated(list(self.header.key)).any():
            self.report_repeated_keys(frame)
        return frame

    def report_repeated_keys(self, frame: pd.DataFrame) -> None:
        """Add a finding at the later line of each key that occurs twice."""
        key = list(self.header.key)
        keyed = frame[self.header.has_key(frame)]
        first = keyed.groupby(key, sort=False)["row_line"].transform("first")
        for place, row in keyed[keyed["row_line"] > first].iterrows():
            message = f"line {first.loc[place]} has the same key; keep one of the two"
            cells = key[0], ";".join(row[name] for name in key), dump_row(row)
            self.report("key_repeats", message, int(row["row_line"]), *cells)


class Layers(NamedTuple):
    """Fact tables as they were read: frames, one for each folder that contains the table.

    `files` are the bytes of the files by layer and name, such as `0/estimates.csv`.
    """

    frames: dict[str, list[pd.DataFrame]]
    findings: list[Finding]
    files: dict[str, bytes]


def read_layers(folders: Sequence[Path], headers: Mapping[str, Header]) -> Layers:
    """Read the fact tables of folders, each file once; all that is wrong is a finding."""
    layers = Layers({table: [] for table in headers}, [], {})
    unfinished = _report_unfinished_layers(folders, headers)
    unknown = f"not read, because it is no fact table; these are: {', '.join(headers)}"
    for number, folder in enumerate(folders, 1):
        layers.findings.extend(
            Finding(path.stem, path.name, 1, "", UNKNOWN_TABLE, "", unknown, number)
            for path in sorted(folder.glob("*.csv"))
            if path.stem not in headers
        )
    for table, header in headers.items():
        file = f"{table}.csv"
        for number, folder in enumerate(folders, 1):
            if os.path.lexists(folder / file):  # a link that leads nowhere is no table left out
                reader = _Reader(folder / file, header, number)
                layers.frames[table].append(reader.read_frame())
                layers.findings.extend(reader.findings)
                layers.files[f"{number - 1}/{file}"] = reader.content
        if not layers.frames[table] and not header.optional:
            text = f"no folder contains {file}; add it, with only its header if it has no rows"
            column = header.columns[0]
            layers.findings.append(Finding(table, file, 1, column, "missing_table", "", text))
    layers.findings[:0] = dict.fromkeys([*unfinished, *_report_unfinished_layers(folders, headers)])
    return layers


def read_tables(
    folders: Sequence[Path], headers: Mapping[str, Header]
) -> tuple[Tables, list[Finding]]:
    """Return tables merged by key, in which a later folder wins, and what is wrong with files."""
    layers = read_layers(folders, headers)
    return {
        table: merge_layers(layers.frames[table], header).stay for table, header in headers.items()
    }, layers.findings


def _report_unfinished_layers(
    folders: Sequence[Path], headers: Mapping[str, Header]
) -> list[Finding]:
    text = (
        "tables may be half old and half new; wait for the command that writes them, or run it "
        "again if it died"
    )
    findings = []
    for number, folder in enumerate(folders, 1):
        if (folder / UNFINISHED).exists():
            table = next((table for table in headers if (folder / f"{table}.csv").is_file()), "")
            findings.append(Finding(table, UNFINISHED, 1, "", "unfinished_layer", "", text, number))
    return findings


class Merged(NamedTuple):
    """A table of all layers, rows `replaced` by a later layer, and those `repeated` in a file."""

    stay: pd.DataFrame
    replaced: pd.DataFrame
    repeated: pd.DataFrame


def merge_layers(frames: Sequence[pd.DataFrame], header: Header) -> Merged:
    """Return all layers as one table: the last row of each key, and all rows without a key."""
    frames = frames or [make_empty_table(header.columns)]
    together = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    key = list(header.key)
    beaten = together.duplicated(key, keep="last")
    if not beaten.any():  # nearly always, with one layer
        return Merged(together, together.iloc[:0], together.iloc[:0])
    keyed = header.has_key(together)
    beaten &= keyed
    repeated = keyed & together.duplicated([*key, "row_layer"], keep="last")
    parts = (~beaten, beaten & ~repeated, repeated)
    return Merged(*(together[part].reset_index(drop=True) for part in parts))


def compute_digest(
    file_contents: Mapping[str, bytes], layers: int, headers: Mapping[str, Header]
) -> str:
    """Return SHA-256 of the files of `Layers`, in order, without the names of folders."""
    total = hashlib.sha256()
    for number in range(layers):
        for table in headers:
            content = file_contents.get(f"{number}/{table}.csv", b"")
            total.update(f"{number + 1}/{table}/{len(content)}/".encode() + content)
    return total.hexdigest()
