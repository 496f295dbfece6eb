"""The runs of the schedule, one after the other: what Prefect's worker does, without its trust.

A worker takes the command line, the pull steps and the entrypoint of a run from the server, so
whoever writes there runs what they like here. This loop asks the server only which run of which
deployment is due, and with what parameters; the code is that of the checkout.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NoReturn
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectNotFound
from prefect.settings import (
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_RUNNER_POLL_FREQUENCY,
    temporary_settings,
)
from prefect.states import Cancelled, Crashed, Pending

from flows import CHECKOUT
from flows.serving.children import Child, child
from flows.serving.server import say

STOPPED = "The process of the run was stopped or died while it was under way."
UNDER_WAY = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
TROUBLE = (httpx.HTTPError, ObjectNotFound)
"""The server is away for a while, or somebody deleted the run."""
PAUSE_SECONDS = 0.5

Entrypoints = dict[UUID, str]
"""Deployments on the server, each with the flow of the checkout that its runs run."""


def follow(
    entrypoints: Entrypoints,
    check: Callable[[], None],
    look: Callable[[SyncPrefectClient], None],
) -> NoReturn:
    """Run what is due until interrupted; `check` is called again and again and may raise.

    `look` is called whenever the server was asked what is due.
    One run at a time: after a pause several may be due at once, and all would publish to the
    same folder. A server that does not answer for a while is asked again.
    """
    with get_client(sync_client=True) as client:
        while True:
            try:
                run_due(client, entrypoints, check)
                look(client)
            except TROUBLE as trouble:
                check()
                say(f"The Prefect server does not do what it is asked, again soon: {trouble!r}")
            pause(PREFECT_RUNNER_POLL_FREQUENCY.value(), check)


def run_due(client: SyncPrefectClient, entrypoints: Entrypoints, check: Callable[[], None]) -> None:
    """Run each run that is due by now."""
    check()
    due = client.get_scheduled_flow_runs_for_deployments(list(entrypoints), datetime.now(UTC))
    for run in due:
        if run.deployment_id in entrypoints and is_ours(client, run.id):
            say(f"Run {run.name} begins.")
            state = execute(client, run.id, entrypoints[run.deployment_id], check)
            say(f"Run {run.name} ended: {state}.")


def is_ours(client: SyncPrefectClient, run: UUID) -> bool:
    """Claim a run; the server gives it to one of those that ask, and not before it may begin."""
    return client.set_flow_run_state(run, Pending()).status is SetStateStatus.ACCEPT


def execute(
    client: SyncPrefectClient, run: UUID, entrypoint: str, check: Callable[[], None]
) -> str:
    """Run a flow of the checkout for a run of the server; give the name of its last state."""
    try:
        with child(command(entrypoint), folder=CHECKOUT, PREFECT__FLOW_RUN_ID=str(run)) as process:
            while is_running(process, PREFECT_RUNNER_POLL_FREQUENCY.value(), check):
                if is_cancelled(client, run):
                    break
    finally:
        state = end(client, run)
    return state


def command(entrypoint: str) -> list[str]:
    """Give the command line that runs a flow of the checkout, for the run of the environment."""
    return [sys.executable, "-m", "prefect.flow_engine", entrypoint]


def is_running(process: Child, seconds: float, check: Callable[[], None]) -> bool:
    """Wait some seconds for a process to end; tell whether it still runs."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        check()
        time.sleep(PAUSE_SECONDS)
    return process.poll() is None


def is_cancelled(client: SyncPrefectClient, run: UUID) -> bool:
    """Tell whether somebody asked the server to cancel a run that is under way."""
    try:
        state = client.read_flow_run(run).state
    except ObjectNotFound:  # somebody deleted it
        return True
    except httpx.HTTPError:  # a run goes on while the server is away
        return False
    return state is not None and state.type is StateType.CANCELLING


def end(client: SyncPrefectClient, run: UUID) -> str:
    """Mark a run whose process is gone as crashed or cancelled; else it would run for ever.

    A process that is stopped may have no time to report. Nothing is lost: `latest` moves in one
    step or not at all, and the next run starts from the facts. Gives the name of the last state;
    a server that is away is not asked for long, as this process may have been told to stop.
    """
    try:
        with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 2}):
            state = client.read_flow_run(run).state
            if state is not None and state.type in UNDER_WAY:
                wanted = state.type is StateType.CANCELLING
                state = Cancelled() if wanted else Crashed(message=STOPPED)
                client.set_flow_run_state(run, state, force=True)
    except TROUBLE:
        return "unknown"
    return "unknown" if state is None else state.name or state.type.value


def end_left_over(client: SyncPrefectClient, entrypoints: Entrypoints) -> None:
    """Mark what was under way when an earlier server of our own was killed: nobody runs it now."""
    left = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(UNDER_WAY))),
        deployment_id=FlowRunFilterDeploymentId(any_=list(entrypoints)),
    )
    for run in client.read_flow_runs(flow_run_filter=left):
        end(client, run.id)


def pause(seconds: float, check: Callable[[], None]) -> None:
    """Wait, and check meanwhile."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        check()
        time.sleep(PAUSE_SECONDS)
