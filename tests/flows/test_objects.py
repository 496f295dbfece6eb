"""Versions in an object store that speaks S3, in another process: whole, whoever dies or races."""

import concurrent.futures
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import httpx
import obstore
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from audience_impact.cli.command import app
from audience_impact.store import (
    PublishError,
    files,
    history,
    manifest,
    objects,
    publishing,
    rollbacks,
    storage,
    versions,
)
from audience_impact.store.manifest import MANIFEST
from audience_impact.store.objects import ObjectStorage
from flows.pipeline import steps
from tests.flows import publish_driver as driver
from tests.support import small

pytestmark = pytest.mark.service

DRIVER = Path(__file__).with_name("publish_driver.py")
KILLS = int(os.environ.get("AUDIENCE_IMPACT_KILLS", "6"))
READERS = 20 if KILLS > 8 else 3
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
    """A server that speaks S3."""
    with serve_s3(tmp_path_factory.mktemp("s3") / "log") as address:
        yield address


def set_keys(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process use the buckets of a server."""
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
def store(root: str) -> ObjectStorage:
    """The place as this process writes to it, with a short lease."""
    found = objects.open_storage(root)
    found.lease_seconds = 0.3
    return found


def put(root: str, seed: int, keep: int | None = None) -> publishing.Published:
    """Publish the version of a seed."""
    return publishing.publish_version(
        Path(root), driver.version(seed), driver.tables(seed), driver.about(), driver.ORIGIN, keep
    )


def test_a_version_is_published_found_and_not_written_twice(root: str) -> None:
    done = put(root, 1)
    assert done.created
    assert done.version.address == f"{root}/versions/v000001-{done.version_id}"
    assert not put(root, 1).created
    assert put(root, 2).created
    found = versions.find_latest(Path(root))
    assert found.id == driver.version(2).id
    assert set(found.read_table("table_00")["seed"]) == {2}


def test_the_oldest_go_and_the_latest_stays(root: str) -> None:
    ids = []
    for seed in (1, 2, 3):
        ids.append(put(root, seed, keep=2).version.name)
        time.sleep(1.05)  # the store tells the time of an object in seconds
    assert set(objects.open_storage(root).list_names("versions")) == set(ids[1:])
    assert versions.find_latest(Path(root)).name == ids[2]


def test_a_damaged_version_is_mended(root: str, store: ObjectStorage) -> None:
    done = put(root, 1)
    store.write_file(f"{done.version.folder}/table_00.parquet", b"damaged")
    with pytest.raises(PublishError, match="publish again to repair it"):
        done.version.read_table("table_00")
    assert put(root, 1).created
    assert set(done.version.read_table("table_00")["seed"]) == {1}


def test_the_archive_of_a_release_is_read_in_a_bucket(root: str, store: ObjectStorage) -> None:
    version = put(root, 1).version
    name = "audience-impact"
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
    root: str, store: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_while_writing(root, 2, monkeypatch)
    assert store.list_names("versions") == [f"v000001-{driver.version(2).id}"]
    done = put(root, 1)
    assert store.list_names("versions") == [done.version.name]


def test_objects_of_others_stay_whatever_their_names(
    root: str, store: ObjectStorage, monkeypatch: pytest.MonkeyPatch
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


@pytest.mark.parametrize(
    "content",
    [b"no JSON", b"[]", b"[" * 200_000, b'{"files": 1}', b'{"files": ["../../latest"]}'],
    ids=["no JSON", "a list", "deep nesting", "a number", "another folder"],
)
def test_a_mark_that_names_no_objects_of_its_folder_is_one_line(
    root: str, store: ObjectStorage, content: bytes
) -> None:
    put(root, 1)
    store.write_file("versions/2025-09-30-000000000000/.begun", content)
    with pytest.raises(PublishError, match="does not name objects of its folder: move it away"):
        put(root, 2)
    assert store.read_pointer("latest") == f"versions/v000001-{driver.version(1).id}"


def test_every_reader_reads_by_address(root: str, endpoint: str) -> None:
    # Imported here: the other files of tests need not wait for readers.
    import polars as pl
    import s3fs

    done = put(root, 7)
    address = f"{done.version.address}/table_00.parquet"
    options = {"endpoint_url": endpoint, "key": "me", "secret": "secret"}
    assert set(pd.read_parquet(address, storage_options=options)["seed"]) == {7}
    files = s3fs.S3FileSystem(**options, skip_instance_cache=True)
    connection = duckdb.connect()
    connection.register_filesystem(files)
    (row,) = connection.execute(f"select distinct seed from '{address}'").fetchall()
    assert row == (7,)
    away = {"aws_endpoint_url": endpoint, "aws_region": REGION, "aws_allow_http": "true"}
    keys = {"aws_access_key_id": "me", "aws_secret_access_key": "secret"}
    assert set(pl.read_parquet(address, storage_options=away | keys)["seed"]) == {7}
    own = pyarrow.fs.S3FileSystem(
        access_key="me", secret_key="secret", endpoint_override=endpoint, region=REGION
    )
    table = ds.dataset(address.removeprefix("s3://"), filesystem=own).to_table()
    assert set(table["seed"].to_pylist()) == {7}


def test_facts_are_read_by_address(root: str, store: ObjectStorage, tmp_path: Path) -> None:
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
    root: str, repository_published: Path
) -> None:
    store = objects.open_storage(root)
    folder = (repository_published / "latest").resolve()
    for path in folder.iterdir():
        store.write_file(f"versions/{folder.name}/{path.name}", path.read_bytes())
    with store.hold_lock(1):
        store.read_pointer("latest")
        store.move_pointer("latest", f"versions/{folder.name}")
    shown = CliRunner().invoke(app, ["show", "RU-2025-08-13-calls", "--published", root])
    assert shown.exit_code == 0, shown.output
    assert "WhatsApp" in shown.output
    compared = CliRunner().invoke(app, ["diff", "latest", "latest", "--published", root])
    assert compared.exit_code == 0, compared.output
    assert "nothing changed" in compared.output.lower()


# ---- Copies of the latest tables, the history and rollbacks ----


def read_copy(store: ObjectStorage) -> set[int]:
    """The seeds that a reader finds at the addresses that never change."""
    seeds = set[int]()
    for name in driver.NAMES:
        table = pq.read_table(io.BytesIO(store.read_file(f"current/{name}.parquet")))
        seeds |= set(table["seed"].to_pylist())
    told = json.loads(store.read_file("current/datapackage.json"))
    return seeds | {told["audience_impact"]["seed"]}


def roll_back(root: str, name: str) -> None:
    rollbacks.roll_back(Path(root), name, "a wrong figure", driver.ORIGIN.at)


def lift(root: str) -> None:
    rollbacks.lift_rollback(Path(root), "it is mended", driver.ORIGIN.at)


def test_tables_of_the_latest_version_have_addresses_that_never_change(
    root: str, store: ObjectStorage
) -> None:
    for seed in (1, 2):
        put(root, seed)
        assert read_copy(store) == {seed}
    roll_back(root, "v1")
    put(root, 3)
    assert read_copy(store) == {1}
    lift(root)
    assert read_copy(store) == {3}
    assert "current/.begun" not in {f"current/{name}" for name in store.list_names("current")}
    events = [str(entry.event) for entry in history.read_history(store).entries]
    assert events == ["published", "published", "rolled back", "published", "lifted"]


def test_tables_that_the_latest_version_lacks_have_no_copy(root: str, store: ObjectStorage) -> None:
    put(root, 1)
    store.write_file("current/notes.txt", b"mine")
    fewer = dict(list(driver.tables(2).items())[:3])
    publishing.publish_version(Path(root), driver.version(2), fewer, driver.about(), driver.ORIGIN)
    tables = {f"{name}.parquet" for name in driver.NAMES[:3]}
    assert set(store.list_names("current")) == {*tables, "datapackage.json", "notes.txt"}


def test_objects_of_others_in_the_place_of_the_copies_are_not_overwritten(
    root: str, store: ObjectStorage
) -> None:
    store.write_file("current/table_00.parquet", b"mine")
    with pytest.raises(PublishError, match=r"current/ has objects that no run wrote, such as tab"):
        put(root, 1)
    assert store.read_file("current/table_00.parquet") == b"mine"
    assert store.list_names("versions") == []


class Killed(BaseException):
    """The process ends here, and nothing behind it is done."""


def stop_before(step: int, act: Callable[[], object]) -> bool:
    """Do something and stop before a request that changes something; whether it was stopped."""
    count = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count > step:
                raise Killed
            return real(*words, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("put", "copy", "delete"):
            patch.setattr(obstore, name, counted(getattr(obstore, name)))
        try:
            act()
        except Killed:
            return True
    return False


@pytest.mark.parametrize("name", ["publish", "roll back", "lift"])
def test_a_stop_before_any_request_leaves_a_whole_version_and_is_completed(
    root: str, store: ObjectStorage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real = objects.open_storage

    def open_with_short_lease(address: str) -> ObjectStorage:
        opened = real(address)
        opened.lease_seconds = 0.2
        return opened

    monkeypatch.setattr(objects, "open_storage", open_with_short_lease)
    monkeypatch.setattr(objects, "POLL_SECONDS", 0.05)
    put(root, 1)
    acts: dict[str, Callable[[int], object]] = {
        "publish": lambda step: put(root, 100 + step),
        "roll back": lambda _: roll_back(root, "v1"),
        "lift": lambda _: lift(root),
    }
    act, step, stopped = acts[name], 0, True
    while stopped:
        put(root, 2)
        if name == "lift":
            roll_back(root, "v1")
        stopped = stop_before(step, lambda: act(step))  # noqa: B023
        read_whole(root)
        put(root, 3)
        last = history.read_last(store)
        assert last
        latest = versions.find_latest(Path(root))
        assert latest.name == last.latest
        seed = latest.manifest["audience_impact"]["seed"]
        assert read_copy(store) == {seed}
        if last.is_pinned:
            lift(root)
        step += 3 if stopped else 0
    assert step > 10
    numbers = history.list_numbers(store)
    assert numbers == list(range(1, len(numbers) + 1))


def test_an_acknowledgement_that_is_lost_costs_no_entry(root: str, store: ObjectStorage) -> None:
    put(root, 1)
    last = history.read_last(store)
    assert last
    with store.hold_lock(1):
        content = store.read_file("history/000001.json")
        store.create_file("history/000001.json", content)  # the request that is repeated
        with pytest.raises(FileExistsError):
            store.create_file("history/000001.json", content + b" ")


# ---- Locks ----


def test_a_live_holder_is_waited_for_and_not_taken_over(root: str, store: ObjectStorage) -> None:
    other = objects.open_storage(root)
    other.lease_seconds = 0.5
    with store.hold_lock(1):
        for _ in range(8):
            store._renew_lock()
            time.sleep(0.1)
            assert other._read_tag(".lock") == store._lock_tag
    with other.hold_lock(1):
        pass
    assert other._read_tag(".lock") is None


def test_who_slept_beyond_the_lease_changes_nothing(root: str, store: ObjectStorage) -> None:
    with store.hold_lock(1):
        store.read_pointer("latest")
        other = objects.open_storage(root)
        other.lease_seconds = 0.3
        with other.hold_lock(1):
            other.read_pointer("latest")
            other.move_pointer("latest", "versions/theirs")
            with pytest.raises(PublishError, match="took over"):
                store.write_folder("versions/ours", {"datapackage.json": b"{}"})
            with pytest.raises(PublishError, match=r"took over|meanwhile"):
                store.move_pointer("latest", "versions/ours")
    assert objects.open_storage(root).read_pointer("latest") == "versions/theirs"


def test_a_lock_that_is_held_is_told_of(root: str, store: ObjectStorage) -> None:
    with store.hold_lock(1):
        other = objects.open_storage(root)
        other.lease_seconds = 60
        with pytest.raises(PublishError, match="another run is publishing"), other.hold_lock(-59.9):
            pass


# ---- What is wrong ----


def test_a_pointer_that_leads_nowhere_is_named(root: str, store: ObjectStorage) -> None:
    with pytest.raises(PublishError, match="nothing has been published"):
        versions.find_latest(Path(root))
    store.write_file("latest", b"nonsense")
    with pytest.raises(PublishError, match="leads to no version"):
        versions.find_latest(Path(root))
    with pytest.raises(PublishError, match="leads to no version"):
        put(root, 1)


def test_a_store_that_is_away_is_one_line(monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(files, "RETRY", {"max_retries": 0})
    for act in (lambda: put(root, 1), lambda: steps.read_facts([Path(root)])):
        with pytest.raises(PublishError) as error:
            act()
        assert root in str(error.value)
        assert "\n" not in str(error.value)


def test_a_variable_set_to_nothing_is_none(monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "")  # the last that is told wins, and the client panics
    monkeypatch.setattr(files, "RETRY", {"max_retries": 0})
    with pytest.raises(PublishError, match=root):
        put(root, 1)


@pytest.mark.parametrize("text", ["a minute", "nan", "-1", "0", "inf"])
def test_a_lease_that_is_no_number_of_seconds_is_named(
    text: str, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With some of them two writers would have the lock at once, or nobody ever again."""
    monkeypatch.setenv("AUDIENCE_IMPACT_LEASE_SECONDS", text)
    with pytest.raises(PublishError, match=f"AUDIENCE_IMPACT_LEASE_SECONDS is '{text}': give"):
        storage.select_storage(root)


@pytest.mark.parametrize("address", ["http://example.org/x", "nonsense://x", "file:///x", "s3://"])
def test_an_address_of_no_store_is_named(address: str) -> None:
    with pytest.raises(PublishError, match=address.partition(":")[0]):
        storage.select_storage(address)


def test_facts_beyond_every_measure_are_not_copied(
    root: str, store: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write_file("sources.csv", b"x" * 100)
    monkeypatch.setattr(files, "MOST_BYTES", 99)
    with pytest.raises(PublishError, match="longer than 99 bytes"):
        steps.read_facts([Path(root)])


# ---- Killed, read and raced ----


def breed(root: str, environment: dict[str, str]) -> "subprocess.Popen[str]":
    """A process that forks a publisher without end for each seed sent."""
    process = subprocess.Popen(
        [sys.executable, str(DRIVER), "breed", root, "3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | environment,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def kill_one(bred: "subprocess.Popen[str]", seed: int, chance: random.Random) -> None:
    """Let a publisher begin, and kill it after a while."""
    assert bred.stdin
    assert bred.stdout
    bred.stdin.write(f"{seed}\n")
    bred.stdin.flush()
    child = int(bred.stdout.readline())
    time.sleep(chance.uniform(0.3, 1.6))
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    bred.stdout.readline()


def read_whole(root: str) -> str:
    """Read all of `latest` and hold it against its manifest; the id of the version."""
    for _ in range(20):
        found = versions.find_latest(Path(root))
        try:
            told = json.loads(found.store.read_file(f"{found.folder}/datapackage.json"))
            seed = told["audience_impact"]["seed"]
            for name in driver.NAMES:
                assert set(found.read_table(name)["seed"]) == {seed}
            return found.id
        except (FileNotFoundError, PublishError):
            # It was removed while it was read, for there are newer ones: `latest` says which.
            assert versions.find_latest(Path(root)).id != found.id
    raise AssertionError("never whole")


def test_latest_is_whole_whoever_dies_reads_or_races(root: str) -> None:
    put(root, 0)
    lease = {"AUDIENCE_IMPACT_LEASE_SECONDS": "0.5"}
    two = [breed(root, lease), breed(root, lease)]
    chance, seen = random.Random(7), set[str]()

    def publisher(number: int) -> None:
        for turn in range(KILLS // 2):
            kill_one(two[number], 1000 * (2 * turn + number + 1), chance)

    def live() -> None:
        for seed in (999_991, 999_992):
            put_again(root, seed)

    try:
        with concurrent.futures.ThreadPoolExecutor(READERS + 3) as pool:
            killing = [pool.submit(publisher, number) for number in (0, 1)]
            killing.append(pool.submit(live))  # and one lives
            readers = [pool.submit(read_until, root, killing) for _ in range(READERS)]
            for one in killing:
                one.result()
            for reader in readers:
                seen |= reader.result()
    finally:
        for process in two:
            process.kill()
            process.communicate()
    assert len(seen) > 1  # versions came and went while they were read
    last = put(root, 999_999)
    assert read_whole(root) == last.version_id
    entries = history.read_history(objects.open_storage(root)).entries
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[-1].latest == last.version.name
    assert read_copy(objects.open_storage(root)) == {999_999}


def put_again(root: str, seed: int) -> None:
    """Publish, and again where another took over: on a busy machine a lease of 0.5 s runs out."""
    for _ in range(KILLS):
        with suppress(PublishError):
            put(root, seed)
            return
    raise AssertionError("never published")


def read_until(root: str, done: list["concurrent.futures.Future[None]"]) -> set[str]:
    """Read until the others are done; which versions were seen."""
    seen = {read_whole(root)}
    while not all(one.done() for one in done):
        seen.add(read_whole(root))
    return seen
