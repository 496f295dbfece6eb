"""The unions of a group: as accurate as copula.union, and the same bytes whatever else is asked."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience_impact.frames import Array
from audience_impact.overlap.copula import add_model_error, compute_union
from audience_impact.overlap.model import Group, JointUse
from tests.engine import learned

AS_MEASURED = 1e-6
group_unions = learned().draw_unions
SEEDS = st.integers(0, 2**32 - 1)


def kinds(random: np.random.Generator, platforms: int) -> Iterator[Array]:
    """Shares of one draw that are hard in different ways."""
    yield random.random(platforms)
    yield np.full(platforms, random.random())
    yield np.full(platforms, 10.0 ** -random.uniform(0.0, 4.0))
    yield 1.0 - 10.0 ** -random.uniform(0.0, 5.0, platforms)
    yield np.full(platforms, 1.0 - 10.0 ** -random.uniform(0.0, 4.0))
    yield random.beta(0.3, 0.3, platforms)
    yield np.where(random.random(platforms) < 0.5, 0.0, random.random(platforms))
    yield np.asarray(random.choice([0.0, 1.0, 0.5], platforms), dtype=float)


def made(seed: int, platforms: int = 6, draws: int = 30, sets: int = 12) -> Group:
    """A group with all kinds of shares and correlations, its sets in no order."""
    random = np.random.default_rng(seed)
    rows = [row for _ in range(draws // 8 + 1) for row in kinds(random, platforms)]
    correlation = np.concatenate(([0.0, 0.99, 0.9999], random.random(draws - 3) * 0.98))
    members = random.random((sets, platforms)) < random.random((sets, 1))
    error = 0.3 * random.standard_normal(draws)
    use = JointUse(random.permutation(correlation), error)
    return Group(np.array(rows[:draws]).T, use, members)


def without_error(group: Group) -> Group:
    use = replace(group.joint_use, error=np.zeros_like(group.joint_use.error))
    return replace(group, joint_use=use)


def by_overlap(group: Group) -> Array:
    """The definition, a set at a time."""
    rows = []
    for row in group.members:
        m = group.shares[row].T if row.any() else np.zeros((group.shares.shape[1], 1))
        core = compute_union(m, group.joint_use.correlation)
        rows.append(add_model_error(core, m, group.joint_use.error))
    return np.array(rows)


@pytest.mark.parametrize("platforms", [1, 2, 3, 5, 8, 9, 16, 17, 20])
def test_as_accurate_as_measured(platforms: int) -> None:
    random = np.random.default_rng(platforms)
    shares = np.array([row for _ in range(15) for row in kinds(random, platforms)]).T
    nothing = np.zeros(shares.shape[1])
    for correlation in (0.0, 0.01, 0.1, 0.2, 0.4, 0.7, 0.9, 0.97, 0.99):
        use = JointUse(nothing + correlation, nothing)
        group = Group(shares, use, np.ones((1, platforms), dtype=bool))
        np.testing.assert_allclose(
            group_unions(group),
            by_overlap(group),
            rtol=0.0,
            atol=AS_MEASURED,
            err_msg=str(correlation),
        )


@given(SEEDS)
@settings(deadline=None, max_examples=25)
def test_many_sets_and_errors_are_as_the_definition_says(seed: int) -> None:
    group = made(seed, platforms=int(np.random.default_rng(seed).integers(1, 12)))
    np.testing.assert_allclose(group_unions(group), by_overlap(group), rtol=0.0, atol=AS_MEASURED)


@given(SEEDS)
@settings(deadline=None, max_examples=25)
def test_a_union_stays_inside_the_bounds(seed: int) -> None:
    group = made(seed)
    for row, drawn in zip(group.members, group_unions(group), strict=True):
        subset = group.shares[row]
        assert (drawn >= subset.max(axis=0, initial=0.0)).all()
        assert (drawn <= np.minimum(1.0, subset.sum(axis=0) + 1e-12)).all()


@given(SEEDS)
@settings(deadline=None, max_examples=25)
def test_another_platform_never_lowers_a_union(seed: int) -> None:
    group = without_error(made(seed))
    random = np.random.default_rng(seed)
    more = group.members.copy()
    more[np.arange(len(more)), random.integers(0, more.shape[1], len(more))] = True
    both = group_unions(replace(group, members=np.concatenate((group.members, more))))
    assert (both[len(more) :] >= both[: len(more)]).all()


def test_one_platform_is_its_share_and_no_platform_is_nothing() -> None:
    group = made(1, platforms=4)
    members = np.concatenate((np.eye(4, dtype=bool), np.zeros((1, 4), dtype=bool)))
    drawn = group_unions(replace(group, members=members))
    assert (drawn[:4] == group.shares).all()
    assert (drawn[4] == 0.0).all()


@given(SEEDS)
@settings(deadline=None, max_examples=25)
def test_a_set_alone_is_the_same_to_the_bit(seed: int) -> None:
    group = made(seed, platforms=10)  # more than 8: two rules in one group
    together = group_unions(group)
    for row, drawn in zip(group.members, together, strict=True):
        assert (group_unions(replace(group, members=row[None])) == drawn).all()
        fewer = replace(group, shares=group.shares[row], members=row[None, row])
        assert (group_unions(fewer) == drawn).all()


@pytest.mark.parametrize("share", [1.1, np.nan])
def test_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"shares must lie in 0\.\.1"):
        group_unions(replace(made(1), shares=np.full((6, 30), share)))
