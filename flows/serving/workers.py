"""Workers of the schedule: each `serve` is one of its pool, shows signs of life and marks its runs.

A process that is killed ends nothing on the server. Its unfinished runs are distinguished from
those of another `serve` of the same environment by the worker's name on the run, and by the
worker's last sign of life. Ages are differences between times of the server, so that the clocks of
the machines need not agree.
"""

import math
import os
import secrets
import socket
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_WORKER_HEARTBEAT_SECONDS
from prefect.states import Pending

TROUBLE = (httpx.HTTPError, ObjectNotFound)
"""The server is away for a while, or somebody deleted the object of a request."""
LOST_BEATS = 3
"""So many signs of life have to be missing before a worker counts as dead."""


def _make_name() -> str:
    """Return a unique name that shows the machine and the process."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


@dataclass
class Worker:
    """This process, as the server knows it.

    Attributes:
        pool: The work pool.
        name: The name that the runs of this process carry.
        heard: The time of the monotonic clock since which the server has taken each sign of life
            in time; None while it does not. Only after some time means the silence of others
            anything: after an outage all workers were silent.
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

    def claim_run(self, client: SyncPrefectClient, run: UUID) -> bool:
        """Return whether the server gave a run to this worker, which it does once and when due."""
        if client.set_flow_run_state(run, Pending()).status is not SetStateStatus.ACCEPT:
            return False
        client.update_flow_run(run, infrastructure_pid=self.name)
        return True

    def list_orphans(self, client: SyncPrefectClient, under_way: list[FlowRun]) -> list[FlowRun]:
        """Return the runs that no worker runs any more; call it while this process runs none."""
        own_runs = [run for run in under_way if run.infrastructure_pid == self.name]
        span = PREFECT_WORKER_HEARTBEAT_SECONDS.value() * LOST_BEATS
        if not under_way or self.heard is None or time.monotonic() - self.heard < span:
            return own_runs
        seen = {
            worker.name: worker.last_heartbeat_time
            for worker in client.read_workers_for_work_pool(self.pool)
            if worker.last_heartbeat_time is not None
        }
        now = seen.pop(self.name)
        living = {name for name, when in seen.items() if now - when < timedelta(seconds=span)}
        return own_runs + [
            run
            for run in under_way
            if run.infrastructure_pid not in {*living, self.name}
            and _count_seconds(run, now) > span
        ]


def _count_seconds(run: FlowRun, now: datetime) -> float:
    """Return the seconds since the state of a run; a run claimed just now has no name yet."""
    return (now - run.state.timestamp).total_seconds() if run.state else 0.0
