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


NO_FIGURE = "no audience figure from before the start"
OTHER_BASE = "base of another measurer or year"
BOUNDS: list[tuple[str, float, float, str, str]] = [
    ("one", 500e3, 500e3, "U", f"{AGED}; {SENTENCES['unlearned']}"),
    ("two", 500e3, 700e3, "U", AGED),
    ("half-known", 500e3, 700e3, "U", f"no figure for some of the platforms; {AGED}"),
    *((act, 0.0, 800e3, "M", NO_FIGURE) for act in ("nothing", "no-target", "too-late")),
    ("announced", 500e3, 500e3, "U", AGED),
    ("observed", 510e3, 510e3, "U", ""),
    ("no-start", 0.0, 500e3, "M", "start not known"),
    *((f"partial{place}", 0.0, 700e3, "M", reason) for place, (_, reason) in enumerate(PARTIAL)),
    ("counted-regions", 0.0, 60e3, "M", ""),
    ("other-regions", 0.0, 500e3, "M", ""),
    ("shutdown", 600e3, 600e3, "U", ""),
    ("old-count", 600e3, 1000e3, "U", ""),
    ("ahead", 0.0, 900e3, "F", "internet users projected, not counted"),
    ("ahead-of-all", 0.0, 700e3, "F", ""),
    ("range", 550e3, 650e3, "U", ""),
    ("mobile", 0.0, 600e3, "M", ""),
    ("swallows", 600e3, 600e3, "U", ""),
    ("disputed", 450e3, 500e3, "U", "several measurers disagree"),
    ("own-base-too-far", 500e3, 500e3, "U", OTHER_BASE),
    ("large", 750e3, 750e3, "U", OTHER_BASE),
    ("larger", 850e3, 850e3, "U", OTHER_BASE),  # publishers of people online differ by more
    ("two-measurers", 500e3, 800e3, "U", OTHER_BASE),
    ("no-base", 0.0, float("nan"), "M", "no base on record"),
    ("two-countries", 505e3, 505e3, "U", ""),
    ("one-without-base", 500e3, float("nan"), "M", ""),
]
"""An act, its bounds, its status, and a part of its reason."""


@pytest.mark.parametrize(("act", "least", "most", "status", "reason"), BOUNDS)
def test_bounds_and_the_reason_of_a_doubt(
    act: str, least: float, most: float, status: str, reason: str, done: Results
) -> None:
    result = exposed(done, act)
    assert bounds(result) == pytest.approx((least, most), nan_ok=True)
    assert result["obs_status"] == status
    assert reason in result["reason"]


@pytest.mark.parametrize(
    ("act", "cells"),
    [
        ("one", {"dedup_method": "single", "base": "internet_12_plus", "base_persons": 700e3}),
        ("one", {"population_persons": 1e6, "printed_min_base_share": round(5 / 7, 6)}),
        ("one", {"printed_max_population_share": 0.5}),
        ("two", {"dedup_method": "frechet"}),
        ("nothing", {"staleness": ""}),
        ("shutdown", {"base": "internet_all", "staleness": "ageing", "dedup_method": "single"}),
        ("old-count", {"base": "all_ages", "staleness": "expired"}),
        ("ahead", {"base": "internet_all", "population_persons": 900e3}),
        ("own-base-too-far", {"base": "internet_all", "base_persons": 800e3}),
        ("larger", {"base": "internet_all", "base_persons": 800e3}),
        ("two-countries", {"base_persons": 709e3, "population_persons": 1010e3}),
    ],
)
def test_the_base_and_the_method_of_an_act(
    act: str, cells: dict[str, object], done: Results
) -> None:
    assert exposed(done, act)[list(cells)].to_dict() == cells


def test_people_online_who_are_projected_or_unknown_give_no_share(done: Results) -> None:
    result = exposed(done, "ahead")
    assert result["base_persons"] < result["population_persons"]
    assert pd.isna(result["printed_max_base_share"])
    assert pd.isna(exposed(done, "no-base")["base_persons"])


def test_services_of_an_act_stand_in_rows_that_must_not_be_added(done: Results) -> None:
    both = parts(done, "two")
    assert both["naive_sum_persons"].tolist() == [900000.0] * 2
    assert both["printed_min_persons"].tolist() == [500000.0, 400000.0]
    assert all(both["aggregation_hazard"] != "")
    one = parts(done, "two-features")
    assert one["feature"].tolist() == ["login", "whole_service"]
    assert one["naive_sum_persons"].tolist() == [500000.0] * 2
    assert set(one["aggregation_hazard"]) == {""}
    for act in ("no-start", *(f"partial{place}" for place in range(len(PARTIAL)))):
        assert set(parts(done, act)["printed_min_persons"]) == {0.0}
    assert bounds(row(parts(done, "one-without-base"))) == pytest.approx(
        (500e3, float("nan")), nan_ok=True
    )


def test_the_earlier_of_announcement_and_observation_is_the_start(done: Results) -> None:
    starts = done["restrictions"].set_index("restriction_id")["start_on"]
    assert starts[["announced", "observed"]].tolist() == ["2025-07-20", "2025-08-01"]
    assert pd.isna(starts["no-start"])


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


def test_a_network_shutdown_rests_on_the_people_online(done: Results) -> None:
    used = done["lineage"][done["lineage"]["restriction_id"] == "shutdown"]
    assert row(used, role="audience")[["platform_id", "input_id"]].tolist() == ["*", "XD-online"]


def test_the_whole_internet_swallows_single_services(done: Results) -> None:
    both = parts(done, "swallows").set_index("platform_id")
    assert bounds(both.loc["*"]) == (600000.0, 600000.0)
    assert bounds(both.loc["alpha"]) == (0.0, 600000.0)
    assert (both.loc["alpha", "base"], both.loc["alpha", "measurement_series_count"]) == (
        "internet_all",
        0,
    )


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
