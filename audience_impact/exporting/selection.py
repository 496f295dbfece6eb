"""The requested part of a version (some restrictions, an area, a year), and the answers to it.

A restriction belongs to an area if it is in the area or in a country of the area. It belongs to a
year if it may have been in force on a day of the year. `impact_by_area` counts in the same way.
Tables without restrictions and areas, such as `quality`, are omitted from a selection.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pandas as pd
import pyarrow as pa

from audience_impact import periods
from audience_impact.answers import (
    EventKind,
    EventOrder,
    names,
    rankings,
    records,
    sentences,
)
from audience_impact.answers.citation import cite_restriction
from audience_impact.answers.names import label_status
from audience_impact.answers.numbers import read_estimate, read_numbers
from audience_impact.answers.records import AnswerRecord
from audience_impact.exporting import ExportError
from audience_impact.exporting.content import Content, KeyFigures
from audience_impact.outputs.areas import WORLD
from audience_impact.populations import read_area_names
from audience_impact.store.divided import list_published
from audience_impact.store.versions import Stored

HEADINGS = (
    *("minimum", "5 %", "median", "95 %", "maximum"),
    *("minimum at face value", "maximum at face value", "confidence"),
)


def add_restriction_answers(
    content: Content, records: Sequence[AnswerRecord], version: Stored
) -> Content:
    """Return the content with the answer for each restriction, its citation and its numbers."""
    metrics = _read_meanings(content, "impact", "impact_metric")
    order = {metric: place for place, metric in enumerate(metrics)}
    rows = tuple(
        (
            f"{record.restriction.restriction_id}: " * (len(records) > 1)
            + metrics.get(counted.metric, counted.metric),
            *read_numbers(counted.people),
            counted.status,
        )
        for record in records
        for counted in sorted(record.numbers, key=lambda number: order.get(number.metric, 0))
    )
    answers = tuple(sentences.write_answer(record, content.version_id) for record in records)
    figures = KeyFigures(("people counted", *HEADINGS), rows)
    cited = tuple(cite_restriction(record, version).format_text() for record in records)
    return replace(content, answers=answers, key_figures=figures, cited=cited)


def add_area_answers(content: Content, area_id: str, area_name: str) -> Content:
    """Return the content with the answer for each year of an area."""
    rows = [
        row
        for row in records.plain_rows(content.read_computed("impact_by_area"))
        if row["area_id"] == area_id and len(row["period"]) == 4
    ]
    answers = tuple(sentences.write_area_answer(row, area_name) for row in rows)
    figures = KeyFigures(
        ("year, each person once", *HEADINGS[:-1], "interval of", HEADINGS[-1]),
        tuple(
            (row["period"], *read_numbers(people), str(people.covered or ""), label_status(row))
            for row in rows
            for people in [read_estimate(row)]
        ),
    )
    return replace(content, answers=answers, key_figures=figures if rows else None)


def _read_meanings(content: Content, table: str, column: str) -> dict[str, str]:
    (field,) = [item for item in content.describe_columns(table) if item["name"] == column]
    return {item["value"]: item["label"] for item in field.get("categories", ())}


EVERY = "all"
"""Ids in `person_days`: every restriction of the country, and every day of a restriction."""
_OF_LEVELS = {*list_published(["impact_by_area", "impact_by_day"])} - {"impact_by_area"}
"""Tables of which most have no row for an area, and are left out then."""
LONGEST_TITLE = 3
"""Maximum number of restrictions that are named in the title."""


@dataclass(frozen=True)
class ExportQuery:
    """Requested restrictions (ids), area (code) and year; if all are empty, the whole version.

    Attributes:
        restrictions: Ids of restrictions.
        area: The code of an area.
        year: A year, in which restrictions were in force.
        kind: Only shutdowns of the whole internet, or restrictions of services alone.
        begun: Only restrictions that began in the year.
        order: The order of the rows of restrictions in a workbook.
    """

    restrictions: tuple[str, ...] = ()
    area: str = ""
    year: int | None = None
    kind: EventKind | None = None
    begun: bool = False
    order: EventOrder = EventOrder.PEOPLE


@dataclass(frozen=True)
class Area:
    """An area and its countries; a country contains itself."""

    id: str
    name: str
    countries: frozenset[str]


def select_content(version: Stored, content: Content, query: ExportQuery) -> Content:
    """Return the requested part of a version, with its answers.

    Raise ExportError where a restriction, an area or a year is not published.
    """
    if replace(query, order=EventOrder.PEOPLE) == ExportQuery():
        return content
    area, ids = choose_restrictions(content, query)
    tables = {name: _select_rows(content, name, ids, area, query) for name in content.tables}
    chosen_tables = {
        name: table
        for name, table in tables.items()
        if table is not None and (table.num_rows or name not in _OF_LEVELS)
    }
    chosen_tables["sources"] = _select_sources(chosen_tables, content.tables["sources"])
    selected = replace(
        content,
        tables={name: chosen_tables[name] for name in content.tables if name in chosen_tables},
        chosen=_write_title(query, area),
        left_out=tuple(name for name in tables if name not in chosen_tables),
    )
    if query.restrictions:
        answer_records = records.Records(records.load_tables(version))
        return add_restriction_answers(
            selected, [answer_records[n] for n in query.restrictions], version
        )
    return add_area_answers(selected, area.id, area.name) if area else selected


def choose_restrictions(content: Content, query: ExportQuery) -> tuple[Area | None, set[str]]:
    """Return the requested area, if any, and the ids of the restrictions.

    Raise ExportError as `select_content` does.
    """
    area = _choose_area(content, query)
    return area, _choose_ids(content, query, area)


def _choose_area(content: Content, query: ExportQuery) -> Area | None:
    """Return the requested area; the world if only a year is requested."""
    is_part = query.year is not None or query.kind is not None
    if not query.area and (not is_part or query.restrictions):
        return None
    return _find_area(content, query.area or WORLD)


def _write_title(query: ExportQuery, area: Area | None) -> str:
    named = list(query.restrictions[:LONGEST_TITLE])
    if more := len(query.restrictions) - len(named):
        named.append(f"{more} more")
    kind = {None: "", EventKind.SHUTDOWN: "shutdowns", EventKind.SERVICE: "blocked services"}
    begun = f"begun in {query.year}" if query.begun else str(query.year or "")
    parts = [", ".join(named), area.name if area else "", kind[query.kind], begun]
    return ", ".join(part for part in parts if part)


def _find_area(content: Content, code: str) -> Area:
    """Return the area of a code; raise ExportError where it is not on record."""
    acts = content.tables["restrictions"].to_pandas()
    above = records.list_containing_areas(acts)
    name = names.area_in_words(code, read_area_names(acts).get(code, code if code in above else ""))
    if not name:
        raise ExportError(
            f"{code} is no area on record: give a code such as RU or 002, or a name such as Africa"
        )
    countries = {country for cell in acts["country_id"] for country in cell.split(";")}
    inside = frozenset(
        code_inside
        for code_inside in countries
        if code == code_inside or code in above[code_inside]
    )
    return Area(code, names.capitalise_first(name), inside)


def _choose_ids(content: Content, query: ExportQuery, area: Area | None) -> set[str]:
    """Return the ids of the requested restrictions; raise ExportError where there are none."""
    tables = {
        name: content.read_computed(name)
        for name in ("restrictions", "person_days", "impact_by_platform")
    }
    ids = set(tables["restrictions"]["restriction_id"])
    for name in query.restrictions:
        if name not in ids:
            raise ExportError(f"{name} is not published; see audience-impact list")
    year = None if query.year is None else str(query.year)
    code = "" if area is None else area.id
    acts = rankings.select_restrictions(tables, code, year, query.kind, query.begun)
    chosen_ids = set(acts["restriction_id"]).intersection(query.restrictions or ids)
    if not chosen_ids:
        raise ExportError(f"no restriction on record for {_write_title(query, area)}")
    return chosen_ids


def _select_rows(
    content: Content, table: str, ids: set[str], area: Area | None, query: ExportQuery
) -> pa.Table | None:
    """Return the requested rows of a table; None where it has no restrictions and no areas."""
    rows = content.tables[table]
    names = set(rows.column_names)
    alone = bool(query.restrictions) or area is None
    if {"restriction_id", "period"} <= set(content.describe_table(table)["schema"]["primaryKey"]):
        countries = frozenset[str]() if alone or area is None else area.countries
        return _filter_rows(
            rows, lambda frame: _match_person_days(frame, ids, countries, query.year)
        )
    if "restriction_id" in names:
        return _filter_rows(rows, lambda frame: frame["restriction_id"].isin(ids))
    if "area_id" in names and area is not None and not alone:
        return _filter_rows(rows, lambda frame: _match_area_rows(frame, area, query.year))
    return None


def _filter_rows(
    table: pa.Table, is_match: Callable[[pd.DataFrame], "pd.Series[bool]"]
) -> pa.Table:
    keys = ("restriction_id", "area_id", "period", "from_day", "to_day")
    rows = table.select([name for name in keys if name in table.column_names]).to_pandas()
    return table.filter(pa.array(is_match(rows).to_numpy(dtype=bool)))


def _match_person_days(
    rows: pd.DataFrame, ids: set[str], countries: frozenset[str], year: int | None
) -> "pd.Series[bool]":
    """Return whether rows belong to the restrictions, or to the countries, in the year."""
    together = rows["restriction_id"].eq(EVERY) & rows["area_id"].isin(countries)
    is_match = rows["restriction_id"].isin(ids) | together
    if year is None:
        return is_match
    return is_match & (rows["period"].eq(EVERY) | _is_in_year(rows["period"], year))


def _match_area_rows(rows: pd.DataFrame, area: Area, year: int | None) -> "pd.Series[bool]":
    """Return whether rows belong to the area or its countries, and to the year if one is given."""
    is_match = rows["area_id"].isin({area.id, *area.countries})
    if year is None:
        return is_match
    if "from_day" in rows:
        first, last = pd.to_datetime(rows["from_day"]), pd.to_datetime(rows["to_day"])
        return is_match & (first < f"{year + 1}-01-01") & (last >= f"{year}-01-01")
    return is_match & _is_in_year(rows["period"], year)


def _is_in_year(period: "pd.Series[str]", year: int) -> "pd.Series[bool]":
    """Return for each period whether it has a day in the year."""
    spans = periods.parse_periods(period)
    return (spans["start"] < f"{year + 1}-01-01") & (spans["end"] > f"{year}-01-01")


def _select_sources(tables: dict[str, pa.Table], sources: pa.Table) -> pa.Table:
    """Return the sources named in the rows."""
    named = {
        source
        for table in tables.values()
        if "source_id" in table.column_names
        for source in table["source_id"].to_pylist()
    }
    return sources.filter(
        pa.array([source in named for source in sources["source_id"].to_pylist()])
    )
