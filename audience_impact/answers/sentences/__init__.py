"""The answers in sentences that may be printed: the one place that makes them."""

from audience_impact.answers.sentences.areas import area
from audience_impact.answers.sentences.names import area_in_words
from audience_impact.answers.sentences.numbers import interval_text, number, people, rounded
from audience_impact.answers.sentences.restriction import answer, headline

__all__ = [
    "answer",
    "area",
    "area_in_words",
    "headline",
    "interval_text",
    "number",
    "people",
    "rounded",
]
