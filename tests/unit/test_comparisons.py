"""What others published, beside the bounds."""

import pandas as pd
import pytest

from tests.support import Results, World, row, world

pytestmark = pytest.mark.chain

KINDS = [
    ("platform_audience", "600000", "within_bounds"),
    ("platform_audience", "500000", "within_bounds"),
    ("platform_audience", "700000", "within_bounds"),
    ("platform_audience", "700001", "above_our_upper"),
    ("company_statement", "499999", "below_our_lower"),
    ("people_affected", "100", "below_our_lower"),
    ("added_up", "900000", "adds_up_platforms"),
    ("added_up", "600000", "within_bounds"),
    ("internet_users", "800000", "counts_all_internet_users"),
    ("population", "1000000", "counts_the_population"),
    ("still_using", "100", "other_definition"),
]
"""What a published figure counts, its value, and why it differs from 500,000 to 700,000."""
UNITS = ["accounts", "identities", "subscriptions"]


def acts() -> World:
    """Half a million on one service, four hundred thousand on another: 500,000 to 700,000."""
    made = world().estimate("E1").estimate("E2", platform_id="beta", value="400000")
    return made.restrict("R1", "alpha", "beta")


def published(made: World, name: str, **cells: str) -> None:
    """Add a figure that somebody published."""
    made.add("published_figures", published_figure_id=name, **cells)


@pytest.fixture(scope="module")
def done() -> Results:
    """Results for acts beside which many figures were published."""
    made = acts().restrict("ZERO", "gamma").restrict("BARE", "gamma", area_ids="XC")
    published(made, "BETA", platform_id="beta", value="500000")
    published(made, "SUM", value="900000", figure_kind="added_up")
    published(made, "GAMMA", platform_id="gamma")
    for place, (kind, value, _) in enumerate(KINDS):
        published(made, f"KIND{place}", figure_kind=kind, value=value)
    for unit in UNITS:
        published(made, unit, unit=unit, value="600000")
    for act in ("ZERO", "BARE"):
        published(made, act, restriction_id=act, value="400000")
    of = {"source_id": "company-page"}
    made.estimate("C1", value="600000", interval_kind="one_sided_min", period="2025-05", **of)
    made.estimate("C0", value="550000", period="2024-05", **of)
    made.estimate("C2", value="650000", period="2025-08", **of)
    made.add("platforms", platform_id="delta").estimate("C3", platform_id="delta", **of)
    return made.restrict("COMPANY", "delta").results()


def beside(done: Results, name: str) -> "pd.Series[float]":
    """The comparison of one published figure."""
    return row(done["comparisons"], published_figure_id=name)


def test_a_figure_of_a_platform_stands_beside_that_platform(done: Results) -> None:
    result = beside(done, "BETA")
    assert result["compared_with"] == "platform"
    assert (result["printed_min_persons"], result["printed_max_persons"]) == (400000.0, 400000.0)
    assert (result["printed_min_ratio"], result["printed_max_ratio"]) == (1.25, 1.25)


def test_a_figure_of_no_platform_stands_beside_the_restriction(done: Results) -> None:
    result = beside(done, "SUM")
    assert result["compared_with"] == "restriction"
    assert (result["printed_min_persons"], result["printed_max_persons"]) == (500000.0, 700000.0)
    assert (result["printed_min_ratio"], result["printed_max_ratio"]) == (1.8, 1.2857)


def test_a_figure_of_a_platform_that_is_no_target_stands_beside_the_act(done: Results) -> None:
    assert beside(done, "GAMMA")["compared_with"] == "restriction"


@pytest.mark.parametrize("place", range(len(KINDS)), ids=lambda place: "-".join(KINDS[place][:2]))
def test_the_reason_for_the_difference(place: int, done: Results) -> None:
    assert beside(done, f"KIND{place}")["difference_reason"] == KINDS[place][2]


@pytest.mark.parametrize("unit", UNITS)
def test_accounts_are_not_held_against_people(unit: str, done: Results) -> None:
    result = beside(done, unit)
    assert result["difference_reason"] == "other_definition"
    assert pd.isna(result["printed_min_ratio"])
    assert pd.isna(result["printed_max_ratio"])


def test_no_ratio_to_a_bound_of_zero(done: Results) -> None:
    result = beside(done, "ZERO")
    assert pd.isna(result["printed_min_ratio"])
    assert result["printed_max_ratio"] == 0.5


def test_no_ratio_to_a_bound_that_is_not_known(done: Results) -> None:
    result = beside(done, "BARE")
    assert pd.isna(result["printed_max_persons"])
    assert pd.isna(result["printed_max_ratio"])


def test_a_country_without_any_base_alone_can_be_compared() -> None:
    made = world().restrict("R1", "gamma", area_ids="XC")
    published(made, "P1", value="400000")
    assert pd.isna(beside(made.results(), "P1")["printed_max_ratio"])


def test_the_last_statement_of_a_company_from_before_is_compared_not_used(done: Results) -> None:
    result = done["comparisons"]
    mine = result[result["published_figure_id"].str.startswith("R1/")]
    (found,) = mine.to_dict("records")
    assert (found["published_figure_id"], found["platform_id"]) == ("R1/C1", "alpha")
    assert (found["publisher"], found["figure_kind"]) == ("company", "company_statement")
    assert (found["published_value"], found["interval_kind"]) == (600000.0, "one_sided_min")
    assert (found["printed_min_ratio"], found["difference_reason"]) == (1.2, "above_our_upper")
    exposed = row(done["impact"], restriction_id="R1", impact_metric="people_exposed")
    assert (exposed["printed_min_persons"], exposed["printed_max_persons"]) == (500000.0, 700000.0)


def test_a_statement_that_the_bounds_use_is_not_compared_with_itself(done: Results) -> None:
    assert "COMPANY" not in set(done["comparisons"]["restriction_id"])
    exposed = row(done["impact"], restriction_id="COMPANY", impact_metric="people_exposed")
    assert exposed["printed_min_persons"] == 500000.0
    assert "company or unexplained figure" in exposed["reason"]


def test_a_disputed_figure_sets_nothing_and_stands_beside_the_answer_with_the_dispute() -> None:
    made = acts().estimate("E9", value="990000", period="2025-06", disputed_by="company-page")
    published(made, "P1", platform_id="alpha", value="990000", source_id="panel-page",
              disputed_by="company-page")  # fmt: skip
    published(made, "P2", platform_id="beta", value="1", disputed_by="company-page")
    done = made.results()
    exposed = row(done["impact"], restriction_id="R1", impact_metric="people_exposed")
    assert (exposed["printed_min_persons"], exposed["printed_max_persons"]) == (500000.0, 700000.0)
    result = done["comparisons"].set_index("published_figure_id")
    assert sorted(result.index) == ["P1", "P2"]  # the figure E9 is P1 once more
    assert set(result["difference_reason"]) == {"disputed"}
    assert result.loc["P1", "disputed_by"] == "A page"
    made.rows["published_figures"].clear()
    alone = made.results()["comparisons"]
    assert list(alone["published_figure_id"]) == ["R1/E9"]
    passed = row(made.results()["candidates"], input_id="E9")["passed_over"]
    assert passed == "disputed by company-page"


def test_facts_without_published_figures_have_no_comparison() -> None:
    assert acts().results()["comparisons"].empty
