"""Pages of text: the method, the glossary, and the data with dictionary and downloads."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

from audience_impact.answers import documents
from audience_impact.exporting import content, export, workbook
from audience_impact.exporting.content import read_values
from audience_impact.site.rendering import make_anchor
from audience_impact.site.report_data import File, Page, ReportData
from audience_impact.store import manifest

COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)


def make_pages(report: ReportData) -> Iterator[Page | File]:
    """Yield the method, the glossary and the data, with the files to download."""
    yield make_method_page()
    terms = [(make_anchor(term.term), term) for term in documents.read_terms()]
    yield Page("glossary.html", "Glossary", "glossary.html", {"terms": terms})
    tables, book = content.read_content(report.stored), io.BytesIO()
    workbook.write_workbook(book, tables)
    csv = manifest.pack_files(export.make_csv_files(tables))
    parquet = manifest.pack_files(export.make_parquet_files(tables, report.stored))
    downloads = []
    for ending, name, about, made in (
        ("xlsx", "Workbook", "for people: Excel, LibreOffice", book.getvalue()),
        ("csv.zip", "CSV", "for programs: exact text", csv),
        ("parquet.zip", "Parquet", "for programs: with types", parquet),
    ):
        path = f"data/audience-impact-{report.version}.{ending}"
        yield File(path, made)
        downloads.append((path, name, about, len(made)))
    values = {"downloads": downloads, "sections": _make_sections(report.package)}
    yield Page("data.html", "The data", "data.html", values)


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


def make_method_page() -> Page:
    """Return the page on the method, as in the documentation."""
    title, _, text = COMMENT.sub("", documents.render_method()).partition("\n")
    tokens = _make_parser().parse(text)
    values = {"text": Markup(_make_parser().renderer.render(tokens, _make_parser().options, {}))}
    headings = [
        (str(token.attrs["id"]), tokens[place + 1].content)
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2"
    ]
    return Page("method.html", title.lstrip("# "), "method.html", {**values, "headings": headings})


@cache
def _make_parser() -> MarkdownIt:
    """Return a Markdown parser with tables and anchors of headings, without HTML in the text."""
    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    made.core.ruler.push("anchors", lambda state: _set_anchors(state.tokens))
    made.add_render_rule("table_open", _open_table)
    made.add_render_rule("table_close", lambda *_: "</table></div>\n")
    for kind in ("code_block", "fence"):
        made.add_render_rule(kind, _render_code)
    for kind in ("th_open", "td_open"):
        made.add_render_rule(kind, _open_cell)
    return made


def _set_anchors(tokens: Sequence[Token]) -> None:
    tables = 0
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", make_anchor(tokens[place + 1].content))
        elif token.type == "table_open":
            tables += 1
            token.meta["number"] = tables


def _open_table(_: RendererHTML, tokens: Sequence[Token], place: int, *__: object) -> str:
    number = tokens[place].meta["number"]
    region = f'role="region" tabindex="0" aria-label="Table {number}"'
    return f'<div class="scroll" {region}><table>\n'


def _render_code(_: RendererHTML, tokens: Sequence[Token], place: int, *__: object) -> str:
    """Return a block of code that can be scrolled with the keyboard."""
    return f'<pre tabindex="0"><code>{escape(tokens[place].content)}</code></pre>\n'


def _open_cell(_: RendererHTML, tokens: Sequence[Token], place: int, *__: object) -> str:
    """Return the tag of a cell with a class for its alignment, since pages allow no style."""
    token = tokens[place]
    number = ' class="n"' if "right" in str(token.attrs.get("style", "")) else ""
    scope = ' scope="col"' if token.tag == "th" else ""
    return f"<{token.tag}{scope}{number}>"
