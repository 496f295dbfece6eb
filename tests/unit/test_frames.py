"""Declared frames: a column that is missing, renamed or of another type stops with its name."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pandas as pd
import pytest

from audience_impact.frames import Declared, Frame, FrameError, cache_last_frame, list_columns

COLUMNS = list_columns(text="name", number="size", day="start", truth="is_on", any="found")
ROWS = pd.DataFrame(
    {
        "name": ["a", "b"],
        "size": [1.0, 2.0],
        "start": pd.to_datetime(["2025-01-01", "2025-01-02"]),
        "is_on": [True, False],
        "found": [["x"], None],
        "more": 1,
    },
    index=pd.Index([7, 8], name="act"),
)
SILENT = pd.DataFrame(index=ROWS.index, columns=[*COLUMNS], dtype="object")


@dataclass(frozen=True)
class Stage(Declared):
    """A value with one frame, whose rows are told apart by a level and a column."""

    FRAMES: ClassVar = {"rows": Frame("acts", COLUMNS, ("act", "name"), ("act",))}
    rows: pd.DataFrame


def test_what_nobody_declared_is_not_handed_on() -> None:
    assert list(Stage(ROWS).rows) == list(COLUMNS)


def test_a_column_without_a_value_is_of_any_type() -> None:
    assert Stage(SILENT).rows.isna().all(axis=None)


@pytest.mark.parametrize("column", COLUMNS)
def test_each_declared_column_is_missed(column: str) -> None:
    for frame in (ROWS.drop(columns=column), ROWS.rename(columns={column: f"{column}_"})):
        with pytest.raises(FrameError, match=f"acts: column {column} is missing"):
            Stage(frame)


@pytest.mark.parametrize("column", ["name", "size", "start", "is_on"])
def test_a_column_of_another_type_is_seen(column: str) -> None:
    for other in {"name", "size", "start", "is_on"} - {column}:
        with pytest.raises(FrameError, match=f"acts: column {column} is .*, not {COLUMNS[column]}"):
            replace(Stage(ROWS), rows=ROWS.assign(**{column: ROWS[other]}))


def test_a_repeated_key_is_seen() -> None:
    with pytest.raises(FrameError, match="two rows with act, name = 7, a"):
        Stage(pd.concat([ROWS, ROWS.head(1)]))
    assert len(Stage(pd.concat([ROWS, ROWS.head(1).assign(name="c")])).rows) == 3


def test_another_index_is_seen() -> None:
    with pytest.raises(FrameError, match="the index is"):
        Stage(ROWS.reset_index())


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
