"""Everything published about a country, a region or the world in a period, as a record.

The terminal, JSON, pages, pictures and the workbook render this record, so that they cannot
disagree. Rows are those of the published tables of countries and regions by year and month: a row
for each kind of restrictions, with people, each counted once, beside person-days, each person
counted once a day.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from audience_impact.answers import Quantity, names
from audience_impact.answers.numbers import COUNTRIES, RESTRICTIONS, Cover, Estimate, read_estimate
from audience_impact.answers.records import Row, list_containing_areas, plain_rows
from audience_impact.vocabulary import RestrictionKind, YesNo

NONE_OF_KIND = Estimate(0.0, None, None, None, 0.0, 0.0, 0.0)


def is_year(period: str) -> bool:
    """Return whether a period is a year, and not a month."""
    return len(period) == len("2025")


def is_collected(row: Row) -> bool:
    """Return whether the events of the period of a row of an area were collected by all sources."""
    return str(row["period"])[:4] <= (row.get("collected_until") or str(row["period"]))[:4]


def group_kinds(rows: Iterable[Row]) -> dict[str, dict[str, Row]]:
    """Return the rows of an area by period and kind."""
    periods: dict[str, dict[str, Row]] = {}
    for row in rows:
        periods.setdefault(row["period"], {})[row["kind"]] = row
    return periods


def read_kind(kinds: Mapping[str, Row], kind: str) -> Estimate:
    """Return the people of a period under restrictions of a kind; no one where there is none."""
    return read_estimate(kinds[kind]) if kind in kinds else NONE_OF_KIND


def read_amount(row: Row, quantity: Quantity) -> Estimate:
    """Return the people or person-days of a row of a country or a restriction."""
    if quantity is Quantity.PEOPLE:
        return read_estimate(row)
    is_part = YesNo.YES if _is_incomplete(row) else YesNo.NO
    return read_estimate({**row, "is_lower_bound": is_part}, quantity.unit)


def _is_incomplete(row: Row) -> bool:
    """Return whether the quantiles of person-days leave something out."""
    rules = row.get("person_days_reason_rule_ids") or ""
    return bool(re.search("some_bounds_only|no_daily|outweighed", rules))


@dataclass(frozen=True)
class AreaRecord:
    """Everything published about a country, a region or the world in a year, a month or on a day.

    Attributes:
        name: The name of the area, as used in a sentence.
        kinds: The row of each kind of restrictions in the period.
        kind: The restrictions that are counted.
        quantity: What an answer counts.
        countries: The rows of its countries, the largest median first, as `rank_countries` returns
            them.
        by_year: Its rows of all years, of each kind.
        by_month: Its rows of the months of the year, of each kind.
        comparisons: What others published: rows of `area_comparisons`.
    """

    name: str
    kinds: Mapping[str, Row]
    kind: RestrictionKind = RestrictionKind.ALL
    quantity: Quantity = Quantity.PEOPLE
    countries: pd.DataFrame = field(default_factory=pd.DataFrame)
    by_year: tuple[Row, ...] = ()
    by_month: tuple[Row, ...] = ()
    comparisons: tuple[Row, ...] = ()

    @property
    def row(self) -> Row:
        """Return the row of the restrictions that are counted."""
        return self.kinds[self.kind]

    @property
    def area_id(self) -> str:
        """Return the code of the area."""
        return str(self.row["area_id"])

    @property
    def period(self) -> str:
        """Return the year, the month or the day."""
        return str(self.row["period"])

    @property
    def is_region(self) -> bool:
        """Return whether the area is a region or the world, whose codes are numbers."""
        return self.area_id.isdecimal()

    @cached_property
    def amount(self) -> Estimate:
        """Return the people or person-days of the area, and the part of it that they cover."""
        amount = read_amount(self.row, self.quantity)
        if self.quantity is Quantity.PEOPLE or not self.is_region:
            return amount
        drawn = self.countries[self.countries["q50_person_days"].notna()]
        parts = sum(map(_is_incomplete, plain_rows(drawn)))
        if len(drawn) == len(self.countries):
            return amount._replace(covered=Cover(RESTRICTIONS) if parts else None)
        also = f"restrictions of {parts:,} other{'s' * (parts > 1)}" if parts else ""
        return amount._replace(covered=Cover(COUNTRIES, len(drawn), len(self.countries), also))


def build_area_record(
    tables: Mapping[str, pd.DataFrame],
    area_id: str,
    period: str | None = None,
    kind: RestrictionKind = RestrictionKind.ALL,
    quantity: Quantity = Quantity.PEOPLE,
) -> AreaRecord:
    """Return the record of an area in a year or a month, by default the last year.

    Raise KeyError where nothing is published of it.
    """
    areas = tables["areas"]
    rows = plain_rows(areas[areas["area_id"] == area_id])
    years = tuple(row for row in rows if is_year(row["period"]))
    chosen = period or max((row["period"] for row in years if row["kind"] == kind), default="")
    kinds = group_kinds(rows)[chosen]
    others = tables["area_comparisons"]
    others = others[(others["area_id"] == area_id) & others["period"].str.startswith(period or "")]
    return AreaRecord(
        names.area_in_words(area_id, kinds[kind]["area_name"]),
        kinds,
        kind,
        quantity,
        rank_countries(tables, area_id, chosen, kind, quantity),
        years,
        tuple(row for row in rows if row["period"].startswith(f"{chosen[:4]}-")),
        tuple(plain_rows(others)),
    )


def rank_countries(
    tables: Mapping[str, pd.DataFrame],
    area_id: str,
    period: str,
    kind: RestrictionKind,
    quantity: Quantity,
) -> pd.DataFrame:
    """Return the countries of an area, the largest median first and those without one last.

    The rows are of a period and of one kind of restrictions, beside the medians of what began in
    the period.
    """
    containing = list_containing_areas(tables["restrictions"])
    inside = [area for area, above in containing.items() if area_id in (area, *above)]
    areas = tables["areas"]
    rows = areas[(areas["period"] == period) & areas["area_id"].isin(inside)]
    rows = rows[~rows["area_id"].str.isdecimal()].drop(columns="area_level", errors="ignore")
    begun = rows[rows["kind"] == RestrictionKind.BEGAN].set_index("area_id")
    rows = rows[rows["kind"] == kind]
    rows = rows.assign(
        area_name=[names.name_area(code) for code in rows["area_id"]],
        **{
            f"began_{name}": rows["area_id"].map(begun[name])
            for name in (f"q50_{quantity.unit}" for quantity in Quantity)
        },
    )
    order = [f"{name}_{quantity.unit}" for name in ("q50", "min", "max")]
    return rows.sort_values([*order, "area_id"], ascending=[False] * 3 + [True], ignore_index=True)


def list_years(
    tables: Mapping[str, pd.DataFrame], record: AreaRecord
) -> list[tuple[str, Estimate]]:
    """Return each year of an area with its people or person-days, the oldest first.

    A year of which not all events were collected cannot be compared with the others.
    """
    rows = [row for row in record.by_year if row["kind"] == record.kind and is_collected(row)]
    about = (record.kind, record.quantity)
    return [
        (year, build_area_record(tables, record.area_id, year, *about).amount)
        for year in sorted(row["period"] for row in rows)
    ]
