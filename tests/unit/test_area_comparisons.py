"""What others published for a country and a year, beside ours."""

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
from tests.support import World, computed, world

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


@pytest.mark.chain
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
