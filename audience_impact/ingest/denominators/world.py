"""Denominators of the world: published tables as rows of `bases`.

Definitions. A tidy table has `area_id`, `year` and `persons` or `share`. A vintage is a table as
published on some day.

Method. Population of a year: the World Bank up to its last year, after it the medium projection of
World Population Prospects with its 95 % bounds. The text files of that release give the 31
December of each year, in thousands, so mid-year is the geometric mean of the two ends. Users of
the internet: the reported share of the ITU times the population of that year; after the last
report a projected share with its range (adoption.py), whose low end meets the low population and
whose high end the high one, never above the population. People of 12 and over, and of 18 and over:
of about 2020, the share of that age in WorldPop's bands times the population of 2020, a fifth of
the band of 10 to 19 a year of age; where the national row of WorldPop is wrong, its regions added
up.

Assumptions. Within a ten-year band every age is as large as any other.

Known drawbacks. A product says nothing of how the share was rounded or modelled. The two
populations are of different vintages, so the step from the last year of the one to the first of
the other is not growth alone.

Citation. World Bank SP.POP.TOTL; ITU, individuals using the internet; United Nations, World
Population Prospects 2024; WorldPop, age and sex structures.
"""

import numpy as np
import pandas as pd

from audience_impact.ingest.denominators import adoption

FIRST, LAST, OF_BANDS = 2015, 2026, 2020
PROJECTED = "internet-use-projection"
"""Lineage of the rows that are computed here from trends; each run makes them anew."""
COLUMNS = [
    *("base_id", "area_id", "population_base", "period", "persons", "low_persons"),
    *("high_persons", "obs_status", "source_id", "also_source_id", "lineage_id", "note"),
]
ORDER = [
    *("all_ages", "age_12_plus", "age_13_plus", "age_16_plus", "age_18_plus"),
    *("internet_all", "internet_12_plus"),
]
REGIONS_ADDED_UP = ("RU", "US")
OKRUGS = {"RU-NEN": "RU-ARK", "RU-KHM": "RU-TYU", "RU-YAN": "RU-TYU"}
"""Autonomous okrugs whose people are also counted in the oblast around them."""
WORLD_BANK, ITU, UN, WORLDPOP, RUSSIA, INDIA = (
    "github-datasets-1",
    "github-mthavarajah-1",
    "github-ppgp-1",
    "github-googlecloudplatform-1",
    "github-topspin26-1",
    "github-shubhamdutta26-1",
)
"""Rows of `sources` for the pages that the figures come from."""


def population(file: pd.DataFrame, codes: pd.DataFrame) -> pd.DataFrame:
    """The World Bank's file (Country Code, Year, Value) as a tidy table; groups drop out."""
    area = file["Country Code"].map(codes.set_index("iso3")["area_id"])
    return _tidy(area, file["Year"], persons=file["Value"])


def shares(file: pd.DataFrame, codes: pd.DataFrame) -> pd.DataFrame:
    """The ITU's shares (Entity, Code, Year, percent in the last column) as a tidy table of shares.

    Codes that are no ISO code, such as OWID_KOS, and names that stand without a code are those of
    `owid` in `codes`.
    """
    known = pd.concat([codes.set_index("iso3")["area_id"], codes.set_index("owid")["area_id"]])
    known = known[(known.index != "") & ~known.index.duplicated()]
    percent = pd.to_numeric(file[file.columns[-1]], errors="coerce")
    names = file["Code"].where(file["Code"] != "", file["Entity"])
    return _tidy(names.map(known), file["Year"], share=percent / 100)


def _tidy(area: pd.Series, year: pd.Series, **values: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame({"area_id": area, "year": pd.to_numeric(year), **values}).dropna()
    (name,) = values
    frame[name] = pd.to_numeric(frame[name]).astype("float64")
    return frame.sort_values(["area_id", "year"], ignore_index=True)


def prospects(
    medium: pd.DataFrame, low: pd.DataFrame, high: pd.DataFrame, codes: pd.DataFrame
) -> pd.DataFrame:
    """The UN's text files as persons at the end of each year: `persons`, `low`, `high`."""
    area = codes.set_index("m49")["area_id"]
    parts = []
    for name, file in (("persons", medium), ("low", low), ("high", high)):
        years = [column for column in file.columns if column.isdigit()]
        long = file.melt("country_code", years, "year", name)
        long = long.assign(area_id=long["country_code"].astype("int64").map(area))
        long = long.dropna(subset=["area_id"]).astype({"year": "int64"})
        parts.append(1000 * long.set_index(["area_id", "year"])[name].astype("float64"))
    return pd.concat(parts, axis=1).sort_index().reset_index()


def mid_years(ends: pd.DataFrame) -> pd.DataFrame:
    """People in the middle of each year whose both ends are known."""
    before = ends.assign(year=ends["year"] + 1).set_index(["area_id", "year"])
    after = ends.set_index(["area_id", "year"])
    both = after.index.intersection(before.index)
    middle = np.sqrt(before.loc[both].astype("float64") * after.loc[both].astype("float64"))
    return pd.DataFrame(middle, index=both, columns=after.columns).sort_index().reset_index()


def bases(frame: pd.DataFrame, base: str, tag: str, **told: object) -> pd.DataFrame:
    """Rows of `bases` from `area_id`, `period`, `persons` and, where known, `low` and `high`.

    `told` gives the other columns; those left out are empty.
    """
    numbers = {
        column: frame[name].map(lambda value: "" if pd.isna(value) else str(round(value)))
        for column, name in (
            ("persons", "persons"),
            ("low_persons", "low"),
            ("high_persons", "high"),
        )
        if name in frame
    }
    period = frame["period"].astype("str")
    rows = frame.assign(
        base_id=frame["area_id"] + f"-{base}-" + period + f"-{tag}",
        population_base=base,
        period=period,
        **numbers,
    ).assign(**told)
    return rows.reindex(columns=COLUMNS, fill_value="").astype("str").reset_index(drop=True)


def everyone(known: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """Rows of the whole population, as counted and as projected."""
    counted = known[known["year"].between(FIRST, LAST)]
    ahead = mid_years(ends)
    ahead = ahead[ahead["year"].between(int(known["year"].max()) + 1, LAST)]
    alone = ends[~ends["area_id"].isin(known["area_id"]) & (ends["year"] == ends["year"].min())]
    return pd.concat(
        [
            bases(
                counted.assign(period=counted["year"]),
                "all_ages",
                "worldbank",
                obs_status="A",
                source_id=WORLD_BANK,
            ),
            bases(
                ahead.assign(period=ahead["year"]),
                "all_ages",
                "wpp2024",
                obs_status="F",
                source_id=UN,
                note="medium projection and 95 % bounds; middle of the year: geometric mean of "
                "31 December before and after",
            ),
            bases(
                alone.assign(period=alone["year"].astype("str") + "-12-31"),
                "all_ages",
                "wpp2024",
                obs_status="F",
                source_id=UN,
                note="medium projection and 95 % bounds of 31 December; the World Bank has no row",
            ),
        ],
        ignore_index=True,
    )


def by_year(known: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """One population a country and year: counted where it is, else projected with its bounds."""
    counted = known.assign(low=known["persons"], high=known["persons"], projected=False)
    joined = pd.concat([counted, mid_years(ends).assign(projected=True)])
    return joined.drop_duplicates(["area_id", "year"]).sort_values(
        ["area_id", "year"], ignore_index=True
    )


def online(known: pd.DataFrame, use: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Rows of internet users: reported shares times people, then projected ones.

    Args:
        known: Population as the World Bank counts it; a reported share meets no other.
        use: Reported shares.
        people: One population a country and year, as `by_year` gives it.
    """
    both = use.merge(known, on=["area_id", "year"])
    both = both[both["year"].between(FIRST, LAST)]
    told = both.assign(persons=both["share"] * both["persons"], period=both["year"])
    reported = bases(
        told,
        "internet_all",
        "itu",
        obs_status="E",
        source_id=ITU,
        also_source_id=WORLD_BANK,
        note="share x population: population of the World Bank times the share of the ITU, both of "
        "the year",
    )
    return pd.concat([reported, _online_ahead(use, people)], ignore_index=True)


def _online_ahead(use: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    learned = adoption.learn(adoption.held_out(use[use["area_id"] != "001"]))
    ahead = adoption.projected(use, learned, LAST).merge(
        people, on=["area_id", "year"], suffixes=("_share", "")
    )
    ahead = ahead[ahead["year"] >= FIRST]
    middle = (ahead["share"] * ahead["persons"]).round()
    rows = ahead.assign(
        persons=middle,
        low=np.minimum(ahead["low_share"] * ahead["low"], middle),
        high=np.minimum(
            np.maximum(ahead["high_share"] * ahead["high"], middle), ahead["persons"].round()
        ),
        period=ahead["year"],
        also_source_id=ahead["projected"].map({True: UN, False: WORLD_BANK}),
        note="share projected from " + ahead["reported"].astype("str") + ", the last year reported "
        "to the ITU, times the population of the year; 5 to 95 % of errors on held-out years",
    )
    return bases(
        rows,
        "internet_all",
        "projected",
        obs_status="F",
        source_id=ITU,
        lineage_id=PROJECTED,
    )


BANDED = {"age_12_plus": ("12+", 0.2, "a fifth"), "age_18_plus": ("18+", 0.8, "four fifths")}
"""Ages that begin inside the band 10-19: what part of the band lies below them."""


def from_bands(bands: pd.DataFrame, known: pd.DataFrame, codes: pd.DataFrame) -> pd.DataFrame:
    """Rows of people from an age on, of about 2020, and of everyone where nobody counts them.

    `bands` is WorldPop's table: `key`, `all` and one column a band of ten years.
    """
    told = _national(bands)
    told = told[told["area_id"].isin(codes["area_id"]) & (told["all"] > 0)].assign(period=OF_BANDS)
    people = known[known["year"] == OF_BANDS].set_index("area_id")["persons"]
    counted = told["area_id"].map(people)
    own = counted.isna()
    alone = bases(
        told[own].assign(persons=told["all"]),
        "all_ages",
        "worldpop",
        obs_status="E",
        source_id=WORLDPOP,
        note="about 2020; the World Bank has no row",
    )
    parts = [_from_age(base, told, counted) for base in BANDED]
    return pd.concat([*parts, alone], ignore_index=True)


def _from_age(base: str, told: pd.DataFrame, counted: pd.Series) -> pd.DataFrame:
    """Rows of one age: its share of WorldPop times the people counted, or WorldPop as it is."""
    name, below, words = BANDED[base]
    older = told["all"] - told["age_00_09"] - below * told["age_10_19"]
    rows = told.assign(persons=older / told["all"] * counted.fillna(told["all"]))
    says = f"population 10+ less {words} of the band 10-19; bands of about 2020"
    own = counted.isna()
    product = bases(
        rows[~own],
        base,
        "worldpop",
        obs_status="E",
        source_id=WORLDPOP,
        also_source_id=WORLD_BANK,
        note=f"share {name} of WorldPop times the population of the World Bank: {says}",
    )
    plain = bases(rows[own], base, "worldpop", obs_status="E", source_id=WORLDPOP, note=says)
    return pd.concat([product, plain], ignore_index=True)


def _national(bands: pd.DataFrame) -> pd.DataFrame:
    """One row a country; regions added up where the national row is wrong."""
    numbers = [name for name in bands.columns if name == "all" or name.startswith("age_")]
    table = bands[["key"]].join(bands[numbers].apply(pd.to_numeric, errors="coerce"))
    region = table["key"].str.contains("_", regex=False)
    country = table["key"].str.split("_").str[0]
    added = region & country.isin(REGIONS_ADDED_UP)
    plain = table[~region & ~country.isin(REGIONS_ADDED_UP)].rename(columns={"key": "area_id"})
    sums = table[added].assign(area_id=country[added]).groupby("area_id")[numbers].sum()
    return pd.concat([plain, sums.reset_index()], ignore_index=True).sort_values("area_id")


def of_regions(frame: pd.DataFrame, source: str, tag: str) -> pd.DataFrame:
    """Rows of regions: `area_id`, `period`, `persons`, `obs_status` and `note`."""
    return bases(frame, "all_ages", tag, source_id=source)


def merged(existing: pd.DataFrame, fresh: pd.DataFrame, lineages: "pd.Series[str]") -> pd.DataFrame:
    """The table with the rows it lacks; what stands there stays as it is.

    One lineage gives one number for an area, a base and a period, and what stands wins. Only rows
    of the lineage PROJECTED, which nobody writes by hand, are made anew. `lineages` is the lineage
    of each source.
    """
    kept = existing[existing["lineage_id"] != PROJECTED]
    keys = [_keys(frame, lineages) for frame in (kept, fresh)]
    new = fresh[~keys[1].isin(keys[0]) & ~fresh["base_id"].isin(kept["base_id"]).to_numpy()]
    joined = pd.concat([kept, new], ignore_index=True)
    order = joined["population_base"].map({name: place for place, name in enumerate(ORDER)})
    by = joined.assign(order=order).sort_values(["area_id", "order", "period"], kind="stable")
    return by.drop(columns="order").reset_index(drop=True)


def _keys(frame: pd.DataFrame, lineages: "pd.Series[str]") -> pd.MultiIndex:
    own = frame["lineage_id"].where(frame["lineage_id"] != "", frame["source_id"].map(lineages))
    columns = ["area_id", "population_base", "period"]
    return pd.MultiIndex.from_frame(frame[columns].assign(lineage=own.fillna("")))


def without_denominator(areas: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Areas without any base (`missing` all), and countries without internet users (online)."""
    counted = areas["area_id"].isin(rows["area_id"])
    users = rows.loc[rows["population_base"].str.startswith("internet"), "area_id"]
    region = areas["area_id"].str.contains("-", regex=False)
    offline = counted & ~region & ~areas["area_id"].isin(users)
    missing = pd.Series("", areas.index).where(counted, "all").where(~offline, "online")
    return areas.assign(missing=missing)[missing != ""].reset_index(drop=True)
