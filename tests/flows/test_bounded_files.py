"""Small files that would cost gigabytes are refused in a line, and writers take turns."""

import errno
import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from audience_impact.facts import reading
from audience_impact.registers import register, register_tables
from audience_impact.store import PublishError, manifest
from flows.adding import writing
from flows.downloads import fetching
from flows.downloads.fetching import RetryPolicy, UnusableError
from flows.pipeline.steps import RefusedError, build_headers
from flows.registers import REGISTERS
from flows.registers import files as registers
from flows.registers.files import RegisterError

COLUMNS = ["country", "area_name"]


def repeat_cell(path: Path, signs: int, rows: int, is_plain: bool) -> Path:
    """Write a table that stores a long text once and repeats it by number."""
    indices = pa.array([0] * rows, pa.int32())
    cells = pa.DictionaryArray.from_arrays(indices, pa.array(["x" * signs]))
    pq.write_table(pa.table(dict.fromkeys(COLUMNS, cells)), path, compression="zstd")
    return path


@pytest.mark.parametrize("is_plain", [True, False])
def test_a_parquet_with_a_cell_repeated_is_refused_before_it_is_decoded(
    is_plain: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repeat_cell(tmp_path / "a.parquet", 5_000, 5_000, is_plain)
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(manifest, "LEAST_DECODED_BYTES", 10_000_000)
    with pytest.raises(RegisterError, match="decodes to more than 10,000,000 bytes"):
        registers.read_file(path, COLUMNS)
    monkeypatch.setattr(manifest, "LEAST_DECODED_BYTES", 100_000_000)
    with pytest.raises(RegisterError, match="row 1, column area_name"):  # decoded, and too long
        registers.read_file(path, COLUMNS)


def test_a_parquet_with_a_number_repeated_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "LEAST_DECODED_BYTES", 1_000_000)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": pa.array([0] * 1_000_000)}), path)
    with pq.ParquetFile(path) as file, pytest.raises(manifest.TooLargeError):
        manifest.require_bounded(file, path.read_bytes())


@pytest.mark.parametrize(("signs", "is_refused"), [(1_000, True), (100, False)])
def test_a_row_that_lists_a_text_a_million_times_is_refused(
    signs: int, is_refused: bool, tmp_path: Path
) -> None:
    count = 1_000_000
    numbers = pa.array([0] * count, pa.int32())
    texts = pa.DictionaryArray.from_arrays(numbers, pa.array(["x" * signs]))
    cells = pa.ListArray.from_arrays(pa.array([0, count], pa.int32()), texts)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": cells}), path, compression="zstd", store_schema=False)
    content = path.read_bytes()
    assert len(content) < 10_000
    with pq.ParquetFile(path) as file:
        if is_refused:
            with pytest.raises(manifest.TooLargeError, match="more than 536,870,912 bytes"):
                manifest.require_bounded(file, content)
        else:
            manifest.require_bounded(file, content)


def test_lists_of_texts_in_several_row_groups_can_be_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "LEAST_DECODED_BYTES", 100_000)
    monkeypatch.setattr(manifest, "MOST_DECODED_RATIO", 0)
    cells = pa.array([["x" * 100], ["y"]] * 500)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": cells}), path, row_group_size=300, store_schema=False)
    assert manifest.decode_table(path.read_bytes(), is_coded=True)["a"].to_pylist() == (
        cells.to_pylist()
    )


@pytest.mark.parametrize(("rows", "is_refused"), [(125_000, False), (125_001, True)])
def test_a_large_parquet_may_not_decode_to_more_than_a_fixed_size(
    rows: int, is_refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "MOST_DECODED_BYTES", 1_000_000)
    pq.write_table(pa.table({"a": pa.array([0] * rows)}), tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    with pq.ParquetFile(tmp_path / "a.parquet") as file:
        if is_refused:
            with pytest.raises(manifest.TooLargeError, match="more than 1,000,000 bytes"):
                manifest.require_bounded(file, content)
        else:
            manifest.require_bounded(file, content)


def test_an_archive_that_grows_beyond_all_proportion_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(manifest, "LEAST_DECODED_BYTES", 1_000_000)
    table = b"a,b\n" + b"1,2\n" * 200_000
    assert manifest.unpack_files(manifest.pack_files({"0/a.csv": table}))
    with pytest.raises(PublishError, match="contains more than 1,000,000 bytes"):
        manifest.unpack_files(manifest.pack_files({"0/a.csv": table * 2}))


def test_an_archive_of_facts_with_damaged_bytes_is_refused() -> None:
    content = bytearray(manifest.pack_files({"0/a.csv": b"1,2,3,4,5,6,7,8,9\n" * 20}))
    start = 30 + len("0/a.csv")
    content[start : start + 8] = b"\xff" * 8
    with pytest.raises(PublishError, match=r"facts\.zip cannot be opened") as caught:
        manifest.unpack_files(bytes(content))
    assert type(caught.value.__cause__) is zlib.error


def test_a_line_of_commas_is_not_made_into_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"," * 2_000_000)
    with pytest.raises(RegisterError, match="line 1 has more than 1,000,000 signs"):
        registers.read_file(path, COLUMNS)
    path.write_bytes(b"," * 5_000 + b"\n")
    with pytest.raises(RegisterError, match="more than 1,000 columns"):
        registers.read_file(path, COLUMNS)


def test_a_fact_table_of_commas_is_not_made_into_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LEAST_COMMAS", 10_000)
    header = build_headers()["sources"]
    (tmp_path / "sources.csv").write_text(f"{','.join(header.columns)}\n{',' * 20_000}\n")
    _, findings = reading.read_tables([tmp_path], {"sources": header})
    assert [(finding.rule, finding.message) for finding in findings] == [
        ("unreadable", "the file has far more commas than cells")
    ]


@pytest.mark.parametrize(("name", "most"), [("area_name", 3_000), ("country", 10_000)])
def test_a_cell_that_nobody_wrote_is_named(name: str, most: int, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    cells = {"country": "Chad", "area_name": "Ati"}
    for signs, is_refused in ((most, False), (most + 1, True)):
        row = ",".join({**cells, name: "x" * signs}[column] for column in COLUMNS)
        path.write_text(f"country,area_name\nChad,Ati\n{row}\n")
        if is_refused:
            with pytest.raises(RegisterError, match=f"row 2, column {name}: has {signs:,} signs"):
                registers.read_file(path, COLUMNS)
        else:
            assert len(registers.read_file(path, COLUMNS)) == 2


def test_a_workbook_of_more_cells_than_any_register_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(COLUMNS)
    for _ in range(60):
        sheet.append(["Chad", "Ati"])
    book.save(tmp_path / "a.xlsx")
    assert len(registers.read_file(tmp_path / "a.xlsx", COLUMNS)) == 60
    monkeypatch.setattr(registers, "MOST_SHEET_CELLS", 100)
    with pytest.raises(RegisterError, match="more than 100 cells"):
        registers.read_file(tmp_path / "a.xlsx", COLUMNS)


WIDE = [f"column {number}" for number in range(33)]
"""The columns of a register as wide as the published one."""


def write_workbook(path: Path, rows: str, dimension: str = "") -> Path:
    """Write a workbook whose sheet has a header and these rows of XML."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(WIDE)
    book.save(path.with_suffix(".tmp"))
    name = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path.with_suffix(".tmp")) as plain, zipfile.ZipFile(path, "w") as packed:
        for member in plain.namelist():
            text = plain.read(member).decode()
            if member == name:
                text = re.sub("<dimension[^>]*>", dimension, text)
                text = text.replace("</sheetData>", f"{rows}</sheetData>")
            packed.writestr(member, text, zipfile.ZIP_DEFLATED)
    return path


@pytest.fixture
def rows_made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the rows that are made of the sheets of workbooks."""
    counted: list[int] = []
    real = ReadOnlyWorksheet.iter_rows

    def iterate(self: ReadOnlyWorksheet, *words: Any, **named: Any) -> Iterator[Any]:
        for row in real(self, *words, **named):
            counted.append(len(row))
            yield row

    monkeypatch.setattr(ReadOnlyWorksheet, "iter_rows", iterate)
    return counted


def test_a_workbook_whose_last_row_is_far_below_is_read_up_to_a_limit(
    tmp_path: Path, rows_made: list[int]
) -> None:
    far = '<row r="1000000"><c r="A1000000"><v>1</v></c></row>'
    path = write_workbook(tmp_path / "a.xlsx", far)
    assert path.stat().st_size < 10_000
    with pytest.raises(RegisterError, match="more than 1,000,000 cells"):
        registers.read_file(path, WIDE)
    assert 900_000 < sum(rows_made) < 1_010_000


def test_a_workbook_that_declares_more_cells_is_not_read(
    tmp_path: Path, rows_made: list[int]
) -> None:
    declared = '<dimension ref="A1:AG40000"/>'
    path = write_workbook(tmp_path / "a.xlsx", '<row r="2"></row>', declared)
    with pytest.raises(RegisterError, match="more than 1,000,000 cells"):
        registers.read_file(path, WIDE)
    assert len(rows_made) < 10


def test_cells_beside_the_table_of_a_workbook_count_before_any_is_made(
    tmp_path: Path, rows_made: list[int]
) -> None:
    cells = "".join(f'<c r="AZ{row}"><v>1</v></c>' for row in range(2, 102)) * 12_000
    path = write_workbook(tmp_path / "a.xlsx", f'<row r="2">{cells}</row>')
    assert path.stat().st_size < 1_000_000
    with pytest.raises(RegisterError, match="more than 4,000,000 tags of XML"):
        registers.read_file(path, WIDE)
    assert rows_made == []


def test_a_workbook_of_many_sheets_is_refused(tmp_path: Path, rows_made: list[int]) -> None:
    book = openpyxl.Workbook()
    for _ in range(200):
        book.create_sheet()
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(RegisterError, match="more than 200 sheets"):
        registers.read_file(tmp_path / "a.xlsx", WIDE)
    assert rows_made == []


def answer_packed(content: bytes, encoding: str) -> httpx.Client:
    """Return a client whose server answers with a packed content."""

    class Packed(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield content

    headers = {"Content-Encoding": encoding}
    return httpx.Client(
        transport=httpx.MockTransport(
            lambda request: httpx.Response(200, headers=headers, stream=Packed())
        )
    )


def test_an_answer_packed_twice_is_not_unpacked(tmp_path: Path) -> None:
    content = gzip.compress(gzip.compress(b"0" * 10_000_000))
    with (
        answer_packed(content, "gzip, gzip") as http,
        pytest.raises(UnusableError, match="in the encoding gzip, gzip, which was not requested"),
    ):
        fetching.fetch_file(http, "http://x/", tmp_path / "a", None, RetryPolicy(attempts=1))


def test_an_answer_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    policy = RetryPolicy(attempts=1, most_bytes=2_000_000)
    with (
        answer_packed(gzip.compress(b"0" * 30_000_000), "gzip") as http,
        pytest.raises(UnusableError, match="longer than 2,000,000 bytes"),
    ):
        fetching.fetch_file(http, "http://x/", tmp_path / "a", None, policy)


def test_a_packed_answer_that_is_damaged_is_reported(tmp_path: Path) -> None:
    with (
        answer_packed(b"no gzip", "gzip") as http,
        pytest.raises(UnusableError, match="DecodingError"),
    ):
        fetching.fetch_file(http, "http://x/", tmp_path / "a", None, RetryPolicy(attempts=1))


def test_a_disk_that_is_full_is_said_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of a file that is open does not name it."""

    def fail(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    path = tmp_path / "sources.csv"
    with pytest.raises(RefusedError, match=rf"^{path} cannot be written: No space left on device"):
        writing.write_files([writing.ChangedFile(path, b"", b"row\n", MappingProxyType({2: "x"}))])


def read_rows(cells: list[str]) -> list[register.Record]:
    """Return rows of the register with these countries, all else alike."""
    stop = REGISTERS["stop"].load_register()
    assert isinstance(stop, register.Register)
    row = {"start_date": "2025-01-01", "geo_scope": "", "shutdown_type": "Shutdown"}
    rows = [dict.fromkeys(stop.columns, "") | row | {"country": cell} for cell in cells]
    return [
        stop.record(row, number, ("TD",) if row["country"] == "Chad" else ())
        for number, row in enumerate(rows, 1)
    ]


def test_a_country_that_a_spreadsheet_would_run_is_marked_in_the_layer() -> None:
    rows = read_rows(["=cmd|' /C calc'!A0", "Chad"])
    table = register_tables.outcome_rows(rows, [])
    assert [row["country"] for row in table] == ["'=cmd|' /C calc'!A0", "Chad"]
