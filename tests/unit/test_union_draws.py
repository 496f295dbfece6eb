"""Draws of people: bases, sets inside them, and that order and company change nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience_impact.frames import Array
from audience_impact.overlap import copula
from audience_impact.overlap.copula import add_model_error
from audience_impact.overlap.model import Group, OverlapModel, read_model
from audience_impact.simulation import audiences, unions, worlds
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.unions import GROUP, Unions
from tests.engine import LEARNED, calibrated, learned
from tests.support import World, world

SAMPLER = Sampler(3, 200)
ITEMS = np.array([500e3, 300e3, 120e3, 900e3])[:, None] * np.exp(
    0.02 * np.random.default_rng(1).normal(size=(4, 200))
)
# Sets of items, each with a country and a base.
MEMBERS = {0: [0], 1: [1], 2: [0, 1], 3: [0, 1, 2], 4: [3], 5: [1, 0]}
CELLS = {
    0: ("XA", "XA-panel"),
    1: ("XA", "XA-panel"),
    2: ("XA", "XA-panel"),
    3: ("XA", "XA-panel"),
    4: ("XA", "XA-panel"),
    5: ("XB", "XB-panel"),
}
BASES = {"XA-panel": (700e3, 650e3, 800e3), "XB-panel": (700e3, np.nan, np.nan)}


def sets(members: dict[int, list[int]] = MEMBERS) -> Unions:
    table = pd.DataFrame(
        [(each, *CELLS[each], *BASES[CELLS[each][1]]) for each in members],
        columns=["set_id", *GROUP[:5]],
    ).reindex(columns=["set_id", *GROUP])
    rows = [(each, item) for each, items in members.items() for item in items]
    return Unions(table, pd.DataFrame(rows, columns=["set_id", "audience"]))


def people(asked: Unions) -> tuple[Array, Array]:
    row, drawn, base = unions.draw_unions(ITEMS, asked, learned(), SAMPLER)
    return drawn[row], base[row]


DRAWN, BASE = people(sets())


def test_people_of_one_audience_are_the_audience_inside_the_base() -> None:
    assert DRAWN[0] == pytest.approx(np.minimum(ITEMS[0], BASE[0]))
    assert DRAWN[4] == pytest.approx(ITEMS[3])  # the largest of the base, which holds it


def test_a_base_is_drawn_through_its_quantiles_and_else_as_it_stands() -> None:
    _, base = people(sets({each: MEMBERS[each] for each in (0, 5)}))  # all inside their bases
    expected = [BASES["XA-panel"][place] for place in (1, 0, 2)]
    assert np.quantile(base[0], [0.05, 0.5, 0.95]) == pytest.approx(expected, rel=0.01)
    assert set(base[1]) == {700e3}


def test_a_base_is_one_draw_and_never_below_the_largest_audience_inside_it() -> None:
    assert (BASE[:5] == BASE[0]).all()
    _, without = people(sets({0: MEMBERS[0]}))
    assert (without[0] < ITEMS[3]).any()
    assert (BASE[0] == np.maximum(without[0], ITEMS[3])).all()


@pytest.mark.parametrize("share", [0.9, 0.975, 0.99, 1.0, 1.01])
def test_a_base_that_is_nearly_everybody_keeps_its_quantiles_below_all(share: float) -> None:
    """Where all are online an interval has a width as well, and ends at the residents."""
    law = [1e6 * share * part for part in (0.97, 1.0, 1.01)]
    table = pd.DataFrame({"base_id": ["a"], "expected_persons": law[1]}).assign(
        base_low_persons=law[0], base_high_persons=law[2], ceiling_persons=1e6
    )
    drawn = audiences.draw_bases(table.reindex(columns=GROUP), Sampler(0, 1000))[0]
    expected = np.minimum(law, 1e6)
    assert np.quantile(drawn, [0.05, 0.5, 0.95]) == pytest.approx(expected, rel=5e-4)
    assert np.ptp(drawn) > 0.0
    assert drawn.max() <= 1e6


def test_people_are_a_share_of_the_drawn_base() -> None:
    shares = ITEMS[:2] / BASE[2]
    use = learned().joint_use("XA", SAMPLER.draw_uniform)
    union = add_model_error(copula.compute_union(shares.T, use.correlation), shares.T, use.error)
    assert DRAWN[2] / BASE[2] == pytest.approx(union, abs=2e-6)


def test_one_audience_is_the_same_draw_in_every_set() -> None:
    assert (DRAWN[2] >= np.maximum(DRAWN[0], DRAWN[1]) - 1e-6).all()
    assert (DRAWN[2] <= DRAWN[0] + DRAWN[1] + 1e-6).all()
    # Not in every draw: where the model's error is low it takes more from the larger set.
    assert np.median(DRAWN[3]) > np.median(DRAWN[2])
    # Ups and downs of an audience are seen in all sets that hold it.
    assert np.corrcoef(DRAWN[0], ITEMS[0])[0, 1] > 0.999


def test_countries_have_correlations_of_their_own() -> None:
    assert not np.allclose(DRAWN[5], DRAWN[2])
    uses = (learned().joint_use(area, SAMPLER.draw_uniform) for area in ("XA", "XB"))
    one, other = (use.correlation for use in uses)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.3


@settings(max_examples=15)
@given(st.permutations(list(MEMBERS)), st.randoms(use_true_random=False))
def test_the_order_of_sets_and_members_changes_no_byte(order: list[int], rng: object) -> None:
    shuffled = sets({each: MEMBERS[each] for each in order})
    seed = rng.randrange(2**31)  # type: ignore[attr-defined]
    members = shuffled.members.sample(frac=1.0, random_state=seed)
    drawn, base = people(Unions(shuffled.table, members))
    assert drawn.tobytes() == DRAWN[order].tobytes()
    assert base.tobytes() == BASE[order].tobytes()


def test_equal_sets_of_one_base_are_drawn_once_and_others_apart() -> None:
    asked, sampler = sets(), Sampler(3, 200)
    model, calls = learned(), []

    class Counting(OverlapModel):
        def draw_unions(self, group: Group) -> Array:
            calls.append(len(group.members))
            return super().draw_unions(group)

    counting = Counting(model.calibration, model.centres)
    table = pd.concat(
        [
            asked.table.assign(apart=name, set_id=asked.table["set_id"] + 6 * name)
            for name in (0, 1, 2)
        ]
    )
    members = [asked.members.assign(set_id=asked.members["set_id"] + 6 * name) for name in (0, 1)]
    alone = asked.members[asked.members["set_id"].isin([2, 5])]
    members.append(alone.assign(set_id=alone["set_id"] + 12))
    table = table[table["set_id"].isin(pd.concat(members)["set_id"])]
    plan = Unions(table, pd.concat(members))
    row, drawn, base = unions.draw_unions(ITEMS, plan, counting, sampler)
    drawn, base = drawn[row], base[row]
    assert drawn[:12].tobytes() == np.vstack([DRAWN, DRAWN]).tobytes()
    assert base[:6].tobytes() == base[6:12].tobytes()
    # Without the largest audience the base is smaller in some draws, and the union another.
    assert (base[12] < BASE[2]).any()
    assert calls == [2, 1, 1]  # sets 2 and 3, set 2 inside the other base, set 5


@pytest.mark.parametrize("kept", [[4, 2], [3, 4, 0], [5, 1, 4]])
def test_other_sets_of_the_cell_change_no_byte(kept: list[int]) -> None:
    # Set 4 stays: its audience is the largest, below which the base of all is never drawn.
    drawn, _ = people(sets({each: MEMBERS[each] for each in kept}))
    assert drawn.tobytes() == DRAWN[kept].tobytes()


def test_how_many_draws_lie_outside_the_bounds() -> None:
    drawn = np.array([[1e6, 2e6, 3e6, 4e6], [1e6, 2e6, 3e6, 4e6], [999.5, 1001.0, 1e3, 1e3]])
    ends = {"printed_min_persons": [1.5e6, 0, 1e3], "printed_max_persons": [3.5e6, np.nan, 2e3]}
    beyond = worlds.measure_outside_share(drawn, pd.DataFrame(ends))
    assert beyond.tolist() == [0.5, 0.0, 0.0]  # half a person in a thousand is inside


def test_quantiles_of_what_cannot_be_drawn_are_unknown() -> None:
    drawn = np.array([np.arange(101.0), np.full(101, np.nan), np.arange(101.0)])
    drawn[2, 5] = np.nan
    quantiles = worlds.compute_quantiles(drawn, pd.Index(["a", "b", "c"]), "persons")
    assert quantiles.loc["a"].to_dict() == {
        "q05_persons": 5.0,
        "q50_persons": 50.0,
        "q95_persons": 95,
    }
    assert quantiles.loc[["b", "c"]].isna().all(axis=None)


def surveyed(made: World, **cells: str) -> World:
    made.add("surveys", survey_id="S1", **cells)
    return made.add(
        "overlap_calibration", parameter="survey", survey_id="S1", value="0.8", surveys="1"
    )


def test_without_a_calibration_nothing_is_learned() -> None:
    assert read_model(world().typed()) is None


def test_a_country_is_pulled_by_its_own_surveys() -> None:
    model = read_model(surveyed(calibrated(world())).typed())
    assert isinstance(model, OverlapModel)
    assert model.calibration == LEARNED
    centre, scale = copula.predict_correlation(LEARNED)
    assert list(model.centres) == ["XA"]
    assert centre < model.centres["XA"][0] < 0.8
    assert model.centres["XA"][1] < scale
    unseen = model.joint_use("XB", SAMPLER.draw_uniform)
    assert (unseen.correlation == learned().joint_use("XB", SAMPLER.draw_uniform).correlation).all()
