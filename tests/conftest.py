"""What all tests share: the repository's facts, a copy to break, and their results."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from flows.pipeline import steps
from tests.support import FACTS, small

# How long an example takes says more of the machine than of the code.
settings.register_profile(
    "steady", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.fixture
def facts_copy(tmp_path: Path) -> Path:
    """A writable copy of the repository's facts."""
    return Path(shutil.copytree(FACTS, tmp_path / "facts"))


@pytest.fixture(scope="session")
def repository_checked() -> steps.Checked:
    """The repository's facts, read and held against every rule."""
    return steps.check(steps.read([FACTS]))


@pytest.fixture(scope="session")
def repository_results(repository_checked: steps.Checked) -> steps.Results:
    """What is computed from the repository's facts."""
    return steps.compute(steps.gate(repository_checked, strict=True), None, 0)


@pytest.fixture
def small_facts(tmp_path: Path) -> Path:
    """The small country on disk, with a row in every table and a restriction of a service."""
    return small(tmp_path / "small")
