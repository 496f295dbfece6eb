"""Candidates: what is chosen and why the others are passed over come from the same steps."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact import pipeline
from audience_impact import selection as choosing
from audience_impact.selection import Best, Key, Only
from audience_impact.tracing.candidates import make_candidates
from tests.engine import calibrated, cut, placed
from tests.support import AS_OF, World, world

STEPS = (
    Only(lambda rows: rows["size"] > 1, lambda rows: "is " + rows["size"].astype("str")),
    Only(lambda rows: rows["size"] == rows.groupby("of")["size"].transform("max"), "smaller"),
    Best(["of"], (Key("rank", "a later rank", ascending=False), Key("id", "a later id"))),
)

ROWS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.sampled_from([0.0, 1.0, np.nan])),
    max_size=12,
)


@given(ROWS)
def test_a_row_is_chosen_where_nothing_is_said_against_it(
    cells: list[tuple[str, int, float]],
) -> None:
    rows = pd.DataFrame(cells, columns=["of", "size", "rank"]).assign(id=range(len(cells)))
    rows = rows.astype({"of": "str", "size": "int64", "rank": "float64"}).iloc[::-1]
    result = choosing.rejection_reason(rows, STEPS)
    assert list(result.index[result == ""]) == list(choosing.select_candidates(rows, STEPS).index)


def test_the_reason_is_that_of_the_first_step_and_key_that_decides() -> None:
    rows = pd.DataFrame(
        {
            "of": list("aaaaa"),
            "size": [1, 2, 3, 3, 3],
            "rank": [9, 9, 2, 1, 2],
            "id": [0, 1, 2, 3, 4],
        }
    )
    result = choosing.rejection_reason(rows, STEPS)
    assert list(result) == ["is 1", "smaller", "", "a later rank", "a later id"]


def told_of(made: World, role: str) -> dict[str, str]:
    """Why each fact of a role was passed over, by its id; blank where it was used."""
    tables = made.typed()
    result, _ = pipeline.prepare_run(tables, AS_OF, only=["R1"])
    rows = make_candidates(result.scope, result.inputs, result.context)
    rows = rows[rows["role"] == role]
    return dict(zip(rows["input_id"], rows["passed_over"], strict=True))


PLAIN: dict[str, str] = {}
SHARE = {"unit": "share", "value": "0.5", "population_base": "internet_all"}
CASES = (
    (PLAIN, {"period": "2025-05"}, "the same measurer has a figure nearer to the start"),
    (PLAIN, {"source_id": "other-panel-page", "audience_metric": "mau"},
     "mau comes after monthly_reach in the order of metrics"),
    (PLAIN, {"source_id": "relay-1", "measurement_series_id": "panel"},
     "another page of the same measurement: the measurer's own is taken"),
    (PLAIN, {"period": "2025-08"}, "from after the start of the restriction"),
    (PLAIN, {"unit": "accounts"}, "counts accounts, not people"),
    (PLAIN, {"audience_metric": "ad_audience"},
     "ad_audience never stands for the users of a month"),
    (PLAIN, {"age": "18-24"}, "counts a part of the people, by age or sex"),
    (PLAIN, {"population_base": "custom"}, "of a population of which there is no base"),
    (PLAIN, SHARE, "a share of a population of which our record has no count at that time"),
)  # fmt: skip
"""Two figures of a service, and why the second is passed over for the first."""


@cache
def told_of_pairs() -> dict[str, str]:
    """A world with a service for each case, and another with its two figures in turn."""
    made = world()
    names = [f"{way}{number}" for number in range(len(CASES)) for way in ("plain", "turned")]
    for name in names:
        made.add("platforms", platform_id=name, name=name)
    for number, (first, second, _) in enumerate(CASES):
        for way, pair in (("plain", (first, second)), ("turned", (second, first))):
            for place, cells in zip("AB", pair, strict=True):
                name = f"{way}{number}"
                made.estimate(f"{name}{place}", platform_id=name, **cells)
    return told_of(made.restrict("R1", *names), "audience")


@pytest.mark.chain
@pytest.mark.parametrize("number", range(len(CASES)))
def test_who_of_two_figures_is_used_turns_with_one_key(number: int) -> None:
    told, reason = told_of_pairs(), CASES[number][2]
    for way, used, aside in (("plain", "A", "B"), ("turned", "B", "A")):
        assert told[f"{way}{number}{used}"] == ""
        assert told[f"{way}{number}{aside}"] == reason


@pytest.mark.chain
@pytest.mark.parametrize(
    ("cells", "used", "why_not_own"),
    [
        ({"period": "2025-07"}, "XA-other", "another one is nearer to the day"),
        ({"period": "2020-01"}, "XA-panel", ""),
    ],
)
def test_the_base_nearest_to_the_day_is_taken(
    cells: dict[str, str], used: str, why_not_own: str
) -> None:
    made = world().estimate("E1").base("XA-other", **cells).restrict("R1", "alpha")
    result = told_of(made, "base")
    assert (result[used], result["XA-panel"]) == ("", why_not_own)
    assert result["XA-online"] == "a narrower population that contains the audiences has a base"
    if used != "XA-other":
        assert result["XA-other"] == "more than 366 days from the day"


@pytest.mark.chain
def test_a_base_that_cannot_hold_the_audience_is_passed_over() -> None:
    made = world().estimate("E1", value="750000").restrict("R1", "alpha")
    result = told_of(made, "base")
    assert result["XA-panel"] == "has fewer people than the largest audience"
    assert result["XA-online"] == ""


@pytest.mark.chain
@pytest.mark.parametrize(("value", "base"), [("700000", "XA-online"), ("800000", "XA-all")])
def test_people_online_hold_an_audience_within_the_error_of_their_count(
    value: str, base: str
) -> None:
    made = world().estimate("E1", value=value, measurement_series_id="other-panel")
    (online,) = (cells for cells in made.rows["bases"] if cells["base_id"] == "XA-online")
    online["persons"] = "500000"
    result = told_of(made.restrict("R1", "alpha"), "base")
    assert [name for name, reason in result.items() if reason == ""] == [base]


@pytest.mark.chain
def test_overlaps_are_chosen_by_measurer_and_day() -> None:
    made = world().estimate("E1").estimate("E2", platform_id="beta")
    for name, cells in (
        ("used", {}),
        ("older", {"period": "2025-05"}),
        ("too-old", {"period": "2023-05"}),
        ("later", {"period": "2025-08"}),
        ("other", {"platform_ids": "alpha;gamma"}),
    ):
        made.add("overlaps", overlap_id=name, **cells)
    assert told_of(made.restrict("R1", "alpha", "beta"), "overlap") == {
        "used": "",
        "older": "the same measurer has a later one",
        "too-old": "more than 366 days before the start",
        "later": "from after the start of the restriction",
        "other": "speaks of a service that is not restricted there, or has no figure",
    }


@pytest.mark.chain
def test_figures_of_a_place_and_of_networks_are_told() -> None:
    made = cut(placed(calibrated(world())), "R1", "XA-01", network_scope="mobile")
    cells = {"population_base": "all_ages", "period": "2025", "source_id": "census-page"}
    made.base("XA-01-modelled", area_id="XA-01", persons="350000", obs_status="F", **cells)
    made.add("network_use", period="2019", least_share="0.3", most_share="0.8")
    assert told_of(made, "place") == {
        "XA-01-all": "",
        "XA-01-modelled": "expected to be off by more on that day",
    }
    assert told_of(made, "network") == {
        "XA 2025": "",
        "XA 2019": "another one is nearer to the day",
    }
