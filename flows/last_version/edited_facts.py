"""Rules that warn of an edit of facts that moved answers and is to be confirmed."""

from collections.abc import Iterable

import pandas as pd

from audience_impact.comparing import edits
from audience_impact.comparing.edits import Case
from flows.last_version.summaries import (
    BY_HAND,
    VERSIONS,
    Summary,
    compare_summaries,
)
from schemas import facts as fact_models
from schemas.facts import TABLES

CONFIRM = "correct it, or confirm it with --accept-changes"


def _report_cases(before: Summary, now: Summary, rule: str, cases: Iterable[Case]) -> list[str]:
    """Return a line for each case, if answers moved by more than a slight share."""
    selected = compare_summaries(before, now).select_cases(cases)
    return [edits.format_case(case, rule, CONFIRM) for case in selected]


def _describe_kinds() -> edits.Kinds:
    """Return the kind of each column of each fact table."""
    return {table: fact_models.describe_columns(table) for table in TABLES}


@VERSIONS.rule("restrictions")
def end_changed(before: Summary, now: Summary) -> list[str]:
    """Return a line for each restriction with an end that is gone or moved."""
    cases = edits.list_end_changes(compare_summaries(before, now).rows)
    return _report_cases(before, now, "end_changed", cases)


@VERSIONS.rule("restrictions")
def length_changed(before: Summary, now: Summary) -> list[str]:
    """Return a line for each restriction whose length changed by the factor."""
    day = pd.Timestamp(now.as_of) if now.as_of else pd.Timestamp(0)
    cases = edits.list_length_changes(compare_summaries(before, now).rows, day)
    return _report_cases(before, now, "length_changed", cases)


@VERSIONS.rule(*BY_HAND)
def subject_changed(before: Summary, now: Summary) -> list[str]:
    """Return a line for each row that speaks of something else."""
    cases = edits.list_subject_changes(compare_summaries(before, now).rows, _describe_kinds())
    return _report_cases(before, now, "subject_changed", cases)


@VERSIONS.rule(*BY_HAND)
def number_rescaled(before: Summary, now: Summary) -> list[str]:
    """Return a line for each row with a number that changed by the factor."""
    cases = edits.list_rescaled_numbers(compare_summaries(before, now).rows, _describe_kinds())
    return _report_cases(before, now, "number_rescaled", cases)


@VERSIONS.rule(*BY_HAND)
def row_gone(before: Summary, now: Summary) -> list[str]:
    """Return a line for each fact table that lost one row, on which answers rested."""
    cases = edits.list_single_gone_rows(compare_summaries(before, now).rows, _describe_kinds())
    return _report_cases(before, now, "row_gone", cases)
