"""People of nested places, each person once."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience_impact.frames import Array
from audience_impact.places import nesting

AREAS = pd.DataFrame(
    {
        "area_id": ["X", "X-1", "X-2", "X-1/a", "X-1/b", "X-1/a/i", "X-1/all", "X:both"],
        "parent_id": ["", "X", "X", "X-1", "X-1", "X-1/a", "X-1", "X"],
        "members": ["", "", "", "", "", "", "X-1/a;X-1/b", "X-1;X-2"],
    }
)
PEOPLE = {"X": 100.0, "X-1": 60.0, "X-2": 30.0, "X-1/a": 40.0, "X-1/b": 15.0, "X-1/a/i": 9.0}
SHARES = st.dictionaries(
    st.sampled_from(sorted(PEOPLE)), st.floats(0.0, 1.0), min_size=1, max_size=len(PEOPLE)
)


def union(shares: dict[str, float], order: int = 1) -> float:
    """The people of one set of places."""
    places = pd.Series(list(shares)[::order], dtype="str")
    values = np.array([[shares[place]] for place in places])
    people = np.array([[PEOPLE[place]] for place in places])
    sets = np.zeros(len(places), dtype=np.int64)
    holder = nesting.find_holders(sets, places, nesting.read_parents(AREAS))
    return float(nesting.unite_people(values, people, holder, sets, 1)[0, 0])


def test_a_union_lies_between_its_members_and_what_holds_it() -> None:
    parent = nesting.read_parents(AREAS)
    assert parent["X-1/a"] == "X-1/all"
    assert parent["X-1/all"] == "X-1"
    assert parent["X-1"] == "X:both"
    assert parent["X-1/a/i"] == "X-1/a"


def test_a_place_in_one_that_is_wholly_cut_adds_nobody() -> None:
    assert union({"X-1": 1.0, "X-1/a": 0.5, "X-1/a/i": 1.0}) == PEOPLE["X-1"]


def test_a_place_adds_those_whom_its_holder_leaves_out() -> None:
    assert union({"X-1": 0.5, "X-1/a": 1.0}) == pytest.approx(0.5 * 60.0 + 0.5 * 40.0)


@given(SHARES)
def test_the_largest_at_least_and_the_sum_at_most(shares: dict[str, float]) -> None:
    touched = [share * PEOPLE[place] for place, share in shares.items()]
    assert max(touched) - 1e-9 <= union(shares) <= sum(touched) + 1e-9


@given(SHARES)
def test_no_more_than_the_people_of_the_country(shares: dict[str, float]) -> None:
    assert union(shares) <= PEOPLE["X"] + 1e-9


@given(SHARES)
def test_the_order_changes_nothing(shares: dict[str, float]) -> None:
    assert union(shares) == pytest.approx(union(shares, -1))


@given(SHARES, st.sampled_from(sorted(PEOPLE)))
def test_one_place_more_takes_nobody_away(shares: dict[str, float], place: str) -> None:
    assert union({**shares, place: 1.0}) >= union(shares) - 1e-9


@settings(max_examples=20)
@given(st.lists(SHARES, min_size=2, max_size=4))
def test_sets_and_draws_do_not_mix(every: list[dict[str, float]]) -> None:
    rows = [(number, place) for number, shares in enumerate(every) for place in shares]
    sets = np.array([number for number, _ in rows])
    places = pd.Series([place for _, place in rows], dtype="str")
    column: Array = np.array([[every[number][place]] for number, place in rows])
    values = np.hstack([column, column / 2.0])
    people = np.array([[PEOPLE[place]] * 2 for place in places])
    holder = nesting.find_holders(sets, places, nesting.read_parents(AREAS))
    row = np.arange(len(places))
    result = nesting.unite_people(values, people, holder, sets, len(every))
    assert result[:, 0] == pytest.approx([union(shares) for shares in every])
    assert result[:, 1] == pytest.approx(result[:, 0] / 2.0)
    both = np.hstack([holder, np.where(holder < 0, holder, holder + len(row))])
    twice, later = np.hstack([row, row]), np.hstack([sets, sets + len(every)])
    again = nesting.unite_people(values, people, both, later, 2 * len(every), twice)
    assert (again == np.vstack([result, result])).all()


def test_a_set_without_places_has_nobody() -> None:
    nothing = np.empty((0, 3))
    none = np.empty(0, dtype=np.int64)
    assert (nesting.unite_people(nothing, nothing, none, none, 2) == 0.0).all()
