"""What Prefect's pages show of a run: version, facts, day, the report, and the answers."""

import shutil
from pathlib import Path

import pytest

from audience_impact.store import versions
from audience_impact.store.publishing import Published
from flows import pages


@pytest.fixture(scope="module")
def version(repository_published: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The repository's facts, published where a report may be written."""
    root = tmp_path_factory.mktemp("artifacts") / "published"
    shutil.copytree(repository_published, root, symlinks=True)
    return Published(versions.find_latest(root), True, ())


@pytest.fixture(scope="module")
def shown(version: Published) -> str:
    return pages.format_answers(version, [Path("data/facts"), Path("more")])


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
    assert len(largest) == len(newest) == pages.HEADLINE_COUNT
    assert " people in " in largest[0]
    assert "(IN-2026-06-16-telegram)" in newest[0]


def test_the_report_is_named_or_said_to_be_missing(version: Published) -> None:
    def said() -> str:
        return pages.format_answers(version, [Path("facts")]).split("\n\n")[1]

    root = version.path.parents[1]
    assert "There is no report yet" in said()
    for name, ending in ((version.version_id, "index.html."), ("older", ", of version older.")):
        (root / "reports" / name).mkdir(parents=True)
        (root / "reports" / name / "index.html").write_text("<!doctype html>", encoding="utf-8")
        (root / "report").unlink(missing_ok=True)
        (root / "report").symlink_to(Path("reports") / name)
        assert said().endswith(ending)


def test_the_checks_tell_what_failed(version: Published) -> None:
    checks = pages.format_checks(version)
    assert "checks over" in checks
    assert "| check | table | severity |" in checks
