"""Rules over results: each is seen to pass, and to fail on results that were tampered with."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from audience_impact.bounds import measured
from audience_impact.outputs import impact as results
from audience_impact.outputs import rules as review
from audience_impact.pipeline import Walk
from audience_impact.simulation import inputs as modelling
from audience_impact.simulation import simulate as outcomes
from audience_impact.simulation.distributions import Sampler
from audience_impact.vocabulary import FindingSeverity
from flows.pipeline import quality
from flows.publishing import versions as publish
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
]


def test_sound_results_break_no_error(sound: Made) -> None:
    broken = review.broken(*sound)
    assert list(broken) == [rule.rule for rule in review.REVIEWS]
    # The one figure of R3 drifts and is held at what it says: its bounds meet, nothing is drawn.
    assert not any(broken.values())
    assert quality.faults(broken) == []


@pytest.mark.parametrize(("rule", "tamper", "keys"), BREACHES)
def test_a_breach_is_seen(
    rule: str, tamper: Callable[[Made], Made], keys: list[str], sound: Made
) -> None:
    assert review.broken(*tamper(sound))[rule] == keys


def test_each_rule_is_seen_failing() -> None:
    assert {rule for rule, _, _ in BREACHES} == {rule.rule for rule in review.REVIEWS}


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
    told = {rule.rule: rule for rule in quality.rules()}
    for rule in review.REVIEWS:
        assert told[rule.rule].severity is rule.severity
        assert told[rule.rule].tables == ("impact",)
    assert told[measured.RULE].severity is FindingSeverity.WARNING
    assert told[measured.RULE].tables == ("overlaps",)


BEFORE = pd.Series({"same": 100.0, "twice": 100.0, "more": 100.0, "half": 100.0, "less": 100.0,
                    "gone": 100.0, "unknown": np.nan, "nobody": 0.0, "some": 0.0})  # fmt: skip
NOW = pd.Series({"same": 100.0, "twice": 200.0, "more": 201.0, "half": 50.0, "less": 49.0,
                 "new": 1.0, "unknown": 1.0, "nobody": 0.0, "some": 1.0})  # fmt: skip


def test_people_more_than_doubled_or_halved_are_told() -> None:
    lines = quality.moved(BEFORE, NOW)
    assert [line.split(": ")[2].split(" ")[0] for line in lines] == ["less", "more", "some"]
    assert lines[1] == (
        "impact.parquet: magnitude_moved: more had at most 100 people in the last version, "
        "201 now; see which fact changed"
    )


def test_nothing_is_told_without_a_last_version(tmp_path: Path) -> None:
    assert quality.last_upper(tmp_path).empty
    assert quality.moved(quality.last_upper(tmp_path), NOW) == []


def test_the_upper_bound_on_the_people_exposed_is_compared(sound: Made) -> None:
    found = quality.upper(sound[1])
    assert found.to_dict() == {"R1": 700e3, "R2": 700e3, "R3": 500e3}


@pytest.fixture
def last(tmp_path: Path, sound: Made, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A last version in which R3 had a quarter of its people and the tables had more rows."""
    _, impact = changed(sound, "R3", "upper_persons", 125e3)
    gone = impact.assign(restriction_id="gone-" + impact["restriction_id"])
    pd.concat([impact, gone]).to_parquet(tmp_path / "impact.parquet")
    monkeypatch.setattr(publish, "latest", lambda root: root)
    return tmp_path


def test_what_changed_against_the_last_version(last: Path, sound: Made) -> None:
    tables = dict.fromkeys(quality.SHRUNK.tables, pa.Table.from_pandas(sound[1]))
    now = SimpleNamespace(tables=tables, frames={"impact": sound[1]})
    lines = quality.against_last(last, now)  # type: ignore[arg-type]
    assert [line.split(": ")[1] for line in lines] == ["row_count_fell", "magnitude_moved"]
    assert "R3 had at most 125,000 people in the last version, 500,000 now" in lines[1]


def test_details_of_a_version_are_read_line_by_line(tmp_path: Path) -> None:
    frame = pd.DataFrame({"details": ["one\ntwo", None, "", "three"]})
    frame.to_parquet(tmp_path / "quality.parquet")
    assert quality.details(tmp_path) == ["one", "two", "three"]
