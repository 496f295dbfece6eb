"""A plain groupby over a published table is right, once a kind and a level are chosen."""

from pathlib import Path

import pandas as pd
import pytest

import audience_impact as ai
from audience_impact.vocabulary import RegionLevel, RestrictionKind

KINDS = {kind.value for kind in RestrictionKind}


@pytest.fixture(scope="module")
def tables(repository_published: Path) -> ai.Tables:
    return ai.load(repository_published)


def select_level(tables: ai.Tables, level: str, span: str) -> pd.DataFrame:
    """The rows of a level of areas: countries, or regions of one level."""
    if level == "country":
        return tables[f"countries_by_{span}"]
    regions = tables[f"regions_by_{span}"]
    return regions[regions["area_level"] == level]


@pytest.mark.parametrize("level", ["country", "continent", "subregion"])
@pytest.mark.parametrize("span", ["year", "month", "day"])
def test_bounds_and_counts_of_a_level_add_up_to_those_of_the_world(
    tables: ai.Tables, level: str, span: str
) -> None:
    columns = ["min_persons", "max_persons", "countries_count", "restrictions_count"]
    key = [span, "kind"]
    sums = select_level(tables, level, span).groupby(key, observed=True)[columns].sum()
    world = select_level(tables, RegionLevel.WORLD, span).set_index(key)[columns].sort_index()
    assert len(world) > 50
    assert (sums["countries_count"] == world["countries_count"]).all()
    assert (sums["restrictions_count"] >= world["restrictions_count"]).all()
    for column in columns[:2]:  # each row is rounded to a person
        difference = (sums[column] - world[column]).abs()
        assert (difference <= world["countries_count"]).all()


@pytest.mark.parametrize("place", ["countries", "regions"])
def test_person_days_of_months_add_up_to_those_of_their_year(tables: ai.Tables, place: str) -> None:
    months = tables[f"{place}_by_month"].assign(year=lambda rows: rows["month"].dt.year)
    key = ["area_id", "year"]
    for kind in ("all", "shutdown", "service"):
        of_kind = months[months["kind"] == kind]
        sums = of_kind.groupby(key)["printed_min_person_days"].sum()
        years = tables[f"{place}_by_year"].query("kind == @kind").set_index(key)
        difference = (sums.reindex(years.index) - years["printed_min_person_days"]).abs()
        assert difference.notna().all()
        assert (difference <= 12 * years["countries_count"]).all(), kind


def test_draws_of_countries_add_up_to_the_quantiles_of_a_continent(tables: ai.Tables) -> None:
    key = ["continent_name", "year"]
    drawn = tables.draws.groupby([*key, "draw"])["persons"].sum()
    median = drawn.groupby(key).median().astype("float64")
    continents = tables.regions_by_year.query("kind == 'all' and area_level == 'continent'")
    continents = continents.set_index(key)
    # A country with too wide an interval has no draws of its own, and is in its continent.
    countries = tables.draws.groupby(key)["area_id"].nunique().reindex(continents.index)
    is_whole = countries == continents["countries_drawn"]
    ratio = (median / continents.loc[is_whole, "q50_persons"].astype("float64")).dropna()
    assert len(ratio) > 20
    # 250 of 1,000 draws: the error of a median is some hundredths.
    assert ratio.between(0.7, 1.3).all()


def test_shares_of_the_population_are_those_of_the_people_beside_them(tables: ai.Tables) -> None:
    rows = tables.countries_by_year.dropna(subset=["q50_persons", "population_persons"])
    shares = (rows["q50_persons"] / rows["population_persons"]).astype("float64")
    assert shares.to_numpy() == pytest.approx(rows["q50_population_share"].to_numpy(), abs=5e-6)
    assert set(rows["kind"]) == KINDS
