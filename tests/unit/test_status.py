"""The table of status: how its rules add up, and that each is seen to speak."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact.outputs.review import reasons, status_rules
from audience_impact.outputs.review.status_rules import (
    MISSING,
    NORMAL,
    ORDER,
    RULES,
    SENTENCES,
    TABLE,
)
from audience_impact.vocabulary import HITS_EXISTING_USERS, Feature, PartGap, list_meanings
from tests.engine import calibrated
from tests.support import AGED, World, row, world

GAPS = list_meanings(PartGap)
PLAIN = [rule.id for rule in TABLE if "{" not in rule.sentence and rule.id != "never_enforced"]


def flags(names: set[str], never: bool = False) -> dict[str, pd.Series]:
    """Flags of one row."""
    return {rule.id: pd.Series([rule.id in names]) for rule in TABLE if rule.id in PLAIN} | {
        "never_enforced": pd.Series([never])
    }


def apply_rules(names: set[str], never: bool = False) -> tuple[str, list[str]]:
    """Status and sentences of a row to which these rules apply."""
    one = reasons.apply_status_rules(flags(names, never), pd.RangeIndex(1)).iloc[0]
    return one["obs_status"], [text for text in one["reason"].split("; ") if text]


@given(st.sets(st.sampled_from(PLAIN)))
def test_a_row_has_the_worst_status_that_a_rule_caps_it_at(names: set[str]) -> None:
    status, said = apply_rules(names)
    caps = [RULES[name].caps_at for name in names]
    assert status == max(caps, key=lambda cap: ORDER[cap], default=NORMAL)
    spoken = [
        rule.sentence
        for rule in TABLE
        if rule.id in names and (status != MISSING or ORDER[rule.caps_at] > 1)
    ]
    assert said == "; ".join(spoken).split("; ") if spoken else said == []


@given(st.sets(st.sampled_from(PLAIN)))
def test_what_was_never_carried_out_says_that_alone(names: set[str]) -> None:
    assert apply_rules(names, never=True) == ("E", ["never carried out"])


def test_every_feature_says_whether_it_meets_existing_users() -> None:
    assert set(HITS_EXISTING_USERS) == set(Feature)


def exposed(made: World, act: str = "R1") -> "pd.Series[float]":
    """The row of the people exposed."""
    table = made.results()["impact"]
    return row(table, restriction_id=act, impact_metric="people_exposed")


def small() -> World:
    """Two services with a range each, so that an error is known."""
    made = calibrated(world())
    for name, platform in (("E1", "alpha"), ("E2", "beta")):
        ends = {"value": "", "low": "400000", "high": "500000", "interval_kind": "min_max"}
        made.estimate(name, platform_id=platform, **ends)
    return made


@pytest.mark.chain
def test_official_measured_recent_and_with_an_error_is_normal() -> None:
    result = exposed(small().restrict("R1", "alpha", "beta"))
    assert (result["obs_status"], result["reason"]) == (NORMAL, AGED)


ACTS = [
    ({"claim_status": "reported"}, "E", "not_official"),
    ({"claim_status": "disputed"}, "U", "disputed"),
    ({"claim_status": "reported", "evidence_state": "insufficient"}, "U", "unconfirmed"),
    ({"claim_status": "disputed", "evidence_state": "insufficient"}, "U", "unconfirmed"),
    ({"evidence_state": "insufficient"}, "E", "not_measured"),
    ({"evidence_state": "ok"}, "U", "unseen"),
    ({"observed_from": "2025-11-10"}, "E", "ageing"),
    ({"observed_from": "2026-11-10"}, "U", "old"),
    ({"observed_from": "", "announced_on": "2025-07-15", "evidence_state": "ok"}, "U", "planned"),
]


@pytest.mark.chain
def test_a_doubt_of_the_act_or_its_day_caps_the_row() -> None:
    made = small()
    for number, (cells, _, _) in enumerate(ACTS):
        made.restrict(f"R{number}", "alpha", "beta", **cells)
    table = made.results()["impact"]
    for number, (cells, status, rule) in enumerate(ACTS):
        result = row(table, restriction_id=f"R{number}", impact_metric="people_exposed")
        assert result["obs_status"] == status, cells
        assert SENTENCES[rule] in result["reason"].split("; "), cells


@pytest.mark.chain
def test_low_reliability_never_stands_beside_high_confidence() -> None:
    made = small().restrict("R1", "alpha", "beta", claim_status="reported",
                            evidence_state="insufficient")  # fmt: skip
    before = exposed(made)
    assert (before["confidence"], before["obs_status"]) == ("medium", "U")
    made.add("chances", chance="happened", chance_group="one_report", share="0.95", weight="40")
    after = exposed(made)
    assert (after["confidence"], after["obs_status"]) == ("high", "E")
    assert SENTENCES["unconfirmed"] in after["reason"]


@pytest.mark.chain
def test_a_plan_that_measurements_show_was_carried_out() -> None:
    made = small().restrict("R1", "alpha", "beta", observed_from="", announced_on="2025-07-15")
    assert exposed(made)["obs_status"] == NORMAL


@pytest.mark.chain
def test_new_use_alone_has_no_audience() -> None:
    made = small()
    features = [feature for feature, hits in HITS_EXISTING_USERS.items() if not hits]
    for feature in features:
        made.add("restrictions", restriction_id=feature)
        for platform in ("alpha", "beta"):
            target = {"platform_id": platform, "feature": feature}
            made.add("restriction_targets", restriction_id=feature, **target)
    table = made.results()["impact"]
    for feature in features:
        result = row(table, restriction_id=feature, impact_metric="people_exposed")
        assert (result["printed_min_persons"], result["obs_status"]) == (0.0, MISSING)
        assert pd.isna(result["q50_persons"])
        assert result["reason"] == SENTENCES["new_use_only"]


@pytest.mark.chain
def test_new_use_of_one_service_beside_another_as_a_whole_leaves_the_other_counted() -> None:
    made = small().restrict("R1", "alpha")
    made.add("restriction_targets", restriction_id="R1", platform_id="beta", feature="registration")
    result = exposed(made)
    assert (result["printed_min_persons"], result["obs_status"]) == (400e3, "U")
    assert SENTENCES["some_unknown"] in result["reason"]


@pytest.mark.chain
def test_steps_say_what_they_continue() -> None:
    made = small().restrict("R1", "alpha", "beta", observed_from="2025-07-01")
    made.restrict("R2", "alpha", "beta", observed_from="2025-07-20", continues="R1")
    made.restrict("R3", "alpha", "beta", observed_from="2025-07-25", continues="R2")
    impact = made.results()["impact"]
    for act, before in (("R2", "R1"), ("R3", "R2")):
        result = row(impact, restriction_id=act, impact_metric="people_exposed")
        assert result["obs_status"] == NORMAL
        assert f"a step of {before}: the audience from before the first step" in result["reason"]


@pytest.mark.chain
def test_a_step_without_such_a_figure_from_before_the_first_is_estimated() -> None:
    made = small().restrict("R1", "alpha", "beta", observed_from="2025-06-10", geo_scope="unknown")
    made.restrict("R2", "alpha", "beta", observed_from="2025-07-20", continues="R1")
    result = exposed(made, "R2")
    assert result["obs_status"] == "E"
    assert "of which no such figure is from before the first step" in result["reason"]


def test_the_table_of_rules_is_sound() -> None:
    rules = [rule.id for rule in status_rules.TABLE]
    assert len(rules) == len(set(rules)) == len(status_rules.RULES)
    assert {rule.caps_at for rule in status_rules.TABLE} == set(status_rules.ORDER) - {""}
    assert all(rule.sentence and rule.condition for rule in status_rules.TABLE)
    assert status_rules.SENTENCES["rung_closed"] == GAPS[PartGap.RUNG_CLOSED]


UNKNOWN = (np.nan, np.nan, np.nan)


@pytest.mark.parametrize(
    ("least", "quantiles", "most", "bound", "rule"),
    [
        (0.0, (5.0, 5.0, 6.0), 9.0, 9.0, ""),
        (0.0, (5.0, 5.0, 5.0), 9.0, 9.0, "no_width"),
        (0.0, (0.0, 0.0, 0.0), 9.0, 0.0, ""),  # nobody is meant
        (0.0, (0.0, 0.0, 0.0), 9.0, 9.0, "no_width"),
        (0.0, UNKNOWN, 9.0, 9.0, ""),
        (5.0, (5.0, 7.0, 9.0), 9.0, 9.0, ""),
        (5.0, (3.0, 7.0, 9.0), 9.0, 9.0, "outside_bounds"),
        (5.0, (6.0, 7.0, 11.0), 9.0, 9.0, "outside_bounds"),
        (0.0, (1.0, 5.0, 19.0), 1e3, 1e3, ""),
        (0.0, (10.0, 90.0, 201.0), 1e3, 1e3, "too_wide"),
        (0.0, (0.0, 3.0, 21.0), 1e3, 1e3, "too_wide"),
        (0.0, (0.0, 100.0, 440.0), 1e3, 1e3, ""),
        (0.0, (0.0, 100.0, 450.0), 1e3, 1e3, "too_wide"),
    ],
)
def test_quantiles_that_cannot_be_used_are_withheld(
    least: float, quantiles: tuple[float, float, float], most: float, bound: float, rule: str
) -> None:
    numbers = dict(zip(("q05", "q50", "q95"), quantiles, strict=True))
    numbers |= {"min": least, "max": most, "printed_max": bound}
    frame = pd.DataFrame({f"f_{name}_person_days": [value] for name, value in numbers.items()})
    rows, withheld = reasons.withhold_quantiles(
        frame, "person_days", "f_", "f_printed_max_person_days"
    )
    assert [name for name, flags in withheld.items() if flags.all()] == ([rule] if rule else [])
    assert pd.isna(rows["f_q50_person_days"][0]) == (bool(rule) or np.isnan(quantiles[1]))


def test_a_part_of_a_country_has_no_wide_estimate() -> None:
    ids = pd.Series(["A", "B"])
    parts = pd.DataFrame({"restriction_id": ["B", "B"]})
    frame = pd.DataFrame(
        {"min_persons": 0, "q05_persons": 10, "q50_persons": 40, "q95_persons": 150}, ids.index
    ).assign(max_persons=200)
    widest = reasons.choose_widest(ids, parts)
    for q95, is_wide in ((150, [False, True]), (110, [False, False])):
        withheld = reasons.withhold_quantiles(frame.assign(q95_persons=q95), widest=widest)[1]
        assert withheld["too_wide"].tolist() == is_wide
