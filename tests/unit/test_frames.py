"""Declared frames: a column that is missing stops the run, and no other column is handed on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import pandas as pd
import pytest

from audience_impact.frames import Declared, cache_last_frame

ROWS = pd.DataFrame({"name": ["a"], "size": [1.0], "start": [pd.NaT], "more": 1})


@dataclass(frozen=True)
class Stage(Declared):
    """A value with one frame."""

    rows: Annotated[pd.DataFrame, "name size", "start"]


def test_what_nobody_declared_is_not_handed_on() -> None:
    assert list(Stage(ROWS).rows) == ["name", "size", "start"]
    with pytest.raises(KeyError, match="size"):
        Stage(ROWS.drop(columns="size"))


def test_a_cached_frame_is_made_anew_for_other_frames() -> None:
    made: list[float] = []

    @cache_last_frame
    def doubled(frame: pd.DataFrame) -> pd.DataFrame:
        made.append(float(frame["a"].sum()))
        return frame * 2

    first, second = (pd.DataFrame({"a": [value]}) for value in (1.0, 2.0))
    assert doubled(first) is doubled(first)
    assert doubled(second)["a"].tolist() == [4.0]
    assert doubled(first)["a"].tolist() == [2.0]
    assert made == [1.0, 2.0, 1.0]


def test_what_tables_give_is_made_anew_where_one_table_is_another() -> None:
    made: list[int] = []

    @cache_last_frame
    def count(tables: Mapping[str, pd.DataFrame]) -> int:
        made.append(sum(map(len, tables.values())))
        return made[-1]

    tables = {"a": ROWS, "b": ROWS}
    assert [count(tables), count({**tables}), count({**tables, "b": ROWS.iloc[:0]})] == [2, 2, 1]
    assert count({"a": ROWS}) == 1
    assert made == [2, 1, 1]
