"""All answers of the facts, and of a register's sample upon them, are free of broken words."""

import re
from pathlib import Path

import pytest

from audience_impact.answers import records, sentences
from flows.pipeline import steps
from tests.golden import pin
from tests.support import FACTS, checked

pytestmark = pytest.mark.chain

NEVER = re.compile(
    r"nobody|touched|as printed|at most|no authority|on record as|90 %|is not known|"
    r"\bNone\b|\bnan\b|"
    r"\(\)|  |\.\.|measurements (?:show|confirm)|circumvent"
)
"""Words that no answer has."""


def list_faults(results: steps.Results) -> dict[str, list[str]]:
    """The words of each answer that it should not have, by restriction."""
    known = records.build_records(results.tables.__getitem__)
    answers = {name: sentences.write_answer(one) for name, one in known.items()}
    return {name: words for name, text in answers.items() if (words := NEVER.findall(text))}


def test_no_answer_of_the_facts_has_broken_words(repository_results: steps.Results) -> None:
    assert list_faults(repository_results) == {}


def test_no_answer_of_a_register_has_broken_words(tmp_path: Path) -> None:
    layer = pin.layer(tmp_path / "layer")
    result = steps.refuse_errors(checked(FACTS, layer), strict=True)
    assert list_faults(steps.compute_results(result, None, 0)) == {}
