"""Computation of the parts of a run on a Dask cluster: a local one, or one that is named.

A task is a part: it takes the address of the run's folder and a number, and computing a part twice
gives what computing it once gives, so that Dask may give the task of a dead worker to another one.
"""

import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from prefect import flow, runtime, task
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

from flows.division import Runner, count_part
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
"""Settings of a worker: one part at a time, without pausing, because a paused worker would wait for
ever; no profiles for Dask's page, because a hundred call stacks a second, stored for an hour, need
a MiB each second.
"""
OWN_CLUSTER: dict[str, Any] = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
"""Settings of a local cluster: any free port for its dashboard, because a second run may use the
default port.
"""
ANSWERS_SECONDS = 10
PORTS = {"http": 80, "https": 443}
UNDER_WAY = TaskRunFilter(
    state=TaskRunFilterState(
        type=TaskRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING])
    )
)


def _name_part() -> str:
    """Return the name of the current task run, which computes a part."""
    return f"part {runtime.task_run.parameters['number'] + 1}"


@flow(name="compute-parts", flow_run_name="{count} parts", persist_result=False)
def compute_parts(folder: Path, count: int) -> None:
    """Compute all parts of the run in a folder.

    Args:
        folder: The folder of the run, which all workers have to reach.
        count: The number of parts.

    Raises RefusedError where workers die of a part.
    """
    # Workers import the function by its name; the code of this task is not sent to them.
    part = task(name="part", task_run_name=_name_part, cache_policy=NO_CACHE, persist_result=False)(
        parts.compute_in
    )
    futures = [part.submit(folder, number) for number in range(count)]
    for number, future in enumerate(futures):
        try:
            future.result()
            count_part(number + 1, count)
        except Exception as error:
            if type(error).__name__ == "KilledWorker":
                raise RefusedError([KILLED.format(part=number + 1, count=count)]) from error
            raise


def _crash_open_task_runs(flow_run_id: UUID) -> None:
    """Set the open task runs of a flow run to crashed, as a dead worker cannot report its end."""
    of_run = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
    with get_client(sync_client=True) as client:
        for run in client.read_task_runs(flow_run_filter=of_run, task_run_filter=UNDER_WAY):
            state: State[None] = Crashed(message="the cluster gave up")
            client.set_task_run_state(run.id, state, force=True)


def _describe_unreachable(folder: Path, server: str) -> str:
    """Return why this process cannot reach the run's folder or server; blank if it can."""
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
    """Raise RefusedError where a worker of the cluster cannot reach the folder or the server."""
    from distributed import Client

    connect: Any = Client  # without types
    try:
        with connect(scheduler, set_as_default=False) as client:
            lack_by_worker = client.run(_describe_unreachable, folder, server)
    except (OSError, ImportError) as error:
        raise RefusedError([f"--scheduler {scheduler}: {error}"]) from error
    if lacking := [
        f"worker {worker} {lack}" for worker, lack in sorted(lack_by_worker.items()) if lack
    ]:
        raise RefusedError(lacking)


def _secure_cluster(cluster: dict[str, Any]) -> dict[str, Any]:
    """Return options of a cluster and its client with a new certificate that only they have.

    Anyone who can reach a scheduler can execute code, and its port is open to the whole machine.
    """
    from distributed.security import Security

    make: Any = Security.temporary  # without types
    security = make()
    return {
        "cluster_kwargs": {"protocol": "tls", "security": security, **cluster},
        "client_kwargs": {"security": security},
    }


def make_dask_runner(workers: int, scheduler: str | None = None, **cluster: Any) -> Runner:
    """Return a runner on the cluster of `scheduler`, or on a new one of `workers` processes.

    `cluster` are options of the new one (distributed.LocalCluster). Raises RefusedError where the
    libraries are missing; the runner raises it where workers die of a part or cannot reach the run.
    """
    try:
        import cryptography  # noqa: F401  (for the certificate of a cluster of one's own)
        from dask import config
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise RefusedError([MISSING]) from error
    # Its futures are those of Dask, which Prefect's type hint does not foresee.
    runner: Any = (
        DaskTaskRunner(address=scheduler)
        if scheduler
        else DaskTaskRunner(**_secure_cluster({**OWN_CLUSTER, "n_workers": workers, **cluster}))
    )

    def run_parts(folder: Path, count: int) -> None:
        server = str(get_client(sync_client=True).api_url)  # no setting names a temporary one
        if scheduler:
            _require_reach(scheduler, folder, server)
        # A task takes the settings of who submits it: so all report to one server.
        with temporary_settings({PREFECT_API_URL: server}), config.set(WORKER):
            compute = compute_parts.with_options(task_runner=runner)
            state = compute(folder, count, return_state=True)
            if not state.is_completed() and state.state_details.flow_run_id:
                _crash_open_task_runs(state.state_details.flow_run_id)
            state.result()

    return run_parts
