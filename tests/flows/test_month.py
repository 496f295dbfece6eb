"""A month of nights on a clock that is moved: what each publishes, and what was said on a day.

python -m tests.flows.test_month    prints the nights and the history as tables
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from audience_impact.cli.command import app
from audience_impact.store import PublishError, history, rollbacks, versions
from audience_impact.store.storage import select_storage
from flows.pipeline import steps
from flows.pipeline.code import describe_origin
from tests.support import edit, small

pytestmark = pytest.mark.service

FIRST = datetime(2026, 11, 1, 5, 15, tzinfo=UTC)
VALUES = {1: "500000", 4: "510000", 12: "690000", 15: "520000", 20: "530000", 25: "540000"}
"""The figure in the facts from a night on; that of the 12th is wrong."""
OTHER_LIBRARY, ROLLBACK, LIFT, AWAY, FAILING = 9, 13, 17, 20, 24


@dataclass(frozen=True)
class Night:
    """What a night did."""

    day: date
    outcome: str
    latest: int


def run_nights(root: Path, facts: Path, nights: int = 30) -> Iterator[Night]:
    """Run each night of a month: publish, and on some nights fail, or roll back in the morning.

    The facts are read and checked each night, and computed when they have changed.
    """
    computed: dict[str, steps.Results] = {}
    for night in range(1, nights + 1):
        if night in VALUES:
            edit(facts, "estimates", "E1", value=VALUES[night])
        if night == FAILING:
            edit(facts, "estimates", "E1", value="many")
        at = FIRST + timedelta(days=night - 1)
        with _make_away(root, night == AWAY), _change_library(night >= OTHER_LIBRARY):
            outcome = _run_night(root, facts, at, night, computed)
        if night == ROLLBACK:
            rollbacks.roll_back(root, "previous", "a figure a third too high", at)
            outcome += "; rolled back"
        if night == LIFT:
            rollbacks.lift_rollback(root, "the figure is corrected", at)
            outcome += "; lifted"
        yield Night(at.date(), outcome, versions.find_latest(root).number)


def _run_night(
    root: Path, facts: Path, at: datetime, night: int, computed: dict[str, steps.Results]
) -> str:
    """Do what the flow does, strictly; the outcome in words."""
    origin = describe_origin(at)
    if night >= OTHER_LIBRARY:
        origin = replace(origin, libraries={**origin.libraries, "pyarrow": "99.0.1"})
    try:
        checked = steps.refuse_errors(
            steps.validate_facts(steps.read_facts([facts]), at.date()), strict=True
        )
        if checked.inputs_sha256 not in computed:
            results = steps.compute_results(checked, None, 0, sensitivity=False)
            computed[checked.inputs_sha256] = results
        done = steps.publish_results(computed[checked.inputs_sha256], root, None, origin)
    except (steps.RefusedError, PublishError) as error:
        return f"nothing published: {str(error).splitlines()[0]}"
    said = f"published v{done.version.number}: {done.reason}" if done.created else "nothing changed"
    return "; ".join([said, *done.notes])


@contextmanager
def _make_away(root: Path, is_away: bool) -> Iterator[None]:
    """Let every write of a night fail, as on a full disk."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        if is_away:
            patch.setattr(os, "fsync", fail)
        yield


@contextmanager
def _change_library(is_other: bool) -> Iterator[None]:
    """Let files be written with other bytes and the same values, as another pyarrow may do."""
    real = pq.ParquetWriter

    def write_otherwise(*words: object, **named: object) -> object:
        return real(*words, **named, compression_level=7)

    with pytest.MonkeyPatch.context() as patch:
        if is_other:
            patch.setattr(pq, "ParquetWriter", write_otherwise)
        yield


def test_a_month_of_nights_is_recorded_and_each_day_can_be_asked_for(tmp_path: Path) -> None:
    root, facts = tmp_path / "published", small(tmp_path / "facts")
    nights = list(run_nights(root, facts))
    said = {night.day.day: night.outcome for night in nights}
    assert said[1].startswith("published v1: the first version")
    assert said[4].startswith("published v2: other facts")
    assert said[9].startswith("published v3: the same values as other bytes (pyarrow ")
    assert "-> 99.0.1" in said[9]
    assert said[12].startswith("published v4")
    assert said[13] == "nothing changed; rolled back"
    assert said[15].startswith("published v5: other facts; latest stays with version v000003-")
    assert "a figure a third too high" in said[16]
    assert said[17].endswith("lifted")
    assert said[20].startswith("nothing published: cannot publish below")
    assert said[21].startswith("published v6")
    assert said[24].startswith("nothing published: ")
    assert "estimates.csv" in said[24]
    assert said[25].startswith("published v7")
    quiet = {2, 3, 5, 6, 7, 8, 10, 11, 18, 19, 22, 23, 26, 27, 28, 29, 30}
    assert {day for day, outcome in said.items() if outcome == "nothing changed"} == quiet
    assert [(night.day.day, night.latest) for night in nights if night.day.day in (12, 14, 16)] == [
        (12, 4),
        (14, 3),
        (16, 3),
    ]
    expected = {3: 1, 10: 3, 12: 4, 14: 3, 16: 3, 18: 5, 20: 5, 22: 6, 24: 6, 30: 7}
    for night in nights:
        assert versions.find_version_on(root, night.day).number == night.latest
        assert expected.get(night.day.day, night.latest) == night.latest
    entries = history.read_history(select_storage(root)).entries
    assert [str(entry.event) for entry in entries] == [
        *("published",) * 4,
        *("rolled back", "published", "lifted", "published", "published"),
    ]
    for day, number in ((11, 3), (12, 4), (14, 3)):
        words = ["show", "R1", "--on", f"2026-11-{day}", "--published", str(root)]
        shown = CliRunner().invoke(app, words)
        assert shown.exit_code == 0, shown.output
        assert versions.find_version(root, f"v{number}").id in shown.stdout


def main() -> None:
    """Print the nights, the history, and the sentence of five days."""
    with tempfile.TemporaryDirectory() as name:
        root, facts = Path(name) / "published", small(Path(name) / "facts")
        print("| night | outcome | latest |\n| --- | --- | --- |")
        for night in run_nights(root, facts):
            print(f"| {night.day} | {night.outcome} | v{night.latest} |")
        place = ["--published", str(root)]
        print("\n" + CliRunner().invoke(app, ["versions", *place]).stdout)
        print("| --on | version | sentence |\n| --- | --- | --- |")
        for day in (3, 10, 12, 16, 22):
            shown = CliRunner().invoke(app, ["show", "R1", "--on", f"2026-11-{day:02}", *place])
            number = versions.find_version_on(root, date(2026, 11, day)).number
            print(f"| 2026-11-{day:02} | v{number} | {shown.stdout.splitlines()[0]} |")


if __name__ == "__main__":
    main()
