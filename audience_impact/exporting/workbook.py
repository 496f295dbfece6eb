"""A workbook for people: a sheet that says what it is, a sheet a table, notes, and what codes mean.

Text is written as text, whatever it begins with. Where a spreadsheet would run it once somebody
edits the cell, it carries the mark that says text to Excel (quote prefix). The same content gives
the same bytes: the only date in the file is that of the facts.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from audience_impact.exporting.content import Content, values_of
from audience_impact.plain_text import RUN, plain_lines, web_address

NUMBER_FORMATS = {"share": "0.0%", "ratio": "#,##0.00", "hours": "#,##0.0"}
WHOLE, DAY = "#,##0", "yyyy-mm-dd"
LINK = "url"
"""The column whose cells are addresses."""
NARROWEST, WIDEST, OF_NUMBERS = 10, 48, 15
MOST_WORDS = 12
"""So many values are told in the note of a column; the sheet `values` has all."""


@dataclass(frozen=True)
class Limits:
    """What Excel can hold: rows of a sheet, characters of a cell and of an address, links."""

    rows: int = 1_048_576
    characters: int = 32_767
    address: int = 2_079
    links: int = 65_530
    name: int = 31


@dataclass(frozen=True)
class Formats:
    """The forms of cells."""

    text: Format
    runs: Format
    heading: Format
    number_heading: Format
    link: Format
    numbers: Mapping[str, Format]


@dataclass(frozen=True)
class Part:
    """A sheet of a table: all of it, or as many rows as fit.

    Attributes:
        sheet: The name of the sheet.
        table: The name of the table.
        rows: Its rows that are here.
    """

    sheet: str
    table: str
    rows: pa.Table


@dataclass
class Shortened:
    """What Excel could not hold as it is, counted."""

    texts: int = 0
    links: int = 0


def open_workbook(path: Path | IO[bytes], content: Content) -> xlsxwriter.Workbook:
    """A workbook to be written, row by row, without the time of day and without formulas."""
    book = xlsxwriter.Workbook(
        path,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    book.set_properties(
        {
            "title": content.title,
            "subject": f"version {content.version_id}",
            "author": "audience-impact",
            "created": datetime.fromisoformat(content.as_of),
        }
    )
    return book


def formats(book: xlsxwriter.Workbook) -> Formats:
    """The forms of cells, made once a workbook."""
    kinds = {*NUMBER_FORMATS.values(), WHOLE, DAY}
    head = {"bold": True, "bg_color": "#D5E5EE", "bottom": 1, "valign": "top", "text_wrap": True}
    return Formats(
        book.add_format({"valign": "top"}),
        book.add_format({"valign": "top", "quote_prefix": True}),
        book.add_format(head),
        book.add_format({**head, "align": "right"}),
        book.add_format({"valign": "top", "font_color": "#14506E", "underline": 1}),
        {kind: book.add_format({"num_format": kind, "valign": "top"}) for kind in sorted(kinds)},
    )


def parts(content: Content, limits: Limits) -> Iterator[Part]:
    """A sheet a table; a table with more rows than a sheet can hold has several."""
    most = limits.rows - 1
    for table, rows in content.tables.items():
        count = max(1, math.ceil(rows.num_rows / most))
        for number in range(count):
            ending = f" ({number + 1})" if count > 1 else ""
            sheet = f"{table[: limits.name - len(ending)]}{ending}"
            yield Part(sheet, table, rows.slice(number * most, most))


def text(value: str, limits: Limits, short: Shortened) -> str:
    """A text as a cell holds it: what cannot be seen written out, and cut where it is too long."""
    told = plain_lines(str(value))
    if len(told) <= limits.characters:
        return told
    short.texts += 1
    return f"{told[: limits.characters - 3]}..."


def form_of(told: str, made: Formats) -> Format:
    """The form of a text: marked as text where a spreadsheet might run it."""
    return made.runs if told.startswith(RUN) else made.text


def write_part(
    sheet: Worksheet, part: Part, content: Content, made: Formats, limits: Limits
) -> Shortened:
    """Fill the sheet of a table: headings with notes, then cells; returns what was shortened."""
    fields = [
        field for field in content.fields(part.table) if field["name"] in part.rows.schema.names
    ]
    short = Shortened()
    for place, field in enumerate(fields):
        width = _width(field, part.rows[field["name"]])
        sheet.set_column(place, place, width)
    sheet.freeze_panes(1, 1)
    sheet.set_row(0, 32)
    for place, field in enumerate(fields):
        form = made.heading if field["type"] == "string" else made.number_heading
        sheet.write_string(0, place, field["name"], form)
        sheet.write_comment(
            0, place, note(field), {"x_scale": 2.4, "y_scale": _height(note(field))}
        )
    writers = [_writer(sheet, field, made, limits, short) for field in fields]
    columns = [part.rows[field["name"]].to_pylist() for field in fields]
    for number, cells in enumerate(zip(*columns, strict=True), 1):
        for place, (write, cell) in enumerate(zip(writers, cells, strict=True)):
            if cell is not None:
                write(number, place, cell)
    sheet.autofilter(0, 0, max(part.rows.num_rows, 1), len(fields) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{part.rows.num_rows + 1}"})
    sheet.set_landscape()
    sheet.repeat_rows(0)
    return short


def _writer(
    sheet: Worksheet, field: Mapping[str, Any], made: Formats, limits: Limits, short: Shortened
) -> Callable[[int, int, Any], None]:
    """How a cell of a column is written."""
    form = made.numbers[_number_format(field)]

    def number(row: int, place: int, cell: Any) -> None:
        sheet.write_number(row, place, cell, form)

    def day(row: int, place: int, cell: date) -> None:
        sheet.write_datetime(row, place, datetime(cell.year, cell.month, cell.day), form)

    def words(row: int, place: int, cell: str) -> None:
        told = text(cell, limits, short)
        sheet.write_string(row, place, told, form_of(told, made))

    def link(row: int, place: int, cell: str) -> None:
        leads = web_address(cell)
        if not leads or len(leads) > limits.address or short.links >= limits.links:
            words(row, place, cell)
            return
        short.links += 1
        sheet.write_url(row, place, leads, made.link, text(cell, limits, short))

    if field["name"] == LINK:
        return link
    kinds: dict[str, Callable[[int, int, Any], None]] = {"string": words, "date": day}
    return kinds.get(field["type"], number)


def _number_format(field: Mapping[str, Any]) -> str:
    if field["type"] == "date":
        return DAY
    return NUMBER_FORMATS.get(field.get("unit", ""), WHOLE)


def note(field: Mapping[str, Any]) -> str:
    """What a column means, as the note of its heading says it."""
    lines = [field["description"]]
    if field.get("unit"):
        lines.append(f"Unit: {field['unit'].replace('_', '-')}")
    words = list(values_of(field).items())
    lines += [f"{value}: {meaning}" for value, meaning in words[:MOST_WORDS]]
    if len(words) > MOST_WORDS:
        lines.append("More in the sheet values.")
    return "\n".join(lines)


def _height(told: str) -> float:
    """How many times as high as usual the box of a note is."""
    lines = sum(1 + len(line) // 50 for line in told.split("\n"))
    return max(1.0, lines / 4)


def _width(field: Mapping[str, Any], cells: pa.ChunkedArray) -> float:
    """How wide a column is: as most of its cells are, within bounds."""
    if field["type"] != "string":
        return OF_NUMBERS
    longest = pc.quantile(pc.utf8_length(cells), 0.9)[0].as_py() or 0
    return float(min(WIDEST, max(NARROWEST, longest + 2, min(len(field["name"]) + 3, 18))))
