"""A workbook for people: a cover, a sheet per table, notes, and the meanings of codes.

Text is always written as text. A text that a spreadsheet would execute after an edit of the cell
has the Excel mark for text (quote prefix). The same content gives the same bytes: the only date in
the file is that of the facts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from audience_impact.exporting.content import Content, read_values
from audience_impact.plain_text import RUN, plain_lines, web_address

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.format import Format

    from audience_impact.exporting.rows import RowSheet

NUMBER_FORMATS = {"share": "0.0%", "ratio": "#,##0.00", "hours": "#,##0.0"}
WHOLE_NUMBER, DAY = "#,##0", "yyyy-mm-dd"
FIRST_DAY = date(1899, 12, 30)
"""The day from which Excel counts days, for days from March 1900 on."""
LINK = "url"
"""The column whose cells are addresses."""
NARROWEST, WIDEST, OF_NUMBERS = 10, 48, 15
MOST_WORDS = 12
"""Maximum number of values in the note of a column; the sheet `values` has all."""


@dataclass(frozen=True)
class Limits:
    """Limits of Excel: rows of a sheet, characters of a cell and of an address, links."""

    rows: int = 1_048_576
    characters: int = 32_767
    address: int = 2_079
    links: int = 65_530
    name: int = 31


@dataclass(frozen=True)
class Formats:
    """The formats of cells."""

    text: Format
    runs: Format
    heading: Format
    number_heading: Format
    link: Format
    numbers: Mapping[str, Format]


@dataclass(frozen=True)
class Part:
    """A sheet with all rows of a table, or with as many of them as fit.

    Attributes:
        sheet: The name of the sheet.
        table: The name of the table.
        rows: The rows of the table that are on this sheet.
    """

    sheet: str
    table: str
    rows: pa.Table


@dataclass
class Shortened:
    """Counts of the texts and links that Excel could not store unchanged."""

    texts: int = 0
    links: int = 0


def open_workbook(path: Path | IO[bytes], content: Content, temporary: str) -> xlsxwriter.Workbook:
    """Return a new workbook, written row by row, without the time of day and without formulas.

    Sheets are in the temporary folder until the workbook is closed.
    """
    import xlsxwriter

    from audience_impact.exporting.rows import RowSheet

    book = xlsxwriter.Workbook(
        path,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "tmpdir": temporary,
        },
    )
    book.worksheet_class = RowSheet
    book.set_properties(
        {
            "title": content.title,
            "subject": f"version {content.version_id}",
            "author": "audience-impact",
            "created": datetime.fromisoformat(content.as_of),
        }
    )
    return book


def make_formats(book: xlsxwriter.Workbook) -> Formats:
    """Return the formats of cells; call it once for each workbook."""
    kinds = {*NUMBER_FORMATS.values(), WHOLE_NUMBER, DAY}
    head = {"bold": True, "bg_color": "#D5E5EE", "bottom": 1, "valign": "top", "text_wrap": True}
    return Formats(
        book.add_format({"valign": "top"}),
        book.add_format({"valign": "top", "quote_prefix": True}),
        book.add_format(head),
        book.add_format({**head, "align": "right"}),
        book.add_format({"valign": "top", "font_color": "#14506E", "underline": 1}),
        {kind: book.add_format({"num_format": kind, "valign": "top"}) for kind in sorted(kinds)},
    )


def split_parts(content: Content, limits: Limits) -> Iterator[Part]:
    """Yield a sheet for each table, or several sheets if a table has too many rows for one."""
    most = limits.rows - 1
    for table, rows in content.tables.items():
        count = max(1, math.ceil(rows.num_rows / most))
        for number in range(count):
            ending = f" ({number + 1})" if count > 1 else ""
            sheet = f"{table[: limits.name - len(ending)]}{ending}"
            yield Part(sheet, table, rows.slice(number * most, most))


def clean_text(value: str, limits: Limits, short: Shortened, cells: int = 1) -> str:
    """Return a text for a cell, with invisible characters as code points, cut if too long.

    Args:
        value: The text.
        limits: The limits of Excel.
        short: Counts the cells whose text is cut.
        cells: The number of cells that have the text.
    """
    shown = plain_lines(str(value))
    if len(shown) <= limits.characters // 2:  # a character is one or two of Excel's
        return shown
    units = shown.encode("utf-16-le")
    if len(units) <= 2 * limits.characters:
        return shown
    short.texts += cells
    return f"{units[: 2 * (limits.characters - 3)].decode('utf-16-le', 'ignore')}..."


def choose_format(text: str, made: Formats) -> Format:
    """Return the format of a text, as pure text if a spreadsheet might run it as a formula."""
    return made.runs if text.startswith(RUN) else made.text


def write_part(
    sheet: RowSheet, part: Part, content: Content, made: Formats, limits: Limits
) -> Shortened:
    """Fill the sheet of a table, headings with notes, then cells; return what was shortened."""
    fields = [
        field
        for field in content.describe_columns(part.table)
        if field["name"] in part.rows.schema.names
    ]
    short = Shortened()
    for place, field in enumerate(fields):
        width = _column_width(field, part.rows[field["name"]])
        sheet.set_column(place, place, width)
    sheet.freeze_panes(1, 1)
    sheet.set_row(0, 32)
    for place, field in enumerate(fields):
        form = made.heading if field["type"] == "string" else made.number_heading
        sheet.write_string(0, place, field["name"], form)
        sheet.write_comment(
            0,
            place,
            write_note(field),
            {"x_scale": 2.4, "y_scale": _note_height(write_note(field))},
        )
    columns = (part.rows[field["name"]] for field in fields)
    cells = [
        _write_addresses(sheet, place, column, made, limits, short)
        if field["name"] == LINK
        else _write_column(column, field, made, limits, short)
        for place, (column, field) in enumerate(zip(columns, fields, strict=True))
    ]
    sheet.write_columns(1, cells)
    sheet.autofilter(0, 0, max(part.rows.num_rows, 1), len(fields) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{part.rows.num_rows + 1}"})
    sheet.set_landscape()
    sheet.repeat_rows(0)
    return short


def _write_column(
    cells: pa.ChunkedArray,
    field: Mapping[str, Any],
    made: Formats,
    limits: Limits,
    short: Shortened,
) -> pa.Array:
    """Return the XML of each cell of a column; null for a blank cell."""
    from audience_impact.exporting import rows

    form = made.numbers[_number_format(field)]

    def write_number(cell: float, _: int) -> str:
        return rows.write_number(cell, form)

    def write_day(cell: date, _: int) -> str:
        return rows.write_number((cell - FIRST_DAY).days, form)

    def write_words(cell: str, count: int) -> str:
        shown = clean_text(cell, limits, short, count)
        return rows.write_text(shown, choose_format(shown, made))

    kinds: dict[str, Callable[[Any, int], str]] = {"string": write_words, "date": write_day}
    return rows.write_cells(cells, kinds.get(field["type"], write_number))


def _write_addresses(
    sheet: RowSheet,
    place: int,
    cells: pa.ChunkedArray,
    made: Formats,
    limits: Limits,
    short: Shortened,
) -> pa.Array:
    """Add the links of a column of addresses; return the XML of each cell, null for a blank one."""
    from audience_impact.exporting import rows

    addresses = {text: web_address(text) for text in cells.unique().to_pylist()}
    is_link = []
    for number, text in enumerate(cells.to_pylist(), 1):
        address = addresses[text]
        is_link.append(0 < len(address) <= limits.address and short.links < limits.links)
        if is_link[-1]:
            short.links += 1
            sheet.add_link(number, place, address)

    def write_link(cell: str, _: int) -> str:
        return rows.write_text(cell, made.link)

    words = _write_column(cells, {"type": "string"}, made, limits, short)
    return pc.if_else(pa.array(is_link, pa.bool_()), rows.write_cells(cells, write_link), words)


def _number_format(field: Mapping[str, Any]) -> str:
    if field["type"] == "date":
        return DAY
    return NUMBER_FORMATS.get(field.get("unit", ""), WHOLE_NUMBER)


def write_note(field: Mapping[str, Any]) -> str:
    """Return the meaning of a column, as the note of its heading."""
    lines = [field["description"]]
    if field.get("unit"):
        lines.append(f"Unit: {field['unit'].replace('_', '-')}")
    words = list(read_values(field).items())
    lines += [f"{value}: {meaning}" for value, meaning in words[:MOST_WORDS]]
    if len(words) > MOST_WORDS:
        lines.append("More in the sheet values.")
    return "\n".join(lines)


def _note_height(text: str) -> float:
    """Return the height of the box of a note, in multiples of the usual one."""
    lines = sum(1 + len(line) // 50 for line in text.split("\n"))
    return max(1.0, lines / 4)


def _column_width(field: Mapping[str, Any], cells: pa.ChunkedArray) -> float:
    """Return a width, within limits, that fits most cells of a column."""
    if field["type"] != "string":
        return OF_NUMBERS
    longest = pc.quantile(pc.utf8_length(cells), 0.9)[0].as_py() or 0
    return float(min(WIDEST, max(NARROWEST, longest + 2, min(len(field["name"]) + 3, 18))))
