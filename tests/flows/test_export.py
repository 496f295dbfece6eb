"""Exports are what the Parquet says, in every form; text stays text, and other files stay."""

import json
import math
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.utils import get_column_letter
from typer.testing import CliRunner

import audience_impact as ai
from audience_impact.answers.records import combine_areas
from audience_impact.cli.command import app
from audience_impact.exporting import Form, content, export, workbook
from audience_impact.exporting.content import Content, ExportQuery
from audience_impact.exporting.workbook import LONGEST_NAME, fit_text
from audience_impact.site.rendering import reveal_hidden
from audience_impact.store import PublishError, versions
from audience_impact.store.manifest import ARCHIVE_NAME
from audience_impact.store.versions import Stored
from flows.pipeline import steps
from tests.tools import program

OWN_SHEETS = {"about", "columns", "values"}
HOSTILE = (
    "=1+1",
    '=HYPERLINK("http://example.org/x?"&A1,"click")',
    "+49 30 1234",
    "-1+1|cmd",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "<script>alert(1)</script>",
    "a \u202egnp.exe",
    "red \x1b[31m",
    "javascript:alert(1)",
    "<r><t>red</t></r>",
)
HOSTILE_COLUMNS = {"sources": ("publisher", "url"), "restrictions": ("note",)}
"""Columns of a table with links, whose cells are written one by one, and of one without."""


@pytest.fixture(scope="module")
def version(small_results: steps.Results, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    root = tmp_path_factory.mktemp("small-published")
    steps.publish_results(small_results, root, None)
    return versions.find_latest(root)


@pytest.fixture(scope="module")
def everything(version: Stored) -> Content:
    return content.read_all_tables(version)


@pytest.fixture(scope="module")
def year_2025(repository_published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook of the world in 2025, of the repository's facts."""
    path = tmp_path_factory.mktemp("workbook") / "2025.xlsx"
    wanted = ExportQuery(year=2025)
    export.export_version(versions.find_latest(repository_published), Form.XLSX, path, wanted)
    return path


def planted(everything: Content, column: str, text: str, table: str = "sources") -> Content:
    """The content with a text in a column of the first row of a table."""
    rows = everything.tables[table]
    cells = [text, *rows[column].to_pylist()[1:]]
    place = rows.column_names.index(column)
    changed = rows.set_column(place, rows.schema.field(column), pa.array(cells, pa.string()))
    return replace(everything, tables={**everything.tables, table: changed})


def expected(cell: Any) -> Any:
    """A published cell as the workbook shows it."""
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    if isinstance(cell, list):
        return "; ".join(cell) or None
    return reveal_hidden(cell)


def assert_same_cells(path: Path, tables: Mapping[str, pa.Table]) -> None:
    """Every cell of every table is in the workbook, with its type."""
    found = pd.read_excel(path, sheet_name=None, dtype="object", keep_default_na=False)
    assert set(found) == {*(name[:LONGEST_NAME] for name in tables), *OWN_SHEETS}
    for name, table in tables.items():
        sheet = found[name[:LONGEST_NAME]]
        assert list(sheet.columns) == table.column_names
        for column in table.column_names:
            shown = [None if cell == "" else cell for cell in sheet[column]]
            wanted = [expected(cell) for cell in table[column].to_pylist()]
            same = [_is_same(*pair) for pair in zip(shown, wanted, strict=True)]
            assert all(same), f"{name}.{column}: {shown[same.index(False)]!r}"


def _is_same(shown: Any, wanted: Any) -> bool:
    if isinstance(wanted, float):
        return isinstance(shown, float | int) and math.isclose(shown, wanted, rel_tol=1e-12)
    return type(shown) is type(wanted) and bool(shown == wanted)


def test_pandas_and_openpyxl_read_what_was_published(
    year_2025: Path, repository_published: Path
) -> None:
    chosen = _chosen(repository_published, ExportQuery(year=2025))
    assert sum(table.num_rows for table in chosen.tables.values()) > 2000
    assert_same_cells(year_2025, chosen.tables)


def _chosen(root: Path, wanted: ExportQuery) -> Content:
    """What a workbook shows of a version."""
    version = versions.find_latest(root)
    everything = content.read_all_tables(version)
    chosen = content.select_content(version, everything, wanted)
    return content.add_events(chosen, everything, wanted)


def test_a_workbook_has_a_row_for_each_restriction(
    repository_published: Path, tmp_path: Path
) -> None:
    path = tmp_path / "begun.xlsx"
    words = ("--area", "africa", "--year", "2023", "--begun", "--sort", "date", "--kind", "service")
    root = repository_published
    assert run("--format", "xlsx", "--published", root, "--into", path, *words)[0] == 0
    rows = pd.read_excel(path, sheet_name=content.EVENTS)
    acts = pd.read_parquet(root / "latest" / "restrictions.parquet").set_index("restriction_id")
    assert set(rows["kind"]) == {"service"}
    assert (rows["start_on"].dt.year == 2023).all()
    assert rows["start_on"].is_monotonic_decreasing
    assert acts.loc[rows["restriction_id"], "country_paths"].str.contains("002").all()
    impact = pd.read_parquet(root / "latest" / "impact.parquet")
    exposed = impact[impact["impact_metric"] == "people_exposed"].set_index("restriction_id")
    (ethiopia,) = rows[rows["restriction_id"].str.startswith("ET-2023")].to_dict(orient="records")
    assert ethiopia["q50_persons"] == exposed.loc[ethiopia["restriction_id"], "q50_persons"]
    assert ethiopia["url"].startswith("https://")
    assert run("--format", "xlsx", "--into", path, "--begun", "--published", root)[0] == 2


def through_libreoffice(path: Path, into: Path) -> Path:
    """The workbook as LibreOffice saves it after it opened it."""
    home = f"-env:UserInstallation={(into / 'home').as_uri()}"
    words = ["--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"]
    command = [program("soffice"), home, *words, str(into / "out"), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return into / "out" / path.name


@pytest.fixture(scope="module")
def hostile(everything: Content, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook with each hostile text in texts, in a link and in what is chosen."""
    path = tmp_path_factory.mktemp("hostile") / "hostile.xlsx"
    tables = dict(everything.tables)
    for name, columns in HOSTILE_COLUMNS.items():
        many = pa.concat_tables([tables[name].slice(0, 1)] * len(HOSTILE))
        for column in columns:
            place = many.column_names.index(column)
            field = many.schema.field(column)
            many = many.set_column(place, field, pa.array(HOSTILE, pa.string()))
        tables[name] = many
    made = replace(everything, tables=tables, answers=HOSTILE, chosen="=1+1")
    path.write_bytes(workbook.make_workbook(made))
    return path


def assert_text(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    places = [(table, name) for table, names in HOSTILE_COLUMNS.items() for name in names]
    for table, name in places:
        heads = [cell.value for cell in book[table][1]]
        cells = [row[heads.index(name)] for row in book[table].iter_rows(min_row=2)]
        assert [cell.value.rstrip() for cell in cells] == [reveal_hidden(text) for text in HOSTILE]
        assert {cell.data_type for cell in cells} == {"s"}
        assert [cell.hyperlink for cell in cells] == [None] * len(HOSTILE)
    for sheet in book:
        formulas = [
            cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
        ]
        assert {*formulas} <= {"=TRUE()", "=FALSE()"}  # as LibreOffice writes a truth


def test_hostile_text_is_text_to_openpyxl(hostile: Path) -> None:
    assert_text(hostile)
    book = openpyxl.load_workbook(hostile)
    for table, (name, *_) in HOSTILE_COLUMNS.items():
        place = [cell.value for cell in book[table][1]].index(name) + 1
        marked = [book[table].cell(row, place).quotePrefix for row in range(2, 2 + len(HOSTILE))]
        assert marked == [text.startswith(("=", "+", "-", "@")) for text in HOSTILE]
    shown = [str(cell.value).rstrip() for row in book["about"].iter_rows() for cell in row]
    assert set(map(reveal_hidden, HOSTILE)) <= set(shown)


def test_hostile_text_is_text_to_libreoffice(hostile: Path, tmp_path: Path) -> None:
    assert_text(through_libreoffice(hostile, tmp_path))


def test_a_text_is_cut_at_the_characters_that_excel_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "LONGEST_TEXT", 100)
    assert fit_text("\U0001f600" * 50) == "\U0001f600" * 50
    assert fit_text("\U0001f600" * 51) == "\U0001f600" * 48 + "..."


def test_a_sheet_says_what_it_is_and_cells_are_what_they_are(
    version: Stored, tmp_path: Path
) -> None:
    path = tmp_path / "r1.xlsx"
    export.export_version(version, Form.XLSX, path, ExportQuery(("R1",)))
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[0] == "about"
    told = "\n".join(str(cell.value) for row in book["about"].iter_rows() for cell in row)
    for words in ("How many people", "R1", version.id, "Creative Commons", "likely range"):
        assert words in told
    for words in (
        "How to cite",
        "How to read",
        "quality, quarantine",
        "Restriction R1. Licence CC-BY",
    ):
        assert words in told
    impact = book["impact"]
    heads = {cell.value: cell for cell in impact[1]}
    lower = impact.cell(2, heads["printed_min_persons"].column)
    assert (lower.data_type, lower.number_format) == ("n", "#,##0")
    share = impact.cell(2, heads["printed_min_base_share"].column)
    assert (share.data_type, share.number_format) == ("n", "0.0%")
    day = impact.cell(2, heads["as_of"].column)
    assert (day.is_date, day.number_format) == (True, "yyyy-mm-dd")
    note = heads["obs_status"].comment.text
    assert "U: low reliability" in note
    assert "Unit: persons" in heads["printed_min_persons"].comment.text
    assert impact.freeze_panes == "B2"
    assert impact.auto_filter.ref == f"A1:{get_column_letter(impact.max_column)}{impact.max_row}"
    links = [cell for cell in book["sources"]["D"] if cell.hyperlink]
    assert [cell.hyperlink.target for cell in links] == [cell.value for cell in links]
    assert "https://example.org/panel" in {cell.value for cell in links}
    values = {tuple(row[:3]) for row in book["values"].iter_rows(values_only=True)}
    assert ("feature", "voice_call", "voice calls") in values


@pytest.mark.parametrize("form", Form)
def test_the_same_version_gives_the_same_export(
    version: Stored, tmp_path: Path, form: Form
) -> None:
    def put(name: str) -> dict[str, bytes]:
        into = tmp_path / name / "export.zip"
        if form not in (Form.CSV, Form.PARQUET):
            into = into.with_suffix(f".{form}")
        export.export_version(version, form, into, ExportQuery(area="XA"))
        assert [one.name for one in into.parent.iterdir()] == [into.name]
        return {into.name: into.read_bytes()}

    one, two = put("one"), put("two")
    if form is not Form.DUCKDB:  # whose files hold ids of their own
        assert one == two


def test_a_table_that_fits_on_no_sheet_is_named_and_long_addresses_are_text(
    everything: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = replace(everything, tables={"sources": everything.tables["sources"]})
    monkeypatch.setattr(workbook, "LONGEST_ADDRESS", 10)
    (tmp_path / "a.xlsx").write_bytes(workbook.make_workbook(made))
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert not any(cell.hyperlink for row in book["sources"].iter_rows() for cell in row)
    monkeypatch.setattr(workbook, "MOST_ROWS", made.tables["sources"].num_rows)
    (tmp_path / "a.xlsx").write_bytes(workbook.make_workbook(made))
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert "sources" not in book.sheetnames
    texts = [cell.value for row in book["about"].iter_rows() for cell in row]
    assert "More rows than a sheet has; in CSV and Parquet: sources." in texts


def test_rows_of_distinct_cells_are_the_rows_of_the_table(
    everything: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    markup = '</t></is></c></row><row r="2"><c r="B2"><v>1</v></c>'
    made = planted(everything, "title", markup)
    assert made.tables["sources"].num_rows > 2 * 2
    monkeypatch.setattr(workbook, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(workbook, "MOST_LINKS", 1)
    (tmp_path / "a.xlsx").write_bytes(workbook.make_workbook(made))
    assert_same_cells(tmp_path / "a.xlsx", made.tables)
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["sources"]
    assert sheet.dimensions == f"A1:{get_column_letter(sheet.max_column)}{sheet.max_row}"
    assert sheet.max_row == 1 + made.tables["sources"].num_rows
    linked = {cell.row for row in sheet.iter_rows() for cell in row if cell.hyperlink}
    assert linked <= {2}


def as_csv(cell: Any) -> str:
    """A published cell as a CSV file has it."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, list):
        return ";".join(cell)
    return "" if cell is None else str(cell)


def test_csv_is_exact_and_described(version: Stored, everything: Content, tmp_path: Path) -> None:
    export.export_version(version, Form.CSV, tmp_path / "csv", ExportQuery())
    for name, table in everything.tables.items():
        path = tmp_path / "csv" / version.find_path(name).replace(".parquet", ".csv")
        read = pd.read_csv(path, dtype="str", keep_default_na=False)
        for column in table.column_names:
            wanted = [as_csv(cell) for cell in table[column].to_pylist()]
            assert read[column].tolist() == wanted, f"{name}.{column}"
    report = frictionless.validate(str(tmp_path / "csv" / "datapackage.json"))
    assert report.valid, report.flatten(["name", "type", "message"])
    told = (tmp_path / "csv" / "README.txt").read_text("utf-8")
    assert "exactly as published, also where it begins with = + - or @" in told
    assert version.id in told
    hostile = export.make_csv_files(planted(everything, "publisher", "=1+1"))["sources.csv"]
    assert b",=1+1," in hostile


def test_json_is_exact_and_described(everything: Content) -> None:
    told = json.loads(export.make_json_file(everything))
    assert list(told["tables"]) == list(everything.tables)
    for name, table in everything.tables.items():
        rows = json.loads(json.dumps(table.to_pylist(), default=str))
        assert told["tables"][name]["rows"] == rows
        columns = told["tables"][name]["columns"]
        assert [column["name"] for column in columns] == table.column_names
    assert told["version"] == everything.package["version"]


def test_parquet_is_the_files_themselves_or_rows_of_them(version: Stored, tmp_path: Path) -> None:
    export.export_version(version, Form.PARQUET, tmp_path / "all", ExportQuery())
    for path in version.files.keys() - {ARCHIVE_NAME}:
        assert (tmp_path / "all" / path).read_bytes() == version.read_content(path)
    export.export_version(version, Form.PARQUET, tmp_path / "part", ExportQuery(("R1",)))
    tables = ai.load(tmp_path / "part")
    assert tables["impact"].attrs["columns"]["obs_status"]["values"]["A"].startswith("normal")
    assert set(tables["impact"]["restriction_id"]) == {"R1"}
    footers = [
        pq.read_metadata(place / "impact.parquet").metadata
        for place in (tmp_path / "all", tmp_path / "part")
    ]
    assert footers[0] == footers[1]
    assert frictionless.validate(str(tmp_path / "part" / "datapackage.json")).valid


def test_duckdb_has_the_tables_and_their_comments(
    version: Stored, everything: Content, tmp_path: Path
) -> None:
    export.export_version(version, Form.DUCKDB, tmp_path / "a.duckdb", ExportQuery())
    with duckdb.connect(str(tmp_path / "a.duckdb"), read_only=True) as base:
        for name, table in everything.tables.items():
            read = base.sql(f'SELECT * FROM "{name}"').to_arrow_table()
            assert read.to_pylist() == table.to_pylist()
        noted = base.execute(
            "SELECT count(*) FROM duckdb_columns() WHERE comment IS NULL AND NOT internal "
            "AND table_name <> 'about'"
        ).fetchall()
        comments = base.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall()
        about = dict(base.execute("SELECT what, words FROM about").fetchall())
        (feature,) = base.execute(
            "SELECT comment FROM duckdb_columns() WHERE column_name = 'feature'"
        ).fetchone()  # type: ignore[misc]
    assert noted == [(0,)]
    told = dict(comments)
    assert all(told[name] for name in everything.tables)
    assert about["version"] == version.id
    assert "\nvoice_call: voice calls\n" in feature


def test_the_restrictions_of_an_area_and_year_are_those_that_it_counts(
    repository_published: Path,
) -> None:
    version = versions.find_latest(repository_published)
    every = content.read_all_tables(version)
    rows = combine_areas(every.tables.__getitem__).query("kind == 'all'")
    years = rows[rows["period"].str.len() == 4].drop_duplicates("area_id", keep="last")
    assert len(years) > 50
    for row in years.itertuples():
        _, made = content.choose_restrictions(
            every, ExportQuery(area=row.area_id, year=int(row.period))
        )
        assert len(made) == row.restrictions_count, f"{row.area_id} {row.period}"


def test_an_area_and_year_is_its_rows_and_its_answer(repository_published: Path) -> None:
    made = _chosen(repository_published, ExportQuery(area="002", year=2023))
    assert made.describe()["title"].endswith("Africa, 2023")
    (answer,) = made.answers
    assert answer.startswith("In 2023 about ")
    frames = {name: table.to_pandas() for name, table in made.tables.items()}
    assert set(frames["countries_by_year"]["year"]) == set(frames["draws"]["year"]) == {2023}
    assert {day.year for day in frames["countries_by_month"]["month"]} == {2023}
    assert set(frames["countries_by_month"]["continent_name"]) == {"Africa"}
    assert set(frames["regions_by_year"]["area_id"]) == {"002"}
    assert "countries_by_day" not in frames, "days are those of the last two years"
    assert set(frames["person_days"]["period"].str[:4]) == {"2023", "all"}
    acts = set(frames["restrictions"]["restriction_id"])
    assert set(frames["impact"]["restriction_id"]) == acts
    named = {*frames["lineage"]["source_id"], *frames["restrictions"]["source_id"]}
    assert named <= set(frames["sources"]["source_id"])
    assert {"quality", "quarantine", "countries_by_day"} <= set(made.left_out)


def run(*words: str | Path) -> tuple[int, str]:
    """Exit status and what was said."""
    done = CliRunner().invoke(app, ["export", *map(str, words)], catch_exceptions=False)
    return done.exit_code, done.output


def test_the_command_writes_and_says_where(version: Stored, tmp_path: Path) -> None:
    root, into = Path(version.store.address), tmp_path / "new" / "r1.xlsx"
    words = ("--format", "xlsx", "--published", root, "--into", into)
    assert run(*words) == (0, f"wrote version {version.id}\n{into}\n")
    assert run(*words)[0] == 0, "the same again is no other file"
    into.write_bytes(b"mine")
    code, told = run(*words)
    assert (code, into.read_bytes()) == (1, b"mine")
    assert told == f"{into} is there already: give another name, or --overwrite\n"
    assert run(*words, "--overwrite")[0] == 0
    assert [one.name for one in into.parent.iterdir()] == ["r1.xlsx"]


def test_a_folder_with_something_else_is_left_alone(version: Stored, tmp_path: Path) -> None:
    root, into = Path(version.store.address), tmp_path / "out"
    words = ("--format", "csv", "--published", root, "--into", into)
    into.mkdir()
    assert run(*words)[0] == 0, "an empty folder is free"
    (into / "impact.csv").write_text("edited", "utf-8")
    code, told = run(*words)
    assert code == 1
    assert "--overwrite" in told
    assert run(*words, "--overwrite")[0] == 0
    (into / "mine.txt").write_text("mine", "utf-8")
    code, told = run(*words, "--overwrite")
    assert code == 1
    assert "contains mine.txt, which is no part of an export" in told
    assert (into / "mine.txt").read_text("utf-8") == "mine"
    assert run("--format", "json", "--published", root, "--into", into)[0] == 1
    assert run("--format", "csv", "--published", root, "--into", into / "mine.txt")[0] == 1
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--restriction", "R11"), "R11 is not published; did you mean R1?"),
        (("--restriction", "zzz"), "No events for 'zzz'. This edition holds "),
        (
            ("--area", "Rusia"),
            "Rusia is no area on record: give a code such as RU or 002, or a name",
        ),
        (("--area", "RU"), "no restriction on record for Russia"),
        (("--area", "XA", "--year", "1999"), "no restriction on record for "),
    ],
)
def test_what_is_not_published_is_said_in_a_line(
    version: Stored, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    root, into = Path(version.store.address), tmp_path / "a.xlsx"
    code, told = run("--format", "xlsx", "--published", root, "--into", into, *words)
    assert code == 1
    assert said in told
    assert told.count("\n") == 1
    assert not into.exists()


def test_called_wrongly(tmp_path: Path) -> None:
    assert run("--format", "ods", "--into", tmp_path / "a")[0] == 2
    assert run("--format", "xlsx", "--into", "s3://bucket/a.xlsx")[0] == 2
    code, told = run("--format", "xlsx", "--into", tmp_path / "a.xlsx", "--published", tmp_path)
    assert (code, told.count("\n")) == (1, 1)


def test_a_workbook_that_excel_would_not_open_is_refused(version: Stored, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=r"a\.csv does not end in \.xlsx"):
        export.export_version(version, Form.XLSX, tmp_path / "a.csv", ExportQuery())


def test_a_disk_that_refuses_is_told(version: Stored, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", "utf-8")
    with pytest.raises(PublishError, match=r"cannot write .*a\.json"):
        export.export_version(version, Form.JSON, tmp_path / "file" / "a.json", ExportQuery())
    with pytest.raises(PublishError, match=r"cannot write .*folder"):
        export.export_version(version, Form.CSV, tmp_path / "file" / "folder", ExportQuery())


def test_an_archive_holds_the_same_files(version: Stored, tmp_path: Path) -> None:
    export.export_version(version, Form.CSV, tmp_path / "a.zip", ExportQuery(("R1",)))
    export.export_version(version, Form.CSV, tmp_path / "a", ExportQuery(("R1",)))
    with zipfile.ZipFile(tmp_path / "a.zip") as made:
        packed = {name: made.read(name) for name in made.namelist()}
    folder = tmp_path / "a"
    assert packed == {name: (folder / name).read_bytes() for name in export.list_files(folder)}
