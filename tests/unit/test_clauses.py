"""The clause that each record gets: all combinations, read cold in `clauses.csv`."""

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audience_impact.answers import sentences
from audience_impact.answers.records import AnswerRecord
from audience_impact.answers.restriction_words import describe_place, describe_timing
from tests.unit.test_sentences import MANY, told

TABLE = Path(__file__).parent / "clauses.csv"
CLAIMS: dict[str, dict[str, Any]] = {
    "official, ordered by a ministry": {"authority": "Ministry of Peace", "is_ordered": "yes"},
    "official": {},
    "reported, ordered by a ministry": {
        **{"claim_status": "reported", "authority": "Ministry of Peace", "is_ordered": "yes"}
    },
    "reported, an order of nobody named": {"claim_status": "reported", "is_ordered": "yes"},
    "reported, a group behind it": {
        **{"claim_status": "reported", "authority": "A group", "is_ordered": "no"}
    },
    "reported": {"claim_status": "reported"},
    "disputed": {"claim_status": "disputed"},
}
EVIDENCE: dict[str, dict[str, Any]] = {
    "measured by OONI": {"evidence_state": "blocked", "measured_by_names": "OONI"},
    "called blocked": {"evidence_state": "blocked"},
    "admitted": {"evidence_state": "likely_blocked"},
    "none": {"evidence_state": "insufficient"},
}
ENDS: dict[str, dict[str, Any]] = {
    "a day": {"end_status": "ended", "ended_on": "2020-11-20"},
    "within a month": {"end_status": "ended", "ended_on": "2020-11-06/2020-11-20"},
    "within a year": {"end_status": "ended", "ended_on": "2020-11-06/2020-12-31"},
    "ongoing": {"end_status": "ongoing"},
    "unknown": {"end_status": "unknown"},
}
SIMILAR: dict[str, Any] = {
    f"q{name}_in_force_hours": hours for name, hours in (("05", 20), ("50", 40), ("95", 80))
}
HOURS: dict[str, dict[str, Any]] = {
    "stated": {"least_hours_a_day": 5.0, "most_hours_a_day": 5.0, "hours_basis": "printed"},
    "of similar cuts": {"hours_basis": "exams", **SIMILAR},
    "none": {},
}
PLACES: dict[str, dict[str, Any]] = {
    "country": {},
    "named": {"area_ids": "FR-1", "area_names": "Brest", "place_readings": "whole"},
    "unnamed": {"geo_scope": "multi_region"},
}
AXES = {"claim": CLAIMS, "evidence": EVIDENCE, "end": ENDS, "hours": HOURS, "place": PLACES}


def describe(record: AnswerRecord) -> dict[str, str]:
    """The clauses of an answer that the record of its restriction decides."""
    return {
        "in": describe_place(record),
        "time": " ".join([*describe_timing(record), *sentences.name_unnamed_places(record)]),
        "who": sentences.describe_evidence(record),
    }


def combine() -> Iterator[dict[str, str]]:
    """Each combination of records with its clauses."""
    for words in itertools.product(*AXES.values()):
        cells = [axis[word] for axis, word in zip(AXES.values(), words, strict=True)]
        merged = {name: cell for part in cells for name, cell in part.items()}
        record = told(MANY, reported_by="A page", **merged)
        yield dict(zip(AXES, words, strict=True)) | describe(record)


def test_every_combination_has_the_clauses_of_the_table() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == list(combine())


if __name__ == "__main__":  # writes the table anew, to be read cold
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        rows = list(combine())
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
