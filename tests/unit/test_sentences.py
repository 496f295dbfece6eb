"""Answers in sentences: what they say of whom, and how they round."""

from collections.abc import Mapping
from typing import Any

import pytest

from flows.reporting import sentences, story
from tests.engine import calibrated
from tests.support import World, world

VERSION = "2026-01-31-0123456789ab"
Stories = Mapping[str, dict[str, Any]]


def asked() -> World:
    """Calls of one service restricted, another as a whole, and one without a figure."""
    made = calibrated(world()).estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.add("restrictions", restriction_id="calls")
    made.add("restriction_targets", restriction_id="calls", feature="voice_call")
    made.add("feature_use", feature_use_id="F1", population_base="internet_12_plus")
    made.restrict("whole", "beta").restrict("nothing", "gamma")
    return made.restrict("never", "beta", severity="none")


@pytest.fixture(scope="module")
def told() -> Stories:
    done = asked().results()
    names = ("impact", "impact_by_platform", "restrictions", "comparisons", "lineage")
    return story.stories({name: done[name] for name in (*names, "person_days", "sensitivity")})


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("calls", ["made voice calls on Alpha before", "if right as printed", "panel, June"]),
        ("whole", ["ordinarily used Beta before", "force 400,000", "panel, June 2025"]),
        ("nothing", ["How many people in", "is not known", "between 0 and 800,000"]),
        ("never", ["Nobody in"]),
    ],
)
def test_the_sentence_says_how_many_of_whom_and_who_measured(
    act: str, words: list[str], told: Stories
) -> None:
    said = sentences.answer(told[act], VERSION)
    assert [word for word in words if word not in said] == [], said
