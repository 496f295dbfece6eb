"""Generate the parts of the documentation that describe the code.

A page of docs/ marks a place with `<!-- made: NAME -->`, and `make docs` replaces the mark: mkdocs
calls `on_page_markdown`. Generated text is not committed, save the table of results in README.md
and docs/index.md, the questions in README.md and the results of code in docs/questions.md; `python
-m flows.documenting.docs` brings these up to date, and the headings of the fact tables in
docs/assets/own-facts; a test fails where they are not.
"""

import ast
import contextlib
import re
import tempfile
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

import audience_impact
import flows
from audience_impact.answers import documents, rankings
from audience_impact.answers.names import label_code
from audience_impact.answers.numbers import format_compact
from audience_impact.cli.command import app
from audience_impact.store import publishing
from audience_impact.vocabulary import RuleStage, read_table
from flows import CHECKOUT, SHIPPED, last_version
from flows.pipeline import steps
from flows.pipeline.quality import collect_rules
from schemas import facts, published

REGISTERING = (last_version, publishing)
"""Modules with rules that no run imports; the page of checks lists these rules as well."""
ROOM = re.compile(r"^ {4}(\w+) - (.+)$", re.MULTILINE)
MARK = re.compile(r"<!-- made: (\w+) -->\n")
PAGE = re.compile(r"`docs/([\w/-]+\.md)`")
STARTER = "docs/assets/own-facts"
"""Folder with a file for each fact table, for whoever begins a folder of facts of their own."""
FEATURED = (
    *("RU-2025-08-13-calls", "RU-2024-12-15-youtube", "RU-2025-12-22-whatsapp"),
    *("RU-2026-02-11-youtube-whatsapp-dns", "IR-2026-01-08-internet", "RU-2024-08-12-adsense"),
    "ES-2024-03-22-telegram",
)
HEADINGS = (
    *("restriction", "from", "median (5 to 95 %)", "feature users", "minimum", "maximum", "of"),
    *("status", "audiences measured by"),
)
"""Columns of the table in the README."""


def format_checks() -> str:
    """Return a table of rules for each stage, with severity, meaning and advice."""
    header = ("id", "no.", "severity", "what a failure means", "what to do", "tables")
    names = {facts.TABLES: "all facts", published.TABLES: "all published", (): "-"}
    parts = []
    for stage in RuleStage:
        rows = [
            (
                f"`{rule.id}`",
                str(rule.number or ""),
                rule.severity.value,
                rule.meaning,
                rule.advice,
                names.get(rule.tables) or ", ".join(rule.tables),
            )
            for rule in collect_rules()
            if rule.stage is stage
        ]
        parts.append(f"## {stage.value.capitalize()}\n\n{documents.render_markdown(header, rows)}")
    return "\n".join(parts)


def format_dictionary() -> str:
    """Return every published column with its coded values, each listed once on the page."""
    parts: list[str] = []
    tables: dict[str, str] = {}
    places: dict[tuple[tuple[str, str], ...], str] = {}
    for name, described in published.COLUMNS.items():
        rows = [
            (f"`{column.column}`", column.unit, column.sdmx, column.meaning)
            for column in described.values()
        ]
        columns = documents.render_markdown(("column", "unit", "SDMX concept", "meaning"), rows)
        if first := tables.get(columns):
            content = f"Columns and values: those of [{first}](#{first}).\n"
        else:
            tables[columns] = name
            content = columns + _format_values(name, places)
        key = ", ".join(f"`{column}`" for column in published.KEYS[name])
        about = published.describe_table(name)
        parts.append(f"## {name}\n\n{about}\n\nKey: {key}.\n\n{content}")
    return "\n".join(parts)


def _format_values(table: str, places: dict[tuple[tuple[str, str], ...], str]) -> str:
    """Return the meanings of a table's coded columns; add them to `places`, or refer to these."""
    rows: list[tuple[str, str, str]] = []
    for column in published.COLUMNS[table]:
        coded = published.list_values(table, column) or published.special_values(table, column)
        values = tuple(coded.items())
        if values in places:
            rows.append((f"`{column}`", "", f"as {places[values]}"))
        elif values:
            places[values] = f"`{column}` of [{table}](#{table})"
            rows += [(f"`{column}`", f"`{value}`", meaning) for value, meaning in values]
        if by := published.explained_by(table, column):
            rows.append((f"`{column}`", "", f"`{by}` of the same row says it"))
    if not rows:
        return ""
    return "\nValues:\n\n" + documents.render_markdown(("column", "value", "what it means"), rows)


def format_reference() -> str:
    """Return a directive of mkdocstrings for each name of the package: functions, then types."""
    names = sorted(audience_impact.__all__, key=lambda name: (not name.islower(), name))
    return "".join(f"::: audience_impact.{name}\n\n" for name in names)


def format_commands() -> str:
    """Return every command with its options, as Typer writes them."""
    from typer import Context
    from typer.cli import get_docs_for_click
    from typer.main import get_command

    command = get_command(app)
    context = Context(command, info_name="audience-impact", **command.context_settings)
    pages = get_docs_for_click(obj=command, ctx=context, name="audience-impact")
    return pages.partition("\n")[2]


def format_rooms() -> str:
    """Return a table of the rooms in their order, with their purposes, from the docstrings."""
    rows = [
        (f"`{package.__name__}.{room}`", purpose)
        for package in (audience_impact, flows)
        for room, purpose in ROOM.findall(package.__doc__ or "")
    ]
    return documents.render_markdown(("room", "what is in it"), rows)


@cache
def compute_results() -> steps.Results:
    """Return the results of the repository's facts, computed once for all pages."""
    return steps.compute_results(steps.validate_facts(steps.read_facts([*SHIPPED])), None, 0)


def format_results() -> str:
    """Return the table of results in the README, from the repository's facts."""
    computed = compute_results()
    rows = rankings.list_exposed(computed.tables.__getitem__)
    cells = [
        (
            f"`{row.restriction_id}`",
            row.start_on,
            _format_median(row),
            row.feature_users,
            format_compact(row.min_persons),
            format_compact(row.max_persons),
            f"{format_compact(row.base_persons)} {row.base}",
            label_code(row.obs_status, "obs_status"),
            row.measured_by,
        )
        for row in rows
        if row.restriction_id in FEATURED
    ]
    day = computed.version.as_of.isoformat()
    table = documents.render_markdown(HEADINGS, cells)
    return f"People exposed, as of {day}, the most reliable answers first:\n\n{table}"


def _format_median(row: Any) -> str:
    middle = format_compact(row.q50_persons)
    if row.q05_persons == row.q95_persons or middle == "-":
        return middle
    return f"{middle} ({documents.format_compact_interval(row.q05_persons, row.q95_persons)})"


QUESTIONS = [tuple(row.values()) for row in read_table(Path(__file__).with_name("questions.csv"))]
"""Questions of the README, each with the command that answers it."""


def format_questions() -> str:
    """Return the questions of the README, each with its command and how the answer begins."""
    with tempfile.TemporaryDirectory() as folder:
        steps.publish_results(compute_results(), Path(folder), None)
        parts = [
            f"**{question}**\n\n```\n$ audience-impact {command}\n{_answer(command, folder)}\n```\n"
            for question, command in QUESTIONS
        ]
    return "\n".join(parts)


def _answer(command: str, published: str) -> str:
    """Return the first sentence about people that a command prints, or rows of its list."""
    done = CliRunner().invoke(app, [*command.split(), "--published", published])
    if done.exit_code:
        raise ValueError(f"audience-impact {command}: {done.output}")
    rows = [line for line in done.stdout.splitlines() if line.startswith("  ")]
    if "--" in command:
        return "\n".join(rows[:3])
    sentence = re.search(r"^.*?\bpeople\b.*?\.(?= |$)", done.stdout, re.MULTILINE)
    return textwrap.fill(sentence[0] if sentence else "", width=100)


def fill_part(text: str, part: str, content: str) -> str:
    """Return a page with a marked part replaced; raise ValueError where it lacks the mark."""
    start, end = f"<!-- {part}: made by `make docs` -->\n", f"<!-- end of {part} -->"
    before, opened, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    if not (opened and closed):
        raise ValueError(f"the page does not mark the part {part}: {start.strip()} ... {end}")
    return f"{before}{start}{content}{end}{after}"


ANALYSIS = "docs/questions.md"
PAGES = {"README.md": ("results", "questions"), "docs/index.md": ("results",), ANALYSIS: ()}
"""The pages with generated parts that are committed, and those that a mark shows."""
BLOCK = re.compile(r"(```python\n(.*?)```\n\n?)(```text\n.*?```\n)?", re.DOTALL)
"""A block of Python, and the block of text after it."""


def update_page(path: str) -> str:
    """Return a page of the checkout with its generated parts brought up to date."""
    page = (CHECKOUT / path).read_text(encoding="utf-8")
    if path == ANALYSIS:
        return show_results(page)
    for part in PAGES[path]:
        page = fill_part(page, part, PARTS[part]())
    return page


def show_results(page: str) -> str:
    """Return a page with what its blocks of Python give in the blocks of text after them."""
    results = iter(run_blocks(page))

    def fill(block: re.Match[str]) -> str:
        result = next(results)
        return f"{block[1]}```text\n{result}\n```\n" if block[3] else block[0]

    return BLOCK.sub(fill, page)


@cache
def run_blocks(page: str) -> list[Any]:
    """Return what the last line of each block of Python of a page gives, beside a version."""
    names: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        steps.publish_results(compute_results(), Path("data/published"), None)
        return [_evaluate(block[2], names) for block in BLOCK.finditer(page)]


def _evaluate(code: str, names: dict[str, Any]) -> Any:
    *before, last = ast.parse(code).body
    if not isinstance(last, ast.Expr):
        exec(code, names)
        return None
    exec(compile(ast.Module(before, []), ANALYSIS, "exec"), names)
    return eval(compile(ast.Expression(last.value), ANALYSIS, "eval"), names)


PARTS = {"results": format_results, "questions": format_questions}
MADE: dict[str, Callable[[], str]] = {
    "checks": format_checks,
    "columns": format_dictionary,
    "commands": format_commands,
    "names": format_reference,
    "terms": documents.render_glossary,
    "status": documents.render_status_section,
    "rooms": format_rooms,
}
"""Functions that generate the text for each mark."""


def on_page_markdown(text: str, /, *, page: Any, **_: object) -> str:
    """Return a page with its marks filled, and with each page that it names as a link."""
    up = "../" * page.file.src_uri.count("/")
    linked = PAGE.sub(lambda match: f"[{match[0]}]({up}{match[1]})", text)
    return MARK.sub(lambda match: MADE[match[1]](), linked)


def format_starter() -> dict[str, str]:
    """Return the fact tables of the starter for own facts, by file name: their headings alone."""
    headers = steps.build_headers()
    return {f"{table}.csv": ",".join(header.columns) + "\n" for table, header in headers.items()}


def main() -> None:
    """Write the generated parts into the pages that have marks for them, and the starter."""
    for path in PAGES:
        (CHECKOUT / path).write_text(update_page(path), encoding="utf-8")
        print(path)
    for name, heading in format_starter().items():
        (CHECKOUT / STARTER / name).write_text(heading, encoding="utf-8")
    print(STARTER)


if __name__ == "__main__":
    main()
