"""The main flow: from fact tables to a published version.

Annotations must not be strings here, because Prefect derives the schema of the parameters from
them.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

from prefect import flow, get_run_logger, runtime, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from pydantic import Field

from audience_impact.plain_text import plain_line
from audience_impact.store import publishing
from audience_impact.store.publishing import Published
from flows import last_version, recorded_layers, run_reports
from flows.pipeline import quality, steps
from flows.pipeline.code import describe_origin
from flows.pipeline.steps import Checked, Reading, Results
from flows.run_reports import fail_on_refusal, is_transient
from flows.serving import checkouts, metrics, notices
from flows.serving.preparing import read_profile
from flows.workers import RunnerName, choose_division

# Seconds between one try and the next, for what touches the outside.
WAITS = [1.0, 4.0, 16.0]
INSIDE: Any = {"cache_policy": NO_CACHE, "persist_result": False}
"""Options of the tasks that only compute."""
OUTSIDE: Any = {
    **INSIDE,
    "retries": len(WAITS),
    "retry_delay_seconds": WAITS,
    "retry_condition_fn": is_transient,
}
"""Options of the tasks that read or write what is outside of the process."""


@task(name="pull", task_run_name="pull the facts", **OUTSIDE)
def pull_checkouts(facts: list[Path]) -> None:
    """Pull the git checkouts of the facts, and log whether they have new facts."""
    for line in checkouts.pull_facts(facts):
        get_run_logger().info(plain_line(line))


@task(name="read", task_run_name="read the facts", **OUTSIDE)
def read_facts(facts: list[Path]) -> Reading:
    """Read the layers of fact tables, each row with its file and line."""
    return steps.read_facts(facts)


@task(name="known_by", task_run_name="leave out what was not known yet", **INSIDE)
def restrict_to_day(reading: Reading, day: date | None) -> Reading:
    """Exclude facts that were not known on a day, if a day is requested."""
    return steps.restrict_to_day(reading, day)


@task(name="check", task_run_name="check the facts", **INSIDE)
def check_facts(reading: Reading) -> Checked:
    """Separate the rows that satisfy the rules from the rows that are moved to quarantine."""
    return steps.validate_facts(reading, datetime.now(UTC).date())


@task(name="accept", task_run_name="refuse errors", **INSIDE)
def refuse_errors(checked: Checked, strict: bool) -> Checked:
    """Refuse tables that cannot be used, and when strict rows with errors as well."""
    return steps.refuse_errors(checked, strict)


@task(name="compute", task_run_name="compute the answers", **INSIDE)
def compute_results(
    checked: Checked,
    as_of: date | None,
    seed: int,
    by: tuple[RunnerName, int | None, str | None],
) -> Results:
    """Compute the tables that are published, by a runner, its workers and its scheduler."""
    how = choose_division(*by, len(checked.tables["restrictions"]))
    return steps.compute_results(checked, as_of, seed, how, release=True)


@task(name="watch", task_run_name="compare with the last version", **INSIDE)
def report_changes(
    results: Results, published: Path, strict: bool, accept_changes: bool
) -> list[str]:
    """Log changes against the last version; when strict, refuse large ones unless accepted."""
    before, now = (
        last_version.read_last_version(published),
        last_version.describe_results(results),
    )
    lines = last_version.list_changes(before, now)
    lines += publishing.list_changed_values(
        published, results.version, results.rows, describe_origin()
    )
    for line in lines:
        get_run_logger().warning(plain_line(line))
    for note in last_version.list_notes(before, now):
        get_run_logger().info("%s", plain_line(note))
    if not strict:
        return lines
    changed = [last_version.ACCEPT, *lines] if lines and not accept_changes else []
    if stops := changed + quality.list_contradictions(results.read_frame("quality")):
        raise steps.RefusedError(stops)
    return lines


@task(name="write", task_run_name="publish the version", **OUTSIDE)
def publish_version(
    results: Results, published: Path, keep: int | None, facts: list[Path]
) -> Published:
    """Publish the tables as a version, unless it is there already, and record its layers."""
    version = steps.publish_results(results, published, keep)
    recorded_layers.record_layers(published, version.version_id, facts)
    return version


@task(name="show", task_run_name="show the answers", **INSIDE)
def show_answers(
    version: Published, facts: list[Path], report: str | None, environment: str | None
) -> None:
    """Create the artifacts of the answers and the quality report, which Prefect's UI shows."""
    behind = f"-{environment}" if environment else ""
    create_markdown_artifact(
        run_reports.format_answers(version, facts, report),
        key=f"impact{behind}",
        description="How many people, at least and at most",
    )
    create_markdown_artifact(
        run_reports.format_checks(version),
        key=f"quality{behind}",
        description="What was checked, and what was found",
    )


@task(name="announce", task_run_name="announce the version", **INSIDE)
def announce_version(version: Published, results: Results) -> None:
    """Log the latest version, its place and the versions removed for it; tag the run."""
    log = get_run_logger()
    identity = results.version
    with get_client(sync_client=True) as client:
        tags = {
            *runtime.flow_run.tags,
            f"version:{version.version_id}",
            f"facts:{identity.inputs_sha256[:12]}",
            f"as-of:{identity.as_of}",
        }
        client.update_flow_run(runtime.flow_run.id, tags=sorted(tags))
    table_counts = (f"{name} {count:,}" for name, count in results.count_rows().items())
    log.info("%s", ", ".join(table_counts))
    news = "Published version" if version.created else "Nothing changed, the version is still"
    log.info("%s %s in %s", news, version.version_id, version.version.address)
    for removed in version.removed:
        log.info("Removed the old version %s", removed)


@task(name="measure", task_run_name="write the metrics", **INSIDE)
def record_metrics(
    results: Results, published: Path, seconds: dict[str, float], changes: list[str]
) -> None:
    """Write the metrics of the run next to the versions, and notify people of large changes."""
    used = results.read_frame("impact_by_platform", ["period", "as_of"])
    refused = results.read_frame("quarantine")
    samples = metrics.list_success(results.count_rows(), refused, used, seconds, datetime.now(UTC))
    metrics.write_metrics(published, samples, read_profile())
    if changes:
        notices.notify_people(
            "warning", "much changed against the last version", "\n".join(changes)
        )


@flow(
    name="publish-impact",
    flow_run_name=run_reports.name_run,
    persist_result=False,
    on_failure=[notices.report_failure],
    on_crashed=[notices.report_failure],
)
@fail_on_refusal
def publish_impact(
    facts: Annotated[list[Path], Field(min_length=1)],
    published: Path,
    as_of: date | None = None,
    seed: Annotated[int, Field(ge=0)] = 0,
    strict: bool = False,
    keep: Annotated[int, Field(ge=1)] | None = None,
    workers: Annotated[int, Field(ge=1)] | None = None,
    accept_changes: bool = False,
    report: str | None = None,
    environment: str | None = None,
    runner: RunnerName = RunnerName.LOCAL,
    scheduler: str | None = None,
    pull: bool = False,
) -> Published:
    """Publish the number of people that each restriction affects.

    Args:
        facts: Folders of fact tables, in layers; where a key repeats, the later folder wins.
        published: The folder that contains the versions and the link to the latest of them.
        as_of: The day of the results, from facts known on that day; by default all facts, and the
            last day on or after which two sources were read.
        seed: The seed of the draws.
        strict: Refuse the facts if a single row breaks a rule.
        keep: The number of versions to keep; by default all of them.
        workers: Processes that compute the parts of a large register; by default two from a
            thousand restrictions on. The results do not depend on the number.
        accept_changes: If strict, publish even if much changed since the last version.
        report: Address of the report, for links to it; by default its folder next to the
            versions.
        environment: The name of the environment, which artifacts contain, since environments may
            share a server.
        runner: The runner of the parts: processes of this machine, or a Dask cluster.
        scheduler: Address of the scheduler of that cluster; by default one is started here.
        pull: Pull the git checkouts of the facts first.
    """
    progress = run_reports.RunProgress(environment)
    timed = run_reports.StepSeconds(progress.begin_step)
    if pull:
        timed(pull_checkouts, facts)
    every_row = timed(read_facts, facts)
    reading = restrict_to_day(every_row, as_of)
    checked = refuse_errors(timed(check_facts, reading), strict)
    for rows in (every_row, reading):  # Prefect retains what a task returned
        steps.release_rows(rows.tables)
    by = runner, workers, scheduler
    with progress.count_parts():
        results = timed(compute_results, checked, as_of, seed, by)
    changes = report_changes(results, published, strict, accept_changes)
    version = timed(publish_version, results, published, keep, facts)
    show_answers(version, facts, report, environment)
    announce_version(version, results)
    record_metrics(results, published, timed, changes)
    progress.end()
    return replace(version, replaced_count=reading.overridden_count)
