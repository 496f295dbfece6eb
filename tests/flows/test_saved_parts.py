"""A run that recalls what did not change has the values of one that computes everything."""

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audience_impact import pipeline
from audience_impact.imputation.distribution import AudienceParameters, ImputationModel
from audience_impact.imputation.figures import FINE
from audience_impact.pipeline import PartInput, RunPlan, Settings, plan_run
from flows.pipeline import cache, parts, saved_parts
from flows.pipeline.parts import ComputedPart, MergedResults, Shared
from tests.flows.test_parts_of_a_run import HOME, lands
from tests.support import AS_OF, World

pytestmark = pytest.mark.service
Compute = Callable[[RunPlan, Shared, int, int | None], list[ComputedPart]]
ONGOING = {"ended_on": "", "end_status": "ongoing"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where results are saved."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "results"))
    return tmp_path / "results"


def compute(made: World, function: Compute, most: int | None = None) -> MergedResults:
    plan = plan_run(made.typed(), AS_OF, Settings(draws=60))
    computed = function(plan, Shared(plan.shared, ()), 1, most)
    return parts.merge_results(computed, plan.shared.tables, AS_OF)


def assert_same(one: MergedResults, other: MergedResults) -> None:
    """Fail where a cell, the type of a column, a source or a finding differs."""
    for name, table in one.rows.items():
        assert table.schema == other.rows[name].schema
        assert table.equals(other.rows[name]), name
    for name, frame in one.frames.items():
        assert frame.equals(other.frames[name]), name
        assert frame.dtypes.equals(other.frames[name].dtypes), name
    assert one.source_ids == other.source_ids
    assert (one.findings, one.broken) == (other.findings, other.broken)


def select(made: World, table: str, key: str) -> dict[str, str]:
    (row,) = [row for row in made.rows[table] if key in row.values()]
    return row


def remove(made: World, restriction: str) -> None:
    for table in ("restrictions", "restriction_targets"):
        made.rows[table] = [row for row in made.rows[table] if row["restriction_id"] != restriction]


def add_laws(made: World) -> None:
    for parameter, kind in (
        *(("days_log_mean", ""), ("days_log_variance", "")),
        ("hours_log_sd", "measured"),
    ):
        made.add("duration_laws", parameter=parameter, kind=kind)


EDITS: list[tuple[Callable[[World], object], int]] = [
    (add_laws, 10),
    (lambda made: select(made, "restrictions", "R0").update(ONGOING), 4),
    (lambda made: None, 0),
    (lambda made: select(made, "restrictions", "R7").update(network_scope="unknown"), 2),
    (lambda made: made.restrict("R99", "beta", area_ids="XF", **ONGOING), 2),
    (lambda made: select(made, "restrictions", "R0").update(area_ids="XB"), 4),
    (lambda made: remove(made, "R99"), 0),
    (lambda made: select(made, "estimates", "XD-beta").update(value="250000"), 10),
    (lambda made: select(made, "areas", "XC").update(parent_id="019"), 10),
]
"""Edits one after another, each with the number of restrictions that it affects."""


def test_edits_give_the_same_values_from_what_was_saved_and_from_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, saved_parts.__name__)
    made = lands()
    for edit, expected in EDITS:
        edit(made)
        caplog.clear()
        results = compute(made, saved_parts.compute_changed)
        (line,) = caplog.messages
        assert line.split(" ")[0] == str(expected)
        if expected < 10 or edit is EDITS[-1][0]:
            assert_same(results, compute(made, parts.compute_all))


@pytest.mark.parametrize("is_large", [False, True])
def test_a_run_that_died_goes_on_after_its_last_part(
    is_large: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, compute_part, computed = lands(), parts.compute_part, list[int]()
    if is_large:
        monkeypatch.setattr(saved_parts, "MOST_RESTRICTIONS", 9)
        monkeypatch.setattr(cache, "MOST_BYTES", 0)

    def die_at_third(shared: Shared, part: PartInput) -> ComputedPart:
        computed.append(len(part.scope.restrictions))
        if len(computed) == 3:
            raise KeyboardInterrupt
        return compute_part(shared, part)

    monkeypatch.setattr(parts, "compute_part", die_at_third)
    with pytest.raises(KeyboardInterrupt):
        compute(made, saved_parts.compute_changed, most=1)
    before = computed[:2]
    results = compute(made, saved_parts.compute_changed, most=1 if is_large else 100)
    assert sum(before) + sum(computed[3:]) == 10
    assert_same(results, compute(made, parts.compute_all))
    assert bool(list(folder.glob("large-*"))) == is_large
    cache.forget()
    assert not list(folder.glob("large-*"))


def test_a_damaged_file_is_computed_again(folder: Path) -> None:
    made = lands()
    first = compute(made, saved_parts.compute_changed)
    (path,) = folder.glob("part-*")
    path.write_bytes(path.read_bytes()[:-1])
    assert_same(compute(made, saved_parts.compute_changed), first)


def test_what_belongs_to_no_group_is_not_saved(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be lost, or told of groups that were computed anew."""
    made = lands()
    compute_part = pipeline.compute_part

    def break_rule(shared: pipeline.SharedInput, part: PartInput) -> pipeline.PartResult:
        result = compute_part(shared, part)
        result.broken["union_falls"] = ["R1 > R3"]  # of two countries
        return result

    monkeypatch.setattr(pipeline, "compute_part", break_rule)
    compute(made, saved_parts.compute_changed)
    assert not list(folder.glob("index-*"))


def test_another_process_finds_the_same_groups() -> None:
    code = (
        "from tests.flows.test_parts_of_a_run import lands, AS_OF, Settings, plan_run\n"
        "from flows.pipeline import parts, saved_parts\n"
        "plan = plan_run(lands().typed(), AS_OF, Settings())\n"
        "saved = saved_parts.SavedParts(plan, parts.Shared(plan.shared, ()))\n"
        "print(saved.index_key, sorted(saved.digests.items()))"
    )
    done = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOME
        ).stdout
        for _ in range(2)
    }
    assert len(done) == 1


def test_the_inverse_of_figures_is_that_of_the_same_figures() -> None:
    def make_model(odds: float) -> ImputationModel:
        return ImputationModel(
            pd.DataFrame({"odds": [odds]}), AudienceParameters({}, {}, {}, {}), FINE
        )

    (key,) = saved_parts.name_models(make_model(0.5))
    cache.save(key, (np.eye(1), np.ones(1)))
    (again,), (other,) = (saved_parts.name_models(make_model(odds)) for odds in (0.5, 0.6))
    model = make_model(0.5)
    assert saved_parts.recall_inverse(again, model)
    assert model.weighted_inverse[0].tolist() == [[1.0]]
    assert not saved_parts.recall_inverse(other, make_model(0.6))
