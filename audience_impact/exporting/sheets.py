"""The workbook as a whole: what it is, its tables, its columns, and what its codes mean."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from xlsxwriter.worksheet import Worksheet

from audience_impact.answers import names as naming
from audience_impact.exporting import cover, workbook
from audience_impact.exporting.content import Content, values_of
from audience_impact.exporting.workbook import Formats, Limits, Part, Shortened

ABOUT, COLUMNS, VALUES = "about", "columns", "values"


def write(path: Path | IO[bytes], content: Content, limits: Limits | None = None) -> list[str]:
    """Write the workbook; returns what Excel could not hold as it is, a line each."""
    bounds = limits or Limits()
    book = workbook.open_workbook(path, content)
    made = workbook.formats(book)
    every = list(workbook.parts(content, bounds))
    about = book.add_worksheet(ABOUT)
    told: list[str] = [
        f"{table} has {content.tables[table].num_rows:,} rows, more than a sheet holds: it is "
        f"spread over {len(own)} sheets"
        for table in content.tables
        if len(own := [part for part in every if part.table == table]) > 1
    ]
    for part in every:
        sheet = book.add_worksheet(part.sheet)
        short = workbook.write_part(sheet, part, content, made, bounds)
        told += _shortened(part, short, bounds)
    _list(
        book.add_worksheet(COLUMNS), ("table", "column", "unit", "meaning"), _columns(content), made
    )
    _list(
        book.add_worksheet(VALUES), ("column", "value", "meaning", "tables"), _values(content), made
    )
    cover.write(book, about, made, content, every, told)
    book.close()
    return told


def _shortened(part: Part, short: Shortened, limits: Limits) -> list[str]:
    lines = []
    if short.texts:
        lines.append(
            f"{part.sheet}: {short.texts} texts were cut at {limits.characters:,} characters"
        )
    if short.links >= limits.links:
        lines.append(f"{part.sheet}: after {limits.links:,} links addresses are plain text")
    return lines


def _columns(content: Content) -> Iterator[Sequence[str]]:
    """Every column with its unit and meaning."""
    for table in content.tables:
        for field in content.fields(table):
            yield table, field["name"], field.get("unit", ""), field["description"]


def _values(content: Content) -> Iterator[Sequence[str]]:
    """What each coded value means, once for all tables that have it, and the names of areas."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for table in content.tables:
        for field in content.fields(table):
            for value, meaning in values_of(field).items():
                found.setdefault((field["name"], value, meaning), []).append(table)
    for (column, value, meaning), tables in found.items():
        yield column, value, meaning, ", ".join(tables)
    yield from _areas(content)


def _areas(content: Content) -> Iterator[Sequence[str]]:
    """The English names of the countries and regions that occur."""
    found: dict[str, list[str]] = {}
    for table, rows in content.tables.items():
        if "area_id" in rows.column_names:
            for code in sorted(
                {one for cell in set(rows["area_id"].to_pylist()) for one in cell.split(";")}
            ):
                found.setdefault(code, []).append(table)
    for code, tables in sorted(found.items()):
        if naming.area(code) != code:
            yield "area_id", code, naming.area(code), ", ".join(tables)


def _list(
    sheet: Worksheet, headings: Sequence[str], rows: Iterator[Sequence[str]], made: Formats
) -> None:
    """A sheet of plain rows."""
    for place, width in enumerate((24, 28, 80, 40)):
        sheet.set_column(place, place, width)
    sheet.freeze_panes(1, 0)
    count = 0
    for place, heading in enumerate(headings):
        sheet.write_string(0, place, heading, made.heading)
    for count, cells in enumerate(rows, 1):
        for place, cell in enumerate(cells):
            sheet.write_string(count, place, cell, workbook.form_of(cell, made))
    sheet.autofilter(0, 0, max(count, 1), len(headings) - 1)
