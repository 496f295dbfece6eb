"""What Prefect's pages show of a run: version, facts, day, the report, and the answers."""

import logging
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from audience_impact.store import versions
from audience_impact.store.publishing import Published
from flows import division, run_reports


@pytest.fixture(scope="module")
def version(repository_published: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The repository's facts, published where a report may be written."""
    root = tmp_path_factory.mktemp("artifacts") / "published"
    shutil.copytree(repository_published, root, symlinks=True)
    return Published(versions.find_latest(root), True, ())


@pytest.fixture(scope="module")
def shown(version: Published) -> str:
    return run_reports.format_answers(version, [Path("data/facts"), Path("more")], None)


def test_the_answers_begin_with_version_facts_and_day(version: Published, shown: str) -> None:
    first = shown.splitlines()[0]
    known = version.version.manifest["audience_impact"]
    assert f"**{version.version_id}**" in first
    for part in ("30 November 2026", known["inputs_sha256"][:12], "data/facts, more"):
        assert part in first


def test_the_largest_and_the_newest_are_told_in_sentences(shown: str) -> None:
    largest, newest = (
        shown.partition(f"## The {name}\n\n")[2].partition("\n\n##")[0].splitlines()
        for name in ("largest", "newest")
    )
    assert len(largest) == len(newest) == run_reports.HEADLINE_COUNT
    assert " people in " in largest[0]
    assert "(IN-2026-06-16-telegram)" in newest[0]


def test_the_report_is_linked_or_named_or_said_to_be_missing(version: Published) -> None:
    def said(address: str | None) -> str:
        return run_reports.format_answers(version, [Path("facts")], address).split("\n\n")[1]

    root = version.path.parents[1]
    assert "There is no report yet" in said(None)
    assert said("https://example.org/a") == "[The report](<https://example.org/a>)"
    for name, ending in ((version.version_id, "index.html."), ("older", ", of version older.")):
        (root / "reports" / name).mkdir(parents=True)
        (root / "reports" / name / "index.html").write_text("<!doctype html>", encoding="utf-8")
        (root / "report").unlink(missing_ok=True)
        (root / "report").symlink_to(Path("reports") / name)
        assert said(None).endswith(ending)


def test_the_checks_tell_what_failed(version: Published) -> None:
    checks = run_reports.format_checks(version)
    assert "checks over" in checks
    assert "| check | table | severity |" in checks


@pytest.fixture
def artifacts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What Prefect is given to show as progress."""
    given: list[tuple[Any, ...]] = []

    def create(*words: Any) -> UUID:
        given.append(words)
        return UUID(int=1)

    def update(key: UUID, *words: Any) -> None:
        given.append(words)

    monkeypatch.setattr(run_reports, "create_progress_artifact", create)
    monkeypatch.setattr(run_reports, "update_progress_artifact", update)
    monkeypatch.setattr(run_reports, "get_run_logger", lambda: logging.getLogger("run"))
    return given


def test_progress_shows_each_step_and_each_part(artifacts: list[tuple[Any, ...]]) -> None:
    progress = run_reports.RunProgress("north")
    for step in ("read", "known_by", "check", "compute"):
        progress.begin_step(step)
    with progress.count_parts():
        division.count_part(1, 2)
        division.count_part(2, 2)
    division.count_part(1, 1)  # of somebody else, later
    progress.end()
    assert artifacts == [
        (0.0, "progress-north", "starting"),
        (0.0, "reading the facts"),
        (10.0, "checking them"),
        (20.0, "computing the answers"),
        (55.0, "computing the answers: 1 of 2 parts"),
        (90.0, "computing the answers: 2 of 2 parts"),
        (100.0, "done"),
    ]


def test_a_register_of_one_part_has_none_to_count(artifacts: list[tuple[Any, ...]]) -> None:
    with run_reports.RunProgress(None).count_parts():
        division.count_part(1, 1)
    assert artifacts == [(0.0, "progress", "starting")]


@pytest.mark.usefixtures("artifacts")
def test_progress_that_cannot_be_shown_stops_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*words: Any) -> None:
        raise httpx.ConnectError("away")

    progress = run_reports.RunProgress(None)
    monkeypatch.setattr(run_reports, "update_progress_artifact", fail)
    progress.end()
    monkeypatch.setattr(run_reports, "create_progress_artifact", fail)
    run_reports.RunProgress(None).end()
