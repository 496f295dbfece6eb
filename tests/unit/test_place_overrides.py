"""Overrides of places: the rule that reports one which is wider than the row of the register."""

import pytest

from audience_impact.facts import checks
from tests.support import World, world

RULE = "override_wider_than_row"


def one_place(printed: str, names: str, found_by: str = "override", **cells: str) -> World:
    """Return a world with a restriction of one place, and the override of a name as a part of it.

    The place is XA-1, of the first level, or the district XA-1/d in it.
    """
    made = world()
    made.add("areas", area_id="XA-1", name="Highland", parent_id="XA", level="admin1")
    made.add("areas", area_id="XA-1/d", name="Dale", parent_id="XA-1", level="admin2")
    reviewed = {"name": "Hill Town", "area_ids": "XA-1", "reading": "within", "note": "in it"}
    made.add("place_names", **{**reviewed, **{k: v for k, v in cells.items() if k in reviewed}})
    made.restrict("R1", "alpha", area_ids="XA-1", note=f"area as printed: {printed}")
    area_id = cells.get("area_ids", "XA-1")
    reading = cells.get("row_reading", "whole")
    return made.add(
        "restriction_places", area_id=area_id, reading=reading, name=names, found_by=found_by
    )


def findings(made: World) -> list[str]:
    """Return the messages of the rule."""
    all_findings = checks.check_across_tables(made.typed())
    return [finding.message for finding in all_findings if finding.rule == RULE]


@pytest.mark.parametrize(("made", "reason"), [
    (one_place("Hill Town, Highland State", "hill town; highland"), "is a part of XA-1"),
    (one_place("Highland (Hill Town)", "highland; hill town", "alias"), "is a part of XA-1"),
    (one_place("Mill, Hill Town, Highland", "mill; highland"), "mill is a part of XA-1"),
    (one_place("Hill Town village", "hill town", row_reading="within"),
     "the row calls hill town a town"),
    (one_place("Parts of Lowe", "lowe", name="Lowe", reading="whole"),
     "the row says parts of lowe"),
    (one_place("Lowe; near a campus", "lowe", name="Lowe", reading="whole"),
     "the row names a campus"),
])  # fmt: skip
def test_an_override_wider_than_the_row_is_reported(made: World, reason: str) -> None:
    (message,) = findings(made)
    assert reason in message


@pytest.mark.parametrize(
    "made",
    [
        # The place itself stands in the list, and not as what holds the others.
        one_place("Highland, Lowe and Mill", "highland; lowe", name="Lowe"),
        one_place("Lowe, Highland, Dale and Mill", "lowe; highland", name="Lowe"),
        # One level above what a part is said to be.
        one_place("Lowe district", "lowe", name="Lowe", row_reading="within"),
        one_place("Lowe and Mill", "lowe", name="Lowe", reading="whole"),
        one_place("Southern parts of Lowe", "lowe", name="Southern parts of Lowe", reading="whole"),
        # Not through an override.
        one_place("Parts of Highland", "highland", "exact"),
    ],
)
def test_an_override_as_wide_as_the_row_is_not_reported(made: World) -> None:
    assert findings(made) == []
