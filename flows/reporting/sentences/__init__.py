"""The answers in sentences that may be printed: the one place that makes them."""

from flows.reporting.sentences.areas import area
from flows.reporting.sentences.numbers import interval_text, number, people, rounded
from flows.reporting.sentences.restriction import answer, headline

__all__ = ["answer", "area", "headline", "interval_text", "number", "people", "rounded"]
