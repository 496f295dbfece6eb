"""The flow of a run on a Prefect server, by hand and by the schedule: `run` and `serve`.

The server is the one that PREFECT_API_URL names; none is started here. Scheduled runs are those of
one deployment, one at a time. Whoever may start a run there chooses its day, seed and strictness.
The profile of this process says which facts are read and where versions are published, and the code
is that of this checkout. A run by hand has the options of its command.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import httpx
from prefect import Flow, flow, runtime, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import PrefectException
from prefect.schedules import Cron
from prefect.settings import PREFECT_API_URL
from prefect.states import Failed
from pydantic import Field

from audience_impact.answers import documents, rankings
from audience_impact.answers.numbers import day_in_words
from audience_impact.plain_text import ReadableError, hide_passwords, markdown_text, plain_lines
from audience_impact.store.versions import Stored
from flows import runs
from flows.serving.profile import Profile, in_checkout, read_profile

NAME = "publish-impact"


@dataclass
class PlannedRun:
    """The options and profile of a run, and in the end its outcome or what refused it."""

    options: runs.RunOptions
    profile: Profile
    outcome: runs.Outcome | None = None
    refusal: ReadableError | None = None


def run_by_hand(options: runs.RunOptions, profile: Profile) -> runs.Outcome:
    """Run the flow once on the server of PREFECT_API_URL; raise what stops it."""
    run = PlannedRun(options, profile)

    @flow(name=NAME, flow_run_name=name_run, persist_result=False)
    def publish_by_hand() -> Any:
        return _publish(run)

    state: Any = publish_by_hand(return_state=True)
    if run.refusal is not None:
        raise run.refusal
    state.result()
    if run.outcome is None:
        raise ReadableError("the run ended without a version")
    return run.outcome


def serve_schedule(profile: Profile) -> None:
    """Run the schedule until interrupted; raise ReadableError where no server answers."""
    runs.require_addresses(profile)
    address = PREFECT_API_URL.value()
    if not address:
        raise ReadableError(
            "serve needs a Prefect server: name its address in PREFECT_API_URL. Without a server, "
            "call `audience-impact run` from cron or a timer (docs/how-to/schedule.md)"
        )
    try:
        with get_client(sync_client=True) as client:
            client.hello().raise_for_status()
        # Of a flow that serves itself, Prefect runs the function of this process. Of deployments it
        # would run what the server names, and whoever has the password can rewrite that.
        # A run that was due while nobody served is late, and starts when this does.
        publish_impact.serve(
            profile.qualify_name("daily"),
            description="Publishes how many people each restriction affects.",
            schedule=Cron(profile.schedule, timezone=profile.timezone),
            tags=[profile.environment] if profile.environment else [],
            limit=1,
            pause_on_shutdown=False,
        )
    except (httpx.HTTPError, PrefectException) as error:
        raise ReadableError(
            f"the Prefect server at {hide_passwords(address)} (PREFECT_API_URL) does not answer: "
            f"{error or type(error).__name__}: start it, and run again"
        ) from error


def report_crash(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Report a run whose process died; Prefect calls this function where it serves."""
    profile = read_profile()
    runs.report_failure(in_checkout(profile.published), profile, state.message or str(state.name))


def name_run() -> str:
    """Return the name of the current run: its flow, its environment and when it was due, in UTC."""
    words = (
        str(runtime.flow_run.flow_name),
        read_profile().environment or "",
        f"{runtime.flow_run.scheduled_start_time:%Y-%m-%d %H:%M}",
    )
    return " ".join(filter(None, words))


def call_as_task(name: str, function: Callable[..., Any], *args: Any) -> Any:
    """Call a step as a task of Prefect, which shows it on the page of the run."""
    title = runs.STEPS.get(name, name)

    @task(name=name, task_run_name=title, cache_policy=NO_CACHE, persist_result=False)
    def run_step() -> Any:
        return runs.call_step(name, function, *args)

    return run_step()


@flow(name=NAME, flow_run_name=name_run, persist_result=False, on_crashed=[report_crash])
def publish_impact(
    as_of: date | None = None,
    seed: Annotated[int, Field(ge=0)] = 0,
    strict: bool = False,
    workers: Annotated[int, Field(ge=1)] | None = None,
    accept_changes: bool = False,
) -> Any:
    """Publish the number of people that each restriction affects, in the places of the profile.

    Args:
        as_of: The day of the results, from facts known on that day; by default all facts.
        seed: The seed of the draws.
        strict: Refuse the facts if a single row breaks a rule, also where the profile does not.
        workers: Processes that compute the parts of a large register.
        accept_changes: If strict, publish even if much changed since the last version.
    """
    profile = read_profile()
    options = runs.RunOptions(
        [in_checkout(path) for path in profile.facts],
        in_checkout(profile.published),
        as_of,
        seed,
        strict or profile.strict,
        profile.keep,
        workers,
        accept_changes,
    )
    return _publish(PlannedRun(options, profile))


def _publish(run: PlannedRun) -> Any:
    address = runtime.flow_run.ui_url or ""
    try:
        run.outcome = runs.run_reported(run.options, run.profile, call_as_task, address)
    except ReadableError as refusal:  # its message is the reason; a traceback adds nothing to it
        run.refusal = refusal
        return Failed(message=plain_lines(str(refusal)))
    version = run.outcome.published.version
    pages = {
        "impact": format_answers(version, run.options.facts),
        "quality": format_checks(version),
    }
    for name, page in pages.items():
        create_markdown_artifact(page, key=run.profile.qualify_name(name))
    return version.id


def format_answers(version: Stored, folders: Sequence[Path]) -> str:
    """Return version, facts and answers as Markdown, in which words of facts are text."""
    about = version.version
    named = ", ".join(markdown_text(folder) for folder in folders)
    rows = rankings.list_exposed(version.read_arrow)
    return (
        f"Version **{version.id}** as of {day_in_words(str(about.as_of))}, from the facts "
        f"in {named} (SHA-256 {about.inputs_sha256[:12]}) by method {about.method_version}.\n\n"
        f"{documents.render_results(rows)}"
    )


def format_checks(version: Stored) -> str:
    """Return the quality report and the count of quarantined rows as Markdown."""
    return documents.render_quality(
        version.read_table("quality"), version.count_rows()["quarantine"]
    )
