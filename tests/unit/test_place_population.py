"""People of a place on a day: carried by growth, limited by figures, never out of nothing."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact.facts.tables import Tables
from audience_impact.places import population
from audience_impact.populations import are_regions, country_of, is_region, with_holders
from flows.pipeline import steps

DAY = pd.Timestamp


def tables(*bases: tuple[str, str, float, str, str], areas: dict[str, str]) -> Tables:
    """Typed facts of places: bases as (area, year, persons, source, status)."""
    rows = pd.DataFrame(bases, columns=["area_id", "period", "persons", "source_id", "obs_status"])
    year = rows["period"].astype(int)
    return {
        "areas": pd.DataFrame({"area_id": list(areas), "parent_id": list(areas.values())}),
        "sources": pd.DataFrame(
            [("census", "high", "census"), ("list", "low", "model"), ("made", "medium", "model")],
            columns=["source_id", "reliability", "source_type"],
        ),
        "bases": rows.assign(
            population_base="all_ages",
            base_id=rows["area_id"] + "-" + rows["period"] + "-" + rows["source_id"],
            measurement_series_id=rows["source_id"],
            period_start=pd.to_datetime(year.astype(str) + "-01-01"),
            period_end=pd.to_datetime((year + 1).astype(str) + "-01-01"),
        ),
    }


AREAS = {
    "IN": "034",
    "IN-XX": "IN",
    "IN-XX/a": "IN-XX",
    "IN-XX/b": "IN-XX",
    "geonames:1": "IN-XX/a",
}
FACTS = tables(
    ("IN", "2010", 1000.0, "census", "A"),
    ("IN", "2020", 2000.0, "census", "A"),
    ("IN-XX", "2010", 100.0, "census", "A"),
    ("IN-XX", "2014", 120.0, "census", "A"),
    ("IN-XX/a", "2010", 10.0, "census", "A"),
    ("geonames:1", "2010", 50.0, "list", "A"),
    areas=AREAS,
)


def people(area: str, day: str, facts: Tables = FACTS) -> pd.Series:
    wanted = pd.DataFrame({"area_id": [area], "day": [DAY(day)]}, index=[7])
    return population.estimate_people(wanted, facts).loc[7]


def test_a_place_grows_as_what_holds_it() -> None:
    state, district = people("IN-XX", "2012-07-01"), people("IN-XX/a", "2012-07-01")
    assert district["people_persons"] / 10 == pytest.approx(state["people_persons"] / 100)
    assert 100 < state["people_persons"] < 120


def test_beyond_its_figures_a_region_grows_as_its_country() -> None:
    later, last = people("IN-XX", "2018-07-01"), people("IN-XX", "2014-07-01")
    grown = (
        people("IN", "2018-07-01")["people_persons"] / people("IN", "2014-07-01")["people_persons"]
    )
    assert later["people_persons"] / last["people_persons"] == pytest.approx(grown, rel=1e-3)
    assert grown == pytest.approx(2 ** (4 / 10), rel=1e-3)


def test_a_country_goes_on_as_in_its_last_years() -> None:
    assert people("IN", "2022-07-01")["people_persons"] == pytest.approx(2000 * 2**0.2, rel=1e-2)


def test_the_range_widens_with_the_years() -> None:
    widths = [
        np.log(row["people_high_persons"] / row["people_low_persons"])
        for row in (people("IN-XX/a", f"{year}-07-01") for year in (2010, 2014, 2019))
    ]
    assert 0 < widths[0] < widths[1] < widths[2]


def test_a_place_has_at_most_the_people_expected_there() -> None:
    for place in ("geonames:1", "IN-XX/a", "IN-XX", "IN"):
        row = people(place, "2019-07-01")
        assert row["most_persons"] == pytest.approx(row["people_persons"])
        assert row["most_persons"] < row["people_high_persons"]


def test_a_place_without_a_figure_is_limited_by_what_holds_it() -> None:
    lacking = people("IN-XX/b", "2010-07-01")
    assert np.isnan(lacking["people_persons"])
    assert lacking["most_persons"] == pytest.approx(100, rel=1e-3)


def test_what_nobody_knows_limits_nothing() -> None:
    unknown = people("ZZ", "2010-07-01")
    assert np.isnan(unknown["people_persons"])
    assert np.isnan(unknown["most_persons"])


@pytest.mark.parametrize(("measurer", "deviation"), [("census", 0.04), ("made", 0.16)])
def test_a_projection_by_those_who_count_is_surer_than_a_model(
    measurer: str, deviation: float
) -> None:
    facts = tables(
        ("IN", "2010", 1000.0, "census", "A"),
        ("IN", "2020", 1000.0, "census", "A"),
        ("IN-XX", "2012", 100.0, measurer, "F"),
        areas=AREAS,
    )
    row = people("IN-XX", "2012-07-01", facts)
    width = np.log(row["people_high_persons"] / row["people_persons"]) / population.NORMAL_95
    assert width == pytest.approx(deviation, rel=0.01)


def test_the_better_figure_speaks_and_limits() -> None:
    facts = tables(
        ("IN", "2010", 1000.0, "census", "A"),
        ("IN", "2020", 1000.0, "census", "A"),
        ("IN-XX", "2010", 100.0, "census", "A"),
        ("IN-XX", "2012", 300.0, "made", "E"),
        areas=AREAS,
    )
    result = people("IN-XX", "2012-07-01", facts)
    assert result["people_persons"] == pytest.approx(100, rel=1e-3)
    assert result["most_persons"] == pytest.approx(100, rel=1e-3)


@cache
def alone(area: str) -> pd.Series:
    return people(area, "2016-03-01")


@given(st.permutations(["IN", "IN-XX", "IN-XX/a", "geonames:1", "IN-XX", "ZZ"]))
def test_the_order_of_what_is_asked_does_not_matter(asked: list[str]) -> None:
    wanted = pd.DataFrame({"area_id": asked, "day": DAY("2016-03-01")})
    result = population.estimate_people(wanted, FACTS)
    for place, area in enumerate(asked):
        pd.testing.assert_series_equal(result.loc[place], alone(area), check_names=False)


def test_nothing_asked_gives_nothing() -> None:
    wanted = pd.DataFrame(
        {"area_id": pd.Series(dtype="str"), "day": pd.Series(dtype="datetime64[us]")}
    )
    assert population.estimate_people(wanted, FACTS).empty


def test_what_is_learned_is_what_the_facts_say(repository_checked: steps.Checked) -> None:
    # Two figures of one place, carried to the later day with the growth of the area around it: of
    # one measurer they show the drift, of two, one of them modelled, the error of the model.
    growth = population.Growth(repository_checked.tables)
    bases = repository_checked.tables["bases"]
    projected = bases.loc[bases["obs_status"] == "F", "base_id"]
    regional = growth.figures[are_regions(growth.figures["area_id"])]
    regional = regional[~regional["base_id"].isin(projected)]
    pairs = regional.merge(regional, on="area_id", suffixes=("", "_later"))
    pairs = pairs[pairs["base_id"] != pairs["base_id_later"]]
    above = pairs["area_id"].map(growth.parents)
    grown = growth.measure_growth(above, pairs["years"], pairs["years_later"])
    gap = pairs["years_later"] - pairs["years"]
    off = (pairs["log_persons_later"] - pairs["log_persons"] - grown).abs()
    same = pairs["measurement_series_id"] == pairs["measurement_series_id_later"]
    is_counted = pairs[["error", "error_later"]].max(axis=1) < population.COMPILED["medium"]
    is_modelled = ~same & (pairs["error"] >= population.MODEL_ERROR)
    is_modelled &= pairs["error_later"] < population.MODEL_ERROR
    for differences, expected in (
        ((off / gap)[same & is_counted & (gap > 0)], population.DRIFT),
        (off[is_modelled], population.MODEL_ERROR),
    ):
        assert pytest.approx(differences.quantile(0.9) / 1.6449, rel=0.05) == expected


@pytest.mark.parametrize(
    ("area", "country"),
    [
        ("IN", "IN"),
        ("IN-JK/tral", "IN"),
        ("MMR012005", "MM"),
        ("OCHA:LY01", "LY"),
        ("PK:fata", "PK"),
    ],
)
def test_an_id_tells_its_country(area: str, country: str) -> None:
    assert country_of(area) == country
    assert is_region(area) == (area != country)


def test_an_id_that_does_not_is_looked_up() -> None:
    assert country_of("geonames:1", AREAS) == "IN"
    assert with_holders("geonames:1", AREAS) == ["geonames:1", "IN-XX/a", "IN-XX", "IN"]
    assert with_holders("IN", AREAS) == ["IN"]
    assert not is_region("034")
