"""Restrictions of places and of networks: what part of a country they touch."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audience_impact import pipeline
from audience_impact.outputs.review import rules
from audience_impact.pipeline import Outputs, Settings, Stages
from audience_impact.simulation import parts, simulate, unions
from audience_impact.simulation.parts import Countries
from audience_impact.simulation.sampler import Sampler
from audience_impact.vocabulary import PartGap, list_meanings
from tests.engine import by_area, calculated, calibrated, cut, impacts, of, placed, prepared, rising
from tests.support import ERRORS, World, world

GAPS = list_meanings(PartGap)
pytestmark = pytest.mark.chain

DRAWS = 400
SHORT = {"ended_on": "2025-07-20", "end_status": "ended", "end_source": "recorded"}


def country() -> World:
    """A country with places, in which figures are off as they usually are."""
    return placed(calibrated(world(), ERRORS)).add("daily_use", platform_id="*")


def drawn(stages: Stages) -> Countries:
    return simulate.Simulation(stages.simulation, Sampler(0, DRAWS)).countries


def exposed(stages: Stages) -> pd.DataFrame:
    """Draws of the people exposed, by restriction."""
    result = drawn(stages)
    return pd.DataFrame(result.exposed, stages.simulation.countries["restriction_id"])


@pytest.fixture(scope="module")
def acts() -> Stages:
    """Networks shut down in the whole country, in places of every reading, and mobile alone."""
    made = cut(country(), "all")
    cut(made, "region", "XA-01")
    cut(made, "town", "XA-01/town")
    cut(made, "nested", "XA-01", "XA-01/town")
    cut(made, "both", "XA-01", "XA-02")
    cut(made, "within", "XA-01=within")
    cut(made, "somewhere", "XA=within")
    cut(made, "counted", "XA=within")
    made.rows["restriction_places"][-1]["part_kind"] = "districts"
    cut(made, "either", "XA-01=city_or_district")
    cut(made, "mobile", network_scope="mobile")
    cut(made, "mobile-region", "XA-01", network_scope="mobile")
    cut(made, "unknown-network", "XA-01", network_scope="unknown")
    return prepared(made)[0]


def test_a_number_of_regions_is_a_part_of_a_country(acts: Stages) -> None:
    result = exposed(acts)
    assert (result.loc["counted"] <= result.loc["all"]).all()
    assert result.loc["counted"].median() < result.loc["all"].median()
    assert "somewhere" not in result.index


def test_each_part_has_as_many_people_as_its_places(acts: Stages) -> None:
    result = exposed(acts)
    assert (result.loc["nested"] == result.loc["region"]).all()
    assert (result.loc["town"] < result.loc["region"]).all()
    assert (result.loc["region"] < result.loc["both"]).all()
    assert (result.loc["both"] <= result.loc["all"]).all()


def test_the_same_place_is_the_same_draw_in_every_restriction(acts: Stages) -> None:
    result = exposed(acts)
    only = result.loc["mobile"] / result.loc["all"]
    assert result.loc["mobile-region"].to_numpy() == pytest.approx(only * result.loc["region"])


def test_the_error_of_reading_is_shared_by_places_and_spares_countries() -> None:
    made = cut(country(), "all")
    for name, place in (("a", "XA-01"), ("b", "XA-02")):
        cut(made, name, place)
    bare = exposed(prepared(made)[0])
    row = next(row for row in made.rows["place_laws"] if row["parameter"] == "reading")
    row["value"] = "2.0"
    read = exposed(prepared(made)[0])
    assert (read.loc["all"] == bare.loc["all"]).all()
    assert read.loc["a"].std() > 1.2 * bare.loc["a"].std()
    together = [np.corrcoef(item.loc["a"], item.loc["b"])[0, 1] for item in (bare, read)]
    assert together[1] > together[0] + 0.2


def test_a_region_without_a_survey_is_as_far_from_its_country_as_regions_are(acts: Stages) -> None:
    result = exposed(acts)
    share = (result.loc["region"] / 300e3).quantile([0.05, 0.5, 0.95])
    whole = float((result.loc["all"] / 1e6).median())
    assert share[0.05] < whole < share[0.95]
    assert share[0.95] - share[0.05] > 0.1


def test_a_part_of_a_place_has_the_people_that_parts_of_its_kind_have(acts: Stages) -> None:
    result = exposed(acts)
    share = (result.loc["within"] / result.loc["region"]).quantile([0.05, 0.5, 0.95])
    rows = acts.inputs.parts.set_index("restriction_id")
    persons, deviation = rows.loc["within", ["part_persons", "part_deviation"]]
    assert share[0.5] == pytest.approx(persons / 300e3, rel=0.2)
    assert share[0.95] / share[0.05] == pytest.approx(np.exp(3.29 * deviation), rel=0.4)
    assert (result.loc["within"] <= result.loc["region"]).all()


def test_a_kind_of_part_that_nobody_read_is_not_drawn() -> None:
    made = cut(country(), "R1", "XA-01=within")
    made.rows["part_sizes"] = []
    result = of(impacts(made), "R1")
    assert result["obs_status"] == "M"
    assert GAPS[PartGap.PART_UNKNOWN] in result["reason"]


def test_either_of_two_places_is_one_of_the_two(acts: Stages) -> None:
    result = exposed(acts)
    share = result.loc["either"] / result.loc["region"]
    smaller = share < 1.0
    assert share[smaller].to_numpy() == pytest.approx(40.0 / 300.0)
    assert smaller.mean() == pytest.approx(parts.find_city_share("XA"), abs=0.05)


def test_how_often_a_city_is_meant_depends_on_the_country() -> None:
    assert parts.find_city_share("IN") == pytest.approx(3.29 / 69.0, abs=1e-3)
    assert parts.find_city_share("IN") < parts.find_city_share("BD") < parts.find_city_share("PK")


def test_a_network_that_is_not_known_is_the_mobile_one_or_all(acts: Stages) -> None:
    result = exposed(acts)
    assert (result.loc["unknown-network"] <= result.loc["region"]).all()
    middle = result.median(axis=1)
    assert middle["mobile-region"] < middle["unknown-network"] < middle["region"]


def test_no_more_people_online_than_live_there(acts: Stages) -> None:
    result = drawn(acts)
    places = result.places
    everyone = result.exposed[acts.simulation.countries["restriction_id"] == "all"]
    living = parts.draw_residents(places.rows, Sampler(0, DRAWS))
    whole = (places.rows["area_id"] == "XA").to_numpy()
    assert 0 < whole.sum() < len(whole)
    assert (places.drawn.online * everyone <= living * (1.0 + 1e-9))[~whole].all()
    assert (places.drawn.online[whole] == 1.0).all()


@given(error=st.floats(1.0, 20.0), odds=st.floats(-6.0, 6.0), online_share=st.floats(1e-3, 1.0))
@example(error=4.0, odds=5.5, online_share=0.95)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_draw_exceeds_the_residents_however_vague_their_count(
    acts: Stages, error: float, odds: float, online_share: float
) -> None:
    rows = acts.simulation.parts
    vague = rows.assign(people_high_persons=rows["people_persons"] * error, online_q50=odds)
    online = np.full((len(rows), 100), rows["country_persons"].iloc[0] * online_share)
    result = parts.share_online(vague, online, Sampler(0, 100)) * online
    places = (rows["area_id"] != "XA").to_numpy()
    most = rows["people_persons"].to_numpy()[:, None]
    assert (result <= most * (1 + 1e-9))[places].all()
    if error > 3.0 and odds > 5.0 and online_share > 0.9:
        assert np.isclose(result, most)[places].any(axis=1).all()


def test_bounds_know_nothing_of_the_part(acts: Stages) -> None:
    bound = acts.bounds.exposed
    assert (bound.drop("all")["printed_min_persons"] == 0.0).all()
    assert bound.loc["all", "printed_min_persons"] > 0.0
    assert bound.loc["region", "printed_max_persons"] == pytest.approx(300e3)
    assert bound.loc["nested", "printed_max_persons"] == pytest.approx(300e3)
    assert bound.loc["both", "printed_max_persons"] == pytest.approx(500e3)
    assert bound.loc["within", "printed_max_persons"] == pytest.approx(300e3)
    assert bound.loc["mobile", "printed_max_persons"] == bound.loc["all", "printed_max_persons"]


def test_residents_are_those_of_the_places(acts: Stages) -> None:
    residents = acts.bounds.exposed["population_persons"]
    assert residents["nested"] == pytest.approx(300e3, rel=0.01)
    assert residents["both"] == pytest.approx(500e3, rel=0.01)
    assert residents["mobile"] == residents["all"]


def test_a_part_of_a_service_is_the_same_share_of_its_users() -> None:
    made = country().estimate("E1")
    made.restrict("everywhere", "alpha")
    made.restrict("here", "alpha", area_ids="XA-01", geo_scope="region")
    cut(made, "network", "XA-01")
    result = exposed(prepared(made)[0])
    share = result.loc["here"] / result.loc["everywhere"]
    assert (share > 0.0).all()
    assert (share < 1.0).all()
    assert share.median() == pytest.approx(0.3, abs=0.06)


def test_places_in_two_countries_add_up_and_one_may_be_whole() -> None:
    made = country()
    made.base("XB-all", area_id="XB", population_base="all_ages", persons="50000")
    made.base("XB-online", area_id="XB", population_base="internet_all", persons="20000")
    cut(made, "two", "XA-01", "XB")
    cut(made, "one", "XA-01")
    result = exposed(prepared(made)[0])
    assert len(result.loc[["two"]]) == 2
    assert result.loc["two"].iloc[0].to_numpy() == pytest.approx(result.loc["one"].to_numpy())
    assert result.loc["two"].iloc[1].median() == pytest.approx(20e3, rel=0.2)


LAWLESS = (
    ({"geo_scope": "locality"}, GAPS[PartGap.NO_PLACES]),
    ({"area_ids": "XA-04", "geo_scope": "region"}, GAPS[PartGap.NO_POPULATION]),
    ({"network_scope": "fixed"}, "no survey counts who has a fixed line"),
    ({"network_scope": "asn_list"}, "our record has no count of the users of the operators"),
    ({"geo_scope": "region", "observed_from": ""}, "start not known"),
    (
        {"network_scope": "unknown", "extent_reason": "the text says 'partial'"},
        "the text says 'partial'",
    ),
)
LAWFUL: tuple[tuple[list[str], dict[str, str], str], ...] = (
    (["XA-01"], {}, "people online in the places named"),
    (["XA-01=within"], {}, "the text means a part of a place"),
    (["XA-01=city_or_district"], {}, "a smaller one of its name"),
    ([], {"network_scope": "mobile"}, "whom the network leaves without any"),
    (["XA-01"], {"network_scope": "unknown"}, "which networks were cut"),
)


@pytest.fixture(scope="module")
def compute_impact() -> pd.DataFrame:
    """Table `impact` of parts with a law and without, side by side."""
    made = country().add("areas", area_id="XA-04", name="Uncounted", parent_id="XA")
    for number, (cells, _) in enumerate(LAWLESS):
        made.restrict(f"lawless{number}", "*", action="network_shutdown", **cells)
    for number, (places, cells, _) in enumerate(LAWFUL):
        cut(made, f"lawful{number}", *places, **cells)
    return impacts(made)


@pytest.mark.parametrize("number", range(len(LAWLESS)))
def test_a_part_of_which_no_law_can_be_had_says_why(
    number: int, compute_impact: pd.DataFrame
) -> None:
    result, why = of(compute_impact, f"lawless{number}"), LAWLESS[number][1]
    assert result["obs_status"] == "M"
    assert why in result["reason"]
    assert np.isnan(result["q50_persons"])


def test_without_the_laws_of_places_nothing_of_them_is_drawn() -> None:
    made = cut(country(), "R1", "XA-01")
    made.rows.pop("place_laws")
    result = of(impacts(made))
    assert result["obs_status"] == "M"
    assert np.isnan(result["q50_persons"])


@pytest.mark.parametrize("number", range(len(LAWFUL)))
def test_a_part_says_what_it_stands_on(number: int, compute_impact: pd.DataFrame) -> None:
    result, said = of(compute_impact, f"lawful{number}"), LAWFUL[number][2]
    assert result["obs_status"] in ("E", "U")
    assert said in result["reason"]
    assert rising([result["q05_persons"], result["q50_persons"], result["q95_persons"]])


@pytest.fixture(scope="module")
def over_time() -> Outputs:
    """Places shut down one after the other and at once, beside the country."""
    made = country()
    cut(made, "first", "XA-01", observed_from="2025-07-01", **SHORT)
    cut(made, "second", "XA-02", observed_from="2025-07-10", **SHORT)
    cut(made, "again", "XA-01", observed_from="2025-08-01", **{**SHORT, "ended_on": "2025-08-02"})
    cut(made, "mobile", "XA-01", network_scope="mobile", observed_from="2025-07-05", **SHORT)
    cut(made, "town", "XA-01/town", observed_from="2025-07-05", **SHORT)
    cut(made, "later", observed_from="2025-10-01", **{**SHORT, "ended_on": "2025-10-03"})
    made.estimate("E1").restrict(
        "service", "alpha", observed_from="2025-09-01", **{**SHORT, "ended_on": "2025-09-05"}
    )
    cut(made, "beside", "XA-03", observed_from="2025-09-02", **{**SHORT, "ended_on": "2025-09-03"})
    return calculated(made)


def months(found: Outputs) -> pd.DataFrame:
    table = found["impact_by_area"]
    return table[(table["area_id"] == "XA") & (table["kind"] == "all")].set_index("period")


def middle(found: Outputs, act: str) -> float:
    return float(of(found["impact"], act)["q50_persons"])


def test_a_place_shut_down_twice_and_a_place_in_it_count_once(over_time: Outputs) -> None:
    of_month = months(over_time)["q50_persons"]
    assert of_month["2025-08"] == pytest.approx(middle(over_time, "again"), rel=0.01)
    together = middle(over_time, "first") + middle(over_time, "second")
    assert of_month["2025-07"] == pytest.approx(together, rel=0.1)


def test_places_beside_a_service_add_those_who_do_not_use_it(over_time: Outputs) -> None:
    result = months(over_time)["q50_persons"]["2025-09"]
    service, beside = (middle(over_time, act) for act in ("service", "beside"))
    assert max(service, beside) < result < service + beside


def test_a_country_that_is_shut_down_has_no_more_people_for_its_places(over_time: Outputs) -> None:
    of_month = months(over_time)
    assert of_month.loc["2025-10", "q50_persons"] == pytest.approx(
        middle(over_time, "later"), rel=1e-6
    )
    for name in ("q05_persons", "q50_persons", "q95_persons"):
        assert of_month.loc["2025", name] >= of_month.loc["2025-10", name] - 1.0
        assert of_month.loc["2025", name] <= 1e6


def test_no_rule_over_results_is_broken(over_time: Outputs) -> None:
    broken_rules = rules.find_broken_rules(
        pipeline.collect_review_input(over_time.stages, dict(over_time))
    )
    broken = {rule for rule, rows in broken_rules.items() if rows}
    assert broken <= {"interval_outside_bounds"}


def test_person_days_of_a_part_are_days_times_its_people(over_time: Outputs) -> None:
    days = over_time["person_days"]
    subset = days[(days["period"] == "all")].set_index("restriction_id")["q50_person_days"]
    assert subset["first"] == pytest.approx(20 * subset["again"] / 2, rel=0.01)
    of_country = days[(days["restriction_id"] == "all") & (days["area_id"] == "XA")]
    july = float(of_country.set_index("period")["q50_person_days"]["2025-07"])
    assert subset["first"] < july < subset["first"] + subset["second"] + 1.0


def test_the_width_is_told_by_places_and_networks() -> None:
    made = cut(country(), "R1", "XA-01", network_scope="mobile")
    stages, _ = prepared(made)
    result = Outputs(stages, Settings(draws=200))["sensitivity"]
    kinds = set(result.loc[result["impact_metric"] == "people_exposed", "input"])
    assert {"place", "network"} <= kinds


def test_sets_are_cut_into_blocks_without_parting_one(
    acts: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler = Sampler(0, 50)
    whole = by_area(acts.simulation, sampler)
    monkeypatch.setattr(unions, "BLOCK", 1)
    pd.testing.assert_frame_equal(by_area(acts.simulation, sampler), whole)


def test_restrictions_say_which_places_their_text_names() -> None:
    made = cut(country(), "R1", "XA-01=city_or_district", "XA-02=within", "XA-03")
    cut(made, "R2", "XA-01=city_or_district", "XA-02=within", "XA-03")
    made.rows["restriction_places"][3]["least_area_id"] = ""
    made.rows["restriction_places"][1]["part_kind"] = "some"
    table = calculated(made)["restrictions"].set_index("restriction_id")
    words = "Land XA-01/town or Land XA-01;in Land XA-02;Land XA-03"
    assert table.loc["R1", "place_names"] == words
    assert table.loc["R2", "place_names"].startswith("Land XA-01 (a town or all of it);")


def test_a_town_of_the_same_name_is_not_said_twice() -> None:
    made = cut(country(), "R1", "XA-01=city_or_district")
    for area in made.rows["areas"]:
        if area["area_id"] in ("XA-01", "XA-01/town"):
            area["name"] = "Srinagar"
    table = calculated(made)["restrictions"].set_index("restriction_id")
    assert table.loc["R1", "place_names"] == "Srinagar (a town or all of it)"


RUNGS = {"place": "country", "network": "network_unknown"}


def with_rungs(closed: str = "") -> pd.DataFrame:
    """Table `impact` of a restriction that needs each of these rungs, one of them closed."""
    made = cut(country(), "place", "XA-01")
    cut(made, "network", "XA-01", network_scope="unknown")
    for family, rung in RUNGS.items():
        is_open = "no" if family == closed else "yes"
        made.add("answer_rungs", rung_family=family, rung=rung, is_open=is_open)
    return impacts(made)


@pytest.fixture(scope="module")
def all_open() -> pd.DataFrame:
    return with_rungs()


@pytest.mark.parametrize("family", RUNGS)
def test_a_rung_that_was_closed_makes_no_estimate(family: str, all_open: pd.DataFrame) -> None:
    answered = of(all_open, family)
    assert answered["q50_persons"] > 0.0
    result = of(with_rungs(closed=family), family)
    assert np.isnan(result["q50_persons"])
    assert result["obs_status"] == "M"
    assert GAPS[PartGap.RUNG_CLOSED] in result["reason"]
    assert result["printed_max_persons"] == answered["printed_max_persons"]


def test_somewhere_in_the_country_is_no_place_to_draw() -> None:
    made = cut(country(), "R1", "XA=within")
    cut(made, "R2", "XA-01", "XA=within")
    result = calculated(made)["impact"].set_index(["restriction_id", "impact_metric"])
    for act in ("R1", "R2"):
        row = result.loc[(act, "people_exposed")]
        assert pd.isna(row["q50_persons"])
        assert row["obs_status"] == "M"
        assert "the places are not named" in row["reason"]
