"""The answers to what was chosen, in sentences and in a few numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from audience_impact.answers import sentences
from audience_impact.answers.answer import ENDS, STATUS
from audience_impact.answers.sentences.citation import citation
from audience_impact.exporting.content import Content, KeyFigures
from audience_impact.store.versions import Stored

HEADINGS = ("at least", "5 %", "median", "95 %", "at most", "status")


def of_restrictions(
    content: Content, told: Sequence[Mapping[str, Any]], version: Stored
) -> Content:
    """The answer for each restriction, how to cite it, and the row of each metric."""
    metrics = _meanings(content, "impact", "impact_metric")
    order = {metric: place for place, metric in enumerate(metrics)}
    many = len(told) > 1
    rows = tuple(
        (
            f"{one['restriction_id']}: {words}" if many else words,
            *_numbers(row),
        )
        for one in told
        for row in sorted(one["impact"], key=lambda row: order.get(row["impact_metric"], 0))
        for words in [metrics.get(row["impact_metric"], row["impact_metric"])]
    )
    said = tuple(sentences.answer(one, content.version_id) for one in told)
    figures = KeyFigures(("people counted", *HEADINGS), rows)
    cited = tuple(citation(one, version).text() for one in told)
    return replace(content, answers=said, key_figures=figures, cited=cited)


def of_area(content: Content, area_id: str, area_name: str) -> Content:
    """The answer for each year of an area."""
    rows = [
        row
        for row in content.tables["impact_by_area"].to_pylist()
        if row["area_id"] == area_id and len(row["period"]) == 4
    ]
    said = tuple(sentences.area(row, area_name) for row in rows)
    figures = KeyFigures(
        ("year, each person once", *HEADINGS),
        tuple((row["period"], *_numbers(row)) for row in rows),
    )
    return replace(content, answers=said, key_figures=figures if rows else None)


def _numbers(row: Mapping[str, Any]) -> tuple[Any, ...]:
    status = row["obs_status"]
    return (*(row[name] for name in ENDS), STATUS.get(status, status))


def _meanings(content: Content, table: str, column: str) -> dict[str, str]:
    (field,) = [each for each in content.fields(table) if each["name"] == column]
    return {each["value"]: each["label"] for each in field.get("categories", ())}
