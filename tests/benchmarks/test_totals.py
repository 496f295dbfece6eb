"""Published totals beside draws added up: lines of draws that are known, and a wrong total."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import totals

DRAWS = pd.DataFrame(np.random.default_rng(1).normal(100.0, 10.0, (250, 3)), columns=list("ABC"))
TOGETHER = DRAWS.add(DRAWS["A"], axis=0)


def total(drawn: pd.DataFrame, more: float = 0.0) -> "pd.Series[float]":
    names = {"area_id": "001", "year": 2025}
    added = drawn.sum(axis=1) + more
    return pd.Series(
        names | {f"{name}_persons": added.quantile(at) for name, at in totals.SHARES.items()}
    )


@pytest.mark.parametrize(("more", "is_unlikely"), [(0.0, False), (30.0, True)])
def test_a_total_that_is_not_the_sum_of_its_countries_is_unlikely(
    more: float, is_unlikely: bool
) -> None:
    line = totals.compare_total(DRAWS, total(DRAWS, more))
    assert (float(str(line["q50_chance_share"])) < 0.01) == is_unlikely


def test_the_share_in_common_is_that_of_the_covariances() -> None:
    apart, common = (totals.find_common_share(drawn) for drawn in (DRAWS, TOGETHER))
    assert abs(apart) < 0.15
    assert common > 0.4
    line = totals.compare_total(TOGETHER, total(TOGETHER))
    assert float(str(line["common_share"])) > float(str(line["apart_q95_share"]))


def test_the_country_with_the_largest_variance_is_named() -> None:
    wide = DRAWS.assign(B=3.0 * DRAWS["B"])
    line = totals.compare_total(wide, total(wide))
    assert line["largest_area_id"] == "B"
    assert 0.7 < float(str(line["largest_share"])) < 0.9
