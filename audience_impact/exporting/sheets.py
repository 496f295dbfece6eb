"""The workbook as a whole: what it is, its tables, its columns, and what its codes mean.

The first sheet has the answer, what this is, how to cite it and how to read it.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from audience_impact.answers import documents
from audience_impact.answers import names as naming
from audience_impact.exporting import workbook
from audience_impact.exporting.content import Content, read_values
from audience_impact.exporting.workbook import WHOLE_NUMBER, Formats, Limits, Part, Shortened
from audience_impact.plain_text import RUN, web_address

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

CITATIONS = "## Citations\n"
LABEL, OTHERS, LAST = 30, 15, 7
"""Widths of the first and of the other columns, and the last column of texts that span several."""
LINE_CHARACTERS, LINE_HEIGHT = 115, 15
HOW_TO_READ = (
    "The minimum and maximum (at_least_, at_most_) hold if no figure has a larger error than 99 % "
    "of such figures; at face value (lower_, upper_), if each figure is right.",
    "The median (q50_) is the estimate. From the 5 % to the 95 % quantile (q05_, q95_) is the "
    "likely range: the true number should lie in it nine times in ten. It may extend beyond the "
    "bounds at face value, and never beyond minimum and maximum.",
    "A blank cell means not known, or not applicable to the row. A zero means no one.",
    "Do not add up rows: people use several services and meet several restrictions. Rows of areas "
    "and of person-days count each person once.",
    "Each heading has a note with its unit and meaning; the sheets columns and values have them "
    "all. Text that begins with = + - or @ is text, and no formula.",
)


def write_cover(
    book: Workbook,
    sheet: Worksheet,
    made: Formats,
    content: Content,
    parts: Sequence[Part],
    notes: Sequence[str],
) -> None:
    """Fill the first sheet; `notes` list what Excel could not store."""
    lines = _Lines(book, sheet, made)
    lines.write_title(content.title)
    lines.write_section("Answer", content.answers)
    if content.key_figures:
        lines.write_figures(content.key_figures.headings, content.key_figures.rows)
    what = "A part of it: see the title." if content.chosen else "All of it."
    lines.write_section("What this is", [f"{content.package['description']} {what}"])
    lines.write_section("Version", [content.version_id])
    lines.write_section("Facts as of", [content.as_of])
    licence = content.package["licenses"][0]
    lines.write_link("Licence", licence["title"], web_address(licence.get("path", "")))
    lines.write_section(
        "How to cite", [*content.citations, "Name the sources of the figures as well."]
    )
    lines.write_section("How to read", HOW_TO_READ)
    for part in parts:
        about = " ".join(content.describe_table(part.table)["description"].split())
        rows = f"{part.rows.num_rows:,} row{'' if part.rows.num_rows == 1 else 's'}"
        lines.write_link(
            part.sheet, f"{rows}. {about}", f"internal:'{part.sheet}'!A1", in_label=True
        )
    lines.write_section("Left out", [_left_out(content)] if content.left_out else [])
    lines.write_section("Does not fit", notes)
    lines.write_section("The method rests on", read_citations())


def _left_out(content: Content) -> str:
    return f"Tables without rows for the selection: {', '.join(content.left_out)}."


def read_citations() -> list[str]:
    """Return the references of the page of the method."""
    section = documents.render_method().partition(CITATIONS)[2].partition("\n## ")[0]
    return [line[2:] for line in section.splitlines() if line.startswith("- ")]


class _Lines:
    """The lines of the sheet, written from the top."""

    def __init__(self, book: Workbook, sheet: Worksheet, made: Formats) -> None:
        self.sheet, self.made, self.row = sheet, made, 0
        self.big = book.add_format({"bold": True, "font_size": 16})
        self.label = book.add_format({"bold": True, "valign": "top", "text_wrap": True})
        self.text = book.add_format({"text_wrap": True, "valign": "top"})
        self.last = book.add_format({"valign": "top", "align": "right"})
        self.runs = book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, LABEL)
        sheet.set_column(1, LAST, OTHERS)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)

    def write_title(self, text: str) -> None:
        """Write the title, and a blank line."""
        self.sheet.write_string(0, 0, self._clean_text(text), self.big)
        self.row = 2

    def write_section(self, label: str, texts: Sequence[str]) -> None:
        """Write a label and its texts, each in a separate row; nothing without texts."""
        for number, text in enumerate(texts):
            if number == 0:
                self.sheet.write_string(self.row, 0, label, self.label)
            self._write_spread(text)

    def write_link(self, label: str, text: str, leads: str, in_label: bool = False) -> None:
        """Write a label and a text, and make one of the two a link."""
        if in_label:
            self.sheet.write_url(self.row, 0, leads, self.made.link, label)
            self._write_spread(text)
            return
        self.sheet.write_string(self.row, 0, label, self.label)
        if leads:
            self.sheet.write_url(self.row, 1, leads, self.made.link, self._clean_text(text))
        else:
            self.sheet.write_string(self.row, 1, self._clean_text(text), self.text)
        self.row += 1

    def write_figures(self, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Write a small table: text, then numbers, and a word on the right."""
        self.row += 1
        for place, heading in enumerate(headings):
            form = self.made.number_heading if place else self.made.heading
            self.sheet.write_string(self.row, place, heading, form)
        for cells in rows:
            self.row += 1
            lines = math.ceil(max(len(str(cells[0])) / (LABEL - 2), 1))
            self.sheet.set_row(self.row, lines * LINE_HEIGHT)
            for place, cell in enumerate(cells):
                self._write_cell(place, cell)
        self.row += 2

    def _write_cell(self, place: int, cell: Any) -> None:
        if isinstance(cell, str):
            text = self._clean_text(cell)
            self.sheet.write_string(
                self.row, place, text, self.last if place else self._choose_format(text)
            )
        elif cell is not None:
            self.sheet.write_number(self.row, place, cell, self.made.numbers[WHOLE_NUMBER])

    def _write_spread(self, text: str) -> None:
        """Write a text across several columns, in a row high enough for it."""
        shown = self._clean_text(text)
        lines = sum(max(1, math.ceil(len(line) / LINE_CHARACTERS)) for line in shown.split("\n"))
        self.sheet.set_row(self.row, lines * LINE_HEIGHT)
        self.sheet.merge_range(self.row, 1, self.row, LAST, "", self._choose_format(shown))
        self.sheet.write_string(self.row, 1, shown, self._choose_format(shown))
        self.row += 1

    def _choose_format(self, text: str) -> Format:
        return self.runs if text.startswith(RUN) else self.text

    def _clean_text(self, text: str) -> str:
        return workbook.clean_text(text, Limits(), Shortened())


ABOUT, COLUMNS, VALUES = "about", "columns", "values"


def write_workbook(
    path: Path | IO[bytes], content: Content, limits: Limits | None = None
) -> list[str]:
    """Write the workbook; return a line for each thing that Excel could not store unchanged."""
    with tempfile.TemporaryDirectory(prefix="audience-impact-") as temporary:
        book = workbook.open_workbook(path, content, temporary)
        notes = _fill_workbook(book, content, limits or Limits())
        book.close()
    return notes


def _fill_workbook(book: Workbook, content: Content, bounds: Limits) -> list[str]:
    """Write all sheets; return a line for each thing that Excel could not store unchanged."""
    made = workbook.make_formats(book)
    sheets_to_write = list(workbook.split_parts(content, bounds))
    about = book.add_worksheet(ABOUT)
    notes: list[str] = [
        f"{table} has {content.tables[table].num_rows:,} rows, more than fit on a sheet: it is "
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
    write_cover(book, about, made, content, sheets_to_write, notes)
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
