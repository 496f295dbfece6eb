"""Reading loses nothing: what is wrong with a file or a row is said, on its line."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audience_impact import pipeline
from audience_impact.facts import reading
from audience_impact.facts import tables as facts
from audience_impact.vocabulary import FindingSeverity as Severity
from flows.pipeline import steps
from schemas import facts as fact_models
from tests.support import (
    AS_OF,
    DEFAULTS,
    World,
    append,
    checked,
    computed,
    edit,
    load,
    save,
    small,
    world,
)

HEADER = reading.Header(["a_id", "b", "c"], ["a_id"])
HEADERS = {"things": HEADER}


def things(folder: Path, content: str | bytes) -> tuple[pd.DataFrame, list[facts.Finding]]:
    """The table `things` with this content, and what is wrong with it."""
    folder.mkdir(exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    (folder / "things.csv").write_bytes(data)
    tables, findings = reading.read_tables([folder], HEADERS)
    return tables["things"], findings


@dataclass(frozen=True)
class Broken:
    """A file, and what must be found in it."""

    content: bytes
    rule: str
    line: int
    column: str
    value: str
    severity: Severity = Severity.TABLE_ERROR


BROKEN = [
    Broken(b"", "empty_file", 1, "a_id", ""),
    Broken(b"\n\n", "empty_file", 1, "a_id", ""),
    Broken(b"\xef\xbb\xbf", "empty_file", 1, "a_id", ""),
    Broken(b"a_id,b,c\n1,x,y\n2,caf\xe9,y\n", "encoding", 3, "b", "byte 0xe9"),
    Broken(b'a_id,b,c\n1,x,y\n2,"x"y,z\n', "unreadable", 3, "", ""),
    Broken(b'a_id,b,c\n1,"x,y\n2,x,y\n', "unreadable", 2, "", ""),
    Broken(b"a_id,c\n1,y\n", "missing_column", 1, "b", ""),
    Broken(b"a_id,b,c,d\n1,x,y,z\n", "unknown_column", 1, "d", "d"),
    Broken(b"a_id,b,c,b\n1,x,y,x\n", "unknown_column", 1, "b", "b"),
    Broken(b"a_id,b,c\n1,x,y\n2,x\n3,x,y\n", "field_count", 3, "b", "2", Severity.ERROR),
    Broken(b"a_id,b,c\n1,x,y,z\n", "field_count", 2, "c", "4", Severity.ERROR),
    Broken(
        b'a_id,b,c\n1,x,y\n2,"x\nx",y\n3,x,y\n', "multiline_cell", 3, "b", "x\nx", Severity.ERROR
    ),
    Broken(b'a_id,b,c\n2,x,"y\rz"\n', "multiline_cell", 2, "c", "y\rz", Severity.ERROR),
    Broken(b"a_id,b,c\n1,x,y\n2,x,y\n1,z,z\n", "key_repeats", 4, "a_id", "1"),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: f"{case.rule}-{case.content[-12:]!r}")
def test_a_broken_file_is_named_with_line_column_and_value(case: Broken, tmp_path: Path) -> None:
    _, findings = things(tmp_path, case.content)
    (result,) = findings
    assert (result.table, result.file, result.layer) == ("things", "things.csv", 1)
    assert (result.rule, result.line, result.column) == (case.rule, case.line, case.column)
    assert (result.value, result.severity) == (case.value, case.severity)
    assert result.message
    assert bool(result.row) == (case.rule in {*reading.ROW_RULES, "key_repeats"})


def test_an_optional_table_may_be_missing(tmp_path: Path) -> None:
    header = replace(HEADER, optional=True)
    tables, findings = reading.read_tables([tmp_path], {"things": header})
    assert findings == []
    assert tables["things"].empty


def test_what_is_no_file_is_no_table_that_is_left_out(tmp_path: Path) -> None:
    headers = {"things": replace(HEADER, optional=True)}
    for name in ("folder", "pipe", "nowhere", "things.csv", "/dev/zero"):
        folder = tmp_path / Path(name).stem
        folder.mkdir()
        path = folder / "things.csv"
        if name == "folder":
            path.mkdir()
        elif name == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(name)
        tables, (finding,) = reading.read_tables([folder], headers)
        assert (finding.rule, finding.file) == ("unreadable", "things.csv")
        assert finding.severity is Severity.TABLE_ERROR
        assert "it is no file, or a link to none" in finding.message
        assert tables["things"].empty


def test_the_files_of_a_version_are_the_bytes_that_were_read(tmp_path: Path) -> None:
    folder = small(tmp_path / "facts")
    before = (folder / "estimates.csv").read_bytes()
    read = steps.read_facts([folder])
    append(folder, "estimates", {"estimate_id": "E9"})
    assert read.files["0/estimates.csv"] == before


def test_a_table_that_no_folder_holds_is_missing(tmp_path: Path) -> None:
    tables, findings = reading.read_tables([tmp_path], HEADERS)
    (result,) = findings
    assert (result.rule, result.file, result.line, result.column) == (
        "missing_table",
        "things.csv",
        1,
        "a_id",
    )
    assert result.severity is Severity.TABLE_ERROR
    assert tables["things"].empty
    assert list(tables["things"].columns) == [*HEADER.columns, *facts.PROVENANCE]


def test_a_strange_csv_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "thinks.csv").write_text("a\n")
    _, findings = things(tmp_path, "a_id,b,c\n")
    (result,) = findings
    assert (result.rule, result.file, result.severity) == (
        "unknown_table",
        "thinks.csv",
        Severity.WARNING,
    )


def test_a_layer_that_is_being_written_is_refused(small_facts: Path, tmp_path: Path) -> None:
    """Also where a whole layer lies before it, and with the folder that it is."""
    half = tmp_path / "half"
    half.mkdir()
    (half / "bases.csv").write_bytes((small_facts / "bases.csv").read_bytes())
    (half / reading.UNFINISHED).write_text("refresh\n")
    done = steps.validate_facts(steps.read_facts([small_facts, half]))
    (result,) = [result for result in done.findings if result.rule == "unfinished_layer"]
    assert (result.table, result.layer, result.severity) == ("bases", 2, Severity.TABLE_ERROR)
    with pytest.raises(steps.RefusedError, match=f"{half}/.unfinished:1:: unfinished_layer: "):
        steps.refuse_errors(done, strict=False)


def test_a_layer_that_begins_to_be_written_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = reading._Reader.read_frame

    def while_reading(*words: Any) -> Any:
        (tmp_path / reading.UNFINISHED).write_text("refresh\n")
        return read(*words)

    monkeypatch.setattr(reading._Reader, "read_frame", while_reading)
    _, findings = things(tmp_path, "a_id,b,c\n")
    assert [finding.rule for finding in findings] == ["unfinished_layer"]


def test_a_row_that_cannot_be_read_is_kept_whole_and_the_others_stay(tmp_path: Path) -> None:
    frame, findings = things(tmp_path, 'a_id,b,c\n1,x,y\n2,"x, x"\n3,"p\nq",r\n4,x,y\n')
    assert [json.loads(finding.row) for finding in findings] == [["2", "x, x"], ["3", "p\nq", "r"]]
    assert frame["a_id"].tolist() == ["1", "4"]
    assert frame["row_line"].tolist() == [2, 6]


def test_lines_are_those_of_the_file_through_blank_lines(tmp_path: Path) -> None:
    frame, findings = things(tmp_path, "a_id,b,c\n\n1,x,y\n\n\n2,x,y")
    assert not findings
    assert frame["row_line"].tolist() == [3, 6]


@pytest.mark.parametrize("written", [
    "a_id,b,c\r\n1,ö,y\r\n2,x,y\r\n", "\ufeffa_id,b,c\n1,ö,y\n2,x,y\n",
    "\ufeffa_id,b,c\r\n1,ö,y\r\n2,x,y", 'a_id,b,c\n"1","ö",y\n2,x,"y"\n',
    "c,b,a_id\ny,ö,1\ny,x,2\n",
])  # fmt: skip
def test_crlf_byte_order_mark_quotes_and_column_order_are_no_matter(
    written: str, tmp_path: Path
) -> None:
    plain, _ = things(tmp_path, "a_id,b,c\n1,ö,y\n2,x,y\n")
    frame, findings = things(tmp_path, written)
    assert not findings
    pd.testing.assert_frame_equal(frame, plain)


def test_cells_stay_as_written(tmp_path: Path) -> None:
    frame, _ = things(tmp_path, "a_id,b,c\n007,1e5, NA \n")
    assert frame.loc[0, ["a_id", "b", "c"]].tolist() == ["007", "1e5", " NA "]


def test_rows_without_a_key_are_no_repeats_and_none_is_lost(tmp_path: Path) -> None:
    frame, findings = things(tmp_path, "a_id,b,c\n,x,y\n1,x,y\n,z,z\n")
    assert not findings
    assert frame["row_line"].tolist() == [2, 3, 4]


def layers(root: Path, *contents: str) -> tuple[pd.DataFrame, list[facts.Finding]]:
    """Several folders, each with its table `things`."""
    folders = []
    for number, content in enumerate(contents, 1):
        things(root / str(number), content)
        folders.append(root / str(number))
    tables, findings = reading.read_tables(folders, HEADERS)
    return tables["things"], findings


def test_layers_merge_by_key_and_the_later_wins(tmp_path: Path) -> None:
    frame, findings = layers(
        tmp_path, "a_id,b,c\n1,x,y\n2,x,y\n", "a_id,b,c\n3,n,n\n1,later,y\n", "a_id,b,c\n"
    )
    assert not findings
    by_key = frame.set_index("a_id")
    assert by_key["b"].to_dict() == {"1": "later", "2": "x", "3": "n"}
    assert by_key["row_layer"].to_dict() == {"1": 2, "2": 1, "3": 2}
    assert by_key["row_line"].to_dict() == {"1": 3, "2": 3, "3": 2}


def test_a_finding_in_a_later_layer_names_that_layer(tmp_path: Path) -> None:
    _, findings = layers(tmp_path, "a_id,b,c\n1,x,y\n", "a_id,b,c\n2,x\n")
    (result,) = findings
    assert (result.layer, result.line) == (2, 2)
    there = facts.relocate_finding(result, [tmp_path / "1", tmp_path / "2"])
    assert there.file == str(tmp_path / "2" / "things.csv")


@pytest.mark.chain
def test_overridden_rows_are_counted(tmp_path: Path, small_facts: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    header, rows = load(small_facts / "estimates.csv")
    rows[0][header.index("value")] = "450000"
    rows[1][0] = "E9"
    save(own / "estimates.csv", header, rows)
    reading = steps.read_facts([small_facts, own])
    assert not reading.findings
    assert reading.overridden_count == 1
    assert reading.tables["estimates"].set_index("estimate_id")["value"].to_dict() == {
        "E1": "450000",
        "E2": "400000",
        "E9": "400000",
    }
    assert steps.read_facts([small_facts]).overridden_count == 0
    tables = steps.refuse_errors(checked(small_facts, own), strict=True).tables
    stages, _ = pipeline.prepare_run(tables, AS_OF)
    lineage = pipeline.Outputs(stages, pipeline.Settings())["lineage"]
    assert lineage.loc[lineage["input_id"] == "E1", "row_layer"].tolist() == [2]


def test_the_digest_knows_bytes_tables_and_layers_but_no_folder_names(tmp_path: Path) -> None:
    one, two, other = tmp_path / "one", tmp_path / "two", tmp_path / "other"
    for folder in (one, two):
        things(folder, "a_id,b,c\n1,x,y\n")
    things(other, "a_id,b,c\n1,x,z\n")

    def digest(*folders: Path) -> str:
        files = reading.read_layers(folders, HEADERS).files
        return reading.compute_digest(files, len(folders), HEADERS)

    assert digest(one) == digest(two)
    assert (
        len({digest(one), digest(other), digest(one, other), digest(other, one), digest(one, two)})
        == 5
    )
    assert len(digest(one)) == len(hashlib.sha256().hexdigest())


def test_a_blank_lineage_of_a_figure_is_that_of_its_source() -> None:
    made = world().estimate("E1").estimate("E2", measurement_series_id="other-panel")
    typed = made.typed()["estimates"].set_index("estimate_id")
    assert typed["measurement_series_id"].to_dict() == {"E1": "panel", "E2": "other-panel"}


def test_numbers_and_periods_are_typed_beside_the_text() -> None:
    made = world().estimate("E1", value="", low="1", high="2.5", period="2025-08-10/2025-08-11")
    first = made.typed()["estimates"].iloc[0]
    assert pd.isna(first["value"])
    assert (first["low"], first["high"]) == (1.0, 2.5)
    assert (
        first["period"],
        str(first["period_start"].date()),
        str(first["period_end"].date()),
    ) == ("2025-08-10/2025-08-11", "2025-08-10", "2025-08-12")


def test_a_column_under_its_former_name_is_read_and_told(small_facts: Path) -> None:
    path = small_facts / "overlaps.csv"
    header, rows = load(path)
    before = steps.read_facts([small_facts])
    series = header.index("measurement_series_id")
    save(path, [*header[:series], "lineage_id", *header[series + 1 :]], rows)
    after = steps.read_facts([small_facts])
    (result,) = after.findings
    assert (result.rule, result.file, result.line) == ("former_column", "overlaps.csv", 1)
    assert (result.column, result.severity) == ("lineage_id", Severity.WARNING)
    pd.testing.assert_frame_equal(after.tables["overlaps"], before.tables["overlaps"])
    save(path, [*header, "lineage_id"], [[*row, ""] for row in rows])
    assert [each.rule for each in steps.read_facts([small_facts]).findings] == ["unknown_column"]


def test_a_broken_table_is_refused_and_says_where(small_facts: Path) -> None:
    header, rows = load(small_facts / "bases.csv")
    save(small_facts / "bases.csv", [*header, "comment"], [[*row, ""] for row in rows])
    (small_facts / "circumvention.csv").unlink()
    line = len(load(small_facts / "surveys.csv")[1]) + 2
    with (small_facts / "surveys.csv").open("a") as file:
        file.write('"never closed')
    with pytest.raises(steps.RefusedError) as refused:
        computed(small_facts)
    for place in (
        "bases.csv:1:comment: unknown_column: ",
        "circumvention.csv:1:circumvention_id: missing_table: ",
        f"surveys.csv:{line}:: unreadable: ",
    ):
        told = [each for each in refused.value.lines if each.startswith(f"{small_facts}/{place}")]
        assert len(told) == 1, place


@pytest.mark.chain
def test_headers_alone_are_facts_that_say_nothing(tmp_path: Path) -> None:
    bare = steps.refuse_errors(checked(World().write(tmp_path / "bare")), strict=True)
    done = steps.compute_results(bare, AS_OF, 0)
    assert {
        name: table.num_rows
        for name, table in done.tables.items()
        if table.num_rows and name != "quality"
    } == {}


@pytest.mark.chain
def test_without_any_source_nothing_says_when_the_facts_were_read(tmp_path: Path) -> None:
    bare = checked(World().write(tmp_path / "bare"))
    with pytest.raises(steps.RefusedError, match="no source"):
        steps.compute_results(bare, None, 0)


@pytest.mark.parametrize(
    ("variable", "setting"),
    [("PANDERA_VALIDATION_ENABLED", "False"), ("PANDERA_VALIDATION_DEPTH", "SCHEMA_ONLY")],
)
def test_facts_are_refused_where_validation_is_switched_off(
    variable: str, setting: str, small_facts: Path
) -> None:
    """The library reads the variable when it is imported: hence a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "audience_impact", "check", str(small_facts)],
        check=False,
        capture_output=True,
        text=True,
        env={variable: setting, "PATH": ""},
    )
    assert done.returncode == 1
    assert f"refused: {variable} switches validation off; unset it" in done.stderr
    assert "Traceback" not in done.stderr


def list_findings(folder: Path) -> list[tuple[str, int, str, str]]:
    result = steps.validate_facts(steps.read_facts([folder])).findings
    return [(one.table, one.line, one.column, one.rule) for one in result if one.table != "surveys"]


def test_a_row_that_is_wrong_tells_its_keys_in_the_same_check(small_facts: Path) -> None:
    line = edit(small_facts, "estimates", "E1", value="many", platform_id="nobody")
    assert list_findings(small_facts) == [
        ("estimates", line, "platform_id", "key_unresolved"),
        ("estimates", line, "value", "number"),
    ]


def test_a_law_for_anything_stands_once_and_that_of_a_later_layer_wins(tmp_path: Path) -> None:
    """Its key is blank: it names a row all the same."""
    layers = [tmp_path / name for name in ("first", "second")]
    for folder, mean in zip(layers, ("0.1", "0.2"), strict=True):
        small(folder)
        append(folder, "circumvention_laws", {**DEFAULTS["circumvention_laws"], "mean": mean})
    assert list(steps.read_facts(layers).tables["circumvention_laws"]["mean"]) == ["0.2"]
    line = append(layers[0], "circumvention_laws", DEFAULTS["circumvention_laws"])
    (result,) = steps.read_facts(layers[:1]).findings
    assert (result.rule, result.line, result.column) == ("key_repeats", line, "area_id")
    assert result.message.startswith(f"line {line - 1} has the same key")


def test_a_row_whose_key_repeats_tells_what_else_is_wrong(small_facts: Path) -> None:
    header, rows = load(small_facts / "estimates.csv")
    first = rows[0].copy()
    rows[0][header.index("period")] = "soon"
    rows[0][header.index("source_id")] = "nowhere"
    save(small_facts / "estimates.csv", header, [*rows, first])
    assert list_findings(small_facts) == [
        ("estimates", 2, "period", "date"),
        ("estimates", 2, "source_id", "key_unresolved"),
        ("estimates", 4, "estimate_id", "key_repeats"),
    ]


def test_a_row_is_told_though_its_source_is_wrong_where_that_may_be_blank(
    small_facts: Path,
) -> None:
    at = edit(small_facts, "sources", "panel-page", published_on="soon")
    line = edit(small_facts, "estimates", "E1", value="9000000")
    result = list_findings(small_facts)
    assert ("sources", at, "published_on", "date") in result
    assert ("estimates", line, "source_id", "key_unresolved") in result
    assert ("estimates", line, "value", "above_population") in result


def test_beside_a_table_that_cannot_be_read_other_tables_are_held_to_their_rules(
    small_facts: Path,
) -> None:
    (small_facts / "platforms.csv").write_bytes(b"")
    line = edit(small_facts, "estimates", "E1", value="9000000", source_id="nowhere")
    other = edit(small_facts, "estimates", "E2", value="9000000")
    result = list_findings(small_facts)
    assert ("platforms", 1, "platform_id", "empty_file") in result
    assert ("estimates", line, "source_id", "key_unresolved") in result
    assert ("estimates", other, "value", "above_population") in result
    assert not [each for each in result if each[2] == "platform_id" and each[3] == "key_unresolved"]


@pytest.mark.chain
@pytest.mark.parametrize("first", range(4))
def test_no_table_that_cannot_be_read_hinders_the_check(first: int, small_facts: Path) -> None:
    """Every fourth table at once: those that one rule compares stand beside each other."""
    tables = [*fact_models.TABLES][first::4]
    for table in tables:
        (small_facts / f"{table}.csv").write_bytes(b"\xff\n")
    result = steps.validate_facts(steps.read_facts([small_facts])).findings
    for table in tables:
        assert [one.rule for one in result if one.table == table] == ["encoding"]


def test_an_acceptance_does_not_lapse_while_rows_are_refused(small_facts: Path) -> None:
    cells = {"rule": "figure_jump", "table": "estimates", "key": "E1", "column": "value"}
    append(small_facts, "accepted_findings", cells | {"reason": "so", "reviewed_on": "2026-01-31"})
    assert [finding[3] for finding in list_findings(small_facts)] == ["acceptance_lapsed"]
    edit(small_facts, "estimates", "E1", value="many")
    assert [finding[3] for finding in list_findings(small_facts)] == ["number"]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that no one can read")
def test_a_file_that_cannot_be_read_is_a_finding(small_facts: Path) -> None:
    (small_facts / "sources.csv").unlink()
    (small_facts / "sources.csv").symlink_to("/proc/self/mem")
    assert list_findings(small_facts) == [("sources", 1, "", "unreadable")]


def test_a_file_that_is_too_large_is_a_finding(
    small_facts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 600)
    result = steps.validate_facts(steps.read_facts([small_facts])).findings
    assert ("sources", "unreadable") in {(one.table, one.rule) for one in result}
    assert "more than 600 bytes" in next(one.message for one in result if one.table == "sources")
