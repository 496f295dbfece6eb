"""What a run tells of the last version, and a last version that is damaged."""

import io
import re
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from audience_impact.answers import records
from audience_impact.comparing.changes import IMPACT_KEY, ComparedVersion, key_answers
from audience_impact.plain_text import count_cases
from audience_impact.store import PublishError, manifest, publishing, versions
from flows import last_version
from flows.last_version import RULES, LastComparison
from flows.pipeline import steps
from flows.pipeline.quality import collect_rules
from flows.runs import RunOptions, report_changes
from schemas import facts as fact_models
from tests.support import FACTS

BEFORE = pd.Series({"same": 100.0, "twice": 100.0, "more": 100.0, "half": 100.0, "less": 100.0,
                    "gone": 100.0, "unknown": np.nan, "nobody": 0.0, "some": 0.0})  # fmt: skip
NOW = pd.Series({"same": 100.0, "twice": 200.0, "more": 201.0, "half": 50.0, "less": 49.0,
                 "new": 1.0, "unknown": 1.0, "nobody": 0.0, "some": 1.0})  # fmt: skip


def people(upper: pd.Series, **cells: object) -> ComparedVersion:
    """A version of which only the people are known."""
    impact = pd.DataFrame(
        {
            "restriction_id": upper.index,
            "impact_metric": "people_exposed",
            "printed_min_persons": np.nan,
            "printed_max_persons": upper.to_numpy(),
            **dict.fromkeys(("q05_persons", "q50_persons", "q95_persons"), np.nan),
            "obs_status": "A",
        }
    )
    return ComparedVersion("", True, {}, key_answers(impact.assign(**cells), IMPACT_KEY))


def rows(**counts: int) -> ComparedVersion:
    """A version of which only the rows are known."""
    return replace(people(BEFORE[[]]), counts=counts)


def check(rule: str, before: ComparedVersion, now: ComparedVersion) -> list[str]:
    """The lines of a rule."""
    return RULES[rule](LastComparison(before, now))


def test_people_more_than_doubled_or_halved_are_told() -> None:
    lines = check("magnitude_moved", people(BEFORE), people(NOW))
    assert [line.split(": ")[2].split(" ")[0] for line in lines] == ["less", "more", "some"]
    assert lines[1].startswith("impact.parquet: magnitude_moved: more people exposed (moved): was ")
    assert lines[1].endswith("; see which fact changed")


def test_a_table_that_lost_more_than_a_fifth_is_named() -> None:
    (line,) = check(
        "row_count_fell",
        rows(impact=100, lineage=100, quarantine=9),
        rows(impact=79, lineage=80, quarantine=0),
    )
    assert line.startswith("impact.parquet: row_count_fell: 100 rows in the last version, 79")


def of_facts(**tables: str) -> ComparedVersion:
    """A version of which only fact tables are known, in one layer."""
    files = {f"0/{table}.csv": text.encode() for table, text in tables.items()}
    return replace(rows(), files=files, keys=fact_models.list_keys())


def facts(table: str, *cells: str) -> str:
    """A fact table of which two columns are known, a row `key,note` each."""
    columns = list(fact_models.COLUMNS[table])
    (key,) = fact_models.list_keys()[table]
    told = [dict(zip((key, "note"), each.split(","), strict=True)) for each in cells]
    text: str = pd.DataFrame(told).reindex(columns=columns, fill_value="").to_csv(index=False)
    return text


def test_fact_rows_that_are_gone_are_told_but_for_one() -> None:
    every = [f"s{number},x" for number in range(6)]
    before = of_facts(sources=facts("sources", *every), areas=facts("areas", *every))
    now = of_facts(
        sources=facts("sources", "new,x", *every[:1], "other,x"), areas=facts("areas", *every[1:])
    )
    (line,) = check("fact_rows_gone", before, now)
    assert line.startswith(
        "sources.csv: fact_rows_gone: 5 rows of the last version are missing: s1, s2, s3 "
        "and 2 more; "
    )
    assert check("fact_rows_gone", rows(), now) == []


@pytest.mark.parametrize(
    ("left", "is_told"),
    [
        (("s0,first of all",), True),  # a line end and what stood around it are lost
        (("s0,one of all",), True),
        (("s0,one and all",), False),
        (("s0,one",), False),
        (("s0,other",), False),
        (("s0,first of all", "s1,first of all"), False),
        (("s2,first of all",), False),
    ],
)
def test_two_rows_that_ran_together_are_told(left: tuple[str, ...], is_told: bool) -> None:
    before = of_facts(sources=facts("sources", "s0,one", "s1,first of all", "s3,c"))
    now = of_facts(sources=facts("sources", *left, "s3,c"))
    told = (
        "sources.csv: rows_run_together: s1 of the last version is missing, and its cells "
        "are in s0; were two rows joined?"
    )
    assert check("rows_run_together", before, now) == [told] * is_told


@pytest.mark.parametrize(
    ("notes", "is_told"),
    [("   ", True), ("xyz", True), ("ayz", False), ("abc", False), (" bc", False)],
)
def test_a_column_of_which_no_cell_stayed_is_told(notes: str, is_told: bool) -> None:
    was, has = (
        of_facts(
            sources=facts("sources", *(f"s{at},{note.strip()}" for at, note in enumerate(told)))
        )
        for told in ("abc ", f"{notes}d")
    )
    told = (
        "sources.csv: column_replaced: all 3 filled cells of note differ from the last "
        "version (s0, s1, s2); is the column missing, or under another heading?"
    )
    assert check("column_replaced", was, has) == [told] * is_told


def test_headings_that_were_exchanged_are_told_but_for_learned_tables() -> None:
    text = facts("sources", "s0,a", "s1,b")
    other = text.replace("note", "?").replace("title", "note").replace("?", "title")
    (line,) = check("column_replaced", of_facts(sources=text), of_facts(sources=other))
    assert "all 2 filled cells of note differ from" in line
    learned = (FACTS / "daily_use.csv").read_text(encoding="utf-8")
    digest = learned.splitlines()[1].split(",")[8]
    anew = of_facts(daily_use=learned.replace(digest, "0" * 64))
    assert check("column_replaced", of_facts(daily_use=learned), anew) == []


@pytest.mark.parametrize(
    ("notes", "keys"),
    [
        ("cab", "s0, s1, s2"),  # shifted
        (" ab", "s0, s1, s2"),  # shifted, and the last cell lost
        ("bac", "s0, s1"),  # exchanged
        ("abd", ""),  # another word
        ("xbd", ""),
        ("aaa", ""),
    ],
)
def test_cells_that_stand_in_other_rows_are_told(notes: str, keys: str) -> None:
    was, has = (
        of_facts(
            sources=facts("sources", *(f"s{at},{note.strip()}" for at, note in enumerate(told)))
        )
        for told in ("abc", notes)
    )
    lines = check("cells_changed_rows", was, has)
    told = "sources.csv: cells_changed_rows: cells of note are in other rows than in the last "
    assert lines == [
        f"{told}version: those of {keys}; was the column shifted or sorted alone?" for _ in keys[:1]
    ]


def test_a_law_that_was_edited_by_hand_is_told() -> None:
    text = (FACTS / "daily_use.csv").read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    edited = re.sub(r"(?m)^(facebook,AR,of_monthly_users,\d\.)\d", r"\g<1>9", text, count=1)
    assert edited != text
    (line,) = check("fitted_rows_edited", of_facts(daily_use=text), of_facts(daily_use=edited))
    assert ": facebook|AR|of_monthly_users; run the command" in line
    (line,) = check(
        "fitted_rows_edited", of_facts(daily_use=text), of_facts(daily_use="".join(lines[:-1]))
    )
    assert line.startswith("daily_use.csv: fitted_rows_edited: ")
    learned = of_facts(daily_use=re.sub("[0-9a-f]{64}", "0" * 64, edited))
    assert check("fitted_rows_edited", of_facts(daily_use=text), learned) == []


def test_nothing_is_told_without_a_last_version(tmp_path: Path) -> None:
    none = last_version.read_last_version(tmp_path)
    assert (none.counts, none.answers.empty) == ({}, True)
    assert last_version.list_changes(none, people(NOW)) == []


def test_every_rule_of_the_last_version_is_documented() -> None:
    told = {rule.id for rule in collect_rules()}
    assert set(RULES) | {publishing.BYTES_DIFFER} <= told


@pytest.fixture
def results(small_results: steps.Results) -> steps.Results:
    return small_results


@pytest.fixture
def root(tmp_path: Path, results: steps.Results) -> Path:
    """A root at which the results were published."""
    steps.publish_results(results, tmp_path / "published", None)
    return tmp_path / "published"


def test_the_last_version_is_what_was_published(root: Path, results: steps.Results) -> None:
    before, now = last_version.read_last_version(root), last_version.describe_results(results)
    assert (before.counts, before.files) == (now.counts, now.files)
    assert len(now.answers)
    pd.testing.assert_frame_equal(
        before.answers, now.answers, check_index_type=False, check_dtype=False
    )
    assert last_version.list_changes(before, now) == []


def test_what_changed_against_the_last_version(root: Path, results: steps.Results) -> None:
    before, now = last_version.read_last_version(root), last_version.describe_results(results)
    upper = now.answers["printed_max_persons"].mask(
        now.answers.index == ("R1", "people_exposed"), 1.0
    )
    fewer = {name: count // 2 for name, count in now.counts.items()}
    now = replace(now, counts=fewer, answers=now.answers.assign(printed_max_persons=upper))
    lines = last_version.list_changes(before, now)
    assert [line.split(": ")[1] for line in lines] == ["row_count_fell", "magnitude_moved"]
    assert " more of this kind: audience-impact diff)" in lines[0]
    assert lines[1].startswith("impact.parquet: magnitude_moved: R1 people exposed (")


@pytest.mark.parametrize("column", ["printed_min_persons", "q50_persons"])
def test_a_lower_bound_and_a_median_are_compared_as_well(column: str) -> None:
    before, now = (people(BEFORE[["same"]], **{column: value}) for value in (9e6, 90e6))
    (line,) = last_version.list_changes(before, now)
    assert "same people exposed (" in line
    assert "9.0 M" in line
    assert "90.0 M" in line


def test_a_bound_or_a_restriction_that_is_gone_is_told() -> None:
    upper = BEFORE[["same", "more"]]
    gone = check("answer_vanished", people(upper), people(upper.where(upper.index == "same")))
    assert [line.split(": ")[2].split(" ")[0] for line in gone] == ["more"]
    (line,) = check("answer_vanished", people(upper), people(upper[["same"]]))
    assert line.startswith("impact.parquet: answer_vanished: more people exposed (gone): was ")


def test_a_weaker_status_is_told_and_a_surer_one_not() -> None:
    one = BEFORE[["same"]]
    (line,) = check("status_fell", people(one), people(one, obs_status="M"))
    assert "status was normal, now no figure" in line
    assert check("status_fell", people(one, obs_status="U"), people(one)) == []


@pytest.mark.parametrize(("accept", "is_strict"), [(False, True), (True, True), (False, False)])
def test_much_change_stops_a_strict_run_unless_it_is_accepted(
    root: Path, results: steps.Results, accept: bool, is_strict: bool
) -> None:
    areas = results.files["0/areas.csv"].splitlines(keepends=True)
    cut = replace(results, files={**results.files, "0/areas.csv": b"".join(areas[:-2])})
    options = RunOptions([], root, strict=is_strict, accept_changes=accept)
    with ExitStack() as stack:
        if is_strict and not accept:
            refused = stack.enter_context(pytest.raises(steps.RefusedError))
        (line,), _ = report_changes(cut, options)
        assert line.startswith("areas.csv: fact_rows_gone: 2 rows")
    if is_strict and not accept:
        assert refused.value.lines[0] == last_version.ACCEPT
        assert "--accept-changes" in last_version.ACCEPT
        assert len(refused.value.lines) == 2


@pytest.mark.parametrize("name", ["impact.parquet", "datapackage.json"])
def test_a_damaged_version_is_compared_as_far_as_it_can_be_read(
    root: Path, results: steps.Results, name: str
) -> None:
    before = last_version.read_last_version(root).counts
    (root / "latest" / name).write_bytes(b"")
    read = last_version.read_last_version(root)
    assert read.answers.empty
    assert read.counts == (before if name == "impact.parquet" else {})
    with pytest.raises(PublishError, match=rf"{re.escape(name)} is damaged or missing .*again"):
        records.Tables(versions.find_latest(root))["impact"]
    assert steps.publish_results(results, root, None).created
    assert last_version.read_last_version(root).counts == before


def test_a_table_too_large_to_be_compared_is_named(
    root: Path, results: steps.Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, now = last_version.read_last_version(root), last_version.describe_results(results)
    assert last_version.list_notes(before, now) == []
    monkeypatch.setattr(manifest, "MOST_DECODED_BYTES", 500)
    lines = last_version.list_notes(replace(before, name="again"), now)
    assert "steps.parquet: not compared, it decodes to more than 500 bytes" in lines


def test_lines_of_one_kind_are_counted() -> None:
    assert count_cases(["one"], "there") == "one"
    assert count_cases(["one", "two", "three"], "there") == "one (and 2 more of this kind: there)"


COUNTED = [f"{end}_{name}" for end in ("q50", "printed_max") for name in ("persons", "person_days")]


def shrink(
    side: ComparedVersion, restriction: str, factor: float, **files: bytes
) -> ComparedVersion:
    """A version with a part of the people of a restriction; without it where that is none."""
    is_gone = factor == 0.0

    def read(name: str) -> pa.Table:
        table = side.read_arrow(name)
        if "restriction_id" not in table.column_names:
            return table
        is_of = pc.equal(table["restriction_id"], restriction)
        if is_gone:
            return table.filter(pc.invert(is_of))
        for place, column in enumerate(table.column_names):
            if column in COUNTED:
                fewer = pc.cast(pc.round(pc.multiply(table[column], factor)), table[column].type)
                cells = pc.if_else(is_of, fewer, table[column])
                table = table.set_column(place, table.schema.field(place), cells)
        return table

    is_of = side.answers.index.get_level_values(0) == restriction
    answers = side.answers[~is_of] if is_gone else side.answers
    return replace(side, answers=answers, read_arrow=read, files={**side.files, **files})


def edit_note(side: ComparedVersion) -> dict[str, bytes]:
    """The restrictions with another note of R1."""
    name = "0/restrictions.csv"
    table = pd.read_csv(io.BytesIO(side.files[name]), dtype=str, keep_default_na=False)
    table.loc[table["restriction_id"] == "R1", "note"] = "another"
    return {name: table.to_csv(index=False).encode()}


@pytest.mark.parametrize(("factor", "is_reported"), [(0.94, True), (0.97, False)])
def test_an_answer_that_a_row_moved_by_a_twentieth_is_a_warning_at_the_row(
    results: steps.Results, factor: float, is_reported: bool
) -> None:
    now = last_version.describe_results(results)
    edited = replace(now, files={**now.files, **edit_note(now)})
    pairs = [(edited, shrink(now, "R1", factor)), (shrink(now, "R1", factor), edited)]
    for pair in pairs:
        found = [row for row in last_version.list_findings(*pair) if row.rule == "answer_moved"]
        assert [(row.file, row.line, row.column) for row in found] == [
            ("restrictions.csv", 2, "note")
        ] * is_reported
        assert [row.message.startswith("R1: ") for row in found] == [True] * is_reported


@pytest.mark.parametrize(
    ("factor", "settings", "count"),
    [
        (0.51, {}, 0),
        (0.49, {}, 1),
        (0.49, {"the seed": "1"}, 0),
        (0.49, {"the seed": "1", "the method": "another"}, 1),
    ],
)
def test_an_answer_that_doubles_without_a_row_is_a_warning_unless_drawn_anew(
    results: steps.Results, factor: float, settings: dict[str, str], count: int
) -> None:
    now = last_version.describe_results(results)
    old = shrink(now, "R1", factor)
    old = replace(old, settings={**old.settings, **settings})
    lines = check("answer_moved", old, now)
    assert [line.split("people")[0] for line in lines] == [
        "impact.parquet: answer_moved: R1: "
    ] * count
    assert check("answer_moved", replace(old, files={}), now) == [], "facts cannot be read"


def test_days_that_pass_are_no_move(results: steps.Results) -> None:
    now = last_version.describe_results(results)
    old = shrink(now, "R1", 0.5, **edit_note(now))
    assert "person-days from" in check("answer_moved", old, now)[0]
    old = replace(old, settings={**old.settings, "the day": "2020-01-01"})
    assert "person-days from" not in check("answer_moved", old, now)[0]


def test_new_and_removed_restrictions_are_warnings_at_their_rows(results: steps.Results) -> None:
    now = last_version.describe_results(results)
    header, first, *more = now.files["0/restrictions.csv"].splitlines(keepends=True)
    assert first.startswith(b"R1,")
    files = {"0/restrictions.csv": b"".join([header, *more])}
    old = shrink(now, "R1", 0.0, **files)
    (line,) = check("restriction_added", old, now)
    assert line.startswith(
        "restrictions.csv:2:restriction_id: restriction_added: R1 people exposed"
    )
    assert " % of the residents, " in line
    assert " person-days; compare it with its page" in line
    gone = {row.rule: row.line for row in last_version.list_findings(now, old)}
    assert {"row_gone": 2, "answer_vanished": 2}.items() <= gone.items()
    assert "answer_moved" not in gone
