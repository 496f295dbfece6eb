"""Versions in an object store that speaks S3: whole, whoever dies or is overtaken."""

import itertools
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import obstore
import pytest
from typer.testing import CliRunner

from audience_impact.cli.command import app
from audience_impact.exporting.export import list_files
from audience_impact.store import (
    MANIFEST,
    PublishError,
    files,
    history,
    manifest,
    objects,
    publishing,
    storage,
    versions,
)
from audience_impact.store.objects import BucketStorage
from flows.pipeline import steps
from tests.flows import publish_driver as driver
from tests.flows.publish_driver import KILLS
from tests.support import small

pytestmark = pytest.mark.service

REGION = "us-east-1"


@contextmanager
def serve_s3(log: Path) -> Iterator[str]:
    """The address of a server that speaks S3 and writes what it says into a file."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            with suppress(httpx.TransportError):
                httpx.get(address)
                break
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve_s3(tmp_path_factory.mktemp("s3") / "log") as address:
        yield address


def set_keys(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {
        "AWS_ACCESS_KEY_ID": "me",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": REGION,
    }
    for name, value in keys.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def root(endpoint: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty folder in a bucket of the test's own."""
    set_keys(endpoint, monkeypatch)
    bucket = f"b{abs(hash(request.node.name))}"
    httpx.put(f"{endpoint}/{bucket}").raise_for_status()
    return f"s3://{bucket}/some/where"


@pytest.fixture
def store(root: str) -> BucketStorage:
    """The place as this process writes to it."""
    return objects.open_bucket(root)


def list_folders(store: BucketStorage) -> set[str]:
    return {path.partition("/")[0] for path in store.list_paths("versions")}


def put(root: str, seed: int, keep: int | None = None) -> publishing.Published:
    return publishing.publish_version(
        Path(root),
        driver.version(seed),
        driver.tables(seed),
        driver.about(),
        driver.ORIGIN,
        {},
        keep,
    )


def test_a_version_is_published_found_and_not_written_twice(root: str) -> None:
    done = put(root, 1)
    assert done.created
    assert done.version.address == f"{root}/versions/v000001-{done.version.id}"
    assert not put(root, 1).created
    assert put(root, 2).created
    found = versions.find_latest(Path(root))
    assert found.id == driver.version(2).id
    assert set(found.read_table("table_00")["seed"]) == {2}


def test_the_oldest_go_and_the_latest_stays(root: str, store: BucketStorage) -> None:
    names = [put(root, seed, keep=2).version.name for seed in (1, 2, 3)]
    assert list_folders(store) == set(names[1:])
    assert versions.find_latest(Path(root)).name == names[2]


def test_the_archive_of_a_release_is_read_in_a_bucket(root: str, store: BucketStorage) -> None:
    version = put(root, 1).version
    name = f"audience-impact-{version.id}"
    files = {f"{name}/{path}": version.read_content(path) for path in version.files}
    store.write_file(
        "some.zip", manifest.pack_files({**files, f"{name}/{MANIFEST}": version.manifest_bytes})
    )
    released = versions.find_latest(Path(f"{root}/some.zip"))
    assert released.id == version.id
    assert released.read_table("table_00").equals(version.read_table("table_00"))
    with pytest.raises(PublishError, match=r"cannot be opened as a release: .*absent"):
        versions.find_latest(Path(f"{root}/absent.zip"))


def die_while_writing(root: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write all of a version but its manifest."""
    real = obstore.put

    def fail(store: Any, path: str, *words: Any, **named: Any) -> Any:
        if path.endswith("datapackage.json"):
            raise KeyboardInterrupt
        return real(store, path, *words, **named)

    with monkeypatch.context() as patch:
        patch.setattr(obstore, "put", fail)
        with pytest.raises(KeyboardInterrupt):
            put(root, seed)


def test_what_a_dead_publisher_left_is_removed(
    root: str, store: BucketStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_while_writing(root, 2, monkeypatch)
    dead = f"v000001-{driver.version(2).id}"
    assert list_folders(store) == {dead}
    done = put(root, 1)
    assert done.version.number == 2
    put(root, 1)
    assert list_folders(store) == {done.version.name}


def test_objects_of_others_stay_whatever_their_names(
    root: str, store: BucketStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_while_writing(root, 2, monkeypatch)
    mine = [
        "versions/my-backup/impact.parquet",
        "versions/2025-09-30-000000000000/impact.parquet",
        f"versions/v000001-{driver.version(2).id}/notes.txt",
    ]
    for path in mine:
        store.write_file(path, b"mine")
    first = put(root, 1, keep=1).version
    store.write_file(f"{first.folder}/notes.txt", b"mine")
    put(root, 3, keep=1)
    for path in (*mine, f"{first.folder}/notes.txt"):
        assert store.read_file(path) == b"mine"
    with pytest.raises(FileNotFoundError):
        store.read_file(f"{first.folder}/table_00.parquet")


def test_facts_are_read_by_address(root: str, store: BucketStorage, tmp_path: Path) -> None:
    folder = small(tmp_path / "facts")
    for path in folder.glob("*.csv"):
        store.write_file(path.name, path.read_bytes())
    here, there = steps.read_facts([folder]), steps.read_facts([Path(root)])
    assert there.files == here.files
    assert {name: len(frame) for name, frame in there.tables.items()} == {
        name: len(frame) for name, frame in here.tables.items()
    }
    assert there.folders == (Path(root),)


def test_the_command_shows_and_compares_what_lies_elsewhere(
    root: str, store: BucketStorage, small_results: steps.Results, tmp_path: Path
) -> None:
    steps.publish_results(small_results, tmp_path, None)
    folder = (tmp_path / "latest").resolve()
    for path in list_files(folder):
        store.write_file(f"versions/{folder.name}/{path}", (folder / path).read_bytes())
    store.read_pointer("latest")
    store.move_pointer("latest", f"versions/{folder.name}")
    shown = CliRunner().invoke(app, ["show", "R1", "--published", root])
    assert shown.exit_code == 0, shown.output
    assert "R1" in shown.output
    compared = CliRunner().invoke(app, ["diff", "latest", "latest", "--published", root])
    assert compared.exit_code == 0, compared.output
    assert "nothing changed" in compared.output.lower()


# ---- The history, rollbacks and two writers ----


def read_whole(root: str) -> str:
    """Read all of `latest` and hold it against its manifest; the id of the version."""
    result = versions.find_latest(Path(root))
    seed = result.version.seed
    for name in driver.NAMES:
        assert set(result.read_table(name)["seed"]) == {seed}
    return result.id


def roll_back(root: str, name: str) -> None:
    publishing.roll_back(Path(root), name, "a wrong figure", driver.ORIGIN.at)


@pytest.mark.parametrize("name", ["publish", "roll back"])
def test_a_stop_before_any_request_leaves_a_whole_version_and_is_completed(
    root: str, store: BucketStorage, name: str
) -> None:
    put(root, 1)
    put(root, 2)
    acts: dict[str, Callable[[int], object]] = {
        "publish": lambda step: put(root, 100 + step),
        "roll back": lambda _: roll_back(root, "v1"),
    }
    act = acts[name]
    count = driver.stop_before(10_000, lambda: act(0), obstore, ("put", "delete"))
    for step in sorted({round(kill * count / KILLS) for kill in range(KILLS)}):
        put(root, 2)
        driver.stop_before(step, lambda: act(1 + step), obstore, ("put", "delete"))  # noqa: B023
        read_whole(root)
        put(root, 3)
        last = history.read_last(store)
        assert last
        assert versions.find_latest(Path(root)).name == last.version
    numbers = history.list_numbers(store)
    assert numbers == list(range(1, len(numbers) + 1))


def test_an_acknowledgement_that_is_lost_costs_no_entry(root: str, store: BucketStorage) -> None:
    put(root, 1)
    content = store.read_file("history/000001.json")
    store.create_file("history/000001.json", content)  # the request that is repeated
    with pytest.raises(FileExistsError):
        store.create_file("history/000001.json", content + b" ")


@contextmanager
def run_before(
    path: str, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]
) -> Iterator[None]:
    """Do something once, just before the first object whose path ends so is written."""
    real, waiting = obstore.put, [act]

    def overtake(store: Any, place: str, *words: Any, **named: Any) -> Any:
        if place.endswith(path) and waiting:
            waiting.pop()()
        return real(store, place, *words, **named)

    with monkeypatch.context() as patch:
        patch.setattr(obstore, "put", overtake)
        yield


@pytest.mark.parametrize("path", ["table_05.parquet", "history/000002.json", "latest"])
def test_a_writer_whom_another_overtakes_is_refused_and_changes_nothing(
    root: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    put(root, 1)
    with (
        run_before(path, monkeypatch, lambda: put(root, 3)),
        pytest.raises(PublishError, match="another run has written"),
    ):
        put(root, 2)
    assert read_whole(root) == driver.version(3).id
    assert put(root, 2).version.id == versions.find_latest(Path(root)).id


# ---- What is wrong ----


def test_a_pointer_that_leads_nowhere_is_named(root: str, store: BucketStorage) -> None:
    with pytest.raises(PublishError, match="nothing has been published"):
        versions.find_latest(Path(root))
    store.write_file("latest", b"nonsense")
    with pytest.raises(PublishError, match="leads to no version"):
        versions.find_latest(Path(root))
    with pytest.raises(PublishError, match="leads to no version"):
        put(root, 1)


def test_a_store_that_is_away_is_one_line(monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(objects, "RETRY", {"max_retries": 0})
    for act in (lambda: put(root, 1), lambda: steps.read_facts([Path(root)])):
        with pytest.raises(PublishError) as error:
            act()
        assert root in str(error.value)
        assert "\n" not in str(error.value)


def test_a_variable_set_to_nothing_is_none(monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "")  # the last that is told wins, and the client panics
    monkeypatch.setattr(objects, "RETRY", {"max_retries": 0})
    with pytest.raises(PublishError, match=root):
        put(root, 1)


@pytest.mark.parametrize("address", ["http://example.org/x", "nonsense://x", "file:///x", "s3://"])
def test_an_address_of_no_store_is_named(address: str) -> None:
    with pytest.raises(PublishError, match=address.partition(":")[0]):
        storage.select_storage(address)


def test_a_list_without_an_end_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = itertools.repeat([{"path": "versions/x"}], 11)
    monkeypatch.setattr(obstore, "list", lambda *_: batches)
    monkeypatch.setattr(files, "MOST_BYTES", 9_999)
    with pytest.raises(PublishError, match="s3://a/b: the list of it is longer than 9,999"):
        objects.open_bucket("s3://a/b").list_paths("versions")
    assert len(list(batches)) == 1  # the rest was not asked for


def test_facts_beyond_every_measure_are_not_copied(
    root: str, store: BucketStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write_file("sources.csv", b"x" * 100)
    monkeypatch.setattr(files, "MOST_BYTES", 99)
    with pytest.raises(PublishError, match="longer than 99 bytes"):
        steps.read_facts([Path(root)])
