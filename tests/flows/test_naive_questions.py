"""A plain groupby over a published table gives the answer that `show` gives, in any library.

Each question is one `groupby` without a thought about what overlaps. Its answer is compared with
that of the rankings, records and lists from which the command answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

import audience_impact as ai
from audience_impact.answers import Quantity, rankings, records
from audience_impact.answers.records import plain_rows
from audience_impact.store import versions

Tables = Mapping[str, pd.DataFrame]
Answer = dict[tuple[str, ...], tuple[float, ...]]
"""Numbers by the values of the columns that a question groups by."""
CONTINENTS = {"002": "Africa", "009": "Oceania", "019": "Americas", "142": "Asia", "150": "Europe"}


@dataclass(frozen=True)
class Question:
    """A question as one groupby: some columns of a table, summarised in groups of rows."""

    table: str
    by: tuple[str, ...]
    columns: tuple[str, ...]
    how: str
    answer: Callable[[Tables], Answer]
    where: tuple[tuple[str, str], ...] = ()


def rank_days(tables: Tables, area: str, period: str) -> rankings.Ranking:
    return rankings.build_ranking(tables, area, period, Quantity.PERSON_DAYS)


def find_days_by_country(tables: Tables) -> Answer:
    rows = plain_rows(rank_days(tables, "001", "2024").rows)
    names = name_countries(tables)
    return {
        (names[row["area_id"]],): (row["q50_person_days"] or 0.0, row["min_person_days"])
        for row in rows
    }


def find_days_by_continent(tables: Tables) -> Answer:
    totals = {name: rank_days(tables, code, "2024").total for code, name in covered(tables, "2024")}
    return {(name,): (total["q50_person_days"] or 0.0,) for name, total in totals.items()}


def covered(tables: Tables, period: str) -> list[tuple[str, str]]:
    """The continents with a restriction in a year."""
    rows = tables["impact_by_area"].query("period == @period")
    return [(code, name) for code, name in CONTINENTS.items() if code in set(rows["area_id"])]


def name_countries(tables: Tables) -> dict[str, str]:
    rows = tables["impact_by_area"]
    return dict(zip(rows["area_id"], rows["area_name"], strict=True))


def count_by_country_and_year(tables: Tables) -> Answer:
    names = name_countries(tables)
    rows = tables["impact_by_area"].query("period.str.len() == 4")
    return {
        (names[area], year): (len(rankings.select_restrictions(tables, area, year)),)
        for area, year in zip(rows["area_id"], rows["period"], strict=True)
        if not area.isdecimal()
    }


def find_days_of_all_years(tables: Tables) -> Answer:
    years = [row["period"] for row in records.build_area_record(tables, "RU").by_year]
    totals = [rank_days(tables, "RU", year).total for year in years]
    names = ("min_person_days", "q50_person_days", "max_person_days")
    return {("Russia",): tuple(sum(total[name] for total in totals) for name in names)}


def list_exposed(tables: Tables) -> dict[str, Any]:
    """The people exposed to each restriction, from its record."""
    every = records.Records({name: tables[name] for name in records.TABLES})
    return {
        act: next(number.people for number in record.numbers if number.metric == "people_exposed")
        for act, record in every.items()
    }


def find_largest(tables: Tables) -> Answer:
    return {(act,): (people.q50 or 0.0,) for act, people in list_exposed(tables).items()}


def find_mean_intervals(tables: Tables) -> Answer:
    country = tables["impact"].set_index("restriction_id")["country_name"]
    ends: dict[str, list[tuple[float, float]]] = {}
    for act, people in list_exposed(tables).items():
        if people.q05 is not None and people.q95 is not None:
            ends.setdefault(country[act].iloc[0], []).append((people.q05, people.q95))
    return {
        (name,): tuple(sum(pair[end] for pair in pairs) / len(pairs) for end in (0, 1))
        for name, pairs in ends.items()
    }


def compare_kinds(tables: Tables) -> Answer:
    years = records.build_area_record(tables, "IN").by_year
    names = ("shutdown_q50_persons", "service_q50_persons", "shutdown_restrictions_count")
    return {("India", row["period"]): tuple(row[name] or 0.0 for name in names) for row in years}


def list_months(tables: Tables) -> Answer:
    area = records.build_area_record(tables, "IN", "2024")
    return {(row["period"],): (row["q50_persons"] or 0.0,) for row in area.by_month}


def count_by_continent(tables: Tables) -> Answer:
    every = {
        name: len(rankings.select_restrictions(tables, code)) for code, name in CONTINENTS.items()
    }
    return {(name,): (count,) for name, count in every.items() if count}


def list_world_years(tables: Tables) -> Answer:
    years = records.build_area_record(tables, "001").by_year
    return {(row["period"],): (row["q50_persons"], row["max_persons"] or 0.0) for row in years}


OF_2024 = (("period", "2024"),)
QUESTIONS = {
    "person-days by country in 2024": Question(
        "person_days_by_area",
        ("area_name",),
        ("q50_person_days", "min_person_days"),
        "sum",
        find_days_by_country,
        OF_2024,
    ),
    "person-days by continent in 2024": Question(
        "person_days_by_area",
        ("continent_name",),
        ("q50_person_days",),
        "sum",
        find_days_by_continent,
        OF_2024,
    ),
    "restrictions by country and year": Question(
        "impact_by_area",
        ("area_name", "period"),
        ("restrictions_count",),
        "sum",
        count_by_country_and_year,
    ),
    "Russia's person-days over all years": Question(
        "person_days_by_area",
        ("area_name",),
        ("min_person_days", "q50_person_days", "max_person_days"),
        "sum",
        find_days_of_all_years,
        (("area_name", "Russia"),),
    ),
    "the largest events": Question(
        "impact", ("restriction_id",), ("q50_persons",), "sum", find_largest
    ),
    "the mean interval by country": Question(
        "impact", ("country_name",), ("q05_persons", "q95_persons"), "mean", find_mean_intervals
    ),
    "shutdowns against services in India, by year": Question(
        "impact_by_area",
        ("area_name", "period"),
        ("shutdown_q50_persons", "service_q50_persons", "shutdown_restrictions_count"),
        "sum",
        compare_kinds,
        (("area_name", "India"),),
    ),
    "months of India in 2024": Question(
        "impact_by_area_month",
        ("period",),
        ("q50_persons",),
        "sum",
        list_months,
        (("area_name", "India"), ("year", "2024")),
    ),
    "events by continent": Question(
        "restrictions", ("continent_name",), ("restriction_id",), "count", count_by_continent
    ),
    "people of the world by year": Question(
        "impact_by_world",
        ("period",),
        ("q50_persons", "max_persons"),
        "sum",
        list_world_years,
    ),
}


def ask_pandas(question: Question, folder: Path) -> pd.DataFrame:
    rows = ai.load(folder)[question.table]
    for column, value in question.where:
        cells = rows["period"].str[:4] if column == "year" else rows[column]
        rows = rows[cells == value]
    answer = rows.groupby(list(question.by))[list(question.columns)].agg(question.how)
    return answer.reset_index()


def ask_polars(question: Question, folder: Path) -> pd.DataFrame:
    rows = pl.read_parquet(folder / f"{question.table}.parquet")
    for column, value in question.where:
        cells = pl.col("period").str.head(4) if column == "year" else pl.col(column)
        rows = rows.filter(cells == value)
    numbers = [getattr(pl.col(column), question.how)() for column in question.columns]
    answer = rows.group_by(question.by).agg(numbers)
    return pd.DataFrame(answer.to_dict(as_series=False))


def ask_duckdb(question: Question, folder: Path) -> pd.DataFrame:
    by = ", ".join(question.by)
    numbers = ", ".join(f"{question.how}({column}) as {column}" for column in question.columns)
    names = {"year": "left(period, 4)"}
    where = [f"{names.get(column, column)} = '{value}'" for column, value in question.where]
    with duckdb.connect() as connection:
        return connection.execute(
            f"select {by}, {numbers} from '{folder / question.table}.parquet' "
            f"where {' and '.join(['true', *where])} group by {by}"
        ).df()


def as_answer(question: Question, rows: pd.DataFrame) -> Answer:
    """Rows as an answer; groups without any number are left out of a mean."""
    numbers = rows[list(question.columns)].astype("float64")
    keys = rows[list(question.by)].astype("str").itertuples(index=False, name=None)
    every = zip(keys, numbers.itertuples(index=False, name=None), strict=True)
    return {
        key: tuple(0.0 if pd.isna(number) else number for number in result)
        for key, result in every
        if question.how != "mean" or not any(map(pd.isna, result))
    }


@pytest.fixture(scope="module")
def folder(repository_published: Path) -> Path:
    return (repository_published / "latest").resolve()


@pytest.fixture(scope="module")
def tables(repository_published: Path) -> Tables:
    """All that the command answers from."""
    return records.load_tables(versions.find_latest(repository_published))


@pytest.mark.parametrize("ask", [ask_pandas, ask_polars, ask_duckdb])
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_plain_groupby_is_right(
    name: str, ask: Callable[[Question, Path], pd.DataFrame], folder: Path, tables: Tables
) -> None:
    question = QUESTIONS[name]
    answer, right = as_answer(question, ask(question, folder)), question.answer(tables)
    assert right
    assert answer.keys() == right.keys()
    for key, numbers in right.items():
        assert answer[key] == pytest.approx(numbers, rel=1e-12), key


@pytest.mark.parametrize("level", ["area", "continent", "subregion"])
@pytest.mark.parametrize("period", ["", "_month"])
def test_bounds_of_a_level_add_up_to_those_of_the_world(
    level: str, period: str, folder: Path
) -> None:
    tables = ai.load(folder)
    parts, world = tables[f"impact_by_{level}{period}"], tables[f"impact_by_world{period}"]
    sums = parts.groupby("period")[["min_persons", "countries_count"]].sum()
    total = world.set_index("period")
    assert len(total) > 5
    assert (sums["countries_count"] == total["countries_count"]).all()
    # Each row is rounded to a person.
    difference = (sums["min_persons"] - total["min_persons"]).abs()
    assert (difference <= total["countries_count"]).all()


def test_draws_of_countries_add_up_to_the_quantiles_of_a_continent(folder: Path) -> None:
    tables = ai.load(folder)
    by_period = ["continent_name", "period"]
    drawn = tables.draws_by_area.groupby([*by_period, "draw"])["persons"].sum()
    median = drawn.groupby(by_period).median()
    continents = tables.impact_by_continent.set_index(["area_name", "period"])
    # A country with too wide an interval has no draws of its own, and is in its continent.
    countries = tables.draws_by_area.groupby(by_period)["area_id"].nunique()
    countries = countries.rename_axis(continents.index.names).reindex(continents.index)
    whole = continents.loc[countries == continents["countries_drawn"], "q50_persons"].dropna()
    ratio = (median.rename_axis(whole.index.names) / whole).dropna()
    assert len(ratio) > 20
    # 250 of 1,000 draws: the error of a median is some hundredths.
    assert ratio.between(0.7, 1.3).all()


def test_months_and_sums_of_everything_are_in_no_table_of_years(folder: Path) -> None:
    tables = ai.load(folder)
    of_periods = [
        name
        for name, table in tables.items()
        if "period" in table and name.startswith(("impact_by_", "person_days"))
        if name != "impact_by_platform"
    ]
    assert {"impact_by_area", "impact_by_world_month", "person_days_by_area"} <= set(of_periods)
    for name in of_periods:
        digits = 7 if name.endswith("_month") else 4
        assert set(tables[name]["period"].str.len()) == {digits}, name
    for name, table in tables.items():
        if "impact_metric" in table and name != "sensitivity":
            assert table["impact_metric"].nunique() <= 1, name
