"""Who computes the parts of a run: this process, several of this machine, or a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from flows.dividing import ALONE, Division

TRIES = 3
DIED = (
    "workers died {tries} times and {left} parts of the run are not computed: most likely the "
    "memory did not suffice; ask for fewer workers"
)
MOST_ON_DASK, MOST_BESIDE = 500, 1_250
"""Restrictions of a part: on Dask, and of one of several processes.

A process holds 450 MiB whatever it computes (half of it libraries, 70 the inverse of the figures),
and a third of a MiB for each restriction; a part takes two seconds whatever it holds."""
LEAST_RESTRICTIONS, MOST_PROCESSES = 500, 2
"""Of each process, and processes, where nobody says how many: each holds most of a GiB."""
SLACK = 1.1
"""Parts are not quite equal, since countries are whole."""


class RunnerName(StrEnum):
    """Who computes the parts of a run."""

    LOCAL = "local"
    DASK = "dask"


def division(
    name: RunnerName, workers: int | None, scheduler: str | None, restrictions: int
) -> Division:
    """How a run of so many restrictions is divided among workers, as many as suit it by default.

    Raises RefusedError where the libraries of Dask are missing.
    """
    count = workers or suited(restrictions)
    if name is RunnerName.DASK:
        from flows import cluster

        return Division(cluster.dask(count, scheduler), MOST_ON_DASK)
    if count == 1:
        return ALONE
    each = min(max(int(SLACK * restrictions / count), LEAST_RESTRICTIONS), MOST_BESIDE)
    return Division(Processes(count), each)


def suited(restrictions: int) -> int:
    """Processes that repay what each of them costs, on the processors that this one may use."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(here or 1, MOST_PROCESSES, restrictions // LEAST_RESTRICTIONS))


@dataclass(frozen=True)
class Processes:
    """A runner with so many processes, each with one part in memory at a time.

    What a process that died had not finished is computed by another one. Raises what a part raises,
    RefusedError after TRIES deaths.
    """

    count: int

    def __call__(self, folder: Path, number: int) -> None:
        """Compute all parts of the run in a folder."""
        from flows.pipeline import parts
        from flows.pipeline.steps import RefusedError

        for _ in range(TRIES):
            left = [one for one in range(number) if not parts.Folder(folder).is_done(one)]
            try:
                return _compute(folder, left, self.count)
            except BrokenProcessPool:
                continue
        raise RefusedError([DIED.format(tries=TRIES, left=len(left))])


def _end_with_parent() -> None:
    """Let this process end when the one that began it is killed: else it would wait for ever."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _compute(folder: Path, numbers: list[int], count: int) -> None:
    from flows.pipeline import parts

    # Prefect runs threads here, and a process forked beside threads may never come back.
    spawn = multiprocessing.get_context("spawn")
    most = min(count, len(numbers) or 1)
    with ProcessPoolExecutor(most, mp_context=spawn, initializer=_end_with_parent) as pool:
        futures = [pool.submit(parts.compute_in, folder, number) for number in numbers]
        done, left = wait(futures, return_when=FIRST_EXCEPTION)
        for future in left:
            future.cancel()
        for future in done:
            future.result()
