"""Every name that is published or printed has a term, and every term names what exists."""

import pytest

from audience_impact.answers import documents, text
from audience_impact.vocabulary import DedupMethod, ImpactMetric, ObsStatus, write_word
from flows import CHECKOUT
from flows.documenting import docs
from flows.pipeline import steps
from schemas import published

TERMS = documents.read_terms()


@pytest.fixture(scope="module")
def in_use(repository_results: steps.Results) -> set[str]:
    """Tables and columns that are published, and what the command and the README print."""
    columns = {name for columns in published.COLUMNS.values() for name in columns}
    statuses = {write_word(status, "short") for status in ObsStatus}
    words = {*documents.HEADINGS, *docs.HEADINGS, *statuses, *text.TITLES}
    enums = {*(str(word) for word in ImpactMetric), *(str(word) for word in DedupMethod)}
    roles = set(repository_results.frames["lineage"]["role"])
    return {*published.TABLES, *columns, *words, *enums, *roles}


def test_every_name_has_a_term(in_use: set[str]) -> None:
    named = {name for term in TERMS for name in term.names}
    assert in_use - named == set(), "add it to a term of glossary.csv"


def test_a_name_has_one_term() -> None:
    names = [name for term in TERMS for name in term.names]
    assert sorted(names) == sorted(set(names))


def test_a_term_stands_once_in_alphabetical_order() -> None:
    lines = [term.term.casefold() for term in TERMS]
    assert lines == sorted(set(lines))


def test_a_term_says_where_it_is_built_or_that_it_is_not() -> None:
    for term in TERMS:
        assert term.built in ("yes", "no"), term.term
        assert (term.built == "yes") == bool(term.where), term.term
        assert term.definition.endswith("."), term.term
        assert (CHECKOUT / term.where).exists(), term.term
