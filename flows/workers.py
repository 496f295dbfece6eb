"""Who computes the parts of a run: this process, several of this machine, or a Dask cluster."""

import logging
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.division import ALONE, Division, RunnerName
from flows.pipeline import parts
from flows.pipeline.parts import ComputedPart
from flows.pipeline.steps import RefusedError

DIED = (
    "a worker died, and the run with it: most likely the memory did not suffice; ask for fewer "
    "workers"
)
KILLED = (
    "a part killed the workers that computed it, most likely for want of memory: give each worker "
    "more ({error})"
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
NEW_CLUSTER: dict[str, Any] = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
"""Settings of a cluster of this machine: any free port for its page, since a second run may use the
default port.
"""
MOST_ON_DASK, MOST_BESIDE = 500, 1_250
"""Maximum restrictions of a part: on Dask, and for each of several processes.

A process needs half a GiB whatever it computes, and a third of a MiB for each restriction; a part
takes two seconds whatever its size."""
LEAST_RESTRICTIONS, MOST_PROCESSES = 500, 2
"""Default minimum of restrictions per process, and maximum of processes: each needs most of a GiB.
"""
SLACK = 1.1
"""Factor for unequal parts, since countries are not divided."""

log = logging.getLogger(__name__)


def choose_division(
    name: RunnerName, workers: int | None, scheduler: str | None, restrictions: int
) -> Division:
    """Return the division of a run with this number of restrictions, with default workers.

    Raises RefusedError where the libraries of Dask are missing.
    """
    count = workers or count_processes(restrictions)
    if name is RunnerName.DASK:
        _require_libraries()
        return Division(Cluster(count, scheduler), MOST_ON_DASK)
    if count == 1:
        return ALONE
    most = min(max(int(SLACK * restrictions / count), LEAST_RESTRICTIONS), MOST_BESIDE)
    return Division(Processes(count), most)


def count_processors() -> int:
    """Return the number of processors that this process may use."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return here or 1


def count_processes(restrictions: int) -> int:
    """Return the number of processes that shorten a run of that size, at most the processors."""
    return max(1, min(count_processors(), MOST_PROCESSES, restrictions // LEAST_RESTRICTIONS))


def open_pool(most: int) -> ProcessPoolExecutor:
    """Return a pool of new processes, which end when this one does.

    They are no copies of this one, whose libraries run threads: a process forked beside threads may
    never come back.
    """
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(most, mp_context=spawn, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Make the system end this process when its parent is killed, so that it does not wait."""
    parent = multiprocessing.parent_process()

    def await_parent() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=await_parent, daemon=True).start()


@dataclass(frozen=True)
class Processes:
    """A runner with a number of processes, each with one part in memory at a time.

    Raises the error of a part, and RefusedError where a process dies.
    """

    count: int

    def __call__(self, folder: Path, number: int) -> list[ComputedPart]:
        """Compute all parts of the run in a folder."""
        with open_pool(min(self.count, number)) as pool:
            try:
                return compute_parts(pool, folder, number)
            except BrokenProcessPool as error:
                raise RefusedError([DIED]) from error


def compute_parts(executor: Executor, folder: Path, count: int) -> list[ComputedPart]:
    """Return all parts of the run in a folder, computed; raise the first error."""
    futures = [executor.submit(parts.compute_in, folder, number) for number in range(count)]
    try:
        for done, future in enumerate(as_completed(futures), 1):
            future.result()
            log.info("computed %d of %d parts", done, count)
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()


def _require_libraries() -> None:
    """Raise RefusedError where the libraries of the extra dask are missing."""
    try:
        import cryptography  # noqa: F401  (for the certificate of a new cluster)
        import distributed  # noqa: F401
    except ImportError as error:
        raise RefusedError([MISSING]) from error


@dataclass(frozen=True)
class Cluster:
    """A runner on the cluster of `scheduler`, or on a new one of `workers` processes.

    Raises RefusedError where workers die of a part or have no access to the run's folder.
    """

    workers: int
    scheduler: str | None = None

    def __call__(self, folder: Path, count: int) -> list[ComputedPart]:
        """Compute all parts of the run in a folder."""
        from distributed import KilledWorker

        try:
            with self._connect() as client:
                _require_folder(client, folder)
                return compute_parts(client.get_executor(pure=False), folder, count)
        except KilledWorker as error:
            raise RefusedError([KILLED.format(error=" ".join(str(error).split()))]) from error

    @contextmanager
    def _connect(self) -> Iterator[Any]:
        """Yield a client of the cluster.

        A new cluster accepts only its client, by a certificate that exists in memory alone: whoever
        reaches a scheduler can execute code, and its port is open to the whole machine.
        """
        from dask import config
        from distributed import Client, LocalCluster
        from distributed.security import Security

        connect: Any = Client  # without types, as the others
        start: Any = LocalCluster
        make: Any = Security.temporary
        if self.scheduler:
            try:
                client = connect(self.scheduler, set_as_default=False)
            except (OSError, ImportError) as error:
                raise RefusedError([f"--scheduler {self.scheduler}: {error}"]) from error
            with client:
                yield client
            return
        options = {**NEW_CLUSTER, "protocol": "tls", "security": make()}
        with (
            config.set(WORKER),
            start(n_workers=self.workers, **options) as cluster,
            connect(cluster, security=options["security"], set_as_default=False) as client,
        ):
            yield client


def _require_folder(client: Any, folder: Path) -> None:
    """Raise RefusedError where a worker of the cluster has no access to a folder."""
    reached = client.run(Path.is_dir, folder)
    if lacking := sorted(str(name) for name, is_there in reached.items() if not is_there):
        why = f"has no folder {folder}: TMPDIR has to be the same place on every machine"
        raise RefusedError([f"worker {name} {why}" for name in lacking])
