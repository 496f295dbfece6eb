"""The content of an export: a version, or some restrictions, an area or a year, with the answers.

Everything is read from the version itself, never from the code, so that the words of an older
version do not change.

A restriction belongs to an area if it is in the area or in a country of the area. It belongs to a
year if it may have been in force on a day of the year, as `countries_by_year` counts it. Tables
without restrictions and areas, such as `quality`, are left out of a selection, and tables of areas
without a row for it.

A workbook has one more table, `events`: a row for each restriction, as `audience-impact list` shows
it. It is not published; it joins published tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from audience_impact import periods
from audience_impact.answers import EventKind, EventOrder, names, rankings, records, sentences
from audience_impact.answers.areas import AreaRecord, group_kinds, is_year, write_area_answer
from audience_impact.answers.citation import cite_restriction, cite_version
from audience_impact.answers.records import AnswerRecord
from audience_impact.populations import read_area_names
from audience_impact.store import PublishError
from audience_impact.store.versions import Stored, make_frame
from audience_impact.vocabulary import WORLD, read_table

ORDER = (
    *("restrictions", "impact", "impact_by_platform"),
    *("countries_by_year", "countries_by_month", "countries_by_day"),
    *("regions_by_year", "regions_by_month", "regions_by_day", "draws", "sources", "lineage"),
)
"""Tables that come first because readers need them most; others follow by name."""
PERIODS = ("year", "month", "day", "period")
"""Columns of the time of a row, of which a table has at most one."""
LONGEST_TITLE = 3
"""Maximum number of restrictions that are named in the title."""
KINDS = {None: "", EventKind.SHUTDOWN: "shutdowns", EventKind.SERVICE: "blocked services"}
EVENTS = "events"
ABOUT_EVENTS = (
    "One row a restriction: days, people and person-days with the likely range, and source"
)
EVENT_COLUMNS = Path(__file__).with_name("events.csv")
"""Name, type, unit and meaning of each column of `events`."""


@dataclass(frozen=True)
class Content:
    """A version, or a selection from it.

    `package` is `datapackage.json` of the version, and `tables` have rows and columns as published.
    A selection is `chosen`, in words. It may have answers as sentences, tables that are left out
    because they have no row for it, and a citation of its own.
    """

    package: Mapping[str, Any]
    tables: Mapping[str, pa.Table]
    chosen: str = ""
    answers: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    cited: tuple[str, ...] = ()

    def describe(self) -> dict[str, Any]:
        """Return what an export says of itself, as in its file of JSON."""
        return {
            "title": f"{self.package['title']}{f': {self.chosen}' if self.chosen else ''}",
            "answers": self.answers,
            "version": self.package["version"],
            "as_of": self.package["audience_impact"]["as_of"],
            "licence": self.package["licenses"][0],
            "cite_as": self.cited or (cite_version(self.package),),
            "left_out": self.left_out,
        }

    def read_frame(self, table: str) -> pd.DataFrame:
        """Return a table as answers read it."""
        return make_frame(self.tables[table])

    def describe_table(self, table: str) -> dict[str, Any]:
        """Return the entry of a table in `datapackage.json`."""
        by_name = {resource["name"]: resource for resource in self.package["resources"]}
        return dict(by_name[table])

    def find_path(self, table: str, ending: str) -> str:
        """Return the path of the file of a table in an export, as in the version."""
        return f"{self.describe_table(table)['path'].rpartition('.')[0]}.{ending}"

    def describe_columns(self, table: str) -> list[dict[str, Any]]:
        """Return the description of each column of a table, in their order."""
        return list(self.describe_table(table)["schema"]["fields"])


def read_all_tables(version: Stored) -> Content:
    """Return all tables of a version; raise PublishError where a table is damaged."""
    names = sorted(version.count_rows(), key=rank_table)
    return Content(version.manifest, {name: version.read_arrow(name) for name in names})


def rank_table(table: str) -> tuple[int, str]:
    """Return the sort key of a table, for the order of tables in an export."""
    return (ORDER.index(table) if table in ORDER else len(ORDER), table)


def read_values(field: Mapping[str, Any]) -> dict[str, str]:
    """Return the meanings of the coded values of a column, or of its few special values."""
    coded = {category["value"]: category["label"] for category in field.get("categories", ())}
    return coded or dict(field.get("values") or field.get("special_values", {}))


def write_note(field: Mapping[str, Any], most: int | None = None) -> str:
    """Return the meaning of a column, its unit, and the meanings of at most `most` coded values."""
    lines = [field["description"]]
    if field.get("unit"):
        lines.append(f"Unit: {field['unit'].replace('_', '-')}")
    words = [f"{value}: {meaning}" for value, meaning in read_values(field).items()]
    if most is not None and len(words) > most:
        words[most:] = ["More in the sheet values."]
    return "\n".join([*lines, *words])


@dataclass(frozen=True)
class ExportQuery:
    """Requested restrictions (ids), area (code) and year; if all are empty, the whole version.

    Of a year these are the restrictions in force, or only those `begun` in it. `order` is that of
    the rows of restrictions in a workbook.
    """

    restrictions: tuple[str, ...] = ()
    area: str = ""
    year: int | None = None
    kind: EventKind | None = None
    begun: bool = False
    order: EventOrder = EventOrder.PEOPLE

    @property
    def period(self) -> str | None:
        """Return the year as it is published."""
        return None if self.year is None else str(self.year)


class Area(NamedTuple):
    """An area and its countries; a country contains itself."""

    id: str
    name: str
    countries: frozenset[str]


def select_content(version: Stored, content: Content, query: ExportQuery) -> Content:
    """Return the requested part of a version, with its answers.

    Raise PublishError where an area is not published, or has no restriction in the year.
    """
    if replace(query, order=EventOrder.PEOPLE) == ExportQuery():
        return content
    area, ids = choose_restrictions(content, query)
    selected = {}
    for name, table in content.tables.items():
        rows = _select_rows(content, name, ids, area, query)
        if any(rows) or "restriction_id" in table.column_names:
            selected[name] = table.filter(pa.array(rows.to_numpy(dtype=bool)))
    cells = [table["source_id"] for table in selected.values() if "source_id" in table.schema.names]
    named = {source for column in cells for source in column.to_pylist()}
    selected["sources"] = content.tables["sources"].filter(pc.field("source_id").isin([*named]))
    part = replace(
        content,
        tables={name: selected[name] for name in content.tables if name in selected},
        chosen=_write_title(query, area),
        left_out=tuple(name for name in content.tables if name not in selected),
    )
    if query.restrictions:
        read = content.tables.__getitem__
        return add_restriction_answers(
            part, [records.build_record(read, name) for name in query.restrictions], version
        )
    if area is None:
        return part
    years = records.combine_areas(content.tables.__getitem__)
    is_asked = (
        years["period"].map(is_year) if query.year is None else years["period"] == query.period
    )
    kinds = group_kinds(records.plain_rows(years[(years["area_id"] == area.id) & is_asked]))
    answered = [AreaRecord(area.name, of_year) for of_year in kinds.values()]
    return replace(part, answers=tuple(map(write_area_answer, answered)))


def add_restriction_answers(
    content: Content, records: Sequence[AnswerRecord], version: Stored
) -> Content:
    """Return the content with the answer for each restriction, and its citation."""
    answers = tuple(sentences.write_answer(record, version.id) for record in records)
    cited = tuple(cite_restriction(record, version).format_text() for record in records)
    return replace(content, answers=answers, cited=cited)


def choose_restrictions(content: Content, query: ExportQuery) -> tuple[Area | None, set[str]]:
    """Return the requested area, if any, and the ids of the restrictions.

    The area is the world if only a year or a kind is requested. Raise PublishError as
    `select_content` does.
    """
    is_part = query.year is not None or query.kind is not None
    is_area = bool(query.area) or (is_part and not query.restrictions)
    area = _find_area(content, query.area or WORLD) if is_area else None
    needed = ("restrictions", "person_days", "impact_by_platform")
    tables = {name: content.read_frame(name) for name in needed}
    code = "" if area is None else area.id
    acts = rankings.select_restrictions(tables, code, query.period, query.kind, query.begun)
    ids = set(acts["restriction_id"])
    chosen = ids.intersection(query.restrictions) if query.restrictions else ids
    if not chosen:
        raise PublishError(f"no restriction on record for {_write_title(query, area)}")
    return area, chosen


def _write_title(query: ExportQuery, area: Area | None) -> str:
    named = list(query.restrictions[:LONGEST_TITLE])
    if more := len(query.restrictions) - len(named):
        named.append(f"{more} more")
    begun = f"begun in {query.year}" if query.begun else str(query.year or "")
    parts = [", ".join(named), area.name if area else "", KINDS[query.kind], begun]
    return ", ".join(filter(None, parts))


def _find_area(content: Content, code: str) -> Area:
    acts = content.read_frame("restrictions")
    above = records.list_containing_areas(acts)
    name = names.area_in_words(code, read_area_names(acts).get(code, code if code in above else ""))
    if not name:
        raise PublishError(
            f"{code} is no area on record: give a code such as RU or 002, or a name such as Africa"
        )
    countries = {country for cell in acts["country_ids"] for country in cell.split(";")}
    inside = {country for country in countries if code == country or code in above[country]}
    return Area(code, names.capitalise_first(name), frozenset(inside))


def _select_rows(
    content: Content, table: str, ids: set[str], area: Area | None, query: ExportQuery
) -> "pd.Series[bool]":
    keys = ("restriction_id", "area_id", *PERIODS)
    columns = content.tables[table].column_names
    rows = content.tables[table].select([key for key in keys if key in columns]).to_pandas()
    place = None if query.restrictions else area
    if {"restriction_id", "period"} <= set(content.describe_table(table)["schema"]["primaryKey"]):
        countries = place.countries if place else ()
        together = rows["restriction_id"].eq(records.ALL) & rows["area_id"].isin(countries)
        is_match = rows["restriction_id"].isin(ids) | together
        return is_match & (rows["period"].eq(records.ALL) | _is_in_year(rows, query.year))
    if "restriction_id" in rows:
        return rows["restriction_id"].isin(ids)
    if "area_id" in rows and place is not None:
        return rows["area_id"].isin({place.id, *place.countries}) & _is_in_year(rows, query.year)
    return pd.Series(False, index=rows.index)


def _is_in_year(rows: pd.DataFrame, year: int | None) -> "pd.Series[bool]":
    if year is None:
        return pd.Series(True, index=rows.index)
    cells = next(rows[name] for name in PERIODS if name in rows)
    if cells.name != "period":
        return cells.astype("str").str[:4] == str(year)
    spans = periods.parse_periods(cells)
    return (spans["start"] < f"{year + 1}-01-01") & (spans["end"] > f"{year}-01-01")


def add_events(content: Content, everything: Content, query: ExportQuery) -> Content:
    """Return a selection with the table `events` in front of its tables.

    `everything` has all tables of the version, from which rows are joined.
    """
    needed = ("restrictions", "impact", "impact_by_platform", "person_days", "sources")
    frames = {name: everything.read_frame(name) for name in needed}
    ids = content.tables["restrictions"]["restriction_id"].to_pylist()
    events = rankings.build_events(frames, ids, query.period)
    columns = read_table(EVENT_COLUMNS)
    fields = [{name: cell for name, cell in row.items() if cell} for row in columns]
    rows = rankings.sort_events(events, query.order)[[field["name"] for field in fields]]
    about = {"name": EVENTS, "description": ABOUT_EVENTS, "schema": {"fields": fields}}
    return replace(
        content,
        package={**content.package, "resources": [*content.package["resources"], about]},
        tables={EVENTS: pa.Table.from_pandas(rows, preserve_index=False), **content.tables},
    )
