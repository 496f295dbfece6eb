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


Change = Callable[[ReviewInput], ReviewInput]


def put(table: str, where: dict[str, str], **cells: object) -> Change:
    """Other cells in the rows of a table that match."""

    def change(made: ReviewInput) -> ReviewInput:
        rows = getattr(made, table)
        at = (rows[list(where)] == pd.Series(where)).all(axis=1)
        tampered = {name: rows[name].mask(at, value) for name, value in cells.items()}
        return replace(made, **{table: rows.assign(**tampered)})

    return change


def of_r1(table: str, **cells: object) -> Change:
    """Other cells in the rows of R1."""
    return put(table, {"restriction_id": "R1"}, **cells)


def set_to(act: str, **cells: object) -> Change:
    """Other cells in the row of the people exposed to a restriction."""
    return put("impact", {"restriction_id": act, "impact_metric": "people_exposed"}, **cells)


def area(place: str, period: str, column: str, value: float) -> Change:
    return put("by_area", {"area_id": place, "period": period}, **{column: value})


def changed(made: ReviewInput, act: str, column: str, value: object) -> ReviewInput:
    return set_to(act, **{column: value})(made)


def twice(made: ReviewInput, **cells: object) -> ReviewInput:
    """A figure of R1 once more, with other cells."""
    again = made.chosen[made.chosen["restriction_id"] == "R1"].head(1).assign(**cells)
    return replace(made, chosen=pd.concat([made.chosen, again], ignore_index=True))


def other_tier(made: ReviewInput) -> ReviewInput:
    return twice(made, measurement_series_id="other-panel", metric_priority=4)


def late_day(made: ReviewInput) -> ReviewInput:
    days = made.daily.assign(late_days=made.daily["late_days"].astype("int64") + 93)
    return replace(made, daily=days)


LATE = of_r1("chosen", period_end=pd.Timestamp("2025-08-01"))
FLAT = ("q05", "q50", "q95")
R1 = ["R1/people_exposed"]
BOTH = ["R1/people_exposed", "R1/people_feature_exposed"]
"""The rows of R1 that are called A."""


def region(made: ReviewInput) -> ReviewInput:
    """A restriction of a region that has more people than its country."""
    moved_away = changed(made, "R1", "area_id", "XA-1")
    beyond = 2 * made.impact["population_persons"].max()
    return changed(moved_away, "R1", "printed_max_persons", beyond)


# The rule, what breaks it, and the rows it names.
BREACHES: list[tuple[str, Change, list[str]]] = [
    ("estimate_out_of_order", set_to("R1", q50_persons=9e6), R1),
    ("estimate_out_of_order", set_to("R1", q05_persons=9e5), R1),
    ("estimate_out_of_order", set_to("R1", printed_max_persons=4e5), R1),
    ("interval_without_width", set_to("R1", **{f"{name}_persons": 500e3 for name in FLAT}), R1),
    ("interval_without_width", set_to("R1", **{f"{name}_persons": 0.0 for name in FLAT}), R1),
    ("interval_without_width", put("person_days", {"restriction_id": "R1", "period": "all"},
     **{f"{name}_person_days": 1e6 for name in FLAT}), ["R1/XA/all"]),
    ("interval_outside_bounds", set_to("R1", reason_rule_ids="outside_bounds"), R1),
    ("answer_without_width", set_to("R1", reason_rule_ids="old;no_width"), R1),
    ("estimate_out_of_order", set_to("R1", min_persons=9e7), R1),
    ("estimate_out_of_order", set_to("R1", max_persons=1e3), R1),
    ("union_falls", set_to("R1", q50_persons=699e3), ["R1 > R2"]),
    ("region_above_country", region, R1),
    ("part_above_place", set_to("R1", population_persons=1e5), R1),
    ("part_above_place", set_to("R1", max_persons=1e12), R1),
    ("lineage_pooled_twice", twice, ["R1"]),
    ("metrics_mixed", other_tier, ["R1"]),
    ("figure_after_start", LATE, ["R1"]),
    ("figure_after_start", late_day, ["R1", "R2", "R3"]),
    ("union_below_part", set_to("R1", printed_min_persons=4e5), R1),
    ("union_below_part", area("001", "2025", "q50_persons", 4e5), ["001/2025"]),
    ("union_below_part", area("XA", "2025-08", "printed_min_persons", 6.5e5),
     ["001/2025-08", "XA/2025"]),
    ("area_below_restriction", area("XA", "2025-09", "q50_persons", 5.05e5),
     ["XA/2025-09 < R1", "XA/2025-09 < R2"]),
    ("area_below_restriction", area("XA", "2025-09", "min_persons", 4e5),
     ["XA/2025-09 < R1", "XA/2025-09 < R2", "XA/2025-09 < R3"]),
    ("area_above_base", area("XA", "2025-09", "printed_max_persons", 7.1e5), ["XA/2025-09"]),
    ("area_above_base", area("XA", "2025-09", "max_persons", 9e5), ["XA/2025-09"]),
    ("normal_without_grounds", of_r1("restrictions", claim_status="reported"), BOTH),
    ("normal_without_grounds", of_r1("restrictions", evidence_state="insufficient"), BOTH),
    ("normal_without_grounds", of_r1("restrictions", evidence_state="ok"), BOTH),
    ("normal_without_grounds", of_r1("restrictions", is_reaching_everyone=False), BOTH),
    ("normal_without_grounds", set_to("R1", staleness=Staleness.AGEING.value), R1),
    ("normal_without_grounds", set_to("R1", q05_persons=699e3), R1),
    ("normal_without_grounds", set_to("R1", q95_persons=np.nan), R1),
    ("normal_without_grounds", LATE, BOTH),
    ("normal_without_grounds", of_r1("doubts", is_under_block=True), BOTH),
    ("normal_without_grounds", of_r1("doubts", is_under_restriction=True), BOTH),
    ("normal_without_grounds", of_r1("doubts", is_after_first_step=True), BOTH),
    ("normal_without_grounds", of_r1("audiences", is_own_base=False), BOTH),
    ("normal_without_grounds", of_r1("audiences", base_status="E"), BOTH),
    ("normal_without_grounds", of_r1("audiences", is_from_share=True), BOTH),
    ("normal_without_grounds", of_r1("audiences", measurement_series_count=2.0), BOTH),
    ("figure_expired", set_to("R1", staleness=Staleness.EXPIRED.value), ["R1"]),
]  # fmt: skip


def test_sound_results_break_no_error(sound: ReviewInput) -> None:
    broken = review.find_broken_rules(sound)
    assert list(broken) == list(review.RESULTS.runs)
    assert not {rule: keys for rule, keys in broken.items() if keys}
    assert quality.list_faults(broken) == []


@pytest.mark.parametrize(("rule", "tamper", "keys"), BREACHES)
def test_a_breach_is_seen(rule: str, tamper: Change, keys: list[str], sound: ReviewInput) -> None:
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
