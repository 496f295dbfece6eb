"""Age and sex groups: bounds on the share of each group that is exposed."""

import pandas as pd
import pytest

from audience_impact.outputs import restrictions
from audience_impact.outputs.review.status_rules import rule_sentence
from tests.engine import known, scoped
from tests.support import World, row, world

pytestmark = pytest.mark.chain

YOUNG = {"age": "18-24", "unit": "share"}


def compute_groups(made: World) -> pd.DataFrame:
    return restrictions.make_impact_by_group(
        scoped(made), known(made).audiences.sizes, made.typed()
    )


def two(alpha: str = "0.7", beta: str = "0.5", **cells: str) -> World:
    made = world().estimate("A", value=alpha, **YOUNG)
    return made.estimate("B", platform_id="beta", value=beta, **{**YOUNG, **cells})


def ends(found: "pd.Series[float]") -> tuple[float, float]:
    return found["lower_base_share"], found["upper_base_share"]


@pytest.mark.parametrize(("beta", "upper"), [("0.2", 0.9), ("0.5", 1.0)])
def test_a_group_is_between_the_largest_share_and_the_sum(beta: str, upper: float) -> None:
    result = row(compute_groups(two(beta=beta).restrict("R1", "alpha", "beta")))
    assert ends(result) == pytest.approx((0.7, upper))
    assert (result["age"], result["sex"], result["base"]) == ("18-24", "_T", "internet_12_plus")
    assert (result["platforms"], result["period"]) == ("alpha;beta", "2025-06")
    assert (result["obs_status"], result["reason"]) == ("A", "")
    assert (result["area_id"], result["impact_metric"]) == ("XA", "people_exposed")


def test_ages_and_sexes_are_cells_of_their_own() -> None:
    made = world().estimate("A", value="0.7", **YOUNG)
    made.estimate("B", value="0.6", unit="share", sex="F")
    made.estimate("C", value="0.5", sex="M", **YOUNG)
    made.estimate("D", value="0.4", population_base="internet_all", **YOUNG)
    table = compute_groups(made.restrict("R1", "alpha"))
    result = {tuple(cells): share for *cells, share in table[
        ["age", "sex", "base", "lower_base_share"]
    ].itertuples(index=False)}  # fmt: skip
    assert result == {
        ("18-24", "_T", "internet_12_plus"): 0.7,
        ("all", "F", "internet_12_plus"): 0.6,
        ("18-24", "M", "internet_12_plus"): 0.5,
        ("18-24", "_T", "internet_all"): 0.4,
    }
    assert table["upper_base_share"].tolist() == table["lower_base_share"].tolist()


def test_a_platform_without_a_figure_of_the_group_opens_it_above() -> None:
    result = row(compute_groups(two().restrict("R1", "alpha", "beta", "gamma")))
    assert ends(result) == (0.7, 1.0)
    assert (result["obs_status"], result["reason"]) == ("U", rule_sentence("no_group_figure"))


@pytest.mark.parametrize("metric", ["avg_daily_reach", "weekly_reach"])
def test_a_figure_of_a_day_or_a_week_gives_the_lower_bound_alone(metric: str) -> None:
    made = two(beta="0.2", audience_metric=metric).restrict("R1", "alpha", "beta")
    result = row(compute_groups(made))
    assert ends(result) == (0.7, 1.0)
    assert rule_sentence("brief") in result["reason"]


def test_the_latest_figure_of_the_best_kind_from_before_the_start_stands() -> None:
    made = world()
    for key, value, cells in (
        ("old", "0.6", {"period": "2025-01"}),
        ("new", "0.7", {"period": "2025-06"}),
        ("late", "0.8", {"period": "2025-07"}),
        ("day", "0.9", {"audience_metric": "avg_daily_reach", "period": "2025-07-01"}),
    ):
        made.estimate(key, value=value, **YOUNG, **cells)
    assert ends(row(compute_groups(made.restrict("R1", "alpha")))) == (0.7, 0.7)


def test_an_old_figure_is_named() -> None:
    made = world().estimate("A", value="0.7", period="2024-06", **YOUNG)
    result = row(compute_groups(made.restrict("R1", "alpha")))
    assert ends(result) == (0.7, 0.7)
    assert (result["obs_status"], result["reason"]) == ("U", rule_sentence("old"))


def test_what_says_nothing_of_a_group() -> None:
    made = world()
    for number, cells in enumerate(
        (
            {"age": ""},
            {"unit": "persons"},
            {"population_base": "custom"},
            {"audience_metric": "ad_audience"},
            {"value": "", "low": "0.1", "high": "0.2", "interval_kind": "min_max"},
            {"area_id": "XB"},
            {},
        )
    ):
        name = f"service{number}"
        made.add("platforms", platform_id=name, name=name).restrict(name, name)
        made.estimate(name, platform_id=name, **{"value": "0.7", **YOUNG, **cells})
    assert compute_groups(made)["restriction_id"].tolist() == [
        "service6"
    ]  # of it nothing was taken away


def test_restrictions_that_may_touch_nobody_of_a_group_are_left_out() -> None:
    made = two().restrict("R1", "alpha")
    for name, cells in (
        ("places", {"geo_scope": "multi_region"}),
        ("network", {"network_scope": "mobile"}),
        ("never", {"severity": "none"}),
    ):
        made.restrict(name, "alpha", "beta", **cells)
    assert compute_groups(made)["restriction_id"].tolist() == ["R1"]


@pytest.mark.parametrize("cells", [{"network_scope": "unknown"}, {"observed_from": ""}])
def test_where_it_is_not_known_who_is_touched_nobody_is_certain(cells: dict[str, str]) -> None:
    table = compute_groups(two(beta="0.2").restrict("R1", "alpha", "beta", **cells))
    assert table["lower_base_share"].tolist() in ([], [0.0])
