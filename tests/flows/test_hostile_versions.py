"""Small versions of strangers that would fill the memory are refused before they are decoded."""

import io
import json
import shutil
import struct
import sys
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audience_impact.cli.command import app
from audience_impact.store import MANIFEST, PublishError, files, manifest, pages, versions
from audience_impact.store.manifest import decode_table, unpack_files
from flows.pipeline import steps
from flows.registers import files as registers
from flows.registers.files import RegisterError
from tests.flows.test_cli import command
from tests.support import folder_of

MEGABYTE = "x" * 1_000_000


def write_parquet(table: pa.Table, **options: object) -> bytes:
    """A table as a file without the schema of Arrow, as versions have it."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", store_schema=False, **options)
    return sink.getvalue()


def code_number(value: int, length: int = 0) -> bytes:
    """A number as Thrift writes it, of so many bytes."""
    coded, pieces = value << 1, list[int]()
    while coded or not pieces or len(pieces) < length:
        pieces.append(coded & 127)
        coded >>= 7
    return bytes([piece | 128 for piece in pieces[:-1]] + pieces[-1:])


def state_size(content: bytes, column: int, size_bytes: int) -> bytes:
    """The file with another decoded size of a column in its footer, and nothing else changed."""
    with pq.ParquetFile(io.BytesIO(content)) as file:
        size = file.metadata.row_group(0).column(column).total_uncompressed_size
    begin = len(content) - 8 - struct.unpack("<I", content[-8:-4])[0]
    real = code_number(size)
    assert content[begin:].count(real) == 1
    return content[:begin] + content[begin:].replace(real, code_number(size_bytes, len(real)))


def lie_of_size() -> bytes:
    """Forty texts of a megabyte in a file whose footer says that they have a thousand bytes."""
    table = pa.table({"country": ["Chad"] * 40, "area_name": [MEGABYTE] * 40})
    return state_size(write_parquet(table, use_dictionary=False, write_statistics=False), 1, 1000)


@pytest.fixture
def few_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "LEAST_DECODED_BYTES", 10_000_000)


def test_a_file_is_read_from_memory_that_python_does_not_free() -> None:
    content = write_parquet(pa.table({"country": ["Chad"]}))
    before = sys.getrefcount(content)
    with manifest.open_parquet(content) as file:
        assert sys.getrefcount(content) == before
        assert file.read().num_rows == 1


@pytest.mark.usefixtures("few_bytes")
def test_what_decodes_is_counted_and_not_what_the_footer_says(tmp_path: Path) -> None:
    content = lie_of_size()
    assert len(content) < 10_000
    with pytest.raises(manifest.TooLargeError, match="decodes to more than 10,000,000 bytes"):
        decode_table(content, False)
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(RegisterError, match="decodes to more than 10,000,000 bytes"):
        registers.read_file(tmp_path / "a.parquet", ["country", "area_name"])


@pytest.mark.usefixtures("few_bytes")
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_pages_are_counted_as_they_are(version: str) -> None:
    table = pa.table({"a": [f"{number:04}" for number in range(3000)], "b": range(3000)})
    for is_coded in (True, False):
        content = write_parquet(table, use_dictionary=is_coded, data_page_version=version)
        assert decode_table(content, False).num_rows == 3000
        with pq.ParquetFile(io.BytesIO(content)) as file:
            for chunk in map(file.metadata.row_group(0).column, range(2)):
                start = chunk.dictionary_page_offset or chunk.data_page_offset
                end = start + chunk.total_compressed_size
                size_bytes, dictionary_bytes, values = pages.sum_pages(content, start, end, 10**9)
                assert values == 3000
                assert (dictionary_bytes > 0) == is_coded
                size = chunk.total_uncompressed_size
                assert size - 200 < size_bytes < size + 2000


def test_texts_whose_length_no_page_has_are_refused() -> None:
    content = write_parquet(
        pa.table({"a": [MEGABYTE] * 3}),
        use_dictionary=False,
        column_encoding={"a": "DELTA_BYTE_ARRAY"},
    )
    with pytest.raises(ValueError, match="encoded as differences"):
        decode_table(content, False)
    for cell, kind in ((b"x" * 1000, pa.binary(1000)), ([1], pa.list_(pa.int64()))):
        table = pa.table({"a": pa.array([cell], kind)})
        with pytest.raises(ValueError, match=r"its column a is of type (fixed_size_binary|list)"):
            decode_table(write_parquet(table), False)


@pytest.mark.parametrize(
    "header", [b"", b"\x15", b"\x19\x1c", b"\x15\x00\x15\x01\x15\x00\x2c\x15\x02\x00\x00"]
)
def test_a_damaged_header_of_a_page_is_refused(header: bytes) -> None:
    with pytest.raises(ValueError, match=r"header|negative size"):
        pages.sum_pages(header, 0, 1, 9)


def test_a_field_of_a_page_that_is_there_twice_is_refused() -> None:
    """Arrow takes the last of two, or the one of the right type."""
    size = b"\x15" + code_number(7)
    for again in (b"\x05\x04" + code_number(9), b"\x06\x04" + code_number(9)):
        with pytest.raises(ValueError, match="not in order"):
            pages.sum_pages(b"\x15\x00" + size + again + b"\x00", 0, 1, 9)


@pytest.mark.parametrize(("groups", "is_refused"), [(599, False), (601, True)])
def test_a_small_file_of_many_row_groups_is_refused(groups: int, is_refused: bool) -> None:
    content = write_parquet(pa.table({"a": range(groups)}), row_group_size=1)
    if is_refused:
        with pytest.raises(OSError, match="size limit"):
            decode_table(content, False)
    else:
        assert decode_table(content, False).num_rows == groups


def test_words_in_a_footer_that_fill_the_memory_are_not_read() -> None:
    table = pa.table({"a": [1]})
    for more_bytes in (0, 1):
        sink = io.BytesIO()
        with pq.ParquetWriter(sink, table.schema, store_schema=False) as file:
            file.write_table(table)
            file.add_key_value_metadata({"words": " " * (files.MOST_WORDS_BYTES + more_bytes)})
        with pytest.raises(OSError, match="size limit") if more_bytes else nullcontext():
            assert decode_table(sink.getvalue(), False).num_rows == 1


def test_a_column_that_the_manifest_does_not_name_is_refused() -> None:
    content = write_parquet(pa.table({"a": [1], "evil": [MEGABYTE]}))
    with pytest.raises(ValueError, match="column evil, which the manifest does not name"):
        decode_table(content, False, [{"name": "a", "type": "integer"}])


def list_names(count: int) -> bytes:
    """An archive whose list has so many names, and that has no files."""
    name = struct.pack("<4s6x4H2L5H2L", b"PK\1\2", *[0] * 6, 1, *[0] * 6) + b"a"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(name) * count, 0, 0)
    return name * count + end


def test_an_archive_of_more_names_than_it_says_is_refused() -> None:
    with pytest.raises(PublishError, match="more than 10,000 names"):
        unpack_files(list_names(10_001))


def test_names_for_the_same_bytes_are_refused() -> None:
    content = manifest.pack_files({"0/a.csv": b"a\n1\n"})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.start_dir
    entry, end = content[start:-22], content[-22:]
    again = entry + entry.replace(b"a.csv", b"b.csv")
    end = end[:8] + struct.pack("<2HL", 2, 2, len(again)) + end[16:]
    with pytest.raises(PublishError, match="of the same bytes"):
        unpack_files(content[:start] + again + end)


def fill_manifest(folder: Path) -> None:
    """Add a list of many empty objects, each of which takes 24 times its bytes."""
    content = (folder / MANIFEST).read_bytes().rstrip().removesuffix(b"}")
    (folder / MANIFEST).write_bytes(content + b', "x": [' + b"{}," * 6_000_000 + b"{}]}")


def pack_release(folder: Path) -> Path:
    """Pack a version as a release is packed."""
    path = folder.parent / "a.zip"
    name = f"audience-impact-{folder.name.partition('-')[2]}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.rglob("*"):
            archive.write(file, f"{name}/{file.relative_to(folder)}")
    return path


@pytest.mark.parametrize("pack", [Path, pack_release])
def test_a_manifest_that_fills_the_memory_is_not_read(
    pack: Callable[[Path], Path],
    small_results: steps.Results,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published = folder_of(steps.publish_results(small_results, tmp_path / "published", None))
    folder = tmp_path / "copy" / published.name
    shutil.copytree(published, folder)
    fill_manifest(folder)
    monkeypatch.setattr(json, "loads", None)
    with pytest.raises(PublishError, match="longer than 16,000,000 bytes"):
        versions.open_version(pack(folder))


def replace_cells(folder: Path, table: str, column: str, cell: str) -> None:
    """Write another text into all cells of a column, and the digest into the manifest."""
    path = folder / f"{table}.parquet"
    content = pq.read_table(path)
    place = content.column_names.index(column)
    cells = pa.array([cell] * content.num_rows)
    pq.write_table(content.set_column(place, content.schema.field(place), cells), path)
    package = json.loads((folder / MANIFEST).read_bytes())
    for resource in package["resources"]:
        if resource["path"] == path.name:
            resource["hash"] = f"sha256:{files.hash_bytes(path.read_bytes())}"
    (folder / MANIFEST).write_text(json.dumps(package), encoding="utf-8")


def test_a_value_that_this_release_does_not_know_is_one_line(
    small_results: steps.Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "published"
    folder = folder_of(steps.publish_results(small_results, root, None))
    replace_cells(folder, "impact", "impact_metric", "odd")
    done = command("show", "R1", "--published", root)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"{folder} has a value that this release does not know, in one")
    assert "impact" in done.stderr.partition(" (")[0]
    assert len(done.stderr.splitlines()) == 1
    monkeypatch.setattr("audience_impact.cli.command.OURS", root)
    with pytest.raises(KeyError):  # of one's own version it would be a mistake of the code
        app(["show", "R1", "--published", str(root)], standalone_mode=False)
