"""The walk from facts to bounds, on small countries built for each question."""

import pandas as pd
import pytest

from audience_impact import impact
from audience_impact.facts import Tables
from tests.support import AS_OF, World, row, world


def two_services() -> World:
    """Two measured services of half a million and four hundred thousand people."""
    return world().estimate("E1").estimate("E2", platform_id="beta", value="400000")


def bounds(found: "pd.Series[float]") -> tuple[float, float]:
    """Lower and upper bound."""
    return found["lower_persons"], found["upper_persons"]


def shuffled(made: World, seed: int) -> World:
    """The same facts with the rows of every table in another order."""
    rows = {
        table: pd.Series(cells).sample(frac=1, random_state=seed).tolist()
        for table, cells in made.rows.items()
    }
    return World(rows)


def test_one_service_is_its_audience() -> None:
    found = world().estimate("E1").restrict("R1", "alpha").exposed()
    assert bounds(found) == (500000.0, 500000.0)
    assert (found["dedup_method"], found["obs_status"], found["reason"]) == ("single", "A", "")
    assert (found["base"], found["base_persons"]) == ("internet_12_plus", 700000.0)
    assert found["population_persons"] == 1000000.0
    assert found["lower_base_share"] == round(5 / 7, 6)
    assert found["upper_population_share"] == 0.5


def test_two_services_are_between_the_larger_and_the_base() -> None:
    done = two_services().restrict("R1", "alpha", "beta").results()
    found = row(done["impact"], restriction_id="R1", impact_metric="people_exposed")
    assert bounds(found) == (500000.0, 700000.0)
    assert found["dedup_method"] == "frechet"
    parts = done["impact_by_platform"]
    assert parts["naive_sum_persons"].tolist() == [900000.0] * 2
    assert parts["lower_persons"].tolist() == [500000.0, 400000.0]
    assert all(parts["aggregation_hazard"] != "")


def test_parts_of_one_service_carry_no_warning() -> None:
    made = world().estimate("E1").restrict("R1", "alpha")
    made.add("restriction_targets", restriction_id="R1", platform_id="alpha", feature="login")
    parts = made.results()["impact_by_platform"]
    assert parts["feature"].tolist() == ["login", "whole_service"]
    assert parts["naive_sum_persons"].tolist() == [500000.0] * 2
    assert set(parts["aggregation_hazard"]) == {""}


def test_a_service_without_a_figure_opens_the_bounds_to_the_base() -> None:
    found = two_services().restrict("R1", "alpha", "gamma").exposed()
    assert bounds(found) == (500000.0, 700000.0)
    assert (found["obs_status"], found["reason"]) == ("U", "no figure for some of the platforms")


def test_without_any_figure_the_bounds_run_from_zero_to_the_base_with_a_reason() -> None:
    found = world().restrict("R1", "gamma").exposed()
    assert bounds(found) == (0.0, 800000.0)
    assert (found["obs_status"], found["reason"]) == (
        "M",
        "no audience figure from before the start",
    )
    assert found["staleness"] == ""


def test_a_figure_from_after_the_start_is_none() -> None:
    found = world().estimate("E1", period="2025-07").restrict("R1", "alpha").exposed()
    assert found["obs_status"] == "M"


def test_the_earlier_of_announcement_and_observation_is_the_start() -> None:
    made = world().estimate("E1").estimate("E2", period="2025-07", value="510000")
    made.restrict("R1", "alpha", announced_on="2025-07-20", observed_from="2025-08-01")
    made.restrict("R2", "alpha", announced_on="2025-09-01", observed_from="2025-08-01")
    assert bounds(made.exposed("R1")) == (500000.0, 500000.0)
    assert bounds(made.exposed("R2")) == (510000.0, 510000.0)


def test_without_a_start_nobody_can_be_counted_for_certain() -> None:
    made = world().estimate("E1").restrict("R1", "alpha", observed_from="")
    done = made.results()
    found = row(done["impact"], restriction_id="R1", impact_metric="people_exposed")
    assert found["lower_persons"] == 0.0
    assert (found["obs_status"], found["reason"]) == ("M", "start not known")
    assert done["restrictions"]["start_on"].isna().all()
    assert done["impact_by_platform"]["lower_persons"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"geo_scope": "multi_region"}, "only part of the country, without an audience of its own"),
        ({"geo_scope": "unknown"}, "only part of the country, without an audience of its own"),
        ({"network_scope": "mobile"}, "only some networks, and nobody counts their users"),
        ({"network_scope": "unknown"}, "networks touched not known"),
    ],
)
def test_where_only_a_part_is_touched_the_lower_bound_is_zero(
    cells: dict[str, str], reason: str
) -> None:
    made = two_services().restrict("R1", "alpha", "beta", **cells)
    done = made.results()
    found = row(done["impact"], restriction_id="R1", impact_metric="people_exposed")
    assert bounds(found) == (0.0, 700000.0)
    assert (found["obs_status"], found["reason"]) == ("M", reason)
    assert done["impact_by_platform"]["lower_persons"].tolist() == [0.0, 0.0]


def regional(*with_people: str) -> World:
    """An act in two regions, of which some have a population on record."""
    made = world().estimate("E1")
    for area in with_people:
        made.base(
            f"{area}-all",
            area_id=area,
            population_base="all_ages",
            persons="30000",
            source_id="census-page",
        )
    return made.restrict("R1", "alpha", area_ids="XA-01;XA-02", geo_scope="multi_region")


def test_regions_limit_by_their_people_where_all_are_on_record() -> None:
    assert bounds(regional("XA-01", "XA-02").exposed()) == (0.0, 60000.0)
    assert bounds(regional("XA-01").exposed()) == (0.0, 500000.0)


def test_what_was_never_carried_out_touches_nobody() -> None:
    made = two_services().restrict("R1", "alpha", "beta", severity="none")
    made.restrict("R2", "alpha", "gamma", end_status="withdrawn", network_scope="mobile")
    done = made.results()
    for act in ("R1", "R2"):
        found = done["impact"][done["impact"]["restriction_id"] == act]
        assert set(found["lower_persons"]) == set(found["upper_persons"]) == {0.0}
        assert set(found["obs_status"]) == {"A"}
        assert set(found["reason"]) == {"never carried out"}
    assert set(done["impact_by_platform"]["upper_persons"]) == {0.0}


def test_features_and_access_kept_have_rows_of_their_own() -> None:
    made = two_services().restrict("R1", "alpha").restrict("R2")
    made.add("restriction_targets", restriction_id="R2", feature="voice_call")
    table = made.results()["impact"].set_index(["restriction_id", "impact_metric"])
    limits = {key: bounds(found) for key, found in table.iterrows()}
    assert limits == {
        ("R1", "people_exposed"): (500000.0, 500000.0),
        ("R1", "people_feature_exposed"): (500000.0, 500000.0),
        ("R1", "people_deprived_net"): (0.0, 500000.0),
        ("R2", "people_exposed"): (500000.0, 500000.0),
        ("R2", "people_feature_exposed"): (0.0, 500000.0),
        ("R2", "people_deprived_net"): (0.0, 500000.0),
    }
    status = table["obs_status"]
    assert status["R1", "people_feature_exposed"] == "A"
    assert status["R2", "people_feature_exposed"] == "M"
    assert table["reason"]["R2", "people_feature_exposed"] == (
        "share who use the feature not applied yet"
    )
    assert table["reason"]["R1", "people_deprived_net"] == ("share who keep access not applied yet")


def online(period: str, **cells: str) -> World:
    """A country of a million of which a count of internet users is on record."""
    made = world()
    made.rows["bases"] = [
        cells_of for cells_of in made.rows["bases"] if cells_of["population_base"] == "all_ages"
    ]
    made.base(
        "ONLINE",
        population_base="internet_all",
        period=period,
        persons="600000",
        source_id="census-page",
        **cells,
    )
    return made


def test_a_network_shutdown_touches_the_internet_users() -> None:
    made = online("2024").restrict("R1", "*", action="network_shutdown")
    done = made.results()
    found = row(done["impact"], restriction_id="R1", impact_metric="people_exposed")
    assert bounds(found) == (600000.0, 600000.0)
    assert (found["base"], found["staleness"], found["dedup_method"]) == (
        "internet_all",
        "ageing",
        "single",
    )
    used = done["lineage"]
    assert ("*", "audience", "ONLINE") in set(
        zip(used["platform_id"], used["role"], used["input_id"], strict=True)
    )


def test_an_old_count_of_internet_users_is_a_floor_alone() -> None:
    found = online("2020").restrict("R1", "*", action="network_shutdown").exposed()
    assert bounds(found) == (600000.0, 1000000.0)
    assert (found["base"], found["obs_status"], found["staleness"]) == ("all_ages", "U", "expired")


def test_a_range_of_internet_users_is_kept() -> None:
    made = online("2024", low_persons="550000", high_persons="650000")
    lower, upper = bounds(made.restrict("R1", "*").exposed())
    assert (lower, upper) == (550000.0, 600000.0)


def test_a_shutdown_of_some_networks_has_no_certain_lower_bound() -> None:
    found = online("2024").restrict("R1", "*", network_scope="mobile").exposed()
    assert bounds(found) == (0.0, 600000.0)
    assert found["obs_status"] == "M"


def test_the_whole_internet_swallows_single_services() -> None:
    made = online("2024").estimate("E1", population_base="internet_all", value="200000")
    done = made.restrict("R1", "*", "alpha").results()
    found = row(done["impact"], restriction_id="R1", impact_metric="people_exposed")
    assert bounds(found) == (600000.0, 600000.0)
    parts = done["impact_by_platform"].set_index("platform_id")
    assert parts["lower_persons"]["*"] == 600000.0
    assert (parts["lower_persons"] <= parts["upper_persons"]).all()
    assert parts["lower_persons"]["alpha"] in (0.0, 200000.0)


def test_the_own_base_within_twelve_months_else_the_smallest_safe_one() -> None:
    made = (
        world().estimate("E1", period="2024-01").restrict("R1", "alpha", observed_from="2024-03-01")
    )
    found = made.exposed()
    assert (found["base"], found["base_persons"]) == ("internet_all", 800000.0)
    assert (found["obs_status"], found["reason"]) == ("U", "base of another measurer or year")


def test_a_base_that_cannot_hold_the_audience_is_passed_over() -> None:
    made = world().estimate("E1", value="750000", source_id="survey-page")
    found = made.restrict("R1", "alpha").exposed()
    assert (found["base"], found["base_persons"]) == ("internet_all", 800000.0)
    made = world().estimate("E1", value="850000", source_id="survey-page")
    found = made.restrict("R1", "alpha").exposed()
    assert (found["base"], found["base_persons"]) == ("all_ages", 1000000.0)


def test_audiences_of_several_measurers_share_no_base_of_one() -> None:
    made = world().estimate("E1").estimate("E2", platform_id="beta", source_id="other-panel-page")
    found = made.restrict("R1", "alpha", "beta").exposed()
    assert (found["base"], found["obs_status"]) == ("internet_all", "U")


def test_a_country_without_any_base_says_so() -> None:
    done = world().restrict("R1", "alpha", area_ids="XC").results()
    found = row(done["impact"], restriction_id="R1", impact_metric="people_exposed")
    assert found["lower_persons"] == 0.0
    assert pd.isna(found["upper_persons"])
    assert pd.isna(found["base_persons"])
    assert found["obs_status"] == "M"
    assert "no base on record" in found["reason"]


def test_disjoint_countries_add() -> None:
    made = world().estimate("E1").estimate("E2", area_id="XB", value="5000")
    made.base("XB-panel", area_id="XB", persons="9000")
    made.base(
        "XB-all", area_id="XB", population_base="all_ages", persons="10000", source_id="census-page"
    )
    found = made.restrict("R1", "alpha", area_ids="XA;XB").exposed()
    assert bounds(found) == (505000.0, 505000.0)
    assert (found["base_persons"], found["population_persons"]) == (709000.0, 1010000.0)
    done = made.restrict("R2", "alpha", area_ids="XA;XC").results()
    half = row(done["impact"], restriction_id="R2", impact_metric="people_exposed")
    part = row(done["impact_by_platform"], restriction_id="R2")
    assert pd.isna(part["upper_persons"])
    assert part["lower_persons"] == 500000.0
    assert half["lower_persons"] == 500000.0
    assert pd.isna(half["upper_persons"])
    assert half["obs_status"] == "M"


@pytest.mark.parametrize(
    ("cells", "status", "reason"),
    [
        ({"period": "2024-06"}, "U", "figure older than 12 months"),
        ({"audience_metric": "unspecified"}, "U", "company or unexplained figure"),
        ({"audience_metric": "dau"}, "U", "daily or weekly figures give the lower bound alone"),
        ({"unit": "share", "value": "0.5"}, "E", "base or persons derived"),
    ],
)
def test_a_weak_figure_is_flagged_with_its_reason(
    cells: dict[str, str], status: str, reason: str
) -> None:
    found = world().estimate("E1", **cells).restrict("R1", "alpha").exposed()
    assert (found["obs_status"], found["reason"]) == (status, reason)


def test_measurers_who_disagree_are_flagged() -> None:
    made = world().estimate("E1").estimate("E2", value="450000", source_id="other-panel-page")
    found = made.restrict("R1", "alpha").exposed()
    assert bounds(found) == (450000.0, 500000.0)
    assert found["obs_status"] == "U"
    assert "several measurers disagree" in found["reason"]


def test_an_act_without_targets_does_not_vanish() -> None:
    found = world().restrict("R1").exposed()
    assert bounds(found) == (0.0, 800000.0)
    assert found["obs_status"] == "M"


def test_lineage_names_what_was_used_and_the_relays_set_aside() -> None:
    made = world().estimate("OWN").estimate("RELAY", source_id="relay-1")
    made.estimate("OLD", period="2025-01").estimate("LATER", period="2025-08")
    made.estimate("WEAK", audience_metric="mau", source_id="company-page")
    used = made.restrict("R1", "alpha").results()["lineage"]
    told = set(
        zip(used["role"], used["input_table"], used["input_id"], used["row_line"], strict=True)
    )
    assert told == {
        ("audience", "estimates", "OWN", 2),
        ("relay", "estimates", "RELAY", 3),
        ("base", "bases", "XA-panel", 4),
        ("population", "bases", "XA-all", 2),
        ("restriction", "restrictions", "R1", 2),
        ("target", "restriction_targets", "R1/alpha/whole_service", 2),
    }
    assert set(used.loc[used["role"] == "relay", "url"]) == {"https://example.org/relay-1"}


def test_lineage_names_the_base_that_turned_a_share_into_people() -> None:
    made = world().estimate("E1", unit="share", value="0.5").restrict("R1", "alpha")
    used = made.results()["lineage"]
    assert row(used, role="share_base")["input_id"] == "XA-panel"


def rich() -> World:
    """Acts and figures with many ties."""
    made = two_services()
    for place in range(6):
        made.estimate(
            f"T{place}",
            value=str(400000 + place % 3),
            platform_id="beta",
            source_id=f"relay-{place % 3 + 1}",
        )
        made.base(f"B{place}", source_id="other-panel-page", period=f"2025-0{place + 1}")
    made.estimate("E9", value="450000", source_id="other-panel-page")
    made.restrict("R1", "alpha", "beta").restrict("R2", "beta").restrict("R3", "*", "alpha")
    for place in range(3):
        made.add("published_figures", published_figure_id=f"P{place}", platform_id="beta")
    return made


def without_lines(tables: Tables) -> Tables:
    """Published tables without the number of a line, the one thing that order may change."""
    return {
        name: frame.drop(columns=[column for column in frame if column.startswith("row_")])
        for name, frame in tables.items()
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    plain = without_lines(rich().results())
    other = without_lines(shuffled(rich(), seed).results())
    for name, frame in plain.items():
        if name != "restrictions":
            pd.testing.assert_frame_equal(other[name], frame)
    columns = ["restriction_id", "platforms", "start_on"]
    pd.testing.assert_frame_equal(other["restrictions"][columns], plain["restrictions"][columns])


def test_as_of_is_the_newest_access_by_default() -> None:
    assert impact.newest_access(world().typed()) == AS_OF
