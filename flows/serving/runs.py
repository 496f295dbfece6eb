"""The runs of the schedule, one after the other: what Prefect's worker does, without its trust.

A worker takes the command line, the pull steps and the entrypoint of a run from the server, so
whoever writes there runs what they like here. This loop asks the server only which run of which
deployment is due, and with what parameters; the code is that of the checkout.
"""

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.settings import (
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_CLIENT_RETRY_EXTRA_CODES,
    PREFECT_RUNNER_POLL_FREQUENCY,
    temporary_settings,
)
from prefect.states import Cancelled, Crashed, Scheduled

from flows import CHECKOUT
from flows.serving import notices
from flows.serving.children import Child, child
from flows.serving.server import say
from flows.serving.workers import TROUBLE, Worker

STOPPED = "The process of the run was stopped or died while it was under way."
AGAIN = "again:"
"""Begins the tag of a run that says how often it was begun again."""
MOST_AGAIN = 2
"""More often than that nobody's restart is to blame: the run itself ends its process."""
UNDER_WAY = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
PAUSE_SECONDS = 0.5
PATIENT_RETRIES = 7
"""Tries of a run to reach the server, each after twice the time: some four minutes."""
DATABASE_AWAY = 500
"""What the server answers while nobody listens at the address of its database."""

Entrypoints = dict[UUID, str]
"""Deployments on the server, each with the flow of the checkout that its runs run."""


def follow(
    worker: Worker,
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
            check()
            ran = False
            try:
                with impatient():
                    worker.beat(client)
                    end_left_over(client, worker, entrypoints)
                ran = run_due(client, worker, entrypoints, check)
                look(client)
            except TROUBLE as trouble:
                say(f"The Prefect server does not do what it is asked, again soon: {trouble!r}")
            if not ran:
                pause(PREFECT_RUNNER_POLL_FREQUENCY.value(), check)


def impatient() -> AbstractContextManager[Any]:
    """Ask a server that is away a few times only: this process has other things to look after."""
    return temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 2})


def run_due(
    client: SyncPrefectClient, worker: Worker, entrypoints: Entrypoints, check: Callable[[], None]
) -> bool:
    """Run one run that is due; tell whether there was one.

    Then the server is asked anew: another worker may have done the rest meanwhile.
    """
    with impatient():
        due = client.get_scheduled_flow_runs_for_deployments(list(entrypoints), datetime.now(UTC))
    for run in due:
        if run.deployment_id in entrypoints and worker.takes(client, run.id):
            say(f"Run {run.name} begins.")
            state = execute(client, worker, run.id, entrypoints[run.deployment_id], check)
            say(f"Run {run.name} ended: {state}.")
            return True
    return False


def execute(
    client: SyncPrefectClient,
    worker: Worker,
    run: UUID,
    entrypoint: str,
    check: Callable[[], None],
) -> str:
    """Run a flow of the checkout for a run of the server; give the name of its last state."""
    cancelled = False
    try:
        with child(command(entrypoint), folder=CHECKOUT, variables=variables(run)) as process:
            while is_running(process, PREFECT_RUNNER_POLL_FREQUENCY.value(), check):
                with impatient(), suppress(*TROUBLE):  # a run goes on while the server is away
                    worker.beat(client)
                    cancelled = is_cancelled(client, run)
                if cancelled:
                    break
    finally:
        state = end(client, run, again=not cancelled)
    return state


def command(entrypoint: str) -> list[str]:
    """Give the command line that runs a flow of the checkout, for the run of the environment."""
    return [sys.executable, "-m", "flows.serving.one_run", entrypoint]


def variables(run: UUID) -> dict[str, str]:
    """Name a run to its process, and have it wait for a server, or its database, that is away."""
    codes = PREFECT_CLIENT_RETRY_EXTRA_CODES.value() | {DATABASE_AWAY}
    return {
        "PREFECT__FLOW_RUN_ID": str(run),
        "PREFECT_CLIENT_MAX_RETRIES": str(max(PATIENT_RETRIES, PREFECT_CLIENT_MAX_RETRIES.value())),
        "PREFECT_CLIENT_RETRY_EXTRA_CODES": ",".join(str(code) for code in sorted(codes)),
    }


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
    return state is not None and state.type is StateType.CANCELLING


def end(client: SyncPrefectClient, run: UUID, *, again: bool = True) -> str:
    """See to a run whose process is gone: it begins again, or has ended; else it runs for ever.

    A process that is stopped may have no time to report. Nothing is lost: `latest` moves in one
    step or not at all, and a run starts from the facts. Gives the name of the last state; a
    server that is away is not asked for long, as this process may have been told to stop, and
    what it does not hear now is seen to by `end_left_over`.
    """
    try:
        with impatient():
            return _ended(client, client.read_flow_run(run), again)
    except TROUBLE:
        return "unknown"


def _ended(client: SyncPrefectClient, run: FlowRun, again: bool) -> str:
    state = run.state
    if state is None:
        return "unknown"
    begun = sum(tag.startswith(AGAIN) for tag in run.tags)
    again = again and begun < MOST_AGAIN and state.type is not StateType.CANCELLING
    if state.type not in UNDER_WAY and not (again and state.type is StateType.CRASHED):
        return state.name or state.type.value
    if again:
        client.update_flow_run(run.id, tags=sorted({*run.tags, f"{AGAIN}{begun + 1}"}))
        # The scheduled time is now: behind what was due before, so nobody waits for it.
        after: State[Any] = Scheduled(message=f"{STOPPED} It begins again.")
    elif state.type is StateType.CANCELLING:
        after = Cancelled()
    else:
        after = Crashed(message=STOPPED)
    client.set_flow_run_state(run.id, after, force=True)
    if after.type is StateType.CRASHED:  # its own process, which tells of failures, is dead
        notices.tell(f"run {run.name}: Crashed", STOPPED)
    return after.name or after.type.value


def end_left_over(client: SyncPrefectClient, worker: Worker, entrypoints: Entrypoints) -> None:
    """See to what was under way in a `serve` that was killed, here or on another machine."""
    under_way = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(UNDER_WAY))),
        deployment_id=FlowRunFilterDeploymentId(any_=list(entrypoints)),
    )
    for run in worker.left_over(client, client.read_flow_runs(flow_run_filter=under_way)):
        say(f"Run {run.name} was left over: {end(client, run.id)}.")


def pause(seconds: float, check: Callable[[], None]) -> None:
    """Wait, and check meanwhile."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        check()
        time.sleep(PAUSE_SECONDS)
