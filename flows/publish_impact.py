"""The main flow: from fact tables to a published version.

Annotations are real here, not strings: Prefect makes the schema of the parameters from them.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from audience_impact.outputs.review.rules import CONTRADICT
from flows.failures import may_pass, refusable
from flows.pipeline import last_version, quality, steps
from flows.pipeline.steps import Checked, Reading, Results
from flows.publishing.versions import Published
from flows.reporting import tables as report

# Seconds between one try and the next, for what touches the outside.
WAITS = [1.0, 4.0, 16.0]


@task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=len(WAITS),
    retry_delay_seconds=WAITS,
    retry_condition_fn=may_pass,
)
def read(facts: list[Path]) -> Reading:
    """Read the layers of fact tables, each row with its file and line."""
    return steps.read(facts)


@task(cache_policy=NO_CACHE, persist_result=False)
def known_by(reading: Reading, day: date | None) -> Reading:
    """Leave out what was not known on a day, where one is asked for."""
    return steps.known_by(reading, day)


@task(cache_policy=NO_CACHE, persist_result=False)
def check(reading: Reading) -> Checked:
    """Part the rows that keep the rules from those that go to quarantine."""
    return steps.check(reading, datetime.now(UTC).date())


@task(cache_policy=NO_CACHE, persist_result=False)
def accept(checked: Checked, strict: bool) -> Checked:
    """Refuse tables that cannot be used; when strict, refuse bad rows as well."""
    return steps.gate(checked, strict)


@task(cache_policy=NO_CACHE, persist_result=False)
def compute(
    checked: Checked,
    as_of: date | None,
    seed: int,
    repair: bool,
    workers: int,
    sensitivity: bool,
) -> Results:
    """Compute the tables that are published."""
    return steps.compute(checked, as_of, seed, repair, workers, sensitivity)


@task(cache_policy=NO_CACHE, persist_result=False)
def watch(
    results: Results, published: Path, strict: bool, repair: bool, accept_changes: bool
) -> None:
    """Say what changed much against the last version; refuse when strict, unless accepted."""
    rows = {name: table.num_rows for name, table in results.tables.items()}
    now = last_version.summary(rows, results.frames["impact"])
    lines = last_version.changes(last_version.last(published), now)
    for line in lines:
        get_run_logger().warning(line)
    contradictions = quality.details(results.frames["quality"], CONTRADICT)
    stops = lines * (not accept_changes) + contradictions * (not repair)
    if strict and stops:
        raise steps.RefusedError(stops)


@task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=len(WAITS),
    retry_delay_seconds=WAITS,
    retry_condition_fn=may_pass,
)
def write(results: Results, published: Path, keep: int | None) -> Published:
    """Publish the tables as a version, unless the same version is there already."""
    return steps.write(results, published, keep)


@task(cache_policy=NO_CACHE, persist_result=False)
def show(results: Results) -> None:
    """Put the table of results and the quality report where the UI shows them."""
    create_markdown_artifact(
        report.results_markdown(results),
        key="impact",
        description="How many people, at least and at most",
    )
    create_markdown_artifact(
        report.quality_markdown(results),
        key="quality",
        description="What was checked, and what was found",
    )


@task(cache_policy=NO_CACHE, persist_result=False)
def announce(version: Published) -> None:
    """Log which version is the latest, where it lies and what had to go for it."""
    log = get_run_logger()
    news = (
        "Published version" if version.created else "Nothing changed, the latest version is still"
    )
    log.info("%s %s in %s", news, version.version_id, version.path)
    for removed in version.removed:
        log.info("Removed the old version %s", removed)


@flow(name="publish-impact", persist_result=False)
@refusable
def publish_impact(
    facts: Annotated[list[Path], Field(min_length=1)],
    published: Path,
    as_of: date | None = None,
    seed: Annotated[int, Field(ge=0)] = 0,
    strict: bool = False,
    keep: Annotated[int, Field(ge=1)] | None = None,
    repair: bool = False,
    workers: Annotated[int, Field(ge=1)] = 1,
    sensitivity: bool = True,
    accept_changes: bool = False,
) -> Published:
    """Publish how many people each restriction touches.

    Args:
        facts: Folders of fact tables, in layers; where a key repeats, the later folder wins.
        published: The folder that holds the versions and the link to the latest of them.
        as_of: The day that the figures describe, from what was known on it; by default the last
            day on which, or after which, two sources were read, and all facts.
        seed: What the random draws start from.
        strict: Refuse the facts when a single row breaks a rule.
        keep: How many versions stay; by default all of them.
        repair: Move contradicting overlaps as little as makes them fit; else they are left out.
        workers: Threads that draw; the number changes no byte.
        sensitivity: Tell which input drives the width of each interval.
        accept_changes: When strict, publish although much changed against the last version.
    """
    reading = known_by(read(facts), as_of)
    checked = accept(check(reading), strict)
    results = compute(checked, as_of, seed, repair, workers, sensitivity)
    watch(results, published, strict, repair, accept_changes)
    version = write(results, published, keep)
    show(results)
    announce(version)
    return version
