"""Rows of `bases` from publishers' data: populations and people online.

Definitions. A tidy table (publisher_files.py) has `area_id`, `year` and `persons` or `share` (0 to
1). Projected people have `persons`, `low` and `high`: the medium projection and its 95 % bounds.

Method. Population of a year: the World Bank up to its last year, after it the medium projection of
World Population Prospects with its 95 % bounds. Users of the internet: the reported share of the
ITU times the population of that year; after the last report a projected share with its range
(projections.py), whose low end meets the low population and whose high end the high one, never
above the population. People of 12 and over, and of 18 and over: of about 2020, the share of that
age in WorldPop's bands times the population of 2020, a fifth of the band of 10 to 19 a year of age;
where the national row of WorldPop is wrong, the sum of its regions.

Assumptions. A reported share is of the whole population. Within a ten-year band every age is as
large as any other.

Known drawbacks. The product does not show how the share was rounded or modelled. The two
populations are of different vintages, so the step from the last year of the former to the first of
the latter is not only growth. The share of the ITU is of the survey's respondents, in some
countries of a certain age. The age bands are of one year and modelled; a country that ages differs
later.

Citation. World Bank SP.POP.TOTL; ITU, individuals using the internet; United Nations, World
Population Prospects 2024; WorldPop, age and sex structures.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from audience_impact.facts.rules.notes import PRODUCT
from audience_impact.registers.denominators.projections import (
    fit_projection,
    pair_projections,
    project_shares,
)
from audience_impact.vocabulary import WORLD, ObsStatus, PopulationBase

OF_BANDS = 2020
ORDER = [
    *(PopulationBase.ALL_AGES, PopulationBase.AGE_12_PLUS, PopulationBase.AGE_13_PLUS),
    *(PopulationBase.AGE_16_PLUS, PopulationBase.AGE_18_PLUS),
    *(PopulationBase.INTERNET_ALL, PopulationBase.INTERNET_12_PLUS),
]
REGIONS_ADDED_UP = ("RU", "US")
WORLD_BANK, WORLDPOP = "github-datasets-1", "github-googlecloudplatform-1"
"""Rows of `sources` for the pages of the figures."""
BANDED = {
    PopulationBase.AGE_12_PLUS: ("12+", 0.2, "a fifth"),
    PopulationBase.AGE_18_PLUS: ("18+", 0.8, "four fifths"),
}
"""Share of the band 10-19 below each minimum age that is inside the band."""
LAST_ESTIMATE = 2023
"""Last year that the UN estimates; later years are projections."""
PROJECTED = "internet-use-projection"
"""Series of the rows that are projected here from trends; each run replaces them."""
COLUMNS = [
    *("base_id", "area_id", "population_base", "period", "persons", "low_persons"),
    *("high_persons", "urban_persons", "obs_status", "source_id", "also_source_id"),
    *("measurement_series_id", "note"),
]
_NUMBERS = {"persons": "persons", "low_persons": "low", "high_persons": "high"}


class Years(NamedTuple):
    """The requested years, both included."""

    first: int
    last: int


class Sources(NamedTuple):
    """Rows of `sources` for the publishers; `mid_year` ends notes of projections to mid-year."""

    population: str
    internet: str
    projections: str
    mid_year: str


def _make_empty(*columns: str) -> pd.DataFrame:
    kinds = {"area_id": "str", "year": "int64", **dict.fromkeys(columns, "float64")}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


NO_COUNTS, NO_SHARES = _make_empty("persons"), _make_empty("share")
NO_PROJECTIONS = _make_empty("persons", "low", "high")


class Figures(NamedTuple):
    """Tidy tables of the publishers' numbers; a table that was not requested is empty.

    `counted` has `persons`, `shares` has `share`, `ahead` (in the middle of a year) and `year_ends`
    (on 31 December, for areas without a census) have `persons`, `low` and `high`.
    """

    counted: pd.DataFrame = NO_COUNTS
    shares: pd.DataFrame = NO_SHARES
    ahead: pd.DataFrame = NO_PROJECTIONS
    year_ends: pd.DataFrame = NO_PROJECTIONS


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
        for column, name in _NUMBERS.items()
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
    last = figures.ahead["area_id"].map(counted.groupby("area_id")["year"].max())
    last = last.astype("float64").fillna(LAST_ESTIMATE).clip(lower=LAST_ESTIMATE)
    is_later = figures.ahead["year"] > last
    ahead = figures.ahead[is_later & figures.ahead["year"].between(*years)]
    alone = ends[~ends["area_id"].isin(counted["area_id"]) & (ends["year"] == ends["year"].min())]
    counted = counted[counted["year"].between(*years)]
    bounds = "medium projection and 95 % bounds"
    at_year_end = f"{bounds} of 31 December; the World Bank has no row"
    normal = {"obs_status": ObsStatus.NORMAL.value, "source_id": sources.population}
    forecast = {"obs_status": ObsStatus.FORECAST.value, "source_id": sources.projections}
    last_days = alone["year"].astype("str") + "-12-31"
    mid_year = ahead.assign(period=ahead["year"], note=f"{bounds}; {sources.mid_year}")
    rows = [
        (counted.assign(period=counted["year"], **normal), "worldbank"),
        (mid_year.assign(**forecast), "wpp2024"),
        (alone.assign(period=last_days, note=at_year_end, **forecast), "wpp2024"),
    ]
    parts = [base_rows(frame, PopulationBase.ALL_AGES, tag) for frame, tag in rows]
    return pd.concat(parts, ignore_index=True)


def population_by_year(figures: Figures) -> pd.DataFrame:
    """Return a population for each country and year: the count, else the projection with bounds."""
    persons = figures.counted["persons"]
    counted = figures.counted.assign(low=persons, high=persons, projected=False)
    joined, key = pd.concat([counted, figures.ahead.assign(projected=True)]), ["area_id", "year"]
    return joined.drop_duplicates(key).sort_values(key, ignore_index=True)


def internet_rows(figures: Figures, sources: Sources, years: Years) -> pd.DataFrame:
    """Return rows of internet users: reported shares times the population, then projections."""
    both = figures.shares.merge(figures.counted, on=["area_id", "year"])
    both = both[both["year"].between(*years)]
    of_product = f"{PRODUCT}: share of the ITU, population of the World Bank"
    reported = base_rows(
        both.assign(persons=both["share"] * both["persons"], period=both["year"]),
        PopulationBase.INTERNET_ALL,
        "itu",
        obs_status=ObsStatus.ESTIMATED.value,
        source_id=sources.internet,
        also_source_id=sources.population,
        note=_format_percent(both["share"]) + of_product,
    )
    projected = _projected_internet_rows(figures, sources, years)
    return pd.concat([reported, projected], ignore_index=True)


def _format_percent(shares: "pd.Series[float]") -> "pd.Series[str]":
    """Return shares as text in percent, to four decimals."""
    return shares.map(lambda share: f"{100.0 * share:.4f}".rstrip("0").rstrip(".")).astype("str")


def _projected_internet_rows(figures: Figures, sources: Sources, years: Years) -> pd.DataFrame:
    shares = figures.shares
    pairs = pair_projections(shares[shares["area_id"] != WORLD])
    if pairs.empty:
        return pd.DataFrame(columns=COLUMNS, dtype="str")
    projected = project_shares(shares, fit_projection(pairs), years.last)
    people = population_by_year(figures)
    ahead = projected.merge(people, on=["area_id", "year"], suffixes=("_share", ""))
    ahead = ahead[ahead["year"] >= years.first]
    middle = (ahead["share"] * ahead["persons"]).round()
    low = np.minimum(ahead["low_share"] * ahead["low"], middle)
    high = np.maximum(ahead["high_share"] * ahead["high"], middle)
    high = np.minimum(high, ahead["persons"].round())
    people = ahead["persons"]
    part, least, most = (_format_percent(number / people) for number in (middle, low, high))
    reported = ahead["reported"].astype("str")
    errors = ", the last year reported to the ITU; 5 to 95 % of errors on held-out years"
    return base_rows(
        ahead.assign(persons=middle, low=low, high=high, period=ahead["year"]),
        PopulationBase.INTERNET_ALL,
        "projected",
        obs_status=ObsStatus.FORECAST.value,
        source_id=sources.internet,
        also_source_id=np.where(ahead["projected"], sources.projections, sources.population),
        measurement_series_id=PROJECTED,
        note=(part + f"{PRODUCT}, " + least + " to " + most + " %; share projected from ")
        + (reported + errors),
    )


def from_bands(bands: pd.DataFrame, counts: pd.DataFrame, codes: pd.DataFrame) -> pd.DataFrame:
    """Return rows of people above an age in about 2020, and of everyone where there is no count.

    `bands` is WorldPop's table: `key`, `all` and one column for each band of ten years.
    """
    countries = _national_rows(bands)
    countries = countries[countries["area_id"].isin(codes["area_id"]) & (countries["all"] > 0)]
    people = counts[counts["year"] == OF_BANDS].set_index("area_id")["persons"]
    counted = countries["area_id"].map(people)
    countries = countries.assign(period=OF_BANDS, counted=counted.fillna(countries["all"]))
    is_counted = counted.notna()
    alone = countries[~is_counted].assign(persons=countries["all"])
    rows = [(alone.assign(note="about 2020; the World Bank has no row"), PopulationBase.ALL_AGES)]
    for base, (name, below, words) in BANDED.items():
        older = countries["all"] - countries["age_00_09"] - below * countries["age_10_19"]
        banded = countries.assign(persons=older / countries["all"] * countries["counted"])
        note = f"population 10+ less {words} of the band 10-19; bands of about 2020"
        times = f"share {name} of WorldPop times the population of the World Bank: {note}"
        rows += [
            (banded[is_counted].assign(note=times, also_source_id=WORLD_BANK), base),
            (banded[~is_counted].assign(note=note), base),
        ]
    origin = {"obs_status": ObsStatus.ESTIMATED.value, "source_id": WORLDPOP}
    parts = [base_rows(frame, base, "worldpop", **origin) for frame, base in rows]
    return pd.concat(parts, ignore_index=True)


def _national_rows(bands: pd.DataFrame) -> pd.DataFrame:
    """Return one row per country; the sum of its regions if the national row is wrong."""
    numbers = [name for name in bands.columns if name == "all" or name.startswith("age_")]
    table = bands[["key"]].join(bands[numbers].apply(pd.to_numeric, errors="coerce"))
    region = table["key"].str.contains("_", regex=False)
    country = table["key"].str.split("_").str[0]
    added = region & country.isin(REGIONS_ADDED_UP)
    plain = table[~region & ~country.isin(REGIONS_ADDED_UP)].rename(columns={"key": "area_id"})
    sums = table[added].assign(area_id=country[added]).groupby("area_id")[numbers].sum()
    return pd.concat([plain, sums.reset_index()], ignore_index=True).sort_values("area_id")


def merge_bases(
    existing: pd.DataFrame, fresh: pd.DataFrame, lineages: "pd.Series[str]"
) -> pd.DataFrame:
    """Return the table with the new rows added and the existing rows unchanged.

    A lineage has one number for an area, a base and a period; an existing row is kept. Only rows of
    the lineage PROJECTED, which nobody writes by hand, are replaced. `lineages` is the lineage of
    each source.
    """
    existing_rows = existing[existing["measurement_series_id"] != PROJECTED]
    joined = pd.concat([existing_rows, fresh], ignore_index=True)
    series, source = joined["measurement_series_id"], joined["source_id"].map(lineages).fillna("")
    joined = joined.assign(lineage=series.where(series != "", source))
    same_number = joined.duplicated(["area_id", "population_base", "period", "lineage"])
    is_fresh = joined.index >= len(existing_rows)
    joined = joined[~(is_fresh & (same_number | joined.duplicated("base_id")))]
    order = joined["population_base"].map({name: place for place, name in enumerate(ORDER)})
    by = joined.assign(order=order).sort_values(["area_id", "order", "period"], kind="stable")
    return by.drop(columns=["lineage", "order"]).reset_index(drop=True)
