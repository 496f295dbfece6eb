"""The schedule of an environment on a Prefect server: `audience-impact serve`.

The server is the one that PREFECT_API_URL names; none is started here. Its runs are those of one
deployment, one at a time. Whoever may start a run there chooses its day, seed and strictness. Which
facts are read and where versions are published comes from the profile of this process, and the code
from this checkout.
"""

from collections.abc import Callable
from datetime import date
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

from audience_impact.plain_text import ReadableError, plain_lines
from flows import pages
from flows.publish_impact import STEPS, RunOptions, call_step
from flows.serving.notices import require_addresses
from flows.serving.profile import (
    NotReadyError,
    Profile,
    hide_passwords,
    in_checkout,
    read_profile,
)
from flows.serving.runs import report_failure, run_reported


def serve_schedule(profile: Profile) -> None:
    """Run the schedule until interrupted.

    Raises NotReadyError where an address for notices is wrong or no Prefect server answers.
    """
    require_addresses(profile)
    address = PREFECT_API_URL.value()
    if not address:
        raise NotReadyError(
            "serve needs a Prefect server: name its address in PREFECT_API_URL. Without a server, "
            "call `audience-impact run` from cron or a timer (docs/how-to/schedule.md)"
        )
    try:
        with get_client(sync_client=True) as client:
            client.hello().raise_for_status()
        # Of a flow that serves itself, Prefect runs the function of this process. Of deployments it
        # would run what the server names, and whoever has the password can rewrite that.
        # A run that was due while nobody served is late, and starts when this does.
        publish_scheduled.serve(
            profile.qualify_name("daily"),
            description="Publishes how many people each restriction affects.",
            schedule=Cron(profile.schedule, timezone=profile.timezone),
            tags=[profile.environment] if profile.environment else [],
            limit=1,
            pause_on_shutdown=False,
        )
    except (httpx.HTTPError, PrefectException) as error:
        raise NotReadyError(
            f"the Prefect server at {hide_passwords(address)} (PREFECT_API_URL) does not answer: "
            f"{error or type(error).__name__}: start it, and run again"
        ) from error


def report_crash(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Report a run whose process died; Prefect calls this function where it serves."""
    profile = read_profile()
    cause = state.message or str(state.name)
    report_failure(in_checkout(profile.published), profile, cause)


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

    @task(
        name=name, task_run_name=STEPS.get(name, name), cache_policy=NO_CACHE, persist_result=False
    )
    def run_step() -> Any:
        return call_step(name, function, *args)

    return run_step()


@flow(
    name="publish-impact",
    flow_run_name=name_run,
    persist_result=False,
    on_crashed=[report_crash],
)
def publish_scheduled(
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
    options = RunOptions(
        [in_checkout(path) for path in profile.facts],
        in_checkout(profile.published),
        as_of,
        seed,
        strict or profile.strict,
        profile.keep,
        workers,
        accept_changes,
    )
    try:
        version = run_reported(options, profile, call_as_task, runtime.flow_run.ui_url or "")
    except ReadableError as refusal:  # its message is the reason; a traceback adds nothing to it
        return Failed(message=plain_lines(str(refusal)))
    for name, page in (
        ("impact", pages.format_answers(version, options.facts)),
        ("quality", pages.format_checks(version)),
    ):
        create_markdown_artifact(page, key=profile.qualify_name(name))
    return version.version_id
