"""A second model of joint use, run through the whole chain: what a model must answer suffices."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.overlap import one_factor
from audience_impact.overlap.model import (
    Group,
    JointUse,
    OverlapModel,
    Uniforms,
    assume_independence,
)
from audience_impact.vocabulary import DedupMethod
from tests.engine import calculated, calls, learned, of, russia
from tests.support import World

pytestmark = pytest.mark.chain


class Independence:
    """Use of one platform tells nothing about another: no parameter, no error."""

    dedup_method: ClassVar[DedupMethod] = DedupMethod.SINGLE  # any word but that of the copula

    def joint_use(self, country_id: str, uniforms: Uniforms) -> JointUse:
        del country_id, uniforms
        return JointUse(np.empty((0, 1)), np.zeros(1))

    def draw_unions(self, group: Group) -> Array:
        kept = [1.0 - group.shares[member].T for member in group.members]
        return np.array([1.0 - np.prod(each, axis=1) for each in kept])

    def draw_patterns(self, shares: Array, joint_use: JointUse) -> Array:
        del joint_use
        joint = np.ones((len(shares), 1))
        for share in shares.T[:, :, None]:
            joint = np.concatenate([joint * (1.0 - share), joint * share], axis=1)
        return joint


def learned_nothing(tables: Tables) -> OverlapModel | None:
    del tables
    return Independence()


@pytest.fixture
def independent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_factor, "read_model", learned_nothing)


def measured(made: World) -> World:
    """95 % of the users of Telegram use WhatsApp too."""
    both = {"platform_ids": "telegram;whatsapp", "share_of": "telegram", "value": "0.95"}
    return made.add("overlaps", overlap_id="O1", area_id="RU", period="2025-07", **both)


def exposed(made: World) -> "pd.Series[float]":
    return of(calculated(made)["impact"])


@pytest.mark.usefixtures("independent")
def test_another_model_runs_through_the_chain() -> None:
    result = exposed(calls(russia()))
    alone = 105e6 * float(assume_independence([96 / 105, 89 / 105]))
    low, middle, high = (float(result[f"{name}_persons"]) for name in ("q05", "q50", "q95"))
    assert middle == pytest.approx(alone, rel=2e-3)
    assert result["dedup_method"] == Independence.dedup_method
    assert middle - 1e6 < low < high < middle + 1e6  # what audiences may have done since, no more


@pytest.mark.usefixtures("independent")
def test_another_model_is_conditioned_on_what_is_measured() -> None:
    result = exposed(measured(calls(russia())))
    assert float(result["q50_persons"]) == pytest.approx(96e6 + 0.05 * 89e6, rel=1e-3)


@pytest.mark.parametrize("name", ["one factor", "independence"])
def test_the_answers_of_a_model_agree_with_one_another(name: str) -> None:
    models: dict[str, OverlapModel] = {"one factor": learned(), "independence": Independence()}
    model = models[name]
    rng = np.random.default_rng(4)
    shares = rng.uniform(0.05, 0.95, 4)
    use = model.joint_use("XA", lambda kind, key: np.full(1, 0.3))
    members = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 1, 0]], dtype=bool)
    result = model.draw_unions(Group(shares[:, None], use, members))
    assert (shares[0] <= result[:2, 0]).all()
    assert result[2, 0] == shares[2]
    patterns = model.draw_patterns(shares[None, :], replace(use, error=np.zeros(1)))[0]
    index = np.arange(16)
    for place, share in enumerate(shares):
        assert patterns[index >> place & 1 == 1].sum() == pytest.approx(share, abs=1e-7)
    quiet = Group(shares[:, None], replace(use, error=np.zeros(1)), members)
    assert model.draw_unions(quiet)[1, 0] == pytest.approx(1.0 - patterns[0], abs=1e-6)
