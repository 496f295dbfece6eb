"""What others published, beside the bounds."""

import pandas as pd
import pytest

from tests.support import World, row, world


def acts() -> World:
    """Half a million on one service, four hundred thousand on another: 500,000 to 700,000."""
    made = world().estimate("E1").estimate("E2", platform_id="beta", value="400000")
    return made.restrict("R1", "alpha", "beta")


def beside(made: World, **cells: str) -> "pd.Series[float]":
    """The comparison of one published figure."""
    made.add("published_figures", published_figure_id="P1", **cells)
    return row(made.results()["comparisons"], published_figure_id="P1")


def test_a_figure_of_a_platform_stands_beside_that_platform() -> None:
    found = beside(acts(), platform_id="beta", value="500000")
    assert found["compared_with"] == "platform"
    assert (found["lower_persons"], found["upper_persons"]) == (400000.0, 400000.0)
    assert (found["lower_ratio"], found["upper_ratio"]) == (1.25, 1.25)


def test_a_figure_of_no_platform_stands_beside_the_restriction() -> None:
    found = beside(acts(), value="900000", figure_kind="added_up")
    assert found["compared_with"] == "restriction"
    assert (found["lower_persons"], found["upper_persons"]) == (500000.0, 700000.0)
    assert (found["lower_ratio"], found["upper_ratio"]) == (1.8, 1.2857)
    assert found["difference_reason"] == "adds_up_platforms"


def test_a_figure_of_a_platform_that_is_no_target_stands_beside_the_restriction() -> None:
    assert beside(acts(), platform_id="gamma")["compared_with"] == "restriction"


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
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
    ],
)
def test_the_reason_for_the_difference(kind: str, value: str, reason: str) -> None:
    assert beside(acts(), figure_kind=kind, value=value)["difference_reason"] == reason


@pytest.mark.parametrize("unit", ["accounts", "identities", "subscriptions"])
def test_accounts_are_not_held_against_people(unit: str) -> None:
    found = beside(acts(), unit=unit, value="600000")
    assert found["difference_reason"] == "other_definition"
    assert pd.isna(found["lower_ratio"])
    assert pd.isna(found["upper_ratio"])


def test_no_ratio_to_a_bound_of_zero() -> None:
    found = beside(world().restrict("R1", "gamma"), value="400000")
    assert pd.isna(found["lower_ratio"])
    assert found["upper_ratio"] == 0.5


def test_no_ratio_to_a_bound_that_is_not_known() -> None:
    made = world().restrict("R1", "gamma", area_ids="XC")
    found = beside(made, value="400000")
    assert pd.isna(found["upper_persons"])
    assert pd.isna(found["upper_ratio"])


def company() -> World:
    """A company's figure beside a panel's, from before and after the start."""
    made = acts().estimate(
        "C1",
        value="600000",
        interval_kind="one_sided_min",
        source_id="company-page",
        period="2025-05",
    )
    made.estimate("C0", value="550000", source_id="company-page", period="2024-05")
    return made.estimate("C2", value="650000", source_id="company-page", period="2025-08")


def test_the_last_statement_of_a_company_from_before_is_compared_not_used() -> None:
    done = company().results()
    (found,) = done["comparisons"].to_dict("records")
    assert (found["published_figure_id"], found["platform_id"]) == ("R1/C1", "alpha")
    assert (found["publisher"], found["figure_kind"]) == ("company", "company_statement")
    assert (found["published_value"], found["interval_kind"]) == (600000.0, "one_sided_min")
    assert (found["lower_ratio"], found["difference_reason"]) == (1.2, "above_our_upper")
    exposed = row(done["impact"], restriction_id="R1", impact_metric="people_exposed")
    assert (exposed["lower_persons"], exposed["upper_persons"]) == (500000.0, 700000.0)


def test_a_statement_that_the_bounds_use_is_not_compared_with_itself() -> None:
    made = world().estimate("C1", source_id="company-page").restrict("R1", "alpha")
    assert made.results()["comparisons"].empty
    assert made.exposed()["reason"].startswith("base of another measurer")


def test_facts_without_published_figures_have_no_comparison() -> None:
    assert acts().results()["comparisons"].empty
