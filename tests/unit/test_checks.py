"""Every rule has a row that fails it, and the finding says where and what."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from audience_impact.facts import checks, reading
from audience_impact.facts import tables as facts
from audience_impact.facts.known_facts import NOT_KNOWN_YET
from audience_impact.facts.rules import days
from audience_impact.outputs.review import rules as review
from audience_impact.vocabulary import FindingSeverity as Severity
from flows.pipeline import steps
from flows.pipeline.quality import IN_QUALITY, collect_rules
from schemas import contracts
from schemas import facts as fact_models
from tests.support import (
    AS_OF,
    DEFAULTS,
    Results,
    World,
    append,
    checked,
    computed,
    edit,
    of_rule,
    read_cells,
    row,
    world,
)
from tests.unit.test_surprises import CASES as SURPRISE_CASES

TABLE_ERROR, WARNING = Severity.TABLE_ERROR, Severity.WARNING


class Case(NamedTuple):
    """A row that breaks one rule, and the column that must be named."""

    table: str
    column: str
    severity: Severity
    cells: Mapping[str, str]

    @property
    def row(self) -> dict[str, str]:
        """All cells of the row that are not blank."""
        return {**DEFAULTS[self.table], **self.cells}

    @property
    def value(self) -> str:
        """The value that must be named."""
        return self.row.get(self.column, "")


def read_cases() -> dict[str, Case]:
    """Read one row for each rule over rows; the rules over files are in test_facts.py."""
    with Path(__file__).with_name("broken_rows.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["rule"]: Case(
            *(row["table"], row["column"], Severity(row["severity"]), read_cells(row["cells"]))
        )
        for row in rows
    }


CASES = read_cases()

SURPRISES = {*SURPRISE_CASES, days.READ_AFTER_TODAY, checks.LAPSED}
"""Rules that compare a cell with its relatives: each is seen to fail in test_surprises."""

ROW_RULES = [rule for rule, case in CASES.items() if case.severity is not Severity.TABLE_ERROR]


def sound() -> World:
    """Facts that break no rule and have what the cases need."""
    made = world().estimate("E1").estimate("E2", platform_id="beta").restrict("R1", "alpha")
    made.base("XB-panel", area_id="XB", persons="900")
    made.add("network_shares", asn="64501", users_share="0.5")
    return made.base(
        "XB-all", area_id="XB", population_base="all_ages", persons="1000", source_id="census-page"
    )


def broken(folder: Path, rules: list[str]) -> dict[str, int]:
    """Sound facts and one bad row a rule; returns the line of each."""
    sound().write(folder)
    return {rule: append(folder, CASES[rule].table, CASES[rule].row) for rule in rules}


class Shown(NamedTuple):
    """Facts in which every rule fails once, and the line of each bad row."""

    checked: steps.Checked
    lines: dict[str, int]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    folder = tmp_path_factory.mktemp("broken")
    lines = broken(folder, list(CASES))
    return Shown(checked(folder), lines)


class Held(NamedTuple):
    """What is computed from facts in which every rule over rows fails once."""

    frames: Results
    lines: dict[str, int]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    folder = tmp_path_factory.mktemp("held")
    lines = broken(folder, ROW_RULES)
    return Held(computed(folder).frames, lines)


ELSEWHERE = {NOT_KNOWN_YET, "quantiles_out_of_order", "learned_from_fewer"}
"""What test_known shows, and what test_fact_contracts and test_durations do, since half a law is
refused."""


def test_every_rule_of_the_documentation_is_shown_to_fail_somewhere() -> None:
    """What test_facts, test_known, test_result_rules and test_measured show, and what is here."""
    listed = {rule.id for rule in collect_rules() if rule.stage in IN_QUALITY}
    of_results = set(review.RESULTS.runs) | {"overlaps_contradict"}
    of_files = (
        reading.TABLE_RULES | reading.ROW_RULES | {reading.UNKNOWN_TABLE, reading.FORMER_COLUMN}
    )
    assert listed == of_files | set(CASES) | SURPRISES | of_results | ELSEWHERE


def test_rule_ids_are_used_once_and_have_a_meaning() -> None:
    listed = collect_rules()
    assert len({rule.id for rule in listed}) == len(listed)
    assert all(rule.meaning and rule.advice for rule in listed)
    assert {rule.id for rule in listed if not rule.tables} == {reading.UNKNOWN_TABLE}


def test_sound_facts_have_no_finding(tmp_path: Path) -> None:
    assert checked(sound().write(tmp_path / "sound")).findings == ()


@pytest.mark.parametrize("rule", CASES)
def test_the_finding_names_file_line_column_rule_and_value(rule: str, shown: Shown) -> None:
    case, line = CASES[rule], shown.lines[rule]
    here = [
        result
        for result in shown.checked.findings
        if (result.table, result.line) == (case.table, line) and result.rule not in SURPRISES
    ]
    (result,) = here
    assert (result.file, result.rule) == (f"{case.table}.csv", rule)
    assert (result.column, result.value) == (case.column, case.value)
    assert result.severity is case.severity
    (documented,) = [each for each in collect_rules() if each.id == rule]
    assert documented.severity is case.severity
    assert case.table in documented.tables
    finding = steps.format_finding(result)
    assert finding.startswith(f"{case.table}.csv:{line}:{case.column}: {rule}: ")
    assert "\n" not in finding


@pytest.mark.chain
@pytest.mark.parametrize(
    "rule", [rule for rule, case in CASES.items() if case.severity is Severity.ERROR]
)
def test_a_bad_row_is_in_quarantine_whole(rule: str, held: Held) -> None:
    case = CASES[rule]
    quarantine = held.frames["quarantine"].fillna("")
    result = row(quarantine, table=case.table, line=held.lines[rule])
    blank = dict.fromkeys(fact_models.COLUMNS[case.table], "")
    assert json.loads(str(result["row"])) == {**blank, **case.row}
    assert (result["rule"], result["column"], result["value"]) == (rule, case.column, case.value)
    assert result["file"] == f"{case.table}.csv"
    assert result["reason"]


@pytest.mark.chain
@pytest.mark.parametrize(
    "rule", [rule for rule, case in CASES.items() if case.severity is Severity.WARNING]
)
def test_a_warning_is_published_with_its_row(rule: str, held: Held) -> None:
    case = CASES[rule]
    quality = row(held.frames["quality"], check=rule, table=case.table)
    assert quality["failed_count"] == 1
    assert quality["worst_rows"] == f"{case.table}.csv:{held.lines[rule]}"
    quarantine = held.frames["quarantine"]
    rows = zip(quarantine["table"], quarantine["line"], strict=True)
    assert (case.table, held.lines[rule]) not in set(rows)


@pytest.mark.chain
def test_the_rest_is_computed(held: Held) -> None:
    impact = held.frames["impact"]
    exposed = row(impact, restriction_id="R1", impact_metric="people_exposed")
    assert (exposed["printed_min_persons"], exposed["printed_max_persons"]) == (500000.0, 500000.0)


@pytest.mark.chain
def test_quality_has_a_row_for_every_rule_and_table_also_where_nothing_failed(held: Held) -> None:
    table = held.frames["quality"]
    result = set(zip(table["check"], table["table"], strict=True))
    assert result == {
        (rule.id, table)
        for rule in collect_rules()
        if rule.stage in IN_QUALITY
        for table in rule.tables
    }
    failed = table[table["failed_count"] > 0]
    assert set(failed["check"]) - SURPRISES == set(ROW_RULES)
    lines = held.lines["number"]
    assert row(table, check="number", table="estimates")["worst_rows"] == f"estimates.csv:{lines}"
    estimates = 2 + sum(CASES[rule].table == "estimates" for rule in ROW_RULES)
    assert row(table, check="number", table="estimates")["checked_count"] == estimates


@pytest.mark.parametrize(
    "rule", [rule for rule, case in CASES.items() if case.severity is Severity.TABLE_ERROR]
)
def test_an_error_of_a_table_stops_the_run(rule: str, shown: Shown) -> None:
    with pytest.raises(steps.RefusedError) as refused:
        steps.refuse_errors(shown.checked, strict=False)
    (line,) = [line for line in refused.value.lines if f": {rule}: " in line]
    assert line.startswith(f"{shown.checked.folders[0] / 'bases.csv'}:")
    assert {result.severity for result in refused.value.findings} == {Severity.TABLE_ERROR}


def test_strict_refuses_bad_rows_and_passes_warnings(tmp_path: Path) -> None:
    folder = tmp_path / "facts"
    broken(folder, ["source_without_address", "start_missing"])
    assert steps.refuse_errors(checked(folder), strict=True).findings
    line = edit(folder, "estimates", "E1", value="-1")
    steps.refuse_errors(checked(folder), strict=False)
    with pytest.raises(steps.RefusedError, match=rf"estimates\.csv:{line}:value: not_negative"):
        steps.refuse_errors(checked(folder), strict=True)


def test_many_findings_are_shown_ten_at_a_time() -> None:
    result = facts.Finding("estimates", "estimates.csv", 2, "value", "number", "x", "no number")
    assert str(steps.RefusedError([steps.format_finding(result)] * 13)).endswith("\n... and 3 more")
    assert str(steps.RefusedError([steps.format_finding(result)] * 10)).count("\n") == 9


def quarantined(done: steps.Checked) -> set[tuple[str, str]]:
    """Table and first cell of every row refused."""
    return {
        (finding.table, next(iter(json.loads(finding.row).values())))
        for finding in done.findings
        if finding.severity is Severity.ERROR
    }


@pytest.mark.chain
def test_what_hangs_on_a_bad_row_goes_with_it_and_the_impact_says_so(small_facts: Path) -> None:
    """A bad lineage takes its sources, their figures and bases, and what was published there."""
    line = edit(small_facts, "lineages", "panel", source_type="oracle")
    done = checked(small_facts)
    lost = {"lineages": "panel", "bases": "XA-panel", "overlaps": "O1", "estimates": "E1 E2"}
    lost["sources"] = "panel-page relay-1 relay-2 relay-3"
    assert quarantined(done) == {(table, key) for table in lost for key in lost[table].split()}
    (first,) = of_rule(done, "word")
    at = (first.file, first.line, first.column, first.value)
    assert at == ("lineages.csv", line, "source_type", "oracle")
    (figure,) = [item for item in of_rule(done, "key_unresolved") if "E1" in item.row]
    at = (figure.file, figure.line, figure.column, figure.value)
    assert at == ("estimates.csv", 2, "source_id", "panel-page")
    impact = steps.compute_results(done, AS_OF, 0).frames["impact"]
    exposed = row(impact, restriction_id="R1", impact_metric="people_exposed")
    assert exposed["obs_status"] == "M"
    assert (exposed["printed_min_persons"], exposed["printed_max_persons"]) == (0.0, 800000.0)
    assert exposed["quarantined_inputs_count"] >= 2


@pytest.mark.chain
def test_a_lost_input_counts_once_and_only_where_it_speaks(tmp_path: Path) -> None:
    """Whatever is wrong with it, in how many regions it is, and for acts on other services not."""
    made = world().estimate("E1", value="-1", unit="people").estimate("E2", platform_id="beta")
    made.restrict("R1", "alpha", area_ids="XA-01;XA-02", geo_scope="multi_region")
    made.restrict("R2", "beta").base("XB-panel", area_id="XB", persons="-1")
    made.restrict("R3", "beta", area_ids="XB")
    counts = (
        computed(made.write(tmp_path / "facts"))
        .frames["impact"]
        .set_index(["restriction_id", "impact_metric"])["quarantined_inputs_count"]
    )
    assert {act: counts[act, "people_exposed"] for act in ("R1", "R2", "R3")} == {
        "R1": 1,
        "R2": 0,
        "R3": 1,
    }


@pytest.mark.chain
def test_an_act_that_lost_all_its_targets_is_still_in_the_impact(small_facts: Path) -> None:
    edit(small_facts, "platforms", "alpha", kind="nonsense")
    edit(small_facts, "platforms", "beta", kind="nonsense")
    done = computed(small_facts)
    exposed = row(done.frames["impact"], restriction_id="R1", impact_metric="people_exposed")
    assert (exposed["printed_min_persons"], exposed["printed_max_persons"]) == (0.0, 800000.0)
    assert exposed["obs_status"] == "M"
    assert exposed["reason"]
    assert exposed["quarantined_inputs_count"] >= 2


@pytest.mark.chain
def test_rows_without_a_key_all_go_to_quarantine(small_facts: Path) -> None:
    lines = [
        append(small_facts, "estimates", {**DEFAULTS["estimates"], "note": note})
        for note in ("one", "two")
    ]
    quarantine = computed(small_facts).frames["quarantine"]
    assert quarantine["line"].tolist() == lines
    assert set(quarantine["rule"]) == {"required"}


def crossed(made: World) -> list[tuple[str, int, str, str]]:
    """Rule, line, column and message of what the rules over several tables find."""
    findings = checks.check_across_tables(made.typed())
    return [
        (finding.rule, finding.line, finding.column, finding.message)
        for finding in findings
        if finding.rule not in SURPRISES
    ]


@pytest.mark.parametrize("wider", ["age_12_plus", "internet_all"])
def test_an_audience_is_held_against_its_own_base_though_a_wider_one_is_nearer(wider: str) -> None:
    """Each population that contains the audience has its say, not only the nearest in time."""
    made = world().base("XA-wider", population_base=wider, period="2025-05", persons="750000")
    ((rule, line, column, message),) = crossed(
        made.estimate("E1", value="700001", period="2025-05")
    )
    assert (rule, line, column) == ("estimate_above_base", 2, "value")
    assert "XA-panel" in message


def test_an_audience_is_held_against_the_wider_population_too() -> None:
    made = world().base(
        "XA-age", population_base="age_12_plus", persons="900000", source_id="other-panel-page"
    )
    made.estimate("E1", value="900001", source_id="other-panel-page")
    ((rule, _, _, message),) = crossed(made)
    assert rule == "estimate_above_base"
    assert "900001 persons are more than the 900000 of the base XA-age" in message


def test_only_a_base_within_twelve_months_speaks() -> None:
    made = world()
    for period in ("2024-05-15", "2024-06", "2026-06", "2026-08"):
        made.estimate(period, value="700001", period=period)
    assert [line for _, line, _, _ in crossed(made)] == [3, 4]


def test_the_upper_end_of_a_range_is_held_against_the_base() -> None:
    made = world().estimate("E1", value="", low="600000", high="700001", interval_kind="min_max")
    ((rule, _, column, _),) = crossed(made)
    assert (rule, column) == ("estimate_above_base", "high")


def test_a_thousand_million_million_people_are_refused_also_where_nobody_is_counted(
    tmp_path: Path,
) -> None:
    numbers = ["1e15", "1000000000000000", "1e99", "999999999999"]
    made = world()
    for place, number in enumerate(numbers):
        made.estimate(f"E{place}", value=number, area_id="XC", source_id="survey-page")
    made.base("XC-all", area_id="XC", population_base="all_ages", persons="1" + 19 * "0")
    done = checked(made.write(tmp_path / "facts"))
    assert [(item.table, item.value) for item in of_rule(done, "too_large")] == [
        ("bases", "1" + 19 * "0"),
        *[("estimates", number) for number in numbers[:3]],
    ]


def test_what_is_no_plain_number(tmp_path: Path) -> None:
    odd = "٣|９６|1e400|inf|nan|0x10|1_000|1,000|5 %|+5|.5|5.| 5|1/2|--1"
    cells = odd.split("|")
    made = world()
    for place, cell in enumerate(cells):
        made.estimate(f"E{place}", value=cell)
    done = checked(made.write(tmp_path / "facts"))
    assert [item.value for item in of_rule(done, "number")] == cells


def test_a_message_lists_the_allowed_words() -> None:
    failure = contracts.explain_failure("estimates", "sex", "word", "X")
    assert failure.endswith("; allowed: M, F")
