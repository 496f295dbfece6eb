"""Who runs what: each `serve` is a worker of its pool that shows signs of life and marks its runs.

A process that is killed ends nothing on the server. What it had under way is told from what
another `serve` of the same environment runs by the worker's name on the run, and by the worker's
last sign of life. Ages are differences between times of the server, so that the clocks of the
machines need not agree.
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
"""The server is away for a while, or somebody deleted what is asked for."""
LOST_BEATS = 3
"""So many signs of life have to be missing before a worker counts as dead."""


def _named() -> str:
    """A name that no other process has or had, and that says where to look."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


@dataclass
class Worker:
    """This process, as the server knows it.

    Attributes:
        pool: The work pool.
        name: What the runs of this process carry.
        heard: Since when (of the monotonic clock) the server has taken each sign of life in time;
            None while it does not. Before that has lasted, the silence of others says nothing:
            after an outage all were silent.
    """

    pool: str
    name: str = field(default_factory=_named)
    heard: float | None = None

    def beat(self, client: SyncPrefectClient) -> None:
        """Show a sign of life. Raises one of TROUBLE where the server is away."""
        seconds, began = PREFECT_WORKER_HEARTBEAT_SECONDS.value(), time.monotonic()
        since, self.heard = self.heard, None
        client.send_worker_heartbeat(self.pool, self.name, math.ceil(seconds))
        if time.monotonic() - began < seconds:
            self.heard = since or began

    def takes(self, client: SyncPrefectClient, run: UUID) -> bool:
        """Claim a run; the server gives it to one of those that ask, and not before it is due."""
        if client.set_flow_run_state(run, Pending()).status is not SetStateStatus.ACCEPT:
            return False
        client.update_flow_run(run, infrastructure_pid=self.name)
        return True

    def left_over(self, client: SyncPrefectClient, under_way: list[FlowRun]) -> list[FlowRun]:
        """Those runs that nobody runs any more; to be asked while this process runs none."""
        own = [run for run in under_way if run.infrastructure_pid == self.name]
        span = PREFECT_WORKER_HEARTBEAT_SECONDS.value() * LOST_BEATS
        if not under_way or self.heard is None or time.monotonic() - self.heard < span:
            return own
        seen = {
            one.name: one.last_heartbeat_time
            for one in client.read_workers_for_work_pool(self.pool)
            if one.last_heartbeat_time is not None
        }
        now = seen.pop(self.name)
        living = {name for name, when in seen.items() if now - when < timedelta(seconds=span)}
        return own + [
            run
            for run in under_way
            if run.infrastructure_pid not in {*living, self.name} and _since(run, now) > span
        ]


def _since(run: FlowRun, now: datetime) -> float:
    """Seconds since the state of a run; one claimed just now does not carry its name yet."""
    return (now - run.state.timestamp).total_seconds() if run.state else 0.0
