"""The answers to what was chosen, in sentences and in a few numbers."""

from collections.abc import Sequence
from dataclasses import replace

from audience_impact.answers import sentences
from audience_impact.answers.citation import citation
from audience_impact.answers.names import word
from audience_impact.answers.numbers import estimate
from audience_impact.answers.records import AnswerRecord
from audience_impact.exporting.content import Content, KeyFigures
from audience_impact.store.versions import Stored

HEADINGS = ("at least", "5 %", "median", "95 %", "at most", "status")


def of_restrictions(content: Content, records: Sequence[AnswerRecord], version: Stored) -> Content:
    """Return the content with the answer for each restriction, its citation and its numbers."""
    metrics = _meanings(content, "impact", "impact_metric")
    order = {metric: place for place, metric in enumerate(metrics)}
    rows = tuple(
        (
            f"{one.act.restriction_id}: " * (len(records) > 1)
            + metrics.get(of.counted, of.counted),
            *of.people,
            of.status,
        )
        for one in records
        for of in sorted(one.numbers, key=lambda number: order.get(number.counted, 0))
    )
    answers = tuple(sentences.answer(one, content.version_id) for one in records)
    figures = KeyFigures(("people counted", *HEADINGS), rows)
    cited = tuple(citation(one, version).text() for one in records)
    return replace(content, answers=answers, key_figures=figures, cited=cited)


def of_area(content: Content, area_id: str, area_name: str) -> Content:
    """The answer for each year of an area."""
    rows = [
        row
        for row in content.tables["impact_by_area"].to_pylist()
        if row["area_id"] == area_id and len(row["period"]) == 4
    ]
    answers = tuple(sentences.area(row, area_name) for row in rows)
    figures = KeyFigures(
        ("year, each person once", *HEADINGS),
        tuple(
            (row["period"], *estimate(row), word(row["obs_status"], "obs_status")) for row in rows
        ),
    )
    return replace(content, answers=answers, key_figures=figures if rows else None)


def _meanings(content: Content, table: str, column: str) -> dict[str, str]:
    (field,) = [each for each in content.fields(table) if each["name"] == column]
    return {each["value"]: each["label"] for each in field.get("categories", ())}
