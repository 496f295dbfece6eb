"""Rules over results: each is seen to pass, and to fail on results that were tampered with."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from audience_impact import pipeline
from audience_impact.bounds import CONTRADICTION
from audience_impact.outputs.person_days import make_person_days
from audience_impact.outputs.restrictions import make_impact_by_platform
from audience_impact.outputs.review import rules as review
from audience_impact.outputs.review.rules import ReviewInput
from audience_impact.periods import parse_periods
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import Simulation
from audience_impact.vocabulary import RuleStage, Staleness
from flows.pipeline import quality
from flows.pipeline.quality import collect_rules
from tests.engine import by_area, calibrated, impact_of, prepared
from tests.support import AS_OF, world


@pytest.fixture(scope="module")
def sound() -> ReviewInput:
    """Two acts, the second of more services than the first, and one of a single figure."""
    made = calibrated(world()).estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.estimate("E3", platform_id="gamma", value="300000")
    made.estimate("D1", audience_metric="avg_daily_reach", value="200000")
    made.restrict("R1", "alpha", "beta").restrict("R2", "alpha", "beta", "gamma")
    stages, _ = prepared(made.restrict("R3", "alpha"))
    sampler = Sampler(0, 300)
    impact = impact_of(stages, Simulation(stages.simulation, sampler).draw_metrics())
    simulation, tables = stages.simulation, made.typed()
    result = {
        "impact": impact,
        "impact_by_platform": make_impact_by_platform(
            stages.scope, simulation, tables["platforms"]
        ),
        "impact_by_area": by_area(simulation, sampler, tables["areas"]),
        "person_days": make_person_days(Simulation(simulation, sampler), AS_OF),
    }
    return pipeline.collect_review_input(stages, result)


def exposed(impact: pd.DataFrame, act: str) -> pd.Series:
    return (impact["restriction_id"] == act) & (impact["impact_metric"] == "people_exposed")


def changed(made: ReviewInput, act: str, column: str, value: object) -> ReviewInput:
    impact = made.impact
    marked = impact[column].mask(exposed(impact, act), value)
    return replace(made, impact=impact.assign(**{column: marked}))


def without_width(made: ReviewInput, act: str, persons: float = 500e3) -> ReviewInput:
    for name in ("q05_persons", "q50_persons", "q95_persons"):
        made = changed(made, act, name, persons)
    return made


def days_without_width(made: ReviewInput) -> ReviewInput:
    days = made.person_days
    own = (days["restriction_id"] == "R1") & (days["period"] == "all")
    same = {
        name: days[name].mask(own, days["printed_min_person_days"])
        for name in ("q05_person_days", "q50_person_days", "q95_person_days")
    }
    return replace(made, person_days=days.assign(**same))


def chosen(made: ReviewInput, change: Callable[[pd.DataFrame], pd.DataFrame]) -> ReviewInput:
    return replace(made, chosen=change(made.chosen))


def twice(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows, rows[rows["restriction_id"] == "R1"].head(1)], ignore_index=True)


def other_tier(rows: pd.DataFrame) -> pd.DataFrame:
    again = twice(rows)
    again.loc[again.index[-1], ["measurement_series_id", "metric_priority"]] = ["other-panel", 4]
    return again


def late(rows: pd.DataFrame) -> pd.DataFrame:
    first = rows["restriction_id"] == "R1"
    return rows.assign(period_end=rows["period_end"].mask(first, pd.Timestamp("2025-08-01")))


def late_day(made: ReviewInput) -> ReviewInput:
    days = made.daily.assign(late_days=made.daily["late_days"].astype("int64") + 93)
    return replace(made, daily=days)


def act(made: ReviewInput, **cells: object) -> ReviewInput:
    """The restriction R1 with other cells."""
    own = made.restrictions["restriction_id"] == "R1"
    changes = {name: made.restrictions[name].mask(own, cell) for name, cell in cells.items()}
    return replace(made, restrictions=made.restrictions.assign(**changes))


def doubted(column: str) -> Callable[[ReviewInput], ReviewInput]:
    """Something speaks against the figures of R1."""

    def change(made: ReviewInput) -> ReviewInput:
        own = made.doubts["restriction_id"] == "R1"
        return replace(made, doubts=made.doubts.assign(**{column: made.doubts[column] | own}))

    return change


def based(column: str, value: object) -> Callable[[ReviewInput], ReviewInput]:
    """The audiences of R1 with another cell."""

    def change(made: ReviewInput) -> ReviewInput:
        own = made.audiences["restriction_id"] == "R1"
        cells = made.audiences[column].astype("object").mask(own, value)
        return replace(made, audiences=made.audiences.assign(**{column: cells}))

    return change


R1 = ["R1/people_exposed"]
BOTH = ["R1/people_exposed", "R1/people_feature_exposed"]
"""The rows of R1 that are called A."""


def set_to(act: str, column: str, value: object) -> Callable[[ReviewInput], ReviewInput]:
    return lambda made: changed(made, act, column, value)


def region(made: ReviewInput) -> ReviewInput:
    """A restriction of a region that has more people than its country."""
    moved_away = changed(made, "R1", "area_id", "XA-1")
    beyond = 2 * made.impact["population_persons"].max()
    return changed(moved_away, "R1", "printed_max_persons", beyond)


def crowded(made: ReviewInput) -> ReviewInput:
    """R1 is of places with fewer people than it touches."""
    return changed(made, "R1", "population_persons", 1e5)


def area(
    place: str, period: str, column: str, value: float
) -> Callable[[ReviewInput], ReviewInput]:
    def tamper(made: ReviewInput) -> ReviewInput:
        by = made.by_area
        at = (by["area_id"] == place) & (by["period"] == period)
        return replace(made, by_area=by.assign(**{column: by[column].mask(at, value)}))

    return tamper


# The rule, what breaks it, and the rows it names.
BREACHES: list[tuple[str, Callable[[ReviewInput], ReviewInput], list[str]]] = [
    ("estimate_out_of_order", set_to("R1", "q50_persons", 9e6), R1),
    ("estimate_out_of_order", set_to("R1", "q05_persons", 9e5), R1),
    ("estimate_out_of_order", set_to("R1", "printed_max_persons", 4e5), R1),
    ("interval_without_width", lambda made: without_width(made, "R1"), R1),
    ("interval_without_width", lambda made: without_width(made, "R1", 0.0), R1),
    ("interval_without_width", days_without_width, ["R1/XA/all"]),
    ("interval_outside_bounds", set_to("R1", "reason_rule_ids", "outside_bounds"), R1),
    ("answer_without_width", set_to("R1", "reason_rule_ids", "old;no_width"), R1),
    ("estimate_out_of_order", set_to("R1", "min_persons", 9e7), R1),
    ("estimate_out_of_order", set_to("R1", "max_persons", 1e3), R1),
    ("union_falls", set_to("R1", "q50_persons", 699e3), ["R1 > R2"]),
    ("region_above_country", region, R1),
    ("part_above_place", crowded, R1),
    ("part_above_place", set_to("R1", "max_persons", 1e12), R1),
    ("lineage_pooled_twice", lambda made: chosen(made, twice), ["R1"]),
    ("metrics_mixed", lambda made: chosen(made, other_tier), ["R1"]),
    ("figure_after_start", lambda made: chosen(made, late), ["R1"]),
    ("figure_after_start", late_day, ["R1", "R2", "R3"]),
    ("union_below_part", set_to("R1", "printed_min_persons", 4e5), R1),
    ("union_below_part", area("001", "2025", "q50_persons", 4e5), ["001/2025"]),
    ("union_below_part", area("XA", "2025-08", "printed_min_persons", 6.5e5),
     ["001/2025-08", "XA/2025"]),
    ("area_below_restriction", area("XA", "2025-09", "q50_persons", 5.05e5),
     ["XA/2025-09 < R1", "XA/2025-09 < R2"]),
    ("area_below_restriction", area("XA", "2025-09", "min_persons", 4e5),
     ["XA/2025-09 < R1", "XA/2025-09 < R2", "XA/2025-09 < R3"]),
    ("area_above_base", area("XA", "2025-09", "printed_max_persons", 7.1e5), ["XA/2025-09"]),
    ("area_above_base", area("XA", "2025-09", "max_persons", 9e5), ["XA/2025-09"]),
    ("normal_without_grounds", lambda made: act(made, claim_status="reported"), BOTH),
    ("normal_without_grounds", lambda made: act(made, evidence_state="insufficient"), BOTH),
    ("normal_without_grounds", lambda made: act(made, evidence_state="ok"), BOTH),
    ("normal_without_grounds", lambda made: act(made, is_reaching_everyone=False), BOTH),
    ("normal_without_grounds", set_to("R1", "staleness", Staleness.AGEING.value), R1),
    ("normal_without_grounds", set_to("R1", "q05_persons", 699e3), R1),
    ("normal_without_grounds", set_to("R1", "q95_persons", np.nan), R1),
    ("normal_without_grounds", lambda made: chosen(made, late), BOTH),
    ("normal_without_grounds", doubted("is_under_block"), BOTH),
    ("normal_without_grounds", doubted("is_under_restriction"), BOTH),
    ("normal_without_grounds", doubted("is_after_first_step"), BOTH),
    ("normal_without_grounds", based("is_own_base", False), BOTH),
    ("normal_without_grounds", based("base_status", "E"), BOTH),
    ("normal_without_grounds", based("is_from_share", True), BOTH),
    ("normal_without_grounds", based("measurement_series_count", 2.0), BOTH),
    ("figure_expired", set_to("R1", "staleness", Staleness.EXPIRED.value), ["R1"]),
]  # fmt: skip


def test_sound_results_break_no_error(sound: ReviewInput) -> None:
    broken = review.find_broken_rules(sound)
    assert list(broken) == list(review.RESULTS.runs)
    assert not {rule: keys for rule, keys in broken.items() if keys}
    assert quality.list_faults(broken) == []


@pytest.mark.parametrize(("rule", "tamper", "keys"), BREACHES)
def test_a_breach_is_seen(
    rule: str, tamper: Callable[[ReviewInput], ReviewInput], keys: list[str], sound: ReviewInput
) -> None:
    assert review.find_broken_rules(tamper(sound))[rule] == keys


def test_each_rule_is_seen_failing() -> None:
    assert {rule for rule, _, _ in BREACHES} == set(review.RESULTS.runs)


def test_a_person_more_or_less_and_what_is_unknown_break_nothing(sound: ReviewInput) -> None:
    impact = sound.impact
    middle = float(impact.loc[exposed(impact, "R1"), "q50_persons"].iloc[0])
    for column, value in (("q95_persons", middle - 0.5), ("printed_max_persons", np.nan)):
        assert (
            review.find_broken_rules(changed(sound, "R1", column, value))["estimate_out_of_order"]
            == []
        )


def test_a_little_less_is_no_fall(sound: ReviewInput) -> None:
    impact = sound.impact
    wider = float(impact.loc[exposed(impact, "R2"), "q50_persons"].iloc[0])
    slack = review.GROWTH_SHARE * 700e3
    for more, keys in ((slack - 1, []), (slack + 1, ["R1 > R2"])):
        broken_rules = review.find_broken_rules(changed(sound, "R1", "q50_persons", wider + more))
        assert broken_rules["union_falls"] == keys


@pytest.mark.parametrize(("column", "value"), [("base_persons", 1.0), ("area_id", "XB")])
def test_other_bases_and_countries_are_not_compared(
    column: str, value: object, sound: ReviewInput
) -> None:
    made = changed(changed(sound, "R1", "q50_persons", 699e3), "R2", column, value)
    assert review.find_broken_rules(made)["union_falls"] == []


@pytest.mark.parametrize(
    ("period", "upper", "is_told"),
    [
        ("2019-01", 9e6, False),  # the first day is a year after the end of 2017
        ("2019", 13.6e6, True),
        ("2021", 9e6, True),
        ("2021", 5e6, False),
        ("2013-12", 9e6, False),  # of the first days of that year no base speaks
    ],
)
def test_a_base_speaks_of_days_a_year_away(
    period: str, upper: float, is_told: bool, sound: ReviewInput
) -> None:
    limits = parse_periods(pd.Series(["2015", "2017", "2020"]))
    bases = pd.DataFrame({"persons": [4e6, 9e6, 5e6], "high_persons": np.nan, "obs_status": "E"})
    bases = bases.assign(area_id="XA", population_base="internet_all")
    bases = bases.assign(period_start=limits["start"], period_end=limits["end"])
    of = {
        "area_id": ["XA"],
        "period": [period],
        "base": ["internet_all"],
        "printed_max_persons": [upper],
    }
    by_area = pd.DataFrame(of).assign(q95_persons=upper, max_persons=upper, base_persons=1e7)
    made = replace(sound, by_area=by_area, bases=bases)
    result = review.RESULTS.runs["area_above_base"](made)
    assert result == ([f"XA/{period}"] if is_told else [])


@pytest.mark.chain
@pytest.mark.parametrize("cells", [{"severity": "none"}, {"end_status": "withdrawn"}])
def test_more_platforms_that_were_never_restricted_are_no_fall(cells: dict[str, str]) -> None:
    made = calibrated(world()).estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.restrict("R1", "alpha").restrict("R2", "alpha", "beta", **cells)
    stages, _ = prepared(made)
    results = dict(pipeline.Outputs(stages, pipeline.Settings(draws=200)))
    impact = results["impact"]
    assert impact.loc[exposed(impact, "R2"), "q50_persons"].tolist() == [0.0]
    broken = review.find_broken_rules(pipeline.collect_review_input(stages, results))
    assert broken["union_falls"] == []


# ---- What a run tells of it ----


def test_a_fault_names_rule_meaning_and_rows() -> None:
    broken = {"metrics_mixed": [f"R{n}" for n in range(9)], "interval_outside_bounds": ["R1"]}
    (line,) = quality.list_faults(broken)
    assert line == (
        "impact: metrics_mixed: figures of different kinds are pooled: R0, R1, R2, R3, R4"
    )


def test_every_rule_is_in_the_table_of_rules() -> None:
    result = {rule.id: rule.tables for rule in collect_rules() if rule.stage is RuleStage.RESULTS}
    assert result == dict.fromkeys(review.RESULTS.runs, ("impact",)) | {
        CONTRADICTION: ("overlaps",),
        "interval_without_width": ("impact", "person_days"),
        "union_below_part": ("impact", "countries_by_year"),
        "interval_outside_bounds": ("impact", "countries_by_year", "person_days"),
        "answer_without_width": ("impact", "countries_by_year", "person_days"),
        "area_below_restriction": ("countries_by_year",),
        "area_above_base": ("countries_by_year",),
    }


def test_the_figures_behind_answers_without_width_are_named_with_their_lines() -> None:
    used = [("R1", "E1", 7), ("R2", "E1", 7), ("R2", "E2", 8), ("R3", "E2", 8), ("R3", "E3", 9)]
    lineage = pd.DataFrame(used, columns=["restriction_id", "input_id", "row_line"]).assign(
        input_table="estimates", row_layer=1, row_file="estimates.csv"
    )
    broken = ["R1/people_exposed", "R2/people_exposed", "R2/XA/2025"]
    assert quality.list_figures_without_width(broken, lineage) == [
        "estimates.csv:7:value: answer_without_width: E1 leaves 2 restrictions without an "
        "interval; compare it with its page"
    ]
    every = quality.list_figures_without_width(["R2/people_exposed"], lineage)
    assert [line.split(": ")[2].split()[0] for line in every] == ["E1", "E2"]


def test_details_are_read_line_by_line() -> None:
    frame = pd.DataFrame({"details": ["one\ntwo", None, "", "three"]})
    assert quality.list_details(frame) == ["one", "two", "three"]
