"""What of a version is wanted: some restrictions, an area, a year.

A restriction belongs to an area if it is in the area or in a country of it, and to a year if it may
have been in force on a day of it: one whose end is not known may be to this day. So does
`impact_by_area` count them. Tables that tell of no restriction and no area, such as `quality`, are
left out of a choice.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd
import pyarrow as pa

from audience_impact import periods
from audience_impact.answers import names, records
from audience_impact.exporting import ExportError, answers
from audience_impact.exporting.content import Content
from audience_impact.outputs.areas import WORLD
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import EndStatus

EVERY = "all"
"""In `person_days`: every restriction of the country, and every day of a restriction."""
LONGEST_TITLE = 3
"""So many restrictions are named in the title."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for; nothing is everything. Restrictions by their ids, an area by its code."""

    restrictions: tuple[str, ...] = ()
    area: str = ""
    year: int | None = None


@dataclass(frozen=True)
class Area:
    """An area, and the countries in it, itself where it is one."""

    id: str
    name: str
    countries: frozenset[str]


def select(version: Stored, content: Content, wanted: Wanted) -> Content:
    """What is wanted of a version, with its answers.

    Raises ExportError where a restriction, an area or a year is not published.
    """
    if wanted == Wanted():
        return content
    area, ids = chosen(content, wanted)
    tables = {name: _rows(content, name, ids, area, wanted) for name in content.tables}
    kept = {name: table for name, table in tables.items() if table is not None}
    kept["sources"] = _sources(kept, content.tables["sources"])
    found = replace(
        content,
        tables={name: kept[name] for name in content.tables if name in kept},
        chosen=_words(wanted, area),
        left_out=tuple(name for name in tables if name not in kept),
    )
    if wanted.restrictions:
        known = records.Records(records.load(version))
        return answers.of_restrictions(found, [known[n] for n in wanted.restrictions], version)
    return answers.of_area(found, area.id, area.name) if area else found


def chosen(content: Content, wanted: Wanted) -> tuple[Area | None, set[str]]:
    """The area that is wanted, if any, and the ids of the restrictions.

    Raises ExportError as `select`.
    """
    area = _area_of(content, wanted)
    return area, _restrictions(content, wanted, area)


def _area_of(content: Content, wanted: Wanted) -> Area | None:
    """The area that is wanted; of a year alone the world."""
    if not wanted.area and (wanted.year is None or wanted.restrictions):
        return None
    return _area(content, wanted.area or WORLD)


def _words(wanted: Wanted, area: Area | None) -> str:
    """What was chosen, as the title says it."""
    named = list(wanted.restrictions[:LONGEST_TITLE])
    if more := len(wanted.restrictions) - len(named):
        named.append(f"{more} more")
    parts = [", ".join(named), area.name if area else "", str(wanted.year or "")]
    return ", ".join(part for part in parts if part)


def _area(content: Content, code: str) -> Area:
    """The area of a code."""
    acts = content.tables["restrictions"].to_pandas()
    above = records.holders(acts)
    name = names.area_in_words(code, _names(acts).get(code, code if code in above else ""))
    if not name:
        raise ExportError(
            f"{code} is no area on record: give a code such as RU or 002, or a name such as Africa"
        )
    countries = {country for cell in acts["country_id"] for country in cell.split(";")}
    inside = frozenset(one for one in countries if code == one or code in above[one])
    return Area(code, names.capital(name), inside)


def _names(acts: pd.DataFrame) -> dict[str, str]:
    """Return the names of the areas that restrictions are in, by code."""
    return {
        area: name
        for ids, texts in zip(acts["area_id"], acts["area_names"], strict=True)
        for area, name in zip(ids.split(";"), json.loads(texts), strict=True)
    }


def _restrictions(content: Content, wanted: Wanted, area: Area | None) -> set[str]:
    """The restrictions that are wanted."""
    acts = content.tables["restrictions"].to_pandas()
    ids = set(acts["restriction_id"])
    for name in wanted.restrictions:
        if name not in ids:
            raise ExportError(f"{name} is not published; see audience-impact list")
    if wanted.restrictions:
        acts = acts[acts["restriction_id"].isin(wanted.restrictions)]
    if area is not None:
        acts = acts[[_lies_in(area, row) for row in acts.itertuples()]]
    if wanted.year is not None:
        acts = acts[_in_force(acts, wanted.year, pd.Timestamp(content.as_of))]
    if acts.empty:
        raise ExportError(f"no restriction on record for {_words(wanted, area)}")
    return set(acts["restriction_id"])


def _lies_in(area: Area, row: object) -> bool:
    """Whether a restriction is in the area, or in a country of it."""
    own = {*str(row.area_id).split(";"), *str(row.country_id).split(";")}  # type: ignore[attr-defined]
    return area.id in own or not area.countries.isdisjoint(own)


def _in_force(acts: pd.DataFrame, year: int, as_of: pd.Timestamp) -> "pd.Series[bool]":
    """Whether a restriction was in force on a day of the year, as far as is known."""
    start = pd.to_datetime(acts["start_on"])
    last = periods.spans(acts["ended_on"].fillna(""))["end"] - periods.ONE_DAY
    last = last.mask(acts["end_status"] == EndStatus.ONGOING.value).fillna(as_of)
    carried_out = acts["end_status"] != EndStatus.WITHDRAWN.value
    return carried_out & (start < f"{year + 1}-01-01") & (last >= f"{year}-01-01")


def _rows(
    content: Content, table: str, ids: set[str], area: Area | None, wanted: Wanted
) -> pa.Table | None:
    """The rows of a table that are wanted; None where it tells of nothing of the kind."""
    rows = content.tables[table]
    names = set(rows.column_names)
    alone = bool(wanted.restrictions) or area is None
    if {"restriction_id", "period"} <= set(content.resource(table)["schema"]["primaryKey"]):
        countries = frozenset[str]() if alone or area is None else area.countries
        return _kept(rows, lambda told: _of_days(told, ids, countries, wanted.year))
    if "restriction_id" in names:
        return _kept(rows, lambda told: told["restriction_id"].isin(ids))
    if "area_id" in names and area is not None and not alone:
        return _kept(rows, lambda told: _of_area(told, area, wanted.year))
    return None


def _kept(table: pa.Table, keeps: Callable[[pd.DataFrame], "pd.Series[bool]"]) -> pa.Table:
    keys = ("restriction_id", "area_id", "period", "from_day", "to_day")
    rows = table.select([name for name in keys if name in table.column_names]).to_pandas()
    return table.filter(pa.array(keeps(rows).to_numpy(dtype=bool)))


def _of_days(
    rows: pd.DataFrame, ids: set[str], countries: frozenset[str], year: int | None
) -> "pd.Series[bool]":
    """Rows of person-days: of the restrictions, of countries together, of the year or of all."""
    together = rows["restriction_id"].eq(EVERY) & rows["area_id"].isin(countries)
    own = rows["restriction_id"].isin(ids) | together
    if year is None:
        return own
    return own & (rows["period"].eq(EVERY) | _in_year(rows["period"], year))


def _of_area(rows: pd.DataFrame, area: Area, year: int | None) -> "pd.Series[bool]":
    """Rows of the area and of the countries in it, of the year where one is asked for."""
    own = rows["area_id"].isin({area.id, *area.countries})
    if year is None:
        return own
    if "from_day" in rows:
        first, last = pd.to_datetime(rows["from_day"]), pd.to_datetime(rows["to_day"])
        return own & (first < f"{year + 1}-01-01") & (last >= f"{year}-01-01")
    return own & _in_year(rows["period"], year)


def _in_year(period: "pd.Series[str]", year: int) -> "pd.Series[bool]":
    """Whether a period has a day in the year."""
    spans = periods.spans(period)
    return (spans["start"] < f"{year + 1}-01-01") & (spans["end"] > f"{year}-01-01")


def _sources(tables: dict[str, pa.Table], sources: pa.Table) -> pa.Table:
    """The sources that the rows name."""
    named = {
        one
        for table in tables.values()
        if "source_id" in table.column_names
        for one in table["source_id"].to_pylist()
    }
    return sources.filter(pa.array([one in named for one in sources["source_id"].to_pylist()]))
