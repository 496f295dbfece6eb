"""The sweep over time, against a count of one day after the other."""

import random
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact.periods import DAY
from audience_impact.simulation.phases import constant_intervals, find_equal_sets

Span = tuple[str, str, int, int]
FIRST = pd.Timestamp(2024, 12, 20)

spans = st.lists(
    st.tuples(
        st.sampled_from(["RU", "IR", "A"]),
        st.sampled_from(["web", "chat", "all", "b"]),
        st.integers(0, 110),
        st.integers(-3, 90),
    ).map(lambda each: (each[0], each[1], each[2], each[2] + each[3])),
    max_size=12,
)


def framed(rows: Sequence[Span]) -> pd.DataFrame:
    group, item, start, end = zip(*rows, strict=True) if rows else ((), (), (), ())
    days = [FIRST + pd.to_timedelta(np.array(each, dtype=int), unit="D") for each in (start, end)]
    return pd.DataFrame(
        {
            "group": pd.Series(group, dtype="str"),
            "item": pd.Series(item, dtype="str"),
            "start": days[0].astype(DAY),
            "end": days[1].astype(DAY),
        }
    )


def day_by_day(rows: Sequence[Span]) -> dict[tuple[str, pd.Timestamp], frozenset[str]]:
    """The set in force for each group and day with anything in force."""
    result = defaultdict(set)
    for group, item, start, end in rows:
        for day in range(start, end):
            result[group, FIRST + pd.Timedelta(days=day)].add(item)
    return {key: frozenset(items) for key, items in result.items()}


def sets_of(members: pd.DataFrame) -> dict[int, frozenset[str]]:
    assert not members.duplicated().any()
    return {int(key): frozenset(rows) for key, rows in members.groupby("set_id")["item"]}


def unfolded(
    pieces: pd.DataFrame, members: pd.DataFrame
) -> dict[tuple[str, pd.Timestamp], frozenset[str]]:
    """The set of each group and day, from the pieces; no day is in two of them."""
    sets, result = sets_of(members), {}
    for piece in pieces.itertuples():
        for day in pd.date_range(piece.start, piece.end, inclusive="left"):
            assert (piece.group, day) not in result
            result[piece.group, day] = sets[piece.set_id]
    return result


@given(spans)
def test_pieces_unfold_to_a_count_of_every_day(rows: list[Span]) -> None:
    assert unfolded(*constant_intervals(framed(rows))) == day_by_day(rows)


@given(spans)
def test_pieces_are_cut_at_every_start_end_and_first_of_a_month(rows: list[Span]) -> None:
    frame = framed(rows)
    pieces, _ = constant_intervals(frame)
    for piece in pieces.itertuples():
        inside = pd.date_range(piece.start, piece.end, inclusive="neither")
        of_group = frame[(frame["group"] == piece.group) & (frame["start"] < frame["end"])]
        assert not inside.isin(of_group["start"]).any()
        assert not inside.isin(of_group["end"]).any()
        assert not (inside.day == 1).any()
        assert piece.month == f"{piece.start:%Y-%m}"
        assert piece.days == (piece.end - piece.start).days


@given(spans)
def test_equal_sets_of_a_group_have_one_number_and_others_have_others(rows: list[Span]) -> None:
    pieces, members = constant_intervals(framed(rows))
    sets = sets_of(members)
    named = {(row.group, sets[row.set_id]): row.set_id for row in pieces.itertuples()}
    assert len(named) == pieces["set_id"].nunique() == len(sets)
    assert list(dict.fromkeys(pieces["set_id"])) == list(range(len(sets)))


@given(spans, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[Span], mixer: random.Random) -> None:
    mixed = mixer.sample(rows, len(rows))
    for one, other in zip(
        constant_intervals(framed(rows)), constant_intervals(framed(mixed)), strict=True
    ):
        pd.testing.assert_frame_equal(one, other)


def swept(*rows: Span) -> list[tuple[str, int, int, list[str]]]:
    """Group, first day, days, items of each piece."""
    pieces, members = constant_intervals(framed(rows))
    sets = sets_of(members)
    return [
        (row.group, (row.start - FIRST).days, row.days, sorted(sets[row.set_id]))
        for row in pieces.itertuples()
    ]


def test_groups_do_not_cut_each_other() -> None:
    assert swept(("RU", "a", 0, 10), ("IR", "a", 3, 5)) == [
        ("IR", 3, 2, ["a"]),
        ("RU", 0, 10, ["a"]),
    ]


def test_spans_without_days_or_dates_count_for_nothing() -> None:
    frame = framed([("RU", "a", 4, 4), ("RU", "b", 4, 2), ("RU", "c", 1, 2), ("RU", "d", 1, 2)])
    frame.loc[2, "end"] = pd.NaT
    frame.loc[3, "start"] = pd.NaT
    pieces, members = constant_intervals(frame)
    assert pieces.empty
    assert members.empty


def test_days_long_before_1970() -> None:
    old = framed([("RU", "a", 0, 4)])
    old["start"], old["end"] = pd.Timestamp(1899, 12, 30), pd.Timestamp(1900, 1, 2)
    pieces, _ = constant_intervals(old)
    assert pieces["month"].tolist() == ["1899-12", "1900-01"]
    assert pieces["days"].tolist() == [2, 1]


def test_a_moment_inside_a_day_is_refused() -> None:
    frame = framed([("RU", "a", 0, 4)])
    frame["end"] += pd.Timedelta(hours=1)
    with pytest.raises(ValueError, match="end must be at midnight"):
        constant_intervals(frame)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1), st.integers(0, 3)), max_size=20))
def test_sets_with_the_same_rows_of_each_kind_are_one(rows: list[tuple[int, int, int]]) -> None:
    table = pd.DataFrame(sorted(set(rows)), columns=["set_id", "kind", "row"], dtype="int64")
    group = np.array([0, 0, 0, 1, 1, 1])
    asked = [table.loc[table["kind"] == kind, ["set_id", "row"]] for kind in (0, 1)]
    number, distinct = find_equal_sets(asked, group)
    content = [
        (of, *({*part.loc[part["set_id"] == name, "row"]} for part in asked))
        for name, of in enumerate(group)
    ]
    for one in range(6):
        assert [content[one] == other for other in content] == (number == number[one]).tolist()
        rest = [{*part.loc[part["set_id"] == number[one], "row"]} for part in distinct]
        assert rest == list(content[one][1:])
    first = pd.Series(number).drop_duplicates()
    assert first.tolist() == list(range(len(first)))
