"""Rules over results: each is seen to pass, and to fail on results that were tampered with."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from audience_impact.bounds import measured
from audience_impact.outputs import impact as results
from audience_impact.outputs import rules as review
from audience_impact.pipeline import Walk
from audience_impact.simulation import inputs as modelling
from audience_impact.simulation import simulate as outcomes
from audience_impact.simulation.distributions import Sampler
from audience_impact.vocabulary import RuleStage, Staleness
from flows.pipeline import quality
from flows.pipeline.rules import rules
from tests.engine import calibrated, walked
from tests.support import AS_OF, world

Made = tuple[Walk, pd.DataFrame]


@pytest.fixture(scope="module")
def sound() -> Made:
    """Two acts, the second of more services than the first, and one of a single figure."""
    made = calibrated(world()).estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.estimate("E3", platform_id="gamma", value="300000")
    made.estimate("D1", audience_metric="avg_daily_reach", value="200000")
    made.restrict("R1", "alpha", "beta").restrict("R2", "alpha", "beta", "gamma")
    walk, tables = walked(made.restrict("R3", "alpha"))
    model = modelling.modelled(walk, tables, AS_OF)
    drawn = outcomes.draw(model, Sampler(0, 300))
    return walk, results.impact(walk, model, drawn, AS_OF)


def exposed(impact: pd.DataFrame, act: str) -> pd.Series:
    return (impact["restriction_id"] == act) & (impact["impact_metric"] == "people_exposed")


def changed(made: Made, act: str, column: str, value: object) -> Made:
    walk, impact = made
    return walk, impact.assign(**{column: impact[column].mask(exposed(impact, act), value)})


def moved(made: Made, act: str, reason: str) -> Made:
    return changed(changed(made, act, "clamped_draws_share", 0.2), act, "reason", reason)


def chosen(made: Made, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Made:
    walk, impact = made
    return replace(walk, chosen=change(walk.chosen)), impact


def twice(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows, rows[rows["restriction_id"] == "R1"].head(1)], ignore_index=True)


def other_tier(rows: pd.DataFrame) -> pd.DataFrame:
    again = twice(rows)
    again.loc[again.index[-1], ["lineage_id", "tier"]] = ["other-panel", 4]
    return again


def late(rows: pd.DataFrame) -> pd.DataFrame:
    first = rows["restriction_id"] == "R1"
    return rows.assign(period_end=rows["period_end"].mask(first, pd.Timestamp("2025-08-01")))


def late_day(made: Made) -> Made:
    walk, impact = made
    days = walk.daily.assign(late_days=walk.daily["late_days"].astype("int64") + 93)
    return replace(walk, daily=days), impact


R1 = ["R1/people_exposed"]


def set_to(act: str, column: str, value: object) -> Callable[[Made], Made]:
    return lambda made: changed(made, act, column, value)


def region(made: Made) -> Made:
    """A restriction of a region that has more people than its country."""
    walk, impact = changed(made, "R1", "area_id", "XA-1")
    beyond = 2 * impact["population_persons"].max()
    return changed((walk, impact), "R1", "upper_persons", beyond)


# The rule, what breaks it, and the rows it names.
BREACHES: list[tuple[str, Callable[[Made], Made], list[str]]] = [
    ("estimate_outside_bounds", set_to("R1", "q50_persons", 9e6), R1),
    ("estimate_outside_bounds", set_to("R1", "q05_persons", 4e5), R1),
    ("estimate_outside_bounds", set_to("R1", "upper_persons", 4e5), R1),
    ("estimate_outside_bounds", set_to("R2", "q95_persons", 8e5), ["R2/people_exposed"]),
    ("estimate_clamped", lambda made: moved(made, "R1", ""), R1),
    ("clamped_unflagged", lambda made: moved(made, "R1", ""), R1),
    ("union_falls", set_to("R1", "q50_persons", 699e3), ["R1 > R2"]),
    ("region_above_country", region, R1),
    ("lineage_pooled_twice", lambda made: chosen(made, twice), ["R1"]),
    ("metrics_mixed", lambda made: chosen(made, other_tier), ["R1"]),
    ("figure_after_start", lambda made: chosen(made, late), ["R1"]),
    ("figure_after_start", late_day, ["R1", "R2", "R3"]),
    ("figure_expired", set_to("R1", "staleness", Staleness.EXPIRED.value), ["R1"]),
]


def test_sound_results_break_no_error(sound: Made) -> None:
    broken = review.broken(*sound)
    assert list(broken) == list(review.RESULTS.runs)
    # The one figure of R3 drifts and is held at what it says: its bounds meet, nothing is drawn.
    assert not any(broken.values())
    assert quality.faults(broken) == []


@pytest.mark.parametrize(("rule", "tamper", "keys"), BREACHES)
def test_a_breach_is_seen(
    rule: str, tamper: Callable[[Made], Made], keys: list[str], sound: Made
) -> None:
    assert review.broken(*tamper(sound))[rule] == keys


def test_each_rule_is_seen_failing() -> None:
    assert {rule for rule, _, _ in BREACHES} == set(review.RESULTS.runs)


@pytest.mark.parametrize("word", [results.CUT, f"old; {results.CUT}"])
def test_an_estimate_whose_reason_says_it_was_cut_is_flagged(word: str, sound: Made) -> None:
    assert review.broken(*moved(sound, "R1", word))["clamped_unflagged"] == []


def test_a_person_more_or_less_and_what_is_unknown_break_nothing(sound: Made) -> None:
    _, impact = sound
    upper = float(impact.loc[exposed(impact, "R1"), "upper_persons"].iloc[0])
    assert (
        review.broken(*changed(sound, "R1", "q95_persons", upper + 0.5))["estimate_outside_bounds"]
        == []
    )
    assert (
        review.broken(*changed(sound, "R1", "upper_persons", np.nan))["estimate_outside_bounds"]
        == []
    )


def test_a_little_less_is_no_fall(sound: Made) -> None:
    _, impact = sound
    wider = float(impact.loc[exposed(impact, "R2"), "q50_persons"].iloc[0])
    slack = review.GROWTH_SHARE * 700e3
    for more, keys in ((slack - 1, []), (slack + 1, ["R1 > R2"])):
        found = review.broken(*changed(sound, "R1", "q50_persons", wider + more))
        assert found["union_falls"] == keys


@pytest.mark.parametrize(("column", "value"), [("base_persons", 1.0), ("area_id", "XB")])
def test_other_bases_and_countries_are_not_compared(
    column: str, value: object, sound: Made
) -> None:
    made = changed(changed(sound, "R1", "q50_persons", 699e3), "R2", column, value)
    assert review.broken(*made)["union_falls"] == []


# ---- What a run tells of it ----


def test_a_fault_names_rule_meaning_and_rows() -> None:
    broken = {"metrics_mixed": [f"R{n}" for n in range(9)], "estimate_clamped": ["R1"]}
    (line,) = quality.faults(broken)
    assert line == (
        "impact: metrics_mixed: figures of different kinds are pooled: R0, R1, R2, R3, R4"
    )


def test_every_rule_is_in_the_table_of_rules() -> None:
    told = {rule.id: rule.tables for rule in rules() if rule.stage is RuleStage.RESULTS}
    assert told == dict.fromkeys(review.RESULTS.runs, ("impact",)) | {measured.RULE: ("overlaps",)}


def test_details_are_read_line_by_line() -> None:
    frame = pd.DataFrame({"details": ["one\ntwo", None, "", "three"]})
    assert quality.details(frame) == ["one", "two", "three"]
