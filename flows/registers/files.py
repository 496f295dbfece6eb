"""Read the file of a register: Parquet, Excel or CSV, recognised by its content."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
from openpyxl.utils.exceptions import InvalidFileException

from audience_impact.plain_text import ReadableError
from audience_impact.store.files import ZIP_DAMAGES, open_archive
from audience_impact.store.manifest import TooLargeError, decode_table

LONGEST_LINE = 1_000_000
"""Signs of a line of CSV; a register has some thousands."""
MOST_BYTES, MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 500_000_000, 200_000, 1_000, 10_000_000
"""Limits far above any register: bytes of the file, packed or not; rows, columns and cells."""
MOST_SIGNS, MOST_PLACE_SIGNS = 10_000, 3_000
"""Signs of a cell, and of the cell of a place, which takes time by the square of its length."""
DAMAGES = (*ZIP_DAMAGES, InvalidFileException, KeyError, SyntaxError, OSError)
"""Errors that reading a damaged or encrypted workbook may raise."""
MOST_SHEET_CELLS, MOST_SHEETS = 1_000_000, 200
"""Cells of a sheet, declared or read, and sheets of a workbook, which takes fifty times the time of
CSV: fifteen times a register of two thousand events."""
MOST_TAGS = 4 * MOST_SHEET_CELLS
"""Tags of all files of a workbook: a cell with a value has four."""
PIECE_BYTES = 2**20
HEADER_ROWS = 5
"""Number of first lines of a sheet in which the header is searched for."""
AGAIN = "download it again"


class RegisterError(ReadableError):
    """A file is not a readable register; the message names it and states the remedy."""


def read_file(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows of a register: Parquet, Excel (.xlsx) or CSV (UTF-8, commas).

    Raises RegisterError with one line for a file that is not readable or lacks one of the columns.
    """
    try:
        frame = _read_frame(path, columns)
        _require_register(frame, columns)
    except OSError as error:
        raise RegisterError(f"{path}: cannot be read ({error.strerror}); give a file") from error
    except RegisterError as error:
        raise RegisterError(f"{path}: {error}") from error.__cause__
    return frame


def _read_frame(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    if path.exists() and not path.is_file():
        raise RegisterError("is no file; give a file")
    with path.open("rb") as stream:
        start = stream.read(4)
    _require_size(path.stat().st_size, "bytes", MOST_BYTES)
    if not start:
        raise RegisterError(f"is empty; {AGAIN}")
    if start == b"PAR1":
        return _read_parquet(path)
    if start[:2] == b"PK":
        return _read_excel(path, columns)
    if path.suffix.lower() in (".csv", ".txt"):
        return _read_csv(path)
    raise RegisterError(
        "is neither Parquet nor Excel (.xlsx), or only a part of one; "
        f"give one of these or a .csv, or {AGAIN}"
    )


def _require_size(count: int, unit: str, most: int) -> None:
    if count > most:
        raise RegisterError(
            f"contains more than {most:,} {unit}, more than any register; give the "
            "published file, or delete cells far outside its table"
        )


def _require_register(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a table without the columns, without rows, or with a cell too long for a register."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise RegisterError(
            f"lacks the column {', '.join(missing[:5])}{more}; "
            "give the register with its published columns"
        )
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise RegisterError(f"has the column {twice[0]} twice; remove one")
    if frame.empty:
        raise RegisterError(f"has a header and no rows; {AGAIN}")
    for name in columns:
        most = MOST_PLACE_SIGNS if name == "area_name" else MOST_SIGNS
        for row, cell in enumerate(frame[name], 1):
            if isinstance(cell, str) and len(cell) > most:
                raise RegisterError(
                    f"row {row}, column {name}: has {len(cell):,} signs, more than "
                    f"{most:,}; shorten the cell, or download the file again"
                )


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        table = decode_table(path.read_bytes(), False)
        _require_size(table.num_rows, "rows", MOST_ROWS)
        if nested := [column.name for column in table.schema if pa.types.is_nested(column.type)]:
            raise RegisterError(
                f"has lists in the column {nested[0]}; give one text or number a cell"
            )
        return table.to_pandas()
    except TooLargeError as error:
        raise RegisterError(f"{error}; give the published file") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        raise RegisterError(
            f"is an incomplete or damaged Parquet file; {AGAIN} ({_shorten_error(error)})"
        ) from error


def _shorten_error(error: Exception) -> str:
    return " ".join(str(error).split())[:120]


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RegisterError(f"is not UTF-8 (byte {error.start}); save it as CSV UTF-8") from error
    csv.field_size_limit(LONGEST_LINE)
    reader = csv.reader(_read_short_lines(text), strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if rows and row and len(row) != len(rows[0]):
                raise RegisterError(
                    f"line {reader.line_num} has {len(row)} cells and the header "
                    f"{len(rows[0])}; the file may be cut off, {AGAIN}"
                )
            rows += [row] if row else []
            _require_table(len(rows), len(rows[0]) if rows else 0, MOST_CELLS)
    except csv.Error as error:
        raise RegisterError(
            f"line {reader.line_num} is no CSV ({error}); the file may be cut off, {AGAIN}"
        ) from error
    return _make_frame(rows)


def _read_short_lines(text: str) -> Iterator[str]:
    """Yield the lines of a text; refuse one that would become more cells than a table has."""
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        if len(line) > LONGEST_LINE:
            raise RegisterError(f"line {number} has more than {LONGEST_LINE:,} signs; {AGAIN}")
        yield line


def _require_table(rows: int, columns: int, most_cells: int) -> None:
    _require_size(rows, "rows", MOST_ROWS)
    _require_size(columns, "columns", MOST_COLUMNS)
    _require_size(rows * columns, "cells", most_cells)


def _make_frame(rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    if not rows:
        raise RegisterError(f"is empty; {AGAIN}")
    header = [str(name).strip() if name is not None else "" for name in rows[0]]
    if len(header) == 1 and ";" in header[0]:
        raise RegisterError("is separated by semicolons; save it with commas")
    frame = pd.DataFrame(list(rows[1:]), columns=header, dtype="object")
    return frame.loc[:, [bool(name) for name in header]]


def _read_excel(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        with open_archive(path) as packed:
            size = sum(member.file_size for member in packed.infolist())
            _require_size(size, "bytes", MOST_BYTES)
            _require_few_tags(packed)
        with path.open("rb") as stream:
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
            _require_size(len(book.worksheets), "sheets", MOST_SHEETS)
            return _read_sheet(*_choose_sheet(book, columns))
    except DAMAGES as error:
        raise RegisterError(
            f"is no whole Excel file (.xlsx); {AGAIN} ({_shorten_error(error)})"
        ) from error


def _require_few_tags(packed: zipfile.ZipFile) -> None:
    """Refuse a workbook with far more cells than a register, before any of them is made.

    Cells outside of the table count as well, since all are parsed. The text of XML has no `<`.
    """
    tags = 0
    for member in packed.infolist():
        with packed.open(member) as file:
            while piece := file.read(PIECE_BYTES):
                tags += piece.count(b"<")
                _require_size(tags, "tags of XML", MOST_TAGS)


def _choose_sheet(book: openpyxl.Workbook, columns: Sequence[str]) -> tuple[Any, int]:
    """Return the combined sheet with the columns, else the longest, and its header's line."""
    candidates = [
        ("combined" in sheet.title.casefold(), sheet.max_row or 0, sheet, place)
        for sheet in book.worksheets
        if (place := _find_header(sheet, columns))
    ]
    if not candidates:
        raise RegisterError(
            f"no sheet has the columns of the register ({', '.join(columns[:5])}, "
            f"...); it has the sheets {', '.join(book.sheetnames)}; give the published file"
        )
    return max(candidates, key=lambda candidate: candidate[:2])[2:]


def _find_header(sheet: Any, columns: Sequence[str]) -> int:
    """Return the number of the first line that has most of the columns, or 0."""
    head = sheet.iter_rows(max_row=HEADER_ROWS, max_col=MOST_COLUMNS, values_only=True)
    for number, row in enumerate(head, 1):
        names = {str(cell).strip() for cell in row if cell is not None}
        if len(names & set(columns)) > 0.8 * len(columns):
            return number
    return 0


def _read_sheet(sheet: Any, place: int) -> pd.DataFrame:
    header = next(sheet.iter_rows(min_row=place, max_row=place, values_only=True))
    wide = max(number for number, cell in enumerate(header, 1) if cell not in (None, ""))
    _require_table(sheet.max_row or 1, wide, MOST_SHEET_CELLS)
    rows = []
    for row in sheet.iter_rows(min_row=place, max_col=wide, values_only=True):
        rows.append([*row, *[None] * (wide - len(row))])
        _require_table(len(rows), wide, MOST_SHEET_CELLS)
    while rows and not any(cell not in (None, "") for cell in rows[-1]):
        rows.pop()
    return _make_frame(rows)
