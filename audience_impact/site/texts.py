"""Pages of text: the method, the glossary, and the data with dictionary and downloads."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from itertools import count
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from audience_impact.answers import documents
from audience_impact.exporting import content, export, workbook
from audience_impact.exporting.content import read_values
from audience_impact.site.rendering import make_anchor, render_page
from audience_impact.site.report_data import File, ReportData
from audience_impact.store import manifest

COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)


def make_pages(report: ReportData) -> Iterator[File]:
    """Yield the method, the glossary and the data, with the files to download."""
    title, values = render_method()
    yield render_page(report, "method.html", title, "method.html", values)
    terms = [(make_anchor(term.term), term) for term in documents.read_terms()]
    yield render_page(report, "glossary.html", "Glossary", "glossary.html", {"terms": terms})
    tables = content.read_all_tables(report.stored)
    book = workbook.make_workbook(tables)
    csv = manifest.pack_files(export.make_csv_files(tables))
    parquet = manifest.pack_files(export.make_parquet_files(tables, report.stored))
    downloads = []
    for ending, name, about, made in (
        ("xlsx", "Workbook", "for people: Excel, LibreOffice", book),
        ("csv.zip", "CSV", "for programs: exact text", csv),
        ("parquet.zip", "Parquet", "for programs: with types", parquet),
    ):
        path = f"data/audience-impact-{report.version}.{ending}"
        yield File(path, made)
        downloads.append((path, name, about, len(made)))
    values = {"downloads": downloads, "sections": _make_sections(report.package)}
    yield render_page(report, "data.html", "The data", "data.html", values)


def _make_sections(package: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tables as the manifest describes them, with the meanings of coded values.

    Values that an earlier column has as well are not repeated.
    """
    sections, places = [], dict[tuple[tuple[str, str], ...], str]()
    tables = [resource for resource in package["resources"] if "schema" in resource]
    for table in sorted(tables, key=lambda table: content.rank_table(table["name"])):
        coded: list[tuple[str, str, str]] = []
        for field in table["schema"]["fields"]:
            values = tuple(read_values(field).items())
            if len(values) > 1 and values in places:
                coded.append((field["name"], "", f"as {places[values]}"))
            else:
                places[values] = f"{field['name']} of {table['name']}"
                coded += [(field["name"], value, meaning) for value, meaning in values]
        sections.append({**table, "coded": coded})
    return sections


def render_method() -> tuple[str, dict[str, Any]]:
    """Return the title of the method and the values of its page, as in the documentation.

    Headings have anchors, tables and code can be scrolled with the keyboard, and cells have a class
    for their alignment, since pages allow no style. HTML in the text is text.
    """
    title, _, text = COMMENT.sub("", documents.render_method()).partition("\n")
    made = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    numbers, headings = count(1), list[tuple[str, str]]()

    def add_anchor(match: re.Match[str]) -> str:
        words = unescape(re.sub("<[^>]+>", "", match[2]))
        if match[1] == "2":
            headings.append((make_anchor(words), words))
        return f'<h{match[1]} id="{make_anchor(words)}">{match[2]}</h{match[1]}>'

    def open_table(_: re.Match[str]) -> str:
        label = f'aria-label="Table {next(numbers)}"'
        return f'<div class="scroll" role="region" tabindex="0" {label}><table>'

    made = re.sub(r"<h([1-6])>(.*?)</h\1>", add_anchor, made)
    made = re.sub("<table>", open_table, made).replace("</table>", "</table></div>")
    made = re.sub("<pre><code[^>]*>", '<pre tabindex="0"><code>', made)
    made = re.sub(r"<th\b", '<th scope="col"', made)
    made = re.sub(r'(<t[hd][^>]*?) style="text-align:right"', r'\1 class="n"', made)
    made = re.sub(r'(<t[hd][^>]*?) style="[^"]*"', r"\1", made)
    return title.lstrip("# "), {"text": Markup(made), "headings": headings}
