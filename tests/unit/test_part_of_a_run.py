"""Answers of some restrictions and countries alone are those of the whole run, to the last byte."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audience_impact import pipeline
from audience_impact.facts.tables import Tables
from audience_impact.pipeline import Outputs
from tests.engine import QUIET, calls, russia
from tests.support import AS_OF, World

pytestmark = pytest.mark.chain


def world() -> World:
    """Two countries; in the first a figure from under one restriction speaks for another."""
    made = calls(calls(russia()), "R2", observed_from="2025-09-01")
    made.add("areas", area_id="XB", name="Land XB")
    cells = {"area_id": "XB", "period": "2025"}
    made.base("XB-all", population_base="all_ages", persons="9000000", **cells)
    made.base("XB-online", population_base="internet_all", persons="7000000", **cells)
    for platform, persons in (("whatsapp", "5000000"), ("telegram", "3000000")):
        made.estimate(f"XB-{platform}", platform_id=platform, area_id="XB", value=persons,
                      population_base="internet_all", period="2025-06")  # fmt: skip
    return made.restrict("R3", "whatsapp", "telegram", area_ids="XB").restrict(
        "R4", "telegram", area_ids="RU;XB", observed_from="2025-10-01"
    )


def of(tables: Tables, only: set[str] | None) -> dict[str, pd.DataFrame]:
    stages, _ = pipeline.prepare_run(tables, AS_OF, only=only)
    outputs = Outputs(stages, QUIET)
    return {name: outputs[name] for name in ("impact", "impact_by_area")}


@pytest.fixture(scope="module")
def tables() -> Tables:
    return world().typed()


@pytest.fixture(scope="module")
def compute_all(tables: Tables) -> dict[str, pd.DataFrame]:
    return of(tables, None)


@pytest.mark.parametrize(
    ("restrictions", "countries"), [({"R1"}, set()), ({"R1", "R2", "R4"}, {"RU"}), ({"R3"}, set())]
)
def test_a_part_of_a_run_is_as_in_the_whole(
    tables: Tables,
    compute_all: dict[str, pd.DataFrame],
    restrictions: set[str],
    countries: set[str],
) -> None:
    part = of(tables, restrictions)
    for name, column, wanted in (
        ("impact", "restriction_id", restrictions),
        ("impact_by_area", "area_id", countries),
    ):
        one, other = (
            item[name][item[name][column].isin(wanted)].reset_index(drop=True)
            for item in (compute_all, part)
        )
        assert len(one) >= len(wanted)
        pd.testing.assert_frame_equal(one, other, check_exact=True)
        assert other.filter(like="q50").notna().any(axis=None) or not wanted


@given(st.lists(st.integers(1, 30), max_size=40), st.integers(1, 60))
@example([9, 4, 4, 1], 10)
def test_parts_hold_no_more_than_they_may_and_countries_whole(sizes: list[int], most: int) -> None:
    groups = pd.Series(np.repeat(np.arange(len(sizes)), sizes))
    part = pipeline._assign_parts(groups, most)
    assert (part.groupby(groups).nunique() == 1).all()
    held = part.value_counts().sort_index()
    assert list(held.index) == list(range(len(held)))
    alone = groups.groupby(part).nunique() == 1
    assert ((held <= most) | alone).all()
    # Two parts that one would hold are left only where there are fewer countries than parts.
    assert len(held) < 2 or held.nsmallest(2).sum() > most or len(held) <= -(-sum(sizes) // most)


def test_parts_are_about_equal() -> None:
    sizes = [90, 70, 30, 30, 20, 10, 10]
    part = pipeline._assign_parts(pd.Series(np.repeat(np.arange(7), sizes)), 143)
    assert sorted(part.value_counts()) == [130, 130]


def test_draws_that_no_later_table_needs_are_freed(tables: Tables) -> None:
    run = Outputs(pipeline.prepare_run(tables, AS_OF)[0], QUIET)
    before = dict(run)
    run.release_answers()
    assert not {"steps", "drawn_audiences"} & set(run.simulation.__dict__)
    assert "draws" not in run.__dict__
    again = run.simulation.draw_metrics()["people_exposed"]
    assert len(again) == before["restrictions"].shape[0]
