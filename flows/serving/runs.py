"""Run scheduled flow runs one after the other, without trusting commands sent by the server.

Prefect's worker takes the command line, the pull steps and the entrypoint of a run from the server,
so that anyone with write access to the server can execute code on this machine. This loop takes
only the due run, its deployment and its parameters from the server; the code is that of the
checkout. A parameter that names a place, or starts processes elsewhere, must be that with which
`serve` was started: the process of the run checks it when the flow begins.

Each `serve` is a worker of its pool, shows signs of life and marks its runs. A process that is
killed ends nothing on the server. Its unfinished runs are distinguished from those of another
`serve` of the same environment by the worker's name on the run, and by the server's word on which
workers are online. Ages are differences between times of the server, so that the clocks of the
machines need not agree.
"""

import inspect
import json
import math
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, NoReturn
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkerFilter,
    WorkerFilterStatus,
)
from prefect.client.schemas.objects import FlowRun, State, StateType, WorkerStatus
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectNotFound
from prefect.settings import (
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_CLIENT_RETRY_EXTRA_CODES,
    PREFECT_RUNNER_POLL_FREQUENCY,
    PREFECT_WORKER_HEARTBEAT_SECONDS,
    temporary_settings,
)
from prefect.states import Cancelled, Crashed, Pending, Scheduled
from pydantic_core import to_jsonable_python

from flows import CHECKOUT
from flows.pipeline.steps import RefusedError
from flows.serving import notices
from flows.serving.children import Child, run_child
from flows.serving.server import print_line

TROUBLE = (httpx.HTTPError, ObjectNotFound)
"""Errors if the server is temporarily unreachable, or the object of a request was deleted."""
LOST_BEATS = 3
"""Number of missing heartbeats after which the server takes a worker for dead, by default."""
ONLINE = WorkerFilter(status=WorkerFilterStatus(any_=[WorkerStatus.ONLINE.value]))
"""The living workers; those of every start before stay on the server."""


def _make_name() -> str:
    """Return a unique name that shows the machine and the process."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


@dataclass
class Worker:
    """This process, as the server knows it.

    Attributes:
        pool: The work pool.
        name: The name with which the runs of this process are marked.
        heard: The time of the monotonic clock since which the server has taken each sign of life in
            time; None while it does not. Missing heartbeats of other workers are considered only
            some time after this, because after an outage all workers have missed some.
    """

    pool: str
    name: str = field(default_factory=_make_name)
    heard: float | None = None

    def send_heartbeat(self, client: SyncPrefectClient) -> None:
        """Send a sign of life. Raises one of TROUBLE where the server is away."""
        seconds, began = PREFECT_WORKER_HEARTBEAT_SECONDS.value(), time.monotonic()
        since, self.heard = self.heard, None
        client.send_worker_heartbeat(self.pool, self.name, math.ceil(seconds))
        if time.monotonic() - began < seconds:
            self.heard = since or began

    def claim_run(self, client: SyncPrefectClient, run: FlowRun, entrypoint: str) -> str | None:
        """Return the name of a due run if the server assigned it to this worker, else None.

        The server assigns a run only once.
        """
        if client.set_flow_run_state(run.id, Pending()).status is not SetStateStatus.ACCEPT:
            return None
        name = format_run_name(
            entrypoint.rpartition(":")[2].replace("_", "-"),
            run.parameters.get("environment"),
            run.expected_start_time or datetime.now(UTC),
        )
        client.update_flow_run(run.id, name=name, infrastructure_pid=self.name)
        return name

    def list_orphans(self, client: SyncPrefectClient, under_way: list[FlowRun]) -> list[FlowRun]:
        """Return the runs whose worker has ended; call this only while this process has no run."""
        runs_of_worker = [run for run in under_way if run.infrastructure_pid == self.name]
        span = PREFECT_WORKER_HEARTBEAT_SECONDS.value() * LOST_BEATS
        if not under_way or self.heard is None or time.monotonic() - self.heard < span:
            return runs_of_worker
        online = client.read_workers_for_work_pool(self.pool, ONLINE)
        living = {worker.name: worker.last_heartbeat_time for worker in online}
        now = living.get(self.name)
        if now is None:
            return runs_of_worker
        return runs_of_worker + [
            run
            for run in under_way
            if run.infrastructure_pid not in living and _count_seconds(run, now) > span
        ]


def format_run_name(flow: str, environment: str | None, due: datetime) -> str:
    """Return the name of a run: its flow, its environment and when it was due, in UTC."""
    words = [flow, environment or "", f"{due.astimezone(UTC):%Y-%m-%d %H:%M}"]
    return " ".join(filter(None, words))


def _count_seconds(run: FlowRun, now: datetime) -> float:
    """Return the seconds since the last change of state of a run."""
    return (now - run.state.timestamp).total_seconds() if run.state else 0.0


STOPPED = "The process of the run was stopped or died while it was under way."
RESTART_TAG = "again:"
"""The beginning of the tag with the count of restarts of a run."""
MAX_RESTARTS = 2
"""Maximum number of restarts, after which a run is assumed to end its process itself."""
UNDER_WAY = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
PAUSE_SECONDS = 0.5
PATIENT_RETRIES = 7
"""Number of attempts of a run to reach the server, with doubled waiting times: some four minutes.
"""
DATABASE_AWAY = 500
"""Status of the server while its database is not reachable."""

SERVED = "_AUDIENCE_IMPACT_SERVED"
"""Environment variable with the parameters of the deployment, for the process of a run."""
FREE = frozenset(
    {
        *("as_of", "seed", "strict", "workers", "accept_changes"),
        *("only", "confirm", "threshold", "today"),
    }
)
"""Parameters that a run may set as it likes: they name no place and remove nothing."""


class Deployed(NamedTuple):
    """A deployment: the flow of the checkout that its runs run, and all its parameters."""

    entrypoint: str
    parameters: Mapping[str, Any]


Entrypoints = dict[UUID, Deployed]
"""The deployments on the server."""


def follow_schedule(
    worker: Worker,
    entrypoints: Entrypoints,
    check: Callable[[], None],
    look: Callable[[SyncPrefectClient], None],
) -> NoReturn:
    """Execute due runs until interrupted; `check` is called repeatedly and may raise.

    `look` is called after each request for due runs. Runs are executed one at a time, because after
    a pause several may be due, and all would publish to the same folder. Requests to a server that
    does not respond are repeated.
    """
    with get_client(sync_client=True) as client:
        while True:
            check()
            ran = False
            try:
                with limit_retries():
                    worker.send_heartbeat(client)
                    end_orphans(client, worker, entrypoints)
                ran = run_due(client, worker, entrypoints, check)
                look(client)
            except TROUBLE as trouble:
                print_line(
                    f"A request to the Prefect server failed and is repeated soon: {trouble!r}"
                )
            if not ran:
                wait_checking(PREFECT_RUNNER_POLL_FREQUENCY.value(), check)


def limit_retries() -> AbstractContextManager[Any]:
    """Limit the attempts to reach a server, because this process has other tasks."""
    return temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 2})


def run_due(
    client: SyncPrefectClient, worker: Worker, entrypoints: Entrypoints, check: Callable[[], None]
) -> bool:
    """Execute one due run; return whether there was one.

    The caller then requests the next due run, because another worker may have executed the others.
    """
    with limit_retries():
        due = client.get_scheduled_flow_runs_for_work_pool(
            worker.pool, scheduled_before=datetime.now(UTC)
        )
    for run in (response.flow_run for response in due):
        deployed = entrypoints.get(run.deployment_id) if run.deployment_id else None
        if deployed and (name := worker.claim_run(client, run, deployed.entrypoint)):
            print_line(f"Run {name} begins.")
            state = execute_run(client, worker, run.id, deployed, check)
            print_line(f"Run {name} ended: {state}.")
            return True
    return False


def execute_run(
    client: SyncPrefectClient,
    worker: Worker,
    run: UUID,
    deployed: Deployed,
    check: Callable[[], None],
) -> str:
    """Run a flow of the checkout for a run of the server; return the name of its last state."""
    cancelled = False
    try:
        with run_child(
            build_command(deployed.entrypoint),
            folder=CHECKOUT,
            variables=build_variables(run, deployed.parameters),
        ) as process:
            while is_running(process, PREFECT_RUNNER_POLL_FREQUENCY.value(), check):
                with limit_retries(), suppress(*TROUBLE):  # a run goes on while the server is away
                    worker.send_heartbeat(client)
                    cancelled = is_cancelled(client, run)
                if cancelled:
                    break
    finally:
        state = end_run(client, run, again=not cancelled)
    return state


def build_command(entrypoint: str) -> list[str]:
    """Return the command line that runs a flow of the checkout, for the run of the environment."""
    return [sys.executable, "-m", "flows.serving.one_run", entrypoint]


def build_variables(run: UUID, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return variables that name the run and the parameters of its deployment.

    They also make it wait for an unavailable server or database.
    """
    codes = PREFECT_CLIENT_RETRY_EXTRA_CODES.value() | {DATABASE_AWAY}
    return {
        "PREFECT__FLOW_RUN_ID": str(run),
        SERVED: json.dumps(to_jsonable_python(parameters)),
        "PREFECT_CLIENT_MAX_RETRIES": str(max(PATIENT_RETRIES, PREFECT_CLIENT_MAX_RETRIES.value())),
        "PREFECT_CLIENT_RETRY_EXTRA_CODES": ",".join(str(code) for code in sorted(codes)),
    }


def require_served(
    flow_body: Callable[..., Any], words: tuple[Any, ...], named: Mapping[str, Any]
) -> None:
    """Raise RefusedError where a run of the schedule has other places or `keep` than deployed.

    Whoever has the password of the server could otherwise have any file of this user read, any
    folder written to, and all published versions but one removed.

    Args:
        flow_body: The function of the flow.
        words: The arguments that it is called with, by place.
        named: The arguments that it is called with, by name.
    """
    if (served := os.environ.get(SERVED)) is None:
        return
    expected = json.loads(served)
    requested = to_jsonable_python(inspect.signature(flow_body).bind(*words, **named).arguments)
    for name in sorted(requested.keys() - FREE):
        if requested[name] != expected[name]:
            raise RefusedError(
                [
                    f"{name} is {json.dumps(requested[name])}, and `serve` was started with "
                    f"{json.dumps(expected[name])}: take that, or start `serve` with another "
                    "profile"
                ]
            )


def is_running(process: Child, seconds: float, check: Callable[[], None]) -> bool:
    """Wait some seconds for a process to end; return whether it still runs."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        check()
        time.sleep(PAUSE_SECONDS)
    return process.poll() is None


def is_cancelled(client: SyncPrefectClient, run: UUID) -> bool:
    """Return whether somebody asked the server to cancel a run in progress."""
    try:
        state = client.read_flow_run(run).state
    except ObjectNotFound:  # somebody deleted it
        return True
    return state is not None and state.type is StateType.CANCELLING


def end_run(client: SyncPrefectClient, run: UUID, *, again: bool = True) -> str:
    """Restart a run whose process has ended, or end it; otherwise it would remain running.

    A stopped process may have no time to report. Nothing is lost: `latest` moves in one step or not
    at all, and a run starts from the facts. Returns the name of the last state. The attempts to
    reach an unavailable server are few, as this process may be stopping; `end_orphans` then handles
    the run later.
    """
    try:
        with limit_retries():
            return _set_end_state(client, client.read_flow_run(run), again)
    except TROUBLE:
        return "unknown"


def _set_end_state(client: SyncPrefectClient, run: FlowRun, again: bool) -> str:
    state = run.state
    if state is None:
        return "unknown"
    begun = sum(tag.startswith(RESTART_TAG) for tag in run.tags)
    again = again and begun < MAX_RESTARTS and state.type is not StateType.CANCELLING
    if state.type not in UNDER_WAY and not (again and state.type is StateType.CRASHED):
        return state.name or state.type.value
    if again:
        client.update_flow_run(run.id, tags=sorted({*run.tags, f"{RESTART_TAG}{begun + 1}"}))
        # The scheduled time is now: behind what was due before, so nobody waits for it.
        after: State[Any] = Scheduled(message=f"{STOPPED} It begins again.")
    elif state.type is StateType.CANCELLING:
        after = Cancelled()
    else:
        after = Crashed(message=STOPPED)
    client.set_flow_run_state(run.id, after, force=True)
    if after.type is StateType.CRASHED:  # its own process, which reports failures, is dead
        notices.report_failed_run(run, "Crashed", STOPPED, CHECKOUT)
    return after.name or after.type.value


def end_orphans(client: SyncPrefectClient, worker: Worker, entrypoints: Entrypoints) -> None:
    """End or restart the runs of a `serve` that was killed, here or on another machine."""
    under_way = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(UNDER_WAY))),
        deployment_id=FlowRunFilterDeploymentId(any_=list(entrypoints)),
    )
    for run in worker.list_orphans(client, client.read_flow_runs(flow_run_filter=under_way)):
        print_line(f"Run {run.name} was left over: {end_run(client, run.id)}.")


def wait_checking(seconds: float, check: Callable[[], None]) -> None:
    """Wait some seconds and call `check` repeatedly meanwhile."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        check()
        time.sleep(PAUSE_SECONDS)
