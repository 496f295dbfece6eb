"""A register imported as a layer: files as they come, every row accounted for, nothing silent."""

import io
import json
import lzma
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from audience_impact.cli.command import app
from audience_impact.facts.tables import Tables
from audience_impact.registers import place_names, register_tables
from audience_impact.registers.place_names import Atlas
from audience_impact.registers.stop import cells as stop
from flows import CHECKOUT
from flows.pipeline import steps
from flows.registers import REGISTERS, importing
from flows.registers import files as registers
from schemas import facts as fact_models
from tests.support import FACTS, load, register_row

REGISTER = Path(__file__).parents[3] / "shared" / "data" / "stop_2016_2025.parquet"
COUNTS = REGISTER.parents[1] / "facts" / "access_now_counts_2016_2025.csv"
SERVICE = {"shutdown_extent": "Service-based"}
CALLS = "Call features on WhatsApp and Telegram were ordered to be blocked."

ROWS = [
    register_row(),
    register_row(
        **SERVICE, whatsapp_affected="Yes", telegram_affected="Yes", event=CALLS, end_date="",
        shutdown_status="Ongoing", gov_ack="Yes",
    ),
    register_row(
        **SERVICE, whatsapp_affected="Yes", telegram_affected="Yes", event=CALLS, end_date="",
        shutdown_status="Ongoing", gov_ack="Yes", count_year="2026",
    ),
    register_row(country="India", area_name="Pulwama, Jammu and Kashmir", duration="2",
                 geo_scope="It only affected one city, county, or village"),
    register_row(country="India", area_name="Sopore", duration="2 hours", shutdown_status="",
                 geo_scope="It only affected one city, county, or village"),
    register_row(country="Kenya; Narnia"),
    register_row(country="Kenya; Uganda", end_date="2025-08-14"),
    register_row(country="Namibia", end_date="2025-08-12", duration="-5"),
    register_row(country="Turkey", **SERVICE, other_affected="Boykotyap, VPNs, odd things",
                 duration="-44138", shutdown_status="Ongoing"),
    register_row(country="Somaliland", **SERVICE, area_name=""),
    register_row(country="Somaliland", **SERVICE, area_name=""),
    register_row(start_date=""),
    register_row(start_date="August"),
    register_row(count_year="x"),
    register_row(area_name="Tula", end_date="soon", geo_scope="Odd"),
    register_row(area_name="Tver", end_date="2025-09-01", shutdown_status="Ongoing",
                 shutdown_extent="Full network, Service-based", whatsapp_affected="Yes"),
    register_row(area_name="Narnia", other_affected="Starlink"),
    register_row(country="Kenya", shutdown_status="Ongoing", event="one way"),
    register_row(country="Kenya", shutdown_status="Ongoing", event="or other", count_year="2026"),
    register_row(country="Chad", start_date="2025-01-03", end_date="2025-12-28", duration="-359"),
    register_row(country="Mali", start_date="2025-01-03", end_date="2025-12-28", duration="-40"),
    register_row(country="Niger", end_date="2025-08-20", ordered_by="Non-government",
                 event="Fire damaged the masts."),
    register_row(country="Togo", shutdown_status="Ongoing"),
    register_row(country="Togo", **SERVICE, other_affected="YouTube", end_date="2026-02-01",
                 area_name="National", count_year="2026"),
    register_row(country="Benin", info_source_link="https://news.example/a"),
    register_row(country="Benin", info_source_link="https://news.example/a",
                 actual_cause="Elections"),
]  # fmt: skip
DEFECTS = {
    "start_missing": [12],
    "start_unreadable": [13],
    "country_unresolved": [6],
    "count_year_unreadable": [14],
    "several_countries": [7],
    "end_missing": [1, 4, 5, 10, 11, 15, 17, 25, 26],
    "end_unreadable": [15],
    "end_before_start": [8],
    "ongoing_with_end": [16],
    "ongoing_not_repeated": [9, 23],
    "satellite_named": [17],
    "word_unknown": [15],
    "place_missing": [10, 11],
    "place_unresolved": [17],
    "platform_in_text": [9, 24],
    "platform_new": [9],
    "platform_text_unread": [9],
    "platform_not_named": [10, 11],
    "feature_in_text": [2, 3],
    "extent_doubtful": [22],
    "repeat_differs": [19, 26],
    "told_twice": [26],
    "same_row_twice": [11],
}


MET_ELSEWHERE = {"extent_mixed"}
"""Defects that tests/unit has, in test_stop.py, test_register_narrowing.py and _reading.py."""


def frame(rows: Sequence[dict[str, str]] = ROWS) -> pd.DataFrame:
    return pd.DataFrame(list(rows), dtype="str")


def as_parquet(folder: Path, rows: Sequence[dict[str, str]] = ROWS) -> Path:
    path = folder / "register.parquet"
    table = frame(rows).replace("", None)
    for day in ("start_date", "end_date"):
        if pd.to_datetime(table[day], errors="coerce").notna().sum() == table[day].notna().sum():
            table[day] = pd.to_datetime(table[day])
    table.to_parquet(path)
    return path


def as_csv(folder: Path, rows: Sequence[dict[str, str]] = ROWS) -> Path:
    path = folder / "register.csv"
    frame(rows).to_csv(path, index=False)
    return path


def as_excel(folder: Path, rows: Sequence[dict[str, str]] = ROWS) -> Path:
    path = folder / "register.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    book.active.append(["This is the register"])
    for title, own in (("2025", rows[:2]), ("Combined (2016-2025)", rows)):
        sheet = book.create_sheet(title)
        sheet.append(list(rows[0]))
        for row in own:
            cells = [pd.Timestamp(c) if len(c) == 10 and c[4] == "-" else c for c in row.values()]
            sheet.append(cells)
    sheet.append([None] * len(rows[0]))
    book.save(path)
    return path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["import", "stop", *map(str, words)])


def import_as_json(path: Path, into: Path, *more: str | Path) -> dict[str, Any]:
    done = run(path, "--into", into, "--format", "json", *more)
    assert done.exit_code == 0, done.output
    output: dict[str, Any] = json.loads(done.stdout)
    return output


def layer(folder: Path) -> dict[str, list[dict[str, str]]]:
    tables = {}
    for path in sorted(folder.glob("*.csv")):
        header, rows = load(path)
        tables[path.stem] = [dict(zip(header, row, strict=True)) for row in rows]
    return tables


class Imported(NamedTuple):
    """The register as CSV, the layer that it became, and what was told of it."""

    path: Path
    into: Path
    told: dict[str, Any]

    def copied(self, folder: Path) -> Path:
        """A copy of the layer, to be changed."""
        return Path(shutil.copytree(self.into, folder / "layer"))


@pytest.fixture(scope="module", autouse=True)
def _places_once() -> Iterator[None]:
    """Places of the same facts are laid out once, which takes longer than all else of an import."""
    made, lay_out = dict[tuple[Any, ...], Atlas](), place_names.build_atlas

    def atlas(countries: Iterable[str], facts: Tables) -> Atlas:
        result = [facts[name].to_csv() for name in ("areas", "place_names")]
        key = (*countries, *result)
        if key not in made:
            made[key] = lay_out(countries, facts)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "build_atlas", atlas)
        yield


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Imported once, beside another count of events; to be read alone."""
    folder = tmp_path_factory.mktemp("imported")
    counts = folder / "counts.csv"
    counts.write_text("count_year,country,events\n2025,India,3\n")
    path, into = as_csv(folder), folder / "layer"
    return Imported(path, into, import_as_json(path, into, "--counts", counts))


@pytest.mark.parametrize("write", [as_parquet, None, as_excel])
def test_every_row_is_an_event_a_repeat_or_refused(
    tmp_path: Path, write: Callable[[Path], Path] | None, imported: Imported
) -> None:
    result = import_as_json(write(tmp_path), tmp_path / "layer") if write else imported.told
    assert {name: result[name] for name in ("rows", "events", "merged", "refused")} == {
        "rows": 26,
        "events": 19,
        "merged": 3,
        "refused": 4,
    }
    assert result["merged_identical"] == 1
    assert result["defect_rows"] == DEFECTS
    assert result["defects"] == {kind: len(rows) for kind, rows in DEFECTS.items()}
    assert set(DEFECTS) | MET_ELSEWHERE == set(stop.DEFECTS)
    assert result["names_unresolved"] == {"narnia": [17]}


def test_places_stand_beside_the_restriction_with_their_reading(imported: Imported) -> None:
    result = {
        (row["area_id"], row["reading"], row["name"], row["found_by"])
        for row in layer(imported.into)["restriction_places"]
    }
    assert {
        ("IN-JK/pulwama", "whole", "pulwama", "exact"),
        ("IN-JK/baramula/sopore", "whole", "sopore", "exact"),
    } <= result


def test_the_layer_lies_upon_the_facts_without_an_error(imported: Imported) -> None:
    into = imported.into
    checked = steps.validate_facts(steps.read_facts([FACTS, into]))
    assert {finding.severity.value for finding in checked.findings} <= {"warning"}
    assert {finding.table for finding in checked.findings} <= {"sources", "restrictions"}
    tables = layer(into)
    assert set(tables) == set(register_tables.WRITTEN)
    for table, rows in tables.items():
        assert all(list(row) == list(fact_models.COLUMNS[table]) for row in rows)
    ids = [row["restriction_id"] for row in tables["restrictions"]]
    assert len(ids) == len(set(ids)) == 19
    assert {row["area_ids"] for row in tables["restrictions"]} == {
        *("RU", "RU-TVE", "RU-TUL", "KE;UG", "NA", "TR", "SO", "KE"),
        *("IN-JK/pulwama", "IN-JK/baramula/sopore"),
        *("TD", "ML", "NE", "TG", "BJ"),
    }
    assert [row["platform_id"] for row in tables["platforms"]] == [
        *("boykotyap", "unnamed-services")
    ]


def test_what_the_facts_do_not_have_is_added(small_facts: Path, tmp_path: Path) -> None:
    into = tmp_path / "layer"
    import_as_json(as_csv(tmp_path), into, "--facts", small_facts)
    assert not [
        finding
        for finding in steps.validate_facts(steps.read_facts([small_facts, into])).findings
        if finding.severity.value != "warning"
    ]
    parents = {row["area_id"]: row["parent_id"] for row in layer(into)["areas"]}
    assert parents == {
        **dict.fromkeys(
            ("RU", "IN", "KE", "UG", "NA", "TR", "SO", "TD", "ML", "NE", "TG", "BJ"), ""
        ),
        "IN-JK": "IN",
        "RU-TVE": "RU",
    }
    names = {row["platform_id"]: row["name"] for row in layer(into)["platforms"]}
    assert {"whatsapp": "WhatsApp", "telegram": "Telegram"}.items() <= names.items()


def test_what_is_refused_stands_whole_beside_the_layer(imported: Imported) -> None:
    header, rows = load(imported.into / "refused" / "stop.csv")
    assert header == ["row", "reason", *register_row()]
    assert [row[:2] for row in rows] == [
        ["6", "country_unresolved"],
        ["12", "start_missing"],
        ["13", "start_unreadable"],
        ["14", "count_year_unreadable"],
    ]
    assert [dict(zip(header[2:], row[2:], strict=True)) for row in rows] == [
        ROWS[int(row[0]) - 1] for row in rows
    ]


def test_the_calls_of_august_2025_are_linked_to_the_curated_restriction(imported: Imported) -> None:
    tables = layer(imported.into)
    links = {row["other_restriction_id"]: row for row in tables["event_links"]}
    link = links["RU-2025-08-13-calls"]
    assert "start: 2025-08-13, the other 2025-08-10/2025-08-11" in link["disagreements"]
    own = [
        row
        for row in tables["restriction_targets"]
        if row["restriction_id"] == link["restriction_id"]
    ]
    assert [(row["platform_id"], row["feature"]) for row in own] == [
        ("telegram", "voice_call"),
        ("whatsapp", "voice_call"),
    ]
    assert all("rule stop-event-calls on event" in row["note"] for row in own)


def test_a_second_import_changes_no_byte_and_the_order_of_rows_no_id(
    tmp_path: Path, imported: Imported
) -> None:
    into, other = imported.copied(tmp_path), tmp_path / "other"
    first = {file: file.read_bytes() for file in into.rglob("*.csv")}
    import_as_json(imported.path, into)
    assert first == {file: file.read_bytes() for file in into.rglob("*.csv")}
    import_as_json(as_csv(tmp_path, ROWS[::-1]), other)
    for table in ("restrictions", "restriction_targets", "event_links", "areas", "platforms"):
        assert (into / f"{table}.csv").read_bytes() == (other / f"{table}.csv").read_bytes()


def test_the_text_tells_the_reconciliation(tmp_path: Path) -> None:
    counts = tmp_path / "counts.csv"
    counts.write_text(
        "count_year,country,iso3,events\n2025,Russia,RUS,5\n2026,Russia,,1\n2025,India,IND,2\n"
    )
    done = run(as_csv(tmp_path), "--into", tmp_path / "layer", "--counts", counts)
    assert done.exit_code == 0
    assert "26 rows = 19 events + 3 merged + 4 refused" in done.stdout
    assert "narnia: rows 17" in done.stdout
    assert "  end_before_start: 1 (the end lies before the start; left out); rows 8" in done.stdout
    assert "  RU: 2025 5, 2026 1" in done.stdout
    assert "  KE;UG: 2025 1" in done.stdout
    assert "  KE 2025: 1 here, 0 there" in done.stdout
    assert "  IN 2025" not in done.stdout
    assert "  RU 2025" not in done.stdout


def test_of_many_rows_the_first_are_told(tmp_path: Path) -> None:
    rows = [
        register_row(area_name="Narnia", start_date=f"2025-08-{day:02}") for day in range(1, 15)
    ]
    done = run(as_csv(tmp_path, rows), "--into", tmp_path / "layer")
    assert "narnia: rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ...\n" in done.stdout


def test_json_lists_the_differences_to_another_count(imported: Imported) -> None:
    difference = {"country_ids": "IN", "count_year": "2025", "events": 2, "compared": 3}
    assert difference in imported.told["differences"]


def test_another_snapshot_has_its_own_source(tmp_path: Path, imported: Imported) -> None:
    into = imported.copied(tmp_path)
    (source,) = layer(into)["sources"]
    assert (source["published_on"], source["accessed_on"]) == ("2026-05-20", "2026-11-25")
    words = ("--snapshot", "2027-01-31", "--address", "https://me:pw@example.org/stop")
    import_as_json(imported.path, into, *words, "--accessed", "2027-02-01")
    (source,) = layer(into)["sources"]
    assert source["source_id"] == "access-now-stop-2027-01-31"
    assert (source["url"], source["accessed_on"]) == ("https://...@example.org/stop", "2027-02-01")


def test_a_table_edited_by_hand_is_not_written_over(tmp_path: Path, imported: Imported) -> None:
    """The second import of the same register; only when told to does it write, and keeps a copy."""
    path, into = imported.path, imported.copied(tmp_path)
    whole = (into / "restrictions.csv").read_bytes()
    (into / "restrictions.csv").write_bytes(whole + b"MINE\n")
    done = run(path, "--into", into)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{into / 'restrictions.csv'} was not written by import stop, or")
    assert done.stderr.count("\n") == 1
    assert (into / "restrictions.csv").read_bytes() == whole + b"MINE\n"
    done = run(path, "--into", into, "--overwrite", "--format", "json")
    assert (done.exit_code, json.loads(done.stdout)["rows"]) == (0, len(ROWS))
    (copy,) = (into / "replaced").iterdir()
    assert done.stderr == f"edited by hand, kept as {copy}\n"
    assert copy.read_bytes() == whole + b"MINE\n"
    assert (into / "restrictions.csv").read_bytes() == whole


def test_white_space_of_every_kind_in_the_register_stays_out_of_the_layer(tmp_path: Path) -> None:
    """Else the layer would break its contract, and the whole register be refused for a sign."""
    odd = "\u200b"
    rows = [
        {name: f"{odd}\xa0{cell}{odd}" for name, cell in row.items()}
        | {"other_affected": f"{odd}Boykotyap{odd}, {odd}Zello{odd}" if service else ""}
        for service, row in enumerate((register_row(), register_row(**SERVICE, country="Kenya")))
    ]
    import_as_json(as_csv(tmp_path, rows), tmp_path / "layer")
    names = {row["name"] for row in layer(tmp_path / "layer")["platforms"]}
    assert {"Boykotyap", "Zello"} <= names


def test_a_rule_for_a_column_that_is_not_there_is_named(facts_copy: Path, tmp_path: Path) -> None:
    path = facts_copy / "feature_rules.csv"
    path.write_text(path.read_text() + "bad,rumours,calls,voice_call,\n")
    done = run(as_csv(tmp_path), "--into", tmp_path / "layer", "--facts", facts_copy)
    assert done.exit_code == 1
    assert "rule bad reads the column rumours" in done.stderr


def spoilt(kind: str, folder: Path) -> Path:
    """A file that is no register, of each kind."""
    rows = [{**row} for row in ROWS]
    if kind == "a column is missing":
        for row in rows:
            del row["country"]
        return as_csv(folder, rows)
    if kind == "no sheet has the columns":
        for row in rows:
            for name in stop.READ[:20]:
                del row[name]
        return as_excel(folder, rows)
    name, content = {
        "half a Parquet": ("a.parquet", as_parquet(folder).read_bytes()[:2000]),
        "half an Excel": ("a.xlsx", as_excel(folder).read_bytes()[:4000]),
        "half a CSV": ("a.csv", as_csv(folder).read_bytes()[:-50]),
        "a CSV cut in quotes": ("a.csv", as_csv(folder).read_bytes()[:-50] + b',"x'),
        "another encoding": ("a.csv", "country\nCôte d'Ivoire\n".encode("latin-1")),
        "semicolons": ("a.csv", b"country;start_date\nIndia;2025-08-13\n"),
        "empty": ("a.csv", b""),
        "a header alone": ("a.csv", as_csv(folder).read_bytes().split(b"\n")[0]),
        "nothing but a line": ("a.csv", b"\n"),
        "a column twice": ("a.csv", as_csv(folder).read_bytes().replace(b"event,", b"country,", 1)),
        "something else": ("a.docx", b"\xd0\xcf\x11\xe0"),
        "a zip": ("a.xlsx", b"PK\x03\x04 and nothing else"),
    }[kind]
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("a column is missing", "lacks the column country; give"),
        ("no sheet has the columns", "no sheet has the columns"),
        ("half a Parquet", "incomplete or damaged Parquet file; download it again"),
        ("half an Excel", "no whole Excel file"),
        ("half a CSV", "may be cut off, download it again"),
        ("a CSV cut in quotes", "may be cut off, download it again"),
        ("another encoding", "is not UTF-8 (byte 9); save it as CSV UTF-8"),
        ("semicolons", "separated by semicolons; save it with commas"),
        ("empty", "is empty; download it again"),
        ("a header alone", "has a header and no rows"),
        ("nothing but a line", "is empty"),
        ("a column twice", "lacks the column event"),
        ("something else", "neither Parquet nor Excel"),
        ("a zip", "no whole Excel file"),
    ],
)
def test_a_file_that_is_no_register_gives_one_line(kind: str, says: str, tmp_path: Path) -> None:
    path = spoilt(kind, tmp_path)
    done = run(path, "--into", tmp_path / "layer", "--format", "json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{path}: ")
    assert says in done.stderr
    assert not (tmp_path / "layer").exists()


def test_a_damaged_sheet_gives_one_line(tmp_path: Path) -> None:
    content = bytearray(as_excel(tmp_path).read_bytes())
    place = content.find(b"xl/worksheets/sheet3.xml") + 60
    content[place : place + 400] = bytes(400)
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(registers.RegisterError, match="Excel file"):
        registers.read_file(tmp_path / "a.xlsx", stop.READ)


def damage_members(packed: bytes) -> bytes:
    """Replace the middle of the compressed bytes of each member."""
    content = bytearray(packed)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for member in archive.infolist():
            middle = member.header_offset + 30 + len(member.filename) + member.compress_size // 2
            content[middle : middle + 8] = b"\xff" * 8
    return bytes(content)


def test_a_workbook_that_cannot_be_unpacked_gives_one_line(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(as_excel(tmp_path)) as book, zipfile.ZipFile(packed, "w") as made:
        for name in book.namelist():
            made.writestr(name, book.read(name), zipfile.ZIP_LZMA)
    (tmp_path / "a.xlsx").write_bytes(damage_members(packed.getvalue()))
    with pytest.raises(registers.RegisterError, match="no whole Excel file") as caught:
        registers.read_file(tmp_path / "a.xlsx", stop.READ)
    assert type(caught.value.__cause__) is lzma.LZMAError


def one_line(path: Path) -> str:
    with pytest.raises(registers.RegisterError) as caught:
        registers.read_file(path, stop.READ)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


def test_a_cell_at_the_end_of_a_sheet_is_told_and_not_walked_to(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(as_excel(tmp_path))
    book["Combined (2016-2025)"]["XFD1048576"] = "x"
    book.save(tmp_path / "b.xlsx")
    assert "more than 200,000 rows" in one_line(tmp_path / "b.xlsx")


def test_a_cell_beside_the_table_is_no_column(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(as_excel(tmp_path))
    book["Combined (2016-2025)"]["XFD3"] = "x"
    book.save(tmp_path / "b.xlsx")
    assert list(registers.read_file(tmp_path / "b.xlsx", stop.READ)) == list(ROWS[0])


@pytest.mark.parametrize("write", [as_parquet, as_csv, as_excel])
@pytest.mark.parametrize("limit", ["MOST_ROWS", "MOST_BYTES"])
def test_what_is_larger_than_any_register_gives_one_line(
    tmp_path: Path, write: Callable[[Path], Path], limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path)
    monkeypatch.setattr(registers, limit, 10)
    assert f"more than 10 {limit.removeprefix('MOST_').lower()}" in one_line(path)


def test_a_parquet_with_lists_gives_one_line(tmp_path: Path) -> None:
    table = frame().assign(event=[["a", "b"]] * len(ROWS))
    table.to_parquet(tmp_path / "a.parquet")
    assert "has lists in the column event" in one_line(tmp_path / "a.parquet")


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert one_line(tmp_path / "pipe").endswith("is no file; give a file")


def test_what_is_refused_is_no_formula_where_a_spreadsheet_opens_it(tmp_path: Path) -> None:
    formula = '=HYPERLINK("https://example.org","x")'
    import_as_json(
        as_csv(tmp_path, [{**ROWS[0], "country": "", "event": formula}]), tmp_path / "layer"
    )
    header, (row,) = load(tmp_path / "layer" / "refused" / "stop.csv")
    assert row[header.index("event")] == f"'{formula}"


@pytest.mark.parametrize("cell", ["India;" * 1_600, "Nepal, " * 1_400, "+1", "(a", "??"])
def test_what_names_no_country_is_reported(cell: str, tmp_path: Path) -> None:
    """Lists longer than there are countries, names longer than any, and patterns of two signs."""
    rows = [ROWS[0], {**ROWS[0], "country": cell}]
    report = import_as_json(as_csv(tmp_path, rows), tmp_path / "layer")
    assert report["defect_rows"]["country_unresolved"] == [2]


def test_a_sheet_may_have_any_name_if_its_columns_are_right(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(as_excel(tmp_path))
    del book["2025"]
    book["Combined (2016-2025)"].title = "Tabelle 1"
    book.save(tmp_path / "b.xlsx")
    assert len(registers.read_file(tmp_path / "b.xlsx", stop.READ)) == len(ROWS)


def test_the_real_register_keeps_every_row(tmp_path: Path) -> None:
    """The register lies beside a checkout, if at all; everywhere else made-up rows must do."""
    if REGISTER.is_file():
        result = import_as_json(REGISTER, tmp_path / "layer", "--counts", COUNTS)
        assert (result["rows"], result["refused"]) == (2102, 0)
        # The register tells one event of each of these twice, in the same or in other words.
        differ = {(each["country_ids"], each["count_year"]) for each in result["differences"]}
        assert differ == {("BD", "2018"), ("IN", "2020"), ("IR", "2019")}
        assert {each["compared"] - each["events"] for each in result["differences"]} == {1}
        # Rows that stand again in a later year; both words for the whole country count as one, and
        # the first edition of what was left of an event does not.
        assert result["merged_identical"] == 118


def test_without_a_file_it_says_where_the_register_is_to_be_had_as_the_how_to_does() -> None:
    result = CliRunner().invoke(app, ["import", "stop"])
    assert result.exit_code == 2
    how_to = " ".join((CHECKOUT / "docs/how-to/import-a-register.md").read_text("utf-8").split())
    for sentence in REGISTERS["stop"].where:
        assert sentence in result.output
        assert sentence in how_to
    assert "Licence:" in result.output


def test_a_register_without_a_place_for_its_layer_is_asked_for_one() -> None:
    result = CliRunner().invoke(app, ["import", "ioda", "outages.csv"])
    assert (result.exit_code, "give --into DIR" in result.output) == (2, True)
