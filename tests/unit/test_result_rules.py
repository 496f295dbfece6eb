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
from audience_impact.outputs import reasons
from audience_impact.outputs import rules as review
from audience_impact.outputs.rules import Reviewed
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import simulate
from audience_impact.vocabulary import FindingSeverity
from flows.pipeline import quality
from flows.publishing import versions as publish
from tests.engine import calibrated, impact_of, prepared
from tests.support import world


@pytest.fixture(scope="module")
def sound() -> Reviewed:
    """Two acts, the second of more services than the first, and one of a single figure."""
    made = calibrated(world()).estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.estimate("E3", platform_id="gamma", value="300000")
    made.estimate("D1", audience_metric="avg_daily_reach", value="200000")
    made.restrict("R1", "alpha", "beta").restrict("R2", "alpha", "beta", "gamma")
    stages, _ = prepared(made.restrict("R3", "alpha"))
    impact = impact_of(stages, simulate(stages.simulation, Sampler(0, 300)))
    return Reviewed(impact, stages.inputs.chosen, stages.inputs.daily)


def exposed(impact: pd.DataFrame, act: str) -> pd.Series:
    return (impact["restriction_id"] == act) & (impact["impact_metric"] == "people_exposed")


def changed(made: Reviewed, act: str, column: str, value: object) -> Reviewed:
    impact = made.impact
    marked = impact[column].mask(exposed(impact, act), value)
    return replace(made, impact=impact.assign(**{column: marked}))


def moved(made: Reviewed, act: str, reason: str) -> Reviewed:
    return changed(changed(made, act, "clamped_draws_share", 0.2), act, "reason", reason)


def chosen(made: Reviewed, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Reviewed:
    return replace(made, chosen=change(made.chosen))


def twice(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows, rows[rows["restriction_id"] == "R1"].head(1)], ignore_index=True)


def other_tier(rows: pd.DataFrame) -> pd.DataFrame:
    again = twice(rows)
    again.loc[again.index[-1], ["lineage_id", "metric_priority"]] = ["other-panel", 4]
    return again


def late(rows: pd.DataFrame) -> pd.DataFrame:
    first = rows["restriction_id"] == "R1"
    return rows.assign(period_end=rows["period_end"].mask(first, pd.Timestamp("2025-08-01")))


def late_day(made: Reviewed) -> Reviewed:
    days = made.daily.assign(late_days=made.daily["late_days"].astype("int64") + 93)
    return replace(made, daily=days)


R1 = ["R1/people_exposed"]


def set_to(act: str, column: str, value: object) -> Callable[[Reviewed], Reviewed]:
    return lambda made: changed(made, act, column, value)


def region(made: Reviewed) -> Reviewed:
    """A restriction of a region that has more people than its country."""
    moved_away = changed(made, "R1", "area_id", "XA-1")
    beyond = 2 * made.impact["population_persons"].max()
    return changed(moved_away, "R1", "upper_persons", beyond)


# The rule, what breaks it, and the rows it names.
BREACHES: list[tuple[str, Callable[[Reviewed], Reviewed], list[str]]] = [
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


def test_sound_results_break_no_error(sound: Reviewed) -> None:
    broken = review.broken(sound)
    assert list(broken) == [rule.rule for rule in review.REVIEWS]
    # The one figure of R3 drifts and is held at what it says: its bounds meet, nothing is drawn.
    assert not any(broken.values())
    assert quality.faults(broken) == []


@pytest.mark.parametrize(("rule", "tamper", "keys"), BREACHES)
def test_a_breach_is_seen(
    rule: str, tamper: Callable[[Reviewed], Reviewed], keys: list[str], sound: Reviewed
) -> None:
    assert review.broken(tamper(sound))[rule] == keys


def test_each_rule_is_seen_failing() -> None:
    assert {rule for rule, _, _ in BREACHES} == {rule.rule for rule in review.REVIEWS}


@pytest.mark.parametrize("word", [reasons.TRUNCATED, f"old; {reasons.TRUNCATED}"])
def test_an_estimate_whose_reason_says_it_was_cut_is_flagged(word: str, sound: Reviewed) -> None:
    assert review.broken(moved(sound, "R1", word))["clamped_unflagged"] == []


def test_a_person_more_or_less_and_what_is_unknown_break_nothing(sound: Reviewed) -> None:
    impact = sound.impact
    upper = float(impact.loc[exposed(impact, "R1"), "upper_persons"].iloc[0])
    assert (
        review.broken(changed(sound, "R1", "q95_persons", upper + 0.5))["estimate_outside_bounds"]
        == []
    )
    assert (
        review.broken(changed(sound, "R1", "upper_persons", np.nan))["estimate_outside_bounds"]
        == []
    )


def test_a_little_less_is_no_fall(sound: Reviewed) -> None:
    impact = sound.impact
    wider = float(impact.loc[exposed(impact, "R2"), "q50_persons"].iloc[0])
    slack = review.GROWTH_SHARE * 700e3
    for more, keys in ((slack - 1, []), (slack + 1, ["R1 > R2"])):
        found = review.broken(changed(sound, "R1", "q50_persons", wider + more))
        assert found["union_falls"] == keys


@pytest.mark.parametrize(("column", "value"), [("base_persons", 1.0), ("area_id", "XB")])
def test_other_bases_and_countries_are_not_compared(
    column: str, value: object, sound: Reviewed
) -> None:
    made = changed(changed(sound, "R1", "q50_persons", 699e3), "R2", column, value)
    assert review.broken(made)["union_falls"] == []


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


def test_the_upper_bound_on_the_people_exposed_is_compared(sound: Reviewed) -> None:
    found = quality.upper(sound.impact)
    assert found.to_dict() == {"R1": 700e3, "R2": 700e3, "R3": 500e3}


@pytest.fixture
def last(tmp_path: Path, sound: Reviewed, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A last version in which R3 had a quarter of its people and the tables had more rows."""
    impact = changed(sound, "R3", "upper_persons", 125e3).impact
    gone = impact.assign(restriction_id="gone-" + impact["restriction_id"])
    pd.concat([impact, gone]).to_parquet(tmp_path / "impact.parquet")
    monkeypatch.setattr(publish, "latest", lambda root: root)
    return tmp_path


def test_what_changed_against_the_last_version(last: Path, sound: Reviewed) -> None:
    tables = dict.fromkeys(quality.SHRUNK.tables, pa.Table.from_pandas(sound.impact))
    now = SimpleNamespace(tables=tables, frames={"impact": sound.impact})
    lines = quality.against_last(last, now)  # type: ignore[arg-type]
    assert [line.split(": ")[1] for line in lines] == ["row_count_fell", "magnitude_moved"]
    assert "R3 had at most 125,000 people in the last version, 500,000 now" in lines[1]


def test_details_of_a_version_are_read_line_by_line(tmp_path: Path) -> None:
    frame = pd.DataFrame({"details": ["one\ntwo", None, "", "three"]})
    frame.to_parquet(tmp_path / "quality.parquet")
    assert quality.details(tmp_path) == ["one", "two", "three"]
