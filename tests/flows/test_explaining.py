"""The command `explain`: it shows what was computed, down to the lines of the facts."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from audience_impact.answers import explaining as steps
from audience_impact.answers.explaining import Trace, read_trace
from audience_impact.answers.numbers import ENDS
from audience_impact.store import versions
from audience_impact.tracing import ITEMS
from audience_impact.vocabulary import ImpactMetric
from flows import answering
from flows.pipeline import steps as pipeline_steps
from flows.pipeline.steps import Checked, Results
from tests.conftest import Once
from tests.flows.test_cli import command
from tests.support import computed, edit, row

CALLS, SHUTDOWN = "RU-2025-08-13-calls", "IR-2026-01-08-internet"
IMPUTED, UNANSWERED = "AF-2025-10-07-filtering", "RU-2024-08-12-adsense"
ACTS = (CALLS, SHUTDOWN, IMPUTED, UNANSWERED)
METRIC = ImpactMetric.PEOPLE_EXPOSED
CHOSEN = ("audience", "base", "daily_audience", "feature_share", "circumvention", "overlap")
"""Roles of facts that are chosen among others."""


class Explained(NamedTuple):
    """What is shown of a restriction: its trace, the steps as JSON has them, the text."""

    trace: Trace
    every: list[dict[str, Any]]
    text: str


@pytest.fixture(scope="session")
def explained(repository_published: Path, once: Once) -> Callable[[str], Explained]:
    """Explains one of ACTS, each once."""

    def make(act: str) -> Explained:
        trace = read_trace(versions.find_latest(repository_published), act)
        every = steps.build_steps(trace, steps.choose_metric(trace))
        plain = json.loads(json.dumps(steps.as_json(every)))
        return Explained(trace, plain, steps.as_text(every))

    return lambda act: once(f"explained-{act}", partial(make, act))


def facts_of(every: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every fact that is told of."""
    for step in every:
        yield from step["facts"]


@pytest.mark.parametrize("act", ACTS)
def test_every_figure_of_the_lineage_is_told_with_its_line(
    act: str, explained: Callable[[str], Explained], repository_results: Results
) -> None:
    *_, every, text = explained(act)
    lineage = repository_results.frames["lineage"]
    subset = lineage[(lineage["restriction_id"] == act) & lineage["role"].ne("relay")]
    assert not subset.empty
    used = {(f["id"], f["place"]) for f in facts_of(every) if not f["passed_over"]}
    for fact in subset.itertuples():
        place = f"{fact.row_file}:{fact.row_line}"
        assert (fact.input_id, place) in used
        assert f"{place}  {fact.input_id} " in text


@pytest.mark.parametrize("act", ACTS)
def test_what_is_chosen_is_what_the_lineage_has(
    act: str, explained: Callable[[str], Explained], repository_results: Results
) -> None:
    result = explained(act)
    rows = result.trace.tables["candidates"]
    rows = rows[rows["role"].isin(CHOSEN)]
    lineage = repository_results.frames["lineage"]
    subset = lineage[(lineage["restriction_id"] == act) & lineage["role"].isin(CHOSEN)]
    learned = subset["role"].eq("circumvention") & ~subset["input_id"].isin(rows["input_id"])
    chosen = rows[rows["passed_over"].isna()]
    assert set(zip(chosen["role"], chosen["input_id"], strict=True)) == set(
        zip(subset.loc[~learned, "role"], subset.loc[~learned, "input_id"], strict=True)
    )


@pytest.mark.parametrize("act", ACTS)
def test_the_numbers_are_those_of_the_run(
    act: str, explained: Callable[[str], Explained], repository_results: Results
) -> None:
    result = explained(act)
    every, text = result.every, result.text
    impact = repository_results.frames["impact"]
    run = impact[impact["restriction_id"] == act].set_index("impact_metric")
    drawn = result.trace.tables["steps"]
    exposed = drawn.loc[drawn["item"] == "drawn_exposed", "value"].tolist()
    middle = run.loc[ImpactMetric.PEOPLE_EXPOSED.value, "q50_persons"]
    if len(exposed) == 1:
        assert exposed == [pytest.approx(middle, abs=1.0)]
    else:
        assert not exposed
        assert "Why there is no median" in text
    end = run.loc[steps.choose_metric(result.trace).value, ENDS].dropna()
    assert all(f"{persons:,.0f}" in text for persons in end)
    assert "Published in version " in text
    assert every[-1]["title"].startswith("The answer")


def test_the_way_from_the_figures_to_the_answer_is_told(
    explained: Callable[[str], Explained],
) -> None:
    result = explained(CALLS)
    (way,) = [step for step in result.every if step["title"] == "From the figures to the answer"]
    middles = {number["what"]: number["q50"] for number in way["numbers"]}
    whatsapp = [
        middles[f"{ITEMS[f'drawn_{what}'].words}, whatsapp in RU"]
        for what in ("printed", "with_error", "grown")
    ]
    assert whatsapp[0] == pytest.approx(96e6, rel=0.01)
    assert whatsapp[1] == pytest.approx(whatsapp[0], rel=0.01)
    assert max(whatsapp[:2]) < whatsapp[2]  # audiences grow
    joint, alone, added = (
        middles[f"{ITEMS[f'drawn_{what}'].words}, RU"] for what in ("joint", "independent", "sum")
    )
    assert whatsapp[2] < joint < alone < added
    users = row(result.trace.tables["impact"], impact_metric="people_feature_exposed")[
        "q50_persons"
    ]
    assert middles["the answer: people_feature_exposed"] == users


def test_an_imputed_audience_names_the_figures_that_move_it(
    explained: Callable[[str], Explained],
) -> None:
    *_, every, text = explained(IMPUTED)
    moving = [step for step in every if step["title"].startswith("Imputed: ")]
    assert moving
    for step in moving:
        assert step["numbers"][0]["q50"] is not None
        assert all("without it" in fact["role"] for fact in step["facts"])
    assert "the figures that move it most" in text


def test_each_rule_of_status_that_fired_is_told(explained: Callable[[str], Explained]) -> None:
    result = explained(CALLS)
    (step,) = [one for one in result.every if one["title"] == "The status"]
    told_of = {text.split(" ")[0] for text in step["says"][1:]}
    own = row(result.trace.tables["impact"], impact_metric="people_feature_exposed")
    assert told_of == set(str(own["reason_rule_ids"]).split(";"))
    assert {"outlier", "ages", "feature_assumed"} <= told_of


def test_each_assumption_is_stated_once(explained: Callable[[str], Explained]) -> None:
    assumed = explained(CALLS).trace.tables["steps"].query("item == 'feature_assumed'")
    assert len(assumed) > 1
    assert assumed["details"].is_unique


def test_signs_that_a_terminal_acts_upon_are_written_out() -> None:
    step = steps.Step("A page\x1b[31m", ["from \u202eright", "of two\nlines"])
    text = steps.as_text([step])
    assert text.splitlines() == [
        "1. A page<U+001B>[31m",
        "   from <U+202E>right",
        "   of two<U+000A>lines",
    ]


def test_an_unknown_restriction_names_near_ones(small_facts: Path) -> None:
    done = command("explain", "R11", "--facts", small_facts)
    assert done.returncode == 1
    assert done.stderr == "R11 is not among the valid facts; did you mean R1?\n"
    assert done.stdout == ""


def test_a_metric_that_there_is_not_is_a_wrong_call(small_facts: Path) -> None:
    assert command("explain", "R1", "--facts", small_facts, "--metric", "mau").returncode == 2


def test_facts_that_changed_since_the_version_are_told(small_facts: Path, tmp_path: Path) -> None:
    root = tmp_path / "published"
    words = ("--facts", small_facts, "--published", root)
    assert command("explain", "R1", *words).returncode == 1  # nothing lies there
    pipeline_steps.publish_results(computed(small_facts), root, None)
    same = command("explain", "R1", *words, "--format", "json", "--metric", "people_exposed")
    explanation = json.loads(same.stdout)
    assert "has the same numbers for every metric, from the same facts" in explanation["origin"]
    published = command(
        "explain", "R1", "--published", root, "--format", "json", "--metric", "people_exposed"
    )
    ours, theirs = (text["steps"] for text in (explanation, json.loads(published.stdout)))
    assert ours[:-1] == theirs[:-1]
    assert ours[-1]["numbers"] == theirs[-1]["numbers"]
    edit(small_facts, "estimates", "E1", value="600000")
    changed = command("explain", "R1", *words)
    assert "has other numbers: the facts have changed since" in changed.stdout


@pytest.mark.parametrize("act", [CALLS, IMPUTED])
def test_facts_give_the_same_trace_as_the_run(
    act: str, explained: Callable[[str], Explained], repository_checked: Checked
) -> None:
    ours = steps.build_steps(answering.recompute_trace(repository_checked, act), METRIC)
    theirs = steps.build_steps(explained(act).trace, METRIC)
    assert steps.as_text(ours[:-1]) == steps.as_text(theirs[:-1])
