"""Answers of the commands to typed words: for one restriction, for an area, or as a list."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from audience_impact import answers
from audience_impact.answers import areas, names, rankings, records, text
from audience_impact.answers.areas import AreaRecord
from audience_impact.answers.records import Tables
from audience_impact.cli import finding
from audience_impact.cli.folders import fail_with, print_line
from audience_impact.plain_text import plain_lines
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import WORLD, RestrictionKind

if TYPE_CHECKING:
    import pandas as pd

    from audience_impact.site.drawing import Picture

MOST_LISTED = 20


class Options(NamedTuple):
    """How an area is ranked and drawn, and whether everything is shown."""

    by: answers.Grouping | None
    metric: answers.Quantity
    top: int
    form: answers.ChartForm | None
    show_all: bool


@dataclass(frozen=True)
class Answer:
    """An answer as text and as values of JSON, and what draws it; None where nothing does."""

    text: str
    values: dict[str, Any]
    draw: Callable[[], Picture] | None = None


def answer_question(version: Stored, words: str, period: str | None, options: Options) -> Answer:
    """Return the answer to typed words; exit with 1 if nothing on record fits."""
    tables = Tables(version)
    ids = words.split()
    if len(ids) > 1 and set(tables.list_ids()).issuperset(ids):
        from audience_impact.api.computing import people

        try:
            together = people(ids, version.address, period=period or "")
        except ValueError as error:
            raise fail_with(str(error)) from error
        return Answer(f"{together.sentence}\n", together._asdict())
    question, ids = find_restrictions(words, tables, period)
    by = options.by or (answers.Grouping.COUNTRY if question.asks_countries else None)
    options = options._replace(by=by)
    is_ranked = bool(by or options.form or options.metric is not answers.Quantity.PEOPLE)
    is_single = len(ids) == 1 and question.is_precise
    is_event = question.has_shutdowns and is_single  # and not about all shutdowns of the area
    if question.area and (is_ranked or (not is_event and _has_period(tables, question))):
        answer = _answer_area(version, tables, question, options)
    elif is_ranked:
        raise fail_with(f"--by, --metric and --as go with a country or region; {words} is none", 2)
    elif is_single:
        answer = answer_restriction(version, tables, ids[0], options.show_all)
    else:
        answer = _list_matches(words, tables, ids)
    notes = {"notes": question.notes} if question.notes else {}
    return Answer(
        plain_lines("".join(f"{note}\n" for note in question.notes)) + answer.text,
        {"version_id": version.id, **notes, **answer.values},
        answer.draw,
    )


def _has_period(tables: Tables, question: finding.Question) -> bool:
    rows = tables["areas"][tables["areas"]["area_id"] == question.area]
    return question.period is None or bool((rows["period"] == question.period).any())


def answer_restriction(
    version: Stored, tables: Tables, restriction_id: str, show_all: bool
) -> Answer:
    """Return the answer for a restriction, in full or in brief."""
    record = records.build_record(tables.read_arrow, restriction_id)
    render = text.render_restriction if show_all else text.render_brief

    def draw() -> Picture:
        from audience_impact.site import build

        return build.draw_restriction(version, restriction_id)

    values = text.restriction_json(record, version.id)
    return Answer(render(record, version.id), values, draw)


def _answer_area(
    version: Stored, tables: Tables, question: finding.Question, options: Options
) -> Answer:
    by, is_map = options.by, options.form is answers.ChartForm.MAP
    if is_map and by is answers.Grouping.RESTRICTION:
        raise fail_with("--as map draws countries: leave out --by restriction", 2)
    record = _find_area_record(tables, question, options.metric)
    is_unpublished = record.quantity is answers.Quantity.PERSON_DAYS and not areas.is_year(
        record.period
    )
    if by is answers.Grouping.RESTRICTION and is_unpublished:
        raise fail_with("person-days of restrictions are published by year: give a year", 2)
    events = _list_area_events(tables, record, record.period)
    of_countries = is_map or by is answers.Grouping.COUNTRY or is_unpublished
    rows = record.countries if of_countries else rankings.join_chains(events)
    shown = text.render_area_brief(record, version.id, rows, options.top)
    if options.show_all:
        shown = f"{shown}\n{text.render_area(record, version.id)}"
    values = text.area_json(record, version.id) | {"restrictions": records.plain_rows(events)}

    def draw() -> Picture:
        from audience_impact.site import ranking as charts

        is_line = options.form is answers.ChartForm.LINE
        drawn = _list_area_events(tables, record, None) if is_line else events
        publishers = list(drawn["publisher"].dropna().value_counts().index)
        try:
            if is_map:
                return charts.draw_ranking_map(record, options.top, publishers, version)
            if is_line:
                years = areas.list_years(tables, record)
                about = record.name, record.quantity
                return charts.draw_years_line(*about, years, publishers, version)
            return charts.draw_ranking(record, rows, options.top, publishers, version)
        except ValueError as error:
            raise fail_with(f"no {options.form} of {record.name}: {error}") from error

    return Answer(shown, values, draw)


def _find_area_record(
    tables: Tables, question: finding.Question, metric: answers.Quantity
) -> AreaRecord:
    """Return the record of an area; exit with 1 if nothing is published of it."""
    area, kinds = question.area or WORLD, [RestrictionKind.ALL]
    if question.has_shutdowns:
        kinds.insert(0, RestrictionKind.SHUTDOWN)
    for kind in kinds:
        try:
            record = areas.build_area_record(tables, area, question.period, kind, metric)
        except KeyError:  # as of a block that was taken back, or without a shutdown
            continue
        if question.has_shutdowns and kind is RestrictionKind.ALL:
            question.ignore(finding.SHUTDOWN)
        return record
    when = f" in {question.period}" if question.period else ""
    name = names.area_in_words(area, area)
    raise fail_with(f"The record has no number of people for {name}{when}.")


def _list_area_events(tables: Tables, record: AreaRecord, period: str | None) -> pd.DataFrame:
    """Return the restrictions of an area, those of the most people or person-days first."""
    kind = None if record.kind is RestrictionKind.ALL else answers.EventKind(record.kind)
    acts = rankings.select_restrictions(tables, record.area_id, period, kind)
    events = rankings.build_events(tables, acts["restriction_id"], period)
    return rankings.sort_events(events, answers.EventOrder(record.quantity))


def list_events(
    version: Stored,
    area: str,
    year: int | None,
    kind: answers.EventKind | None,
    begun: bool,
    order: answers.EventOrder,
) -> Answer:
    """Return a list of restrictions; exit with 1 where the area is unknown."""
    tables = Tables(version)
    period = None if year is None else str(year)
    acts = rankings.select_restrictions(tables, find_area_code(area, tables), period, kind, begun)
    events = rankings.build_events(tables, set(acts["restriction_id"]), period)
    events = rankings.sort_events(events, order)
    quantity = (
        answers.Quantity.PERSON_DAYS
        if order is answers.EventOrder.PERSON_DAYS
        else answers.Quantity.PEOPLE
    )
    lines = [text.describe_list(events, quantity, version.id)]
    lines += [] if events.empty else text.list_events(events, quantity)
    return Answer(
        plain_lines("\n".join(lines)) + "\n",
        {"version_id": version.id, "restrictions": records.plain_rows(events)},
    )


def find_area_code(words: str, tables: Tables) -> str:
    """Return the code of the area with this name or code; exit with 1 if it is unknown."""
    areas = tables["areas"]
    texts = areas["area_name"].fillna(areas["area_id"])
    on_record = dict(zip(areas["area_id"], texts, strict=True))
    code = finding.find_area(words, on_record) if words else ""
    if code is None and not finding.CODE.fullmatch(words):
        raise fail_with(
            f"{words} is no area on record: give a code such as RU or 002, or a name such as Africa"
        )
    return code or words


def find_restrictions(
    words: str, tables: Tables, period: str | None = None
) -> tuple[finding.Question, list[str]]:
    """Return the question and the restrictions that fit it; exit with 1 if nothing fits."""
    ids = tables.list_ids()
    if words in ids:
        if period:
            raise fail_with(f"--period {period} goes with a country or region; {words} is none", 2)
        return finding.Question(), [words]
    is_id = finding.is_like_id(words)
    near = difflib.get_close_matches(words, ids) if is_id else []
    completed = [name for name in ids if name.casefold().startswith(words.casefold())]
    if is_id and completed:
        return finding.Question(), completed
    if near:
        raise fail_with(f"{words} is not published; did you mean {' or '.join(near)}?")
    vocabulary = finding.Vocabulary(tables)
    question = finding.read_question(words, vocabulary)
    question.period = period or question.period
    fitting = finding.match_restrictions(question, vocabulary)
    if not fitting and is_id:
        raise fail_with(f"{words} is not published; see audience-impact list")
    if not fitting:
        raise fail_with(finding.describe_gap(question, vocabulary))
    return question, fitting


def _list_matches(words: str, tables: Tables, ids: list[str]) -> Answer:
    events = rankings.sort_events(rankings.build_events(tables, ids), answers.EventOrder.DATE)
    head = (
        f"{len(ids):,} restriction{'s fit' if len(ids) > 1 else ' fits'} '{words}', newest first. "
        "Add a year or a month, or copy an id:"
    )
    chains = rankings.join_chains(events)
    lines = text.list_events(chains, most=MOST_LISTED)
    more = [f"  and {len(chains) - MOST_LISTED} more"] * (len(chains) > MOST_LISTED)
    shown = plain_lines("\n".join([head, *lines, *more])) + "\n"
    return Answer(shown, {"restrictions": records.plain_rows(events)})


def find_single_id(words: str, tables: Tables) -> str:
    """Return the id of the restriction; exit with 1 if the words match none or several."""
    question, ids = find_restrictions(words, tables)
    for note in question.notes:
        print_line(note, err=True)
    if len(ids) > 1:
        raise fail_with(_list_matches(words, tables, ids).text.removesuffix("\n"))
    return ids[0]
