"""What others published, of a restriction or of a country and a year, beside ours."""

from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest

from audience_impact.answers.names import read_phrases
from audience_impact.outputs.comparisons import make_area_comparisons
from audience_impact.store.versions import Stored
from benchmarks import comparisons as page_of_comparisons
from flows.pipeline import steps
from tests.engine import calibrated
from tests.support import Results, World, computed, row, world

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


# ---- Areas ----

OURS = {"min": 400e3, "printed_min": 410e3, "q50": 500e3, "printed_max": 590e3, "max": 600e3}


def by_area(**numbers: float) -> pd.DataFrame:
    """One country and year of ours."""
    cells = {
        f"{name}_persons": value for name, value in {**OURS, "base_q50": 1e6, **numbers}.items()
    }
    return pd.DataFrame([{"area_id": "XA", "period": "2025", "restrictions_count": 3.0, **cells}])


def compared(ours: pd.DataFrame, **cells: str) -> "pd.Series[float]":
    """Their one figure beside ours."""
    made = World().add("published_area_figures", published_area_figure_id="P1", **cells)
    (result,) = [row for _, row in make_area_comparisons(made.typed(), ours).iterrows()]
    return result


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"persons": "400000"}, "within_bounds"),
        ({"persons": "600000"}, "within_bounds"),
        ({"persons": "399999"}, "other_definition"),
        ({"persons": "299999"}, "fewer_restrictions"),
        ({"persons": "800000"}, "counts_all_internet_users"),
        ({"persons": "700000", "figure_kind": "added_up"}, "adds_up_platforms"),
        ({"persons": "700000", "figure_kind": "people_affected"}, "other_definition"),
        ({"persons": "", "duration_hours": "24"}, "duration_differs"),
        ({"persons": "", "events": "4"}, "other_definition"),
        ({"period": "2024"}, "nothing_on_record"),
        ({"period": "2023-06/2023-08"}, "other_period"),
        ({"period": "2023-06-01"}, "other_period"),
        ({"area_id": "XB"}, "nothing_on_record"),
    ],
)
def test_why_they_differ(cells: dict[str, str], reason: str) -> None:
    assert compared(by_area(), **cells)["difference_reason"] == reason


def test_ratios_are_theirs_over_ours() -> None:
    result = compared(by_area(), persons="800000")
    assert result["printed_min_ratio"] == round(80 / 41, 4)
    assert result["q50_ratio"] == 1.6
    assert result["printed_max_ratio"] == round(80 / 59, 4)


def test_nothing_is_divided_by_zero_or_by_the_unknown() -> None:
    result = compared(by_area(printed_min=0.0, q50=float("nan")), persons="800000")
    assert result[["printed_min_ratio", "q50_ratio"]].isna().all()


def test_the_world_has_a_row_of_its_own() -> None:
    world_too = by_area().assign(area_id="001", max_persons=1.2e6)
    result = compared(pd.concat([by_area(), world_too]), area_id="001", persons="900000")
    assert result["max_persons"] == 1.2e6
    assert result["difference_reason"] == "within_bounds"


def test_the_page_counts_and_explains(tmp_path: Path) -> None:
    made = calibrated(world()).estimate("E1").restrict("R1", "alpha")
    made.add("published_area_figures", published_area_figure_id="P1", persons="900000")
    made.add("published_area_figures", published_area_figure_id="P2", persons="500000")
    done = computed(made.write(tmp_path / "facts"))
    version = steps.publish_results(done, tmp_path / "published", None).version
    page = page_of_comparisons.format_page(version)
    assert "| A newspaper | 2 | 2 | 50% | " in page
    assert "| XA | 2025 | A newspaper | 900 k | theirs is " in page
    assert version.id in page
    listed = page_of_comparisons.pair_areas(version)
    assert listed["published_persons"].tolist() == [900e3, 500e3]
    assert listed["without_figure_count"].eq(0).all()


class Version:
    """Tables of a version: a restriction of two services and one of a single service."""

    def count_rows(self) -> dict[str, int]:
        return {"impact": 2, "impact_by_platform": 3, "comparisons": 6}

    def read_table(self, name: str) -> pd.DataFrame:
        exposed: dict[str, Any] = {"impact_metric": "people_exposed", "q05_persons": [90.0, 9.0]}
        exposed |= {"q50_persons": [100.0, 10.0], "q95_persons": [110.0, 11.0]}
        parts: dict[str, Any] = {
            "restriction_id": ["TWO", "TWO", "ONE"],
            "platform_id": ["a", "b", "a"],
        }
        parts |= {f"imputed_{end}_persons": [5.0, float("nan"), 7.0] for end in QUANTILES}
        figures: dict[str, Any] = {"restriction_id": ["TWO", "TWO", "TWO", "ONE", "ONE", "ONE"]}
        figures |= {"platform_id": ["a", "b", None, "a", "a", "a"], "disputed_by": [None] * 6}
        figures |= {"compared_with": ["platform"] * 2 + ["restriction"] + ["platform"] * 3}
        figures |= {"unit": ["persons"] * 4 + ["accounts", "persons"], "published_value": [1.0] * 6}
        figures["disputed_by"][5] = "a page"
        tables = {
            "impact": pd.DataFrame({"restriction_id": ["TWO", "ONE"], **exposed}),
            "impact_by_platform": pd.DataFrame(parts),
            "comparisons": pd.DataFrame(figures),
        }
        return tables[name]


QUANTILES = ("q05", "q50", "q95")


def test_a_figure_of_a_service_is_beside_the_median_of_that_service_alone() -> None:
    result = page_of_comparisons.pair_restrictions(cast("Stored", Version()))
    assert result["restriction_id"].tolist() == ["TWO", "TWO", "TWO", "ONE"]
    of_part, unknown, of_whole, of_single = result["q50_persons"]
    assert (of_part, of_whole, of_single) == (5.0, 100.0, 10.0)
    assert pd.isna(unknown)


def test_every_reason_has_a_sentence() -> None:
    reasons = {"within_bounds", "fewer_restrictions", "duration_differs", "other_definition"}
    reasons |= {"nothing_on_record", "counts_all_internet_users", "adds_up_platforms"}
    assert reasons <= set(read_phrases("difference"))
