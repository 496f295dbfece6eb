"""A version is opened wherever it is, and what comes from outside is not trusted."""

import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import audience_impact as ai
from audience_impact.store import PublishError, files, manifest, objects, versions
from flows.pipeline import steps
from flows.releasing import write_release
from schemas import published

pytestmark = pytest.mark.chain


class Handler(SimpleHTTPRequestHandler):
    """The files of a folder; nothing on standard error."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def root(small_results: steps.Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    steps.publish_results(small_results, folder, None)
    archive, _ = write_release(versions.find_latest(folder), None, folder, False)
    archive.rename(folder / "release.zip")
    return folder


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Yield the address of a web server that has a folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def address(root: Path) -> Iterator[str]:
    with serve_folder(root) as address:
        yield address


@pytest.mark.parametrize("name", ["", "latest", "release.zip", "versions"])
def test_folder_archive_and_address_give_the_same_tables(
    root: Path, address: str, name: str
) -> None:
    path = versions.find_latest(root).folder if name == "versions" else name
    here, there = ai.load(root / path), ai.load(f"{address}/{path}")
    assert list(here) == list(there)
    assert set(here) == set(published.TABLES)
    assert here.version_id == there.version_id == versions.find_latest(root).id
    for table in ("impact", "countries_by_day", "quarantine"):
        pd.testing.assert_frame_equal(here[table], there[table])
        assert here[table].attrs == there[table].attrs


def test_the_latest_at_an_address_is_never_another_edition_of_its_id(
    root: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(root, tmp_path / "copy", symlinks=True))
    latest = versions.find_latest(copy)
    older = Path(shutil.copytree(copy / latest.folder, copy / "versions" / latest.id))
    (older / "impact.parquet").chmod(0o644)
    (older / "impact.parquet").write_bytes(b"older")
    with serve_folder(copy) as address:
        tables = ai.load(address)
        assert tables.version_id == latest.id
        pd.testing.assert_frame_equal(tables["impact"], ai.load(copy)["impact"])


def test_a_table_is_read_on_first_access_and_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    read = versions.Stored.read_arrow

    def count(stored: versions.Stored, name: str, is_coded: bool) -> pa.Table:
        names.append(name)
        return read(stored, name, is_coded)

    monkeypatch.setattr(versions.Stored, "read_arrow", count)
    tables = ai.load(root)
    assert repr(tables).startswith(f"Tables of {tables.version_id}: ")
    assert names == []
    impact = tables.impact
    impact["q50_persons"] = 0
    pd.testing.assert_frame_equal(tables["impact"], ai.load(root).impact)
    assert names == ["impact", "impact"]


def test_a_frame_can_be_pickled(root: Path) -> None:
    impact = ai.load(root).impact
    again = pickle.loads(pickle.dumps(impact))
    pd.testing.assert_frame_equal(again, impact)
    assert again.attrs == impact.attrs


def test_each_column_has_the_type_of_what_it_says(root: Path) -> None:
    tables, stored, kinds = ai.load(root), versions.find_latest(root), set()
    for name, table in tables.items():
        schema = stored.read_arrow(name).schema
        for column, about in table.attrs["columns"].items():
            kind, dtype = schema.field(column).type, table[column].dtype
            kinds.add(str(kind))
            expected: object = {"bool": "boolean", "int64": "Int64", "double": "float64"}.get(
                str(kind), dtype
            )
            assert dtype == expected, f"{name}.{column}"
            if pa.types.is_date(kind):
                assert pd.api.types.is_datetime64_dtype(dtype), f"{name}.{column}"
            elif pa.types.is_list(kind):
                assert {type(cell) for cell in table[column].dropna()} <= {list}, f"{name}.{column}"
            elif about.get("values"):
                assert isinstance(dtype, pd.CategoricalDtype), f"{name}.{column}"
                assert set(about["values"]) <= set(dtype.categories)
    assert {"bool", "int64", "double", "string", "date32[day]"} <= kinds
    assert tables.impact["quarantined_inputs_count"].dtype == "Int64"
    assert tables.countries_by_year["year"].dtype == "Int64"


def test_words_of_a_table_outlast_putting_rows_together(root: Path) -> None:
    impact = ai.load(root).impact
    both = pd.concat([impact.head(1), impact.tail(1)])
    assert both.attrs == impact.attrs
    assert impact.merge(impact, on="restriction_id").attrs == impact.attrs
    assert json.loads(json.dumps(impact.attrs)) == impact.attrs


def test_a_table_of_an_older_schema_is_named_with_its_successors(root: Path) -> None:
    tables = ai.load(root)
    where = "impact_by_world_month: its rows are in regions_by_month since schema 5.0"
    with pytest.raises(KeyError, match=where):
        tables["impact_by_world_month"]
    with pytest.raises(AttributeError, match=where):
        _ = tables.impact_by_world_month


def test_a_version_of_an_older_schema_is_refused_in_a_line(root: Path, tmp_path: Path) -> None:
    folder = copy_version(root, tmp_path / "older")
    package = json.loads((folder / "datapackage.json").read_bytes())
    package["audience_impact"]["schema_version"] = "4.0"
    (folder / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    line = (
        "older has tables of schema 4.0, and those of schema 5.0 and later are read: publish "
        "again, or read it with the release that wrote it"
    )
    with pytest.raises(ValueError, match=line):
        ai.load(folder)
    with pytest.raises(PublishError, match=line):
        versions.find_version(root, str(folder)).read_table("impact")


def test_a_version_is_loaded_by_its_name(root: Path, address: str) -> None:
    name = versions.find_latest(root).id
    for version in ("v1", name, name[:14]):
        assert ai.load(root, version=version).version_id == name
    with pytest.raises(ValueError, match="on a web server, which lists neither"):
        ai.load(address, version="v1")
    with pytest.raises(ValueError, match="there is no version v7 below"):
        ai.load(root, version="v7")


def test_nothing_at_an_address_is_a_line(address: str) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing has been published below .*/nothing"):
        ai.load(f"{address}/nothing")
    with pytest.raises(ValueError, match=r"ftp://example\.org: give a folder, or an address of"):
        ai.load("ftp://example.org")


def test_an_address_without_its_library_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['obstore'] = None; import audience_impact as ai\n"
        "try: ai.load('https://127.0.0.1:9/x')\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        "https://127.0.0.1:9/x: reading an address needs the extra `buckets`: "
        "pip install 'audience-impact[buckets]'"
    )


def test_a_folder_needs_no_more_than_the_statistics(root: Path) -> None:
    away = ("obstore", "filelock", "babel", "pycountry", "duckdb", "rich", "typer", "jinja2")
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({away}))\n"
        f"import audience_impact as ai; print(len(ai.load({str(root)!r}).impact))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == len(ai.load(root).impact)


def copy_version(root: Path, folder: Path) -> Path:
    """A copy of the version that may be changed."""
    shutil.copytree((root / "latest").resolve(), folder)
    for path in folder.rglob("*"):
        path.chmod(0o755)
    return folder


def change_manifest(root: Path, folder: Path, **cells: Any) -> Path:
    """A copy of the version whose first table has other cells in the manifest."""
    copy_version(root, folder)
    package = json.loads((folder / "datapackage.json").read_bytes())
    package["resources"][0] |= cells
    (folder / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    return folder


def test_a_manifest_that_names_a_file_elsewhere_is_refused(root: Path, tmp_path: Path) -> None:
    for number, name in enumerate(("../secret", "/etc/passwd", "a\nb", "", "a[x]:*?", "other")):
        for path in ("impact.parquet", f"{name}.parquet"):
            place = tmp_path / f"{number}{path == 'impact.parquet'}"
            folder = change_manifest(root, place, name=name, path=path)
            if name == path.removesuffix(".parquet") == "other":
                continue
            with pytest.raises(ValueError, match=r"names a table|is no table of the version"):
                ai.load(folder)
            with pytest.raises(PublishError, match=r"names a table|is no table of the version"):
                _ = versions.find_version(root, str(folder)).tables


def test_a_table_that_is_not_that_of_the_manifest_is_refused(root: Path, tmp_path: Path) -> None:
    folder = change_manifest(root, tmp_path / "changed", hash="sha256:00")
    tables = ai.load(folder)
    name = next(iter(tables))
    with pytest.raises(ValueError, match="its bytes are not those of the manifest"):
        tables[name]


def test_a_pipe_in_the_place_of_a_table_is_not_waited_for(root: Path, tmp_path: Path) -> None:
    folder = change_manifest(root, tmp_path / "changed")
    pipe = folder / "impact.parquet"
    pipe.unlink()
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match=r"impact\.parquet is damaged or missing"):
        ai.load(folder)["impact"]
    (folder / "datapackage.json").unlink()
    with pytest.raises(FileNotFoundError, match="a pipe or a device, and no file"):
        ai.load(folder)["impact"]


def test_what_is_larger_than_any_version_is_refused(
    root: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_WORDS_BYTES", 1000)
    for place in (str(root / "release.zip"), address):
        with pytest.raises(ValueError, match="is longer than 1,000 bytes"):
            ai.load(place)
    monkeypatch.setattr(versions, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="is longer than 1,000 bytes"):
        _ = ai.load(root / "latest" / "impact.parquet").impact


def test_a_small_file_that_fills_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "LEAST_DECODED_BYTES", 2**20)
    schema = pa.schema([pa.field("text", pa.string())], {b"audience_impact": b"{}"})
    path = tmp_path / "planted.parquet"
    pq.write_table(pa.table([["x" * 1000] * 2000], schema=schema), path, compression="zstd")
    assert path.stat().st_size < 5000
    with pytest.raises(ValueError, match="more than 1,048,576 bytes"):
        ai.load(path)["planted"]
    monkeypatch.setattr(manifest, "LEAST_DECODED_BYTES", 2**22)
    assert len(ai.load(path)["planted"]) == 2000


def write_planted(root: Path, folder: Path, change: Any) -> Path:
    """A copy of the version whose table `impact` is changed, with the hash of what it is then."""
    copy_version(root, folder)
    table = change(pq.read_table(folder / "impact.parquet"))
    pq.write_table(table, folder / "impact.parquet", compression="zstd")
    package = json.loads((folder / "datapackage.json").read_bytes())
    for resource in package["resources"]:
        if resource["path"] == "impact.parquet":
            content = (folder / "impact.parquet").read_bytes()
            resource["hash"] = f"sha256:{files.hash_bytes(content)}"
    (folder / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    return folder


def test_a_table_of_a_version_that_says_nothing_of_itself_is_refused(
    root: Path, tmp_path: Path
) -> None:
    folder = write_planted(root, tmp_path / "mute", lambda table: table.replace_schema_metadata())
    with pytest.raises(ValueError, match="table impact has no description of itself"):
        ai.load(folder)["impact"]


PLANTED = {
    "lacks the column": lambda table: table.drop_columns(["obs_status"]),
    "column more": lambda table: table.append_column("more", pa.array([[1]] * table.num_rows)),
    "Exceeded size limit": lambda table: pa.table(
        {name: table[name] for name in table.column_names}
        | {f"more_{number}": table["restriction_id"] for number in range(1000)}
    ),
    "decodes to more than": lambda table: pa.concat_tables([table] * 400),
}
"""What is wrong with a table, and how it is made so."""


@pytest.mark.parametrize("reason", PLANTED)
def test_load_and_the_command_refuse_the_same_tables(
    reason: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_planted(root, tmp_path / "planted", PLANTED[reason])
    if reason.startswith("decodes"):
        monkeypatch.setattr(manifest, "LEAST_DECODED_BYTES", 10_000)
        monkeypatch.setattr(manifest, "MOST_DECODED_RATIO", 1)
    with pytest.raises(ValueError, match=reason):
        ai.load(folder)["impact"]
    with pytest.raises(PublishError, match=reason):
        versions.find_version(root, str(folder)).read_table("impact")
    (folder / "datapackage.json").unlink()
    if reason != "lacks the column":  # without a manifest nobody says which columns it has
        with pytest.raises(ValueError, match=reason):
            ai.load(folder / "impact.parquet")["impact"]


def test_an_address_that_is_away_is_no_wrong_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "RETRY", {**objects.RETRY, "max_retries": 0})
    for name in ("", "/release.zip"):
        with pytest.raises(OSError, match=r"http://127\.0\.0\.1:9.* cannot be read: "):
            ai.load(f"http://127.0.0.1:9{name}")


@pytest.mark.parametrize(
    "folder", ["../../other/versions/2026-01-01-0123456789ab", "versions/..", "/etc", ""]
)
def test_a_pointer_that_leads_elsewhere_is_refused(folder: str, root: Path, address: str) -> None:
    place = root / "planted"
    place.mkdir(exist_ok=True)
    (place / "latest").write_text(json.dumps({"folder": folder}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"latest leads (to no version|out of its folder)"):
        ai.load(f"{address}/planted")
