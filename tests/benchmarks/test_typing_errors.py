"""The errors that are typed into facts, and what becomes of them."""

import numpy as np
import pytest

from benchmarks import typing_errors as errors
from tests.support import world


@pytest.mark.parametrize("seed", range(20))
def test_each_error_is_one_slip(seed: int) -> None:
    random = np.random.default_rng(seed)
    text = "96500000"
    assert sum(a != b for a, b in zip(text, errors.replaced(text, random), strict=True)) == 1
    assert sorted(errors.swapped(text, random)) == sorted(text)
    assert errors.swapped(text, random) != text
    assert len(errors.added(text, random)) == len(text) + 1
    assert len(errors.dropped(text, random)) == len(text) - 1
    assert errors.year_by(10)("2025-07/2025-08", random) in ("2015-07/2015-08", "2035-07/2035-08")
    assert errors.access_ahead("2026-11-25", random) > "2026-11-25"


def test_a_zero_more_and_a_zero_less() -> None:
    random = np.random.default_rng(0)
    more = [errors.zero_more(text, random) for text in ("96500000", "0.37")]
    less = [errors.zero_less(text, random) for text in ("96500000", "0.37")]
    assert (more, less) == (["965000000", "3.7"], ["9650000", "0.037"])


def test_an_error_that_is_told_counts_as_reported_and_one_that_moves_an_answer_as_silent(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    made = world().restrict("R1", "alpha").estimate("E1", value="500000", period="2025-06")
    facts = errors.sound(made.write(tmp_path_factory.mktemp("facts")))
    (place,) = facts.carrying["estimates"]
    cell = ("estimates", place, "value")
    result = errors._outcome(facts, "zero more", cell, "500000", "5000000")
    silent = errors._outcome(facts, "digit replaced", cell, "500000", "400000")
    assert (result.reported, silent.reported) == (True, False)
    assert silent.moved == pytest.approx(0.2)
    shares = errors.table([result, silent]).set_index(["error", "table"])
    assert shares.loc[("zero more", "all"), "reported"] == 1.0
    assert shares.loc[("digit replaced", "estimates"), "silent_moved"] == 1.0
