"""The clause that each record gets: all combinations, read cold in `clauses.csv`.

A clause of an answer is printed where its record is, and nowhere else.
"""

import csv
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audience_impact.answers import caveats, sentences
from audience_impact.answers.records import AnswerRecord, Claim, End, Hours, Measurement, Place
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
    "named": {"area_id": "FR-1", "area_names": "Brest", "place_readings": "whole"},
    "unnamed": {"geo_scope": "multi_region"},
}
AXES = {"claim": CLAIMS, "evidence": EVIDENCE, "end": ENDS, "hours": HOURS, "place": PLACES}


def describe(record: AnswerRecord) -> dict[str, str]:
    """The clauses of an answer that the record of its restriction decides."""
    return {
        "in": describe_place(record),
        "time": " ".join([*describe_timing(record), *caveats.name_unnamed_places(record)]),
        "who": caveats.describe_evidence(record),
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


CLAUSES: dict[str, Callable[[AnswerRecord], object]] = {
    "It was ordered by": lambda record: (
        record.clauses.claim in (Claim.ORDERED, Claim.ORDERED_UNNAMED)
        and record.clauses.is_official
    ),
    "attributes the order to": lambda record: record.clauses.claim is Claim.ORDERED,
    "attributes it to an order,": lambda record: record.clauses.claim is Claim.ORDERED_UNNAMED,
    "officially confirmed": lambda record: record.restriction.claim_status == "official",
    "no official statement": lambda record: (
        not (
            record.restriction.claim_status == "official"
            or record.clauses.claim in (Claim.ORDERED, Claim.ORDERED_UNNAMED)
        )
    ),
    "measurements by": lambda record: record.restriction.measured_by_names,
    "from its own measurements": lambda record: record.clauses.measurement is Measurement.OWN,
    "no measurement": lambda record: not record.restriction.measured_by_names,
    "disputed": lambda record: record.restriction.claim_status == "disputed",
    "Its end is not recorded": lambda record: record.clauses.end is End.NOT_RECORDED,
    "Our record holds no end by": lambda record: record.restriction.end_status == "ongoing",
    "it was still in force on": lambda record: "/" in (record.restriction.ended_on or ""),
    "until at least": lambda record: record.restriction.end_source == "last_report",
    "It lasted until": lambda record: record.clauses.end in (End.DAY, End.WINDOW),
    "Similar shutdowns suggest": lambda record: record.clauses.hours is Hours.SIMILAR,
    "Sources disagree": lambda record: record.restriction.other_end_source,
    "Our record does not say which places": lambda record: record.clauses.place is Place.UNNAMED,
    "damage there": lambda record: (
        record.restriction.cause == "damage" and not record.restriction.authority
    ),
}
"""What the record must hold where an answer has these words."""
NEVER = re.compile(
    r"nobody|touched|as printed|at most|no authority|on record as|90 %|is not known|"
    r"\bNone\b|\bnan\b|"
    r"\(\)|  |\.\.|measurements (?:show|confirm)|circumvent"
)
"""Words that no answer has."""


def find_faults(record: AnswerRecord) -> list[str]:
    """The words of an answer that its record does not hold, or that no answer should have."""
    answer = sentences.write_answer(record)
    faults = [words for words, holds in CLAUSES.items() if words in answer and not holds(record)]
    return [*faults, *NEVER.findall(answer)]


@pytest.mark.parametrize("cells", [{"claim_status": "official"}, {"claim_status": "reported"}])
def test_a_clause_without_its_record_is_a_fault(
    cells: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = told(MANY, reported_by="A page", **cells)
    assert find_faults(record) == []
    said = "A page reports it and measurements show it; no authority is on record; measurements by"
    monkeypatch.setattr(caveats, "describe_evidence", lambda _: said)
    assert find_faults(record) == ["measurements by", "measurements show", "no authority"]


def test_all_combinations_hold_what_they_say() -> None:
    for words in itertools.product(*AXES.values()):
        cells = [axis[word] for axis, word in zip(AXES.values(), words, strict=True)]
        merged = {name: cell for part in cells for name, cell in part.items()}
        assert find_faults(told(MANY, reported_by="A page", **merged)) == [], words


if __name__ == "__main__":  # writes the table anew, to be read cold
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        rows = list(combine())
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
