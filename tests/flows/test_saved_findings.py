"""A check takes from the last one what concerns tables that did not change, and nothing else."""

import random
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from audience_impact.facts import checks
from audience_impact.facts.tables import Tables
from flows.pipeline import cache, saved_findings, steps
from schemas import contracts
from tests.support import edit, load, save

CELLS = ("", "x", "600000", "0.5", "2025-06-01", "alpha", "a; b", " ")


def edit_rows(facts: Path, edits: int) -> Iterator[None]:
    """Write another cell into a row, repeat or drop it, or take the last edit back."""
    chance = random.Random(edits)
    paths = sorted(facts.glob("*.csv"))
    for _ in range(edits):
        path = chance.choice(paths)
        before = path.read_bytes()
        header, rows = load(path)
        if rows:
            row = chance.choice(rows)
            match chance.choice(["cell", "cell", "cell", "repeat", "drop"]):
                case "repeat":
                    rows.append([f"{row[0]}-2", *row[1:]])
                case "drop":
                    rows.remove(row)
                case _:
                    place = chance.randrange(len(header))
                    row[place] = chance.choice([*CELLS, chance.choice(rows)[place]])
            save(path, header, rows)
        yield
        if chance.random() < 0.5:
            path.write_bytes(before)


@pytest.mark.chain
@pytest.mark.parametrize("edits", [6, pytest.param(30, marks=pytest.mark.nightly)])
def test_a_month_of_edits_has_the_findings_of_checks_without_anything_saved(
    edits: int, small_facts: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = set()
    for number, _ in enumerate(edit_rows(small_facts, edits)):
        if number == edits // 2:
            (path,) = saved.iterdir()
            path.write_bytes(path.read_bytes()[:-1])
        reading = steps.read_facts([small_facts])
        result = steps.validate_facts(reading)
        with monkeypatch.context() as patch:
            patch.setenv(cache.VARIABLE, "")
            fresh = steps.validate_facts(reading)
        assert (result.findings, result.accepted) == (fresh.findings, fresh.accepted)
        kinds |= {finding.rule for finding in result.findings}
    assert len(kinds) > 2


def test_tables_whose_columns_differ_have_different_digests(saved: Path) -> None:
    first, second = ("Aurl/object/1/B", "C"), ("A", "Burl/object/1/C")
    digest = saved_findings.SavedFindings()._digest
    tables = [pd.DataFrame({"title": [a], "url": [b]}, dtype=object) for a, b in (first, second)]
    assert digest(tables[0]) != digest(tables[1])


def test_only_checks_of_changed_tables_run_again(
    small_facts: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, list_suspect_tables = checks.run_check, contracts.list_suspect_tables
    read, looked_at = list[set[str]](), list[str]()

    def count(*about: object) -> checks.Outcome:
        outcome = run(*about)  # type: ignore[arg-type]
        read.append({*outcome[0]})
        return outcome

    def list_suspects(tables: Tables) -> set[str]:
        looked_at.extend(tables)
        return list_suspect_tables(tables)

    monkeypatch.setattr(checks, "run_check", count)
    monkeypatch.setattr(contracts, "list_suspect_tables", list_suspects)
    steps.validate_facts(steps.read_facts([small_facts]))
    assert saved.is_dir()
    assert len(read) > 50
    for row, tables in (("", set[str]()), ("E1", {"estimates"})):
        read.clear()
        looked_at.clear()
        if row:
            edit(small_facts, "estimates", row, value="510000")
        steps.validate_facts(steps.read_facts([small_facts]))
        assert set(looked_at) == tables
        assert bool(read) == bool(tables)
        assert all(tables <= names for names in read)


def test_a_check_reads_no_table_but_those_that_are_recorded(small_facts: Path) -> None:
    typed = steps.validate_facts(steps.read_facts([small_facts])).tables
    for rule, targets in checks.CHECKS.items():
        for number in range(len(targets)):
            outcome = checks.run_check(rule, number, typed)
            alone = {name: typed[name] for name in outcome[0]}
            assert checks.run_check(rule, number, alone) == outcome, rule


def test_a_recalled_check_is_refused_where_validation_is_off(
    small_facts: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = steps.read_facts([small_facts])
    steps.validate_facts(reading)
    assert saved.is_dir()
    monkeypatch.setattr(contracts, "require_validation", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        steps.validate_facts(reading)
