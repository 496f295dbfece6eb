"""What a model of joint use answers agrees with itself."""

from dataclasses import replace

import numpy as np
import pytest

from audience_impact.overlap.model import Group
from tests.engine import learned


def test_the_answers_of_a_model_agree_with_one_another() -> None:
    model, shares = learned(), np.random.default_rng(4).uniform(0.05, 0.95, 4)
    use = model.joint_use("XA", lambda kind, key: np.full(1, 0.3))
    members = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 1, 0]], dtype=bool)
    result = model.draw_unions(Group(shares[:, None], use, members))
    assert (shares[0] <= result[:2, 0]).all()
    assert result[2, 0] == shares[2]
    patterns = model.draw_patterns(shares[None, :], use)[0]
    index = np.arange(16)
    for place, share in enumerate(shares):
        assert patterns[index >> place & 1 == 1].sum() == pytest.approx(share, abs=1e-7)
    quiet = Group(shares[:, None], replace(use, error=np.zeros(1)), members)
    assert model.draw_unions(quiet)[1, 0] == pytest.approx(1.0 - patterns[0], abs=1e-6)
