"""The pages of words: the method, the glossary, and the data with its dictionary and downloads."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

from audience_impact.answers import glossary
from audience_impact.answers import method as method_text
from audience_impact.exporting import content, plain, sheets
from audience_impact.exporting.content import Content, values_of
from audience_impact.site.rendering import anchor
from audience_impact.site.world import File, Page, World
from audience_impact.store import archive

COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)


@dataclass(frozen=True)
class Download:
    """A file of all tables: its place, what it is, and its size in bytes."""

    path: str
    name: str
    about: str
    size: int


@dataclass(frozen=True)
class Section:
    """A table as the dictionary tells of it; a value of an earlier column is told there.

    Attributes:
        table: Its name.
        about: What it holds.
        key: The columns of which there is one row each.
        columns: Name, unit and meaning of each column.
        values: Column, value and meaning; of a column told before, where.
    """

    table: str
    about: str
    key: Sequence[str]
    columns: Sequence[tuple[str, str, str]]
    values: Sequence[tuple[str, str, str]]


def pages(world: World) -> Iterator[Page | File]:
    """The method, the glossary and the data, with the files that can be fetched."""
    yield method()
    yield _glossary()
    files = list(downloads(content.read(world.stored), world))
    yield from (file for file, _ in files)
    values = {"downloads": [told for _, told in files], "sections": _sections(world.package)}
    yield Page("data.html", "The data", "data.html", values)


def downloads(given: Content, world: World) -> Iterator[tuple[File, Download]]:
    """All tables as a workbook, as CSV and as Parquet."""
    book = io.BytesIO()
    sheets.write(book, given)
    parquet = plain.parquet_files(given, world.stored)
    made = (
        ("xlsx", "Workbook", "for people: Excel, LibreOffice", book.getvalue()),
        ("csv.zip", "CSV", "for programs: exact text", archive.packed(plain.csv_files(given))),
        ("parquet.zip", "Parquet", "for programs: with types", archive.packed(parquet)),
    )
    for ending, name, about, held in made:
        path = f"data/audience-impact-{world.version}.{ending}"
        yield File(path, held), Download(path, name, about, len(held))


def _sections(package: Mapping[str, Any]) -> list[Section]:
    """Every table, in the order of the package."""
    told: dict[tuple[tuple[str, str], ...], str] = {}
    return [
        Section(
            resource["name"],
            resource["description"],
            resource["schema"].get("primaryKey", ()),
            [
                (field["name"], field.get("unit", "").replace("_", "-"), field["description"])
                for field in resource["schema"]["fields"]
            ],
            list(_values(resource, told)),
        )
        for resource in sorted(package["resources"], key=lambda one: content.place(one["name"]))
        if "schema" in resource  # the archive of facts has none
    ]


def _values(
    resource: Mapping[str, Any], told: dict[tuple[tuple[str, str], ...], str]
) -> Iterator[tuple[str, str, str]]:
    """What the coded values of a table mean, or under which column that stands already."""
    for field in resource["schema"]["fields"]:
        values = tuple(values_of(field).items())
        if len(values) > 1 and values in told:
            yield field["name"], "", f"as {told[values]}"
            continue
        told[values] = f"{field['name']} of {resource['name']}"
        for value, meaning in values:
            yield field["name"], value, meaning


def _glossary() -> Page:
    terms = [(anchor(term.term), term) for term in glossary.terms()]
    return Page("glossary.html", "Glossary", "glossary.html", {"terms": terms})


def method() -> Page:
    """The method, as the documentation tells it."""
    title, _, text = COMMENT.sub("", method_text.page()).partition("\n")
    tokens = _markdown().parse(text)
    values = {"text": Markup(_markdown().renderer.render(tokens, _markdown().options, {}))}
    headings = [
        (str(token.attrs["id"]), tokens[place + 1].content)
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2"
    ]
    return Page("method.html", title.lstrip("# "), "method.html", {**values, "headings": headings})


@cache
def _markdown() -> MarkdownIt:
    """Markdown with tables, no HTML of its own, and headings that can be led to."""
    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    made.core.ruler.push("anchors", lambda state: _anchors(state.tokens))
    for kind, rule in (("table_open", _table_open), ("table_close", _table_close)):
        made.add_render_rule(kind, rule)
    for kind in ("code_block", "fence"):
        made.add_render_rule(kind, _code)
    for kind in ("th_open", "td_open"):
        made.add_render_rule(kind, _cell_open)
    return made


def _anchors(tokens: Sequence[Token]) -> None:
    """Give each heading its anchor, and each table its number."""
    tables = 0
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(tokens[place + 1].content))
        elif token.type == "table_open":
            tables += 1
            token.meta["number"] = tables


def _table_open(_: RendererHTML, tokens: Sequence[Token], place: int, *__: object) -> str:
    number = tokens[place].meta["number"]
    region = f'role="region" tabindex="0" aria-label="Table {number}"'
    return f'<div class="scroll" {region}><table>\n'


def _table_close(*_: object) -> str:
    return "</table></div>\n"


def _code(_: RendererHTML, tokens: Sequence[Token], place: int, *__: object) -> str:
    """A block of code, which may be wider than the page: the keyboard has to reach it."""
    return f'<pre tabindex="0"><code>{escape(tokens[place].content)}</code></pre>\n'


def _cell_open(_: RendererHTML, tokens: Sequence[Token], place: int, *__: object) -> str:
    """A cell; its alignment as a class, for the policy of the pages allows no style."""
    token = tokens[place]
    number = ' class="n"' if "right" in str(token.attrs.get("style", "")) else ""
    scope = ' scope="col"' if token.tag == "th" else ""
    return f"<{token.tag}{scope}{number}>"
