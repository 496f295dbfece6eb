"""The command `estimate`: the answer for an event that is on no record."""

import sys
from contextlib import nullcontext
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from audience_impact import vocabulary as words
from audience_impact.api.loading import IS_CHECKOUT, RELEASED
from audience_impact.cli import folders as cli
from audience_impact.cli.showing import All
from audience_impact.plain_text import json_text
from flows.commands.folders import fact_folders

if TYPE_CHECKING:
    from flows.adding.entries import Rows
    from flows.adding.event import Event

MOST_DAYS = 3_650
Networks = StrEnum("Networks", "ALL MOBILE")
"""Networks whose users are counted in the facts."""


def read_day(text: str) -> date:
    """Return a day that is written as 2026-12-01, or as today or tomorrow."""
    if (word := text.casefold()) in ("today", "tomorrow"):
        return date.today() + timedelta(word == "tomorrow")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day: write 2026-12-01 or tomorrow") from error


def estimate(
    country: Annotated[str, Option("--country")],
    start: Annotated[date, Option("--from", parser=read_day, metavar="DAY")],
    days: Annotated[int | None, Option("--days", min=1, max=MOST_DAYS)] = None,
    services: Annotated[list[str] | None, Option(metavar="SERVICE")] = None,
    feature: Annotated[list[words.Feature] | None, Option("--feature")] = None,
    place: Annotated[list[str] | None, Option("--place")] = None,
    networks: Annotated[Networks, Option()] = Networks.ALL,
    operators: Annotated[list[str] | None, Option(metavar="OPERATOR")] = None,
    slowed: Annotated[bool, Option("--slowed")] = False,
    facts: Annotated[list[Path] | None, cli.local_option("--facts", "DIR")] = None,
    published: Annotated[Path | None, cli.path_option("--published", "PLACE")] = None,
    into: Annotated[Path | None, cli.path_option("--into", "DIR")] = None,
    show_all: All = False,
    style: cli.AnswerFormat = cli.OutputFormat.TEXT,
) -> None:
    """Estimate how many people an event on no record affects, with the sources and the interval.

    The answer is that of a run over the facts with this event as one more restriction, which is
    taken to happen as described. Nothing is published.
    """
    from flows.adding import writing
    from flows.adding.event import Event, find_last_day
    from flows.answering import open_facts

    if feature and not services:
        raise cli.fail_with("--feature goes with --services; give the services", 2)
    if facts and published:
        raise cli.fail_with("give --facts or --published, not both", 2)
    event = Event(
        country,
        start,
        find_last_day(start, days),
        _split_names(services),
        tuple(dict.fromkeys(feature or ())),
        _split_names(place),
        words.NetworkScope(networks),
        _split_names(operators),
        slowed,
    )
    if into and not into.is_dir():  # before the answer is computed, which takes a while
        raise cli.fail_with(f"{into} is no folder; give a folder of fact tables", 2)
    of_folders = facts or (IS_CHECKOUT and not published)
    version = None if of_folders else cli.open_version(published or RELEASED)
    with open_facts(version) if version else nullcontext(fact_folders(facts)) as folders:
        rows = _show_estimate(event, folders, version.id if version else "", show_all, style)
    if into:
        files = writing.insert_rows(into, rows)
        writing.write_files(files)
        names = ", ".join(file.path.name for file in files)
        typer.echo(
            f"written into {names}; replace its source_id by the page that reports the event"
        )


def _split_names(cells: list[str] | None) -> tuple[str, ...]:
    names = [name.strip() for cell in cells or () for name in cell.split(",")]
    return tuple(dict.fromkeys(filter(None, names)))


def _show_estimate(
    event: "Event", folders: list[Path], version_id: str, show_all: bool, style: cli.OutputFormat
) -> "Rows":
    from audience_impact.answers import records
    from audience_impact.cli.answering import answer_restriction
    from flows.adding.event import publish_estimate
    from flows.answering import tell_ahead
    from flows.pipeline import steps

    try:
        with publish_estimate(event, steps.read_facts(folders)) as estimated:
            version = cli.open_version(estimated.published)
            tables = records.Tables(version)
            answer = answer_restriction(version, tables, estimated.restriction_id, show_all)
    except steps.RefusedError as error:
        # Of the facts of a version, whose copies are gone by now, a line says enough.
        if not version_id or not error.findings:
            raise cli.fail_with(str(error)) from error
        line = steps.format_finding(error.findings[0])
        raise cli.fail_with(
            f"this release cannot use the facts of version {version_id}: {line}: give another "
            "version, or --facts DIR"
        ) from error
    values = {"version_id": version.id, **answer.values}
    shown = json_text(values) + "\n" if style is cli.OutputFormat.JSON else answer.text
    sys.stdout.write(tell_ahead(shown) if event.start > date.today() else shown)
    if estimated.refused_rows_count:
        typer.echo(
            "rows of the facts with an error, which are left out: "
            f"{estimated.refused_rows_count}; audience-impact check names them",
            err=True,
        )
    return estimated.rows
