"""Figures of publishers of all countries as tidy tables, and as rows of `bases`.

Definitions. A tidy table has `area_id`, `year` and `persons` or `share`. A shape says which columns
of a publisher's file have area, year and number, and in which unit.

Method. Populations and shares are converted to `Figures`, from which bases.py derives rows. The
text files of World Population Prospects give the 31 December of each year, in thousands, so
mid-year is the geometric mean of the two ends. People of 12 and over, and of 18 and over: of about
2020, the share of that age in WorldPop's bands times the population of 2020, a fifth of the band of
10 to 19 a year of age; where the national row of WorldPop is wrong, the sum of its regions.

Assumptions. Areas that are not in the facts are omitted, and so is a projection without both
bounds, because it would replace one that has them. Within a ten-year band every age is as large as
any other.

Known drawbacks. The bands are of one year and modelled; a country that ages differs later.

Citation. World Bank SP.POP.TOTL; ITU, individuals using the internet; United Nations, World
Population Prospects 2024; WorldPop, age and sex structures.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.registers.denominators.bases import (
    PROJECTED,
    Sources,
    Years,
    base_rows,
)
from audience_impact.registers.denominators.publisher_files import (
    HIGH_VARIANT,
    LOW_VARIANT,
    MEDIUM_VARIANT,
    ShapeError,
)
from audience_impact.vocabulary import WORLD, ObsStatus, PopulationBase


@dataclass(frozen=True)
class Shape:
    """The columns of a publisher's file with area, year and number.

    `column` is that of the tidy table; a printed number is multiplied by `times` and divided by
    `per`.
    """

    area: str
    year: str
    number: str
    column: str = "persons"
    times: int = 1
    per: int = 1


POPULATION_FILE = Shape("Country Code", "Year", "Value")
SHARE_FILE = Shape("Code", "Year", "percent", "share", per=100)
POPULATION = Shape("country", "date", "value")
SHARES = Shape("country", "date", "value", "share", per=100)
PROJECTIONS = Shape("ISO2_code", "Time", "PopTotal", times=1000)
"""Files of the World Bank and of the ITU, and answers of the World Bank and of the UN."""
_WORLD_BANK_WORLD, _UN_WORLD = "1W", "900"
_VARIANTS = {MEDIUM_VARIANT: "persons", LOW_VARIANT: "low", HIGH_VARIANT: "high"}
YEARS, OF_BANDS = Years(2015, 2026), 2020
ORDER = [
    *(PopulationBase.ALL_AGES, PopulationBase.AGE_12_PLUS, PopulationBase.AGE_13_PLUS),
    *(PopulationBase.AGE_16_PLUS, PopulationBase.AGE_18_PLUS),
    *(PopulationBase.INTERNET_ALL, PopulationBase.INTERNET_12_PLUS),
]
REGIONS_ADDED_UP = ("RU", "US")
OKRUGS = {"RU-NEN": "RU-ARK", "RU-KHM": "RU-TYU", "RU-YAN": "RU-TYU"}
"""Autonomous okrugs whose people are also counted in the surrounding oblast."""
WORLD_BANK, ITU, UN, WORLDPOP, RUSSIA, INDIA = (
    "github-datasets-1",
    "github-mthavarajah-1",
    "github-ppgp-1",
    "github-googlecloudplatform-1",
    "github-topspin26-1",
    "github-shubhamdutta26-1",
)
"""Rows of `sources` for the pages of the figures."""
SOURCES = Sources(
    WORLD_BANK,
    ITU,
    UN,
    mid_year="middle of the year: geometric mean of 31 December before and after",
)
BANDED = {
    PopulationBase.AGE_12_PLUS: ("12+", 0.2, "a fifth"),
    PopulationBase.AGE_18_PLUS: ("18+", 0.8, "four fifths"),
}
"""Share of the band 10-19 below each minimum age that is inside the band."""


def read_figures(rows: pd.DataFrame, shape: Shape, areas: Mapping[str, str]) -> pd.DataFrame:
    """Return a publisher's rows as a tidy table, without blank numbers and other areas.

    `areas` gives the area id of each code. Raises ShapeError for a cell that is no number, and for
    a share above 1.
    """
    filled = rows[rows[shape.number] != ""]
    filled = filled.assign(area_id=filled[shape.area].map(dict(areas))).dropna(subset="area_id")
    numbers = _read_numbers(filled[shape.number]) * shape.times / shape.per
    if shape.column == "share" and (numbers > 1).any():
        raise ShapeError("gives a share above 100 percent")
    years = _read_numbers(filled[shape.year]).astype("int64")
    table = pd.DataFrame({"area_id": filled["area_id"], "year": years, shape.column: numbers})
    return table.sort_values(["area_id", "year"], ignore_index=True)


def _read_numbers(texts: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    if (strange := ~np.isfinite(numbers)).any():
        raise ShapeError(f"has a cell that is no number: {texts[strange].iloc[0]!r}")
    return numbers


def tidy_population(file: pd.DataFrame, codes: pd.DataFrame) -> pd.DataFrame:
    """Return the World Bank's file as a tidy table without groups of countries."""
    return read_figures(file, POPULATION_FILE, _map_codes(codes, "iso3"))


def tidy_shares(file: pd.DataFrame, codes: pd.DataFrame) -> pd.DataFrame:
    """Return the ITU's shares (Entity, Code, Year, percent in the last column) as a tidy table.

    `owid` in `codes` has the codes that are no ISO codes, such as OWID_KOS, and the names of areas
    without a code.
    """
    named = file.rename(columns={file.columns[-1]: SHARE_FILE.number})
    named["Code"] = named["Code"].where(named["Code"] != "", named["Entity"])
    return read_figures(named, SHARE_FILE, _map_codes(codes, "owid") | _map_codes(codes, "iso3"))


def _map_codes(codes: pd.DataFrame, column: str) -> dict[str, str]:
    return {code: area for code, area in zip(codes[column], codes["area_id"], strict=True) if code}


def read_population(rows: pd.DataFrame, areas: Collection[str]) -> pd.DataFrame:
    """Return people of all ages as the World Bank answers: `area_id`, `year`, `persons`."""
    return read_figures(rows, POPULATION, _map_answers(areas))


def read_shares(rows: pd.DataFrame, areas: Collection[str]) -> pd.DataFrame:
    """Return shares online as the World Bank answers in percent: `area_id`, `year`, `share`."""
    return read_figures(rows, SHARES, _map_answers(areas))


def _map_answers(areas: Collection[str]) -> dict[str, str]:
    return {area: area for area in areas} | ({_WORLD_BANK_WORLD: WORLD} if WORLD in areas else {})


def tidy_projections(rows: pd.DataFrame, areas: Collection[str]) -> pd.DataFrame:
    """Return people in the middle of each year as projected by the UN, with 95 % bounds.

    Columns `area_id`, `year`, `persons`, `low`, `high`; the medium variant is never outside them.
    """
    coded = rows.assign(ISO2_code=rows["ISO2_code"].mask(rows["LocID"] == _UN_WORLD, WORLD))
    parts = []
    for variant, name in _VARIANTS.items():
        of_variant = coded[coded["Variant"] == variant]
        table = read_figures(of_variant, PROJECTIONS, {area: area for area in areas})
        keyed = table.set_index(["area_id", "year"])["persons"].rename(name)
        if keyed.index.has_duplicates:
            raise ShapeError(f"gives {variant} of a place and year twice")
        parts.append(keyed)
    table = pd.concat(parts, axis=1).dropna().sort_index().reset_index()
    low, high = (np.minimum, "low"), (np.maximum, "high")
    return table.assign(**{name: end(table[name], table["persons"]) for end, name in (low, high)})


def tidy_prospects(
    medium: pd.DataFrame, low: pd.DataFrame, high: pd.DataFrame, codes: pd.DataFrame
) -> pd.DataFrame:
    """Return the UN's text files as persons at the end of each year: `persons`, `low`, `high`."""
    area = codes.set_index("m49")["area_id"]
    parts = []
    for name, file in (("persons", medium), ("low", low), ("high", high)):
        years = [column for column in file.columns if column.isdecimal()]
        long = file.melt("country_code", years, "year", name)
        long = long.assign(area_id=long["country_code"].astype("int64").map(area))
        long = long.dropna(subset=["area_id"]).astype({"year": "int64"})
        parts.append(1000 * long.set_index(["area_id", "year"])[name].astype("float64"))
    return pd.concat(parts, axis=1).sort_index().reset_index()


def mid_years(ends: pd.DataFrame) -> pd.DataFrame:
    """Return people in the middle of each year for which both ends are known."""
    before = ends.assign(year=ends["year"] + 1).set_index(["area_id", "year"])
    after = ends.set_index(["area_id", "year"])
    both = after.index.intersection(before.index)
    middle = np.sqrt(before.loc[both].astype("float64") * after.loc[both].astype("float64"))
    return pd.DataFrame(middle, index=both, columns=after.columns).sort_index().reset_index()


def from_bands(bands: pd.DataFrame, counts: pd.DataFrame, codes: pd.DataFrame) -> pd.DataFrame:
    """Return rows of people above an age in about 2020, and of everyone where nobody counted.

    `bands` is WorldPop's table: `key`, `all` and one column for each band of ten years.
    """
    countries = _national_rows(bands)
    countries = countries[countries["area_id"].isin(codes["area_id"]) & (countries["all"] > 0)]
    people = counts[counts["year"] == OF_BANDS].set_index("area_id")["persons"]
    counted = countries["area_id"].map(people)
    countries = countries.assign(period=OF_BANDS, counted=counted.fillna(countries["all"]))
    is_counted = counted.notna()
    parts = []
    for base, (name, below, words) in BANDED.items():
        older = countries["all"] - countries["age_00_09"] - below * countries["age_10_19"]
        rows = countries.assign(persons=older / countries["all"] * countries["counted"])
        says = f"population 10+ less {words} of the band 10-19; bands of about 2020"
        note = f"share {name} of WorldPop times the population of the World Bank: {says}"
        parts += [
            _worldpop_rows(rows[is_counted], base, note, also_source_id=WORLD_BANK),
            _worldpop_rows(rows[~is_counted], base, says),
        ]
    alone = countries[~is_counted].assign(persons=countries["all"])
    parts.append(
        _worldpop_rows(alone, PopulationBase.ALL_AGES, "about 2020; the World Bank has no row")
    )
    return pd.concat(parts, ignore_index=True)


def _worldpop_rows(
    frame: pd.DataFrame, base: PopulationBase, note: str, **columns: str
) -> pd.DataFrame:
    status = ObsStatus.ESTIMATED.value
    return base_rows(
        frame, base, "worldpop", obs_status=status, source_id=WORLDPOP, note=note, **columns
    )


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


def region_rows(frame: pd.DataFrame, source: str, tag: str) -> pd.DataFrame:
    """Return rows of regions: `area_id`, `period`, `persons`, `obs_status` and `note`."""
    return base_rows(frame, PopulationBase.ALL_AGES, tag, source_id=source)


def merge_bases(
    existing: pd.DataFrame, fresh: pd.DataFrame, lineages: "pd.Series[str]"
) -> pd.DataFrame:
    """Return the table with the new rows added and the existing rows unchanged.

    A lineage has one number for an area, a base and a period; an existing row is kept. Only rows of
    the lineage PROJECTED, which nobody writes by hand, are replaced. `lineages` is the lineage of
    each source.
    """
    existing_rows = existing[existing["measurement_series_id"] != PROJECTED]
    keys = [_lineage_keys(frame, lineages) for frame in (existing_rows, fresh)]
    new = fresh[
        ~keys[1].isin(keys[0]) & ~fresh["base_id"].isin(existing_rows["base_id"]).to_numpy()
    ]
    joined = pd.concat([existing_rows, new], ignore_index=True)
    order = joined["population_base"].map({name: place for place, name in enumerate(ORDER)})
    by = joined.assign(order=order).sort_values(["area_id", "order", "period"], kind="stable")
    return by.drop(columns="order").reset_index(drop=True)


def _lineage_keys(frame: pd.DataFrame, lineages: "pd.Series[str]") -> pd.MultiIndex:
    lineage = frame["measurement_series_id"].where(
        frame["measurement_series_id"] != "", frame["source_id"].map(lineages)
    )
    columns = ["area_id", "population_base", "period"]
    return pd.MultiIndex.from_frame(frame[columns].assign(lineage=lineage.fillna("")))
