"""The workbook as a whole: what it is, its tables, its columns, and what its codes mean."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from xlsxwriter.worksheet import Worksheet

from audience_impact.answers import names as naming
from audience_impact.exporting import cover, workbook
from audience_impact.exporting.content import Content, read_values
from audience_impact.exporting.workbook import Formats, Limits, Part, Shortened

ABOUT, COLUMNS, VALUES = "about", "columns", "values"


def write_workbook(
    path: Path | IO[bytes], content: Content, limits: Limits | None = None
) -> list[str]:
    """Write the workbook; return what Excel could not store unchanged, a line each."""
    bounds = limits or Limits()
    book = workbook.open_workbook(path, content)
    made = workbook.make_formats(book)
    sheets_to_write = list(workbook.split_parts(content, bounds))
    about = book.add_worksheet(ABOUT)
    notes: list[str] = [
        f"{table} has {content.tables[table].num_rows:,} rows, more than a sheet holds: it is "
        f"spread over {len(table_parts)} sheets"
        for table in content.tables
        if len(table_parts := [part for part in sheets_to_write if part.table == table]) > 1
    ]
    for part in sheets_to_write:
        sheet = book.add_worksheet(part.sheet)
        short = workbook.write_part(sheet, part, content, made, bounds)
        notes += _report_shortened(part, short, bounds)
    _write_list(
        book.add_worksheet(COLUMNS),
        ("table", "column", "unit", "meaning"),
        _list_columns(content),
        made,
    )
    _write_list(
        book.add_worksheet(VALUES),
        ("column", "value", "meaning", "tables"),
        _list_values(content),
        made,
    )
    cover.write_cover(book, about, made, content, sheets_to_write, notes)
    book.close()
    return notes


def _report_shortened(part: Part, short: Shortened, limits: Limits) -> list[str]:
    lines = []
    if short.texts:
        lines.append(
            f"{part.sheet}: {short.texts} texts were cut at {limits.characters:,} characters"
        )
    if short.links >= limits.links:
        lines.append(f"{part.sheet}: after {limits.links:,} links addresses are plain text")
    return lines


def _list_columns(content: Content) -> Iterator[Sequence[str]]:
    """Yield every column with its unit and meaning."""
    for table in content.tables:
        for field in content.describe_columns(table):
            yield table, field["name"], field.get("unit", ""), field["description"]


def _list_values(content: Content) -> Iterator[Sequence[str]]:
    """Yield the meaning of each coded value, once for all tables, and the names of areas."""
    tables_by_value: dict[tuple[str, str, str], list[str]] = {}
    for table in content.tables:
        for field in content.describe_columns(table):
            for value, meaning in read_values(field).items():
                tables_by_value.setdefault((field["name"], value, meaning), []).append(table)
    for (column, value, meaning), tables in tables_by_value.items():
        yield column, value, meaning, ", ".join(tables)
    yield from _list_areas(content)


def _list_areas(content: Content) -> Iterator[Sequence[str]]:
    """Yield the English names of the countries and regions that occur."""
    tables_by_code: dict[str, list[str]] = {}
    for table, rows in content.tables.items():
        if "area_id" in rows.column_names:
            for code in sorted(
                {area for cell in set(rows["area_id"].to_pylist()) for area in cell.split(";")}
            ):
                tables_by_code.setdefault(code, []).append(table)
    for code, tables in sorted(tables_by_code.items()):
        if naming.name_area(code) != code:
            yield "area_id", code, naming.name_area(code), ", ".join(tables)


def _write_list(
    sheet: Worksheet, headings: Sequence[str], rows: Iterator[Sequence[str]], made: Formats
) -> None:
    """Fill a sheet with rows of text."""
    for place, width in enumerate((24, 28, 80, 40)):
        sheet.set_column(place, place, width)
    sheet.freeze_panes(1, 0)
    count = 0
    for place, heading in enumerate(headings):
        sheet.write_string(0, place, heading, made.heading)
    for count, cells in enumerate(rows, 1):
        for place, cell in enumerate(cells):
            sheet.write_string(count, place, cell, workbook.choose_format(cell, made))
    sheet.autofilter(0, 0, max(count, 1), len(headings) - 1)
