"""A workbook for people: a cover, a sheet per table with notes, all columns, and what codes mean.

The cover has the answer, what this is, how to cite it and how to read it. Text is always written as
text. A text that a spreadsheet would execute after an edit of the cell has the Excel mark for text
(quote prefix). The same content gives the same bytes: the only date is that of the facts.

XlsxWriter makes all but the rows of tables. Of ten million cells of a register some 400,000 differ:
each of those becomes a text once, and rows are put together from the texts, column by column. The
place of a cell follows from its order in the row, so that equal cells are equal texts.
"""

import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from audience_impact.answers import names as naming
from audience_impact.exporting.content import Content, read_values, write_note
from audience_impact.plain_text import RUN, plain_lines, web_address

ABOUT, COLUMNS, VALUES = "about", "columns", "values"
NUMBER_FORMATS = {"share": "0.0%", "ratio": "#,##0.00", "hours": "#,##0.0"}
WHOLE_NUMBER, DAY = "#,##0", "yyyy-mm-dd"
MOST_ROWS, LONGEST_TEXT, LONGEST_ADDRESS, LONGEST_NAME = 1_048_576, 32_767, 2_079, 31
"""What Excel can hold: rows of a sheet, and characters of a cell, of an address and of the name of
a sheet.
"""
LINK = "url"
"""The column whose cells are addresses."""
MOST_LINKS, ROWS_AT_ONCE = 65_530, 1000
"""What a sheet may have of links; and the rows that are put together in one step."""
FIRST_DAY = 25_569
"""Excel's number of the first day of 1970."""
DIMENSION = re.compile(rb'(?<=<dimension ref=")(A1:[A-Z]+)\d+')
"""The cells of a sheet, up to the last column and row."""
LITERAL = re.compile("_(?=x[0-9a-fA-F]{4}_)")
"""What begins a text that Excel would read as the number of a character."""
NARROWEST, WIDEST, OF_NUMBERS = 10, 48, 15
MOST_WORDS = 12
"""Maximum number of values in the note of a column; the sheet `values` has all."""
LABEL, OTHERS, LAST = 30, 15, 7
"""Widths of the first and of the other columns of the cover, and the last column of its texts."""
LINE_CHARACTERS, LINE_HEIGHT = 115, 15
HOW_TO_READ = Path(__file__).with_name("how_to_read.txt").read_text(encoding="utf-8").splitlines()


class Formats(NamedTuple):
    """The formats of cells."""

    text: Format
    runs: Format
    heading: Format
    number_heading: Format
    link: Format
    numbers: Mapping[str, Format]

    def choose(self, text: str) -> Format:
        """Return the format of a text, as pure text if a spreadsheet might run it as a formula."""
        return self.runs if text.startswith(RUN) else self.text


def make_workbook(content: Content) -> bytes:
    """Return the workbook, without tables of more rows than a sheet has, which its cover names."""
    fit = {name: table for name, table in content.tables.items() if table.num_rows < MOST_ROWS}
    too_long, content = sorted({*content.tables} - {*fit}), replace(content, tables=fit)
    packed, about = io.BytesIO(), content.describe()
    book = xlsxwriter.Workbook(packed, {"in_memory": True})
    names = {"title": about["title"], "subject": f"version {about['version']}"}
    created = datetime.fromisoformat(about["as_of"])
    book.set_properties({**names, "author": "audience-impact", "created": created})
    made, cover = _make_formats(book), book.add_worksheet(ABOUT)
    rows = {}
    for place, name in enumerate(content.tables, 2):
        sheet = book.add_worksheet(name[:LONGEST_NAME])
        rows[f"xl/worksheets/sheet{place}.xml"] = _write_table(sheet, name, content, made)
    headings = ("table", "column", "unit", "meaning")
    columns = [
        (table, field["name"], field.get("unit", ""), field["description"])
        for table in content.tables
        for field in content.describe_columns(table)
    ]
    _write_list(book.add_worksheet(COLUMNS), headings, columns, made)
    headings = ("column", "value", "meaning", "tables")
    _write_list(book.add_worksheet(VALUES), headings, _list_values(content), made)
    _write_cover(_Cover(book, cover, made), content, too_long)
    book.close()
    return _add_rows(packed, rows)


def _add_rows(packed: io.BytesIO, rows: Mapping[str, Sequence[pa.DictionaryArray]]) -> bytes:
    """Return a workbook with rows below the headings of its sheets, by the file of each."""
    filled = io.BytesIO()
    with ZipFile(packed) as book, ZipFile(filled, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for name in book.namelist():
            text = book.read(name)
            with archive.open(name, "w") as file:
                if name in rows:
                    heading, end, text = text.partition(b"</row>")
                    last = b"%d" % (1 + len(rows[name][0]))
                    file.write(DIMENSION.sub(rb"\g<1>" + last, heading) + end)
                    file.writelines(_join_rows(rows[name]))
                    text = text[text.rindex(b"</sheetData>") :]
                file.write(text)
    return filled.getvalue()


def _make_formats(book: xlsxwriter.Workbook) -> Formats:
    kinds = sorted({*NUMBER_FORMATS.values(), WHOLE_NUMBER, DAY})
    head = {"bold": True, "bg_color": "#D5E5EE", "bottom": 1, "valign": "top", "text_wrap": True}
    return Formats(
        book.add_format({"valign": "top"}),
        book.add_format({"valign": "top", "quote_prefix": True}),
        book.add_format(head),
        book.add_format({**head, "align": "right"}),
        book.add_format({"valign": "top", "font_color": "#14506E", "underline": 1}),
        {kind: book.add_format({"num_format": kind, "valign": "top"}) for kind in kinds},
    )


def fit_text(text: str) -> str:
    """Return a text as a cell shows it: with code points in place of invisible characters.

    A text that is longer than a cell is cut, and ends with dots.
    """
    shown = plain_lines(text)
    if shown.startswith("<r>") and shown.endswith("</r>"):
        shown += " "  # XlsxWriter would take it for markup of its own
    units = shown.encode("utf-16-le")  # a character is one or two of Excel's
    if len(units) <= 2 * LONGEST_TEXT:
        return shown
    return f"{units[: 2 * (LONGEST_TEXT - 3)].decode('utf-16-le', 'ignore')}..."


def _write_table(
    sheet: Worksheet, table: str, content: Content, made: Formats
) -> list[pa.DictionaryArray]:
    """Write all but the rows of a table; return the texts of the cells of each column."""
    rows, fields = content.tables[table], content.describe_columns(table)
    sheet.freeze_panes(1, 1)
    sheet.set_row(0, 32)
    columns = []
    for place, field in enumerate(fields):
        column = rows[field["name"]].combine_chunks()
        width: float = OF_NUMBERS
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            longest = pc.quantile(pc.utf8_length(column), 0.9)[0].as_py() or 0
            width = min(WIDEST, max(NARROWEST, longest + 2, min(len(field["name"]) + 3, 18)))
        sheet.set_column(place, place, width)
        form = made.heading if field["type"] == "string" else made.number_heading
        sheet.write_string(0, place, field["name"], form)
        note = write_note(field, MOST_WORDS)
        height = max(1.0, sum(1 + len(line) // 50 for line in note.split("\n")) / 4)
        sheet.write_comment(0, place, note, {"x_scale": 2.4, "y_scale": height})
        if field["name"] == LINK:
            columns.append(_write_links(sheet, place, column, made))
        else:
            columns.append(_code_cells(column, field, made))
    sheet.autofilter(0, 0, max(rows.num_rows, 1), len(fields) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{rows.num_rows + 1}"})
    sheet.set_landscape()
    sheet.repeat_rows(0)
    return columns


def _code_cells(column: pa.Array, field: Mapping[str, Any], made: Formats) -> pa.DictionaryArray:
    """Return the texts of the distinct cells, and which of them each row has."""
    cells = pc.binary_join(column, "; ") if pa.types.is_list(column.type) else column
    coded = cells.dictionary_encode()
    texts = _encode_cells(coded.dictionary, field, made)
    return pa.DictionaryArray.from_arrays(coded.indices, texts)


def _encode_cells(cells: pa.Array, field: Mapping[str, Any], made: Formats) -> pa.Array:
    kind, form, type_of_cell = cells.type, made.text, ""
    if pa.types.is_date(kind):
        form, cells = made.numbers[DAY], pc.add(cells.cast(pa.int32()), FIRST_DAY)
    elif pa.types.is_boolean(kind):
        type_of_cell, cells = ' t="b"', cells.cast(pa.int8())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        shown = map(fit_text, cells.to_pylist())
        return pa.array([_encode_text(text, made.choose(text)) for text in shown], pa.string())
    else:
        form = made.numbers[NUMBER_FORMATS.get(field.get("unit", ""), WHOLE_NUMBER)]
    start = f'<c s="{form._get_xf_index()}"{type_of_cell}><v>'
    return pc.binary_join_element_wise(start, cells.cast(pa.string()), "</v></c>", "")


def _encode_text(text: str, form: Format) -> str:
    space = "" if text == text.strip() else ' xml:space="preserve"'
    start = f'<c s="{form._get_xf_index()}" t="inlineStr"><is><t{space}>'
    return f"{start}{escape(LITERAL.sub('_x005F_', text), quote=False)}</t></is></c>"


def _write_links(
    sheet: Worksheet, place: int, column: pa.Array, made: Formats
) -> pa.DictionaryArray:
    """Write the first addresses as links; return the texts of the cells, which seldom repeat."""
    texts = list[str | None]()
    for row, cell in enumerate(column.to_pylist(), 1):
        shown, address = fit_text(cell or ""), web_address(cell)
        form = made.choose(shown)
        if 0 < len(address) <= LONGEST_ADDRESS and row <= MOST_LINKS:
            form = made.link
            sheet.write_url(row, place, address, form, shown)
        texts.append(None if cell is None else _encode_text(shown, form))
    return pa.array(texts, pa.string()).dictionary_encode()


def _join_rows(columns: Sequence[pa.DictionaryArray]) -> Iterator[pa.Buffer]:
    """Yield the rows of a sheet below its heading, many at once."""
    empty = {"null_handling": "replace", "null_replacement": "<c/>"}
    for first in range(0, len(columns[0]), ROWS_AT_ONCE):
        cells = [column.slice(first, ROWS_AT_ONCE).dictionary_decode() for column in columns]
        numbers = pa.array(range(first + 2, first + 2 + len(cells[0]))).cast(pa.string())
        parts = ('<row r="', numbers, '">', *cells, "</row>")
        yield pc.binary_join_element_wise(*parts, "", **empty).buffers()[2]


def _list_values(content: Content) -> Iterator[Sequence[str]]:
    """Yield the meaning of each coded value, once for all tables, and the names of areas."""
    tables_by_value: dict[tuple[str, str, str], list[str]] = {}
    tables_by_area: dict[tuple[str, str, str], list[str]] = {}
    for table, rows in content.tables.items():
        for field in content.describe_columns(table):
            for value, meaning in read_values(field).items():
                tables_by_value.setdefault((field["name"], value, meaning), []).append(table)
        if "area_id" in rows.column_names:
            cells = pc.unique(rows["area_id"]).to_pylist()
            for code in sorted({area for cell in cells for area in cell.split(";")}):
                if (name := naming.name_area(code)) != code:
                    tables_by_area.setdefault(("area_id", code, name), []).append(table)
    for about, tables in (*tables_by_value.items(), *sorted(tables_by_area.items())):
        yield *about, ", ".join(tables)


def _write_list(
    sheet: Worksheet, headings: Sequence[str], rows: Iterable[Sequence[str]], made: Formats
) -> None:
    for place, width in enumerate((24, 28, 80, 40)):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, headings[place], made.heading)
    sheet.freeze_panes(1, 0)
    count = 0
    for count, cells in enumerate(rows, 1):
        for place, cell in enumerate(cells):
            sheet.write_string(count, place, cell, made.choose(cell))
    sheet.autofilter(0, 0, max(count, 1), len(headings) - 1)


def _write_cover(cover: "_Cover", content: Content, too_long: Sequence[str]) -> None:
    shown = content.describe()
    licence = shown["licence"]
    what = "A part of it: see the title." if content.chosen else "All of it."
    cover.sheet.write_string(0, 0, fit_text(shown["title"]), cover.big)
    cover.write_section("Answer", content.answers)
    cover.write_section("What this is", [f"{content.package['description']} {what}"])
    cover.write_section("Version", [shown["version"]])
    cover.write_section("Facts as of", [shown["as_of"]])
    cover.write_section("Licence", [licence["title"]], web_address(licence.get("path", "")))
    cited = [*shown["cite_as"], "Name the sources of the figures as well."]
    cover.write_section("How to cite", cited)
    cover.write_section("How to read", HOW_TO_READ)
    for name, table in content.tables.items():
        about = " ".join(content.describe_table(name)["description"].split())
        rows = f"{table.num_rows:,} row{'' if table.num_rows == 1 else 's'}"
        cover.write_sheet(name[:LONGEST_NAME], f"{rows}. {about}")
    for reason, names in (
        ("Tables without rows for the selection", content.left_out),
        ("More rows than a sheet has; in CSV and Parquet", too_long),
    ):
        cover.write_section("Left out", [f"{reason}: {', '.join(names)}."] if names else [])


class _Cover:
    def __init__(self, book: xlsxwriter.Workbook, sheet: Worksheet, made: Formats) -> None:
        self.sheet, self.made, self.row = sheet, made, 2
        self.big = book.add_format({"bold": True, "font_size": 16})
        self.label = book.add_format({"bold": True, "valign": "top", "text_wrap": True})
        text = {"text_wrap": True, "valign": "top"}
        self.wrapped = made._replace(
            text=book.add_format(text), runs=book.add_format({**text, "quote_prefix": True})
        )
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, LABEL)
        sheet.set_column(1, LAST, OTHERS)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)

    def write_section(self, label: str, texts: Sequence[str], address: str = "") -> None:
        """Write each text in a row, with the label beside the first; nothing without texts."""
        for number, text in enumerate(texts):
            if number == 0:
                self.sheet.write_string(self.row, 0, label, self.label)
            self._write_spread(text, address)

    def write_sheet(self, name: str, text: str) -> None:
        """Write the name of a sheet, which leads to it, and a text on it."""
        self.sheet.write_url(self.row, 0, f"internal:'{name}'!A1", self.made.link, name)
        self._write_spread(text)

    def _write_spread(self, text: str, address: str = "") -> None:
        """Write a text over all columns but the first, as a link if it has an address."""
        shown = fit_text(text)
        form = self.made.link if address else self.wrapped.choose(shown)
        lines = sum(max(1, math.ceil(len(line) / LINE_CHARACTERS)) for line in shown.split("\n"))
        self.sheet.set_row(self.row, lines * LINE_HEIGHT)
        self.sheet.merge_range(self.row, 1, self.row, LAST, "", form)
        if address:
            self.sheet.write_url(self.row, 1, address, form, shown)
        else:
            self.sheet.write_string(self.row, 1, shown, form)
        self.row += 1
