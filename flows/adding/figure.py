"""An audience of a platform as a row of `estimates`, with the rows that it refers to."""

import re

from audience_impact import vocabulary as words
from flows.adding import questions as ask
from flows.adding.page import (
    MEASURED,
    NEW_PLATFORM,
    PAGE,
    EntryKind,
    Row,
    SimilarRow,
    build_page_rows,
    build_platform_rows,
    read_platform,
)
from flows.adding.questions import Answers, Question, one_of, required_word
from flows.adding.records import FactRecords

ID = re.compile(r"^PE(\d+)$")
ACCOUNTS = (words.AudienceMetric.REGISTERED, words.AudienceMetric.INSTALLS)
SAME = (
    *("platform_id", "area_id", "audience_metric", "unit", "value", "low", "high"),
    *("population_base", "period", "activity_threshold", "age", "sex"),
)
"""Columns in which two rows for the same figure agree."""


def _choose_unit(answers: Answers, records: FactRecords) -> str:
    metric = answers.get("metric", "")
    if metric in ACCOUNTS:
        return ""
    if metric == words.AudienceMetric.AD_AUDIENCE:
        return words.Unit.IDENTITIES.value
    share = answers.raw_answers.get("value", "").rstrip().endswith("%")
    return words.Unit.SHARE.value if share else words.Unit.PERSONS.value


def _has_range(answers: Answers, records: FactRecords) -> bool:
    return "low" in answers or "high" in answers


def _choose_interval_kind(answers: Answers, records: FactRecords) -> str:
    kinds = words.IntervalKind
    return (kinds.MIN_MAX if _has_range(answers, records) else kinds.NONE).value


QUESTIONS = (
    *PAGE,
    MEASURED,
    NEW_PLATFORM,
    Question(
        "platform", "the service", read_platform, must=ask.always_applies, adds=NEW_PLATFORM.name
    ),
    Question(
        "area",
        "the country",
        lambda raw_answer, _, records: records.find_area(raw_answer),
        must=ask.always_applies,
    ),
    required_word("metric", "what was counted", words.AudienceMetric),
    Question("low", "lower end, where the page prints a range", ask.read_amount),
    Question("high", "upper end, where the page prints a range", ask.read_amount),
    Question(
        "value",
        "the figure as printed: 96 million, 96000000, 37 %",
        ask.read_amount,
        must=lambda answers, records: not _has_range(answers, records),
    ),
    required_word("unit", "what was counted in", words.Unit, default=_choose_unit),
    required_word(
        "interval_kind",
        "what the figure bounds: one_sided_min is at least, one_sided_max at most",
        words.IntervalKind,
        default=_choose_interval_kind,
    ),
    required_word("base", "of whom it is a part", words.PopulationBase),
    Question(
        "period",
        "when it was measured: 2025-07, 2025-Q3, 2025",
        ask.read_period,
        must=ask.always_applies,
    ),
    Question("threshold", "least use that counts, where one is stated: over 5 min"),
    Question("age", "of which ages alone: 18-24, 65+"),
    one_of("sex", "of which sex alone", words.Sex),
    Question("note", "remarks for readers", may=ask.always_applies),
)


def build_figure_rows(answers: Answers, records: FactRecords) -> dict[str, list[Row]]:
    """Return the rows of each table that a figure adds to the records."""
    page, added = build_page_rows(answers, records)
    series = answers.get("measured_by", "")
    figure = {
        "estimate_id": _next_id(records),
        "platform_id": answers["platform"],
        "area_id": answers["area"],
        "audience_metric": answers["metric"],
        "unit": answers["unit"],
        **{name: answers.get(name, "") for name in ("value", "low", "high")},
        "interval_kind": answers["interval_kind"],
        "population_base": answers["base"],
        "period": answers["period"],
        "activity_threshold": answers.get("threshold", ""),
        **{name: answers.get(name, "") for name in ("age", "sex", "note")},
        "source_id": page["source_id"],
        "measurement_series_id": series if series != page["measurement_series_id"] else "",
    }
    return {**added, **build_platform_rows(answers, records), "estimates": [figure]}


def _next_id(records: FactRecords) -> str:
    """Return a new figure id: the highest number of the figures on record plus one."""
    matches = (ID.match(name) for name in records.list_ids("estimates", "estimate_id"))
    return f"PE{max((int(match[1]) for match in matches if match), default=0) + 1:04}"


def find_similar_figures(added: dict[str, list[Row]], records: FactRecords) -> list[SimilarRow]:
    """Return the figures on record with the same statement; one of the same page is identical."""
    (figure,) = added["estimates"]
    same = records.tables["estimates"]
    for name in SAME:
        same = same[same[name] == figure[name]]
    return [
        SimilarRow.from_row(row, "estimate_id", is_same=row["source_id"] == figure["source_id"])
        for row in same.to_dict("records")
    ]


FIGURE = EntryKind(QUESTIONS, build_figure_rows, find_similar_figures, is_once=False)
"""The entry for a figure. A similar figure may be added again, because several pages may print it.
"""
