"""The share with a mobile network alone, carried beyond the last count."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from benchmarks import place_networks as benchmark
from tests.support import world


@pytest.fixture(scope="module")
def counts() -> pd.DataFrame:
    """Counts of fifty countries whose middle walks at random."""
    made, rng = world(), np.random.default_rng(3)
    for number in range(50):
        land = f"{chr(65 + number // 25)}{chr(65 + number % 25)}"
        for year, x in enumerate(np.cumsum(rng.normal(0.0, 0.2, 12))):
            share = repr(float(expit(x)))
            made.add("network_use", area_id=land, period=str(2010 + year),
                     least_share=share, most_share=share)  # fmt: skip
    return made.typed()["network_use"]


def test_a_walk_is_held_however_far_it_went(counts: pd.DataFrame) -> None:
    result = benchmark.scores(counts)
    assert result["years"].to_list() == [1, 2, 3, 4, 5, 6]
    assert result["coverage"].between(0.8, 0.99).all()
    assert result["width_points"].is_monotonic_increasing


def test_what_is_foretold_is_not_looked_at(counts: pd.DataFrame) -> None:
    later = counts["period"] > "2016"
    changed = counts.assign(least_share=counts["least_share"].mask(later, 0.01))
    names = ["area_id", "known", "years", "only_q05", "only_q95"]
    before, after = (benchmark.foretold(each, 2016)[names] for each in (counts, changed))
    pd.testing.assert_frame_equal(before, after)
