"""The rule `row_count_fell` against the last version, and a last version that is damaged."""

from pathlib import Path

import pytest

from flows.pipeline import quality, steps

HOME = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("published")
    results = steps.compute(steps.check(steps.read([HOME / "data" / "facts"])), None, 0)
    steps.write(results, root, None)
    return root


def test_a_table_that_lost_more_than_a_fifth_is_named() -> None:
    (line,) = quality.fallen({"impact": 100, "lineage": 100}, {"impact": 79, "lineage": 80})
    assert line.startswith("impact.parquet: row_count_fell: 100 rows in the last version, 79")


def test_nothing_is_said_without_a_last_version(tmp_path: Path) -> None:
    assert quality.row_counts(tmp_path) == {}
    assert quality.fallen({}, {"impact": 1}) == []


def test_the_rows_of_the_last_version_are_counted(published: Path) -> None:
    restrictions = (HOME / "data" / "facts" / "restrictions.csv").read_text(encoding="utf-8")
    counts = quality.row_counts(published)
    assert counts["impact"] == 4 * (len(restrictions.splitlines()) - 1)
    assert set(counts) == set(quality.SHRUNK.tables)


def test_a_damaged_latest_is_no_last_version(published: Path, tmp_path: Path) -> None:
    (tmp_path / "versions" / "2026-01-01-aaaaaaaaaaaa").mkdir(parents=True)
    (tmp_path / "latest").symlink_to("versions/2026-01-01-aaaaaaaaaaaa")
    assert quality.row_counts(tmp_path) == {}
    assert quality.row_counts(published) != {}
