"""Rows of `bases` from publishers' data: populations and people online.

All publishers use the same pipeline. Files of any shape are first converted to the tidy tables of
`Figures` (bulk_files.py, worldbank.py); the rest does not depend on their origin.

Definitions. A tidy table has `area_id`, `year` and `persons` or `share` (0 to 1). Projected people
have `persons`, `low` and `high`: the medium projection and its 95 % bounds.

Method. Population of a year: the World Bank up to its last year, after it the medium projection of
World Population Prospects with its 95 % bounds. Users of the internet: the reported share of the
ITU times the population of that year; after the last report a projected share with its range
(adoption.py), whose low end meets the low population and whose high end the high one, never above
the population.

Assumptions. A reported share is of the whole population.

Known drawbacks. The product does not show how the share was rounded or modelled. The two
populations are of different vintages, so the step from the last year of the former to the first of
the latter is not only growth. The share of the ITU is of the survey's respondents, in some
countries of a certain age.

Citation. World Bank SP.POP.TOTL; ITU, individuals using the internet; United Nations, World
Population Prospects 2024.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from audience_impact.facts.anomaly_checks.notes import PRODUCT
from audience_impact.registers.denominators import adoption
from audience_impact.registers.denominators.publisher_files import ShapeError
from audience_impact.vocabulary import ObsStatus, PopulationBase

WORLD = "001"
LAST_ESTIMATE = 2023
"""Last year that the UN estimates; later years are projections."""
PROJECTED = "internet-use-projection"
"""Series of the rows that are projected here from trends; each run replaces them."""
COLUMNS = [
    *("base_id", "area_id", "population_base", "period", "persons", "low_persons"),
    *("high_persons", "obs_status", "source_id", "also_source_id", "measurement_series_id", "note"),
]
_NUMBERS = (("persons", "persons"), ("low_persons", "low"), ("high_persons", "high"))


def _empty_table(*columns: str) -> pd.DataFrame:
    kinds = {"area_id": "str", "year": "int64", **dict.fromkeys(columns, "float64")}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def _empty_projections() -> pd.DataFrame:
    return _empty_table("persons", "low", "high")


@dataclass(frozen=True)
class Years:
    """The requested years, both included."""

    first: int
    last: int

    def mark_requested(self, years: "pd.Series[int]") -> "pd.Series[bool]":
        """Mark the years that are in this range."""
        return years.between(self.first, self.last)


@dataclass(frozen=True)
class Sources:
    """Rows of `sources` for the publishers, and notes on the dates of projections.

    `mid_year` ends the note of a projection in the middle of a year.
    """

    population: str
    internet: str
    projections: str
    mid_year: str


@dataclass(frozen=True)
class Figures:
    """Tidy tables of the publishers' numbers; a table that was not requested is empty.

    `counted` has `persons`, `shares` has `share`, `ahead` (in the middle of a year) and `year_ends`
    (on 31 December, for areas that nobody counts) have `persons`, `low` and `high`.
    """

    counted: pd.DataFrame = field(default_factory=lambda: _empty_table("persons"))
    shares: pd.DataFrame = field(default_factory=lambda: _empty_table("share"))
    ahead: pd.DataFrame = field(default_factory=_empty_projections)
    year_ends: pd.DataFrame = field(default_factory=_empty_projections)


def tidy_table(area: pd.Series, year: pd.Series, **values: pd.Series) -> pd.DataFrame:
    """Return a tidy table in the order of areas and years, without rows that have no area.

    Raises ShapeError for a cell that is no number, and for a share above 1.
    """
    table = pd.DataFrame({"area_id": area, "year": year, **values})
    table = table[table["area_id"].notna()]
    numbers = {name: _read_numbers(table[name]) for name in ("year", *values)}
    if "share" in numbers and (numbers["share"] > 1).any():
        raise ShapeError("gives a share above 100 percent")
    typed = table.assign(**numbers).astype({"year": "int64"})
    return typed.sort_values(["area_id", "year"], ignore_index=True)


def _read_numbers(texts: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    if (strange := ~np.isfinite(numbers)).any():
        raise ShapeError(f"has a cell that is no number: {texts[strange].iloc[0]!r}")
    return numbers


def rows_from_figures(figures: Figures, sources: Sources, years: Years) -> pd.DataFrame:
    """Return rows of the whole population and of internet users, reported and projected."""
    parts = [population_rows(figures, sources, years), internet_rows(figures, sources, years)]
    return pd.concat(parts, ignore_index=True)


def base_rows(
    frame: pd.DataFrame, base: PopulationBase, tag: str, **columns: object
) -> pd.DataFrame:
    """Return rows of `bases` from `area_id`, `period`, `persons`, and `low` and `high` if present.

    `columns` are the values of other columns; columns not passed are empty.
    """
    numbers = {
        column: frame[name].map(lambda value: "" if pd.isna(value) else str(round(value)))
        for column, name in _NUMBERS
        if name in frame
    }
    period = frame["period"].astype("str")
    rows = frame.assign(
        base_id=frame["area_id"] + f"-{base}-" + period + f"-{tag}",
        population_base=base.value,
        period=period,
        **numbers,
    ).assign(**columns)
    return rows.reindex(columns=COLUMNS, fill_value="").astype("str").reset_index(drop=True)


def population_rows(figures: Figures, sources: Sources, years: Years) -> pd.DataFrame:
    """Return rows of the whole population, counted and projected."""
    counted, ends = figures.counted, figures.year_ends
    ahead = figures.ahead[_after_last_count(figures) & years.mark_requested(figures.ahead["year"])]
    alone = ends[~ends["area_id"].isin(counted["area_id"]) & (ends["year"] == ends["year"].min())]
    counted = counted[years.mark_requested(counted["year"])]
    projected = {"obs_status": ObsStatus.FORECAST.value, "source_id": sources.projections}
    bounds = "medium projection and 95 % bounds"
    everybody = PopulationBase.ALL_AGES
    return pd.concat(
        [
            base_rows(
                counted.assign(period=counted["year"]),
                everybody,
                "worldbank",
                obs_status=ObsStatus.NORMAL.value,
                source_id=sources.population,
            ),
            base_rows(
                ahead.assign(period=ahead["year"]),
                everybody,
                "wpp2024",
                **projected,
                note=f"{bounds}; {sources.mid_year}",
            ),
            base_rows(
                alone.assign(period=alone["year"].astype("str") + "-12-31"),
                everybody,
                "wpp2024",
                **projected,
                note=f"{bounds} of 31 December; the World Bank has no row",
            ),
        ],
        ignore_index=True,
    )


def _after_last_count(figures: Figures) -> "pd.Series[bool]":
    """Mark the projections of years after the last count or estimate of their area."""
    last = figures.counted.groupby("area_id")["year"].max()
    last_year = figures.ahead["area_id"].map(last).astype("float64").fillna(LAST_ESTIMATE)
    return figures.ahead["year"] > last_year.clip(lower=LAST_ESTIMATE)


def population_by_year(figures: Figures) -> pd.DataFrame:
    """Return a population for each country and year: the count, else the projection with bounds."""
    persons = figures.counted["persons"]
    counted = figures.counted.assign(low=persons, high=persons, projected=False)
    joined = pd.concat([counted, figures.ahead.assign(projected=True)])
    return joined.drop_duplicates(["area_id", "year"]).sort_values(
        ["area_id", "year"], ignore_index=True
    )


def internet_rows(figures: Figures, sources: Sources, years: Years) -> pd.DataFrame:
    """Return rows of internet users: reported shares times the population, then projections."""
    both = figures.shares.merge(figures.counted, on=["area_id", "year"])
    both = both[years.mark_requested(both["year"])]
    products = both.assign(persons=both["share"] * both["persons"], period=both["year"])
    reported = base_rows(
        products,
        PopulationBase.INTERNET_ALL,
        "itu",
        obs_status=ObsStatus.ESTIMATED.value,
        source_id=sources.internet,
        also_source_id=sources.population,
        note=_format_percent(products["share"])
        + f"{PRODUCT}: share of the ITU, population of the World Bank",
    )
    return pd.concat(
        [reported, _projected_internet_rows(figures, sources, years)], ignore_index=True
    )


def _format_percent(shares: "pd.Series[float]") -> "pd.Series[str]":
    """Return shares as text in percent, to four decimals."""
    return shares.map(lambda share: f"{100.0 * share:.4f}".rstrip("0").rstrip(".")).astype("str")


def _projected_internet_rows(figures: Figures, sources: Sources, years: Years) -> pd.DataFrame:
    """Return rows of internet users after the last report; none without past projections."""
    shares = figures.shares
    pairs = adoption.pair_projections(shares[shares["area_id"] != WORLD])
    if pairs.empty:
        return pd.DataFrame(columns=COLUMNS, dtype="str")
    projected = adoption.project_shares(shares, adoption.fit_projection(pairs), years.last)
    ahead = projected.merge(
        population_by_year(figures), on=["area_id", "year"], suffixes=("_share", "")
    )
    ahead = ahead[ahead["year"] >= years.first]
    middle = (ahead["share"] * ahead["persons"]).round()
    high = np.maximum(ahead["high_share"] * ahead["high"], middle)
    also = ahead["projected"].map({True: sources.projections, False: sources.population})
    low = np.minimum(ahead["low_share"] * ahead["low"], middle)
    high = np.minimum(high, ahead["persons"].round())
    part, least, most = (
        _format_percent(number / ahead["persons"]) for number in (middle, low, high)
    )
    rows = ahead.assign(
        persons=middle,
        low=low,
        high=high,
        period=ahead["year"],
        also_source_id=also,
        note=part
        + f"{PRODUCT}, "
        + least
        + " to "
        + most
        + " %; share projected from "
        + ahead["reported"].astype("str")
        + ", the last year reported to the ITU; 5 to 95 % of errors on held-out years",
    )
    return base_rows(
        rows,
        PopulationBase.INTERNET_ALL,
        "projected",
        obs_status=ObsStatus.FORECAST.value,
        source_id=sources.internet,
        measurement_series_id=PROJECTED,
    )
