"""What Prefect's pages show of a run: version, facts, day, and the answers."""

import shutil
from pathlib import Path

import pytest

from audience_impact.store import versions
from audience_impact.store.versions import Stored
from flows import publish_impact


@pytest.fixture(scope="module")
def version(repository_published: Path, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """The repository's facts, published where a report may be written."""
    root = tmp_path_factory.mktemp("artifacts") / "published"
    shutil.copytree(repository_published, root, symlinks=True)
    return versions.find_latest(root)


@pytest.fixture(scope="module")
def shown(version: Stored) -> str:
    return publish_impact.format_answers(version, [Path("data/facts"), Path("more")])


def test_the_answers_begin_with_version_facts_and_day(version: Stored, shown: str) -> None:
    first = shown.splitlines()[0]
    known = version.manifest["audience_impact"]
    assert f"**{version.id}**" in first
    for part in ("30 November 2026", known["inputs_sha256"][:12], "data/facts, more"):
        assert part in first


def test_the_answers_are_a_row_each(shown: str) -> None:
    assert "| `RU-2025-08-13-calls` |" in shown or "| RU-2025-08-13-calls |" in shown


def test_the_checks_tell_what_failed(version: Stored) -> None:
    checks = publish_impact.format_checks(version)
    assert "checks over" in checks
    assert "| check | table | severity |" in checks
