"""Versions are whole, the same everywhere, and survive whatever dies while they are written."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audience_impact.store import PublishError, manifest, storage, versions
from audience_impact.store.history import Origin
from audience_impact.store.publishing import Published, publish_version
from audience_impact.store.storage import LocalStorage
from audience_impact.store.versions import Version
from tests.support import folder_of

pytestmark = pytest.mark.service

DRIVER = Path(__file__).with_name("publish_driver.py")
VERSION = Version(date(2025, 9, 30), "a" * 64, "method-1", "schema-1", 42)
ORIGIN = Origin(datetime(2025, 10, 1, 5, 15, tzinfo=UTC), {"arrow": "1.0"}, "0.1.0")


def field(name: str, kind: pa.DataType, nullable: bool = True) -> pa.Field:
    """Return a column that describes itself."""
    told = {"description": f"the {name}", "unit": "persons", "sdmx_concept": "OBS_VALUE"}
    return pa.field(name, kind, nullable, metadata=told)


SCHEMA = pa.schema(
    [
        field("id", pa.string(), nullable=False),
        field("row", pa.int64(), nullable=False),
        field("printed_min_persons", pa.int64()),
        field("share", pa.float64()),
        field("not_computed_yet", pa.float64()),
        field("never_known", pa.string()),
        field("flagged", pa.bool_()),
        field("ended_on", pa.date32()),
        field("note", pa.large_string()),
    ]
)
ROWS = [
    ("a", 1, 96_000_000, 0.91, None, None, True, date(2025, 8, 13), "naïve, “quoted”"),
    ("b", 2, None, None, None, None, None, None, None),
    ("c", 3, 2**53 + 1, 0.0, None, None, False, date(2024, 2, 29), ""),
]


def example() -> dict[str, pa.Table]:
    """Return tables with everything that validators and readers stumble over."""
    table = pa.Table.from_pylist(
        [dict(zip(SCHEMA.names, row, strict=True)) for row in ROWS], schema=SCHEMA
    )
    return {
        "impact": table,
        "numbers": table.select(["row", "printed_min_persons", "share", "not_computed_yet"]),
        "quarantine": table.slice(0, 0),
    }


PANEL = {"title": "A panel", "path": "https://example.org/panel"}
CENSUS = {"title": "A census"}
ABOUT: dict[str, Any] = {
    "title": "Audience impact",
    "description": "People at least and at most",
    "licence": {"name": "CC-BY-4.0", "title": "Creative Commons Attribution 4.0"},
    "sources": [PANEL, CENSUS],
    "tables": {
        "impact": {
            "title": "Impact",
            "description": "Bounds",
            "sources": [PANEL, CENSUS],
            "primary_key": ["id", "row"],
        },
        "numbers": {
            "title": "Numbers",
            "description": "No text",
            "sources": [CENSUS],
            "primary_key": ["row"],
        },
        "quarantine": {
            "title": "Quarantine",
            "description": "Refused",
            "folder": "details/",
            "sources": [],
            "primary_key": ["id"],
        },
    },
}


FACTS = {"0/estimates.csv": b"a,b\n1,2\n", "1/estimates.csv": b"a,b\n"}


def put(
    root: Path,
    version: Version = VERSION,
    tables: dict[str, pa.Table] | None = None,
    about: dict[str, Any] = ABOUT,
    keep: int | None = None,
) -> Published:
    tables = example() if tables is None else tables
    return publish_version(root, version, tables, about, ORIGIN, FACTS, keep)


def seeded(seed: int) -> Version:
    return replace(VERSION, seed=seed)


def latest(root: Path) -> Path:
    return Path(versions.find_latest(root).address)


def told_of(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return told


def contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def stamps(root: Path) -> dict[str, tuple[int, int]]:
    """Return the inode and time of change of everything but the lock."""
    paths = [path for path in root.rglob("*") if path.name != ".lock"]
    stats = {str(path): path.lstat() for path in paths}
    return {path: (stat.st_ino, stat.st_ctime_ns) for path, stat in stats.items()}


def leftovers(root: Path) -> list[Path]:
    return [*root.glob("**/.tmp-*")]


def assert_whole(folder: Path) -> dict[str, Any]:
    """Check every file against the manifest, without the code under test."""
    told = told_of(folder)
    assert told["resources"]
    for resource in told["resources"]:
        path = folder / resource["path"]
        content = path.read_bytes()
        assert resource["hash"] == f"sha256:{sha256(content).hexdigest()}"
        assert resource["size_bytes"] == len(content)
        if resource["name"] == "facts":
            continue
        table = pq.read_table(path)
        assert table.num_rows == resource["rows"]
        if table.column_names == ["seed"]:  # a table of the driver: no mixture of versions
            assert set(table["seed"].to_pylist()) == {told["audience_impact"]["seed"]}
    return told


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "published"


# What is written.


def test_same_tables_give_same_bytes_in_two_roots(tmp_path: Path) -> None:
    one, two = put(tmp_path / "one"), put(tmp_path / "two")
    assert contents(folder_of(one)) == contents(folder_of(two))
    assert set(contents(folder_of(one))) == {
        *("impact.parquet", "numbers.parquet", "details/quarantine.parquet"),
        *("facts.zip", "datapackage.json"),
    }


def test_how_a_table_was_built_reaches_no_byte(tmp_path: Path) -> None:

    def rebuilt(table: pa.Table) -> pa.Table:
        fields = [
            field.with_metadata(dict(reversed(field.metadata.items()))) for field in table.schema
        ]
        pieces = [table.slice(row, 1) for row in range(table.num_rows)] or [table]
        return pa.concat_tables(pieces).cast(pa.schema(fields, {"pandas": "{}"}))

    tables = {name: rebuilt(table) for name, table in reversed(example().items())}
    assert tables["impact"]["id"].num_chunks == 3
    one, two = put(tmp_path / "one"), put(tmp_path / "two", tables=tables)
    assert contents(folder_of(one)) == contents(folder_of(two))


def test_every_column_and_every_file_describes_itself(root: Path) -> None:
    published = put(root)
    for name, table in example().items():
        path = folder_of(published) / published.version.find_path(name)
        schema = pq.read_schema(path)
        # Parquet has one type of text
        short = [
            pa.field(field.name, pa.string(), field.nullable)
            if pa.types.is_large_string(field.type)
            else field
            for field in table.schema
        ]
        assert schema.equals(pa.schema(short))
        footer = pq.read_metadata(path).metadata
        assert footer == schema.metadata
        names = ("", "_columns", "_sources")
        assert set(footer) == {f"audience_impact{ending}".encode() for ending in names}
        assert json.loads(footer[b"audience_impact_columns"]) == {
            field.name: {
                "description": f"the {field.name}",
                "sdmx_concept": "OBS_VALUE",
                "unit": "persons",
            }
            for field in schema
        }
        assert json.loads(footer[b"audience_impact"]) == {
            "as_of": "2025-09-30",
            "inputs_sha256": "a" * 64,
            "method_version": "method-1",
            "schema_version": "schema-1",
            "seed": 42,
            "version_id": VERSION.id,
            "table": name,
            "title": ABOUT["tables"][name]["title"],
            "description": ABOUT["tables"][name]["description"],
            "licence": ABOUT["licence"],
        }
        assert json.loads(footer[b"audience_impact_sources"]) == ABOUT["tables"][name]["sources"]


def test_files_are_zstd_with_fixed_row_groups(root: Path) -> None:
    rows = manifest.ROW_GROUP_ROWS + 1
    schema = pa.schema([field("row", pa.int64(), nullable=False)])
    tables = {"numbers": pa.table([range(rows)], schema=schema)}
    written = pq.read_metadata(folder_of(put(root, tables=tables)) / "numbers.parquet")
    assert written.num_row_groups == 2
    assert written.row_group(0).num_rows == manifest.ROW_GROUP_ROWS
    assert written.row_group(0).column(0).compression == "ZSTD"
    assert written.row_group(0).column(0).statistics.max == rows - 2


def test_manifest_repeats_what_the_files_say(root: Path) -> None:
    told = assert_whole(folder_of(put(root)))
    assert told["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert told["created"] == "2025-09-30T00:00:00Z"
    assert told["version"] == VERSION.id
    assert told["licenses"] == [ABOUT["licence"]]
    assert told["sources"] == ABOUT["sources"]
    resources = {resource["name"]: resource for resource in told["resources"]}
    assert {name: resource.get("rows") for name, resource in resources.items()} == {
        "impact": 3,
        "numbers": 3,
        "quarantine": 0,
        "facts": None,
    }
    impact = resources["impact"]
    assert (impact["type"], impact["format"], "bytes" in impact) == ("table", "parquet", False)
    assert impact["schema"]["primaryKey"] == ["id", "row"]
    fields = {field["name"]: field for field in impact["schema"]["fields"]}
    assert {name: field["type"] for name, field in fields.items()} == {
        "id": "string",
        "row": "integer",
        "printed_min_persons": "number",
        "share": "number",
        "not_computed_yet": "number",
        "never_known": "string",
        "flagged": "boolean",
        "ended_on": "date",
        "note": "string",
    }
    assert fields["row"]["constraints"] == {"required": True}
    assert fields["printed_min_persons"] == {
        "name": "printed_min_persons",
        "type": "number",
        "description": "the printed_min_persons",
        "unit": "persons",
        "sdmx_concept": "OBS_VALUE",
    }


def test_facts_are_kept_beside_the_tables_and_count_as_none(root: Path, tmp_path: Path) -> None:
    version = put(root).version
    folder = latest(root)
    told = {resource["path"]: resource for resource in told_of(folder)["resources"]}["facts.zip"]
    content = (folder / "facts.zip").read_bytes()
    assert told["hash"] == f"sha256:{sha256(content).hexdigest()}"
    assert told["size_bytes"] == len(content)
    assert set(version.count_rows()) == set(example())
    layers = manifest.write_layers(version.fact_files(), tmp_path / "facts")
    assert [path.name for path in layers] == ["0", "1"]
    assert (layers[0] / "estimates.csv").read_bytes() == FACTS["0/estimates.csv"]
    assert version.version == VERSION
    command = [sys.executable, "-m", "frictionless", "validate", "datapackage.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "INVALID" not in done.stdout


def test_a_damaged_archive_is_named_and_a_publish_mends_it(root: Path) -> None:
    version = put(root).version
    (latest(root) / "facts.zip").write_bytes(b"")
    with pytest.raises(PublishError, match=r"facts\.zip is damaged or missing"):
        version.fact_files()
    assert put(root).created
    assert version.fact_files() == FACTS


# Which version it is.


@pytest.mark.parametrize(
    "change",
    [
        {"as_of": date(2025, 10, 1)},
        {"inputs_sha256": "b" * 64},
        {"method_version": "method-2"},
        {"schema_version": "schema-2"},
        {"seed": 43},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_makes_a_new_version_and_moves_latest(
    root: Path, change: Mapping[str, Any]
) -> None:
    old = put(root)
    before = contents(folder_of(old))
    new = put(root, replace(VERSION, **change))
    assert new.created
    assert new.version.id[11:] != old.version.id[11:]
    assert latest(root) == folder_of(new)
    assert contents(folder_of(old)) == before


def test_publishing_again_writes_nothing(root: Path) -> None:
    first = put(root)
    before = stamps(root)
    second = put(root)
    assert (first.created, second.created) == (True, False)
    assert folder_of(second) == folder_of(first)
    assert stamps(root) == before


def test_the_tree_may_move(root: Path) -> None:
    put(root)
    moved = root.rename(root.with_name("elsewhere"))
    assert not Path(os.readlink(moved / "latest")).is_absolute()
    assert_whole(latest(moved))


# What is refused, and leaves everything as it was.


STRUCTS = pa.table({"x": [{"y": 1}]})
REFUSED = {
    "no table": ({"tables": {}}, "no table to publish"),
    "struct": ({"tables": {"numbers": STRUCTS}}, "published tables are of text, numbers"),
    "keep": ({"keep": 0}, "keep must be at least 1"),
}


@pytest.mark.parametrize(("wrong", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(root: Path, wrong: dict[str, Any], message: str) -> None:
    put(root)
    before = stamps(root)
    with pytest.raises(PublishError, match=message):
        put(root, seeded(2), **wrong)
    assert stamps(root) == before


def test_a_root_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(PublishError, match=r"cannot publish below .*file"):
        put(tmp_path / "file")


@pytest.mark.parametrize("step", ["fsync", "symlink"])
def test_a_disk_that_fails_leaves_latest(
    root: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    old = put(root)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(PublishError, match="No space left"):
            put(root, seeded(2))
    assert latest(root) == folder_of(old)
    assert_whole(folder_of(old))
    put(root, seeded(2))
    assert_whole(latest(root))
    assert not leftovers(root)


# What somebody or something did to the folders.


def test_nothing_published_yet(root: Path) -> None:
    with pytest.raises(PublishError, match="nothing has been published below"):
        latest(root)


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_latest_that_is_no_link_is_left_alone(root: Path, kind: str) -> None:
    root.mkdir(parents=True)
    mine = root / "latest" / "mine" if kind == "folder" else root / "latest"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine", encoding="utf-8")
    for ask in (put, latest):
        with pytest.raises(PublishError, match=r"latest is no link to a version.*move it away"):
            ask(root)
    assert mine.read_text(encoding="utf-8") == "mine"
    assert not list(root.glob("versions/*"))


def cut(folder: Path) -> None:
    path = folder / "impact.parquet"
    path.write_bytes(path.read_bytes()[:-1])


def lose(folder: Path) -> None:
    (folder / "impact.parquet").unlink()


def lose_details(folder: Path) -> None:
    """Lose the folder of tables that explain others."""
    shutil.rmtree(folder / "details")


def cut_manifest(folder: Path) -> None:
    path = folder / "datapackage.json"
    path.write_bytes(path.read_bytes()[:-9])


def empty_manifest(folder: Path) -> None:
    (folder / "datapackage.json").write_text('{"resources": []}', encoding="utf-8")


DAMAGES = [cut, lose, lose_details, cut_manifest, empty_manifest, shutil.rmtree]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_version_is_replaced(root: Path, damage: Callable[[Path], None]) -> None:
    first = put(root)
    before = contents(folder_of(first))
    damage(folder_of(first))
    assert put(root).created
    assert contents(latest(root)) == before
    assert not leftovers(root)


def test_leftovers_of_the_dead_are_removed(root: Path) -> None:
    put(root)
    unfinished = root / "versions" / "v000001-2025-09-30-000000000000"
    unfinished.mkdir()
    (unfinished / "impact.parquet").touch()
    (unfinished / ".tmp-numbers.parquet-1").touch()
    os.symlink("versions/nowhere", root / ".tmp-latest-1")
    put(root)
    assert not leftovers(root)
    assert not unfinished.exists()


def test_files_of_others_stay_whatever_their_names(root: Path) -> None:
    put(root)
    mine = [root / ".tmp-mine", root / ".tmp-mine-2024", root / "versions" / ".tmp-mine-2024"]
    mine.append(root / ".tmp-latest-2024" / "notes")
    mine.append(root / "versions" / "v000001-2025-09-30-000000000000" / "notes.txt")
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("precious")
    put(root)
    assert [path.read_text() for path in mine] == ["precious"] * len(mine)


def test_files_of_others_in_an_old_version_stay_when_it_goes(root: Path) -> None:
    first = put(root, seeded(1))
    (folder_of(first) / "notes.txt").write_text("precious")
    second = put(root, seeded(2), keep=1)
    assert second.removed == (first.version.name,)
    assert [path.name for path in folder_of(first).iterdir()] == ["notes.txt"]
    assert not leftovers(root)
    assert put(root, seeded(3), keep=1).removed == (second.version.name,)
    assert (folder_of(first) / "notes.txt").read_text() == "precious"


@pytest.mark.parametrize("name", ["versions", "history"])
def test_a_link_in_place_of_a_folder_is_not_written_through(
    root: Path, tmp_path: Path, name: str
) -> None:
    put(root)
    elsewhere = Path(shutil.move(root / name, tmp_path / "elsewhere"))
    (root / name).symlink_to(elsewhere)
    before = stamps(elsewhere)
    with pytest.raises(PublishError, match=f"{name} is a link or a file where a folder must be"):
        put(root, seeded(2))
    assert stamps(elsewhere) == before


def test_a_link_in_place_of_a_version_is_not_followed(root: Path, tmp_path: Path) -> None:
    first = put(root)
    elsewhere = Path(shutil.move(folder_of(first), tmp_path / "elsewhere"))
    folder_of(first).symlink_to(elsewhere)
    next(elsewhere.glob("*.parquet")).write_text("damaged")
    before = stamps(elsewhere)
    assert put(root).version.number == 2
    assert stamps(elsewhere) == before


# Old versions.


def publish_seeds(root: Path, seeds: range) -> list[Published]:
    return [put(root, seeded(seed)) for seed in seeds]


def kept(root: Path) -> set[str]:
    return {path.name for path in (root / "versions").iterdir()}


@pytest.mark.parametrize("keep", [1, 3, 5, 9])
def test_keep_removes_the_oldest(root: Path, keep: int) -> None:
    ids = [one.version.name for one in publish_seeds(root, range(4))]
    (root / "versions" / "my notes").mkdir()
    new = put(root, seeded(9), keep=keep)
    gone = ids[: max(5 - keep, 0)]
    assert new.removed == tuple(gone)
    assert kept(root) == {*ids, new.version.name, "my notes"} - set(gone)
    assert_whole(latest(root))


def test_keep_never_removes_what_latest_points_at(root: Path) -> None:
    ids = [one.version.name for one in publish_seeds(root, range(4))]
    oldest = put(root, seeded(0), keep=2)
    assert not oldest.created
    assert oldest.removed == (ids[1], ids[2])
    assert kept(root) == {ids[0], ids[3]}
    assert latest(root) == folder_of(oldest)


def test_a_removal_that_fails_half_way_leaves_whole_versions(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = publish_seeds(root, range(3))
    real = Path.unlink

    def fail(path: Path, missing_ok: bool = False) -> None:
        if path.name == "numbers.parquet":
            raise OSError(5, "Input/output error")
        real(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", fail)
        with pytest.raises(PublishError, match="Input/output error"):
            put(root, seeded(0), keep=1)
    assert [one.number for one in versions.list_versions(LocalStorage(root))] == [1, 3]
    assert_whole(latest(root))
    put(root, seeded(0), keep=1)
    assert kept(root) == {done[0].version.name}


# Several publishers, dead ones and readers.


@contextmanager
def driver(*words: object) -> Iterator[subprocess.Popen[str]]:
    """Start a publisher; whatever happens, it is gone in the end."""
    command = [sys.executable, str(DRIVER), *map(str, words)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    assert process.stdout.readline() == "ready\n", process.communicate()[1]


def start(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def test_files_are_flushed_before_names_point_at_them(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root)
    steps: list[str] = []
    real = os.replace

    def flushed(descriptor: int) -> None:
        steps.append(f"flush {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")

    def replaced(source: Path, target: Path) -> None:
        steps.append(f"replace {Path(target).name}")
        real(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", replaced)
    new = seeded(2)
    put(root, new)
    files = {f"{name}.parquet": f"v000002-{new.id}" for name in sorted(example())}
    files["quarantine.parquet"] = "details"
    files |= dict.fromkeys(("facts.zip", "datapackage.json"), f"v000002-{new.id}")
    files["000002.json"] = "history"
    expected = [
        step
        for name, folder in files.items()
        for step in (f"flush .tmp-{name}-{os.getpid()}", f"replace {name}", f"flush {folder}")
    ]
    assert steps == [*expected, "replace latest", f"flush {root.name}"]


def test_publishers_take_turns(root: Path) -> None:
    # The ranges overlap: several publishers want the same version, and one writes it.
    with ExitStack() as stack:
        processes = [stack.enter_context(driver("publish", root, first, 10)) for first in (1, 1, 6)]
        for process in processes:
            wait_until_ready(process)
        for process in processes:
            start(process)
        told = [process.communicate(timeout=600) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], told
    lines = [line.split() for output, _ in told for line in output.splitlines()]
    created = [version for version, what in lines if what == "created"]
    assert len(lines) == 30
    assert sorted(created) == sorted(kept(root))
    assert len(created) == 15
    for version in kept(root):
        assert_whole(root / "versions" / version)
    assert_whole(latest(root))


def test_a_live_publisher_blocks_and_a_dead_one_does_not(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "PUBLISH_SECONDS", 0.2)
    old = put(root)
    with driver("hold", root) as holder:
        wait_until_ready(holder)
        before = stamps(root)
        with pytest.raises(PublishError, match=r"another run is publishing .* within 0\.2 seconds"):
            put(root, seeded(2))
        assert stamps(root) == before
        assert latest(root) == folder_of(old)
        holder.kill()
        holder.wait()
        assert (root / ".lock").exists()
        assert put(root, seeded(2)).created


def test_other_values_of_the_same_libraries_are_refused(tmp_path: Path) -> None:
    put(tmp_path)
    before = (latest(tmp_path) / "impact.parquet").read_bytes()
    other = example()
    other["impact"] = other["impact"].slice(1)
    with pytest.raises(PublishError, match=r"bytes_differ: .*\(in impact\)"):
        put(tmp_path, tables=other)
    assert (latest(tmp_path) / "impact.parquet").read_bytes() == before
