"""People online in a place: its odds against the country's, and what is learned of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import expit, logit

from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Z95
from audience_impact.fitting import places as online_learning
from audience_impact.fitting.places import add_deviations
from audience_impact.places import online
from audience_impact.vocabulary import PlaceLaw
from tests.support import World, world

FACTS = Path(__file__).resolve().parents[2] / "data" / "facts"
LAWS = {
    ("between", "q05"): -1.0, ("between", "q50"): 0.0, ("between", "q95"): 1.2,
    ("between_level", "count"): -0.1, ("city", "q05"): 0.1, ("city", "q50"): 0.6,
    ("city", "q95"): 1.1, ("country_degrees", "count"): 20.0, ("small_place", "count"): 3e4,
    ("survey", "q95"): 0.3, ("ageing", "q95"): 0.1, ("model", "q95"): 0.7,
    ("model_slope", "count"): 1.0, ("model_level", "count"): -0.2, ("households", "q95"): 0.9,
    ("households_slope", "count"): 0.4, ("reading", "q95"): 0.0,
    ("urban", "count"): 1.0, ("urban_rest", "count"): 0.5,
}  # fmt: skip
DAY = "2025-06-15"


def place(made: World, area_id: str, holder: str, persons: int, **cells: str) -> World:
    """An area below the country, with its people."""
    made.add("areas", area_id=area_id, name=area_id, parent_id=holder, **cells)
    return made.base(
        f"{area_id}-people", area_id=area_id, population_base="all_ages", persons=str(persons),
        source_id="census-page",
    )  # fmt: skip


def country() -> World:
    """A country of a million, half of them online, with two regions, a district and a town."""
    made = world().base("online", population_base="internet_all", persons="500000")
    place(made, "XA-N", "XA", 600_000)
    place(made, "XA-S", "XA", 400_000)
    place(made, "XA-N/d", "XA-N", 100_000)
    place(made, "XA-N/s", "XA-N", 10_000)
    place(made, "XA-N/t", "XA-N", 100_000, level="city")
    for (parameter, kind), value in LAWS.items():
        made.add("place_laws", parameter=parameter, kind=kind, value=repr(value))
    return made


def surveyed(made: World) -> World:
    """With a survey of both regions."""
    made.add("regional_use", area_id="XA-N", share="0.8")
    return made.add("regional_use", area_id="XA-S", share="0.5")


def odds(made: World, *areas: str, day: str = DAY) -> pd.DataFrame:
    """The law of each place."""
    wanted = pd.DataFrame(
        {"area_id": areas, "day": pd.Timestamp(day)}, index=range(7, 7 + len(areas))
    )
    wanted["day"] = wanted["day"].astype("datetime64[us]")
    tables = made.typed()
    online_odds = online.estimate_online_odds(
        wanted, tables, online.read_parameters(tables["place_laws"])
    )
    assert list(online_odds.index) == list(wanted.index)
    return online_odds.set_axis(list(areas))


def width(law: pd.DataFrame) -> "pd.Series[float]":
    return law["online_q95"] - law["online_q05"]


def test_a_country_is_as_often_online_as_itself() -> None:
    law = odds(surveyed(country()), "XA")
    assert (law[online.ODDS_QUANTILES] == 0.0).all(axis=None)


def test_a_survey_of_the_regions_is_moved_to_the_share_of_the_country() -> None:
    made = surveyed(country())
    law = odds(made, "XA-N", "XA-S")
    assert list(law["rung"]) == ["survey", "survey"]
    assert law.loc["XA-N", "online_q50"] > 0.2 > -0.2 > law.loc["XA-S", "online_q50"]
    days = pd.DataFrame({"country_id": ["XA"], "day": [pd.Timestamp(DAY)], "log_odds": [0.0]})
    result = online.read_regional_figures(made.typed()).merge(days, on="country_id")
    deviations = online.choose_deviations(result).set_index("area_id")["deviation"]
    mean = 0.6 * expit(deviations["XA-N"]) + 0.4 * expit(deviations["XA-S"])
    assert mean == pytest.approx(0.5)
    assert deviations["XA-N"] - deviations["XA-S"] == pytest.approx(logit(0.8) - logit(0.5))


def test_without_a_figure_a_region_is_as_far_off_as_elsewhere() -> None:
    bare, known = odds(country(), "XA-N"), odds(surveyed(country()), "XA-N")
    assert list(bare["rung"]) == ["country"]
    later = odds(surveyed(country()), "XA-N", day="2035-06-15")
    assert width(bare)["XA-N"] > 1.5 * width(known)["XA-N"]
    assert width(later)["XA-N"] > 1.1 * width(known)["XA-N"], "an old survey says less"


def test_a_district_is_its_region_and_further_off() -> None:
    made = place(surveyed(country()), "XA-N/most", "XA-N", 550_000)
    law = odds(made, "XA-N", "XA-N/most", "XA-N/d", "XA-N/s")
    assert list(law["rung"]) == ["survey", "holder", "holder", "holder"]
    assert width(law).is_monotonic_increasing, "a small place differs most"
    assert width(law)["XA-N/most"] < 0.5 * width(law)["XA-N/d"], "what is most of it differs least"
    assert law.loc["XA-N/d", "online_q50"] == pytest.approx(law.loc["XA-N", "online_q50"], abs=0.1)


def test_a_town_stands_above_its_region() -> None:
    law = odds(surveyed(country()), "XA-N/d", "XA-N/t")
    assert law.loc["XA-N/t", "online_q50"] - law.loc["XA-N/d", "online_q50"] > 0.4


def test_shares_in_towns_move_a_place_and_say_more_of_it() -> None:
    def add_urban(made: World, **urban: str) -> World:
        for name, holder in (("h", "XA-N"), ("rural", "XA-N/h"), ("urban", "XA-N/h")):
            made.add("areas", area_id=f"XA-N/{name}", name=name, parent_id=holder)
            made.base(
                f"{name}-people", area_id=f"XA-N/{name}", population_base="all_ages",
                persons="100000", source_id="census-page", urban_persons=urban.get(name, ""),
            )  # fmt: skip
        return place(made, "XA-N/h/t", "XA-N/h", 100_000, level="city")

    areas = ("XA-N/rural", "XA-N/urban", "XA-N/h/t")
    unknown = odds(add_urban(surveyed(country())), *areas)
    made = add_urban(surveyed(country()), h="40000", rural="10000", urban="90000")
    for row in made.rows["bases"]:
        row["urban_persons"] = "240000" if row["area_id"] == "XA-N" else row["urban_persons"]
    law = odds(made, *areas)
    middle = law["online_q50"] - unknown["online_q50"]
    assert middle["XA-N/rural"] < -0.2 < 0.4 < middle["XA-N/urban"]
    assert law.loc["XA-N/h/t", "online_q50"] > law.loc["XA-N/urban", "online_q50"]
    assert (width(law) < 0.85 * width(unknown)).all()


def test_shares_in_towns_are_learned_from_censuses_and_surveys() -> None:
    made, generator = country(), np.random.default_rng(5)
    for region in "ABCD":
        place(made, f"XA-{region}", "XA", 1_000_000)
        at = {"area_id": f"XA-{region}", "measurement_series_id": ""}
        made.add("regional_use", **at, share="0.1", asked="households")
        made.add("regional_use", **at, share="0.5")
        made.add("regional_use", **at, share="0.6", residence="urban")
        made.rows["bases"][-1]["urban_persons"] = "500000"
        for number in range(12):
            urban, area = generator.uniform(0.1, 0.9), f"XA-{region}/{number}"
            place(made, area, f"XA-{region}", 100_000)
            made.rows["bases"][-1]["urban_persons"] = str(int(urban * 100_000))
            odd = -2.2 + 2.0 * (urban - 0.5) + generator.normal(0.0, 0.2)
            made.add("regional_use", area_id=area, share=f"{expit(odd):.4f}", asked="households")
    tables = made.typed()
    deviations = add_deviations(online.read_regional_figures(tables))
    fits = online_learning.fit_towns(deviations, tables)
    slope, rest = fits[PlaceLaw.URBAN], fits[PlaceLaw.URBAN_REST]
    assert (slope.figures, rest.figures, rest.groups) == (4, 48, 1)
    assert slope.value == pytest.approx(logit(0.6) / 0.5, abs=0.01)
    assert 0.25 < rest.value < 0.6
    nothing = {**tables, "bases": tables["bases"].assign(urban_persons=np.nan)}
    assert not {PlaceLaw.URBAN, PlaceLaw.URBAN_REST} & set(
        online_learning.fit_towns(deviations, nothing)
    )


def test_a_metropolis_is_not_below_its_country_without_a_survey_of_it() -> None:
    made = place(surveyed(country()), "XA-S/m", "XA-S", 100_000, is_city="yes")
    place(made, "XA-S/t", "XA-S", 100_000, level="city")
    law = odds(made, "XA-S", "XA-S/t", "XA-S/m")["online_q50"]
    assert law["XA-S"] < 0.0
    assert law["XA-S/m"] == pytest.approx(LAWS["city", "q50"], abs=0.01)
    assert law["XA-S/t"] < law["XA-S/m"], "a town is above its region alone"


@pytest.mark.parametrize(("share", "rung"), [("0.3", "country"), ("0.7", "model")])
def test_a_model_that_has_a_metropolis_below_its_country_is_dropped(share: str, rung: str) -> None:
    made = place(country(), "XA-M", "XA", 100_000, is_city="yes")
    made.add("lineages", measurement_series_id="made", measurer="A lab", source_type="model")
    made.add("sources", source_id="made-page", source_type="model", measurement_series_id="made")
    for area, value in (("XA-M", share), ("XA-N", "0.5"), ("XA-S", "0.5")):
        made.add("regional_use", area_id=area, share=value, source_id="made-page")
    law = odds(made, "XA-M").loc["XA-M"]
    assert (law["rung"], law["online_q50"] > 0.0) == (rung, True)


def test_a_model_says_more_than_nothing_and_less_than_a_survey() -> None:
    made = country()
    made.add("lineages", measurement_series_id="made", measurer="A lab", source_type="model")
    made.add("sources", source_id="made-page", source_type="model", measurement_series_id="made")
    for area, share in (("XA-N", "0.8"), ("XA-S", "0.5")):
        made.add("regional_use", area_id=area, share=share, source_id="made-page")
    law = odds(made, "XA-N")
    assert list(law["rung"]) == ["model"]
    least, most = odds(surveyed(country()), "XA-N"), odds(country(), "XA-N")
    assert width(least)["XA-N"] < width(law)["XA-N"] < width(most)["XA-N"]
    assert law.loc["XA-N", "online_q50"] > 0.2


def test_connected_homes_say_where_a_township_stands() -> None:
    made = country()
    for area, share in (("XA-N", "0.06"), ("XA-N/d", "0.12"), ("XA-N/s", "0.03")):
        made.add(
            "regional_use", area_id=area, share=share, asked="households", internet_use="at_home"
        )
    law = odds(made, "XA-N/d", "XA-N/s")
    assert list(law["rung"]) == ["households", "households"]
    apart = law.loc["XA-N/d", "online_q50"] - law.loc["XA-N/s", "online_q50"]
    assert apart == pytest.approx(0.4 * (logit(0.12) - logit(0.03)), abs=0.02)


@pytest.mark.parametrize("between", ["", "XA-N/d"])
def test_a_figure_is_compared_with_the_nearest_area_that_has_one(between: str) -> None:
    made = place(country(), "XA-N/d/t", between or "XA-N", 50_000)
    for area, share in (("XA-N", "0.3"), ("XA-S", "0.1"), ("XA-N/d/t", "0.3")):
        made.add("regional_use", area_id=area, share=share, asked="households")
    law = odds(made, "XA-N", "XA-N/d/t")
    assert law.loc["XA-N", "online_q50"] > 0.1
    assert law.loc["XA-N/d/t", "online_q50"] == pytest.approx(
        law.loc["XA-N", "online_q50"], abs=0.1
    )
    assert width(law)["XA-N/d/t"] == pytest.approx(width(law)["XA-N"] * np.sqrt(2.0))


def test_without_laws_or_without_people_online_nothing_is_said() -> None:
    made = country()
    made.rows["place_laws"] = []
    assert odds(made, "XA-N")[online.ODDS_QUANTILES].isna().all(axis=None)
    law = odds(place(country(), "XB-N", "XB", 1000), "XB-N", "XA-N")
    assert law["online_q50"].isna().to_list() == [True, False]
    assert law["rung"].to_list() == ["", "country"]


def test_a_law_that_lacks_a_number_is_no_law() -> None:
    made = country()
    made.rows["place_laws"].pop()
    with pytest.raises(ValueError, match="urban_rest; run audience-impact learn places"):
        odds(made, "XA-N")


@given(
    st.lists(st.tuples(st.floats(0.01, 0.97), st.floats(1.0, 1e6)), min_size=1, max_size=9),
    st.floats(0.01, 0.97),
)
@example([(0.01, 1.0), (0.97, 1.0)], 0.97)  # a step of Newton leaves the ends
def test_moved_regions_have_the_mean_that_is_wanted(
    regions: list[tuple[float, float]], wanted: float
) -> None:
    shares, people = map(np.array, zip(*regions, strict=True))
    shift = online.find_shifts(
        logit(shares), people, np.zeros(len(shares), dtype=np.int64), np.array([wanted])
    )
    assert np.average(expit(logit(shares) + shift), weights=people) == pytest.approx(wanted)


@given(st.floats(-3.0, 3.0), st.floats(0.1, 1.2))
def test_the_mean_of_places_is_what_holds_them(level: float, spread: float) -> None:
    points, weights = np.polynomial.hermite_e.hermegauss(60)
    median = online.balance_median(np.array([level]), np.array([spread]))
    mean = np.average(expit(level + median + spread * points), weights=weights)
    assert mean == pytest.approx(expit(level), abs=0.012)


def many(spread: float = 0.7, slope: float = 1.5) -> Tables:
    """Twelve countries of nine regions, which a survey and a model that spreads them less know."""
    made, rng = world(), np.random.default_rng(5)
    made.add("lineages", measurement_series_id="made", measurer="A lab", source_type="model")
    made.add("sources", source_id="made-page", source_type="model", measurement_series_id="made")
    for number, letter in enumerate("ABCDEFGHIJKL"):
        land, level = f"Y{letter}", -2.0 + number / 3.0
        made.add("areas", area_id=land, name=land)
        for region, off in enumerate(rng.normal(0.0, spread, 9)):
            area = f"{land}-{region}"
            place(made, area, land, 1_000_000)
            for asked in ("women_15_49", "men_15_49"):
                share = expit(level + off + rng.normal(0.0, 0.1))
                made.add("regional_use", area_id=area, asked=asked, share=repr(float(share)))
                result = expit(level + off / slope + rng.normal(0.0, 0.1))
                made.add("regional_use", area_id=area, asked=asked, share=repr(float(result)),
                         source_id="made-page")  # fmt: skip
    return made.typed()


def test_what_was_put_in_is_learned() -> None:
    laws = online.read_parameters(online_learning.fit_places(many()))
    assert laws is not None
    assert laws.base_spread == pytest.approx(0.7, abs=0.1)
    assert laws.between_level == pytest.approx(0.0, abs=0.08)
    assert laws.model_slope == pytest.approx(1.5, abs=0.15)
    assert laws.model < 0.5 < laws.base_spread * Z95
    assert laws.survey == pytest.approx(0.1 / np.sqrt(2.0) * Z95, abs=0.03)
    assert online_learning.fit_places(many(0.35))["value"][2] < 0.8 * laws.between.q95


def test_without_surveys_of_regions_nothing_is_learned() -> None:
    assert online_learning.fit_places(world().typed()).empty


def test_order_and_notes_do_not_count() -> None:
    tables = many()
    other = {**tables, "regional_use": tables["regional_use"][::-1].assign(note="read again")}
    moved = tables["regional_use"].assign(share=tables["regional_use"]["share"] * 0.9)
    changed = {**tables, "regional_use": moved}
    first, second, third = (
        set(online_learning.fit_places(facts)["data_sha256"]) for facts in (tables, other, changed)
    )
    assert first == second != third


def readings(factor: float, count: int = 12) -> Tables:
    """Readings of two regions, each day another, whose odds are `factor` times the predicted."""
    made = country().errors()
    for year in range(2015, 2028):
        made.add("online_levels", period=str(year), mean="0.0")
    for number in range(count):
        area, sign = ("XA-N", "XA-S")[number % 2], (-1.0) ** (number // 2)
        share = float(expit(logit(0.5) + sign * np.log(factor)))
        made.add(
            "event_readings", register_row=f"stop-{number}", area_id=area,
            start_on=f"2025-06-{number + 1:02}", network_scope="all",
            least_share=repr(share / 1.2), most_share=repr(min(share * 1.2, 1.0)),
        )  # fmt: skip
    return made.typed()


def test_the_error_of_reading_is_what_is_left_beyond_both_errors() -> None:
    near, far = readings(1.1), readings(30.0)
    laws = online.read_parameters(far["place_laws"])
    assert laws is not None
    assert online_learning.fit_reading(online_learning.compare_readings(near, laws)) == 0.0
    compared = online_learning.compare_readings(far, laws)
    error = online_learning.fit_reading(compared)
    spread = np.hypot(compared["deviation"], error / Z95) * Z95
    assert error > 1.0
    assert (compared["difference"].abs() <= spread * 1.001).mean() >= 0.9
    few = online_learning.compare_readings(readings(30.0, count=4), laws)
    assert online_learning.fit_reading(few) == 0.0


def test_without_levels_of_people_online_no_reading_can_be_compared() -> None:
    tables = readings(3.0)
    laws = online.read_parameters(tables["place_laws"])
    assert laws is not None
    tables = {**tables, "online_levels": tables["online_levels"][:0]}
    assert online_learning.compare_readings(tables, laws).empty
