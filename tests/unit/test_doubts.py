"""What speaks against a chosen figure."""

import pandas as pd
import pytest

from audience_impact.audiences.inputs import gather_inputs
from audience_impact.audiences.scope import build_scope
from audience_impact.fitted.models import read_context
from tests.support import AS_OF, World, world

pytestmark = pytest.mark.chain

ASKED = {"observed_from": "2025-07-15"}


def list_doubts(made: World) -> pd.DataFrame:
    """What speaks against the figure of each restriction."""
    tables = made.typed()
    inputs = gather_inputs(build_scope(tables, AS_OF), read_context(tables))
    return inputs.quality_flags.set_index("restriction_id")


def doubts(made: World, act: str = "R1") -> "pd.Series[bool]":
    """What speaks against the one figure of a restriction."""
    (one,) = [row for name, row in list_doubts(made).iterrows() if name == act]
    return one


UNDER = [
    ({}, (True, False)),
    ({"severity": "service_impaired"}, (True, False)),
    ({"severity": "impaired"}, (False, True)),
    ({"geo_scope": "multi_region"}, (False, True)),
    ({"network_scope": "mobile"}, (False, True)),
    ({"end_status": "ended", "ended_on": "2025-06-20"}, (True, False)),
    ({"end_status": "ended", "ended_on": "2025-06-10"}, (False, False)),
    ({"observed_from": "2025-06-20"}, (False, False)),
    ({"end_status": "unknown"}, (False, False)),
    ({"severity": "none"}, (False, False)),
    ({"claim_status": "reported", "evidence_state": "insufficient"}, (False, False)),
    ({"claim_status": "official", "evidence_state": "insufficient"}, (True, False)),
    ({"area_ids": "XB"}, (False, False)),
    ({"area_ids": "XA-01", "geo_scope": "region"}, (False, False)),
]


def test_a_figure_is_from_under_what_was_in_force_in_half_of_its_period() -> None:
    """A figure of June, a restriction of July, and one from before it: of a service a case."""
    made = world()
    for number, (cells, _) in enumerate(UNDER):
        service = f"service-{number}"
        made.add("platforms", platform_id=service).estimate(
            f"E{number}", platform_id=service, period="2025-06"
        )
        made.restrict(f"R{number}", service)
        made.restrict(f"B{number}", service, **{"observed_from": "2025-05-20", **cells})
    result = list_doubts(made)[["is_under_block", "is_under_restriction"]]
    for number, (cells, expected) in enumerate(UNDER):
        assert tuple(result.loc[f"R{number}"]) == expected, cells


@pytest.mark.parametrize(
    ("platform", "feature", "expected"),
    [
        ("alpha", "voice_call", (False, True)),
        ("alpha", "registration", (False, False)),
        ("beta", "whole_service", (False, False)),
        ("*", "whole_service", (False, False)),
    ],
)
def test_other_services_and_what_no_user_comes_upon_do_not_count(
    platform: str, feature: str, expected: tuple[bool, bool]
) -> None:
    made = world().estimate("E1", period="2025-06").restrict("R1", "alpha")
    made.add("restrictions", restriction_id="R0", observed_from="2025-05-20")
    made.add("restriction_targets", restriction_id="R0", platform_id=platform, feature=feature)
    result = doubts(made)
    assert (result["is_under_block"], result["is_under_restriction"]) == expected


@pytest.mark.parametrize(
    ("cells", "is_under"),
    [
        ({}, False),
        ({"severity": "impaired"}, True),
        ({"observed_from": "2025-05-19"}, True),
        ({"area_ids": "XB"}, True),
    ],
)
def test_of_an_event_of_several_services_their_own_blocks_decide(
    cells: dict[str, str], is_under: bool
) -> None:
    made = world().estimate("E1", period="2025-06")
    made.restrict("R0", "alpha", "beta", observed_from="2025-05-20")
    made.restrict("R1", "alpha", **{"observed_from": "2025-07-15", **cells})
    made.restrict("R2", "alpha", "gamma", observed_from="2025-07-20")
    assert doubts(made, "R2")["is_under_block"] == is_under


def printed(june: str, other: str, before: str = "517000", after: str = "516000") -> World:
    """Three pages print June, two of them alike, and the panel has May and July."""
    made = world().restrict("R1", "alpha")
    for place, value in enumerate((june, june, other), 1):
        made.estimate(f"E{place}", value=value, period="2025-06", source_id=f"relay-{place}")
    made.estimate("MAY", value=before, period="2025-05")
    return made.estimate("JULY", value=after, period="2025-07")


def panel(made: World) -> World:
    """The newspapers relay the panel."""
    for source in made.rows["sources"]:
        if source["source_id"].startswith("relay"):
            source["measurement_series_id"] = "panel"
    return made


@pytest.mark.parametrize(
    ("june", "other", "expected"),
    [
        ("490000", "515000", (True, True)),
        ("515000", "490000", (True, False)),
        ("520000", "515000", (False, False)),  # rounded
        ("510000", "515000", (False, False)),  # cut off
    ],
)
def test_pages_that_contradict_each_other_are_told_and_the_neighbours_judge(
    june: str, other: str, expected: tuple[bool, bool]
) -> None:
    result = doubts(panel(printed(june, other)))
    assert (result["is_printed_differently"], result["is_outlier"]) == expected


def test_without_neighbours_on_both_sides_nothing_is_an_outlier() -> None:
    made = panel(printed("490000", "515000"))
    made.rows["estimates"] = [r for r in made.rows["estimates"] if r["estimate_id"] != "JULY"]
    result = doubts(made)
    assert (result["is_printed_differently"], result["is_outlier"]) == (True, False)


@pytest.mark.parametrize(
    ("base", "group", "expected"),
    [
        ("internet_12_plus", "9-14", (12.0, True)),
        ("internet_12_plus", "12-17", (12.0, False)),
        ("internet_12_plus", "65+", (12.0, False)),
        ("internet_all", "9-14", (None, False)),
    ],
)
def test_younger_users_are_missed_where_a_figure_counts_them(
    base: str, group: str, expected: tuple[float | None, bool]
) -> None:
    made = world().estimate("E1", population_base=base).restrict("R1", "alpha")
    made.estimate("G1", age=group, value="100000")
    result = doubts(made)
    age = None if pd.isna(result["least_age"]) else result["least_age"]
    assert (age, result["is_missing_younger"]) == expected
