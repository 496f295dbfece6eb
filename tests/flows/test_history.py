"""The history: what it records, rollbacks, other libraries, and who dies or races."""

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from audience_impact.cli.command import app
from audience_impact.store import AwayError, PublishError, history, publishing, versions
from audience_impact.store.files import as_json
from audience_impact.store.history import Origin
from audience_impact.store.storage import select_storage
from audience_impact.store.versions import Stored
from tests.flows import publish_driver as driver
from tests.flows.publish_driver import KILLS
from tests.support import folder_of

NIGHT = datetime(2026, 11, 1, 5, 15, tzinfo=UTC)
LIBRARIES = {"arrow": "1.0", "numbers": "2.0"}


def on_night(night: int, **libraries: str) -> Origin:
    return Origin(NIGHT + timedelta(days=night), LIBRARIES | libraries, "1.0.0")


def put(
    root: Path | str,
    seed: int,
    night: int = 0,
    keep: int | None = None,
    tables: dict[str, pa.Table] | None = None,
    about: dict[str, Any] | None = None,
    **libraries: str,
) -> publishing.Published:
    return publishing.publish_version(
        Path(root),
        driver.version(seed),
        tables or driver.tables(seed),
        about or driver.about(),
        on_night(night, **libraries),
        {},
        keep,
    )


def back(root: Path | str, name: str, night: int = 0, reason: str = "a wrong figure") -> Stored:
    return publishing.roll_back(Path(root), name, reason, NIGHT + timedelta(days=night))


def latest_seed(root: Path | str) -> int:
    """The seed of the version that a reader gets, which all rows repeat."""
    version = versions.find_latest(Path(root))
    seeds = {seed for name in driver.NAMES for seed in version.read_table(name)["seed"]}
    assert len(seeds) == 1
    return int(seeds.pop())


def events(root: Path | str) -> list[tuple[str, int]]:
    """Each entry: what happened, and to which version `latest` leads."""
    return [
        (str(entry.event), history.split_folder(entry.version)[0])
        for entry in history.read_history(select_storage(root))[0]
    ]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "published"


class AwayStorage:
    address = "s3://bucket/folder"

    def read_file(self, path: str) -> bytes:
        raise TimeoutError("timed out")

    def list_paths(self, folder: str) -> list[str]:
        raise TimeoutError("timed out")


@pytest.mark.parametrize(
    "read",
    [
        lambda store: versions.list_versions(store),
        lambda store: versions.has_manifest(versions.Stored(store, "versions/v000001-x")),
        lambda store: publishing.read_contents(versions.Stored(store, "versions/v000001-x")),
        lambda store: history.read_entry(store, 1),
    ],
)
def test_a_store_that_is_away_is_neither_empty_nor_damaged(read: Callable[[Any], object]) -> None:
    with pytest.raises(AwayError, match="cannot be read"):
        read(AwayStorage())


def test_a_damaged_version_is_not_repaired_with_other_values(root: Path) -> None:
    first = put(root, 1)
    manifest = folder_of(first) / "datapackage.json"
    before = manifest.read_bytes()
    (folder_of(first) / f"{driver.NAMES[0]}.parquet").write_bytes(b"damaged")
    second = put(root, 1, night=1, tables=driver.tables(2), arrow="2.0")
    assert second.created
    assert folder_of(second) != folder_of(first)
    assert manifest.read_bytes() == before


def test_a_day_is_not_answered_where_an_entry_is_damaged(root: Path) -> None:
    put(root, 1, night=0)
    put(root, 2, night=1)
    (root / "history" / "000002.json").write_bytes(b"{")
    with pytest.raises(
        PublishError, match="our history does not say what was published on 2026-11-02"
    ):
        versions.find_version_on(root, date(2026, 11, 2))


# ---- What is recorded ----


def test_each_version_is_recorded_and_a_night_without_news_is_not(root: Path) -> None:
    put(root, 1, night=0)
    put(root, 1, night=1)
    put(root, 2, night=2)
    put(root, 1, night=3)
    assert events(root) == [("published", 1), ("published", 2), ("returned", 1)]
    first, second, third = history.read_history(select_storage(root))[0]
    assert [entry.at for entry in (first, second, third)] == [
        NIGHT + timedelta(days=night) for night in (0, 2, 3)
    ]
    assert first.reason == "the first version"
    assert second.reason == "another seed"
    assert "again" in third.reason
    assert second.libraries == LIBRARIES
    assert second.identity["inputs_sha256"] == driver.version(2).inputs_sha256


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"inputs_sha256": "1" * 64}, "other facts"),
        ({"method_version": "m2"}, "other code or options"),
        ({"inputs_sha256": "1" * 64, "as_of": date(2025, 10, 1)}, "another day, other facts"),
    ],
)
def test_the_reason_names_what_differs(root: Path, change: dict[str, Any], reason: str) -> None:
    put(root, 1)
    version = replace(driver.version(1), **change)
    tables, about = driver.tables(1), driver.about()
    done = publishing.publish_version(root, version, tables, about, on_night(1), {})
    assert done.reason == reason


def test_a_number_is_not_given_twice_after_removals(root: Path) -> None:
    put(root, 1)
    put(root, 2)
    put(root, 1, keep=1)
    assert [version.number for version in versions.list_versions(select_storage(root))] == [1]
    assert put(root, 3).version.number == 3


# ---- What was said on a day ----


def test_what_was_said_on_a_day(root: Path) -> None:
    for seed, night in ((1, 0), (2, 3), (3, 6)):
        put(root, seed, night=night)
    back(root, "v1", night=7)
    said = {}
    for night in range(9):
        day = (NIGHT + timedelta(days=night)).date()
        said[night] = versions.find_version_on(root, day).number
    assert said == {0: 1, 1: 1, 2: 1, 3: 2, 4: 2, 5: 2, 6: 3, 7: 1, 8: 1}
    with pytest.raises(PublishError, match="it begins on 2026-11-01"):
        versions.find_version_on(root, date(2026, 10, 31))


def test_a_version_of_a_day_that_was_removed_is_named(root: Path) -> None:
    put(root, 1)
    gone = versions.find_latest(root).name
    put(root, 2, night=1, keep=1)
    with pytest.raises(PublishError, match=f"{gone}, which is no longer below"):
        versions.find_version_on(root, NIGHT.date())


def test_a_history_without_entries_says_so(root: Path) -> None:
    with pytest.raises(PublishError, match="it has no entry"):
        versions.find_version_on(root, NIGHT.date())


def remove_version(folder: Path) -> None:
    shutil.rmtree(folder)


def remove_manifest(folder: Path) -> None:
    (folder / "datapackage.json").unlink()


def cut_table(folder: Path) -> None:
    path = folder / "table_03.parquet"
    path.write_bytes(path.read_bytes()[:-1])


# ---- Rollbacks ----


def test_a_rollback_lasts_until_the_next_run(root: Path) -> None:
    for seed in (1, 2):
        put(root, seed)
    assert back(root, driver.version(1).id).number == 1
    assert latest_seed(root) == 1
    assert put(root, 3).created
    assert latest_seed(root) == 3
    assert events(root) == [
        ("published", 1),
        ("published", 2),
        ("rolled back", 1),
        ("published", 3),
    ]


@pytest.mark.parametrize("damage", [remove_version, remove_manifest, cut_table])
def test_a_rollback_to_what_is_no_whole_version_changes_nothing(
    root: Path, damage: Callable[[Path], None]
) -> None:
    first = put(root, 1)
    put(root, 2)
    damage(folder_of(first))
    before = events(root)
    with pytest.raises(PublishError, match=r"there is no version|is damaged"):
        back(root, "v1")
    assert latest_seed(root) == 2
    assert events(root) == before


@pytest.mark.parametrize("name", ["v9", "my-backup", "../../elsewhere", "nothing"])
def test_a_rollback_to_a_folder_of_others_is_refused(
    root: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, 1)
    elsewhere = put(tmp_path / "elsewhere", 2)
    shutil.copytree(folder_of(elsewhere), root / "versions" / "my-backup")
    monkeypatch.chdir(root / "versions")
    for place in (name, str(folder_of(elsewhere)), str(tmp_path / "elsewhere")):
        with pytest.raises(PublishError, match=r"no version|nothing has been published"):
            back(root, place)
    assert events(root) == [("published", 1)]


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 501])
def test_a_rollback_needs_a_reason_of_some_words(root: Path, reason: str) -> None:
    put(root, 1)
    with pytest.raises(PublishError, match="reason"):
        back(root, "v1", reason=reason)


def test_a_rollback_where_nothing_is_published_creates_nothing(root: Path) -> None:
    with pytest.raises(PublishError, match="nothing has been published"):
        back(root, "v1")
    assert not root.exists()


def test_a_latest_that_was_moved_by_hand_is_reported(root: Path) -> None:
    first = put(root, 1).version
    put(root, 2)
    (root / "latest").unlink()
    (root / "latest").symlink_to(first.folder)
    listed = CliRunner().invoke(app, ["versions", "--published", str(root)])
    assert f"latest leads to {first.name}, the last entry says v000002-" in listed.stderr
    assert not put(root, 2).created
    assert latest_seed(root) == 2


# ---- Other libraries ----


def written_by_another_library(seed: int) -> dict[str, Any]:
    """Words that reach the bytes of every file and no value, as another release's writer does."""
    about = driver.about()
    return {**about, "licence": {"name": "CC0-1.0", "title": f"other bytes {seed}"}}


def test_a_library_that_changes_bytes_and_no_value_publishes_nothing(root: Path) -> None:
    first = put(root, 1)
    done = put(root, 1, night=1, about=written_by_another_library(1), arrow="1.1")
    assert (done.created, done.version.name) == (False, first.version.name)
    assert events(root) == [("published", 1)]


def with_values_of(seed: int) -> dict[str, Any]:
    """The tables of version 1, of which one has the values of another seed."""
    return driver.tables(1) | {"table_05": driver.tables(seed)["table_05"]}


def test_libraries_that_change_values_twice_and_back_have_three_ids(root: Path) -> None:
    first = put(root, 1)
    second = put(root, 1, night=1, tables=with_values_of(8), arrow="2")
    assert "+values-" in second.version.version.method_version
    assert second.reason == (
        f"other values than version {first.version.name} by other libraries (in table_05)"
    )
    third = put(root, 1, night=2, tables=with_values_of(9), arrow="3")
    assert len({first.version.id, second.version.id, third.version.id}) == 3
    back_to_second = put(root, 1, night=3, tables=with_values_of(8), arrow="2")
    back_to_first = put(root, 1, night=4)
    assert (back_to_second.created, back_to_first.created) == (False, False)
    assert back_to_second.version.name == second.version.name
    assert back_to_first.version.name == first.version.name
    assert [number for _, number in events(root)] == [1, 2, 3, 2, 1]


# ---- A damaged history ----


def test_a_torn_last_entry_stops_publishing_and_not_reading(root: Path) -> None:
    put(root, 1)
    put(root, 2)
    torn = root / "history" / "000002.json"
    torn.write_bytes(torn.read_bytes()[:40])
    with pytest.raises(PublishError, match=r"history/000002\.json is damaged"):
        put(root, 3)
    assert latest_seed(root) == 2
    listed = CliRunner().invoke(app, ["versions", "--published", str(root)])
    assert listed.exit_code == 0
    assert "000002.json is damaged" in listed.stderr
    assert "v000001-" in listed.stdout
    torn.unlink()
    put(root, 3)
    assert latest_seed(root) == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", "../../elsewhere"),
        ("number", 7),
        ("at", "yesterday"),
        ("libraries", 3),
        ("highest", None),
    ],
)
def test_an_entry_with_a_value_of_another_kind_is_damaged(
    root: Path, name: str, value: object
) -> None:
    put(root, 1)
    path = root / "history" / "000001.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    with pytest.raises(PublishError, match=r"000001\.json is damaged"):
        history.read_last(select_storage(root))


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_link_or_file_in_place_of_the_history_is_refused(
    root: Path, tmp_path: Path, kind: str
) -> None:
    put(root, 1)
    elsewhere = Path(shutil.move(root / "history", tmp_path / "elsewhere"))
    if kind == "link":
        (root / "history").symlink_to(elsewhere)
    else:
        (root / "history").write_text("mine")
    before = sorted(elsewhere.iterdir())
    for act in (lambda: put(root, 2), lambda: back(root, "v1")):
        with pytest.raises(PublishError, match="history is a link or a file"):
            act()
    listed = CliRunner().invoke(app, ["versions", "--published", str(root)])
    assert (listed.exit_code, listed.stdout) == (1, "")
    assert listed.stderr.count("\n") == 1
    assert sorted(elsewhere.iterdir()) == before
    assert latest_seed(root) == 1


def test_a_link_in_place_of_the_next_entry_is_not_written_through(
    root: Path, tmp_path: Path
) -> None:
    put(root, 1)
    (root / "history" / "000002.json").symlink_to(tmp_path / "theirs")
    with pytest.raises(PublishError, match="000002"):
        put(root, 2)
    assert not (tmp_path / "theirs").exists()


def test_a_history_that_is_gone_begins_again_with_new_numbers(root: Path) -> None:
    for seed in (1, 2):
        put(root, seed)
    shutil.rmtree(root / "history")
    shown = CliRunner().invoke(app, ["versions", "--published", str(root)])
    latest = versions.find_latest(root).name
    assert shown.stdout.splitlines()[0] == f"not recorded      {latest}  <- latest"
    done = put(root, 3)
    assert done.version.number == 3
    assert events(root) == [("published", 3)]
    assert len(versions.list_versions(select_storage(root))) == 3


def test_two_writers_cannot_write_one_entry(root: Path) -> None:
    put(root, 1)
    store = select_storage(root)
    last = history.read_last(store)
    assert last
    path = history.format_path(last.number)
    store.create_file(path, as_json(last.as_record()))  # a request that is repeated
    with pytest.raises(FileExistsError):
        store.create_file(path, as_json(replace(last, reason="another").as_record()))


# ---- Killed before each step on the disk, and at once ----


STEPS = ("fsync", "mkdir", "rename", "replace", "symlink", "unlink")


def copied(root: Path, place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(root, place, symlinks=True)
    return place


ACTS: dict[str, tuple[Callable[[Path], object], set[int]]] = {
    "publish": (lambda place: put(place, 3), {2, 3}),
    "roll back": (lambda place: back(place, "v1"), {2, 1}),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_stop_at_any_step_leaves_a_whole_version_and_can_be_repeated(
    root: Path, tmp_path: Path, name: str
) -> None:
    act, seeds = ACTS[name]
    for seed in (1, 2):
        put(root, seed)
    seen = set[int]()
    count = driver.stop_before(10_000, lambda: act(copied(root, tmp_path / "copy")), os, STEPS)
    for step in sorted({round(kill * count / KILLS) for kill in range(KILLS + 1)}):
        place = copied(root, tmp_path / "copy")
        driver.stop_before(step, lambda: act(place), os, STEPS)  # noqa: B023
        seen.add(latest_seed(place))
        act(place)
        assert latest_seed(place) == max(seeds - {2})
        assert len(events(place)) == 3
        assert not list(place.rglob(".tmp-*"))
    assert seen == seeds


def test_rollbacks_and_runs_at_once_take_turns(root: Path) -> None:
    for seed in range(4):
        put(root, seed)
    acts: list[Callable[[], object]] = [
        lambda: back(root, "v1", reason="one"),
        lambda: back(root, "v2", reason="two"),
        lambda: put(root, 7),
        lambda: put(root, 8),
    ]
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(act) for act in acts]:
            done.result()
    entries = history.read_history(select_storage(root))[0]
    assert [entry.number for entry in entries] == list(range(1, 9))
    assert versions.find_latest(root).name == entries[-1].version
    assert {entry.reason for entry in entries} >= {"one", "two"}
