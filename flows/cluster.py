"""The parts of a run on a Dask cluster: one of this machine's own, or one that is named.

A task is a part: it takes the address of the run's folder and a number, and computing a part twice
gives what computing it once gives, so that Dask may have another worker do what a dead one left.
"""

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Crashed

from flows.pipeline import parts
from flows.pipeline.steps import RefusedError, Runner

KILLED = (
    "part {part} of {count} killed the workers that computed it, most likely for want of memory: "
    "give each worker more"
)
MISSING = (
    "--runner dask needs the libraries of the extra dask, which `make` installs: in another "
    "environment pip install -e '.[dask]' in the checkout, or use --runner local"
)


@task(cache_policy=NO_CACHE, persist_result=False)
def part(folder: Path, number: int) -> None:
    """Compute a part of the run in a folder."""
    parts.compute_in(folder, number)


@flow(name="compute-parts", persist_result=False)
def compute_parts(folder: Path, count: int) -> None:
    """Compute all parts of the run in a folder.

    Args:
        folder: The folder of the run, which all workers have to reach.
        count: How many parts there are.
    """
    futures = [part.submit(folder, number) for number in range(count)]
    for number, future in enumerate(futures):
        try:
            future.result()
        except Exception as error:
            _ended(futures, error)
            if type(error).__name__ == "KilledWorker":
                raise RefusedError([KILLED.format(part=number + 1, count=count)]) from error
            raise


def _ended(futures: list[PrefectFuture[None]], error: Exception) -> None:
    """Let no task run stay RUNNING on the server: whoever died could not tell that it ended."""
    with get_client(sync_client=True) as client:
        for future in futures:
            run = client.read_task_run(future.task_run_id)
            if run.state is None or not run.state.is_final():
                state: State[None] = Crashed(message=f"the cluster gave up: {type(error).__name__}")
                client.set_task_run_state(future.task_run_id, state, force=True)


def dask(workers: int, scheduler: str | None = None, **cluster: Any) -> Runner:
    """A runner (steps.Runner) on the cluster of a scheduler, or on one of so many processes.

    `cluster` are options of that one (distributed.LocalCluster). Raises RefusedError where the
    libraries are missing; the runner does where workers die of a part.
    """
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise RefusedError([MISSING]) from error
    # Its futures are told to be those of Dask, which Prefect's own hint does not foresee.
    runner: Any = (
        DaskTaskRunner(address=scheduler)
        if scheduler
        else DaskTaskRunner(
            cluster_kwargs={"n_workers": workers, "threads_per_worker": 1, **cluster}
        )
    )

    def run(folder: Path, count: int) -> None:
        compute_parts.with_options(task_runner=runner)(folder, count)

    return run
