"""The command `list`, and the answers of `show` for an area: its countries and restrictions."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audience_impact.answers import ChartForm, EventKind, EventOrder, Grouping, Quantity
from audience_impact.cli.folders import (
    PUBLISHED,
    ListFormat,
    OnDay,
    OutputFormat,
    PublishedFolder,
    VersionName,
    fail_with,
    load_tables,
    local_option,
    open_version,
)

if TYPE_CHECKING:
    import pandas as pd

    from audience_impact.answers.rankings import Ranking
    from audience_impact.answers.records import AreaRecord
    from audience_impact.cli.finding import Question
    from audience_impact.site.charts.finish import Picture
    from audience_impact.store.versions import Stored

By = Annotated[
    Grouping | None,
    typer.Option(
        "--by", help="Rank the restrictions of an area, or its countries. Default: restriction."
    ),
]
Metric = Annotated[
    Quantity,
    typer.Option(help="Rank by people, each counted once, or by person-days, once a day."),
]
Top = Annotated[int, typer.Option(min=1, metavar="N", help="Number of rows of the ranking.")]
All = Annotated[
    bool,
    typer.Option(
        "--all",
        help="Show everything: of a restriction codes, all figures and what makes the interval "
        "wide; of an area years, months and what others published.",
    ),
]
Chart = Annotated[
    Path | None,
    local_option(
        "--chart",
        "FILE",
        "Write what is shown as a picture, .png or .svg, with its source and licence.",
    ),
]
As = Annotated[
    ChartForm | None,
    typer.Option(
        "--as",
        help="Form of the chart of a country or region: bars of what is shown, a map of its "
        "countries, or a line over all its years. Default: bar.",
    ),
]
Area = Annotated[
    str,
    typer.Option(
        metavar="AREA",
        help="Only this area: a code (RU, 002, 001 for the world) or a name (Africa, Burma).",
        show_default=False,
    ),
]
Year = Annotated[int | None, typer.Option(min=1990, max=2100, help="Only this year.")]
Kind = Annotated[
    EventKind | None,
    typer.Option(help="Only shutdowns of the whole internet, or restrictions of services alone."),
]
Begun = Annotated[
    bool, typer.Option("--begun", help="Only restrictions that began in the year of --year.")
]
Sort = Annotated[
    EventOrder | None,
    typer.Option(help="The most people or person-days first, or the newest."),
]


MOST_RANKED = 10
"""Number of rows of a ranking without --top."""


@dataclass(frozen=True)
class RankedArea:
    """An area in a period: its record, its countries and its restrictions, and which of them lead.

    Attributes:
        record: Everything published about the area.
        ranking: Its countries, the largest first.
        events: Its restrictions, the largest first.
        by: Whether countries or restrictions are shown.
    """

    record: "AreaRecord"
    ranking: "Ranking"
    events: "pd.DataFrame"
    by: Grouping

    @property
    def rows(self) -> "pd.DataFrame":
        """Return the rows that are shown; of restrictions that continue each other one."""
        from audience_impact.answers import rankings

        is_by_country = self.by is Grouping.COUNTRY
        return self.ranking.rows if is_by_country else rankings.join_chains(self.events)


def add_to(app: typer.Typer) -> None:
    """Add the command `list` to the app."""
    app.command(name="list")(list_restrictions)


def rank_area(
    tables: "dict[str, pd.DataFrame]", question: "Question", by: Grouping | None, metric: Quantity
) -> RankedArea:
    """Return an area with its countries and restrictions; exit with 1 if nothing is published."""
    from audience_impact.answers import rankings
    from audience_impact.cli import finding

    if question.has_shutdowns and question.period is None:
        people = rankings.select_kind(tables, EventKind.SHUTDOWN)["impact_by_area"]
        years = people.loc[people["area_id"] == (question.area or finding.WORLD), "period"]
        question.period = max(years[years.str.len() == len("2023")], default=None)
    record = _find_area_record(tables, question)
    period = record.row["period"]
    is_unpublished = metric is Quantity.PERSON_DAYS and "-" in period
    if by is Grouping.RESTRICTION and is_unpublished:
        raise fail_with("person-days of restrictions are published by year: give a year", 2)
    by = by or (Grouping.COUNTRY if is_unpublished else Grouping.RESTRICTION)
    kind = EventKind.SHUTDOWN if question.has_shutdowns else None
    acts = rankings.select_restrictions(tables, record.area_id, period, kind)
    if kind and ("-" in period or acts.empty):  # the numbers of a kind are published by year
        if acts.empty:
            question.ignore(EventKind.SHUTDOWN)
        else:
            question.remarks.append("A month counts restrictions of every kind together.")
        kind = None
        acts = rankings.select_restrictions(tables, record.area_id, period)
    events = rankings.build_events(tables, set(acts["restriction_id"]), period)
    ranking = rankings.build_ranking(tables, record.area_id, period, metric, kind)
    return RankedArea(record, ranking, rankings.sort_events(events, EventOrder(metric)), by)


def render_area(area: RankedArea, version_id: str, top: int, show_all: bool) -> str:
    """Return the answer for an area: a sentence, a ranking, what is left out, and all the rest."""
    from audience_impact.answers import text

    brief = text.render_area_brief(area.record, area.ranking, version_id, area.rows, top)
    return f"{brief}\n{text.render_area(area.record, version_id)}" if show_all else brief


def list_area_values(area: RankedArea, version_id: str) -> dict[str, Any]:
    """Return the answer for an area as plain values."""
    from audience_impact.answers import text

    values = text.area_json(area.record, version_id) | text.ranking_json(area.ranking)
    values |= {"kind": area.ranking.kind.value} if area.ranking.kind else {}
    return values | text.events_json(area.events)


def draw_area(
    version: "Stored",
    tables: "dict[str, pd.DataFrame]",
    area: RankedArea,
    top: int,
    form: ChartForm | None = None,
) -> "Picture":
    """Return the picture of an area: bars, a map or a line; exit with 1 if there is none."""
    from audience_impact.answers import rankings
    from audience_impact.site.charts import line, region_map
    from audience_impact.site.charts import ranking as charts

    ranked, events = area.ranking, area.events
    if form is ChartForm.LINE:
        tables = rankings.select_kind(tables, ranked.kind) if ranked.kind else tables
        acts = rankings.select_restrictions(tables, ranked.area_id, kind=ranked.kind)
        acts = acts["restriction_id"]
        events = rankings.build_events(tables, acts)
    publishers = list(events["publisher"].dropna().value_counts().index)
    try:
        if form is ChartForm.MAP:
            return region_map.draw_ranking_map(ranked, top, publishers, version)
        if form is ChartForm.LINE:
            years = rankings.list_years(tables, ranked.area_id, ranked.quantity)
            return line.draw_years_line(ranked.name, ranked.quantity, years, publishers, version)
    except ValueError as error:
        raise fail_with(f"no {form} of {ranked.name}: {error}") from error
    return charts.draw_ranking(ranked, area.rows, top, publishers, version)


def write_chart(picture: "Picture", path: Path) -> None:
    """Write a picture into a file; exit with 1 where its ending or the disk does not allow it."""
    from audience_impact.store.files import explain_error, write_whole

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, picture.encode(path.suffix))
    except (OSError, ValueError) as error:
        reason = explain_error(error) if isinstance(error, OSError) else error
        raise fail_with(f"cannot write the picture {path}: {reason}") from error


def _find_area_record(tables: "dict[str, pd.DataFrame]", question: "Question") -> "AreaRecord":
    """Return the record of the area of a question; exit with 1 if nothing is published for it."""
    from audience_impact.answers import names, records
    from audience_impact.cli import finding

    area = question.area or finding.WORLD
    try:
        return records.build_area_record(tables, area, question.period)
    except KeyError as error:
        when = f" in {question.period}" if question.period else ""
        name = names.area_in_words(area, area)
        raise fail_with(f"The record has no number of people for {name}{when}.") from error


def has_record(tables: "dict[str, pd.DataFrame]", question: "Question") -> bool:
    """Return whether people of the area and period of a question are published."""
    from audience_impact.answers import records
    from audience_impact.cli import finding

    try:
        records.build_area_record(tables, question.area or finding.WORLD, question.period)
    except KeyError:
        return False
    return True


def find_area_code(words: str, tables: "dict[str, pd.DataFrame]") -> str:
    """Return the code of the area with this name or code; exit with 1 if a name is unknown."""
    from audience_impact.answers import records
    from audience_impact.cli import finding

    code = finding.find_area(words, records.read_area_names(tables)) if words else ""
    if code is None and not finding.CODE.fullmatch(words):
        raise fail_with(
            f"{words} is no area on record: give a code such as RU or 002, or a name such as Africa"
        )
    return code or words


def list_restrictions(
    published: PublishedFolder = PUBLISHED,
    version_name: VersionName = None,
    on: OnDay = None,
    area: Area = "",
    year: Year = None,
    sort: Sort = None,
    kind: Kind = None,
    begun: Begun = False,
    style: ListFormat = OutputFormat.TEXT,
) -> None:
    """List the published restrictions: all, the best known first, or those of an area and a year.

    With --area, --year, --sort, --kind or --begun: a line for each restriction, with its days,
    people or person-days with the likely range, what was cut, and the source.
    """
    if begun and year is None:
        raise fail_with("--begun goes with --year", 2)
    version = open_version(published, version_name, on)
    tables = load_tables(version)
    if not (area or year or sort or kind) and style is OutputFormat.TEXT:
        from audience_impact.answers import tables as report

        report.print_results(report.list_exposed(tables), f"People exposed, version {version.id}")
        return
    from audience_impact.answers import rankings, text
    from audience_impact.plain_text import json_text, plain_lines

    period = None if year is None else str(year)
    acts = rankings.select_restrictions(tables, find_area_code(area, tables), period, kind, begun)
    ids = set(acts["restriction_id"])
    order = sort or EventOrder.PEOPLE
    events = rankings.sort_events(rankings.build_events(tables, ids, period), order)
    if style is OutputFormat.JSON:
        values = {"version_id": version.id, **text.events_json(events)}
        sys.stdout.write(json_text(values) + "\n")
        return
    if events.empty:
        raise fail_with("no restriction on record fits these options; see audience-impact list")
    quantity = Quantity.PERSON_DAYS if order is EventOrder.PERSON_DAYS else Quantity.PEOPLE
    head = text.describe_list(events, quantity, version.id)
    sys.stdout.write(plain_lines("\n".join([head, *text.list_events(events, quantity)])) + "\n")
