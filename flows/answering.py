"""Answers computed from facts: on an event on no record, on any restrictions, and their traces.

`audience_impact.estimate`, `audience_impact.people` and `explain --facts` call these functions.
"""

import difflib
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from audience_impact import pipeline
from audience_impact.answers import numbers, records, sentences
from audience_impact.answers.explaining import TABLES, Trace, make_trace
from audience_impact.answers.names import capitalise_first, read_phrases
from audience_impact.api import People
from audience_impact.outputs.area_names import list_names
from audience_impact.outputs.over_time import unite_people
from audience_impact.outputs.review.reasons import withhold_quantiles
from audience_impact.periods import parse_period
from audience_impact.plain_text import ReadableError
from audience_impact.simulation.worlds import summarise
from audience_impact.store import versions
from audience_impact.store.manifest import write_layers
from flows.adding.event import Event, find_last_day, publish_estimate
from flows.pipeline import quality, steps
from schemas.published import to_arrow

AHEAD, LATER = read_phrases("ahead"), read_phrases("later")
"""Verbs of the sentence on an event, and words of those that follow, where it lies ahead."""
NO_END = re.compile(r"Our record holds no end by [^.]*\. ")


@contextmanager
def open_facts(version: versions.Stored) -> Iterator[list[Path]]:
    """Yield folders with copies of the facts of a version."""
    with tempfile.TemporaryDirectory(prefix="audience-impact-") as name:
        yield write_layers(version.fact_files(), Path(name))


def _open_place(place: str) -> AbstractContextManager[list[Path]]:
    path = Path(place)
    if (path / "restrictions.csv").is_file():
        return nullcontext([path])
    return open_facts(versions.find_version(path, place))


def estimate_event(place: str, start: date, days: int | None, about: dict[str, Any]) -> People:
    """Estimate how many people an `Event` with these fields affects that is on no record."""
    event = Event(start=start, last_day=find_last_day(start, days), **about)
    with (
        _open_place(place) as folders,
        publish_estimate(event, steps.read_facts(folders)) as estimated,
    ):
        version = versions.find_latest(estimated.published)
        record = records.build_record(version.read_arrow, estimated.restriction_id)
        sentence = sentences.write_headline(record)
        shown = tell_ahead(sentence) if start > date.today() else sentence
        return _describe(record.leading.people, shown)


def tell_ahead(answer: str) -> str:
    """Return an answer, as text or JSON, whose first sentence and length are in the future."""
    headline, dot, rest = answer.partition(". ")
    for past, ahead in AHEAD.items():
        headline = re.sub(rf"\b{past}\b", ahead, headline)
    for past, ahead in LATER.items():
        rest = rest.replace(past, ahead)
    return headline + dot + NO_END.sub("", rest)


def count_people(place: str, ids: Sequence[str], period: str) -> People:
    """Count the people under any of some restrictions in a period, each person once."""
    if period and parse_period(period) is None:
        raise ValueError(f"{period!r} is no period: write 2025, 2025-08 or 2025-08-13")
    with _open_place(place) as folders:
        checked = steps.check_facts(steps.read_facts(folders))
    about = checked.tables["restrictions"].set_index("restriction_id")
    if unknown := [name for name in ids if name not in about.index]:
        raise ValueError(f"{unknown[0]} is not among the facts of {place}")
    day = steps.choose_day(checked, None)
    stages, _ = pipeline.prepare_run(checked.tables, day, ids)
    simulation = pipeline.Outputs(stages, pipeline.Settings()).simulation
    table = summarise(unite_people(simulation, period), pd.RangeIndex(1), "persons")
    row = withhold_quantiles(table)[0].iloc[0]
    codes = sorted(set(stages.simulation.timeline.rows["country_id"]))
    names = ", ".join(list_names(checked.tables["areas"]).reindex(codes))
    drawn = set(stages.simulation.countries["restriction_id"])
    people = numbers.read_estimate(row)
    when = f" in {numbers.dates_in_words(period)}" if period else ""
    several = f"at least one of {len(ids)} restrictions" if len(ids) > 1 else "a restriction"
    words = f"under {several} in {names}{when}."
    if people.max == 0:
        return _describe(people, f"No one was {words}")
    if left_out := sum(name not in drawn for name in ids):
        words += f" {left_out} of these could not be estimated and could add to the number."
    amount = f"An unknown number of people ({numbers.format_bounds(people)})"
    if people.interval is not None:
        amount = capitalise_first(numbers.describe_estimate(*people.interval))
    return _describe(people, f"{amount} were {words}")


def _describe(people: numbers.Estimate, sentence: str) -> People:
    cells = dict(zip(numbers.NUMBERS, numbers.read_numbers(people), strict=True))
    ends = {f"{name}_persons": cell and float(round(cell)) for name, cell in cells.items()}
    return People(**ends, sentence=sentence)


def recompute_trace(
    checked: steps.Checked, restriction_id: str, version: versions.Stored | None = None
) -> Trace:
    """Return the recomputed trace of a restriction, compared with a published version.

    Only the audiences of this restriction are computed, which changes none of its numbers. The seed
    is that of the version, and so is the day if its facts are the same. Raises ReadableError where
    it is not among the facts, no valid source remains or the published version is damaged.
    """
    ids = list(checked.tables["restrictions"]["restriction_id"])
    if restriction_id not in ids:
        near = difflib.get_close_matches(restriction_id, ids)
        hint = f"did you mean {' or '.join(near)}?" if near else "see audience-impact list"
        raise ReadableError(f"{restriction_id} is not among the valid facts; {hint}")
    record = version.version if version else None
    is_same = record is not None and record.inputs_sha256 == checked.inputs_sha256
    day = record.as_of if record and is_same else steps.choose_day(checked, None)
    stages, _ = pipeline.prepare_run(checked.tables, day, [restriction_id])
    outputs = pipeline.Outputs(
        stages, pipeline.Settings(seed=record.seed) if record else pipeline.Settings()
    )
    frames = {name: _select_rows(outputs[name], restriction_id) for name in TABLES}
    refused = quality.list_refused(checked.findings)
    frames["impact"] = quality.add_losses(frames["impact"], refused, checked.tables)
    made = {name: to_arrow(name, frame) for name, frame in frames.items()}
    compared = "It was compared with no published version."
    if version:
        published = _select_rows(version.read_frame("impact"), restriction_id)
        ours = versions.make_frame(made["impact"])
        compared = f"Version {version.id} {_compare(published, ours, is_same)}"
    origin = f"Computed from the facts for this restriction alone. {compared}"
    return make_trace(made, restriction_id, checked.files, origin)


def _select_rows(frame: pd.DataFrame, restriction_id: str) -> pd.DataFrame:
    return frame[frame["restriction_id"] == restriction_id].reset_index(drop=True)


def _compare(published: pd.DataFrame, ours: pd.DataFrame, is_same: bool) -> str:
    """Return what a version has of a restriction, beside our rows of `impact`."""
    if published.empty:
        return "does not have this restriction, which was added later."
    theirs, computed = (
        frame.set_index("impact_metric")[numbers.ENDS].astype("float64").round().sort_index()
        for frame in (published, ours)
    )
    if theirs.equals(computed):
        facts_are = "from the same facts" if is_same else "though the facts have changed since"
        return f"has the same numbers for every metric, {facts_are}."
    return f"has other numbers: the {'method has' if is_same else 'facts have'} changed since."
