"""All answers of the facts, and of a register's sample upon them, hold what they say."""

from pathlib import Path

import pytest

from audience_impact.answers import records
from flows.pipeline import steps
from tests.golden import pin
from tests.support import FACTS, checked
from tests.unit.test_clauses import find_faults

pytestmark = pytest.mark.chain


def list_faults(results: steps.Results) -> dict[str, list[str]]:
    """The faults of each answer that has some, by restriction."""
    tables = {name: results.read_frame(name) for name in records.TABLES}
    faults = {name: find_faults(one) for name, one in records.build_records(tables).items()}
    return {name: found for name, found in faults.items() if found}


def test_no_clause_of_an_answer_of_the_facts_is_without_its_record(
    repository_results: steps.Results,
) -> None:
    assert list_faults(repository_results) == {}


def test_no_clause_of_an_answer_of_a_register_is_without_its_record(tmp_path: Path) -> None:
    layer = pin.layer(tmp_path / "layer")
    result = steps.refuse_errors(checked(FACTS, layer), strict=True)
    assert list_faults(steps.compute_results(result, None, 0)) == {}
