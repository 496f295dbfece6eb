"""Rows that are compared with each other: many of one key fill no memory, and find what few do."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from audience_impact.facts import checks
from audience_impact.facts.rules import levels
from tests.support import World, world

COUNT = 120
MOST = 200
"""Pairs at once here, so that COUNT rows of one key need many blocks."""
DAYS = [str(day) for day in pd.date_range("2024-01-01", periods=COUNT).date]


def estimates(change: Callable[[int], dict[str, str]]) -> World:
    made = world()
    for place in range(COUNT):
        made.estimate(f"E{place}", **change(place))
    return made


def bases(change: Callable[[int], dict[str, str]]) -> World:
    made = world().estimate("E1")
    for place in range(COUNT):
        made.base(f"XA-{place}", **change(place))
    return made


def acts() -> World:
    """As many pages as acts of the day before, of one area."""
    made = world()
    for place, day in enumerate(DAYS):
        made.restrict(f"R{place}", "beta", observed_from=day)
        made.add("sources", source_id=f"S{place}", published_on=day, url="https://a.example/")
        made.estimate(f"E{place}", source_id=f"S{place}", period=day)
    return made


WORLDS: dict[str, Callable[[], World]] = {
    "one figure": lambda: estimates(lambda place: {"value": str(400000 + place % 2)}),
    "two platforms": lambda: estimates(
        lambda place: {"value": "412345", "platform_id": ("alpha", "beta")[place % 2]}
    ),
    "persons and shares": lambda: estimates(
        lambda place: {
            "value": ("0.5", "412345")[place % 2],
            "unit": ("share", "persons")[place % 2],
        }
    ),
    "days of a figure": lambda: estimates(
        lambda place: {"period": DAYS[place], "value": str(300000 + place * 7919 % 300000)}
    ),
    "figures far apart": lambda: estimates(
        lambda place: {
            "value": ("300", "600000")[place % 2],
            "activity_threshold": f"at least {place % 5}",
        }
    ),
    "lone figures": lambda: estimates(
        lambda place: {"platform_id": ("alpha", "beta")[place % 2], "period": str(1990 + place)}
    ),
    "days of a base": lambda: bases(
        lambda place: {"period": DAYS[place], "persons": str(700000 + place)}
    ),
    "products": lambda: bases(
        lambda place: {
            "population_base": ("all_ages", "internet_all")[place % 2],
            "persons": str(700000 + place),
            "note": "37.5 % of the population of the year",
        }
    ),
    "acts and pages": acts,
}


@pytest.mark.parametrize("name", WORLDS)
def test_no_rule_joins_many_rows_with_themselves(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = WORLDS[name]().typed()
    findings = checks.check_across_tables(typed)
    lengths, merge = [0], pd.DataFrame.merge

    def measure(*arguments: object, **options: object) -> pd.DataFrame:
        pairs = merge(*arguments, **options)
        lengths.append(len(pairs))
        return pairs

    monkeypatch.setattr(pd.DataFrame, "merge", measure)
    monkeypatch.setattr(levels, "MOST_PAIRS", MOST)
    again = checks.check_across_tables({name: frame.copy() for name, frame in typed.items()})
    assert again == findings
    assert max(lengths) <= MOST + 2 * COUNT


def test_pairs_in_blocks_are_those_of_one_join(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    rows, others = (
        pd.DataFrame({"key": random.integers(0, 4, 50), "number": range(50)}) for _ in range(2)
    )
    joined = rows.merge(others, on=["key"], suffixes=("", "_of"))
    monkeypatch.setattr(levels, "MOST_PAIRS", 100)
    blocks = list(levels.list_pairs(rows, others, ["key"]))
    assert len(blocks) > 2
    assert all(before["number"].max() < after["number"].min() for before, after in pairwise(blocks))
    pd.testing.assert_frame_equal(pd.concat(blocks, ignore_index=True), joined)


def test_there_is_a_block_also_without_rows() -> None:
    rows = pd.DataFrame({"key": pd.Series(dtype="int64"), "number": pd.Series(dtype="int64")})
    (block,) = levels.list_pairs(rows, rows, ["key"])
    assert (list(block), len(block)) == (["key", "number", "number_of"], 0)


def test_a_median_of_others_leaves_the_row_out() -> None:
    random = np.random.default_rng(2)
    values = pd.Series(random.integers(0, 9, 80).astype(float))
    groups = pd.Series(random.integers(0, 12, 80))
    groups.iloc[0] = 99
    medians = levels.compute_median_of_others(values, groups)
    for place in values.index:
        others = values[(groups == groups[place]) & (values.index != place)]
        assert medians[place] == others.median() or others.empty
    assert np.isnan(medians[0])
