"""The mutations of fact files, and how what comes of them is told apart."""

from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks import mutations, sound_facts
from benchmarks.mutants import MUTATIONS
from flows import last_version
from flows.pipeline import steps
from tests.support import world

CONTENT = b"a_id,b,c\n" + b"".join(b"k%d,1%d,x\n" % (number, number) for number in range(9))


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_gives_bytes_and_the_same_for_the_same_seed(name: str) -> None:
    mutate = MUTATIONS[name]
    made = [[mutate(CONTENT, np.random.default_rng([7, n])) for n in range(20)] for _ in range(2)]
    assert made[0] == made[1]
    assert any(content != CONTENT for content in made[0])
    assert isinstance(mutate(b"a_id\n", np.random.default_rng(0)), bytes)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sound_facts.Sound]:
    made = world().estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.restrict("R1", "alpha", "beta")
    shipped = made.write(tmp_path_factory.mktemp("facts"))
    made_sound = sound_facts.sound(shipped, ["XA"], tmp_path_factory.mktemp("sound"))
    with sound_facts.shared(made_sound):
        yield made_sound


def what_came(facts: sound_facts.Sound, table: str, before: str, after: str) -> str:
    content = facts.files[table].decode()
    assert before in content
    reading = sound_facts.read_again(facts, table, content.replace(before, after).encode())
    return mutations._what_came(facts, reading, 1)[0]


@pytest.mark.parametrize(
    ("table", "before", "after", "outcome"),
    [
        ("estimates", "E1,", "E1,,", "quarantined"),
        ("estimates", "500000", "many", "quarantined"),
        ("estimates", "estimate_id", "id", "refused"),
        ("sources", "2026-01-31", "2026-01-30", "told by run"),
        ("sources", "\n", "\r\n", "same facts"),
        ("platforms", "Gamma", "Delta", "same numbers"),
        ("estimates", "500000", "480000", "plausible"),
    ],
)
def test_what_comes_of_a_change(
    table: str, before: str, after: str, outcome: str, facts: sound_facts.Sound
) -> None:
    assert what_came(facts, table, before, after) == outcome


def test_rows_that_are_gone_in_silence_count_as_silent(
    facts: sound_facts.Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "".join(facts.files["estimates"].decode().splitlines(keepends=True)[1:])
    assert what_came(facts, "estimates", lines, "") == "told by run"
    monkeypatch.setattr(last_version, "list_changes", lambda *_: [])
    assert what_came(facts, "estimates", lines, "") == "silent"


def test_an_error_that_nobody_caught_is_told_and_all_are_counted(
    facts: sound_facts.Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = mutations.deck(facts, 0)
    outcomes = [mutations.outcome(facts, number, 0, pairs) for number in range(2)]
    monkeypatch.setattr(steps, "validate_facts", lambda *_: 1 / 0)
    tried = (mutations.outcome(facts, number, 0, pairs) for number in range(2, 40))
    broken = next(change for change in tried if change.outcome != "same facts")
    assert (broken.outcome, "ZeroDivisionError" in broken.detail) == ("traceback", True)
    counted = mutations.table([*outcomes, broken])
    assert list(counted.columns) == list(mutations.OUTCOMES)
    assert counted.loc["all"].sum() == 3


def test_the_part_of_some_countries_resolves(facts: sound_facts.Sound) -> None:
    part = sound_facts.part(facts.reading.tables, [])
    assert part["restrictions"].empty
    assert set(part["sources"]["source_id"]) <= set(facts.reading.tables["sources"]["source_id"])
