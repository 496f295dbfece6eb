"""Evidence beside restrictions: what is linked, and what hours and depth it gives."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.audiences.scope import build_scope
from audience_impact.facts import events
from tests import engine
from tests.support import AS_OF, DEFAULTS, ERRORS, World, row, world

CUT = {
    "severity": "network_unavailable",
    "action": "network_shutdown",
    "observed_from": "2025-08-15",
    "ended_on": "2025-08-17",
    "end_status": "ended",
    "end_source": "recorded",
}
NO_SHARE = {"least_lost_share": "", "most_lost_share": ""}


def cut(**cells: str) -> World:
    return world().restrict("R1", "*", **{**CUT, **cells})


def drawn(**cells: str) -> World:
    """The same in a world where everything can be drawn."""
    made = engine.placed(engine.calibrated(world(), ERRORS)).add("daily_use", platform_id="*")
    return engine.cut(made, "R1", **{**CUT, **cells})


def linked(made: World, **cells: str) -> pd.DataFrame:
    return build_scope(made.add("evidence", **cells).typed(), AS_OF).evidence


@pytest.mark.parametrize(("restriction", "outage", "hours"), [
    ({}, {}, 3.0),
    ({}, {"begin": "2025-08-14T22:00-03:00", "end": "2025-08-15T00:00-03:00"}, 2.0),
    ({}, {"begin": "2025-08-14T21:00Z", "end": "2025-08-15T00:00Z"}, None),
    ({}, {"begin": "2025-08-18T00:00Z", "end": "2025-08-19T00:00Z"}, None),
    ({}, {"begin": "2025-08-17T12:00Z", "end": "2025-08-20T12:00Z"}, 72.0),
    ({}, {"begin": "2025-08-01T00:00Z", "end": "2025-09-01T00:00Z"}, 120.0),
    ({}, {"cause_kind": "unknown"}, None),
    ({}, {"area_id": "XB"}, None),
    ({}, {"area_id": "XA-01", "evidence_scope": "region"}, None),
    ({}, {"evidence_scope": "network"}, None),
    ({"severity": "service_unavailable", "action": "block"}, {}, None),
    ({"geo_scope": "region", "area_ids": "XA-01"}, {}, None),
    ({"geo_scope": "multi_region", "network_scope": "mobile"}, {}, None),
    ({"geo_scope": "multi_region"}, {}, 3.0),
    ({"geo_scope": "region", "area_ids": "XA-01"}, {"area_id": "XA-01", "evidence_scope": "region"},
     3.0),
])  # fmt: skip
def test_an_outage_is_of_the_restriction_of_its_place_and_days(
    restriction: dict[str, str], outage: dict[str, str], hours: float | None
) -> None:
    result = linked(cut(**restriction), **outage)
    assert list(result["hours"]) == ([] if hours is None else [hours])


def test_evidence_that_names_its_restriction_is_of_it_and_needs_no_time() -> None:
    named = {"restriction_id": "R1", "begin": "", "end": "", "cause_kind": ""}
    result = linked(cut(), **named)
    assert list(result["evidence_id"]) == ["O1"]
    assert result["hours"].isna().all()
    assert (
        build_scope(cut().add("evidence", **named).typed(), AS_OF)
        .restrictions["measured_hours"]
        .isna()
        .all()
    )


@pytest.mark.chain
def test_measured_hours_are_those_of_the_outages_and_confirm_the_restriction() -> None:
    made = drawn().add("evidence", **NO_SHARE)
    later = {"begin": "2025-08-17T01:00Z", "end": "2025-08-17T04:00Z"}
    made.add("evidence", evidence_id="O2", **later, **NO_SHARE)
    results = made.results()
    result = row(results["restrictions"], restriction_id="R1")
    assert (result["hours_basis"], result["evidence_count"]) == ("measured", 2)
    assert result["q50_in_force_hours"] == pytest.approx(6.0)
    assert result["q05_in_force_hours"] < 5 < 7 < result["q95_in_force_hours"]
    assert result["seen_by_names"] == DEFAULTS["sources"]["publisher"]
    days = results["person_days"].set_index(["restriction_id", "period"]).loc[("R1", "all")]
    assert days["q50_person_hours"] == pytest.approx(2 * days["q50_person_days"], rel=0.1)
    assert days["printed_min_person_hours"] == pytest.approx(2 * days["printed_min_person_days"])
    assert days["printed_max_person_hours"] == pytest.approx(24 * days["printed_max_person_days"])
    roles = results["lineage"].set_index("input_id")["role"]
    assert list(roles[["O1", "O2"]]) == ["evidence", "evidence"]


def test_a_national_order_without_hours_has_those_that_others_were_measured_to_last() -> None:
    made = cut().add("evidence", **NO_SHARE)
    made.restrict("R2", "*", **{**CUT, "area_ids": "XB"})
    made.restrict("R3", "*", **{**CUT, "area_ids": "XC", "cause": "damage"})
    about = build_scope(made.typed(), AS_OF).by_id
    assert about.loc[["R1", "R2", "R3"], "hours_basis"].tolist() == ["measured", "network_cut", ""]
    assert np.exp(about.loc["R2", "hours_log_mean"]) == pytest.approx(1.0)
    assert np.isnan(about.loc["R3", "hours_log_mean"])


@pytest.mark.chain
def test_a_share_lost_multiplies_the_people_and_leaves_the_bounds_open() -> None:
    whole = drawn().exposed()
    part = drawn().add("evidence", cause_kind="unknown", restriction_id="R1").exposed()
    assert part["q50_persons"] == pytest.approx(0.4 * whole["q50_persons"], rel=0.05)
    assert part["q05_persons"] > 0.29 * whole["q05_persons"]
    assert (part["printed_min_persons"], part["printed_max_persons"]) == (
        0,
        whole["printed_max_persons"],
    )


def test_a_share_lost_multiplies_person_days() -> None:
    lost = {"cause_kind": "unknown", "restriction_id": "R1"}
    whole, part = (
        row(made.results()["person_days"], restriction_id="R1", period="all")
        for made in (drawn(), drawn().add("evidence", **lost))
    )
    assert part["days"] == whole["days"]
    assert part["q50_person_days"] == pytest.approx(0.4 * whole["q50_person_days"], rel=0.05)


def test_a_share_lost_in_a_region_is_of_the_people_there() -> None:
    rows = [("O1", "XA-01", "0.2", "0.4"), ("O2", "XA-01", "0.3", "0.5"), ("O3", "XA", "0.9", "1")]
    lost_shares = events.find_lost_shares(
        pd.DataFrame(
            [
                ("R1", name, area, "country" if area == "XA" else "region", 1.0, float(a), float(b))
                for name, area, a, b in rows
            ],
            columns=events.LINKED,
        )
    )
    assert lost_shares.to_numpy().tolist() == [["R1", "", 0.9, 1.0], ["R1", "XA-01", 0.2, 0.5]]
