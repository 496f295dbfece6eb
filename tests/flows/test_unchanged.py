"""A run of the same facts, code, options and libraries as the last one computes nothing."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audience_impact.plain_text import ReadableError
from audience_impact.store import history, publishing, storage, versions
from audience_impact.store.files import as_json
from audience_impact.store.history import Origin
from flows import runs
from flows.pipeline import code, steps
from flows.runs import RECORD, Outcome, RunOptions
from flows.serving import metrics
from flows.serving.profile import Profile
from tests.support import append, edit, load

Edit = Callable[[Path, Path, pytest.MonkeyPatch], object]
"""Changes the folder of facts, the root of the versions, or the code."""


class ComputingError(ReadableError):
    """The run would compute."""


@pytest.fixture
def facts(small_facts: Path) -> Path:
    return small_facts


@pytest.fixture(scope="module")
def published(small_results: steps.Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("published")
    earlier = replace(small_results, version=replace(small_results.version, seed=9))
    steps.publish_results(earlier, root, None)
    steps.publish_results(small_results, root, None)
    return root


@pytest.fixture
def root(published: Path, facts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small country's version, as a run of these facts left it; no later run computes."""
    root = Path(shutil.copytree(published, tmp_path / "published", symlinks=True))
    record(facts, root)

    def refuse(*_: object) -> None:
        raise ComputingError

    monkeypatch.setattr(steps, "check_facts", refuse)
    return root


def record(facts: Path, root: Path) -> None:
    conditions = runs.digest_conditions(steps.read_facts([facts]), RunOptions([facts], root))
    runs.record_layers(versions.find_latest(root), [facts], conditions)


def run(facts: Path, root: Path, **options: Any) -> Outcome:
    return runs.run_reported(RunOptions([facts], root, **options), Profile())


def read_success(root: Path) -> tuple[float, float]:
    samples = metrics.read_samples(root, Profile())
    values = {name: value for name, labels, value in samples if not labels}
    return values[metrics.SUCCESS], values[metrics.ENDED_WELL]


def test_an_unchanged_run_publishes_and_computes_nothing_and_says_that_it_ran(
    facts: Path, root: Path
) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*.*") if path.is_file()}
    begin = datetime.now(UTC).timestamp()
    outcome = run(facts, root)
    assert (outcome.published.created, outcome.changes, outcome.notes) == (False, [], [])
    assert outcome.published.version.name == versions.find_latest(root).name
    after = {path: path.read_bytes() for path in root.rglob("*.*") if path.is_file()}
    changed = {path.name for path in after if after[path] != before.get(path)}
    assert changed == {metrics.NAME}
    assert read_success(root)[0] == 1.0
    assert read_success(root)[1] >= begin
    assert metrics.find_trouble(root, Profile(), datetime.now(UTC)) is None


def test_a_run_that_computed_is_followed_by_one_that_does_not(
    facts: Path, small_results: steps.Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_lasting() -> list[str]:
        samples = metrics.read_samples(tmp_path / "root", Profile())
        return sorted(repr(sample) for sample in samples if not sample[0].endswith("seconds"))

    monkeypatch.setattr(steps, "compute_results", lambda *_: small_results)
    computed = run(facts, tmp_path / "root")
    first = read_lasting()
    monkeypatch.setattr(steps, "check_facts", None)
    outcome = run(facts, tmp_path / "root")
    assert outcome.published.version.name == computed.published.version.name
    assert outcome.replaced_count == computed.replaced_count
    assert read_lasting() == first


@pytest.mark.parametrize(
    "options",
    [{"recompute": True}, {"seed": 1}, {"strict": True}, {"as_of": datetime(2026, 1, 31).date()}],
)
def test_another_option_is_computed(options: dict[str, Any], facts: Path, root: Path) -> None:
    with pytest.raises(ComputingError):
        run(facts, root, **options)


def _change_library(_facts: Path, _root: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(code, "describe_origin", lambda: Origin(datetime.now(UTC), {"numpy": "0"}))


def _damage_table(_facts: Path, root: Path, _patch: pytest.MonkeyPatch) -> None:
    path = root / "latest" / "impact.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])  # of the same size


def _roll_back(_facts: Path, root: Path, _patch: pytest.MonkeyPatch) -> None:
    publishing.roll_back(root, versions.PREVIOUS, "the facts were wrong", datetime.now(UTC))


def _stop_before_latest(_facts: Path, root: Path, _patch: pytest.MonkeyPatch) -> None:
    """Leave an entry of the history to which a writer that died did not move `latest`."""
    store = storage.select_storage(root)
    last = history.read_last(store)
    assert last
    entry = replace(last, number=last.number + 1, version="v000009-2026-01-31-000000000000")
    store.create_file(history.format_path(entry.number), as_json(entry.as_record()))


@pytest.mark.parametrize(
    "change",
    [
        lambda facts, *_: edit(facts, "areas", "XA", name="Elsewhere"),
        lambda facts, *_: (facts / "unknown.csv").write_text("a\n", "utf-8"),
        lambda facts, *_: (facts / ".unfinished").write_text("import", "utf-8"),
        lambda _facts, _root, patch: patch.setattr(code, "code_sha256", lambda: "another"),
        _change_library,
        _damage_table,
        _roll_back,
        _stop_before_latest,
        lambda _facts, root, _: (root / RECORD).unlink(),
        lambda _facts, root, _: (root / RECORD).write_text("{", "utf-8"),
        lambda _facts, root, _: (root / "latest" / "datapackage.json").write_text("{}", "utf-8"),
        lambda _facts, root, _: (root / "latest").unlink(),
    ],
)
def test_whatever_else_changed_is_computed(
    change: Edit, facts: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(facts, root, monkeypatch)
    with pytest.raises(ComputingError):
        run(facts, root)


def test_facts_of_the_future_are_computed_anew(
    facts: Path, small_results: steps.Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, rows = load(facts / "sources.csv")
    future = {"source_id": "X", "accessed_on": str(datetime.now(UTC).year + 1)}
    append(facts, "sources", dict(zip(header, rows[0], strict=True)) | future)
    monkeypatch.setattr(steps, "compute_results", lambda *_: small_results)
    run(facts, tmp_path / "root")
    monkeypatch.setattr(steps, "compute_results", None)
    with pytest.raises(TypeError):
        run(facts, tmp_path / "root")


def test_the_same_facts_in_another_folder_are_computed(facts: Path, root: Path) -> None:
    """A version names the files of its findings with their folders."""
    with pytest.raises(ComputingError):
        run(facts.rename(facts.with_name("moved")), root)


def test_an_unchanged_run_removes_the_versions_beyond_those_to_be_left(
    facts: Path, root: Path
) -> None:
    outcome = run(facts, root, keep=1)
    assert len(outcome.published.removed) == 1
    listed = versions.list_versions(storage.select_storage(root))
    assert [version.name for version in listed] == [versions.find_latest(root).name]


def test_an_unchanged_run_imports_no_library_of_the_statistics(facts: Path, root: Path) -> None:
    code_of_run = (
        "import sys; from audience_impact.cli.command import app\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
        "print({'scipy', 'statsmodels', 'prefect'} & set(sys.modules))"
    )
    words = ["run", "--facts", str(facts), "--published", str(root)]
    done = subprocess.run(
        [sys.executable, "-c", code_of_run, *words], capture_output=True, text=True, check=True
    )
    *_, last = done.stdout.splitlines()
    assert f"nothing changed: still version {versions.find_latest(root).id}" in done.stdout
    assert last == "set()"
