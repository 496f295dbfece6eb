"""What the measurement of the service counts as lost."""

from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.service import faults, moments, table

WELL: dict[str, Any] = {
    "schedules_without_a_run": 0,
    "runs": 3,
    "states": {"Completed": 3},
    "versions_of_others": 0,
    "latest_is_newest": True,
}
TOLD: dict[str, Any] = {"settled": True, "processes_left": 0, "environments": {"north": WELL}}


def test_where_all_is_well_nothing_is_told() -> None:
    assert faults(TOLD) == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"schedules_without_a_run": 1}, "north: schedules without a run"),
        ({"states": {"Completed": 2, "Running": 1}}, "north: runs that did not end well"),
        ({"states": {"Failed": 3}}, "north: runs that did not end well"),
        ({"versions_of_others": 1}, "north: versions of others"),
        ({"latest_is_newest": False}, "north: newest facts not published"),
    ],
)
def test_what_an_environment_lost_is_told(changed: dict[str, Any], fault: str) -> None:
    assert faults(TOLD | {"environments": {"north": WELL | changed}}) == [fault]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [({"settled": False}, "not settled"), ({"processes_left": 2}, "processes left")],
)
def test_what_was_left_is_told(changed: dict[str, Any], fault: str) -> None:
    assert faults(TOLD | changed) == [fault]


def test_a_schedule_is_due_until_the_last_moment() -> None:
    def at(minute: int, second: int = 0) -> datetime:
        return datetime(2026, 1, 31, 5, minute, second, tzinfo=UTC)

    assert moments(at(2), at(7, 59), 2) == {at(2), at(4), at(6)}
    assert moments(at(2), at(8), 3) == {at(2), at(5), at(8)}


def test_the_table_has_a_column_for_each_environment() -> None:
    lines = table(
        TOLD | {"environments": {"north": WELL, "south": WELL | {"runs": 7}}}
    ).splitlines()
    (runs,) = [line.split() for line in lines if line.startswith("runs ")]
    assert runs == ["runs", "3", "7"]
