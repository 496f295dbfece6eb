"""The parts of a run on a Dask cluster: one of this machine's own, or one that is named.

A task is a part: it takes the address of the run's folder and a number, and computing a part twice
gives what computing it once gives, so that Dask may have another worker do what a dead one left.
"""

import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Crashed

from flows.dividing import Runner
from flows.pipeline import parts
from flows.pipeline.steps import RefusedError

KILLED = (
    "part {part} of {count} killed the workers that computed it, most likely for want of memory: "
    "give each worker more"
)
MISSING = (
    "--runner dask needs the libraries of the extra dask, which `make` installs: in another "
    "environment pip install -e '.[dask]' in the checkout, or use --runner local"
)
WORKER = {
    f"distributed.worker.{name}": False
    for name in ("memory.target", "memory.spill", "memory.pause", "profile.enabled")
}
"""A worker has one part at a time and nothing to put aside: one that pauses waits for ever. Stacks
for Dask's own page, taken a hundred times a second and kept for an hour, are a MiB each second."""
OWN_CLUSTER: dict[str, Any] = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
"""Any port for Dask's measures: a second run on the machine would find that of its page taken."""
ANSWERS_SECONDS = 10
PORTS = {"http": 80, "https": 443}
UNDER_WAY = TaskRunFilter(
    state=TaskRunFilterState(
        type=TaskRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING])
    )
)


@flow(name="compute-parts", persist_result=False)
def compute_parts(folder: Path, count: int) -> None:
    """Compute all parts of the run in a folder.

    Args:
        folder: The folder of the run, which all workers have to reach.
        count: How many parts there are.

    Raises RefusedError where workers die of a part.
    """
    # Workers find what it does by its name, not by the code that is here.
    part = task(name="part", cache_policy=NO_CACHE, persist_result=False)(parts.compute_in)
    futures = [part.submit(folder, number) for number in range(count)]
    for number, future in enumerate(futures):
        try:
            future.result()
        except Exception as error:
            if type(error).__name__ == "KilledWorker":
                raise RefusedError([KILLED.format(part=number + 1, count=count)]) from error
            raise


def _ended(flow_run_id: UUID) -> None:
    """Let no task run stay RUNNING on the server: whoever died could not tell that it ended."""
    of_run = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
    with get_client(sync_client=True) as client:
        for run in client.read_task_runs(flow_run_filter=of_run, task_run_filter=UNDER_WAY):
            state: State[None] = Crashed(message="the cluster gave up")
            client.set_task_run_state(run.id, state, force=True)


def _server() -> str:
    """The address of the server of this process; no setting names a temporary one."""
    return str(get_client(sync_client=True).api_url)


def _out_of_reach(folder: Path, server: str) -> str:
    """What the process that is asked cannot reach of a run, blank where it reaches all.

    That is the run's folder, and the Prefect server at an address.
    """
    if not folder.is_dir():
        return f"has no folder {folder}: TMPDIR has to be the same place on every machine"
    at = urlsplit(server)
    try:
        socket.create_connection(
            (at.hostname, at.port or PORTS[at.scheme]), ANSWERS_SECONDS
        ).close()
    except OSError as error:
        return (
            f"cannot reach the Prefect server at {server} ({error}): name in PREFECT_API_URL one "
            "that workers reach"
        )
    return ""


def _require_reach(scheduler: str, folder: Path, server: str) -> None:
    """Raise RefusedError where a worker of the cluster lacks what every part asks for."""
    from distributed import Client

    connect: Any = Client  # without types
    try:
        with connect(scheduler, set_as_default=False) as client:
            found = client.run(_out_of_reach, folder, server)
    except (OSError, ImportError) as error:
        raise RefusedError([f"--scheduler {scheduler}: {error}"]) from error
    if lacking := [f"worker {worker} {lack}" for worker, lack in sorted(found.items()) if lack]:
        raise RefusedError(lacking)


def _locked(cluster: dict[str, Any]) -> dict[str, Any]:
    """Give a cluster and its client a certificate made for the occasion, which nobody else has.

    Whoever reaches a scheduler has it run any code, and its port is open to all of the machine.
    """
    from distributed.security import Security

    make: Any = Security.temporary  # without types
    security = make()
    return {
        "cluster_kwargs": {"protocol": "tls", "security": security, **cluster},
        "client_kwargs": {"security": security},
    }


def dask(workers: int, scheduler: str | None = None, **cluster: Any) -> Runner:
    """A runner (dividing.Runner) on the cluster of a scheduler, or on one of so many processes.

    `cluster` are options of that one (distributed.LocalCluster). Raises RefusedError where the
    libraries are missing; the runner does where workers die of a part or cannot reach the run.
    """
    try:
        import cryptography  # noqa: F401  (for the certificate of a cluster of one's own)
        from dask import config
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise RefusedError([MISSING]) from error
    # Its futures are told to be those of Dask, which Prefect's own hint does not foresee.
    runner: Any = (
        DaskTaskRunner(address=scheduler)
        if scheduler
        else DaskTaskRunner(**_locked({**OWN_CLUSTER, "n_workers": workers, **cluster}))
    )

    def run(folder: Path, count: int) -> None:
        server = _server()
        if scheduler:
            _require_reach(scheduler, folder, server)
        # A task takes the settings of who submits it: so all report to one server.
        with temporary_settings({PREFECT_API_URL: server}), config.set(WORKER):
            compute = compute_parts.with_options(task_runner=runner)
            state = compute(folder, count, return_state=True)
            if not state.is_completed() and state.state_details.flow_run_id:
                _ended(state.state_details.flow_run_id)
            state.result()

    return run
