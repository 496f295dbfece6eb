"""The mutations of fact files, and how their outcomes are distinguished."""

from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks import mutations, sound_facts
from benchmarks.mutants import DAMAGES, MUTATIONS, SLIPS, UNSEEN_SLIPS
from flows import last_version
from flows.pipeline import steps
from tests.support import world

pytestmark = pytest.mark.nightly

COLUMNS = {
    **{"observed_from": "2025-01-0", "ended_on": "2025-03-0", "announced_on": "2025-01-0"},
    **{"value": "1", "low": "1", "high": "2", "days_in_force": "2025-01-0", "unit": "accounts"},
}
"""Columns that slips of several columns need, with the beginning of their cells."""
NAMES = (
    *("area_id", "platform_id", "audience_metric", "population_base", "period", "source_id"),
    *("measurement_series_id", "interval_kind", "age", "area_ids", "platform_ids", "end_status"),
    *("network_scope", "geo_scope", "severity", "action", "evidence_state", "claim_status"),
    *("feature", "parent_id", "restriction_id", "survey_id", "respondents"),
)


def slipping(unit: str) -> bytes:
    """Return a table with every column that slips look for, and another cell in each row."""
    cells = {**COLUMNS, **dict.fromkeys(NAMES, "x")}
    rows = [
        ",".join([f"k{row}", *(f"{text}{row}" for text in cells.values())]).replace(
            f"accounts{row}", unit if row % 2 else "share"
        )
        for row in range(1, 9)
    ]
    return "\n".join([",".join(["id", *cells]), *rows, ""]).encode()


CONTENT = b"a_id,b,c\n" + b"".join(b"k%d,1%d,x\n" % (number, number) for number in range(9))


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_gives_bytes_and_the_same_for_the_same_seed(name: str) -> None:
    mutate, table = MUTATIONS[name], CONTENT if name in DAMAGES else slipping("accounts")
    made = [[mutate(table, np.random.default_rng([7, n])) for n in range(20)] for _ in range(2)]
    assert made[0] == made[1]
    assert any(content != table for content in made[0])
    assert isinstance(mutate(b"a_id\n", np.random.default_rng(0)), bytes)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sound_facts.SoundFacts]:
    made = world().estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.restrict("R1", "alpha", "beta")
    shipped = made.write(tmp_path_factory.mktemp("facts"))
    prepared = sound_facts.prepare_facts(shipped, ["XA"], tmp_path_factory.mktemp("sound"))
    with sound_facts.reuse_known(prepared):
        yield prepared


def classify_change(facts: sound_facts.SoundFacts, table: str, before: str, after: str) -> str:
    content = facts.files[table].decode()
    assert before in content
    reading = sound_facts.read_with_file(facts, table, content.replace(before, after).encode())
    return mutations._classify_outcome(facts, reading, 1)[0]


@pytest.mark.parametrize(
    ("table", "before", "after", "outcome"),
    [
        ("estimates", "E1,", "E1,,", "quarantined"),
        ("estimates", "500000", "many", "quarantined"),
        ("estimates", "estimate_id", "id", "refused"),
        ("sources", "2026-01-31", "2026-01-30", "told by run"),
        ("sources", "\n", "\r\n", "same facts"),
        ("platforms", "Gamma", "Delta", "same numbers"),
        ("estimates", "500000", "480000", "noted"),
    ],
)
def test_what_comes_of_a_change(
    table: str, before: str, after: str, outcome: str, facts: sound_facts.SoundFacts
) -> None:
    assert classify_change(facts, table, before, after) == outcome


def test_rows_that_are_gone_in_silence_count_as_silent(
    facts: sound_facts.SoundFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "".join(facts.files["estimates"].decode().splitlines(keepends=True)[1:])
    assert classify_change(facts, "estimates", lines, "") == "told by run"
    monkeypatch.setattr(last_version, "list_changes", lambda *_: [])
    assert classify_change(facts, "estimates", lines, "") == "noted"
    monkeypatch.setattr(last_version, "list_notes", lambda *_: [])
    assert classify_change(facts, "estimates", lines, "") == "silent"
    assert classify_change(facts, "estimates", "500000", "480000") == "plausible"


def test_classes_are_apart_and_can_be_asked_for_alone(facts: sound_facts.SoundFacts) -> None:
    assert len(MUTATIONS) == len(DAMAGES) + len(SLIPS) + len(UNSEEN_SLIPS)
    listed = {mutation for _, mutation in mutations.list_mutations(facts, 0, ["unseen"])}
    assert listed
    assert listed <= UNSEEN_SLIPS.keys()


def test_an_error_that_nobody_caught_is_reported_and_all_are_counted(
    facts: sound_facts.SoundFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = mutations.list_mutations(facts, 0)
    outcomes = [mutations.try_mutation(facts, number, 0, pairs) for number in range(2)]
    monkeypatch.setattr(steps, "validate_facts", lambda *_: 1 / 0)
    tried = (mutations.try_mutation(facts, number, 0, pairs) for number in range(2, 40))
    broken = next(change for change in tried if change.outcome != "same facts")
    assert (broken.outcome, "ZeroDivisionError" in broken.detail) == ("traceback", True)
    counted = mutations.tabulate_outcomes([*outcomes, broken])
    assert list(counted.columns) == list(mutations.OUTCOMES)
    assert counted.loc["all"].sum() == 3


def test_the_part_of_some_countries_resolves(facts: sound_facts.SoundFacts) -> None:
    part = sound_facts.select_countries(facts.reading.tables, [])
    assert part["restrictions"].empty
    assert set(part["sources"]["source_id"]) <= set(facts.reading.tables["sources"]["source_id"])
