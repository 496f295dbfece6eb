"""At least and at most: every figure at the 99 % end of its error, and answers outside withheld."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from audience_impact import pipeline
from audience_impact.outputs.review import rules
from audience_impact.outputs.review.status_rules import MISSING
from audience_impact.simulation import audiences
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import Simulation
from tests.engine import by_day, calibrated, cut, impact_of, of, placed, prepared
from tests.support import AS_OF, ERRORS, World, world

pytestmark = pytest.mark.chain

DRAWS = 2000


@pytest.fixture(scope="module")
def made() -> World:
    """A service whose figure is a year old, and places, with errors as they usually are."""
    made = placed(calibrated(world(), ERRORS)).add("daily_use", platform_id="*")
    made.estimate("E1", value="400000", period="2024-07")
    made.restrict("R1", "alpha").restrict("R2", "*", action="network_shutdown")
    return cut(made, "PLACE", "XA-01/town")


def test_ends_hold_99_percent_of_the_draws(made: World) -> None:
    simulation = prepared(made)[0].simulation
    rows, degrees = simulation.audiences, simulation.timeline.tail_degrees
    assert len(rows) >= 2
    limits = {"low_persons": rows["mode"], "high_persons": rows["mode"]}
    low, _, high = audiences.find_ends(rows.assign(**limits), degrees).T
    drawn = audiences.draw_audiences(rows, Sampler(0, DRAWS), degrees)
    outside = ((drawn < low[:, None]) | (drawn > high[:, None])).mean(axis=1)
    assert ((outside > 0.0) & (outside < 0.02)).all()


def test_bounds_with_errors_hold_those_as_printed_and_every_quantile(made: World) -> None:
    stages, _ = prepared(made)
    run = pipeline.Outputs(stages, pipeline.Settings(draws=400))
    days = by_day(stages.simulation, Sampler(0, 400), run.facts["areas"])
    result = {**run, "impact_by_day": days}
    for table, unit in (
        *(("impact", "persons"), ("impact_by_area", "persons"), ("impact_by_day", "persons")),
        *(("person_days", "person_days"), ("person_days", "person_hours")),
    ):
        rows = result[table]
        assert rows[f"q50_{unit}"].notna().any()
        for order in rules.RISING:
            numbers = rows[[f"{name}_{unit}" for name in order]]
            assert not (numbers.diff(axis=1) < -1.0).any(axis=None), table
        if "base_q50_persons" in rows:
            beside = rows[["max_persons", "base_q50_persons"]]
            assert not beside.gt(rows["base_persons"], axis=0).any(axis=None)
        touched = rows[f"q95_{unit}"] > 0
        assert (rows[f"min_{unit}"] < rows[f"max_{unit}"])[touched].all()


def test_a_place_has_no_more_than_its_people(made: World) -> None:
    stages, _ = prepared(made)
    bounds = stages.simulation.bounds
    people = stages.inputs.parts.set_index("restriction_id")["people_persons"]["PLACE"]
    most = bounds.exposed.loc["PLACE", "max_persons"]
    assert bounds.exposed.loc["PLACE", "printed_max_persons"] <= most <= people + 1e-3


def test_a_country_has_no_more_than_its_residents() -> None:
    crowded = placed(calibrated(world(), ERRORS))
    for row in crowded.rows["bases"]:  # nearly everyone is online, by a count that is a year old
        if row["area_id"] == "XA":
            row |= {"persons": "700000", "period": "2024"}
    stages, _ = prepared(cut(crowded, "R1"))
    rows = impact_of(stages, Simulation(stages.simulation, Sampler(0, 200)).draw_metrics())
    assert of(rows)["population_persons"] == 700e3
    assert of(rows)["q95_persons"] > 690e3
    assert (of(rows)[["q95_persons", "printed_max_persons", "max_persons"]] <= 700e3).all()


def test_without_errors_nothing_is_at_least_or_at_most() -> None:
    stages, _ = pipeline.prepare_run(world().restrict("R1", "alpha").typed(), AS_OF)
    bounds = stages.bounds.exposed.loc["R1"]
    assert bounds["min_persons"] == 0
    assert np.isnan(bounds["max_persons"])


def review(stages: pipeline.Stages, impact: pd.DataFrame) -> rules.ReviewInput:
    results = dict(pipeline.Outputs(stages, pipeline.Settings(draws=200)))
    return pipeline.collect_review_input(stages, {**results, "impact": impact})


def test_an_answer_outside_is_withheld_and_named() -> None:
    counted = calibrated(world(), ERRORS).estimate("E1", value="400000")
    stages, _ = prepared(counted.restrict("R1", "alpha"))
    simulation = stages.simulation
    draws = Simulation(simulation, Sampler(0, 200)).draw_metrics()
    sound = of(impact_of(stages, draws))
    assert sound["min_persons"] < sound["q50_persons"] < sound["max_persons"]
    narrow = stages.bounds.exposed.assign(max_persons=sound["q50_persons"])
    bounds = replace(stages.bounds, exposed=narrow)
    broken = replace(stages, simulation=replace(simulation, bounds=bounds))
    impact = impact_of(broken, draws)
    withheld = of(impact)
    assert pd.isna(withheld["q50_persons"])
    assert withheld["obs_status"] == MISSING
    assert "outside_bounds" in withheld["reason_rule_ids"]
    assert "R1/people_exposed" in rules.interval_outside_bounds(review(stages, impact))


def test_an_answer_without_width_is_withheld_alone_and_named() -> None:
    counted = calibrated(world(), ERRORS).estimate("E1", value="400000")
    counted.estimate("E2", platform_id="beta", value="300000")
    stages, _ = prepared(counted.restrict("R1", "alpha").restrict("R2", "beta"))
    draws = Simulation(stages.simulation, Sampler(0, 200)).draw_metrics()
    at = stages.simulation.restrictions.get_loc("R1")
    flat = {name: people.copy() for name, people in draws.items()}
    flat["people_exposed"][at] = 400e3
    impact = impact_of(stages, flat)
    withheld = of(impact)
    assert pd.isna(withheld["q50_persons"])
    assert withheld["obs_status"] == MISSING
    assert "no_width" in withheld["reason_rule_ids"].split(";")
    assert of(impact, "R2")["q05_persons"] < of(impact, "R2")["q95_persons"]
    results = review(stages, impact)
    assert rules.answer_without_width(results) == ["R1/people_exposed"]
    assert rules.interval_without_width(results) == [], "nothing is left to refuse"


def test_a_month_has_no_fewer_people_than_a_day_just_before() -> None:
    made = calibrated(world(), ERRORS).restrict("R1", "alpha")
    made.estimate("E1", value="300000", audience_metric="unspecified", period="2024-07")
    alone = prepared(made)[0].simulation
    day = {"audience_metric": "avg_daily_reach", "value": "400000"}
    late = prepared(made.estimate("E0", period="2024-10", **day))[0].simulation
    printed = ["printed_min_persons", "printed_max_persons"]
    late_ends, alone_ends = (world_inputs.bounds.exposed[printed] for world_inputs in (late, alone))
    assert late_ends.equals(alone_ends), "of another season"
    stages, _ = prepared(made.estimate("E2", period="2025-06", **day))
    simulation = stages.simulation
    assert (
        stages.bounds.exposed.loc["R1", ["printed_min_persons", "printed_max_persons"]]
        .eq(400e3)
        .all()
    )
    least = simulation.bounds.exposed.loc["R1", "min_persons"]
    assert alone.bounds.exposed.loc["R1", "min_persons"] < 300e3 < least <= 400e3
    people = Simulation(simulation, Sampler(0, 500)).draw_metrics()["people_exposed"][0]
    assert least - 1.0 <= people.min() < 400e3 < np.median(people)
    assert np.unique(people).size > 400
