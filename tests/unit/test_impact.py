"""The walk from facts to bounds, on small countries built for each question."""

import pandas as pd
import pytest

from audience_impact.outputs.review.status_rules import SENTENCES
from audience_impact.vocabulary import PartGap, list_meanings
from tests.engine import calibrated, impacts, of
from tests.support import AGED, Results, World, row, world

GAPS = list_meanings(PartGap)
pytestmark = pytest.mark.chain

PARTIAL = [
    ({"geo_scope": "multi_region"},
     f"only part of the country, without an audience of its own; {GAPS[PartGap.NO_PLACES]}"),
    ({"geo_scope": "unknown"},
     f"only part of the country, without an audience of its own; {GAPS[PartGap.NO_PLACES]}"),
    ({"network_scope": "mobile"},
     "only some networks, and our record has no count of their users; "
     f"{GAPS[PartGap.NO_NETWORK_LAWS]}"),
    ({"network_scope": "unknown"},
     f"our record does not say which networks were affected; {GAPS[PartGap.NO_NETWORK_LAWS]}"),
]  # fmt: skip
WEAK = [
    ({"period": "2024-06"}, "U", "figure older than 12 months"),
    ({"audience_metric": "unspecified"}, "U", "company or unexplained figure"),
    ({"audience_metric": "dau"}, "U", "daily or weekly figures give the lower bound alone"),
    ({"unit": "share", "value": "0.5"}, "E", "base or persons derived"),
]


def country(made: World, area: str, people: str, **online: str) -> None:
    """Add a country with its people and, where cells are given, its internet users."""
    made.add("areas", area_id=area, name=area)
    cells = {"area_id": area, "source_id": "census-page"}
    made.base(f"{area}-all", population_base="all_ages", persons=people, **cells)
    if online:
        cells |= {"population_base": "internet_all", "persons": "600000"}
        made.base(f"{area}-online", **cells | online)


def measured(made: World, platform: str, *figures: dict[str, str]) -> None:
    """Add a service with its figures."""
    made.add("platforms", platform_id=platform, name=platform)
    for place, cells in enumerate(figures):
        made.estimate(f"{platform}-{place}", platform_id=platform, **cells)


def services(made: World) -> None:
    """Acts against single services, each with figures of its own."""
    measured(made, "dated", {}, {"period": "2025-07", "value": "510000"})
    made.restrict("announced", "dated", announced_on="2025-07-20", observed_from="2025-08-01")
    made.restrict("observed", "dated", announced_on="2025-09-01", observed_from="2025-08-01")
    measured(made, "late", {"period": "2025-07"})
    made.restrict("too-late", "late").restrict("no-start", "alpha", observed_from="")
    measured(made, "old", {"period": "2024-01"})
    made.restrict("own-base-too-far", "old", observed_from="2024-03-01")
    for name, value in (("large", "750000"), ("larger", "850000")):
        measured(made, name, {"value": value, "source_id": "survey-page"})
        made.restrict(name, name)
    measured(made, "elsewhere", {"source_id": "other-panel-page"})
    made.restrict("two-measurers", "alpha", "elsewhere")
    measured(made, "disputed", {}, {"value": "450000", "source_id": "other-panel-page"})
    made.restrict("disputed", "disputed")


def shutdowns(made: World) -> None:
    """Acts against the whole internet of a country."""
    country(made, "XD", "1000000", period="2024")
    country(made, "XE", "1000000", period="2020")
    country(made, "XF", "1000000", period="2024", low_persons="550000", high_persons="650000")
    ahead = {"period": "2024", "obs_status": "F", "low_persons": "500000"}
    country(made, "XH", "900000", high_persons="800000", **ahead)
    country(made, "XI", "700000", high_persons="800000", **ahead)
    acts = {"shutdown": "XD", "old-count": "XE", "range": "XF", "ahead": "XH", "ahead-of-all": "XI"}
    for act, area in acts.items():
        made.restrict(act, "*", area_ids=area, action="network_shutdown")
    made.restrict("mobile", "*", area_ids="XD", network_scope="mobile")
    made.estimate("XD-alpha", area_id="XD", population_base="internet_all", value="200000")
    made.restrict("swallows", "*", "alpha", area_ids="XD")


def places(made: World) -> None:
    """Acts in regions, in several countries, and where nothing is on record."""
    country(made, "XG", "10000")
    made.base("XG-panel", area_id="XG", persons="9000")
    made.estimate("XG-alpha", area_id="XG", value="5000")
    made.restrict("two-countries", "alpha", area_ids="XA;XG")
    made.restrict("one-without-base", "alpha", area_ids="XA;XC")
    made.restrict("no-base", "alpha", area_ids="XC")
    for region in ("XA-01", "XA-02"):
        count = {"population_base": "all_ages", "persons": "30000", "source_id": "census-page"}
        made.base(f"{region}-all", area_id=region, **count)
    made.add("areas", area_id="XA-03", name="A region that nobody counts")
    made.restrict("counted-regions", "alpha", area_ids="XA-01;XA-02", geo_scope="multi_region")
    made.restrict("other-regions", "alpha", area_ids="XA-01;XA-03", geo_scope="multi_region")
    for place, (cells, _) in enumerate(PARTIAL):
        made.restrict(f"partial{place}", "alpha", "beta", **cells)


@pytest.fixture(scope="module")
def done() -> Results:
    """Results for many acts at once; none of them touches another."""
    made = world().estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.restrict("one", "alpha").restrict("two", "alpha", "beta").restrict("nothing", "gamma")
    made.restrict("half-known", "alpha", "gamma").restrict("no-target")
    made.restrict("feature").restrict("two-features", "alpha")
    made.add("restriction_targets", restriction_id="feature", feature="voice_call")
    made.add("restriction_targets", restriction_id="two-features", feature="login")
    made.restrict("never", "alpha", "beta", severity="none")
    made.restrict("withdrawn", "alpha", "gamma", end_status="withdrawn", network_scope="mobile")
    services(made)
    shutdowns(made)
    places(made)
    return made.results()


def exposed(done: Results, act: str) -> "pd.Series[float]":
    """The row of the people exposed to an act."""
    return row(done["impact"], restriction_id=act, impact_metric="people_exposed")


def parts(done: Results, act: str) -> pd.DataFrame:
    """The audiences behind an act."""
    table = done["impact_by_platform"]
    return table[table["restriction_id"] == act]


def bounds(found: "pd.Series[float]") -> tuple[float, float]:
    """Lower and upper bound."""
    return found["printed_min_persons"], found["printed_max_persons"]


def test_one_service_is_its_audience(done: Results) -> None:
    result = exposed(done, "one")
    assert bounds(result) == (500000.0, 500000.0)
    assert (result["dedup_method"], result["obs_status"]) == ("single", "U")
    assert result["reason"] == f"{AGED}; {SENTENCES['unlearned']}"
    assert (result["base"], result["base_persons"]) == ("internet_12_plus", 700000.0)
    assert result["population_persons"] == 1000000.0
    assert result["printed_min_base_share"] == round(5 / 7, 6)
    assert result["printed_max_population_share"] == 0.5


def test_two_services_are_between_the_larger_and_the_base(done: Results) -> None:
    result = exposed(done, "two")
    assert bounds(result) == (500000.0, 700000.0)
    assert result["dedup_method"] == "frechet"
    both = parts(done, "two")
    assert both["naive_sum_persons"].tolist() == [900000.0] * 2
    assert both["printed_min_persons"].tolist() == [500000.0, 400000.0]
    assert all(both["aggregation_hazard"] != "")


def test_parts_of_one_service_carry_no_warning(done: Results) -> None:
    both = parts(done, "two-features")
    assert both["feature"].tolist() == ["login", "whole_service"]
    assert both["naive_sum_persons"].tolist() == [500000.0] * 2
    assert set(both["aggregation_hazard"]) == {""}


def test_a_service_without_a_figure_opens_the_bounds_to_the_base(done: Results) -> None:
    result = exposed(done, "half-known")
    assert bounds(result) == (500000.0, 700000.0)
    assert (result["obs_status"], result["reason"]) == (
        "U",
        f"no figure for some of the platforms; {AGED}",
    )


@pytest.mark.parametrize("act", ["nothing", "no-target", "too-late"])
def test_without_any_figure_from_zero_to_the_base_with_a_reason(act: str, done: Results) -> None:
    result = exposed(done, act)
    assert bounds(result) == (0.0, 800000.0)
    assert (result["obs_status"], result["reason"]) == (
        "M",
        "no audience figure from before the start",
    )
    assert result["staleness"] == ""


def test_the_earlier_of_announcement_and_observation_is_the_start(done: Results) -> None:
    assert bounds(exposed(done, "announced")) == (500000.0, 500000.0)
    assert bounds(exposed(done, "observed")) == (510000.0, 510000.0)
    starts = done["restrictions"].set_index("restriction_id")["start_on"]
    assert starts[["announced", "observed"]].tolist() == ["2025-07-20", "2025-08-01"]


def test_without_a_start_nobody_can_be_counted_for_certain(done: Results) -> None:
    result = exposed(done, "no-start")
    assert result["printed_min_persons"] == 0.0
    assert (result["obs_status"], result["reason"]) == ("M", "start not known")
    assert pd.isna(row(done["restrictions"], restriction_id="no-start")["start_on"])
    assert parts(done, "no-start")["printed_min_persons"].tolist() == [0.0]


@pytest.mark.parametrize("place", range(len(PARTIAL)))
def test_where_only_a_part_is_touched_the_lower_bound_is_zero(place: int, done: Results) -> None:
    result = exposed(done, f"partial{place}")
    assert bounds(result) == (0.0, 700000.0)
    assert (result["obs_status"], result["reason"]) == ("M", PARTIAL[place][1])
    assert parts(done, f"partial{place}")["printed_min_persons"].tolist() == [0.0, 0.0]


def test_regions_limit_by_their_people_where_all_are_on_record(done: Results) -> None:
    assert bounds(exposed(done, "counted-regions")) == (0.0, 60000.0)
    assert bounds(exposed(done, "other-regions")) == (0.0, 500000.0)


@pytest.mark.parametrize("act", ["never", "withdrawn"])
def test_what_was_never_carried_out_touches_nobody(act: str, done: Results) -> None:
    result = done["impact"][done["impact"]["restriction_id"] == act]
    assert set(result["printed_min_persons"]) == set(result["printed_max_persons"]) == {0.0}
    assert set(result["obs_status"]) == {"E"}
    assert set(result["reason"]) == {"never carried out"}
    assert set(parts(done, act)["printed_max_persons"]) == {0.0}


def test_features_and_access_kept_have_rows_of_their_own(done: Results) -> None:
    table = done["impact"].set_index(["restriction_id", "impact_metric"])
    limits = {
        key: bounds(result) for key, result in table.iterrows() if key[0] in ("one", "feature")
    }
    assert limits == {
        ("one", "people_exposed"): (500000.0, 500000.0),
        ("one", "people_feature_exposed"): (500000.0, 500000.0),
        ("one", "people_deprived_net"): (0.0, 500000.0),
        ("feature", "people_exposed"): (500000.0, 500000.0),
        ("feature", "people_feature_exposed"): (0.0, 500000.0),
        ("feature", "people_deprived_net"): (0.0, 500000.0),
    }
    output = table["reason"]
    assert output["one", "people_feature_exposed"] == f"{AGED}; {SENTENCES['unlearned']}"
    assert "no count of who uses the feature" in output["feature", "people_feature_exposed"]
    assert "our record has no count of who keeps access" in output["one", "people_deprived_net"]
    assert table["obs_status"]["feature", "people_feature_exposed"] == "M"


def test_a_network_shutdown_touches_the_internet_users(done: Results) -> None:
    result = exposed(done, "shutdown")
    assert bounds(result) == (600000.0, 600000.0)
    assert (result["base"], result["staleness"], result["dedup_method"]) == (
        "internet_all",
        "ageing",
        "single",
    )
    used = done["lineage"][done["lineage"]["restriction_id"] == "shutdown"]
    assert row(used, role="audience")[["platform_id", "input_id"]].tolist() == ["*", "XD-online"]


def test_an_old_count_of_internet_users_is_a_floor_alone(done: Results) -> None:
    result = exposed(done, "old-count")
    assert bounds(result) == (600000.0, 1000000.0)
    assert (result["base"], result["obs_status"], result["staleness"]) == (
        "all_ages",
        "U",
        "expired",
    )


def test_projected_internet_users_limit_nothing_and_say_so(done: Results) -> None:
    result = exposed(done, "ahead")
    assert bounds(result) == (0.0, result["population_persons"])
    assert result["base"] == "internet_all"
    assert result["base_persons"] < result["population_persons"]
    assert pd.isna(result["printed_max_base_share"])
    assert result["obs_status"] == "F"
    assert "internet users projected, not counted" in result["reason"]


def test_projected_internet_users_are_no_more_than_the_people(done: Results) -> None:
    result = exposed(done, "ahead-of-all")
    assert result["printed_max_persons"] == result["population_persons"] == 700000.0


def test_a_stated_range_of_internet_users_bounds_a_shutdown_by_its_ends(done: Results) -> None:
    assert bounds(exposed(done, "range")) == (550000.0, 650000.0)


def test_a_shutdown_of_some_networks_has_no_certain_lower_bound(done: Results) -> None:
    result = exposed(done, "mobile")
    assert bounds(result) == (0.0, 600000.0)
    assert result["obs_status"] == "M"


def test_the_whole_internet_swallows_single_services(done: Results) -> None:
    assert bounds(exposed(done, "swallows")) == (600000.0, 600000.0)
    both = parts(done, "swallows").set_index("platform_id")
    assert bounds(both.loc["*"]) == (600000.0, 600000.0)
    assert bounds(both.loc["alpha"]) == (0.0, 600000.0)
    assert (both.loc["alpha", "base"], both.loc["alpha", "measurement_series_count"]) == (
        "internet_all",
        0,
    )


@pytest.mark.parametrize(
    ("act", "base", "persons"),
    [
        ("own-base-too-far", "internet_all", 800000.0),
        ("large", "internet_all", 800000.0),
        ("larger", "internet_all", 800000.0),  # publishers of people online differ by more
        ("two-measurers", "internet_all", 800000.0),
    ],
)
def test_without_an_own_base_the_smallest_that_can_hold_the_audience(
    act: str, base: str, persons: float, done: Results
) -> None:
    result = exposed(done, act)
    assert (result["base"], result["base_persons"]) == (base, persons)
    assert result["obs_status"] == "U"
    assert result["reason"].split("; ")[0] == "base of another measurer or year"


@pytest.fixture(scope="module")
def weak() -> pd.DataFrame:
    """Table `impact` of acts against services with weak figures, in a world that learned."""
    made = calibrated(world())
    for place, (cells, _, _) in enumerate(WEAK):
        measured(made, f"weak{place}", cells)
        made.restrict(f"weak{place}", f"weak{place}")
    return impacts(made)


@pytest.mark.parametrize("place", range(len(WEAK)))
def test_a_weak_figure_is_flagged_with_its_reason(place: int, weak: pd.DataFrame) -> None:
    result = of(weak, f"weak{place}")
    status, reason = WEAK[place][1:]
    assert result["obs_status"] == status
    assert result["reason"].split("; ")[0] == reason


def test_measurers_who_disagree_are_flagged(done: Results) -> None:
    result = exposed(done, "disputed")
    assert bounds(result) == (450000.0, 500000.0)
    assert result["obs_status"] == "U"
    assert "several measurers disagree" in result["reason"]


def test_a_country_without_any_base_says_so(done: Results) -> None:
    result = exposed(done, "no-base")
    assert result["printed_min_persons"] == 0.0
    assert pd.isna(result["printed_max_persons"])
    assert pd.isna(result["base_persons"])
    assert result["obs_status"] == "M"
    assert "no base on record" in result["reason"]


def test_disjoint_countries_add(done: Results) -> None:
    result = exposed(done, "two-countries")
    assert bounds(result) == (505000.0, 505000.0)
    assert (result["base_persons"], result["population_persons"]) == (709000.0, 1010000.0)


def test_a_country_without_a_base_leaves_the_sum_open_above(done: Results) -> None:
    for item in (exposed(done, "one-without-base"), row(parts(done, "one-without-base"))):
        assert item["printed_min_persons"] == 500000.0
        assert pd.isna(item["printed_max_persons"])
    assert exposed(done, "one-without-base")["obs_status"] == "M"


def test_every_act_has_its_rows(done: Results) -> None:
    acts = set(done["restrictions"]["restriction_id"])
    assert set(done["impact"]["restriction_id"]) == acts
    assert len(done["impact"]) == 3 * len(acts)


def test_lineage_names_what_was_used_and_the_relays_set_aside() -> None:
    made = world().estimate("OWN").estimate("RELAY", source_id="relay-1")
    made.estimate("OLD", period="2025-01").estimate("LATER", period="2025-08")
    made.estimate("WEAK", audience_metric="mau", source_id="company-page")
    made.estimate("SHARE", platform_id="beta", unit="share", value="0.5")
    used = made.restrict("R1", "alpha").restrict("R2", "beta").results()["lineage"]
    result = {
        (itertuple.restriction_id, itertuple.role, itertuple.input_id, itertuple.row_line)
        for itertuple in used.itertuples()
    }
    assert result == {
        ("R1", "audience", "OWN", 2),
        ("R1", "relay", "RELAY", 3),
        ("R1", "base", "XA-panel", 4),
        ("R1", "population", "XA-all", 2),
        ("R1", "restriction", "R1", 2),
        ("R1", "target", "R1/alpha/whole_service", 2),
        ("R2", "audience", "SHARE", 7),
        ("R2", "share_base", "XA-panel", 4),
        ("R2", "base", "XA-panel", 4),
        ("R2", "population", "XA-all", 2),
        ("R2", "restriction", "R2", 3),
        ("R2", "target", "R2/beta/whole_service", 3),
    }
    assert set(used.loc[used["role"] == "relay", "url"]) == {"https://example.org/relay-1"}


def rich() -> World:
    """Acts and figures with many ties."""
    made = world().estimate("E1").estimate("E2", platform_id="beta", value="400000")
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


def shuffled(made: World, seed: int) -> World:
    """The same facts with the rows of every table in another order."""
    return World(
        {
            table: pd.Series(cells).sample(frac=1, random_state=seed).tolist()
            for table, cells in made.rows.items()
        }
    )


def without_lines(tables: Results) -> Results:
    """Result tables without where a row stands, the one thing that its order may change."""
    return {
        name: frame.drop(columns=[column for column in frame if column.startswith("row_")])
        for name, frame in tables.items()
    }


def test_the_order_of_rows_changes_nothing() -> None:
    other = without_lines(shuffled(rich(), 1).results())
    for name, frame in without_lines(rich().results()).items():
        pd.testing.assert_frame_equal(other[name], frame)


def test_a_survey_of_adults_is_a_lower_bound_with_the_adults_of_a_census() -> None:
    """Those under 18 may use the service too, and nobody asked them."""
    made = world().base(
        "XA-adults", population_base="age_18_plus", persons="800000", source_id="census-page"
    )
    asked = {"audience_metric": "survey_regular", "unit": "share", "value": "0.5"}
    made.estimate("E1", population_base="age_18_plus", **asked).restrict("R1", "alpha")
    result = exposed(made.results(), "R1")
    assert result["printed_min_persons"] == 400000.0
    assert result["printed_max_persons"] == result["base_persons"] > 400000.0
    assert pd.isna(result["q50_persons"])
    assert result["obs_status"] == "U"
    assert "a survey of some ages gives the lower bound alone" in result["reason"]
