"""What all tests share: the repository's facts, a copy to break, and their results."""

import gc
import os
import pickle
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from audience_impact import pipeline
from audience_impact.facts.tables import Finding
from flows.pipeline import cache, code, steps
from tests import engine
from tests.support import FACTS, checked, small
from tests.tools import LEFT_OUT

Once = Callable[[str, Callable[[], Any]], Any]
"""Takes the name of what is made and the function that makes it; returns what was made."""


class Run(NamedTuple):
    """What was computed, and what the stages up to the draws handed on."""

    results: steps.Results
    stages: pipeline.Stages


# Nothing that one test computed is the answer of another, which may have replaced a function.
os.environ["AUDIENCE_IMPACT_CACHE"] = ""

# Altair reads its schemas with jsonschema, and where Jupyter brought it that builds a grammar of
# international addresses, for two seconds in each process; no schema here asks for one.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

# How long an example takes says more of the machine than of the code.
settings.register_profile(
    "steady", deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow]
)
# HYPOTHESIS_PROFILE=thorough: for a night, or after a change of the statistics.
settings.register_profile("thorough", settings.get_profile("steady"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

LONGEST = [
    *("test_cases.py", "test_docs.py", "test_parts_of_a_run.py", "test_run.py"),
    *("test_published_values.py", "test_answers.py", "test_odd_worlds.py", "test_explaining.py"),
    *("test_import.py", "test_refresh.py", "test_report.py", "test_dictionary.py"),
    *("test_facts.py", "test_objects.py", "test_publish.py"),
]
"""Files that take longest: begun first, so that no worker is left alone with one in the end."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import without the collector of garbage, which finds none, and never go through it again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After the order was made random: the longest files before all others."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were left out for want of a program."""
    lines = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])]
    left = Counter(why.partition(LEFT_OUT)[2] for why in lines if LEFT_OUT in why)
    for why, count in sorted(left.items()):
        terminalreporter.write_line(f"{count} tests left out: {why}", yellow=True)


@pytest.fixture(autouse=True)
def _forget_the_world() -> Iterator[None]:
    """Another test may prepare the same world with other code in its place."""
    yield
    engine.PREPARED.clear()


@pytest.fixture
def facts_copy(tmp_path: Path) -> Path:
    """A writable copy of the repository's facts."""
    return Path(shutil.copytree(FACTS, tmp_path / "facts"))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """Make something once for all workers: the first makes it, the others read it."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":  # each worker has a folder of its own in that of the session
        shared = shared.parent

    def made(name: str, make: Callable[[], Any]) -> Any:
        path = shared / f"{name}.pickle"
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                path.write_bytes(pickle.dumps(make()))
        return pickle.loads(path.read_bytes())

    return made


@pytest.fixture(scope="session")
def repository_checked(once: Once) -> steps.Checked:
    """The repository's facts, read and held against every rule."""
    result: steps.Checked = once("checked", lambda: steps.validate_facts(steps.read_facts([FACTS])))
    return result


@pytest.fixture
def checked_once(repository_checked: steps.Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what follows: the repository's facts are not held against every rule anew."""
    held = steps.validate_facts

    def check(reading: steps.Reading, today: date | None = None) -> steps.Checked:
        is_known = reading.folders == (FACTS,) and today is None
        return repository_checked if is_known else held(reading, today)

    monkeypatch.setattr(steps, "validate_facts", check)


@pytest.fixture(scope="session")
def repository_run(repository_checked: steps.Checked, once: Once) -> Run:
    """What is computed from the repository's facts, and the stages that it came from."""

    def make() -> Run:
        result, met = pipeline.prepare_stages, []

        def stages(*words: Any) -> tuple[pipeline.Stages, list[Finding]]:
            met.append(result(*words))
            return met[0]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("audience_impact.pipeline.prepare_stages", stages)
            results = steps.compute_results(
                steps.refuse_errors(repository_checked, strict=True), None, 0
            )
        return Run(results, met[0][0])

    result: Run = once("run", make)
    return result


@pytest.fixture(scope="session")
def repository_results(repository_run: Run) -> steps.Results:
    """What is computed from the repository's facts."""
    return repository_run.results


@pytest.fixture(scope="session")
def repository_published(
    repository_results: steps.Results, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The root that these results are published in, to be read alone."""
    root = tmp_path_factory.mktemp("published")
    steps.publish_results(repository_results, root, None)
    return root


@pytest.fixture(scope="session")
def small_results(once: Once, tmp_path_factory: pytest.TempPathFactory) -> steps.Results:
    """What is computed from the small country, for tests of what becomes of results."""

    def make() -> steps.Results:
        facts = checked(small(tmp_path_factory.mktemp("small") / "facts"))
        return steps.compute_results(steps.refuse_errors(facts, strict=False), None, 0)

    results: steps.Results = once("small", make)
    return results


@pytest.fixture
def small_facts(tmp_path: Path) -> Path:
    """The small country on disk, with a row in every table and a restriction of a service."""
    return small(tmp_path / "small")


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of results of this user, and code that nobody edited just now."""
    folder = tmp_path / "results"
    monkeypatch.setenv(cache.VARIABLE, str(folder))
    monkeypatch.setattr(code, "SETTLED_SECONDS", 0.0)
    return folder
