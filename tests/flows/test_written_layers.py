"""The one writer of layers: whole or not at all, never over what somebody else wrote."""

import json
import os
import stat
from functools import cache, partial
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock

from audience_impact.facts import reading
from flows import layers
from flows.layers import Owner, WriteResult
from flows.pipeline.steps import RefusedError, build_headers
from schemas import facts as fact_models
from tests.flows import publish_driver as driver
from tests.support import DEFAULTS, FACTS

OWNER = Owner("a test", "test.json", "--overwrite")
BESIDE = Path("refused") / "rows.csv"
NAMES = {"lineages.csv", "platforms.csv", BESIDE.as_posix()}


def made(note: str = "first", **cells: str) -> dict[str, pd.DataFrame]:
    """Two tables of a layer, which carry the note."""
    rows = {
        "lineages": {"measurement_series_id": "panel", **DEFAULTS["lineages"], "note": note},
        "platforms": {"platform_id": "alpha", **DEFAULTS["platforms"], "note": note, **cells},
    }
    return {
        table: pd.DataFrame([{**dict.fromkeys(fact_models.COLUMNS[table], ""), **row}], dtype="str")
        for table, row in rows.items()
    }


@cache
def expected(note: str) -> dict[str, bytes]:
    return {**layers.render_tables(made(note)), BESIDE.as_posix(): f"{note}\n".encode()}


def write(into: Path, note: str = "first", overwrite: bool = False) -> WriteResult:
    return layers.write_layer(expected(note), into, [], OWNER, overwrite)


def refusal(into: Path, note: str = "first", overwrite: bool = False) -> list[str]:
    with pytest.raises(RefusedError) as caught:
        write(into, note, overwrite)
    return caught.value.lines


def content(into: Path) -> dict[str, bytes]:
    """Every file but the lock, whose bytes say nothing."""
    return {
        path.relative_to(into).as_posix(): path.read_bytes()
        for path in sorted(into.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def tables(into: Path) -> dict[str, bytes]:
    return {name: cells for name, cells in content(into).items() if name in NAMES}


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "layer"
    assert write(folder) == WriteResult(True)
    return folder


def test_it_leaves_the_tables_and_a_mark_with_their_digests(into: Path) -> None:
    assert tables(into) == expected("first")
    assert set(content(into)) == {*NAMES, OWNER.mark}
    assert set(json.loads((into / OWNER.mark).read_bytes())["files"]) == NAMES


def test_the_same_again_touches_nothing_and_a_table_that_is_gone_comes_back(into: Path) -> None:
    before = {name: (into / name).stat().st_ino for name in content(into)}
    assert write(into) == WriteResult(False)
    assert {name: (into / name).stat().st_ino for name in content(into)} == before
    (into / "lineages.csv").unlink()
    assert write(into).created
    assert tables(into) == expected("first")


def test_what_nobody_edited_is_replaced(into: Path) -> None:
    assert write(into, "second") == WriteResult(True)
    assert tables(into) == expected("second")


@pytest.mark.parametrize("name", sorted(NAMES))
def test_what_was_edited_by_hand_is_named_and_stays(into: Path, name: str) -> None:
    path = into / name
    path.write_bytes(path.read_bytes() + b"mine\n")
    before = content(into)
    for wanted in ("first", "second"):
        (line,) = refusal(into, wanted)
        assert line.startswith(f"{path} was not written by a test, or was changed since: ")
        assert f"--overwrite keeps a copy in {into / 'replaced'}" in line
        assert content(into) == before


def test_overwriting_keeps_every_edit_aside(into: Path) -> None:
    kept = {}
    for edit in (b"one\n", b"two\n", b"one\n"):
        (into / "platforms.csv").write_bytes(edit)
        (copy,) = write(into, "second", overwrite=True).replaced
        kept[copy] = edit
        assert tables(into) == expected("second")
    assert len(kept) == 2
    assert {path: path.read_bytes() for path in kept} == kept
    assert {path.parent for path in kept} == {into / "replaced"}
    assert write(into, "second") == WriteResult(False)
    assert not [
        item
        for item in reading.read_tables([into], build_headers())[1]
        if item.rule in ("unknown_table", "unfinished_layer")
    ]


def test_a_layer_without_a_mark_is_taken_over_only_where_it_is_the_same(into: Path) -> None:
    (into / OWNER.mark).unlink()
    assert len(refusal(into, "second")) == len(NAMES)
    assert write(into).created
    assert write(into, "second").created


def test_a_fact_table_of_somebody_else_is_refused_and_other_files_are_none_of_its_business(
    into: Path,
) -> None:
    (into / "notes.txt").write_text("mine")
    (into / "register.csv").write_text("mine")
    assert write(into, "second").created
    (into / "estimates.csv").write_text("mine")
    (line,) = refusal(into)
    assert line.startswith(f"{into / 'estimates.csv'} was not written by a test")
    assert write(into, overwrite=True) == WriteResult(True)
    for name in ("notes.txt", "register.csv", "estimates.csv"):
        assert (into / name).read_text() == "mine"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", [*sorted(NAMES), OWNER.mark, "refused", "replaced"])
@pytest.mark.parametrize("dangling", [False, True])
def test_nothing_is_written_through_a_link(
    into: Path, tmp_path: Path, name: str, overwrite: bool, dangling: bool
) -> None:
    other, path = tmp_path / "elsewhere", into / name
    if path.exists():
        path.rename(other)
    else:
        other.mkdir()
    if dangling:
        other.rename(tmp_path / "gone")
    path.symlink_to(other)
    before = content(tmp_path)
    (line,) = refusal(into, "second", overwrite)
    assert line.startswith(f"{path} is a link: ")
    assert content(tmp_path) == before
    assert path.is_symlink()


def test_a_second_name_of_a_file_keeps_its_content(into: Path, tmp_path: Path) -> None:
    other = tmp_path / "backup.csv"
    other.hardlink_to(into / "platforms.csv")
    write(into, "second")
    assert other.read_bytes() == expected("first")["platforms.csv"]


def test_what_is_no_file_is_refused_without_waiting_for_it(into: Path) -> None:
    (into / "platforms.csv").unlink()
    os.mkfifo(into / "platforms.csv")
    (line,) = refusal(into)
    assert line == f"{into / 'platforms.csv'} is no plain file: move it away"
    assert stat.S_ISFIFO((into / "platforms.csv").stat().st_mode)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"files": []}', '{"files": {"a": 1}}', '{"f": 1}']
)
def test_a_mark_that_cannot_be_read_is_refused(into: Path, text: str) -> None:
    (into / OWNER.mark).write_text(text)
    (line,) = refusal(into)
    assert line.startswith(f"{into / OWNER.mark} cannot be read (")


def test_hand_made_facts_are_never_a_layer(tmp_path: Path, facts_copy: Path) -> None:
    for folder in (FACTS, FACTS / "below", facts_copy, facts_copy / "below"):
        with pytest.raises(RefusedError, match="hand-made facts: give a folder of its own"):
            layers.write_layer(expected("first"), folder, [facts_copy], OWNER, overwrite=True)
        assert not (folder / ".lock").exists()
    (tmp_path / "file").write_text("")
    assert refusal(tmp_path / "file") == [f"{tmp_path / 'file'} is no folder: give a folder"]


def test_what_breaks_its_contract_is_named_and_nothing_is_written(into: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        layers.render_tables(made("second", name="A service\u200b", kind="oracle"))
    first, second = caught.value.lines
    assert first.startswith("platforms.csv: alpha: kind: word: the word is not in the vocabulary")
    assert first.endswith("('oracle')")
    assert second == (
        "platforms.csv: alpha: name: white_space: the cell ends with U+200B ZERO WIDTH SPACE; "
        "delete that ('A service\\u200b')"
    )
    assert tables(into) == expected("first")


def test_a_key_that_stands_there_twice_is_named() -> None:
    twice = pd.concat([made()["platforms"]] * 2)
    with pytest.raises(RefusedError, match=r"^platforms\.csv: alpha occurs there twice$"):
        layers.render_tables({"platforms": twice})


def test_two_at_once_are_refused(into: Path) -> None:
    with FileLock(into / ".lock"):
        assert refusal(into, "second") == [f"another command is writing {into}: wait for it"]
    assert tables(into) == expected("first")


def is_refused_by_readers(into: Path) -> bool:
    result = reading.read_tables([into], build_headers())[1]
    return "unfinished_layer" in {finding.rule for finding in result}


def died_at(number: int, into: Path) -> str:
    """What is left of a layer where a write died at that step; blank where the write is done."""
    before = tables(into)
    act = partial(write, into, "second", overwrite=True)
    if driver.stop_before(number, act, os, ("fsync", "replace")) <= number:
        return ""
    state = {str(before): "old", str(expected("second")): "new"}.get(str(tables(into)), "between")
    assert state != "between" or is_refused_by_readers(into)
    return state


@pytest.mark.parametrize("start", ["no layer", "a layer", "an edited layer"])
def test_whoever_dies_leaves_the_old_layer_or_the_new_or_one_that_no_reader_takes(
    tmp_path: Path, start: str
) -> None:
    """At every step on the disk: what is neither is refused by readers, and the next run mends."""
    seen: list[str] = []
    edited = start == "an edited layer"
    while not seen or seen[-1]:
        into = tmp_path / str(len(seen))
        if start != "no layer":
            write(into)
        if edited:
            (into / "platforms.csv").write_bytes(b"mine\n")
        seen.append(died_at(len(seen), into))
        here = {path.read_bytes() for path in into.rglob("platforms*.csv")}
        assert not edited or b"mine\n" in here
        write(into, "second", overwrite=edited)
        assert tables(into) == expected("second")
        assert not is_refused_by_readers(into)
    assert set(seen) == {"old", "between", "new", ""}


def test_a_full_disk_is_one_line_and_leaves_the_old_layer(
    into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    (line,) = refusal(into, "second")
    reason = "No space left on device: free space on the disk, or on that of TMPDIR, and run again"
    assert line == f"{into} cannot be written: {reason}"
    assert tables(into) == expected("first")
    assert set(content(into)) == {*NAMES, OWNER.mark}


def test_what_a_kill_left_behind_is_cleared(into: Path) -> None:
    (into / ".tmp-layer").mkdir()
    (into / ".tmp-layer" / "platforms.csv").write_text("half")
    assert write(into, "second").created
    assert set(content(into)) == {*NAMES, OWNER.mark}
