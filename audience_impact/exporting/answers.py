"""The answers to what was chosen, in sentences and in a few numbers."""

from collections.abc import Sequence
from dataclasses import replace

from audience_impact.answers import sentences
from audience_impact.answers.citation import cite_restriction
from audience_impact.answers.names import label_code
from audience_impact.answers.numbers import read_estimate
from audience_impact.answers.records import AnswerRecord
from audience_impact.exporting.content import Content, KeyFigures
from audience_impact.store.versions import Stored

HEADINGS = ("at least", "5 %", "median", "95 %", "at most", "status")


def add_restriction_answers(
    content: Content, records: Sequence[AnswerRecord], version: Stored
) -> Content:
    """Return the content with the answer for each restriction, its citation and its numbers."""
    metrics = _read_meanings(content, "impact", "impact_metric")
    order = {metric: place for place, metric in enumerate(metrics)}
    rows = tuple(
        (
            f"{record.restriction.restriction_id}: " * (len(records) > 1)
            + metrics.get(counted.metric, counted.metric),
            *counted.people,
            counted.status,
        )
        for record in records
        for counted in sorted(record.numbers, key=lambda number: order.get(number.metric, 0))
    )
    answers = tuple(sentences.write_answer(record, content.version_id) for record in records)
    figures = KeyFigures(("people counted", *HEADINGS), rows)
    cited = tuple(cite_restriction(record, version).format_text() for record in records)
    return replace(content, answers=answers, key_figures=figures, cited=cited)


def add_area_answers(content: Content, area_id: str, area_name: str) -> Content:
    """Return the content with the answer for each year of an area."""
    rows = [
        row
        for row in content.tables["impact_by_area"].to_pylist()
        if row["area_id"] == area_id and len(row["period"]) == 4
    ]
    answers = tuple(sentences.write_area_answer(row, area_name) for row in rows)
    figures = KeyFigures(
        ("year, each person once", *HEADINGS),
        tuple(
            (row["period"], *read_estimate(row), label_code(row["obs_status"], "obs_status"))
            for row in rows
        ),
    )
    return replace(content, answers=answers, key_figures=figures if rows else None)


def _read_meanings(content: Content, table: str, column: str) -> dict[str, str]:
    (field,) = [item for item in content.describe_columns(table) if item["name"] == column]
    return {item["value"]: item["label"] for item in field.get("categories", ())}
