"""The status rules as a table: the best status of a row, and the sentences of its `reason`.

Definitions. A row begins as A (normal). Each rule that applies caps it: E (estimated, derived or
not confirmed), U (low reliability), F (of a projected base), I (imputed) or M (no figure); a rule
that caps at A adds a sentence without changing the status. The row has the worst status among the
caps that apply.

Method. status_rules.csv has the rules and all sentences of `reason`: `reason_of` says what a
sentence is about, and those without `caps_at` do not change the status. The rules are applied in
the order of the table, which is the order of the sentences in `reason`. If a rule caps at M, the
rules that cap at E or A are omitted, because there is no figure that they could describe. If
nothing happened, only the first rule applies. docs/method.md shows a table generated from these
rules, and a rule over results checks that rows with status A satisfy its conditions.

Citation. Rules of this project, docs/decisions.md.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from audience_impact.vocabulary import Assumption, ImputationRung, PartGap, read_table, write_word

NORMAL, ESTIMATED, UNRELIABLE, FORECAST, IMPUTED, MISSING = STATUSES = "AEUFIM"
"""Letters of ObsStatus, in the order in which a later one takes the place of an earlier one.

How a number was made (projected, imputed, not at all) is said before how far it can be relied on.
"""
ORDER = {letter: place for place, letter in enumerate(STATUSES)} | {"": -1}
"""The place of each status in this order; blank: none yet."""
FRESH_MONTHS, OLD_MONTHS = 3, 12


class StatusRule(NamedTuple):
    """A status rule, with the best status of a row to which it applies, and its sentence."""

    id: str
    caps_at: str
    sentence: str
    condition: str


_ROWS = read_table(Path(__file__).with_suffix(".csv"))
TABLE = tuple(
    StatusRule(row["id"], row["caps_at"], row["sentence"], row["condition"])
    for row in _ROWS
    if row["caps_at"]
)
"""All status rules, in the order of the sentences."""
RULES = {rule.id: rule for rule in TABLE}
"""All status rules by id."""

ASKED_OF_NORMAL = (
    "official",
    "evidence not insufficient",
    "observed or measured to be in force",
    "every figure at most three months old, from before the start and from under no restriction",
    "a base of the measurer of the figures",
    "an error that is stated or learned, so that the interval has a width",
)
"""Conditions of a row with status A; rules.py validates each of them on the facts."""

SENTENCES = {row["id"]: row["sentence"] for row in _ROWS}
"""Sentences of `reason` by rule; the part in braces depends on the row."""

UNDRAWN = ("uncalibrated", "unlearned")
RULES_OF_AREAS = (
    *UNDRAWN,
    *("some_bounds_only", "some_areas_undrawn", "some_imputed", "too_wide"),
    *("outside_bounds", "no_width", "perhaps_over", "after_last_edition"),
)
"""Rules behind the reasons of areas by month, year and day."""
RULES_OF_PERSON_DAYS = (
    *("end_unknown", "some_bounds_only", "no_daily", "daily_from_shares", "some_imputed"),
    *("outweighed", "outside_bounds", "no_width", "too_wide", *UNDRAWN),
)
"""Rules behind the reasons of table `person_days`."""


def fill_sentence(name: str, detail: str, names: Mapping[str, str] | None = None) -> str:
    """Return the sentence of a rule, with the detail of a row in place of its braces.

    A detail is a part of the cell `reason_details`. `names` has words for codes of features and
    populations; a code without a word appears as it is.
    """
    before, brace, rest = SENTENCES[name].partition("{")
    if not brace:
        return before
    if name in ("imputed", "imputed_in_part"):
        detail = write_word(ImputationRung(detail), "meaning")
    elif name == "part_unknown":
        detail = write_word(PartGap(detail), "meaning")
    elif name == "feature_assumed":
        word, *codes = detail.split(":")
        lists = [[(names or {}).get(code, code) for code in cell.split(",")] for cell in codes]
        detail = write_word(Assumption(word), "meaning").format(*map(", ".join, lists))
    return before + detail + rest.partition("}")[2]
