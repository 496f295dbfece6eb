"""The main flow: from fact tables to a published version.

Annotations are real here, not strings: Prefect makes the schema of the parameters from them.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

from prefect import flow, get_run_logger, runtime, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from pydantic import Field

from audience_impact.plain_text import plain
from audience_impact.store.versions import Published
from flows import artifacts, last_version, metrics
from flows.failures import may_pass, refusable
from flows.pipeline import quality, steps
from flows.pipeline.steps import Checked, Reading, Results
from flows.serving import notices
from flows.workers import RunnerName, division

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
    sensitivity: bool,
    by: tuple[RunnerName, int | None, str | None],
) -> Results:
    """Compute the tables that are published, by a runner, its workers and its scheduler."""
    how = division(*by, len(checked.tables["restrictions"]))
    return steps.compute(checked, as_of, seed, repair, sensitivity, how)


@task(cache_policy=NO_CACHE, persist_result=False)
def watch(
    results: Results, published: Path, strict: bool, repair: bool, accept_changes: bool
) -> list[str]:
    """Say what changed much against the last version; refuse when strict, unless accepted."""
    impact = results.frame("impact", last_version.READ)
    now = last_version.summary(results.counts(), impact, results.files)
    lines = last_version.changes(last_version.last(published), now)
    for line in lines:
        get_run_logger().warning(plain(line))
    if not strict:
        return lines
    changed = [last_version.ACCEPT, *lines] if lines and not accept_changes else []
    if stops := changed + quality.contradictions(results.frame("quality")) * (not repair):
        raise steps.RefusedError(stops)
    return lines


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
def show(
    version: Published, facts: list[Path], report: str | None, environment: str | None
) -> None:
    """Put the answers and the quality report where the UI shows them."""
    behind = f"-{environment}" if environment else ""
    create_markdown_artifact(
        artifacts.answers(version, facts, report),
        key=f"impact{behind}",
        description="How many people, at least and at most",
    )
    create_markdown_artifact(
        artifacts.checks(version),
        key=f"quality{behind}",
        description="What was checked, and what was found",
    )


@task(cache_policy=NO_CACHE, persist_result=False)
def announce(version: Published, results: Results) -> None:
    """Log which version is the latest, where it lies, and what had to go for it; tag the run."""
    log = get_run_logger()
    told = results.version
    with get_client(sync_client=True) as client:
        tags = {
            *runtime.flow_run.tags,
            f"version:{version.version_id}",
            f"facts:{told.inputs_sha256[:12]}",
            f"as-of:{told.as_of}",
        }
        client.update_flow_run(runtime.flow_run.id, tags=sorted(tags))
    told_of = (f"{name} {count:,}" for name, count in results.counts().items())
    log.info("%s", ", ".join(told_of))
    news = (
        "Published version" if version.created else "Nothing changed, the latest version is still"
    )
    log.info("%s %s in %s", news, version.version_id, version.version.address)
    for removed in version.removed:
        log.info("Removed the old version %s", removed)


@task(cache_policy=NO_CACHE, persist_result=False)
def measure(
    results: Results, published: Path, seconds: dict[str, float], changes: list[str]
) -> None:
    """Put the metrics of the run beside the versions, and tell somebody of what moved much."""
    used = results.frame("impact_by_platform", ["period", "as_of"])
    refused = results.frame("quarantine")
    told = metrics.render(results.counts(), refused, used, seconds, datetime.now(UTC))
    metrics.write(published, told)
    if changes:
        notices.tell("much changed against the last version", "\n".join(changes))


@flow(
    name="publish-impact",
    persist_result=False,
    on_failure=[notices.tell_of_run],
    on_crashed=[notices.tell_of_run],
)
@refusable
def publish_impact(
    facts: Annotated[list[Path], Field(min_length=1)],
    published: Path,
    as_of: date | None = None,
    seed: Annotated[int, Field(ge=0)] = 0,
    strict: bool = False,
    keep: Annotated[int, Field(ge=1)] | None = None,
    repair: bool = False,
    workers: Annotated[int, Field(ge=1)] | None = None,
    sensitivity: bool = True,
    accept_changes: bool = False,
    report: str | None = None,
    environment: str | None = None,
    runner: RunnerName = RunnerName.LOCAL,
    scheduler: str | None = None,
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
        workers: Processes that compute the parts of a large register; by default two from a
            thousand restrictions on. The number changes no byte.
        sensitivity: Tell which input drives the width of each interval.
        accept_changes: When strict, publish although much changed against the last version.
        report: Address of the report, for the link to it; by default the folder beside the
            versions is named.
        environment: Whose run it is, where several share a server: its artifacts carry the name.
        runner: Who computes the parts: processes of this machine, or a Dask cluster.
        scheduler: Address of the scheduler of that cluster; by default one is started here.
    """
    timed = metrics.Seconds()
    reading = known_by(timed(read, facts), as_of)
    checked = accept(timed(check, reading), strict)
    by = runner, workers, scheduler
    results = timed(compute, checked, as_of, seed, repair, sensitivity, by)
    changes = watch(results, published, strict, repair, accept_changes)
    version = timed(write, results, published, keep)
    show(version, facts, report, environment)
    announce(version, results)
    measure(results, published, timed, changes)
    return replace(version, replaced_count=reading.overridden)
