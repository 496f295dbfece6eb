"""The first sheet of the workbook: the answer, what this is, how to cite it and how to read it."""

import math
from collections.abc import Sequence
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from audience_impact.answers import method
from audience_impact.exporting import workbook
from audience_impact.exporting.content import Content
from audience_impact.exporting.workbook import WHOLE, Formats, Limits, Part, Shortened
from audience_impact.plain_text import RUN, web_address

CITATIONS = "## Citations\n"
LABEL, OTHERS, LAST = 30, 15, 7
"""Widths of the first column and of the others, and the last that text is spread over."""
LINE_CHARACTERS, LINE_HEIGHT = 115, 15
HOW_TO_READ = (
    "At least and at most (lower_, upper_) are bounds: what the figures force, if each is right as "
    "printed.",
    "The median (q50_) is the estimate. From the 5 % to the 95 % quantile (q05_, q95_) is the 90 % "
    "interval: the estimate is meant to lie in it nine times in ten. Figures may be off, so that "
    "it may reach beyond the bounds.",
    "A blank cell is not known, or not told of such a row. A zero is nobody.",
    "Do not add up rows: people use several services and meet several restrictions. Rows of areas "
    "and of person-days count each person once.",
    "Each heading has a note with its unit and meaning; the sheets columns and values have them "
    "all. Text that begins with = + - or @ is text, and no formula.",
)


def write(
    book: Workbook,
    sheet: Worksheet,
    made: Formats,
    content: Content,
    parts: Sequence[Part],
    told: Sequence[str],
) -> None:
    """Fill the first sheet; `told` says what Excel could not hold."""
    lines = _Lines(book, sheet, made)
    lines.title(content.title)
    lines.section("Answer", content.answers)
    if content.key_figures:
        lines.figures(content.key_figures.headings, content.key_figures.rows)
    what = "A part of it: see the title." if content.chosen else "All of it."
    lines.section("What this is", [f"{content.package['description']} {what}"])
    lines.section("Version", [content.version_id])
    lines.section("Facts as of", [content.as_of])
    licence = content.package["licenses"][0]
    lines.linked("Licence", licence["title"], web_address(licence.get("path", "")))
    lines.section("How to cite", [*content.citations, "Name the sources of the figures as well."])
    lines.section("How to read", HOW_TO_READ)
    for part in parts:
        about = " ".join(content.resource(part.table)["description"].split())
        rows = f"{part.rows.num_rows:,} row{'' if part.rows.num_rows == 1 else 's'}"
        lines.linked(part.sheet, f"{rows}. {about}", f"internal:'{part.sheet}'!A1", in_label=True)
    lines.section("Left out", [_left_out(content)] if content.left_out else [])
    lines.section("Does not fit", told)
    lines.section("The method rests on", citations())


def _left_out(content: Content) -> str:
    return f"Tables that do not tell of what was chosen: {', '.join(content.left_out)}."


def citations() -> list[str]:
    """What the method rests on, from its page."""
    told = method.page().partition(CITATIONS)[2].partition("\n## ")[0]
    return [line[2:] for line in told.splitlines() if line.startswith("- ")]


class _Lines:
    """The lines of the sheet, from the top."""

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

    def title(self, told: str) -> None:
        """The title, and a blank line."""
        self.sheet.write_string(0, 0, self._told(told), self.big)
        self.row = 2

    def section(self, label: str, texts: Sequence[str]) -> None:
        """A label and its texts, each in a row of its own; nothing where there are none."""
        for number, told in enumerate(texts):
            if number == 0:
                self.sheet.write_string(self.row, 0, label, self.label)
            self._spread(told)

    def linked(self, label: str, told: str, leads: str, in_label: bool = False) -> None:
        """A label and a text, of which one leads somewhere."""
        if in_label:
            self.sheet.write_url(self.row, 0, leads, self.made.link, label)
            self._spread(told)
            return
        self.sheet.write_string(self.row, 0, label, self.label)
        if leads:
            self.sheet.write_url(self.row, 1, leads, self.made.link, self._told(told))
        else:
            self.sheet.write_string(self.row, 1, self._told(told), self.text)
        self.row += 1

    def figures(self, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A small table: text, then numbers, and a word of ours at the right."""
        self.row += 1
        for place, heading in enumerate(headings):
            form = self.made.number_heading if place else self.made.heading
            self.sheet.write_string(self.row, place, heading, form)
        for cells in rows:
            self.row += 1
            lines = math.ceil(max(len(str(cells[0])) / (LABEL - 2), 1))
            self.sheet.set_row(self.row, lines * LINE_HEIGHT)
            for place, cell in enumerate(cells):
                self._cell(place, cell)
        self.row += 2

    def _cell(self, place: int, cell: Any) -> None:
        if isinstance(cell, str):
            told = self._told(cell)
            self.sheet.write_string(self.row, place, told, self.last if place else self._form(told))
        elif cell is not None:
            self.sheet.write_number(self.row, place, cell, self.made.numbers[WHOLE])

    def _spread(self, told: str) -> None:
        """A text over several columns, as high as it needs."""
        shown = self._told(told)
        lines = sum(max(1, math.ceil(len(one) / LINE_CHARACTERS)) for one in shown.split("\n"))
        self.sheet.set_row(self.row, lines * LINE_HEIGHT)
        self.sheet.merge_range(self.row, 1, self.row, LAST, "", self._form(shown))
        self.sheet.write_string(self.row, 1, shown, self._form(shown))
        self.row += 1

    def _form(self, told: str) -> Format:
        return self.runs if told.startswith(RUN) else self.text

    def _told(self, told: str) -> str:
        return workbook.text(told, Limits(), Shortened())
