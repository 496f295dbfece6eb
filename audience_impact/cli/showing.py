"""The commands `show` and `cite`: answers for a restriction, a country or a region."""

import sys
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from audience_impact.answers import ChartForm, Grouping, Quantity
from audience_impact.cli import ranking
from audience_impact.cli.folders import (
    PUBLISHED,
    AnswerFormat,
    OnDay,
    OutputFormat,
    PublishedFolder,
    VersionName,
    exit_on,
    fail_with,
    format_path,
    load_tables,
    open_version,
)
from audience_impact.cli.ranking import All, As, By, Chart, Metric, Top

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from audience_impact.cli.finding import Question
    from audience_impact.site.charts.finish import Picture
    from audience_impact.store.versions import Stored

MOST_LISTED = 20


class Form(StrEnum):
    """Forms of a citation."""

    TEXT = "text"
    BIBTEX = "bibtex"
    CSL_JSON = "csl-json"


Asked = Annotated[
    list[str],
    typer.Argument(
        metavar="WHAT",
        help="Plain words: a country or region, a service, a year or a month, such as 'nigeria "
        "twitter ban', 'sudan 2023' or 'africa'; or the id of a restriction.",
    ),
]
Restriction = Annotated[
    list[str],
    typer.Argument(
        metavar="RESTRICTION",
        help="Plain words that fit one restriction, such as 'nigeria twitter ban', or its id.",
    ),
]
Period = Annotated[
    str | None,
    typer.Option(
        metavar="YEAR",
        help="Year or month (2023, 2023-05), if the words name none. Default: the last year.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands `show` and `cite` to the app."""
    app.command()(show)
    app.command()(cite)


def show(
    what: Asked,
    published: PublishedFolder = PUBLISHED,
    version_name: VersionName = None,
    on: OnDay = None,
    period: Period = None,
    by: By = None,
    metric: Metric = Quantity.PEOPLE,
    top: Top = ranking.MOST_RANKED,
    show_all: All = False,
    chart: Chart = None,
    form: As = None,
    style: AnswerFormat = OutputFormat.TEXT,
) -> None:
    """Show the answer for a restriction, or for a country or region and a year.

    For a restriction: the answer, its days and its figures. For a country or region: people under
    at least one restriction, each counted once, and the countries or restrictions with the most. If
    the words fit several restrictions: a list of them. --chart draws what is shown.
    """
    from audience_impact.plain_text import json_text, plain_lines

    if form and not chart:
        raise fail_with("--as goes with --chart FILE", 2)
    version, words = open_version(published, version_name, on), " ".join(what)
    tables = load_tables(version)
    question, ids = find_restrictions(words, tables, period)
    by = by or (Grouping.COUNTRY if question.asks_countries else None)
    options = bool(by or form or metric is not Quantity.PEOPLE)
    if question.area is not None and (options or _asks_area(tables, question, ids)):
        shown = _answer_area(version, tables, question, by, metric, top, form, show_all)
    elif options:
        raise fail_with(f"--by, --metric and --as go with a country or region; {words} is none", 2)
    elif len(ids) == 1 and question.is_precise:
        shown = _answer_restriction(version, tables, ids[0], show_all)
    else:
        shown = _answer_matches(words, tables, ids)
    if chart and not shown.draw:
        raise fail_with(shown.text.removesuffix("\n"))
    notes = {"notes": question.notes} if question.notes else {}
    as_json = json_text({"version_id": version.id, **notes, **shown.values}) + "\n"
    text = plain_lines("".join(f"{note}\n" for note in question.notes)) + shown.text
    sys.stdout.write(as_json if style is OutputFormat.JSON else text)
    if chart and shown.draw:
        ranking.write_chart(shown.draw(), chart)
        typer.echo(f"wrote {format_path(chart)}", err=True)


def _asks_area(tables: "dict[str, pd.DataFrame]", question: "Question", ids: list[str]) -> bool:
    """Return whether a question that names an area alone is about it, and not about its events.

    Shutdowns where only one event is one ask for this event. So does an area of which no people are
    published: a block that was taken back, for example.
    """
    if question.has_shutdowns and len(ids) == 1 and question.is_precise:
        return False
    return ranking.has_record(tables, question)


class Shown(NamedTuple):
    """An answer as text and as values of JSON, and what draws it; None where nothing does."""

    text: str
    values: dict[str, Any]
    draw: "Callable[[], Picture] | None" = None


def _answer_area(
    version: "Stored",
    tables: "dict[str, pd.DataFrame]",
    question: "Question",
    by: Grouping | None,
    metric: Quantity,
    top: int,
    form: ChartForm | None,
    show_all: bool,
) -> Shown:
    """Return the answer for a country or region: its numbers and a ranking."""
    ranked = ranking.rank_area(tables, question, _choose_grouping(by, form), metric)
    return Shown(
        ranking.render_area(ranked, version.id, top, show_all),
        ranking.list_area_values(ranked, version.id),
        partial(ranking.draw_area, version, tables, ranked, top, form),
    )


def _answer_restriction(
    version: "Stored", tables: "dict[str, pd.DataFrame]", restriction_id: str, show_all: bool
) -> Shown:
    """Return the answer for a restriction, in full or in brief."""
    from audience_impact.answers import records, text

    record = records.build_record(tables, restriction_id)
    render = text.render_restriction if show_all else text.render_brief
    return Shown(
        render(record, version.id),
        text.restriction_json(record, version.id),
        partial(_draw_restriction, version, restriction_id),
    )


def _answer_matches(words: str, tables: "dict[str, pd.DataFrame]", ids: list[str]) -> Shown:
    """Return the list of several restrictions that fit the words."""
    from audience_impact.answers import text

    return Shown(_list_matches(words, tables, ids), text.events_json(_list_newest(tables, ids)))


def _choose_grouping(by: Grouping | None, form: ChartForm | None) -> Grouping | None:
    """Return what is ranked: countries for a map; exit with 2 if a map of restrictions is asked."""
    if form is not ChartForm.MAP:
        return by
    if by is Grouping.RESTRICTION:
        raise fail_with("--as map draws countries: leave out --by restriction", 2)
    return Grouping.COUNTRY


def _draw_restriction(version: "Stored", restriction_id: str) -> "Picture":
    """Return the picture of a restriction."""
    from audience_impact.site import build

    return build.draw_restrictions(version, [restriction_id])[restriction_id]


def find_restrictions(
    words: str, tables: "dict[str, pd.DataFrame]", period: str | None = None
) -> "tuple[Question, list[str]]":
    """Return what words ask for and the restrictions that fit.

    Exit with 1 if nothing on record fits.
    """
    from audience_impact.cli import finding

    acts = tables["restrictions"]
    if words in set(acts["restriction_id"]):
        if period:
            raise fail_with(f"--period {period} goes with a country or region; {words} is none", 2)
        return finding.Question(), [words]
    if finding.is_like_id(words):
        if ids := finding.complete_id(words, acts):
            return finding.Question(), ids
        if _list_near_ids(words, acts):
            raise _fail_without_id(words, acts)
    vocabulary = finding.Vocabulary(tables)
    question = finding.read_question(words, vocabulary)
    question.period = period or question.period
    ids = finding.match_restrictions(question, vocabulary)
    if not ids and finding.is_like_id(words):
        raise _fail_without_id(words, acts)
    if not ids:
        raise fail_with(finding.describe_gap(question, vocabulary))
    return question, ids


def _fail_without_id(words: str, acts: "pd.DataFrame") -> typer.Exit:
    """Say that no id is so, and which are nearly; return the exit."""
    if near := _list_near_ids(words, acts):
        return fail_with(f"{words} is not published; did you mean {' or '.join(near)}?")
    return fail_with(f"{words} is not published; see audience-impact list")


def _list_near_ids(words: str, acts: "pd.DataFrame") -> list[str]:
    import difflib

    return difflib.get_close_matches(words, acts["restriction_id"].tolist())


def _list_newest(tables: "dict[str, pd.DataFrame]", ids: list[str]) -> "pd.DataFrame":
    """Return the rows of restrictions, the newest first, of one day the largest."""
    from audience_impact.answers import EventOrder, rankings

    return rankings.sort_events(rankings.build_events(tables, ids), EventOrder.DATE)


def _list_matches(words: str, tables: "dict[str, pd.DataFrame]", ids: list[str]) -> str:
    """Return several restrictions as text: id, day, people, place and what was restricted."""
    from audience_impact.answers import rankings, text
    from audience_impact.plain_text import plain_lines

    head = (
        f"{len(ids):,} restriction{'s fit' if len(ids) > 1 else ' fits'} '{words}', newest first. "
        "Add a year or a month, or copy an id:"
    )
    events = rankings.join_chains(_list_newest(tables, ids))
    lines = text.list_events(events, most=MOST_LISTED)
    more = [f"  and {len(events) - MOST_LISTED} more"] * (len(events) > MOST_LISTED)
    return plain_lines("\n".join([head, *lines, *more])) + "\n"


def find_ids(version: "Stored", queries: list[str]) -> tuple[str, ...]:
    """Return the ids of restrictions; exit with 1 if a query matches none or several of them."""
    if not queries:
        return ()
    tables = load_tables(version)
    return tuple(dict.fromkeys(find_single_id(words, tables) for words in queries))


def find_single_id(words: str, tables: "dict[str, pd.DataFrame]") -> str:
    """Return the id of the restriction; exit with 1 if the words match none or several."""
    from audience_impact.plain_text import plain_line

    question, ids = find_restrictions(words, tables)
    for note in question.notes:
        typer.echo(plain_line(note), err=True)
    if len(ids) > 1:
        raise fail_with(_list_matches(words, tables, ids).removesuffix("\n"))
    return ids[0]


def cite(
    restriction: Restriction,
    published: PublishedFolder = PUBLISHED,
    version_name: VersionName = None,
    on: OnDay = None,
    style: Annotated[
        Form, typer.Option("--format", help="Output format of the citation.")
    ] = Form.TEXT,
) -> None:
    """Write the citation of an answer for a restriction, with sentence, version and licence."""
    from audience_impact.answers import records, sentences
    from audience_impact.answers.citation import cite_restriction
    from audience_impact.plain_text import plain_line
    from audience_impact.store import PublishError

    version, words = open_version(published, version_name, on), " ".join(restriction)
    tables = load_tables(version)
    record = records.build_record(tables, find_single_id(words, tables))
    with exit_on(PublishError):
        cited = cite_restriction(record, version)
    citation_text = (
        f"{plain_line(sentences.write_answer(record, version.id))}\n\n{cited.format_text()}\n"
    )
    forms = {
        Form.TEXT: citation_text,
        Form.BIBTEX: cited.format_bibtex(),
        Form.CSL_JSON: cited.format_csl_json(),
    }
    sys.stdout.write(forms[style])
