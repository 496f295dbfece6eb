"""Bases from what the World Bank, the ITU and the UN report, by country and year.

Definitions. The population is the mid-year total; internet users are that total times the share
of the ITU of the same year; later years are the medium variant of the UN.

Assumptions. A country code of two letters that is an area of the facts is that area; the world is
`001`. Every other code (groups of countries, countries the facts do not name) is left out.

Drawback. The share of the ITU is of the individuals asked, in some countries of a certain age.
"""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from audience_impact.ingest.denominators.publisher_files import ShapeError

LAST_ESTIMATE, LAST_PROJECTION = 2023, 2030
"""Up to the first the UN estimates, after it it projects; beyond the second nobody asks yet."""

WORLD = "001"
_WORLD_BANK_WORLD, _UN_WORLD = "1W", "900"
_INTERNET_NOTE = "population of the World Bank times the share of the ITU, both of the year"
_PROJECTION_NOTE = "medium variant, mid-year"

COLUMNS = (
    *("base_id", "area_id", "population_base", "period", "persons", "low_persons", "high_persons"),
    *("obs_status", "source_id", "also_source_id", "lineage_id", "note"),
)


def population(rows: pd.DataFrame, areas: Collection[str], source_id: str) -> pd.DataFrame:
    """Bases of all ages as the World Bank reports them."""
    found = _by_area(rows, areas)
    persons = _numbers(found["value"])
    return _bases(found, "all_ages", persons, "worldbank", "A", source_id)


def internet_users(
    shares: pd.DataFrame,
    people: pd.DataFrame,
    areas: Collection[str],
    source_ids: tuple[str, str],
) -> pd.DataFrame:
    """Bases of internet users: the share of each year times the population of that year."""
    found = _by_area(shares, areas).merge(
        _by_area(people, areas), on=["area_id", "period"], suffixes=("", "_persons")
    )
    percent = _numbers(found["value"])
    if (percent > 100).any():
        raise ShapeError("gives a share above 100 percent")
    persons = percent / 100 * _numbers(found["value_persons"])
    told = _bases(found, "internet_all", persons, "itu", "E", source_ids[0])
    return told.assign(also_source_id=source_ids[1], note=_INTERNET_NOTE)


def projected(
    rows: pd.DataFrame,
    areas: Collection[str],
    source_id: str,
    reported: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """Bases of all ages of the years after the last that is estimated or, by area, reported."""
    area = rows["ISO2_code"].mask(rows["LocID"] == _UN_WORLD, WORLD)
    year = _numbers(rows["Time"])
    after = area.map(reported or {}).astype("float64").clip(lower=LAST_ESTIMATE)
    later = (year > after.fillna(LAST_ESTIMATE)) & (year <= LAST_PROJECTION)
    found = pd.DataFrame({"area_id": area, "period": rows["Time"], "value": rows["PopTotal"]})
    found = found[later & area.isin(areas)]
    persons = _numbers(found["value"]) * 1000
    told = _bases(found, "all_ages", persons, "wpp2024", "F", source_id)
    return told.assign(note=_PROJECTION_NOTE)


def last_reported(bases: pd.DataFrame) -> dict[str, int]:
    """The last year of each area among bases."""
    years = bases["period"].astype("int64").groupby(bases["area_id"]).max()
    return {str(area): int(year) for area, year in years.items()}


def _by_area(rows: pd.DataFrame, areas: Collection[str]) -> pd.DataFrame:
    area = rows["country"].mask(rows["country"] == _WORLD_BANK_WORLD, WORLD)
    found = pd.DataFrame({"area_id": area, "period": rows["date"], "value": rows["value"]})
    return found[area.isin(areas)]


def _numbers(texts: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    if (strange := ~np.isfinite(numbers)).any():
        raise ShapeError(f"has a cell that is no number: {texts[strange].iloc[0]!r}")
    return numbers


def _bases(
    found: pd.DataFrame, base: str, persons: pd.Series, suffix: str, status: str, source_id: str
) -> pd.DataFrame:
    """Rows as text, in the order of their ids, exactly the columns of the table."""
    told = found[["area_id", "period"]].assign(
        base_id=found["area_id"] + f"-{base}-" + found["period"] + f"-{suffix}",
        population_base=base,
        persons=persons.round().astype("int64").astype("str"),
        obs_status=status,
        source_id=source_id,
    )
    rows = told.reindex(columns=list(COLUMNS), fill_value="")
    return rows.sort_values("base_id", ignore_index=True)
